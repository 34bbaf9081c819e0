//! The proof of where a pack was read: the block's number and time as the EVM saw them.
//!
//! The program of packed calls says both by itself; in an `aggregate3` Multicall3 is asked for them. With neither one call that creates nothing returns them;
//! an endpoint that refuses such a call is not blamed, it only stays unproven there.

use std::borrow::Cow;

use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::hex;
use serde_json::json;

use crate::client::error::RpcFailure;
use crate::client::wire::Request;
use crate::contracts::call::{Call, Target};
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// `getBlockNumber()`.
const NUMBER: [u8; 4] = [0x42, 0xcb, 0xb1, 0x5c];
/// `getCurrentBlockTimestamp()`.
const TIMESTAMP: [u8; 4] = [0x0f, 0x28, 0xc9, 0x7d];
/// `NUMBER 0 MSTORE TIMESTAMP 32 MSTORE`, then `RETURN` of these 64 bytes.
const CODE: [u8; 13] = [0x43, 0x60, 0x00, 0x52, 0x42, 0x60, 0x20, 0x52, 0x60, 0x40, 0x60, 0x00, 0xf3];
const GAS: u64 = 5_000;

/// How many calls the proof adds to a pack.
pub(super) const CALLS: usize = 2;

/// The calls that stand behind the others in every `aggregate3`.
pub(super) fn calls(multicall3: Address) -> [Call; CALLS] {
    [NUMBER, TIMESTAMP].map(|selector| Call {
        target: Target::Function { to: multicall3, data: Bytes::from(selector) },
        function: Cow::Borrowed("the block"),
        gas: GAS,
        limit: None,
        is_optional: false,
        goes_alone: false,
        tells_by_reverting: false,
    })
}

/// Holds their answers against the block that was asked for; false when they are none.
///
/// # Errors
/// `WrongBlock`.
pub(super) fn check(outcomes: &[Outcome], pin: &BlockRef) -> Result<bool, RpcFailure> {
    let word = |index: usize| match outcomes.get(index) {
        Some(Outcome::Returned(data)) if data.len() == 32 => Some(U256::from_big_endian(data)),
        Some(Outcome::Returned(_) | Outcome::Failed(_)) | None => None,
    };
    compare(word(0).zip(word(1)), pin)
}

/// Whether the number and time that packed calls were told are those of the block that was asked for.
pub(super) fn fits(number: u64, timestamp: u64, pin: &BlockRef) -> bool {
    compare(Some((number.into(), timestamp.into())), pin).is_ok()
}

/// The call that proves the block without Multicall3.
pub(super) fn code_request(pin: H256) -> Request {
    Request::new("eth_call", &json!([{ "data": format!("0x{}", hex::encode(CODE)) }, { "blockHash": pin }]))
}

/// The same as [`check`] for the answer to [`code_request`].
///
/// # Errors
/// `WrongBlock`.
pub(super) fn check_code(returned: &[u8], pin: &BlockRef) -> Result<bool, RpcFailure> {
    let words = returned.split_at_checked(32).filter(|(_, time)| time.len() == 32);
    compare(words.map(|(number, time)| (U256::from_big_endian(number), U256::from_big_endian(time))), pin)
}

fn compare(read: Option<(U256, U256)>, pin: &BlockRef) -> Result<bool, RpcFailure> {
    let Some((number, timestamp)) = read else { return Ok(false) };
    // Some clients call at the first block with the time of day; there is only one such block.
    let is_its_time = pin.number == 0 || timestamp == pin.timestamp.into();
    if number == pin.number.into() && is_its_time {
        return Ok(true);
    }
    Err(RpcFailure::WrongBlock { asked: pin.number, read: u64::try_from(number).unwrap_or(u64::MAX) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(number: u64) -> Bytes {
        H256::from_low_u64_be(number).0.into()
    }

    #[test]
    fn only_the_pins_own_number_and_time_prove_it() {
        let pin = BlockRef { number: 7, hash: H256::zero(), timestamp: 84 };
        let told = |number, time| check(&[Outcome::Returned(word(number)), Outcome::Returned(word(time))], &pin);
        assert!(told(7, 84).unwrap());
        assert!(matches!(told(8, 96), Err(RpcFailure::WrongBlock { asked: 7, read: 8 })));
        assert!(told(7, 85).is_err(), "a sibling at the same height");
        let first = BlockRef { number: 0, ..pin };
        assert!(check(&[Outcome::Returned(word(0)), Outcome::Returned(word(85))], &first).unwrap());
        assert!(check(&[Outcome::Returned(word(1)), Outcome::Returned(word(84))], &first).is_err());
        let silent = [Outcome::Failed(Bytes::new()), Outcome::Returned(word(84))];
        assert!(!check(&silent, &pin).unwrap() && !check(&[], &pin).unwrap());
        assert!(check_code(&[word(7), word(84)].concat(), &pin).unwrap());
        assert!(!check_code(&[], &pin).unwrap() && check_code(&[word(7), word(8)].concat(), &pin).is_err());
    }
}
