//! Lies about what contracts answer, and about the block at which they were read.

use anyhow::Context as _;
use ethers_core::{
    abi::{ParamType, Token, decode, encode},
    utils::hex,
};
use serde_json::{Value, json};

use super::super::calls::{block_number, state_parameter};
use super::{Lie, ask_instead, failure, method, result};
use crate::http::Client;

/// `aggregate3((address,bool,bytes)[])` of Multicall3.
const AGGREGATE: &str = "0x82ad56cb";
/// `Error("no")`.
const REASON: &str = "08c379a0\
    0000000000000000000000000000000000000000000000000000000000000020\
    0000000000000000000000000000000000000000000000000000000000000002\
    6e6f000000000000000000000000000000000000000000000000000000000000";

#[expect(clippy::wildcard_enum_match_arm, reason = "lies of other kinds have no part here")]
pub(super) async fn tell(upstream: &Client, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    match lie {
        Lie::AllReverted if method(call) == "eth_call" => Ok(Some(failure(call, &revert("")))),
        Lie::NoCode if method(call) == "eth_call" => Ok(Some(result(call, &json!("0x")))),
        Lie::Reverted(getter) => revert_inside(upstream, call, getter.selector(), REASON).await,
        Lie::ReadsAtLatest => {
            let Some(index) = state_parameter(call) else { return Ok(None) };
            let mut params = call["params"].clone();
            params[index] = json!("latest");
            ask_instead(upstream, call, params).await.map(Some)
        }
        Lie::ReadsOneBefore => {
            let Some(index) = state_parameter(call) else { return Ok(None) };
            let mut params = call["params"].clone();
            let Some(number) = block_number(upstream, &params[index]).await? else { return Ok(None) };
            params[index] = json!(format!("{:#x}", number.saturating_sub(1)));
            ask_instead(upstream, call, params).await.map(Some)
        }
        _ => Ok(None),
    }
}

fn revert(data: &str) -> Value {
    json!({ "code": 3, "message": "execution reverted", "data": format!("0x{data}") })
}

fn calldata(call: &Value) -> &str {
    let transaction = &call["params"][0];
    transaction["data"].as_str().or_else(|| transaction["input"].as_str()).unwrap_or_default()
}

/// How many calls an `aggregate3` holds; 0 for what is none.
pub(in super::super) fn pack_size(call: &Value) -> usize {
    // An offset, then the length of the list.
    let count = calldata(call).strip_prefix(AGGREGATE).and_then(|arguments| arguments.get(64..128));
    count.filter(|_| method(call) == "eth_call").and_then(|count| usize::from_str_radix(count, 16).ok()).unwrap_or(0)
}

fn begins_with(data: &str, selector: &str) -> bool {
    data.get(..selector.len()).is_some_and(|start| start.eq_ignore_ascii_case(selector))
}

/// Lets calls of this selector revert with `data`, alone and inside an `aggregate3`; `None` when there are none.
pub(in super::super) async fn revert_inside(
    upstream: &Client,
    call: &Value,
    selector: &str,
    data: &str,
) -> anyhow::Result<Option<Value>> {
    if method(call) != "eth_call" {
        return Ok(None);
    }
    if begins_with(calldata(call), selector) {
        return Ok(Some(failure(call, &revert(data))));
    }
    let Some(arguments) = calldata(call).strip_prefix(AGGREGATE) else { return Ok(None) };
    let arguments = hex::decode(arguments).context("failed to decode a pack of calls")?;
    let inner = ParamType::Tuple(vec![ParamType::Address, ParamType::Bool, ParamType::Bytes]);
    let calls = decode(&[ParamType::Array(Box::new(inner))], &arguments).context("failed to decode a pack of calls")?;
    let is_hit = |call: &Vec<Token>| matches!(call.get(2), Some(Token::Bytes(data)) if begins_with(&format!("0x{}", hex::encode(data)), selector));
    let hits: Vec<bool> = tuples(calls).iter().map(is_hit).collect();
    if !hits.contains(&true) {
        return Ok(None);
    }
    let mut answer = ask_instead(upstream, call, call["params"].clone()).await?;
    let Some(returned) = answer["result"].as_str().filter(|text| text.len() > 2) else { return Ok(Some(answer)) };
    let returned = hex::decode(returned).context("failed to decode the results of a pack")?;
    let outcome = ParamType::Tuple(vec![ParamType::Bool, ParamType::Bytes]);
    let outcomes =
        decode(&[ParamType::Array(Box::new(outcome))], &returned).context("failed to decode the results of a pack")?;
    let failed = vec![Token::Bool(false), Token::Bytes(hex::decode(data).context("failed to decode a reason")?)];
    let changed = tuples(outcomes)
        .into_iter()
        .zip(hits)
        .map(|(outcome, hit)| Token::Tuple(if hit { failed.clone() } else { outcome }))
        .collect();
    answer["result"] = json!(format!("0x{}", hex::encode(encode(&[Token::Array(changed)]))));
    Ok(Some(answer))
}

fn tuples(tokens: Vec<Token>) -> Vec<Vec<Token>> {
    tokens.into_iter().filter_map(Token::into_array).flatten().filter_map(Token::into_tuple).collect()
}
