//! Ethereum accounts in the forms of Aztec's keystore, each turned into its address.
//!
//! An account is an address, one of a remote signer, an encrypted file, a private key, or (where a list could stand) a
//! mnemonic. In a file of public keys only the first two are taken. What is illegible is a fault of its place.

use std::path::Path;

use ethers_core::types::Address;

use super::addresses::{address_fault, parse_address};
use super::content::WrittenPublishers;
use super::encrypted::{self, Encrypted};
use super::fault::FileFault;
use super::folders::Folders;
use super::json::Json;
use super::private::{Derivation, address_of_key, addresses_of_mnemonic};
use super::sources::PrivateKeys;

/// How many addresses are derived from the mnemonics of one file: as many as a node can run, and more.
const MOST_DERIVED: u32 = 10_000;

/// The keys of an object, which may have no others.
struct Keys(&'static [&'static str]);

const MNEMONIC: Keys = Keys(&["mnemonic", "addressIndex", "accountIndex", "addressCount", "accountCount"]);

impl Keys {
    /// Which field of an object is none of these, from 1.
    fn unknown_of(&self, json: &Json) -> Option<usize> {
        let Json::Object(members) = json else { return None };
        members.iter().position(|(key, _)| !self.0.contains(&key.as_str())).map(|index| index + 1)
    }
}

/// What of a file may be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// A file of public keys.
    Public,
    /// A node's own keystore.
    Node(PrivateKeys),
}

/// The reading of one file's accounts.
pub(super) struct Accounts<'a> {
    pub(super) mode: Mode,
    /// Where the file lies, for the files that it names.
    pub(super) folder: &'a Path,
    pub(super) faults: &'a mut Vec<FileFault>,
    /// How many attesters of lists are not legible, so far.
    pub(super) illegible_attesters: usize,
    derived: u32,
    /// The folders of encrypted keys that were read since they were taken last.
    folders: Folders,
}

impl<'a> Accounts<'a> {
    pub(super) fn new(mode: Mode, folder: &'a Path, faults: &'a mut Vec<FileFault>) -> Self {
        Self { mode, folder, faults, illegible_attesters: 0, derived: 0, folders: Folders::new() }
    }

    /// The folders of encrypted keys that were read since the last time.
    pub(super) fn take_folders(&mut self) -> Folders {
        std::mem::take(&mut self.folders)
    }

    /// One account. Several addresses where an encrypted account is a folder, none where it is illegible.
    pub(super) fn one(&mut self, json: &Json, place: &str) -> Vec<Address> {
        match json {
            Json::Text(text) => self.text(text, place).into_iter().collect(),
            Json::Object(_) if json.get("address").is_some() => {
                let place = below(place, "address");
                let text = json.get("address").and_then(Json::as_text);
                match text {
                    Some(text) => self.text(text, &place).into_iter().collect(),
                    None => self.illegible(place, "expected an address"),
                }
            }
            Json::Object(_) if json.get("path").is_some() => self.encrypted(json, place),
            Json::Object(_) if json.get("mnemonic").is_some() => {
                self.illegible(place.to_owned(), "a mnemonic can not stand in a list: the node refuses the file")
            }
            Json::Object(_) => self.illegible(below(place, "address"), "this key is required"),
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Skipped(_) | Json::List(_) => {
                self.illegible(place.to_owned(), &format!("expected an address, found {}", json.kind()))
            }
        }
    }

    /// One account, a list of them, or a mnemonic.
    pub(super) fn all(&mut self, json: &Json, place: &str) -> Vec<Address> {
        match json {
            Json::List(items) => {
                let mut found = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    found.extend(self.one(item, &format!("{place}[{index}]")));
                }
                found
            }
            Json::Object(_) if json.get("mnemonic").is_some() => self.mnemonic(json, place),
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) | Json::Object(_) => {
                self.one(json, place)
            }
        }
    }

    /// What `publisher` says, if it is there. `null` is a node's word for absent.
    pub(super) fn publishers_of(&mut self, holder: &Json, place: &str) -> WrittenPublishers {
        if holder.is_null("publisher") {
            return WrittenPublishers::Null;
        }
        self.publishers(holder.get("publisher"), &below(place, "publisher"))
    }

    /// What stands in the place of publishers.
    pub(super) fn publishers(&mut self, json: Option<&Json>, place: &str) -> WrittenPublishers {
        let Some(json) = json else { return WrittenPublishers::Absent };
        let is_zero = |json: &Json| {
            let text = json.get("address").unwrap_or(json).as_text();
            text.and_then(|text| text.strip_prefix("0x"))
                .is_some_and(|digits| digits.len() == 40 && digits.bytes().all(|digit| digit == b'0'))
        };
        let is_list_of_zeros = matches!(json, Json::List(items) if !items.is_empty() && items.iter().all(is_zero));
        if is_zero(json) || is_list_of_zeros {
            if self.mode != Mode::Public {
                let fault = FileFault::at(place, "the zero address, whose key no node has: it refuses the file");
                self.faults.push(fault.hint("name a publisher, or remove the key"));
            }
            return WrittenPublishers::Zero;
        }
        let (before, mut zero) = (self.faults.len(), None);
        let found = match json {
            Json::List(items) if items.is_empty() => {
                let fault = FileFault::at(place, "an empty list, with which a node publishes nothing");
                self.faults.push(fault.hint("name a publisher, or remove the key"));
                return WrittenPublishers::Illegible(Vec::new());
            }
            Json::List(items) => {
                let (zeros, items): (Vec<_>, Vec<_>) = items.iter().enumerate().partition(|(_, item)| is_zero(item));
                if let Some((index, _)) = zeros.first().filter(|_| self.mode != Mode::Public) {
                    let what = "the zero address, whose key no node has: it refuses the file";
                    zero =
                        Some(FileFault::at(format!("{place}[{index}]"), what).hint("name a publisher, or remove it"));
                }
                items.into_iter().flat_map(|(index, item)| self.one(item, &format!("{place}[{index}]"))).collect()
            }
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) | Json::Object(_) => {
                self.all(json, place)
            }
        };
        let is_legible = self.faults.len() == before;
        self.faults.extend(zero);
        if is_legible { WrittenPublishers::Listed(found) } else { WrittenPublishers::Illegible(found) }
    }

    fn text(&mut self, text: &str, place: &str) -> Option<Address> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return self.private_key(text, place);
        }
        match parse_address(text) {
            Ok(address) => Some(address),
            Err(fault) => {
                self.faults.push(address_fault(place, fault));
                None
            }
        }
    }

    fn private_key(&mut self, text: &str, place: &str) -> Option<Address> {
        match self.mode {
            Mode::Public => {
                // The search for secrets came before and found it.
                self.faults.push(FileFault::secret(place, "a private key"));
                None
            }
            Mode::Node(PrivateKeys::Refuse) => self.refuse(place),
            Mode::Node(PrivateKeys::Derive) if !text.starts_with("0x") => {
                self.faults.push(FileFault::at(place, "a private key without `0x`, so a node refuses the file"));
                None
            }
            Mode::Node(PrivateKeys::Derive) => {
                let address = address_of_key(text);
                if address.is_none() {
                    self.faults.push(FileFault::at(place, "this is no private key of Ethereum"));
                }
                address
            }
        }
    }

    fn refuse(&mut self, place: &str) -> Option<Address> {
        let fault = FileFault::at(place, "a private key, which this program does not read");
        self.faults.push(fault.hint("set `exporter.read_private_keystores`, or use a file of public keys"));
        None
    }

    fn mnemonic(&mut self, json: &Json, place: &str) -> Vec<Address> {
        let Mode::Node(private_keys) = self.mode else {
            self.faults.push(FileFault::secret(place, "a mnemonic"));
            return Vec::new();
        };
        if private_keys == PrivateKeys::Refuse {
            self.refuse(place);
            return Vec::new();
        }
        if let Some(unknown) = MNEMONIC.unknown_of(json) {
            let what = "a mnemonic has no such key, so a node refuses the file";
            return self.illegible(format!("{place}.<field {unknown}>"), what);
        }
        let number = |key: &'static str, default: u32, least: u32| match json.get(key) {
            None => Some(default),
            Some(value) => {
                value.as_integer().and_then(|value| u32::try_from(value).ok()).filter(|value| *value >= least)
            }
        };
        let derivation = || {
            Some(Derivation {
                account_index: number("accountIndex", 0, 0)?,
                accounts: number("accountCount", 1, 1)?,
                address_index: number("addressIndex", 0, 0)?,
                addresses: number("addressCount", 1, 1)?,
            })
        };
        let Some(derivation) = derivation() else {
            return self.illegible(place.to_owned(), "expected indices from 0 and counts from 1");
        };
        self.derived = self.derived.saturating_add(derivation.accounts.saturating_mul(derivation.addresses));
        if self.derived > MOST_DERIVED {
            return self.illegible(place.to_owned(), &format!("more than {MOST_DERIVED} addresses of mnemonics"));
        }
        let phrase = json.get("mnemonic").and_then(Json::as_text);
        match phrase.and_then(|phrase| addresses_of_mnemonic(phrase, derivation)) {
            Some(addresses) => addresses,
            None => self.illegible(below(place, "mnemonic"), "this is no mnemonic of BIP-39"),
        }
    }

    fn encrypted(&mut self, json: &Json, place: &str) -> Vec<Address> {
        let place = below(place, "path");
        if self.mode == Mode::Public {
            let fault = FileFault::at(place, "an encrypted key, which a file of public keys does not lead to");
            self.faults.push(fault.hint("list the keystore under `node_keystores`, or name the address"));
            return Vec::new();
        }
        let Some(path) = json.get("path").and_then(Json::as_text) else {
            return self.illegible(place, "expected the path of an encrypted key");
        };
        match encrypted::addresses(path, self.folder) {
            Ok(Encrypted::Key(address)) => vec![address],
            Ok(Encrypted::Folder(addresses)) => {
                self.folders.entry(path.to_owned()).or_default().extend(&addresses);
                addresses
            }
            Err(what) => {
                self.faults.push(FileFault::at(place, what).local());
                Vec::new()
            }
        }
    }

    fn illegible(&mut self, place: String, what: &str) -> Vec<Address> {
        self.faults.push(FileFault::at(place, what));
        Vec::new()
    }
}

/// The place of a key of the formats within a place.
pub(super) fn below(place: &str, key: &'static str) -> String {
    if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") }
}
