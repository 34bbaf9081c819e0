//! Lies about what contracts answer, and about the block at which they were read.

use anyhow::Context as _;
use ethers_core::types::Address;
use ethers_core::utils::hex;
use serde_json::{Value, json};

use super::super::calls::{block_number, state_parameter};
use super::{Getter, Lie, STRANGER, ask_instead, failure, method, result};
use crate::http::Client;
use crate::multicall::Pack;

/// `Error("no")`.
const REASON: &str = "08c379a0\
    0000000000000000000000000000000000000000000000000000000000000020\
    0000000000000000000000000000000000000000000000000000000000000002\
    6e6f000000000000000000000000000000000000000000000000000000000000";

/// `ValidatorSelection__InsufficientValidatorSetSize(1, 48)`.
const TOO_FEW: &str = "f4f28e99\
    0000000000000000000000000000000000000000000000000000000000000001\
    0000000000000000000000000000000000000000000000000000000000000030";

#[expect(clippy::wildcard_enum_match_arm, reason = "other lies have no part here")]
pub(super) async fn tell(upstream: &Client, call: &Value, lie: Lie) -> anyhow::Result<Option<Value>> {
    match lie {
        Lie::AllReverted if method(call) == "eth_call" => Ok(Some(failure(call, &revert("")))),
        Lie::NoCode if method(call) == "eth_call" => Ok(Some(result(call, &json!("0x")))),
        Lie::Reverted(getter) => revert_inside(upstream, call, getter.selector(), REASON).await,
        Lie::NoCommittee => revert_inside(upstream, call, Getter::EpochCommittee.selector(), TOO_FEW).await,
        Lie::Zeros => rewrite_inside(upstream, call, |input| !is_about_the_block(input), zeros).await,
        Lie::Zero(getter) => rewrite_inside(upstream, call, |input| is_of(input, getter.selector()), zeros).await,
        Lie::OneMore(getter) => {
            rewrite_inside(upstream, call, |input| is_of(input, getter.selector()), |honest| word_more(honest, 0)).await
        }
        Lie::WordMore(getter, word) => {
            let is_hit = |input: &[u8]| is_of(input, getter.selector());
            rewrite_inside(upstream, call, is_hit, |honest| word_more(honest, usize::from(word))).await
        }
        Lie::Names(getter, contract) => {
            let is_hit = |input: &[u8]| is_of(input, getter.selector());
            rewrite_inside(upstream, call, is_hit, |honest| first_word(honest, contract)).await
        }
        Lie::Forged(getter) if is_of(&hex::decode(calldata(call)).unwrap_or_default(), getter.selector()) => {
            Ok(Some(result(call, &json!(format!("0x{}", hex::encode(forged()))))))
        }
        Lie::Forged(getter) => {
            rewrite_inside(upstream, call, |input| is_of(input, getter.selector()), |_| forged()).await
        }
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

/// How many calls a pack holds; 0 for what is none.
pub(in super::super) fn pack_size(call: &Value) -> usize {
    Pack::of(call).ok().flatten().map_or(0, |pack| pack.inputs.len())
}

fn begins_with(data: &str, selector: &str) -> bool {
    data.get(..selector.len()).is_some_and(|start| start.eq_ignore_ascii_case(selector))
}

fn is_of(input: &[u8], selector: &str) -> bool {
    begins_with(&format!("0x{}", hex::encode(input)), selector)
}

/// Whether the call asks Multicall3 where it runs: `getBlockNumber()`, `getCurrentBlockTimestamp()`. Code without an address does so, too.
fn is_about_the_block(input: &[u8]) -> bool {
    is_of(input, "0x42cbb15c") || is_of(input, "0x0f28c97d") || is_of(input, "0x43600052")
}

fn zeros(honest: &[u8]) -> Vec<u8> {
    vec![0; honest.len()]
}

fn word_more(honest: &[u8], word: usize) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    if let Some(byte) = bytes.get_mut(word.saturating_mul(32).saturating_add(31)) {
        *byte = byte.wrapping_add(1);
    }
    bytes
}

fn first_word(honest: &[u8], contract: Address) -> Vec<u8> {
    let mut bytes = honest.to_vec();
    if let Some(word) = bytes.get_mut(12..32) {
        word.copy_from_slice(contract.as_bytes());
    }
    bytes
}

/// A stranger, a moment in 2100, and zeros for whatever else is read.
fn forged() -> Vec<u8> {
    const IN_2100: u64 = 4_102_444_800;
    let mut bytes = vec![0; 32 * 6];
    let words = [(12, STRANGER.as_bytes()), (56, &IN_2100.to_be_bytes()[..])];
    for (from, word) in words {
        for (byte, told) in bytes.iter_mut().skip(from).zip(word) {
            *byte = *told;
        }
    }
    bytes
}

/// Answers calls whose input `is_hit` with what `lie` makes of the honest answer, alone and inside a pack.
async fn rewrite_inside(
    upstream: &Client,
    call: &Value,
    is_hit: impl Fn(&[u8]) -> bool,
    lie: impl Fn(&[u8]) -> Vec<u8>,
) -> anyhow::Result<Option<Value>> {
    if method(call) != "eth_call" {
        return Ok(None);
    }
    let mut answer = ask_instead(upstream, call, call["params"].clone()).await?;
    let Some(returned) = answer["result"].as_str().filter(|text| text.len() > 2) else { return Ok(Some(answer)) };
    let returned = hex::decode(returned).context("failed to decode the answer to a call")?;
    let told = match Pack::of(call)? {
        Some(pack) => pack.rewritten(&returned, |input, honest| is_hit(input).then(|| lie(honest)))?,
        None => {
            let input = hex::decode(calldata(call)).context("calldata that is no hex")?;
            is_hit(&input).then(|| lie(&returned))
        }
    };
    if let Some(told) = told {
        answer["result"] = json!(format!("0x{}", hex::encode(told)));
    }
    Ok(Some(answer))
}

/// Lets calls of this selector revert with `data`, alone and inside a pack; `None` when there are none.
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
    let Some(pack) = Pack::of(call)? else { return Ok(None) };
    let is_hit = |input: &Vec<u8>| begins_with(&format!("0x{}", hex::encode(input)), selector);
    if !pack.inputs.iter().any(is_hit) {
        return Ok(None);
    }
    let mut answer = ask_instead(upstream, call, call["params"].clone()).await?;
    let Some(returned) = answer["result"].as_str().filter(|text| text.len() > 2) else { return Ok(Some(answer)) };
    let returned = hex::decode(returned).context("failed to decode the results of a pack")?;
    let mut results = pack.results(&returned)?;
    for (result, _) in results.iter_mut().zip(&pack.inputs).filter(|(_, input)| is_hit(input)) {
        *result = (false, hex::decode(data).context("failed to decode a reason")?);
    }
    answer["result"] = json!(format!("0x{}", hex::encode(pack.answer(&returned, results)?)));
    Ok(Some(answer))
}
