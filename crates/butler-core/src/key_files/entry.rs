//! One attester of a key file: its addresses, read strictly.

use ethers_core::types::{Address, H256};

use super::fault::FileFault;
use super::format::{Entry, below};
use super::json::Json;
use crate::config::{AddressFault, parse_address, parse_address_or_zero};
use crate::domain::ids::Coinbase;

/// An element of `validators`.
pub(super) fn read_validator(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> Option<Entry> {
    if !is_object(item, place, faults) {
        return None;
    }
    let attester_place = below(place, "attester");
    let (attester, bls_public_key) = match item.get("attester") {
        Some(Json::Object(_)) => {
            let attester = item.get("attester")?;
            // A 32-byte `bls` may be a public key or a private one; beside a public `eth` it is the public one.
            let key = if attester.get("address").is_some() { "address" } else { "eth" };
            let eth = read_address_of(attester, key, &attester_place, faults);
            let bls = attester.get("bls").filter(|_| eth.is_some());
            (eth, bls.and_then(|bls| read_bls(bls, &below(&attester_place, "bls"), faults)))
        }
        Some(attester) => (read_account(attester, &attester_place, faults), None),
        None => {
            faults.push(FileFault::at(attester_place, "this key is required"));
            (None, None)
        }
    };
    let publisher = item.get("publisher");
    let publishers = publisher.map(|list| read_publishers(list, &below(place, "publisher"), faults));
    let coinbase = read_coinbase(item, place, faults);
    if let Some(recipient) = item.get("feeRecipient") {
        check_fee_recipient(recipient, &below(place, "feeRecipient"), faults);
    }
    Some(Entry { attester: attester?, coinbase, publishers: publishers.unwrap_or_default(), bls_public_key })
}

/// An element of `attesters`: an address, or an object with one.
pub(super) fn read_attester(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> Option<Entry> {
    let (attester, coinbase) = match item {
        Json::Text(_) => (read_account(item, place, faults), None),
        Json::Null | Json::Boolean | Json::Number | Json::List(_) | Json::Object(_) => {
            if !is_object(item, place, faults) {
                return None;
            }
            (read_address_of(item, "address", place, faults), read_coinbase(item, place, faults))
        }
    };
    Some(Entry { attester: attester?, coinbase, publishers: Vec::new(), bls_public_key: None })
}

/// One publisher or a list of them. Zero stands for "none yet" in files that were just made, and is left out.
pub(super) fn read_publishers(json: &Json, place: &str, faults: &mut Vec<FileFault>) -> Vec<Address> {
    let one = |json: &Json, place: &str, faults: &mut Vec<FileFault>| {
        let account = account_of(json);
        let zero =
            matches!(account, Json::Text(text) if parse_address_or_zero(text).is_ok_and(|address| address.is_zero()));
        if zero { None } else { read_account(json, place, faults) }
    };
    match json {
        Json::List(items) => {
            let items = items.iter().enumerate();
            items.filter_map(|(index, item)| one(item, &format!("{place}[{index}]"), faults)).collect()
        }
        Json::Null | Json::Boolean | Json::Number | Json::Text(_) | Json::Object(_) => {
            one(json, place, faults).into_iter().collect()
        }
    }
}

/// The address under a key that is required.
pub(super) fn read_address_of(item: &Json, key: &str, place: &str, faults: &mut Vec<FileFault>) -> Option<Address> {
    match item.get(key) {
        Some(value) => read_account(value, &below(place, key), faults),
        None => {
            faults.push(FileFault::at(below(place, key), "this key is required"));
            None
        }
    }
}

/// An account of a remote signer is an object with an `address`; all others are the address itself.
fn account_of(json: &Json) -> &Json {
    json.get("address").unwrap_or(json)
}

fn read_account(json: &Json, place: &str, faults: &mut Vec<FileFault>) -> Option<Address> {
    let Json::Text(text) = account_of(json) else {
        faults.push(FileFault::at(place, format!("expected an address, found {}", json.kind())));
        return None;
    };
    let place = if matches!(json, Json::Object(_)) { below(place, "address") } else { place.to_owned() };
    parse_address(text).map_err(|fault| faults.push(address_fault(place, fault))).ok()
}

fn address_fault(place: String, fault: AddressFault) -> FileFault {
    match fault {
        AddressFault::PrivateKey => FileFault::secret(place, "holds a private key; the whole file is refused"),
        AddressFault::Checksum => {
            FileFault::at(place, fault.to_string()).hint("copy the address again from its source")
        }
        AddressFault::Shape | AddressFault::Zero => FileFault::at(place, fault.to_string()),
    }
}

fn read_coinbase(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> Option<Coinbase> {
    let value = item.get("coinbase")?;
    let place = below(place, "coinbase");
    let Json::Text(text) = value else {
        faults.push(FileFault::at(place, format!("expected an address, found {}", value.kind())));
        return None;
    };
    match parse_address_or_zero(text) {
        Ok(address) => match Coinbase::try_from(address) {
            Ok(coinbase) => Some(coinbase),
            Err(zero) => {
                let fault = FileFault::at(place, zero.to_string());
                faults.push(fault.hint("remove the key until it is known"));
                None
            }
        },
        Err(fault) => {
            faults.push(address_fault(place, fault));
            None
        }
    }
}

fn read_bls(json: &Json, place: &str, faults: &mut Vec<FileFault>) -> Option<H256> {
    let key = text_of(json).and_then(|text| text.strip_prefix("0x")).filter(|digits| digits.len() == 64);
    let key = key.and_then(|digits| digits.parse::<H256>().ok()).filter(|key| !key.is_zero());
    if key.is_none() {
        faults.push(FileFault::at(place, "expected a compressed public key of 0x and 64 hex digits"));
    }
    key
}

/// An Aztec address has 32 bytes; some tools write an Ethereum address. It is checked, and not used.
fn check_fee_recipient(json: &Json, place: &str, faults: &mut Vec<FileFault>) {
    let digits = text_of(json).and_then(|text| text.strip_prefix("0x"));
    let hex = |digits: &&str| matches!(digits.len(), 40 | 64) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if digits.filter(hex).is_none() {
        faults.push(FileFault::at(place, "expected an address of 0x and 64 or 40 hex digits"));
    }
}

fn text_of(json: &Json) -> Option<&str> {
    match json {
        Json::Text(text) => Some(text),
        Json::Null | Json::Boolean | Json::Number | Json::List(_) | Json::Object(_) => None,
    }
}

fn is_object(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> bool {
    let object = matches!(item, Json::Object(_));
    if !object {
        faults.push(FileFault::at(place, format!("expected an object, found {}", item.kind())));
    }
    object
}
