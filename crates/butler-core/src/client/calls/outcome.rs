//! What a single answer says of a call.

use ethers_core::types::{Bytes, U256};

use crate::client::error::{ErrorKind, RpcFailure};
use crate::client::wire::Answer;
use crate::contracts::call::{Call, Target};
use crate::contracts::multicall::Outcome;

pub(super) fn direct_outcome(call: Option<&Call>, answer: Answer) -> Result<Outcome, RpcFailure> {
    match answer {
        Ok(raw) => match call.map(|call| &call.target) {
            Some(Target::Balance(_)) => Ok(Outcome::Returned(word(raw.get())?)),
            Some(Target::Function { .. }) | None => Ok(Outcome::Returned(bytes(raw.get())?)),
        },
        Err(RpcFailure::Reverted { data }) => Ok(Outcome::Failed(data)),
        // A small getter that burns all gas does not answer, as one that reverts.
        Err(failure) if failure.kind() == ErrorKind::OutOfGas && call.is_some_and(|call| call.is_optional) => {
            Ok(Outcome::Failed(Bytes::new()))
        }
        Err(_) if call.is_some_and(|call| call.limit.is_some()) => Ok(Outcome::Failed(Bytes::new())),
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

pub(super) fn bytes(json: &str) -> Result<Bytes, RpcFailure> {
    let not_hex = || RpcFailure::Malformed("the answer to eth_call is not a hex string".to_owned());
    let text = json.strip_prefix("\"0x").and_then(|text| text.strip_suffix('"')).ok_or_else(not_hex)?;
    ethers_core::utils::hex::decode(text).map(Bytes::from).map_err(|_| not_hex())
}
