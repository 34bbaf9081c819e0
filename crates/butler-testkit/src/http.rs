//! A client for JSON-RPC on loopback, over kept connections.
//!
//! It has no limits or retries on purpose: what it talks to belongs to the test.

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Request, StatusCode, header::CONTENT_TYPE};
use hyper_util::{
    client::legacy::{Client as LegacyClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::{Value, json};

/// Posts JSON to one address, over kept connections.
#[derive(Clone, Debug)]
pub struct Client {
    url: hyper::Uri,
    inner: LegacyClient<HttpConnector, Full<Bytes>>,
}

impl Client {
    /// Prepares a client of this address.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(url: &str) -> anyhow::Result<Self> {
        let url = url.parse().with_context(|| format!("failed to read the address `{url}`"))?;
        Ok(Self { url, inner: LegacyClient::builder(TokioExecutor::new()).build_http() })
    }

    /// Posts a body; any status is an answer.
    ///
    /// # Errors
    /// When the exchange breaks.
    pub async fn post(&self, body: Bytes) -> anyhow::Result<(StatusCode, Bytes)> {
        let request = Request::post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body))
            .context("failed to build the request")?;
        let response = self.inner.request(request).await.context("failed to send the request")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("failed to read the answer")?;
        Ok((status, body.to_bytes()))
    }

    /// One JSON-RPC call; an `error` in the answer is an error here.
    ///
    /// # Errors
    /// When the exchange breaks, the answer is not JSON-RPC, or it is an error.
    pub async fn call(&self, method: &str, params: &Value) -> anyhow::Result<Value> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let (_, answer) =
            self.post(Bytes::from(body.to_string())).await.with_context(|| format!("failed to call {method}"))?;
        let mut answer: Value =
            serde_json::from_slice(&answer).with_context(|| format!("failed to decode the answer to {method}"))?;
        if let Some(error) = answer.get("error") {
            anyhow::bail!("{method} was refused: {error}");
        }
        Ok(answer.get_mut("result").map(Value::take).unwrap_or_default())
    }
}
