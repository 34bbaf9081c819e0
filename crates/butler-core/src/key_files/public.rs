//! What of a key file is public by what it is: recipients, BLS keys, and coordinates of a registration.

use ethers_core::types::{H256, U256};

use super::json::Json;
use crate::contracts::bn254::{Group1, Group2, Registration};

/// The order of Aztec's field, which an address of Aztec is below.
const FIELD: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";

/// The parts of a registration.
const PARTS: [&str; 3] = ["publicKeyG1", "publicKeyG2", "proofOfPossession"];

/// An Aztec address of 32 bytes; some tools write one of Ethereum. Most private keys are no such address.
pub(super) fn is_fee_recipient(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal
        && match digits.len() {
            40 => true,
            64 => digits.to_ascii_lowercase().as_str() < FIELD,
            _ => false,
        }
}

/// A compressed key as files have it.
pub(super) fn bls_key(value: &Json) -> Option<H256> {
    let text = value.as_text()?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let key = (digits.len() == 64).then(|| digits.parse::<H256>().ok())??;
    (!key.is_zero()).then_some(key)
}

/// Which parts of a registration stand in an object and are public.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Registered {
    key: bool,
    twin: bool,
    proof: bool,
}

impl Registered {
    pub(super) fn has(self, part: &str) -> bool {
        match part {
            "publicKeyG1" => self.key,
            "publicKeyG2" => self.twin,
            "proofOfPossession" => self.proof,
            _ => false,
        }
    }
}

/// Looks at the parts of a registration: each must be a point of its curve, which no private key is with whatever other
/// number; and those that are there must fit each other.
pub(super) fn registered(object: &Json) -> Registered {
    if PARTS.iter().all(|part| object.get(part).is_none()) {
        return Registered::default();
    }
    let key = pair(object, "publicKeyG1");
    let twin = four(object, "publicKeyG2");
    let proof = pair(object, "proofOfPossession");
    let is_any_other = |part: &str, is_read: bool| object.get(part).is_some() && !is_read;
    if is_any_other("publicKeyG1", key.is_some()) || is_any_other("publicKeyG2", twin.is_some()) {
        return Registered::default();
    }
    let registration = Registration { key, twin, proof };
    if !registration.is_proven() {
        return Registered::default();
    }
    Registered { key: key.is_some(), twin: twin.is_some(), proof: proof.is_some() }
}

/// The G1 key of an element of a staker output, where it is proven to be one.
pub(super) fn registered_key(object: &Json) -> Option<H256> {
    let key = pair(object, "publicKeyG1").filter(|_| registered(object).key)?;
    Some(key.compressed())
}

fn pair(object: &Json, part: &str) -> Option<Group1> {
    let [x, y] = coordinates(object, part, ["x", "y"])?;
    Some(Group1 { x, y })
}

fn four(object: &Json, part: &str) -> Option<Group2> {
    let [x0, x1, y0, y1] = coordinates(object, part, ["x0", "x1", "y0", "y1"])?;
    Some(Group2 { x0, x1, y0, y1 })
}

fn coordinates<const N: usize>(object: &Json, part: &str, names: [&str; N]) -> Option<[U256; N]> {
    let part = object.get(part)?;
    let Json::Object(members) = part else { return None };
    // Anything beside the coordinates would not be looked at.
    if members.len() != N {
        return None;
    }
    let found: Option<Vec<U256>> = names.iter().map(|name| coordinate(part.get(name)?)).collect();
    found?.try_into().ok()
}

fn coordinate(value: &Json) -> Option<U256> {
    let text = value.as_text()?;
    match text.strip_prefix("0x") {
        Some(digits) if (1..=64).contains(&digits.len()) => U256::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => U256::from_dec_str(text).ok(),
    }
}
