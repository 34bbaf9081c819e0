//! A chain that is only imagined: whoever starts it says what it answers, call by call.
//!
//! It is for days and networks that no local chain can be made to live through. Batches and packs are taken apart here, answers are
//! compressed for whoever accepts gzip, as public endpoints do, and each exchange is counted by the method that it begins with.

use std::collections::BTreeMap;
use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ethers_core::utils::{hex, id};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use hyper::{Request, Response};
use serde_json::{Value, json};

use crate::multicall::Pack;
use crate::server::{Body, Server, full};

/// What is imagined.
pub trait Imagined: Send + Sync + 'static {
    /// The result of a call other than `eth_call`.
    fn answer(&self, method: &str, params: &Value) -> Value;

    /// Number and time of the block of that hash, in hex with `0x`.
    fn block(&self, hash: &str) -> Option<(u64, u64)>;

    /// What a contract returns for this input; `None` where it reverts and says nothing.
    fn view(&self, input: &[u8]) -> Option<Vec<u8>>;
}

/// What exchanges of one kind came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Served {
    /// How many there were.
    pub requests: u64,
    /// Bytes of the bodies that were answered, as they travelled.
    pub bytes: u64,
    /// The same, unpacked.
    pub unpacked: u64,
}

/// An endpoint of an imagined chain; stops when dropped.
#[derive(Debug)]
pub struct ImaginedChain {
    server: Server,
    served: Arc<Mutex<BTreeMap<String, Served>>>,
}

impl ImaginedChain {
    /// Serves it; each answer waits for `latency`.
    ///
    /// # Errors
    /// When no port is free.
    pub async fn start(chain: Arc<impl Imagined>, latency: Duration) -> anyhow::Result<Self> {
        let served = Arc::new(Mutex::new(BTreeMap::new()));
        let counts = Arc::clone(&served);
        let server = Server::start(None, move |request| {
            let (chain, counts) = (Arc::clone(&chain), Arc::clone(&counts));
            async move {
                let answer = serve(&*chain, &counts, request).await;
                tokio::time::sleep(latency).await;
                answer
            }
        });
        Ok(Self { server: server.await?, served })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// What was served until now, by the first method of each exchange.
    pub fn served(&self) -> BTreeMap<String, Served> {
        self.served.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    chain: &impl Imagined,
    counts: &Mutex<BTreeMap<String, Served>>,
    request: Request<Incoming>,
) -> io::Result<Response<Body>> {
    let accepted = request.headers().get(ACCEPT_ENCODING).and_then(|accepted| accepted.to_str().ok());
    let is_packed = accepted.is_some_and(|accepted| accepted.contains("gzip"));
    let asked: Value =
        serde_json::from_slice(&request.into_body().collect().await.map_err(io::Error::other)?.to_bytes())?;
    let calls = asked.as_array().map_or(std::slice::from_ref(&asked), Vec::as_slice);
    let mut answers: Vec<Value> = calls.iter().map(|call| answer(chain, call)).collect();
    let answers = if asked.is_array() { Value::Array(answers) } else { answers.pop().unwrap_or_default() };
    let text = answers.to_string();
    let unpacked = text.len();
    let mut response = Response::builder().header(CONTENT_TYPE, "application/json");
    let body = if is_packed {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes())?;
        response = response.header(CONTENT_ENCODING, "gzip");
        encoder.finish()?
    } else {
        text.into_bytes()
    };
    let kind = calls.first().and_then(|call| call["method"].as_str()).unwrap_or_default().to_owned();
    let bytes = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    {
        let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(kind).or_default();
        count.requests += 1;
        count.bytes += bytes(body.len());
        count.unpacked += bytes(unpacked);
    }
    response.body(full(body)).map_err(io::Error::other)
}

fn answer(chain: &impl Imagined, call: &Value) -> Value {
    let method = call["method"].as_str().unwrap_or_default();
    let result = if method == "eth_call" { called(chain, call) } else { Some(chain.answer(method, &call["params"])) };
    match result {
        Some(result) => json!({ "jsonrpc": "2.0", "id": call["id"], "result": result }),
        None => {
            let error = json!({ "code": 3, "message": "execution reverted", "data": "0x" });
            json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })
        }
    }
}

/// What an `eth_call` returns; `None` where it reverts.
fn called(chain: &impl Imagined, call: &Value) -> Option<Value> {
    let params = &call["params"];
    let (number, time) = chain.block(params[1]["blockHash"].as_str()?)?;
    let word = |value: u64| [&[0; 24], value.to_be_bytes().as_slice()].concat();
    let view = |input: &[u8]| match input {
        [] => Some(Vec::new()),
        _ if *input == id("getBlockNumber()") => Some(word(number)),
        _ if *input == id("getCurrentBlockTimestamp()") => Some(word(time)),
        _ => chain.view(input),
    };
    let returned = match Pack::of(call).ok()? {
        Some(pack) => {
            let ended = pack.inputs.iter().map(|input| view(input));
            let ended = ended.map(|returned| (returned.is_some(), returned.unwrap_or_default()));
            let head = [number.to_be_bytes(), time.to_be_bytes()].concat();
            pack.answer(&head, ended.collect()).ok()?
        }
        // A call without a contract is the code that says where it runs.
        None if params[0]["to"].is_null() => [word(number), word(time)].concat(),
        None => {
            let input = params[0]["data"].as_str().or_else(|| params[0]["input"].as_str()).unwrap_or("0x");
            view(&hex::decode(input.strip_prefix("0x")?).ok()?)?
        }
    };
    Some(json!(format!("0x{}", hex::encode(returned))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Client;

    #[derive(Debug)]
    struct Echo;

    impl Imagined for Echo {
        fn answer(&self, method: &str, params: &Value) -> Value {
            json!([method, params])
        }

        fn block(&self, hash: &str) -> Option<(u64, u64)> {
            (hash == "0x07").then_some((7, 84))
        }

        fn view(&self, input: &[u8]) -> Option<Vec<u8>> {
            (input[0] != 0xff).then(|| input.to_vec())
        }
    }

    #[tokio::test]
    async fn what_is_imagined_is_answered_alone_and_packed_and_counted() {
        let chain = ImaginedChain::start(Arc::new(Echo), Duration::ZERO).await.unwrap();
        let client = Client::new(&chain.url()).unwrap();
        assert_eq!(client.call("eth_chainId", &json!([1])).await.unwrap(), json!(["eth_chainId", [1]]));
        let at = json!({ "blockHash": "0x07" });
        let call = async |data: &str, to: Value, rest: &[Value]| {
            let params = [&[json!({ "to": to, "data": data }), at.clone()], rest].concat();
            client.call("eth_call", &json!(params)).await
        };
        let to = json!("0x0000000000000000000000000000000000000001");
        assert_eq!(call("0x0102", to.clone(), &[]).await.unwrap(), "0x0102");
        assert!(call("0xff", to.clone(), &[]).await.is_err(), "it reverts");
        // Two calls of one contract: `01020304`, and `ff020304`, which reverts.
        let target = "00".repeat(19) + "01";
        let packed = format!("0x0000000003{target}01020304000002ff0203040000");
        let expected = format!("0x{:016x}{:016x}010000040102030400000000", 7, 84);
        assert_eq!(call(&packed, to, &[json!({})]).await.unwrap(), expected);
        let served = chain.served();
        assert_eq!((served["eth_chainId"].requests, served["eth_call"].requests), (1, 3));
    }
}
