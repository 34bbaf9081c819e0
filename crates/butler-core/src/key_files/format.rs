//! The formats of key files, told apart by their shape.
//!
//! Only public data is taken. A private key, password or mnemonic anywhere refuses the whole file: it is in the wrong
//! place. Fields that the formats do not define are ignored, since other tools own these files.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::{Address, H256};
use serde::Serialize;

use super::entry::{read_attester, read_publishers, read_validator};
use super::fault::FileFault;
use super::json::{Json, Place};
use crate::config::show_key;
use crate::domain::ids::Coinbase;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// `{"validators": […]}`: a keystore or a file of registered keys.
    Keystore,
    /// `{"attesters": […], "version": "2.0"}`.
    CachedAttesters,
    /// `{"attesters": […], "publishers": […], "version": "1.1"}`.
    ScrapeConfig,
    /// `{"server": ["0x…"]}`.
    Publishers,
    /// `[{"attester": "0x…", "publicKeyG1": …}]`: what was prepared for registration.
    StakerOutput,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keystore => "keystore",
            Self::CachedAttesters => "cached attesters",
            Self::ScrapeConfig => "scrape configuration",
            Self::Publishers => "publishers by server",
            Self::StakerOutput => "staker output",
        })
    }
}

/// One attester of a file.
pub(super) struct Entry {
    pub(super) attester: Address,
    pub(super) coinbase: Option<Coinbase>,
    pub(super) publishers: Vec<Address>,
    pub(super) bls_public_key: Option<H256>,
}

/// What a file says.
pub(super) struct Content {
    pub(super) kind: FileKind,
    pub(super) entries: Vec<Entry>,
    /// Publishers of the file's own server.
    pub(super) publishers: BTreeSet<Address>,
    /// Publishers of servers that the file names.
    pub(super) publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
}

impl Content {
    fn new(kind: FileKind) -> Self {
        Self { kind, entries: Vec::new(), publishers: BTreeSet::new(), publishers_by_server: BTreeMap::new() }
    }
}

/// Reads a file's value. With faults, what is returned is incomplete and must not be used.
pub(super) fn read_content(json: &Json, faults: &mut Vec<FileFault>) -> Option<Content> {
    if let Some(fault) = find_secret(json, &Place::Root) {
        faults.push(fault);
        return None;
    }
    match json {
        Json::List(items) => Some(read_staker_output(items, faults)),
        Json::Object(members) => read_object(json, members, faults),
        Json::Null | Json::Boolean | Json::Number | Json::Text(_) => {
            faults.push(FileFault::whole(format!("expected an object or a list, found {}", json.kind())));
            None
        }
    }
}

fn read_object(json: &Json, members: &[(String, Json)], faults: &mut Vec<FileFault>) -> Option<Content> {
    if let Some(validators) = json.get("validators") {
        let mut content = Content::new(FileKind::Keystore);
        content.entries = each(validators, "validators", faults, read_validator);
        return Some(content);
    }
    if let Some(attesters) = json.get("attesters") {
        let kind = match json.get("version") {
            Some(Json::Text(version)) if version == "2.0" => FileKind::CachedAttesters,
            Some(Json::Text(version)) if version == "1.1" => FileKind::ScrapeConfig,
            Some(_) | None => {
                faults.push(FileFault::at("version", "expected \"2.0\" or \"1.1\" beside `attesters`"));
                return None;
            }
        };
        let mut content = Content::new(kind);
        content.entries = each(attesters, "attesters", faults, read_attester);
        if let (FileKind::ScrapeConfig, Some(publishers)) = (kind, json.get("publishers")) {
            content.publishers = read_publishers(publishers, "publishers", faults).into_iter().collect();
        }
        return Some(content);
    }
    if json.get("mappings").is_some() {
        let fault = FileFault::whole("cached coinbases: not a key file, ignored");
        faults.push(fault.hint("remove it from the patterns; coinbases are read from the key files and the chain"));
        return None;
    }
    if !members.is_empty() && members.iter().all(|(_, value)| matches!(value, Json::List(_))) {
        return Some(read_publishers_by_server(members, faults));
    }
    let hint = "expected `validators`, `attesters`, publishers by server, or a list of attesters";
    faults.push(FileFault::whole("not a key file of a known kind").hint(hint));
    None
}

fn read_staker_output(items: &[Json], faults: &mut Vec<FileFault>) -> Content {
    let mut content = Content::new(FileKind::StakerOutput);
    let list = Json::List(items.to_vec());
    content.entries = each(&list, "", faults, |item, place, faults| {
        if !matches!(item, Json::Object(_)) {
            let what = format!("expected an object with `attester`, found {}", item.kind());
            faults.push(FileFault::at(place, what));
            return None;
        }
        let attester = super::entry::read_address_of(item, "attester", place, faults)?;
        Some(Entry { attester, coinbase: None, publishers: Vec::new(), bls_public_key: None })
    });
    content
}

fn read_publishers_by_server(members: &[(String, Json)], faults: &mut Vec<FileFault>) -> Content {
    let mut content = Content::new(FileKind::Publishers);
    let mut owners: BTreeMap<Address, &str> = BTreeMap::new();
    for (server, list) in members {
        let place = show_key(server);
        if server.trim().is_empty() || place != *server {
            faults.push(FileFault::at(&place, "expected the name of a server"));
        }
        let publishers = read_publishers(list, &place, faults);
        for publisher in &publishers {
            let owner = owners.entry(*publisher).or_insert(server);
            if owner != server {
                let what = format!("has a publisher that `{}` has too", show_key(owner));
                faults.push(FileFault::at(&place, what).hint("two servers with one account get in each other's way"));
            }
        }
        content.publishers_by_server.insert(server.clone(), publishers.into_iter().collect());
    }
    content
}

/// Reads each item of a list.
fn each(
    list: &Json,
    place: &str,
    faults: &mut Vec<FileFault>,
    read: impl Fn(&Json, &str, &mut Vec<FileFault>) -> Option<Entry>,
) -> Vec<Entry> {
    let Json::List(items) = list else {
        faults.push(FileFault::at(place, format!("expected a list, found {}", list.kind())));
        return Vec::new();
    };
    let items = items.iter().enumerate();
    items.filter_map(|(index, item)| read(item, &format!("{place}[{index}]"), faults)).collect()
}

/// The first place of a value that must not be in a public file.
fn find_secret(json: &Json, place: &Place<'_>) -> Option<FileFault> {
    match json {
        Json::List(items) => {
            items.iter().enumerate().find_map(|(index, item)| find_secret(item, &Place::Index(place, index)))
        }
        Json::Object(members) => members.iter().find_map(|(key, value)| {
            let place = Place::Key(place, key);
            match secret_name(key).filter(|_| *value != Json::Null) {
                Some(what) => {
                    Some(FileFault::secret(place.to_string(), format!("holds {what}; the whole file is refused")))
                }
                None => find_secret(value, &place),
            }
        }),
        Json::Null | Json::Boolean | Json::Number | Json::Text(_) => None,
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

/// The place of a key within a place.
pub(super) fn below(place: &str, key: &str) -> String {
    let key = show_key(key);
    if place.is_empty() { key } else { format!("{place}.{key}") }
}
