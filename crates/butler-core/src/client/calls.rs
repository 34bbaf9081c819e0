//! Many reads of contracts at one block, in as few exchanges as the endpoint allows.
//!
//! Calls are packed into Multicall3 by their gas; an endpoint that grants less gas or smaller answers gets smaller packs.
//! A getter that fails without data inside a pack may have run out of gas there, so it is asked again on its own before
//! the failure is believed.

use ethers_core::types::{Bytes, H256, U256};
use serde_json::json;

use super::endpoint::Endpoint;
use super::error::RpcFailure;
use super::wire::{Answer, Request};
use crate::contracts::call::{Call, DecodeError, Target};
use crate::contracts::multicall::{Outcome, decode_aggregate, encode_aggregate};

/// The most calls of one pack, so that no single answer grows beyond a few hundred kilobytes.
const PACK_LIMIT: usize = 500;

/// How calls travel: several in one `aggregate3`, or one `eth_call` each.
enum Pack {
    Aggregate { calls: Vec<usize>, gas: u64 },
    Direct(usize),
}

/// Reads all `calls` at the block with hash `pin`, answers in the order of the calls.
///
/// # Errors
/// The failure of an exchange. A call that reverted is an [`Outcome::Failed`].
pub async fn read_calls(endpoint: &Endpoint, pin: H256, calls: &[Call]) -> Result<Vec<Outcome>, RpcFailure> {
    let mut outcomes: Vec<Option<Outcome>> = vec![None; calls.len()];
    let mut packs = first_packs(endpoint, calls);
    while !packs.is_empty() {
        let requests: Vec<Request> = packs.iter().map(|pack| request(endpoint, pack, calls, pin)).collect();
        let answers = endpoint.exchange(&requests).await?;
        let mut again = Vec::new();
        for (pack, answer) in packs.into_iter().zip(answers) {
            match pack {
                Pack::Direct(call) => set(&mut outcomes, call, direct_outcome(calls.get(call), answer)?),
                Pack::Aggregate { calls: members, gas } => {
                    again.extend(settle(endpoint, answer, members, gas, &mut outcomes)?);
                }
            }
        }
        packs = again;
    }
    outcomes
        .into_iter()
        .map(|outcome| outcome.ok_or_else(|| RpcFailure::Malformed("a call without an outcome".to_owned())))
        .collect()
}

fn set(outcomes: &mut [Option<Outcome>], call: usize, outcome: Outcome) {
    if let Some(slot) = outcomes.get_mut(call) {
        *slot = Some(outcome);
    }
}

fn first_packs(endpoint: &Endpoint, calls: &[Call]) -> Vec<Pack> {
    if endpoint.lacks_multicall() || calls.len() == 1 {
        return (0..calls.len()).map(Pack::Direct).collect();
    }
    let limit = endpoint.call_gas();
    let mut packs = Vec::new();
    let (mut members, mut gas) = (Vec::new(), 0_u64);
    for (index, call) in calls.iter().enumerate() {
        if !members.is_empty() && (gas.saturating_add(call.gas) > limit || members.len() >= PACK_LIMIT) {
            packs.push(Pack::Aggregate { calls: std::mem::take(&mut members), gas });
            gas = 0;
        }
        members.push(index);
        gas = gas.saturating_add(call.gas);
    }
    if !members.is_empty() {
        packs.push(Pack::Aggregate { calls: members, gas });
    }
    packs
}

fn request(endpoint: &Endpoint, pack: &Pack, calls: &[Call], pin: H256) -> Request {
    match pack {
        Pack::Aggregate { calls: members, .. } => {
            let members = members.iter().filter_map(|call| calls.get(*call));
            Request::eth_call(endpoint.multicall3(), &encode_aggregate(endpoint.multicall3(), members), pin)
        }
        Pack::Direct(call) => match calls.get(*call).map(|call| &call.target) {
            Some(Target::Function { to, data }) => Request::eth_call(*to, data, pin),
            Some(Target::Balance(account)) => Request::new("eth_getBalance", &json!([account, { "blockHash": pin }])),
            None => Request::new("eth_call", &json!([])),
        },
    }
}

/// Takes what an aggregate answered; returns what has to be asked again.
fn settle(
    endpoint: &Endpoint,
    answer: Answer,
    members: Vec<usize>,
    gas: u64,
    outcomes: &mut [Option<Outcome>],
) -> Result<Vec<Pack>, RpcFailure> {
    let raw = match answer {
        Ok(raw) => raw,
        Err(RpcFailure::OutOfGas | RpcFailure::AnswerRefused | RpcFailure::Reverted { .. }) => {
            endpoint.lower_call_gas(gas);
            return Ok(halves(members, gas));
        }
        Err(failure) => return Err(failure),
    };
    let results = match decode_aggregate(&bytes(raw.get())?, members.len()) {
        Ok(results) => results,
        Err(DecodeError::Empty { .. }) => {
            endpoint.note_no_multicall();
            return Ok(members.into_iter().map(Pack::Direct).collect());
        }
        Err(error @ (DecodeError::Abi { .. } | DecodeError::Nonsense { .. })) => {
            return Err(RpcFailure::Malformed(error.to_string()));
        }
    };
    let mut again = Vec::new();
    for (call, outcome) in members.into_iter().zip(results) {
        match outcome {
            Outcome::Failed(data) if data.is_empty() => again.push(Pack::Direct(call)),
            outcome @ (Outcome::Returned(_) | Outcome::Failed(_)) => set(outcomes, call, outcome),
        }
    }
    Ok(again)
}

fn halves(mut members: Vec<usize>, gas: u64) -> Vec<Pack> {
    if members.len() < 2 {
        return members.into_iter().map(Pack::Direct).collect();
    }
    let tail = members.split_off(members.len() / 2);
    vec![Pack::Aggregate { calls: members, gas: gas / 2 }, Pack::Aggregate { calls: tail, gas: gas / 2 }]
}

fn direct_outcome(call: Option<&Call>, answer: Answer) -> Result<Outcome, RpcFailure> {
    match answer {
        Ok(raw) => match call.map(|call| &call.target) {
            Some(Target::Balance(_)) => Ok(Outcome::Returned(word(raw.get())?)),
            Some(Target::Function { .. }) | None => Ok(Outcome::Returned(bytes(raw.get())?)),
        },
        Err(RpcFailure::Reverted { data }) => Ok(Outcome::Failed(data)),
        Err(failure) => Err(failure),
    }
}

/// A quantity as the word that a contract would have returned.
fn word(json: &str) -> Result<Bytes, RpcFailure> {
    let quantity: U256 = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getBalance is not a quantity".to_owned()))?;
    let mut word = [0; 32];
    quantity.to_big_endian(&mut word);
    Ok(Bytes::from(word))
}

fn bytes(json: &str) -> Result<Bytes, RpcFailure> {
    let not_hex = || RpcFailure::Malformed("the answer to eth_call is not a hex string".to_owned());
    let text = json.strip_prefix("\"0x").and_then(|text| text.strip_suffix('"')).ok_or_else(not_hex)?;
    ethers_core::utils::hex::decode(text).map(Bytes::from).map_err(|_| not_hex())
}
