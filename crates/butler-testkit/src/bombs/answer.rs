//! The answer to a request, as a short text that stands for a long one.

use std::io::Write as _;

use anyhow::Context as _;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use super::abi;
use super::kind::{Bomb, Size};
use crate::http::Client;

/// How many bytes "64 MB" are.
const LARGE: u64 = 64_000_000;
/// Under every limit of the programs, so that the answer is read to its end.
const WITHIN_LIMITS: u64 = 12 << 20;
const MILLION: u64 = 1_000_000;
const LISTS: &[u8] = b"[0],";

/// A text that is long because a part of it comes again and again.
#[derive(Debug, Default)]
pub(super) struct Body {
    pub(super) before: Vec<u8>,
    pub(super) unit: Vec<u8>,
    /// `None` never ends.
    pub(super) times: Option<u64>,
    pub(super) after: Vec<u8>,
}

impl Body {
    fn plain(text: impl Into<Vec<u8>>) -> Self {
        Self { before: text.into(), times: Some(0), ..Self::default() }
    }

    /// `unit` between the two, until it is so many bytes; the last one ends without its comma.
    fn lists(before: String, bytes: u64, after: &str) -> Self {
        Self {
            before: before.into_bytes(),
            unit: LISTS.to_vec(),
            times: Some(bytes / 4),
            after: format!("[]{after}").into_bytes(),
        }
    }
}

/// How the body travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Travel {
    /// In chunks of many kilobytes.
    Chunks,
    /// One byte a chunk.
    Bytes,
    /// Nothing but headers, without end.
    Headers,
    /// Nothing but heads that say that there is more to come.
    Continue,
}

/// An answer that was not written yet.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: &'static str,
    pub(super) headers: &'static str,
    pub(super) travel: Travel,
    pub(super) body: Body,
    /// Whether the bomb is in it.
    pub(super) is_bomb: bool,
}

impl Answer {
    fn bomb(body: Body) -> Self {
        Self { status: "200 OK", headers: "", travel: Travel::Chunks, body, is_bomb: true }
    }
}

/// What `bomb` answers to `request`.
pub(super) async fn answer((bomb, size): (Bomb, Size), upstream: &Client, request: &[u8]) -> anyhow::Result<Answer> {
    let (within_limits, million) = (size.of(WITHIN_LIMITS), size.of(MILLION));
    let parsed: Value = serde_json::from_slice(request).unwrap_or_default();
    let first = parsed.get(0).unwrap_or(&parsed);
    let id = first["id"].clone();
    let (open, close) = if parsed.is_array() { ("[", "]") } else { ("", "") };
    let start = |key: &str| format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},{key}[");
    let result = |bytes| Body::lists(start("\"result\":"), bytes, &format!("]}}{close}"));
    let nested_id = |bytes| {
        Body::lists(format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":["), bytes, &format!("],\"result\":\"0x1\"}}{close}"))
    };
    let data = |bytes| {
        let error = start("\"error\":{\"code\":-32000,\"message\":\"no\",\"data\":");
        Body::lists(error, bytes, &format!("]}}}}{close}"))
    };
    let retry_after = |status, headers| Answer { status, headers, ..Answer::bomb(Body::plain("{}")) };
    let gzip = |body| Answer { headers: "content-encoding: gzip\r\n", ..Answer::bomb(body) };
    Ok(match bomb {
        Bomb::NestedId => Answer::bomb(nested_id(LARGE)),
        Bomb::NestedIdWithinLimits => Answer::bomb(nested_id(within_limits)),
        Bomb::NestedCode => {
            Answer::bomb(Body::lists(start("\"error\":{\"code\":"), LARGE, &format!("],\"message\":\"no\"}}}}{close}")))
        }
        Bomb::NestedMessage => {
            Answer::bomb(Body::lists(start("\"error\":{\"code\":-32000,\"message\":"), LARGE, &format!("]}}}}{close}")))
        }
        Bomb::NestedData => Answer::bomb(data(LARGE)),
        Bomb::NestedDataWithinLimits => Answer::bomb(data(within_limits)),
        Bomb::NestedResult => Answer::bomb(result(LARGE)),
        Bomb::NestedResultWithinLimits => Answer::bomb(result(within_limits)),
        Bomb::Deep => Answer::bomb(Body {
            before: start("\"result\":").into_bytes(),
            unit: b"[".to_vec(),
            times: Some(million),
            after: Vec::new(),
        }),
        Bomb::ManyKeys => Answer::bomb(keys(
            million,
            &format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},"),
            &format!("\"result\":\"no\"}}{close}"),
        )),
        Bomb::ManyMembers => Answer::bomb(keys(
            million,
            &format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{"),
            &format!("\"number\":\"0x1\"}}}}{close}"),
        )),
        Bomb::ManyAnswers => Answer::bomb(Body {
            before: b"[".to_vec(),
            unit: format!("{{\"id\":{id}}},").into_bytes(),
            times: Some(million),
            after: b"{}]".to_vec(),
        }),
        Bomb::EndlessBody => Answer::bomb(Body {
            before: format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"").into_bytes(),
            unit: b"0".to_vec(),
            times: None,
            after: Vec::new(),
        }),
        Bomb::EndlessHeaders => Answer { travel: Travel::Headers, ..Answer::bomb(Body::default()) },
        Bomb::EndlessContinue => Answer { travel: Travel::Continue, ..Answer::bomb(Body::default()) },
        Bomb::OneByteChunks => Answer {
            travel: Travel::Bytes,
            ..Answer::bomb(Body {
                before: format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"0x").into_bytes(),
                unit: b"0".to_vec(),
                times: Some(size.of_chunks(20 << 20)),
                after: format!("\"}}{close}").into_bytes(),
            })
        },
        Bomb::GzipZeros => gzip(compressed(
            format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":\"0x").as_bytes(),
            &vec![b'0'; 1 << 20],
            1024,
        )?),
        Bomb::GzipNested => {
            gzip(compressed(start("\"result\":").as_bytes(), &LISTS.repeat((1 << 20) / LISTS.len()), LARGE >> 20)?)
        }
        Bomb::RetryAfterAges => retry_after("429 Too Many Requests", "retry-after: 18446744073709551615\r\n"),
        Bomb::RetryAfterOverflow => {
            retry_after("503 Service Unavailable", "retry-after: 99999999999999999999999999\r\n")
        }
        Bomb::RetryAfterDate => retry_after("429 Too Many Requests", "retry-after: Fri, 31 Dec 9999 23:59:59 GMT\r\n"),
        Bomb::EndlessLogs | Bomb::EndlessTopics => return logs((bomb, size), upstream, &parsed, request).await,
        Bomb::Committees | Bomb::Tally | Bomb::SharedReturns => {
            let (_, honest) = upstream.post(request.to_vec().into()).await?;
            let (text, is_bomb) = abi::spoil((bomb, size), &parsed, &honest)?;
            Answer { is_bomb, ..Answer::bomb(Body::plain(text)) }
        }
        Bomb::EndlessTips if !first["method"].as_str().unwrap_or_default().ends_with("Tips") => {
            pass_on(upstream, request).await?
        }
        Bomb::EndlessTips => Answer::bomb(Body {
            before: format!("{open}{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{{").into_bytes(),
            unit: b"\"tip\":{\"number\":1,\"hash\":[[0],[0],[0],[0]]},\"more\":[],".to_vec(),
            times: Some(million / 4),
            after: format!("\"latest\":{{\"number\":1}}}}}}{close}").into_bytes(),
        }),
    })
}

async fn pass_on(upstream: &Client, request: &[u8]) -> anyhow::Result<Answer> {
    let (status, body) = upstream.post(request.to_vec().into()).await?;
    // Nodes answer errors as 400; nothing else is passed on here.
    let status = if status.is_success() { "200 OK" } else { "400 Bad Request" };
    Ok(Answer { status, is_bomb: false, ..Answer::bomb(Body::plain(body)) })
}

/// So many keys, no two of them alike.
fn keys(count: u64, before: &str, after: &str) -> Body {
    let keys: String = (0..count).map(|key| format!("\"{key}\":0,")).collect();
    Body::plain(format!("{before}{keys}{after}"))
}

/// A gzip stream of `before` and so many times `unit`. It ends without a checksum, since nobody should get there.
fn compressed(before: &[u8], unit: &[u8], times: u64) -> anyhow::Result<Body> {
    // After a full flush nothing refers to what came before, so the piece may come again.
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(before).and_then(|()| encoder.flush()).context("failed to compress")?;
    let head = encoder.get_ref().len();
    encoder.write_all(unit).and_then(|()| encoder.flush()).context("failed to compress")?;
    let (first, again) = encoder.get_ref().split_at(head);
    let gzip_header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    Ok(Body { before: [&gzip_header, first].concat(), unit: again.to_vec(), times: Some(times), after: Vec::new() })
}

/// An honest answer but for its logs.
async fn logs((bomb, size): (Bomb, Size), upstream: &Client, parsed: &Value, request: &[u8]) -> anyhow::Result<Answer> {
    let calls = parsed.as_array().cloned().unwrap_or_else(|| vec![parsed.clone()]);
    let Some(asked) = calls.iter().find(|call| call["method"] == "eth_getLogs") else {
        return pass_on(upstream, request).await;
    };
    let (_, honest) = upstream.post(request.to_vec().into()).await?;
    let honest: Value = serde_json::from_slice(&honest).context("the endpoint answered no JSON")?;
    let honest = honest.as_array().cloned().unwrap_or_default();
    let others: String =
        honest.iter().filter(|answer| answer["id"] != asked["id"]).map(|answer| format!("{answer},")).collect();
    let (open, close) = if parsed.is_array() { ("[", "]") } else { ("", "") };
    let filter = &asked["params"][0];
    let address = filter["address"].get(0).unwrap_or(&filter["address"]);
    let topic = filter["topics"][0].get(0).unwrap_or(&filter["topics"][0]);
    let word = format!("0x{:064x}", 1);
    let log = |topics: &Value| {
        json!({
            "address": address, "topics": topics, "data": format!("0x{}", "0".repeat(256)), "blockNumber": filter["fromBlock"],
            "blockHash": word, "transactionHash": word, "transactionIndex": "0x0", "logIndex": "0x0", "removed": false,
        })
        .to_string()
    };
    let head = format!("{open}{others}{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":[", asked["id"]);
    let tail = format!("]}}{close}");
    let body = if bomb == Bomb::EndlessLogs {
        let unit = log(&json!([topic, word, word]));
        Body { before: head.into_bytes(), unit: format!("{unit},").into_bytes(), times: None, after: Vec::new() }
    } else {
        let log = log(&json!([topic, "here"]));
        let (before, after) = log.split_once("\"here\"").context("no place for topics")?;
        Body {
            before: format!("{head}{before}").into_bytes(),
            unit: format!("\"{word}\",").into_bytes(),
            times: Some(size.of(WITHIN_LIMITS) / 69),
            after: format!("\"{word}\"{after}{tail}").into_bytes(),
        }
    };
    Ok(Answer::bomb(body))
}
