//! What a node's own keystore must not have: its schema is strict, and one field that it does not know refuses the whole file.
//!
//! Only names are looked at, and only in files that a node itself reads: others may have what other tools want.

use super::accounts::below;
use super::fault::FileFault;
use super::json::Json;
use crate::text::time::count;

const FILE: [&str; 9] = [
    "schemaVersion",
    "validators",
    "slasher",
    "remoteSigner",
    "prover",
    "fundingAccount",
    // Of schema 2; that schema 1 has none of these is told elsewhere.
    "publisher",
    "coinbase",
    "feeRecipient",
];
const VALIDATOR: [&str; 6] = ["attester", "coinbase", "publisher", "feeRecipient", "remoteSigner", "fundingAccount"];
const ATTESTER: [&str; 2] = ["eth", "bls"];
const PROVER: [&str; 2] = ["id", "publisher"];
const REMOTE_ACCOUNT: [&str; 4] = ["address", "remoteSignerUrl", "certPath", "certPass"];
const REMOTE_SIGNER: [&str; 3] = ["remoteSignerUrl", "certPath", "certPass"];
const ENCRYPTED: [&str; 2] = ["path", "password"];

/// Every field that the schema does not know.
pub(super) fn unknown_fields(file: &Json) -> Vec<FileFault> {
    let mut unknown = Unknown::default();
    unknown.object(file, "", &FILE);
    for key in ["slasher", "publisher"] {
        unknown.accounts(file, key, "");
    }
    unknown.account(file, "fundingAccount", "");
    unknown.signer(file, "");
    if let Some(prover) = file.get("prover") {
        if prover.get("id").is_some() {
            unknown.object(prover, "prover", &PROVER);
            unknown.accounts(prover, "publisher", "prover");
        } else {
            unknown.one(prover, "prover");
        }
    }
    if let Some(Json::List(validators)) = file.get("validators") {
        for (index, validator) in validators.iter().enumerate() {
            unknown.validator(validator, &format!("validators[{index}]"));
        }
    }
    unknown.faults
}

#[derive(Default)]
struct Unknown {
    faults: Vec<FileFault>,
}

impl Unknown {
    /// An object that may have these keys only.
    fn object(&mut self, json: &Json, place: &str, known: &[&str]) {
        let Json::Object(members) = json else { return };
        let unknown = members.iter().filter(|(key, _)| !known.contains(&key.as_str())).count();
        if unknown > 0 {
            // Not which: in a file of secrets a name may be a part of one.
            let keys = count(unknown, "key");
            let what = format!("{keys} that the schema of a node's keystore does not have, so a node refuses the file");
            self.faults.push(FileFault::at(place, what).hint(&format!("it may have {}", known.join(", "))));
        }
    }

    fn validator(&mut self, validator: &Json, place: &str) {
        self.object(validator, place, &VALIDATOR);
        self.accounts(validator, "publisher", place);
        self.account(validator, "fundingAccount", place);
        self.signer(validator, place);
        let place = below(place, "attester");
        match validator.get("attester") {
            Some(Json::List(attesters)) => {
                for (index, attester) in attesters.iter().enumerate() {
                    self.attester(attester, &format!("{place}[{index}]"));
                }
            }
            Some(attester) => self.attester(attester, &place),
            None => {}
        }
    }

    fn attester(&mut self, attester: &Json, place: &str) {
        if attester.get("eth").is_some() {
            self.object(attester, place, &ATTESTER);
            self.account(attester, "eth", place);
        } else {
            self.one(attester, place);
        }
    }

    /// One account or several.
    fn accounts(&mut self, holder: &Json, key: &'static str, place: &str) {
        if let Some(Json::List(items)) = holder.get(key) {
            let place = below(place, key);
            items.iter().enumerate().for_each(|(index, item)| self.one(item, &format!("{place}[{index}]")));
        } else {
            self.account(holder, key, place);
        }
    }

    fn account(&mut self, holder: &Json, key: &'static str, place: &str) {
        if let Some(account) = holder.get(key) {
            self.one(account, &below(place, key));
        }
    }

    /// An account that is an object; what a mnemonic must not have is told where it is read.
    fn one(&mut self, account: &Json, place: &str) {
        if account.get("address").is_some() {
            self.object(account, place, &REMOTE_ACCOUNT);
        } else if account.get("path").is_some() {
            self.object(account, place, &ENCRYPTED);
        }
    }

    fn signer(&mut self, holder: &Json, place: &str) {
        if let Some(signer) = holder.get("remoteSigner") {
            self.object(signer, &below(place, "remoteSigner"), &REMOTE_SIGNER);
        }
    }
}
