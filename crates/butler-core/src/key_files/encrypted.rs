//! Encrypted keys that a node's keystore names by their path: only the public part is read, which has the address.
//!
//! A path is the node's, which may run in a container: where nothing lies under it, the file of that name beside the
//! keystore is taken. A folder stands for all of its keys. Password and ciphertext are never copied out of the file.

use std::path::{Path, PathBuf};

use ethers_core::types::Address;
use zeroize::Zeroizing;

use super::addresses::parse_address;
use super::fault::unreadable;
use super::json::{self, Unwanted};
use crate::store::private::load_secret;

/// The largest encrypted key: they have about 500 bytes.
const KEY_LIMIT: u64 = 64 << 10;
/// The most keys of a folder.
const MOST_KEYS: usize = 4_096;
/// What of an encrypted key is passed over.
pub(super) const UNWANTED: Unwanted = &["crypto", "Crypto", "ciphertext", "x-ethers"];

/// What stands at a path that a keystore names.
pub(super) enum Encrypted {
    Key(Address),
    Folder(Vec<Address>),
}

/// The addresses of the key, or of the folder of keys, at a path that a keystore in `folder` names.
///
/// # Errors
/// What is wrong, in words without the path.
pub(super) fn addresses(path: &str, folder: &Path) -> Result<Encrypted, String> {
    let given = Path::new(path);
    let name = given.file_name().ok_or("this is no path of a file")?;
    let places = [folder.join(given), folder.join(name)];
    let place = places.iter().find(|place| place.exists()).ok_or("there is no such encrypted key on this machine")?;
    if !place.is_dir() {
        return Ok(Encrypted::Key(address(place)?));
    }
    let listed = std::fs::read_dir(place).map_err(|error| format!("the folder can not be read: {}", error.kind()))?;
    let mut keys: Vec<PathBuf> = Vec::new();
    for entry in listed {
        let path = entry.map_err(|error| format!("the folder can not be read: {}", error.kind()))?.path();
        if path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json")) {
            keys.push(path);
        }
    }
    if keys.len() > MOST_KEYS {
        return Err(format!("more than {MOST_KEYS} encrypted keys"));
    }
    if keys.is_empty() {
        return Err("the folder has no encrypted key".to_owned());
    }
    keys.sort();
    keys.iter().map(|key| address(key)).collect::<Result<_, _>>().map(Encrypted::Folder)
}

fn address(path: &Path) -> Result<Address, String> {
    let bytes =
        load_secret(path, KEY_LIMIT).map_err(|error| format!("the encrypted key: {}", unreadable(&error).what))?;
    let bytes = Zeroizing::new(bytes);
    let json = json::parse(&bytes, UNWANTED).map_err(|_| "the encrypted key is no JSON")?;
    let address = json.get("address").and_then(json::Json::as_text).and_then(|text| parse_address(text).ok());
    address.ok_or_else(|| "the encrypted key does not say its address".to_owned())
}
