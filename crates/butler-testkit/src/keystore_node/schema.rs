//! The strict schema of a node's keystore, versions 1 and 2, as 4.1.2 has it.
//!
//! It knows shapes only. What accounts mean, and whether several files go together, is judged after it.

use ethers_core::{types::Address, utils::to_checksum};
use serde_json::Value;
use url::Url;

use super::verdict::{
    Presence::{Defaulted, Optional, Required},
    Verdict, list, object, one_of,
};

/// Judges the content of one file.
///
/// # Errors
/// With the node's words.
pub(super) fn check(file: &Value) -> Result<(), String> {
    match one_of(file, "", &[&version_1, &version_2]) {
        Verdict::Fits => Ok(()),
        Verdict::Faulty(faults) => Err(format!("Schema validation failed: {}", faults.join(". "))),
        Verdict::Unfit => Err("Schema validation failed: Invalid input ()".to_owned()),
    }
}

/// An Ethereum address as the node reads one: with or without `0x`; letters of one case, or a right checksum.
pub(super) fn parse_address(text: &str) -> Option<Address> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let address: Address = digits.to_ascii_lowercase().parse().ok()?;
    let has = |case: fn(&u8) -> bool| digits.bytes().any(|byte| case(&byte));
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    let checksum = to_checksum(&address, None);
    (!is_mixed || checksum.strip_prefix("0x") == Some(digits)).then_some(address)
}

/// A private key: `0x` and 64 hexadecimal digits.
pub(super) fn is_private_key(text: &str) -> bool {
    text.strip_prefix("0x").is_some_and(|digits| is_hex(digits, 64))
}

fn version_1(file: &Value, place: &str) -> Verdict {
    let validators = |value: &Value, place: &str| list(value, place, &|value, place| validator(value, place, Required));
    let judged = object(
        file,
        place,
        &[
            ("schemaVersion", Required, &|value, _| Verdict::of(value.as_f64() == Some(1.0))),
            ("validators", Optional, &validators),
            ("slasher", Optional, &accounts),
            ("remoteSigner", Optional, &remote_signer),
            ("prover", Optional, &prover),
            ("fundingAccount", Optional, &account),
        ],
    );
    judged.and(has_somebody(file))
}

fn version_2(file: &Value, place: &str) -> Verdict {
    let validators = |value: &Value, place: &str| list(value, place, &|value, place| validator(value, place, Optional));
    let judged = object(
        file,
        place,
        &[
            ("schemaVersion", Required, &|value, _| Verdict::of(value.as_f64() == Some(2.0))),
            ("validators", Optional, &validators),
            ("slasher", Optional, &accounts),
            ("remoteSigner", Optional, &remote_signer),
            ("prover", Optional, &prover),
            ("fundingAccount", Optional, &account),
            ("publisher", Optional, &accounts),
            ("coinbase", Optional, &address),
            ("feeRecipient", Optional, &fee_recipient),
        ],
    );
    judged.and(has_somebody(file)).and(has_fee_recipients(file))
}

fn has_somebody(file: &Value) -> Verdict {
    if file["validators"].is_null() && file["prover"].is_null() {
        return Verdict::faulty("Keystore must have at least validators or prover configuration", "root");
    }
    Verdict::Fits
}

fn has_fee_recipients(file: &Value) -> Verdict {
    let validators = file["validators"].as_array().map(Vec::as_slice).unwrap_or_default();
    if file["feeRecipient"].is_null() && validators.iter().any(|validator| validator["feeRecipient"].is_null()) {
        let message =
            "Each validator must have a feeRecipient, or a top-level feeRecipient must be set for all validators";
        return Verdict::faulty(message, "feeRecipient");
    }
    Verdict::Fits
}

fn validator(value: &Value, place: &str, fee_recipients: super::verdict::Presence) -> Verdict {
    object(
        value,
        place,
        &[
            ("attester", Required, &attesters),
            ("coinbase", Optional, &address),
            ("publisher", Optional, &accounts),
            ("feeRecipient", fee_recipients, &fee_recipient),
            ("remoteSigner", Optional, &remote_signer),
            ("fundingAccount", Optional, &account),
        ],
    )
}

fn attesters(value: &Value, place: &str) -> Verdict {
    one_of(value, place, &[&attester, &|value, place| list(value, place, &attester), &mnemonic])
}

fn attester(value: &Value, place: &str) -> Verdict {
    let pair =
        |value: &Value, place: &str| object(value, place, &[("eth", Required, &account), ("bls", Optional, &bls)]);
    one_of(value, place, &[&account, &pair])
}

fn accounts(value: &Value, place: &str) -> Verdict {
    one_of(value, place, &[&account, &|value, place| list(value, place, &account), &mnemonic])
}

fn account(value: &Value, place: &str) -> Verdict {
    one_of(value, place, &[&private_key, &address, &remote_account, &encrypted])
}

fn prover(value: &Value, place: &str) -> Verdict {
    let named = |value: &Value, place: &str| {
        object(value, place, &[("id", Required, &address), ("publisher", Required, &accounts)])
    };
    one_of(value, place, &[&account, &named])
}

fn bls(value: &Value, place: &str) -> Verdict {
    one_of(value, place, &[&private_key, &encrypted])
}

fn remote_account(value: &Value, place: &str) -> Verdict {
    object(
        value,
        place,
        &[
            ("address", Required, &address),
            ("remoteSignerUrl", Required, &url),
            ("certPath", Optional, &text),
            ("certPass", Optional, &text),
        ],
    )
}

fn remote_signer(value: &Value, place: &str) -> Verdict {
    let named = |value: &Value, place: &str| {
        object(
            value,
            place,
            &[("remoteSignerUrl", Required, &url), ("certPath", Optional, &text), ("certPass", Optional, &text)],
        )
    };
    one_of(value, place, &[&url, &named])
}

fn encrypted(value: &Value, place: &str) -> Verdict {
    object(value, place, &[("path", Required, &text), ("password", Optional, &text)])
}

fn mnemonic(value: &Value, place: &str) -> Verdict {
    let words = |value: &Value, place: &str| match value.as_str() {
        Some("") => Verdict::faulty("Mnemonic cannot be empty", place),
        Some(_) => Verdict::Fits,
        None => Verdict::Unfit,
    };
    let (index, count) = (number(0), number(1));
    object(
        value,
        place,
        &[
            ("mnemonic", Required, &words),
            ("addressIndex", Defaulted, &index),
            ("accountIndex", Defaulted, &index),
            ("addressCount", Defaulted, &count),
            ("accountCount", Defaulted, &count),
        ],
    )
}

fn number(least: i64) -> impl Fn(&Value, &str) -> Verdict {
    move |value, place| match (value.as_i64(), value.as_f64()) {
        (Some(number), _) if number >= least => Verdict::Fits,
        (Some(_), _) => Verdict::faulty(&format!("Number must be greater than or equal to {least}"), place),
        (None, Some(_)) => Verdict::faulty("Expected integer, received float", place),
        (None, None) => Verdict::Unfit,
    }
}

fn text(value: &Value, _: &str) -> Verdict {
    Verdict::of(value.is_string())
}

fn url(value: &Value, place: &str) -> Verdict {
    match value.as_str().map(Url::parse) {
        Some(Ok(_)) => Verdict::Fits,
        Some(Err(_)) => Verdict::faulty("Invalid URL", place),
        None => Verdict::Unfit,
    }
}

fn address(value: &Value, _: &str) -> Verdict {
    Verdict::of(value.as_str().and_then(parse_address).is_some())
}

fn private_key(value: &Value, _: &str) -> Verdict {
    Verdict::of(value.as_str().is_some_and(is_private_key))
}

fn fee_recipient(value: &Value, _: &str) -> Verdict {
    let is_one = |text: &str| is_hex(text.strip_prefix("0x").unwrap_or(text), 64);
    Verdict::of(value.as_str().is_some_and(is_one))
}

fn is_hex(digits: &str, count: usize) -> bool {
    digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
