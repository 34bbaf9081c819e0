//! Aztec's keystore, schemas 1 and 2, and the files of registered keys that have its shape.
//!
//! A file that does not say its schema is read as the schema that its shape is of. What a node would refuse is told, and
//! what is legible is taken all the same: the node goes on with what it read before, and nobody must look at nothing.

use std::path::Path;

use ethers_core::types::{Address, H256};

use super::accounts::{Accounts, Mode, below};
use super::addresses::{address_fault, parse_address_or_zero};
use super::content::{Content, FileKind, Validator, WrittenCoinbase, WrittenPublishers};
use super::entry::{each, is_object, with_no_bls};
use super::fault::{FaultKind, FileFault};
use super::folders::KeyFolders;
use super::json::Json;
use super::public::{bls_key, is_fee_recipient};
use super::required::missing;
use super::schema::unknown_fields;

/// What only schema 2 has at the top.
const DEFAULTS: [&str; 3] = ["publisher", "coinbase", "feeRecipient"];

/// Reads a keystore. `None` when its schema is not known.
pub(super) fn read_keystore(json: &Json, folder: &Path, mode: Mode, faults: &mut Vec<FileFault>) -> Option<Content> {
    let schema = match json.get("schemaVersion") {
        None => None,
        Some(version) => match version.as_integer() {
            Some(known @ (1 | 2)) => Some(known),
            Some(_) | None => {
                let what = "this version of the schema is not known";
                let fault = FileFault::new(FaultKind::Format, "schemaVersion", what);
                faults.push(fault.hint("versions 1 and 2 are; perhaps a newer butler knows it"));
                return None;
            }
        },
    };
    let mut content = Content { schema, ..Content::new(FileKind::Keystore) };
    if mode != Mode::Public {
        content.has_signer = json.get("remoteSigner").is_some();
        content.unsigned = unsigned(json);
        faults.extend(unknown_fields(json));
        faults.extend(missing(json));
    }
    if schema == Some(1) {
        for key in DEFAULTS.iter().filter(|key| json.get(key).is_some() || json.is_null(key)) {
            let fault = FileFault::at(*key, "schema 1 has no such key at the top, so a node refuses the file");
            faults.push(fault.hint("say `\"schemaVersion\": 2`, or write it into each validator"));
        }
    } else {
        content.coinbase = read_coinbase(json, "", faults);
        check_fee_recipient(json, "", faults);
    }
    content.has_funding_account = json.get("fundingAccount").is_some();
    let needs_recipient = schema == Some(2) && json.get("feeRecipient").is_none();
    let mut accounts = Accounts::new(mode, folder, faults);
    if schema != Some(1) {
        content.default_publishers = accounts.publishers_of(json, "");
        content.has_publisher_mnemonic = json.get("publisher").is_some_and(|all| all.get("mnemonic").is_some());
        content.folders.publishers = accounts.take_folders();
    }
    content.has_prover = json.get("prover").is_some();
    if let Some(prover) = json.get("prover") {
        let before = accounts.faults.len();
        let publishers = prover_publishers(prover, &mut accounts);
        content.publishers.extend(publishers.listed());
        content.folders.keys = accounts.take_folders();
        content.has_illegible_publishers = publishers.is_void() || accounts.faults.len() > before;
    }
    if let Some(validators) = json.get("validators") {
        each(validators, "validators", &mut accounts, &mut content, |item, place, accounts| {
            read_validator(item, place, needs_recipient, accounts)
        });
        if matches!(validators, Json::List(items) if items.is_empty()) && json.get("prover").is_none() {
            accounts
                .faults
                .push(FileFault::names_nobody("validators", "an empty list: a node that reads it runs no attester"));
        }
    }
    Some(content)
}

/// How many accounts are addresses of which neither they nor their validator say where to sign.
fn unsigned(file: &Json) -> usize {
    let is_bare = |account: &Json| {
        let account = account.get("eth").unwrap_or(account);
        account.as_text().is_some_and(|text| parse_address_or_zero(text).is_ok_and(|address| !address.is_zero()))
    };
    let of = |holder: &Json, key: &str| match holder.get(key) {
        Some(Json::List(accounts)) => accounts.iter().filter(|account| is_bare(account)).count(),
        Some(account) => usize::from(is_bare(account)),
        None => 0,
    };
    let all = |holder: &Json, keys: &[&str]| keys.iter().map(|key| of(holder, key)).sum::<usize>();
    let of_prover = file.get("prover").map_or(0, |prover| of(prover, "publisher"));
    let validators = match file.get("validators") {
        Some(Json::List(validators)) => validators.as_slice(),
        Some(_) | None => &[],
    };
    let without_signer = validators.iter().filter(|validator| validator.get("remoteSigner").is_none());
    let of_validators: usize =
        without_signer.map(|validator| all(validator, &["attester", "publisher", "fundingAccount"])).sum();
    all(file, &["publisher", "fundingAccount", "prover"]) + of_prover + of_validators
}

/// An element of `validators`.
fn read_validator(item: &Json, place: &str, needs_recipient: bool, accounts: &mut Accounts<'_>) -> Option<Validator> {
    if !is_object(item, place, accounts.faults) {
        return None;
    }
    let keys = match item.get("attester") {
        Some(attester) => read_attesters(attester, &below(place, "attester"), accounts),
        None => {
            accounts.faults.push(FileFault::at(below(place, "attester"), "this key is required"));
            Vec::new()
        }
    };
    let keys_of = accounts.take_folders();
    let publishers = accounts.publishers_of(item, place);
    let folders = KeyFolders { keys: keys_of, publishers: accounts.take_folders() };
    let coinbase = read_coinbase(item, place, accounts.faults);
    check_fee_recipient(item, place, accounts.faults);
    if needs_recipient && item.get("feeRecipient").is_none() {
        let what = "schema 2 requires it here or at the top, so a node refuses the file";
        accounts.faults.push(FileFault::at(below(place, "feeRecipient"), what));
    }
    Some(Validator { index: 0, keys, coinbase, publishers, folders })
}

/// One attester, a list of them, or those of a mnemonic.
fn read_attesters(attester: &Json, place: &str, accounts: &mut Accounts<'_>) -> Vec<(Address, Option<H256>)> {
    match attester {
        Json::List(items) => {
            let mut keys = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let read = read_attester(item, &format!("{place}[{index}]"), accounts);
                accounts.illegible_attesters += usize::from(read.is_empty());
                keys.extend(read);
            }
            keys
        }
        Json::Object(_) if attester.get("mnemonic").is_some() => with_no_bls(accounts.all(attester, place)),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) | Json::Object(_) => {
            read_attester(attester, place, accounts)
        }
    }
}

fn read_attester(attester: &Json, place: &str, accounts: &mut Accounts<'_>) -> Vec<(Address, Option<H256>)> {
    let is_account = ["address", "path", "mnemonic"].iter().any(|key| attester.get(key).is_some());
    let account = match attester.get("eth") {
        Some(eth) => accounts.one(eth, &below(place, "eth")),
        None if matches!(attester, Json::Object(_)) && !is_account => {
            accounts.faults.push(FileFault::at(below(place, "eth"), "this key is required"));
            Vec::new()
        }
        None => accounts.one(attester, place),
    };
    let bls = match attester.get("bls") {
        // A node's own keystore has the private key there, which was passed over; an encrypted one is a path.
        None | Some(Json::Skipped(_) | Json::Object(_)) => None,
        Some(bls) => {
            let key = bls_key(bls);
            if key.is_none() {
                let what = "expected a compressed public key of 0x and 64 hex digits";
                accounts.faults.push(FileFault::at(below(place, "bls"), what));
            }
            key
        }
    };
    account.into_iter().map(|address| (address, bls)).collect()
}

/// The accounts that pay for proofs. With an `id` they stand beside it, else the prover is one account.
fn prover_publishers(prover: &Json, accounts: &mut Accounts<'_>) -> WrittenPublishers {
    if prover.get("id").is_none() {
        return WrittenPublishers::Listed(accounts.one(prover, "prover"));
    }
    accounts.publishers_of(prover, "prover")
}

/// What stands under `coinbase`.
pub(super) fn read_coinbase(item: &Json, place: &str, faults: &mut Vec<FileFault>) -> WrittenCoinbase {
    let Some(value) = item.get("coinbase") else { return WrittenCoinbase::Absent };
    let place = below(place, "coinbase");
    let Some(text) = value.as_text() else {
        faults.push(FileFault::at(place, format!("expected an address, found {}", value.kind())));
        return WrittenCoinbase::Illegible;
    };
    match parse_address_or_zero(text) {
        Ok(address) if address.is_zero() => {
            let fault = FileFault::new(FaultKind::ZeroCoinbase, place, "coinbase is the zero address");
            faults.push(fault.hint("remove the key until it is known"));
            WrittenCoinbase::Zero
        }
        Ok(address) => WrittenCoinbase::Address(address),
        Err(fault) => {
            faults.push(address_fault(&place, fault));
            WrittenCoinbase::Illegible
        }
    }
}

/// An Aztec address has 32 bytes; some tools write an Ethereum address. It is checked, and not used.
fn check_fee_recipient(item: &Json, place: &str, faults: &mut Vec<FileFault>) {
    let Some(value) = item.get("feeRecipient") else { return };
    if !value.as_text().is_some_and(is_fee_recipient) {
        let what = "expected an address of 0x and 64 or 40 hex digits";
        faults.push(FileFault::at(below(place, "feeRecipient"), what));
    }
}
