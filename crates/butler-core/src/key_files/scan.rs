//! The search for secrets in a file of public keys, place by place.
//!
//! Two places may hold 32 bytes that are public: `feeRecipient`, and a BLS key that is a point of the curve. The
//! coordinates of a registration are public when they prove each other. Everything else is looked at, names of fields
//! included, and the first thing that could be a secret refuses the file.

use ethers_core::types::{H256, U256};

use super::bls::{Registration, could_be_public};
use super::fault::FileFault;
use super::json::{Json, Place};
use super::secrets::{Secret, in_children, in_number, in_text};

/// The parts of a registration with their coordinates.
const REGISTRATION: [(&str, &[&str]); 3] =
    [("publicKeyG1", &["x", "y"]), ("publicKeyG2", &["x0", "x1", "y0", "y1"]), ("proofOfPossession", &["x", "y"])];

/// The first place of a value that must not be in a public file.
pub(super) fn find_secret(json: &Json, place: &Place<'_>) -> Option<FileFault> {
    let found = |secret: Secret| FileFault::secret(place.to_string(), secret.words());
    match json {
        Json::List(items) => in_children(items.iter()).map(found).or_else(|| {
            items.iter().enumerate().find_map(|(index, item)| find_secret(item, &Place::Index(place, index)))
        }),
        Json::Object(members) => find_in_object(json, members, place),
        Json::Text(text) => in_text(text).map(found),
        Json::Number(number) => in_number(number.bits).map(found),
        Json::Null | Json::Boolean | Json::Skipped => None,
    }
}

fn find_in_object(json: &Json, members: &[(String, Json)], place: &Place<'_>) -> Option<FileFault> {
    let is_registration = registration(json).is_some_and(|registration| registration.is_proven());
    let is_public = |key: &str, value: &Json| match key {
        "feeRecipient" => has_fee_recipient(place) && value.as_text().is_some_and(is_fee_recipient),
        "bls" => place.is_attester() && bls_key(value).is_some_and(could_be_public),
        "publicKeyG1" | "publicKeyG2" | "proofOfPossession" => is_registration,
        _ => false,
    };
    let names = Json::List(members.iter().map(|(key, _)| Json::Text(key.clone().into())).collect());
    let others = members.iter().filter(|(key, value)| !is_public(key, value));
    let spread = in_children(others.map(|(_, value)| value)).or_else(|| find_among_names(&names));
    if let Some(secret) = spread {
        return Some(FileFault::secret(place.to_string(), secret.words()));
    }
    members.iter().filter(|(key, value)| *value != Json::Null && !is_public(key, value)).find_map(|(key, value)| {
        let place = Place::Key(place, key);
        let is_name_enough = !matches!(value, Json::Number(_) | Json::Boolean);
        match secret_name(key).filter(|_| is_name_enough) {
            Some(what) => Some(FileFault::secret(place.to_string(), what)),
            None if key == "bls" && bls_key(value).is_some() => {
                Some(FileFault::secret(place.to_string(), "no public BLS key, so perhaps a private one"))
            }
            None => find_secret(value, &place),
        }
    })
}

/// Whether a keystore's `feeRecipient` stands there: at the top, or in a validator.
fn has_fee_recipient(place: &Place<'_>) -> bool {
    matches!(place, Place::Root) || place.is_validator()
}

/// A mnemonic may stand in the names of fields, one word each, and so may a key.
fn find_among_names(names: &Json) -> Option<Secret> {
    let Json::List(names) = names else { return None };
    let single = names.iter().find_map(|name| name.as_text().and_then(in_text));
    // Only words: the names of many servers may well look like groups of digits.
    single.or_else(|| in_children(names.iter()).filter(|secret| *secret == Secret::Mnemonic))
}

/// An Aztec address of 32 bytes; some tools write one of Ethereum.
pub(super) fn is_fee_recipient(text: &str) -> bool {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A compressed key as files have it.
pub(super) fn bls_key(value: &Json) -> Option<H256> {
    let text = value.as_text()?;
    let digits = text.strip_prefix("0x").unwrap_or(text);
    let key = (digits.len() == 64).then(|| digits.parse::<H256>().ok())??;
    (!key.is_zero()).then_some(key)
}

/// The coordinates of an element of a staker output.
pub(super) fn registration(json: &Json) -> Option<Registration> {
    let mut coordinates = Vec::new();
    for (part, names) in REGISTRATION {
        let Json::Object(members) = json.get(part)? else { return None };
        // Anything beside the coordinates would not be looked at.
        if members.len() != names.len() {
            return None;
        }
        for name in names {
            coordinates.push(coordinate(json.get(part)?.get(name)?)?);
        }
    }
    coordinates.try_into().ok().map(Registration)
}

fn coordinate(value: &Json) -> Option<U256> {
    let text = value.as_text()?;
    match text.strip_prefix("0x") {
        Some(digits) if (1..=64).contains(&digits.len()) => U256::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None => U256::from_dec_str(text).ok(),
    }
}

fn secret_name(key: &str) -> Option<&'static str> {
    let letters = key.chars().filter(char::is_ascii_alphanumeric);
    let name: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    let has = |part: &str| name.contains(part);
    if name == "crypto" || name == "ciphertext" {
        Some("an encrypted private key")
    } else if has("mnemonic") || has("seedphrase") {
        Some("a mnemonic")
    } else if has("password") || has("passphrase") {
        Some("a password")
    } else if has("privatekey") || has("secretkey") {
        Some("a private key")
    } else {
        None
    }
}
