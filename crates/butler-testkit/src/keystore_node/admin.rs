//! The node's admin port: the key, reloads, and the two methods that look as if they told or set a coinbase.
//!
//! Everything else is answered as a recorded node did.

use std::{future::pending, io, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ethers_core::utils::hex;
use http_body_util::BodyExt as _;
use hyper::{Method, Request, Response, StatusCode, body::Incoming, http::request::Parts};
use serde_json::{Value, json};

use super::{Answer, Keys, schema::parse_address, script::Script, state::Node};
use crate::{
    aztec_node::{FakeAztecNode, Port, has_key},
    server::{Body, full},
};

/// The code of whatever a method refuses.
const REFUSED: i64 = -32702;
/// The code of parameters that are of no right kind.
const BAD_PARAMETERS: i64 = -32701;

/// Answers one request to the admin port.
pub(super) async fn answer(node: Arc<Node>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    if head.uri.path() == "/status" && head.method == Method::GET {
        return respond(200, "text/plain; charset=utf-8", "OK".to_owned());
    }
    if node.settings.keys != Keys::Prover && !has_key(&head.headers) {
        let unauthorized = json!({ "code": -32000, "message": "Unauthorized: invalid or missing API key" });
        return json_answer(401, &json!({ "jsonrpc": "2.0", "id": null, "error": unauthorized }));
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Array(calls)) => batch(&node, head, calls).await,
        Ok(call) => one(&node, head, &call, body).await,
        Err(_) => node.recorded.answer(Port::Admin, head, body).await,
    }
}

/// Each call of a batch, one after the other; its status is 200 whatever they say.
async fn batch(node: &Arc<Node>, head: Parts, calls: Vec<Value>) -> io::Result<Response<Body>> {
    let mut answers = Vec::new();
    for call in calls {
        let mut head_of_one = Request::new(()).into_parts().0;
        (head_of_one.method, head_of_one.uri, head_of_one.headers) =
            (head.method.clone(), head.uri.clone(), head.headers.clone());
        let body = Bytes::from(call.to_string());
        let answer = one(node, head_of_one, &call, body).await?.into_body().collect().await?.to_bytes();
        answers.push(serde_json::from_slice(&answer).map_err(io::Error::other)?);
    }
    json_answer(200, &Value::Array(answers))
}

async fn one(node: &Arc<Node>, head: Parts, call: &Value, body: Bytes) -> io::Result<Response<Body>> {
    let namespace = if node.state().is_renamed { "aztecAdmin_" } else { "nodeAdmin_" };
    let method = call["method"].as_str().and_then(|method| method.strip_prefix(namespace));
    match method.filter(|_| head.method == Method::POST) {
        Some("reloadKeystore") => reload(node, call).await,
        Some("setConfig") => set_config(node, call),
        Some("getConfig") => {
            let told = node.state().told_coinbase.clone();
            let answer = node.recorded.answer(Port::Admin, head, body).await?;
            match told {
                None => Ok(answer),
                Some(coinbase) => {
                    let mut answer: Value = serde_json::from_slice(&answer.into_body().collect().await?.to_bytes())
                        .map_err(io::Error::other)?;
                    answer["result"]["coinbase"] = Value::String(coinbase);
                    json_answer(200, &answer)
                }
            }
        }
        Some(_) | None => node.recorded.answer(Port::Admin, head, body).await,
    }
}

async fn reload(node: &Arc<Node>, call: &Value) -> io::Result<Response<Body>> {
    let Script { effect, answer } = node.next_script();
    // It is under way until the client has its answer or has gone.
    let (_turn, outcome) = node.reload(effect);
    let outcome = outcome.await.map_err(io::Error::other)?;
    let truth = || match &outcome {
        Ok(()) => success(call),
        Err(words) => refusal(call, REFUSED, words),
    };
    match answer {
        Answer::Truth => truth(),
        Answer::Late(wait) => {
            tokio::time::sleep(wait).await;
            truth()
        }
        Answer::Hang => pending().await,
        Answer::Close => Err(io::Error::other("closed without an answer")),
        Answer::Status(status) => respond(status, "text/plain; charset=utf-8", "upstream error".to_owned()),
        Answer::Page => respond(200, "text/html", "<html><body>Please log in</body></html>".to_owned()),
        Answer::Huge(bytes) => {
            let mut body = with_id(call, json!({ "jsonrpc": "2.0" })).to_string();
            body.extend(std::iter::repeat_n(' ', bytes));
            respond(200, "application/json; charset=utf-8", body)
        }
        Answer::EchoKey => {
            let key = FakeAztecNode::ADMIN_KEY;
            let percent: String = key.bytes().map(|byte| format!("%{}", hex::encode([byte]))).collect();
            let base64 = STANDARD.encode(key);
            refusal(call, REFUSED, &format!("the key {key}, {base64}, {percent} may not reload"))
        }
        Answer::Refusal(words) => refusal(call, REFUSED, &words),
        Answer::OtherId => json_answer(200, &json!({ "jsonrpc": "2.0", "id": "another", "result": true })),
    }
}

/// It says yes, is told again by `getConfig`, and changes nothing.
fn set_config(node: &Node, call: &Value) -> io::Result<Response<Body>> {
    let Some(config) = call["params"].get(0) else {
        return refusal(call, BAD_PARAMETERS, "Array must contain at least 1 element(s) ()");
    };
    if let Some(coinbase) = config.get("coinbase") {
        if coinbase.as_str().and_then(parse_address).is_none() {
            return refusal(call, BAD_PARAMETERS, "Not a valid instance (0.coinbase)");
        }
        node.state().told_coinbase = coinbase.as_str().map(str::to_owned);
    }
    success(call)
}

fn success(call: &Value) -> io::Result<Response<Body>> {
    json_answer(200, &with_id(call, json!({ "jsonrpc": "2.0" })))
}

fn refusal(call: &Value, code: i64, words: &str) -> io::Result<Response<Body>> {
    let answer = json!({ "jsonrpc": "2.0", "error": { "code": code, "message": words } });
    json_answer(400, &with_id(call, answer))
}

fn with_id(call: &Value, mut answer: Value) -> Value {
    if let Some(id) = call.get("id") {
        answer["id"] = id.clone();
    }
    answer
}

fn json_answer(status: u16, answer: &Value) -> io::Result<Response<Body>> {
    respond(status, "application/json; charset=utf-8", answer.to_string())
}

fn respond(status: u16, kind: &str, body: String) -> io::Result<Response<Body>> {
    let status = StatusCode::from_u16(status).map_err(io::Error::other)?;
    Response::builder().status(status).header("content-type", kind).body(full(body)).map_err(io::Error::other)
}
