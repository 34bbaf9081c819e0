//! What a node's own keystore must have: a node refuses the whole file where something is missing, or of another kind.
//!
//! Only what nobody else looks at is looked at here; what is wrong with addresses, coinbases and publishers is told where these
//! are read. Nothing that is told says what a field holds.

use url::Url;

use super::accounts::below;
use super::addresses::parse_address_or_zero;
use super::fault::FileFault;
use super::json::{Json, Shape};

/// Digits of an address of Aztec.
const RECIPIENT_DIGITS: usize = 64;

/// Everything that is missing, or of another kind than it must be.
pub(super) fn missing(file: &Json) -> Vec<FileFault> {
    let mut missing = Missing::default();
    if file.get("schemaVersion").is_none() {
        missing.tell(below("", "schemaVersion"), "this key is required, so a node refuses the file");
    }
    missing.signer(file, "");
    missing.recipient(file, "");
    missing.slashers(file);
    missing.accounts(file, "publisher", "");
    missing.funding(file, "");
    if let Some(prover) = file.get("prover") {
        missing.prover(prover);
    }
    let is_first_schema = file.get("schemaVersion").and_then(Json::as_integer) == Some(1);
    if let Some(Json::List(validators)) = file.get("validators") {
        for (index, validator) in validators.iter().enumerate() {
            missing.validator(validator, &format!("validators[{index}]"), is_first_schema);
        }
    }
    missing.faults
}

/// Whether something is one account as far as it is looked at.
fn is_account(account: &Json) -> bool {
    match account {
        Json::Text(text) => matches!(Shape::of_text(text), Shape::Key) || parse_address_or_zero(text).is_ok(),
        Json::Object(_) => ["address", "path"].iter().any(|key| account.get(key).is_some()),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Skipped(_) | Json::List(_) => false,
    }
}

#[derive(Default)]
struct Missing {
    faults: Vec<FileFault>,
}

impl Missing {
    fn tell(&mut self, place: String, what: &str) {
        self.faults.push(FileFault::at(place, what));
    }

    fn validator(&mut self, validator: &Json, place: &str, is_first_schema: bool) {
        if is_first_schema && matches!(validator, Json::Object(_)) && validator.get("feeRecipient").is_none() {
            let what = "schema 1 requires it in every validator, so a node refuses the file";
            self.tell(below(place, "feeRecipient"), what);
        }
        self.recipient(validator, place);
        self.signer(validator, place);
        self.funding(validator, place);
        self.accounts(validator, "publisher", place);
        let place = below(place, "attester");
        match validator.get("attester") {
            Some(Json::List(attesters)) => {
                if attesters.is_empty() {
                    self.tell(place.clone(), "an empty list: a node runs no attester for it");
                }
                for (index, attester) in attesters.iter().enumerate() {
                    self.attester(attester, &format!("{place}[{index}]"));
                }
            }
            Some(attester) => self.attester(attester, &place),
            None => {}
        }
    }

    fn attester(&mut self, attester: &Json, place: &str) {
        let Some(eth) = attester.get("eth") else { return self.account(attester, place) };
        self.account(eth, &below(place, "eth"));
        let is_bls = |bls: &Json| match bls {
            Json::Skipped(shape) => matches!(shape, Shape::Null | Shape::Key | Shape::Encrypted),
            Json::Null => true,
            Json::Object(_) => bls.get("path").is_some(),
            Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::List(_) => false,
        };
        if attester.get("bls").is_some_and(|bls| !is_bls(bls)) {
            let what = "expected a private key of 0x and 64 hex digits or an encrypted one, so a node refuses the file";
            self.tell(below(place, "bls"), what);
        }
    }

    /// One account or several.
    fn accounts(&mut self, holder: &Json, key: &'static str, place: &str) {
        let place = below(place, key);
        match holder.get(key) {
            Some(Json::List(items)) => {
                items.iter().enumerate().for_each(|(index, item)| self.account(item, &format!("{place}[{index}]")));
            }
            Some(account) => self.account(account, &place),
            None => {}
        }
    }

    /// An account that is an object. What its address or its path must be is told where it is read.
    fn account(&mut self, account: &Json, place: &str) {
        if account.get("address").is_some() {
            self.url(account, place);
        } else if account.get("path").is_some() {
            let what = "a node has no other place for the password of an encrypted key, so it refuses to load this one";
            match account.get("password") {
                Some(Json::Skipped(Shape::Text | Shape::Key)) => {}
                None | Some(Json::Skipped(Shape::Null | Shape::Empty)) => self.tell(below(place, "password"), what),
                Some(_) => self.tell(below(place, "password"), "expected text, so a node refuses the file"),
            }
        }
    }

    /// An account that nothing else reads.
    fn funding(&mut self, holder: &Json, place: &str) {
        let Some(account) = holder.get("fundingAccount") else { return };
        let place = below(place, "fundingAccount");
        self.account(account, &place);
        if !is_account(account) {
            self.tell(place, "expected one account, so a node refuses the file");
        }
    }

    /// Accounts that nothing else reads.
    fn slashers(&mut self, file: &Json) {
        self.accounts(file, "slasher", "");
        let is_good = |account: &Json| is_account(account) || account.get("mnemonic").is_some();
        let is_good = match file.get("slasher") {
            Some(Json::List(accounts)) => accounts.iter().all(is_good),
            Some(account) => is_good(account),
            None => true,
        };
        if !is_good {
            self.tell(below("", "slasher"), "expected accounts, so a node refuses the file");
        }
    }

    fn prover(&mut self, prover: &Json) {
        let Some(id) = prover.get("id") else { return self.account(prover, "prover") };
        if id.as_text().is_none_or(|id| parse_address_or_zero(id).is_err()) {
            self.tell(below("prover", "id"), "expected an address, so a node refuses the file");
        }
        if prover.get("publisher").is_none() {
            self.tell(below("prover", "publisher"), "this key is required beside `id`, so a node refuses the file");
        }
        self.accounts(prover, "publisher", "prover");
    }

    /// An address of Aztec, which has more digits than one of Ethereum.
    fn recipient(&mut self, holder: &Json, place: &str) {
        let digits = |text: &str| text.strip_prefix("0x").unwrap_or(text).len();
        let recipient = holder.get("feeRecipient").and_then(Json::as_text);
        if recipient.is_some_and(|text| digits(text) != RECIPIENT_DIGITS) {
            self.tell(
                below(place, "feeRecipient"),
                "an address of Aztec has 64 hex digits, so a node refuses the file",
            );
        }
    }

    fn signer(&mut self, holder: &Json, place: &str) {
        let place = below(place, "remoteSigner");
        match holder.get("remoteSigner") {
            None => {}
            Some(Json::Text(text)) => self.check_url(text, place),
            Some(signer @ Json::Object(_)) => self.url(signer, &place),
            Some(Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Skipped(_) | Json::List(_)) => {
                self.tell(place, "expected the URL of a signer, so a node refuses the file");
            }
        }
    }

    fn url(&mut self, holder: &Json, place: &str) {
        for key in ["certPath", "certPass"] {
            let is_text = |value: &Json| {
                matches!(value, Json::Text(_) | Json::Skipped(Shape::Text | Shape::Key | Shape::Empty | Shape::Null))
            };
            if holder.get(key).is_some_and(|value| !is_text(value)) {
                self.tell(below(place, key), "expected text, so a node refuses the file");
            }
        }
        let place = below(place, "remoteSignerUrl");
        match holder.get("remoteSignerUrl").map(Json::as_text) {
            Some(Some(text)) => self.check_url(text, place),
            Some(None) => self.tell(place, "expected the URL of a signer, so a node refuses the file"),
            None => self.tell(place, "this key is required, so a node refuses the file"),
        }
    }

    fn check_url(&mut self, text: &str, place: String) {
        if Url::parse(text).is_err() {
            self.tell(place, "this is no URL, so a node refuses the file");
        }
    }
}
