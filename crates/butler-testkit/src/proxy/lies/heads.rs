//! Lies about which blocks there are, which of them are final, and which chain it is.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::super::calls::state_parameter;
use super::{Lie, Memory, ask_instead, failure, method, result};
use crate::{devnet::quantity, http::Client};

const BY_NUMBER: &str = "eth_getBlockByNumber";
const BY_HASH: &str = "eth_getBlockByHash";

#[expect(clippy::wildcard_enum_match_arm, reason = "other lies have no part here")]
pub(super) async fn tell(upstream: &Client, memory: &Memory, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    match lie {
        Lie::HeadAhead(blocks) => ahead(upstream, call, blocks, true).await,
        Lie::HeadNumberAhead(blocks) => ahead(upstream, call, blocks, false).await,
        Lie::HeadForged => ahead(upstream, call, 0, true).await,
        Lie::HeadInFuture(seconds) => in_future(upstream, call, seconds).await,
        Lie::HeadBehind(blocks) => behind(upstream, call, blocks).await,
        Lie::TimeBack(seconds) => time_back(upstream, call, seconds).await,
        Lie::FinalityAtGenesis => finalized_is(upstream, call, "0x0").await,
        Lie::FinalityAhead => finalized_is(upstream, call, "latest").await,
        Lie::FinalityForged => finality_forged(upstream, call).await,
        Lie::DroppedBranch => dropped_branch(upstream, memory, call).await,
        Lie::OtherChain(id) => Ok(match method(call) {
            "eth_chainId" => Some(result(call, &json!(format!("{id:#x}")))),
            "net_version" => Some(result(call, &json!(id.to_string()))),
            _ => None,
        }),
        _ => Ok(None),
    }
}

/// A made-up hash that tells its block, so that the liar stands by it.
fn made_up_hash(number: u64) -> String {
    format!("0x{:048x}{number:016x}", 0x006c_6965)
}

fn made_up_number(hash: &str) -> Option<u64> {
    let number = hash.strip_prefix(&format!("0x{:048x}", 0x006c_6965))?;
    u64::from_str_radix(number, 16).ok()
}

async fn header(upstream: &Client, block: &str, full: &Value) -> anyhow::Result<Value> {
    upstream.call(BY_NUMBER, &json!([block, full])).await
}

/// Whether the block's name means the newest one.
fn is_newest(block: &str) -> bool {
    matches!(block, "latest" | "pending")
}

async fn ahead(upstream: &Client, call: &Value, blocks: u64, made_up: bool) -> anyhow::Result<Option<Value>> {
    let newest = header(upstream, "latest", &json!(false)).await?;
    let head = quantity(&newest["number"])?;
    let top = head + blocks;
    let make = |number: u64| -> anyhow::Result<Value> {
        let mut block = newest.clone();
        block["number"] = json!(format!("{number:#x}"));
        block["timestamp"] = json!(format!("{:#x}", quantity(&newest["timestamp"])? + 12 * (number - head)));
        if made_up {
            block["hash"] = json!(made_up_hash(number));
            if number > head + 1 {
                block["parentHash"] = json!(made_up_hash(number - 1));
            }
        }
        Ok(block)
    };
    let first_made_up = if made_up && blocks == 0 { head } else { head + 1 };
    match method(call) {
        "eth_blockNumber" => Ok(Some(result(call, &json!(format!("{top:#x}"))))),
        BY_NUMBER => {
            let block = call["params"][0].as_str().unwrap_or_default();
            if is_newest(block) {
                return Ok(Some(result(call, &make(top)?)));
            }
            let number = quantity(&call["params"][0]).ok().filter(|number| (first_made_up..=top).contains(number));
            number.map(|number| Ok(result(call, &make(number)?))).transpose()
        }
        BY_HASH => {
            let number = call["params"][0].as_str().and_then(made_up_number).filter(|number| *number >= head);
            number.map(|number| Ok(result(call, &make(number)?))).transpose()
        }
        "eth_getLogs" => {
            let mut params = call["params"].clone();
            let filter = &mut params[0];
            if filter["blockHash"].as_str().is_some_and(|hash| made_up_number(hash).is_some()) {
                return Ok(Some(result(call, &json!([]))));
            }
            if quantity(&filter["fromBlock"]).is_ok_and(|from| from > head) {
                return Ok(Some(result(call, &json!([]))));
            }
            let Ok(to) = quantity(&filter["toBlock"]) else { return Ok(None) };
            filter["toBlock"] = json!(format!("{:#x}", to.min(head)));
            let mut answer = ask_instead(upstream, call, params).await?;
            if made_up && blocks == 0 {
                for log in answer["result"].as_array_mut().into_iter().flatten() {
                    if quantity(&log["blockNumber"])? == head {
                        log["blockHash"] = json!(made_up_hash(head));
                    }
                }
            }
            Ok(Some(answer))
        }
        _ => {
            let Some(index) = state_parameter(call) else { return Ok(None) };
            let block = &call["params"][index];
            let by_hash = block["blockHash"].as_str().and_then(made_up_number).is_some();
            let by_number = quantity(block).or_else(|_| quantity(&block["blockNumber"])).is_ok_and(|n| n > head);
            if !by_hash && !by_number {
                return Ok(None);
            }
            let mut params = call["params"].clone();
            params[index] = json!("latest");
            ask_instead(upstream, call, params).await.map(Some)
        }
    }
}

async fn in_future(upstream: &Client, call: &Value, seconds: u64) -> anyhow::Result<Option<Value>> {
    if method(call) != BY_NUMBER && method(call) != BY_HASH {
        return Ok(None);
    }
    let newest = header(upstream, "latest", &json!(false)).await?;
    let mut block = upstream.call(method(call), &call["params"]).await?;
    if block.is_null() || block["hash"] != newest["hash"] {
        return Ok(None);
    }
    #[expect(clippy::disallowed_methods, reason = "the lie is about this clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let time = now.max(quantity(&block["timestamp"])?) + seconds;
    block["timestamp"] = json!(format!("{time:#x}"));
    Ok(Some(result(call, &block)))
}

async fn time_back(upstream: &Client, call: &Value, seconds: u64) -> anyhow::Result<Option<Value>> {
    if method(call) != BY_NUMBER && method(call) != BY_HASH {
        return Ok(None);
    }
    let mut block = upstream.call(method(call), &call["params"]).await?;
    if !block.is_null() {
        let time = quantity(&block["timestamp"])?.saturating_sub(seconds);
        block["timestamp"] = json!(format!("{time:#x}"));
    }
    Ok(Some(result(call, &block)))
}

async fn behind(upstream: &Client, call: &Value, blocks: u64) -> anyhow::Result<Option<Value>> {
    let head = quantity(&upstream.call("eth_blockNumber", &json!([])).await?)?.saturating_sub(blocks);
    let known = |block: &Value| quantity(&block["number"]).is_ok_and(|number| number <= head);
    match method(call) {
        "eth_blockNumber" => Ok(Some(result(call, &json!(format!("{head:#x}"))))),
        BY_NUMBER => {
            let name = call["params"][0].as_str().unwrap_or_default();
            let block = header(upstream, name, &call["params"][1]).await?;
            let block = match () {
                () if known(&block) => block,
                () if name.starts_with("0x") => Value::Null,
                () => header(upstream, &format!("{head:#x}"), &call["params"][1]).await?,
            };
            Ok(Some(result(call, &block)))
        }
        BY_HASH => {
            let block = upstream.call(BY_HASH, &call["params"]).await?;
            Ok(Some(result(call, if known(&block) { &block } else { &Value::Null })))
        }
        "eth_getLogs" => {
            let mut params = call["params"].clone();
            let Ok(to) = quantity(&params[0]["toBlock"]) else { return Ok(None) };
            if quantity(&params[0]["fromBlock"]).is_ok_and(|from| from > head) {
                return Ok(Some(result(call, &json!([]))));
            }
            params[0]["toBlock"] = json!(format!("{:#x}", to.min(head)));
            ask_instead(upstream, call, params).await.map(Some)
        }
        _ => {
            let Some(index) = state_parameter(call) else { return Ok(None) };
            let block = &call["params"][index];
            let number = match block["blockHash"].as_str() {
                Some(hash) => quantity(&upstream.call(BY_HASH, &json!([hash, false])).await?["number"]).ok(),
                None => quantity(block).or_else(|_| quantity(&block["blockNumber"])).ok(),
            };
            if number.is_some_and(|number| number > head) {
                return Ok(Some(failure(call, &json!({ "code": -32000, "message": "header not found" }))));
            }
            let mut params = call["params"].clone();
            if block.as_str().is_some_and(is_newest) || block.is_null() {
                params[index] = json!(format!("{head:#x}"));
            }
            ask_instead(upstream, call, params).await.map(Some)
        }
    }
}

async fn finalized_is(upstream: &Client, call: &Value, block: &str) -> anyhow::Result<Option<Value>> {
    if method(call) != BY_NUMBER || call["params"][0] != "finalized" {
        return Ok(None);
    }
    let block = header(upstream, block, &call["params"][1]).await?;
    Ok(Some(result(call, &block)))
}

async fn finality_forged(upstream: &Client, call: &Value) -> anyhow::Result<Option<Value>> {
    if method(call) != BY_NUMBER {
        return Ok(None);
    }
    let mut finalized = header(upstream, "finalized", &call["params"][1]).await?;
    let asked = &call["params"][0];
    if finalized.is_null() || *asked != "finalized" && *asked != finalized["number"] {
        return Ok(None);
    }
    finalized["hash"] = json!(made_up_hash(quantity(&finalized["number"])?));
    Ok(Some(result(call, &finalized)))
}

async fn dropped_branch(upstream: &Client, memory: &Memory, call: &Value) -> anyhow::Result<Option<Value>> {
    match method(call) {
        BY_NUMBER => {
            let block = upstream.call(BY_NUMBER, &call["params"]).await?;
            memory.keep(&block);
            Ok(Some(result(call, &block)))
        }
        BY_HASH => {
            let block = upstream.call(BY_HASH, &call["params"]).await?;
            let remembered = call["params"][0].as_str().and_then(|hash| memory.find(hash));
            Ok(block.is_null().then(|| remembered.map(|block| result(call, &block))).flatten())
        }
        _ => {
            let Some(index) = state_parameter(call) else { return Ok(None) };
            let Some(hash) = call["params"][index]["blockHash"].as_str() else { return Ok(None) };
            if !upstream.call(BY_HASH, &json!([hash, false])).await?.is_null() {
                return Ok(None);
            }
            let Some(block) = memory.find(hash) else { return Ok(None) };
            let mut params = call["params"].clone();
            params[index] = block["number"].clone();
            ask_instead(upstream, call, params).await.map(Some)
        }
    }
}
