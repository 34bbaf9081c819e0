//! The formats of key files, told apart by their shape.
//!
//! Fields that the formats do not define are ignored, since other tools own these files; whether they hold a secret is
//! looked at before. What is wrong with one entry is told, and the others are taken; what is wrong with the whole refuses it.

use std::collections::BTreeMap;
use std::path::Path;

use ethers_core::types::Address;

use super::accounts::{Accounts, Mode};
use super::content::{Content, FileKind, Validator, WrittenPublishers};
use super::entry::{each, is_object, required, with_no_bls};
use super::fault::{FaultKind, FileFault};
use super::json::{Json, Unwanted};
use super::keystore::{read_coinbase, read_keystore};
use super::public::registered_key;
use super::scan::find_secret;
use super::shown::shown_key;
use crate::config::escape;
use crate::text::secrets::without_secrets;

/// What of a node's own keystore is passed over: no address is in it.
const UNWANTED: Unwanted = &["bls", "password", "certPass", "crypto", "Crypto", "ciphertext", "x-ethers"];

/// What of a file is not even copied out of its bytes.
pub(super) fn unwanted(mode: Mode) -> Unwanted {
    match mode {
        Mode::Public => &[],
        Mode::Node(_) => UNWANTED,
    }
}

/// Reads a file's value. `None` when the file is refused as a whole.
pub(super) fn read_content(json: &Json, path: &Path, mode: Mode, faults: &mut Vec<FileFault>) -> Option<Content> {
    if json.get("mappings").is_some() {
        let fault = FileFault::new(FaultKind::NotKeys, "", "cached coinbases: not a key file, ignored");
        faults.push(fault.hint("remove it from the patterns; coinbases are read from the key files and the chain"));
        return None;
    }
    if mode == Mode::Public
        && let Some(fault) = find_secret(json)
    {
        faults.push(fault);
        return None;
    }
    let before = faults.len();
    let folder = path.parent().unwrap_or(Path::new(""));
    let content = match json {
        Json::List(items) => Some(read_staker_output(items, folder, mode, faults)),
        Json::Object(members) => read_object(json, members, path, mode, faults),
        Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Text(_) | Json::Skipped(_) => {
            faults.push(FileFault::whole(format!("expected an object or a list, found {}", json.kind())));
            None
        }
    };
    let refused = faults.iter().skip(before).any(|fault| fault.kind.refuses_file());
    content.filter(|_| !refused)
}

fn read_object(
    json: &Json,
    members: &[(String, Json)],
    path: &Path,
    mode: Mode,
    faults: &mut Vec<FileFault>,
) -> Option<Content> {
    let folder = path.parent().unwrap_or(Path::new(""));
    if json.get("validators").is_some() || (json.get("schemaVersion").is_some() && json.get("prover").is_some()) {
        return read_keystore(json, folder, mode, faults);
    }
    if let (Mode::Node(_), Some(_)) = (mode, json.get("version")) {
        return read_encrypted_key(json, path, faults);
    }
    if let Some(attesters) = json.get("attesters") {
        return read_attesters(json, attesters, folder, mode, faults);
    }
    if mode == Mode::Public && !members.is_empty() && members.iter().all(|(_, value)| matches!(value, Json::List(_))) {
        return Some(read_publishers_by_server(members, folder, mode, faults));
    }
    let hint = "expected `validators`, `attesters`, publishers by server, or a list of attesters";
    faults.push(FileFault::whole("not a key file of a known kind").hint(hint));
    None
}

/// The formats of the older tools.
fn read_attesters(
    json: &Json,
    attesters: &Json,
    folder: &Path,
    mode: Mode,
    faults: &mut Vec<FileFault>,
) -> Option<Content> {
    let kind = match json.get("version").and_then(Json::as_text) {
        Some("2.0") => FileKind::CachedAttesters,
        Some("1.1") => FileKind::ScrapeConfig,
        Some(_) | None => {
            let what = "expected \"2.0\" or \"1.1\" beside `attesters`";
            faults.push(FileFault::new(FaultKind::Format, "version", what));
            return None;
        }
    };
    let mut content = Content::new(kind);
    let mut accounts = Accounts::new(mode, folder, faults);
    each(attesters, "attesters", &mut accounts, &mut content, |item, place, accounts| {
        let coinbase = read_coinbase(item, place, accounts.faults);
        let keys = match item {
            Json::Text(_) => accounts.one(item, place),
            Json::Null | Json::Boolean(_) | Json::Number(_) | Json::Skipped(_) | Json::List(_) | Json::Object(_) => {
                if !is_object(item, place, accounts.faults) {
                    return None;
                }
                required(item, "address", place, accounts)
            }
        };
        Some(Validator { keys: with_no_bls(keys), coinbase, ..Validator::default() })
    });
    if kind == FileKind::ScrapeConfig {
        let publishers = accounts.publishers(json.get("publishers"), "publishers");
        content.publishers.extend(publishers.listed());
        content.has_illegible_publishers = publishers.is_illegible() || publishers.is_void();
    }
    let is_empty = matches!(attesters, Json::List(items) if items.is_empty());
    if is_empty && content.publishers.is_empty() {
        accounts.faults.push(FileFault::names_nobody("attesters", "an empty list"));
    }
    Some(content)
}

fn read_staker_output(items: &[Json], folder: &Path, mode: Mode, faults: &mut Vec<FileFault>) -> Content {
    let mut content = Content::new(FileKind::StakerOutput);
    let mut accounts = Accounts::new(mode, folder, faults);
    let list = Json::List(items.to_vec());
    each(&list, "", &mut accounts, &mut content, |item, place, accounts| {
        if !matches!(item, Json::Object(_)) {
            let what = format!("expected an object with `attester`, found {}", item.kind());
            accounts.faults.push(FileFault::at(place, what));
            return None;
        }
        let keys = required(item, "attester", place, accounts);
        let bls = registered_key(item);
        let keys = keys.into_iter().map(|key| (key, bls)).collect();
        Some(Validator { keys, ..Validator::default() })
    });
    if items.is_empty() {
        accounts.faults.push(FileFault::names_nobody("", "an empty list"));
    }
    content
}

/// A file of one encrypted key beside a node's keystore. Its name says what the key is for.
fn read_encrypted_key(json: &Json, path: &Path, faults: &mut Vec<FileFault>) -> Option<Content> {
    let mut content = Content::new(FileKind::EncryptedKey);
    let is_bls = json.get("pubkey").is_some();
    if is_bls {
        return Some(content);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut accounts = Accounts::new(Mode::Public, folder, faults);
    let keys = required(json, "address", "", &mut accounts);
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.contains("publisher") {
        content.publishers.extend(keys);
    } else if !name.contains("funding") {
        content.validators.push(Validator { keys: with_no_bls(keys), ..Validator::default() });
    }
    Some(content)
}

fn read_publishers_by_server(
    members: &[(String, Json)],
    folder: &Path,
    mode: Mode,
    faults: &mut Vec<FileFault>,
) -> Content {
    let mut content = Content::new(FileKind::Publishers);
    let mut owners: BTreeMap<Address, &str> = BTreeMap::new();
    let mut accounts = Accounts::new(mode, folder, faults);
    for (index, (server, list)) in members.iter().enumerate() {
        if !is_name_of_server(server) {
            // It may be a secret in the wrong place, so that nothing of it is shown.
            let place = format!("entry {}", index.saturating_add(1));
            let fault =
                FileFault::at(&place, "expected the name of a server: letters, digits, `.`, `_`, `-`, `/` and spaces");
            accounts.faults.push(fault);
            content.has_illegible_publishers = true;
            continue;
        }
        let place = shown_key(server);
        let is_empty = matches!(list, Json::List(items) if items.is_empty());
        let publishers = if is_empty { WrittenPublishers::Absent } else { accounts.publishers(Some(list), &place) };
        content.has_illegible_publishers |= publishers.is_illegible();
        for publisher in publishers.listed() {
            let owner = owners.entry(*publisher).or_insert(server);
            if owner != server {
                let what = format!("has a publisher that `{}` has too", shown_key(owner));
                let fault = FileFault::at(&place, what);
                accounts.faults.push(fault.hint("two servers with one account get in each other's way"));
            }
        }
        content.publishers_by_server.entry(escape(server)).or_default().extend(publishers.listed());
    }
    content
}

/// Whether a text can be a server's name, and no secret, address of a service or credential that stands in the place of one.
fn is_name_of_server(text: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '/');
    let first = text.split(' ').next().unwrap_or_default();
    let is_scheme = ["bearer", "basic"].iter().any(|scheme| first.eq_ignore_ascii_case(scheme)) && text.contains(' ');
    !text.trim().is_empty() && text.chars().all(is_plain) && !is_scheme && without_secrets(text) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_server_is_no_place_for_a_credential() {
        for name in ["server-1", "paris 2", "node-a/keys", "zürich_3", "10.0.0.7", "eu-west-1.example.com"] {
            assert!(is_name_of_server(name), "{name}");
        }
        for name in [
            "",
            " ",
            "a\nb",
            "https://user:hunter2@signer:9000",
            "postgres://admin:hunter2@db/x",
            "Bearer hunter2",
            "basic aHVudGVyMg",
            "{\"certPass\":\"hunter2\"}",
            "password=hunter2",
            "legal winner thank year wave sausage",
            "c0ffee254729296a45a3885639ac7e10",
            "srv-c0ffee25-4729296a-45a38856-39ac7e10",
            "keystore-eth-attester_1_c0ffee25",
        ] {
            assert!(!is_name_of_server(name), "{name}");
        }
    }
}
