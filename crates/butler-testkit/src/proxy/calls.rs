//! Faults of single JSON-RPC calls: some are answered here, the others are passed on and their answers are changed.

use anyhow::Context as _;
use bytes::Bytes;
use hyper::StatusCode;
use serde_json::{Value, json};

use super::{
    active::Active,
    fault::{Fault, PackRefusal, PruneStyle},
    lies::{self, Memory},
    limits::{LogLimit, Refusal},
    overrides,
};
use crate::{devnet::quantity, http::Client};

/// Answers the calls of one request in their order.
pub(super) async fn answer(
    upstream: &Client,
    memory: &Memory,
    calls: &[Value],
    is_batch: bool,
    faults: &[Active],
) -> anyhow::Result<(StatusCode, Bytes)> {
    let mut status = StatusCode::OK;
    let mut answers: Vec<Option<Value>> = Vec::with_capacity(calls.len());
    for call in calls {
        let mut told = None;
        for Active { fault, .. } in faults.iter().filter(|active| active.concerns(call)) {
            told = tell(upstream, memory, call, fault).await?;
            if let Some((code, _)) = told {
                status = code;
            }
            if told.is_some() {
                break;
            }
        }
        answers.push(told.map(|(_, answer)| answer));
    }
    let asked: Vec<_> =
        calls.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(call, _)| call).collect();
    if !asked.is_empty() {
        let body = if is_batch { json!(asked) } else { json!(asked.first()) };
        let (code, body) = upstream.post(Bytes::from(body.to_string())).await?;
        let received: Value = serde_json::from_slice(&body).context("failed to decode the endpoint's answer")?;
        if is_batch && !received.is_array() || !code.is_success() {
            return Ok((code, body));
        }
        let mut received = match received {
            Value::Array(received) => received,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => vec![received],
        };
        for (call, answer) in calls.iter().zip(&mut answers).filter(|(_, answer)| answer.is_none()) {
            let position = received.iter().position(|received| received["id"] == call["id"]);
            let mut given =
                position.map(|index| received.swap_remove(index)).context("the endpoint left out an answer")?;
            for Active { fault, .. } in faults.iter().filter(|active| active.concerns(call)) {
                if let Some(code) = change(upstream, call, &mut given, fault).await? {
                    status = code;
                }
            }
            *answer = Some(given);
        }
    }
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    // Within a batch the refusal of one call does not decide the status.
    if is_batch {
        return Ok((StatusCode::OK, Bytes::from(Value::Array(answers).to_string())));
    }
    let single = answers.first().context("a request without a call")?;
    Ok((status, Bytes::from(single.to_string())))
}

/// What is answered instead of the endpoint's own answer.
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the whole request have no part here")]
async fn tell(
    upstream: &Client,
    memory: &Memory,
    call: &Value,
    fault: &Fault,
) -> anyhow::Result<Option<(StatusCode, Value)>> {
    let answer = match fault {
        Fault::Lie(lie) => lies::tell(upstream, memory, call, *lie).await?,
        Fault::RefuseOverrides(style) => overrides::tell(upstream, call, style).await?,
        Fault::RevertCalls(selector) => lies::revert_inside(upstream, call, selector, "").await?,
        fault => {
            let refusal = refuse(upstream, call, fault).await?;
            return Ok(
                refusal.map(|(code, error)| (code, json!({ "jsonrpc": "2.0", "id": call["id"], "error": error })))
            );
        }
    };
    Ok(answer.map(|answer| (StatusCode::OK, answer)))
}

/// The refusal of a call that the endpoint never sees.
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the whole request have no part here")]
async fn refuse(upstream: &Client, call: &Value, fault: &Fault) -> anyhow::Result<Option<(StatusCode, Value)>> {
    let method = call["method"].as_str().unwrap_or_default();
    match fault {
        Fault::RefusePacks { max, style: PackRefusal::Error { code, message } } if lies::pack_size(call) > *max => {
            Ok(Some((StatusCode::OK, json!({ "code": code, "message": message }))))
        }
        Fault::RefuseLogs(topic) if method == "eth_getLogs" && asks_for(call, topic) => {
            Ok(Some((StatusCode::OK, json!({ "code": -32000, "message": "these logs are not kept here" }))))
        }
        Fault::RefuseAllLogs { code, message } if method == "eth_getLogs" => {
            Ok(Some((StatusCode::OK, json!({ "code": code, "message": message }))))
        }
        Fault::PruneHistory { keep, style } => {
            let Some(block) = state_block(upstream, call).await? else {
                return Ok(None);
            };
            let head = quantity(&upstream.call("eth_blockNumber", &json!([])).await?)?;
            Ok((block + keep < head).then(|| (StatusCode::OK, pruned(*style, block))))
        }
        Fault::LogLimit(limit @ LogLimit { max_range: Some(max), .. }) if method == "eth_getLogs" => {
            let Some((from, to)) = log_range(upstream, call).await? else {
                return Ok(None);
            };
            if to < from || to - from < *max {
                return Ok(None);
            }
            let refusal =
                Refusal { style: limit.style, from, to, fits: from + max - 1, limit: *max, is_results: false };
            Ok(Some((StatusCode::from_u16(refusal.status())?, refusal.error())))
        }
        _ => Ok(None),
    }
}

/// Changes the endpoint's answer; gives the HTTP status when that becomes a refusal.
#[expect(clippy::wildcard_enum_match_arm, reason = "faults of the whole request have no part here")]
async fn change(
    upstream: &Client,
    call: &Value,
    answer: &mut Value,
    fault: &Fault,
) -> anyhow::Result<Option<StatusCode>> {
    let method = call["method"].as_str().unwrap_or_default();
    match fault {
        Fault::Changed(change) => change(call, answer),
        Fault::WrongId => answer["id"] = json!(987_654_321),
        Fault::MissingResult => *answer = json!({ "jsonrpc": "2.0", "id": call["id"] }),
        Fault::WrongChain(id) if method == "eth_chainId" => {
            answer["result"] = json!(format!("{id:#x}"));
        }
        Fault::WrongChain(id) if method == "net_version" => {
            answer["result"] = json!(id.to_string());
        }
        Fault::LaggingHead(blocks) if method == "eth_blockNumber" => {
            let head = quantity(&answer["result"])?;
            answer["result"] = json!(format!("{:#x}", head.saturating_sub(*blocks)));
        }
        Fault::LaggingHead(blocks) if method == "eth_getBlockByNumber" && !answer["result"].is_null() => {
            let head = quantity(&upstream.call("eth_blockNumber", &json!([])).await?)?.saturating_sub(*blocks);
            if quantity(&answer["result"]["number"])? > head {
                let is_tag = call["params"][0].as_str().is_some_and(|tag| !tag.starts_with("0x"));
                let params = json!([format!("{head:#x}"), call["params"][1]]);
                // A lagging node does not know a later block at all.
                answer["result"] =
                    if is_tag { upstream.call("eth_getBlockByNumber", &params).await? } else { Value::Null };
            }
        }
        Fault::LogLimit(limit @ LogLimit { max_results: Some(max), .. }) if method == "eth_getLogs" => {
            let Some(logs) = answer["result"].as_array().filter(|logs| logs.len() > *max) else {
                return Ok(None);
            };
            let Some((from, to)) = log_range(upstream, call).await? else {
                return Ok(None);
            };
            // The block of the first log too many is the first that does not fit.
            let too_many = quantity(&logs[*max]["blockNumber"])?;
            let refusal = Refusal {
                style: limit.style,
                from,
                to,
                fits: too_many.saturating_sub(1).max(from),
                limit: u64::try_from(*max)?,
                is_results: true,
            };
            *answer = json!({ "jsonrpc": "2.0", "id": call["id"], "error": refusal.error() });
            return Ok(Some(StatusCode::from_u16(refusal.status())?));
        }
        _ => {}
    }
    Ok(None)
}

/// Whether a log query names that first topic.
fn asks_for(call: &Value, topic: &str) -> bool {
    let is_it = |one: &Value| one.as_str().is_some_and(|one| one.eq_ignore_ascii_case(topic));
    let first = &call["params"][0]["topics"][0];
    is_it(first) || first.as_array().is_some_and(|any| any.iter().any(is_it))
}

/// First and last block of a log query; `None` for one by block hash.
async fn log_range(upstream: &Client, call: &Value) -> anyhow::Result<Option<(u64, u64)>> {
    let filter = &call["params"][0];
    if !filter["blockHash"].is_null() {
        return Ok(None);
    }
    let from = block_number(upstream, &filter["fromBlock"]).await?;
    let to = block_number(upstream, &filter["toBlock"]).await?;
    Ok(from.zip(to))
}

/// Which parameter names the block whose state the call reads.
pub(super) fn state_parameter(call: &Value) -> Option<usize> {
    match call["method"].as_str().unwrap_or_default() {
        "eth_call" | "eth_getBalance" | "eth_getCode" | "eth_getTransactionCount" => Some(1),
        "eth_getStorageAt" => Some(2),
        _ => None,
    }
}

/// The block whose state the call reads.
async fn state_block(upstream: &Client, call: &Value) -> anyhow::Result<Option<u64>> {
    match state_parameter(call) {
        Some(index) => block_number(upstream, &call["params"][index]).await,
        None => Ok(None),
    }
}

/// Resolves a number, a tag, or an EIP-1898 object; an unknown block is `None`.
pub(super) async fn block_number(upstream: &Client, block: &Value) -> anyhow::Result<Option<u64>> {
    let (method, param) = if let Some(hash) = block.get("blockHash") {
        ("eth_getBlockByHash", hash.clone())
    } else {
        let block = block.get("blockNumber").unwrap_or(block);
        match block.as_str() {
            Some(number) if number.starts_with("0x") => return quantity(block).map(Some),
            Some(tag) => ("eth_getBlockByNumber", json!(tag)),
            None => ("eth_getBlockByNumber", json!("latest")),
        }
    };
    let found = upstream.call(method, &json!([param, false])).await?;
    found.get("number").map(quantity).transpose()
}

fn pruned(style: PruneStyle, block: u64) -> Value {
    let (code, message) = match style {
        PruneStyle::Geth => {
            let root = format!("{block:064x}");
            (-32000, format!("missing trie node {root} (path ) state 0x{root} is not available, not found"))
        }
        PruneStyle::Reth => (-32000, format!("state at block #{block} is pruned")),
        PruneStyle::Erigon => (-32000, "old data not available due to pruning".to_owned()),
        PruneStyle::Nethermind => (-32002, format!("No state available for block {block}")),
    };
    json!({ "code": code, "message": message })
}
