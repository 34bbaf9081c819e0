//! A chain that looks a million blocks longer than the one behind it: for programs that scan from the first block.
//!
//! The blocks of the real chain come last, each as high as the added ones lift it. Those before them are empty, with a hash and
//! a time of their own. Logs, headers and heights are those of the real chain, lifted; calls that name a block by its hash
//! are passed on as they are.

use std::io;
use std::sync::Arc;

use anyhow::Context as _;
use bytes::Bytes;
use ethers_core::types::U256;
use ethers_core::utils::{hex, id, keccak256};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};

use crate::devnet::quantity;
use crate::http::Client;
use crate::multicall::Pack;
use crate::server::{Body, Server, full};

const SECONDS_PER_BLOCK: u64 = 12;
const WORD: usize = 32;

/// A running long chain; stops when dropped.
#[derive(Debug)]
pub struct LongChain {
    server: Server,
}

#[derive(Debug)]
struct Shared {
    upstream: Client,
    added: u64,
    /// An honest header, of which the empty ones are made, and its time.
    first: Value,
    began: u64,
}

impl LongChain {
    /// Adds so many empty blocks before those of the chain at `upstream`.
    ///
    /// # Errors
    /// When the chain does not answer or no port is free.
    pub async fn start(upstream: &str, added: u64) -> anyhow::Result<Self> {
        let upstream = Client::new(upstream)?;
        let first = upstream.call("eth_getBlockByNumber", &json!(["0x0", false])).await?;
        let began = quantity(&first["timestamp"]).context("a first block without a time")?;
        let shared = Arc::new(Shared { upstream, added, first, began });
        let server = Server::start(None, move |request| answer(Arc::clone(&shared), request)).await?;
        Ok(Self { server })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let parsed: Value = serde_json::from_slice(&body)?;
    let calls = parsed.as_array().map_or(std::slice::from_ref(&parsed), Vec::as_slice);
    // What the empty blocks answer is known; everything else goes on in one request.
    let known: Vec<Option<Value>> = calls.iter().map(|call| shared.known(call)).collect();
    let asked: Vec<Value> =
        calls.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(call, _)| shared.lowered(call)).collect();
    let mut answers = Vec::new();
    if !asked.is_empty() {
        let text = Bytes::from(Value::Array(asked).to_string());
        let (_, body) = shared.upstream.post(text).await.map_err(io::Error::other)?;
        answers = serde_json::from_slice::<Vec<Value>>(&body)?;
    }
    let find = |call: &Value| answers.iter().find(|answer| answer["id"] == call["id"]).cloned();
    let all = calls.iter().zip(known).map(|(call, known)| match known {
        Some(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
        None => shared.lifted(call, find(call).unwrap_or_default()),
    });
    let mut all: Vec<Value> = all.collect();
    let all = if parsed.is_array() { Value::Array(all) } else { all.pop().unwrap_or_default() };
    Response::builder().header("content-type", "application/json").body(full(all.to_string())).map_err(io::Error::other)
}

impl Shared {
    /// What an empty block answers.
    fn known(&self, call: &Value) -> Option<Value> {
        match call["method"].as_str()? {
            "eth_getBlockByNumber" => {
                let number = quantity(&call["params"][0]).ok().filter(|number| *number < self.added)?;
                let hash = |number: u64| format!("0x{}", hex::encode(keccak256(number.to_be_bytes())));
                let mut header = self.first.clone();
                header["number"] = json!(format!("{number:#x}"));
                header["hash"] = json!(hash(number));
                header["parentHash"] = json!(hash(number.saturating_sub(1)));
                let before = (self.added - number).saturating_mul(SECONDS_PER_BLOCK);
                header["timestamp"] = json!(format!("{:#x}", self.began.saturating_sub(before)));
                Some(header)
            }
            "eth_getLogs" => {
                let last = quantity(&call["params"][0]["toBlock"]).ok()?;
                (last < self.added).then(|| json!([]))
            }
            _ => None,
        }
    }

    /// The call as the real chain understands it.
    fn lowered(&self, call: &Value) -> Value {
        let mut call = call.clone();
        let lower = |height: &mut Value| {
            if let Ok(number) = quantity(height) {
                *height = json!(format!("{:#x}", number.saturating_sub(self.added)));
            }
        };
        if let Some(filter) = call.pointer_mut("/params/0").filter(|first| first.is_object()) {
            for key in ["fromBlock", "toBlock"] {
                filter.get_mut(key).into_iter().for_each(lower);
            }
        }
        if call["method"] == "eth_getBlockByNumber" {
            call.pointer_mut("/params/0").into_iter().for_each(lower);
        }
        call
    }

    /// The answer to a call with heights as the long chain has them.
    fn lifted(&self, call: &Value, mut answer: Value) -> Value {
        let lift = |height: &mut Value| {
            if let Ok(number) = quantity(height) {
                *height = json!(format!("{:#x}", number + self.added));
            }
        };
        let Some(result) = answer.get_mut("result") else { return answer };
        match call["method"].as_str().unwrap_or_default() {
            "eth_blockNumber" => lift(result),
            "eth_getBlockByNumber" | "eth_getBlockByHash" => result.get_mut("number").into_iter().for_each(lift),
            "eth_getLogs" => {
                let logs = result.as_array_mut().into_iter().flatten();
                logs.filter_map(|log| log.get_mut("blockNumber")).for_each(lift);
            }
            "eth_getTransactionReceipt" => {
                if let Some(logs) = result.get_mut("logs").and_then(Value::as_array_mut) {
                    logs.iter_mut().filter_map(|log| log.get_mut("blockNumber")).for_each(lift);
                }
                result.get_mut("blockNumber").into_iter().for_each(lift);
            }
            "eth_call" => {
                if let Some(lifted) = self.lifted_call(call, result) {
                    *result = json!(format!("0x{}", hex::encode(lifted)));
                }
            }
            _ => {}
        }
        answer
    }

    /// Contracts see the real height; so what a pack says of it is lifted, too.
    fn lifted_call(&self, call: &Value, result: &Value) -> Option<Vec<u8>> {
        let pack = Pack::of(call).ok()??;
        let mut answer = hex::decode(result.as_str()?.strip_prefix("0x")?).ok()?;
        if pack.is_packed() {
            let number = answer.first_chunk_mut()?;
            *number = (u64::from_be_bytes(*number) + self.added).to_be_bytes();
            return Some(answer);
        }
        let lift = |input: &[u8], honest: &[u8]| {
            let is_height = input == &id("getBlockNumber()")[..] && honest.len() == WORD;
            is_height.then(|| {
                let mut word = [0; WORD];
                (U256::from_big_endian(honest) + self.added).to_big_endian(&mut word);
                word.to_vec()
            })
        };
        pack.rewritten(&answer, lift).ok()?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::devnet::{Chain, DevnetSpec, ensure};

    #[tokio::test]
    async fn the_real_blocks_come_last_and_those_before_are_empty() {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let long = LongChain::start(chain.url(), 1_000_000).await.unwrap();
        let client = Client::new(&long.url()).unwrap();
        let head = client.call("eth_getBlockByNumber", &json!(["latest", false])).await.unwrap();
        assert_eq!(quantity(&head["number"]).unwrap(), chain.block_number().await.unwrap() + 1_000_000);
        let again = client.call("eth_getBlockByNumber", &json!([head["number"], false])).await.unwrap();
        assert_eq!(again, head);
        let early = client.call("eth_getBlockByNumber", &json!(["0x7b", false])).await.unwrap();
        assert!(quantity(&early["timestamp"]).unwrap() < quantity(&head["timestamp"]).unwrap());
        let filter = |from: &str| json!([{ "fromBlock": from, "toBlock": head["number"] }]);
        let logs = client.call("eth_getLogs", &filter("0x0")).await.unwrap();
        let real = json!([{ "fromBlock": "0x0", "toBlock": "latest" }]);
        let real = chain.rpc("eth_getLogs", real).await.unwrap();
        assert_eq!(logs.as_array().unwrap().len(), real.as_array().unwrap().len());
        assert_eq!(logs[0]["blockHash"], real[0]["blockHash"]);
        assert!(quantity(&logs[0]["blockNumber"]).unwrap() > 1_000_000);
        let receipt = client.call("eth_getTransactionReceipt", &json!([logs[0]["transactionHash"]])).await.unwrap();
        assert_eq!((&receipt["blockNumber"], &receipt["logs"][0]), (&logs[0]["blockNumber"], &logs[0]));
        let empty = json!([{ "fromBlock": "0x0", "toBlock": "0xf423f" }]);
        assert_eq!(client.call("eth_getLogs", &empty).await.unwrap(), json!([]));
    }
}
