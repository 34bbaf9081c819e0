//! Returns of contracts that are short as bytes and endless as values: offsets that point at the same place again and again.

use anyhow::Context as _;
use ethers_core::types::U256;
use ethers_core::utils::{hex, id};
use serde_json::{Value, json};

use super::kind::{Bomb, Size};
use crate::multicall::Pack;

const COMMITTEES: &str = "getSlashTargetCommittees(uint256)";
const TALLY: &str = "getTally(uint256,address[][])";
/// Two lists of so many words fit into an answer of 16 MiB in hex.
const LENGTH: u64 = 60_000;
/// Words of the result that all share.
const SHARED: u64 = 190_000;
const WORD: usize = 32;

/// The honest answer with the bomb's returns in it, and whether there were any.
pub(super) fn spoil(bomb: (Bomb, Size), request: &Value, honest: &[u8]) -> anyhow::Result<(String, bool)> {
    let mut honest: Value = serde_json::from_slice(honest).context("the endpoint answered no JSON")?;
    let calls = request.as_array().map_or(std::slice::from_ref(request), Vec::as_slice);
    let mut is_bomb = false;
    for call in calls.iter().filter(|call| call["method"] == "eth_call") {
        let answer = if honest.is_array() {
            honest.as_array_mut().and_then(|answers| answers.iter_mut().find(|answer| answer["id"] == call["id"]))
        } else {
            Some(&mut honest)
        };
        let Some(answer) = answer else { continue };
        if let Some(spoiled) = replacement(bomb, call, answer["result"].as_str().unwrap_or_default())? {
            *answer = json!({ "jsonrpc": "2.0", "id": call["id"], "result": format!("0x{}", hex::encode(spoiled)) });
            is_bomb = true;
        }
    }
    Ok((honest.to_string(), is_bomb))
}

/// What the bomb returns to this call, where it does.
fn replacement(bomb: (Bomb, Size), call: &Value, honest: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let Some(pack) = Pack::of(call)? else {
        let input = call["params"][0]["data"].as_str().or_else(|| call["params"][0]["input"].as_str());
        return of(bomb, &bytes(input.unwrap_or_default())?);
    };
    if bomb.0 == Bomb::SharedReturns {
        return Ok(Some(shared(pack.inputs.len(), length(bomb.1, SHARED)?)));
    }
    pack.rewritten(&bytes(honest)?, |input, _| of(bomb, input).ok().flatten())
}

/// The bomb's return to a call of the getter that it is of.
fn of((bomb, size): (Bomb, Size), input: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
    let (selector, length) = (input.get(..4).unwrap_or_default(), length(size, LENGTH)?);
    Ok(if bomb == Bomb::Committees && selector == id(COMMITTEES) {
        Some(committees(length))
    } else if bomb == Bomb::Tally && selector == id(TALLY) {
        Some(tally(length))
    } else {
        None
    })
}

fn length(size: Size, whole: u64) -> anyhow::Result<usize> {
    usize::try_from(size.of(whole)).context("no such length")
}

/// `address[][]`: each list is the one at the end.
fn committees(length: usize) -> Vec<u8> {
    let mut encoded = [word(WORD), word(length)].concat();
    encoded.extend(word(length * WORD).repeat(length));
    encoded.extend(word(length));
    encoded.extend(word(1).repeat(length));
    encoded
}

/// `(address,uint256)[]`: many small ones.
fn tally(length: usize) -> Vec<u8> {
    [word(WORD), word(length * 2), word(1).repeat(length * 4)].concat()
}

/// `(bool,bytes)[]`: each result is the one at the end, which is a list of words.
fn shared(results: usize, words: usize) -> Vec<u8> {
    let inner = [word(WORD), word(words), word(1).repeat(words)].concat();
    let mut encoded = [word(WORD), word(results)].concat();
    encoded.extend(word(results * WORD).repeat(results));
    encoded.extend([word(1), word(2 * WORD), word(inner.len()), inner].concat());
    encoded
}

fn word(number: usize) -> Vec<u8> {
    let mut word = [0; WORD];
    U256::from(number).to_big_endian(&mut word);
    word.to_vec()
}

fn bytes(text: &str) -> anyhow::Result<Vec<u8>> {
    hex::decode(text.strip_prefix("0x").unwrap_or(text)).context("no hex where hex should be")
}
