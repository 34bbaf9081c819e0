//! The accounts of a keystore: private keys, addresses at a remote signer, encrypted files, mnemonics; and whose they are.
//!
//! Of an encrypted file only the `address` is read, and that a password is given: the key itself is not decrypted.

use std::{fs, path::Path};

use bip32::{ChildNumber, DerivationPath, XPrv};
use ethers_core::{
    k256::ecdsa::SigningKey,
    types::Address,
    utils::{hex, secret_key_to_address},
};
use serde_json::Value;

use super::schema::{is_private_key, parse_address};

/// One account as a keystore writes it.
#[derive(Clone, Debug)]
pub(super) enum Account {
    /// A private key, or a text that is none of the curve.
    Key(Option<Address>),
    /// At a remote signer: that of the account, or else the validator's or the file's.
    Remote { address: Address, url: Option<String> },
    /// A file of one encrypted key, or a folder of them.
    Encrypted { path: String, has_password: bool },
    /// Several keys of one phrase.
    Mnemonic { phrase: String, accounts: (u32, u32), addresses: (u32, u32) },
}

impl Account {
    /// The accounts of one value that the schema took: an account, a list of them, or a mnemonic.
    pub(super) fn read(value: &Value) -> Vec<Self> {
        match value {
            Value::Array(items) => items.iter().flat_map(Self::read).collect(),
            Value::String(text) if is_private_key(text) => vec![Self::Key(address_of_key(text))],
            Value::String(text) => {
                parse_address(text).map(|address| Self::Remote { address, url: None }).into_iter().collect()
            }
            Value::Object(members) => match members.get("eth") {
                Some(eth) => Self::read(eth),
                None => Self::read_object(value).into_iter().collect(),
            },
            Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
        }
    }

    fn read_object(value: &Value) -> Option<Self> {
        if let Some(phrase) = value["mnemonic"].as_str() {
            let number = |name: &str, default: u32| {
                value[name].as_u64().and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
            };
            return Some(Self::Mnemonic {
                phrase: phrase.to_owned(),
                accounts: (number("accountIndex", 0), number("accountCount", 1)),
                addresses: (number("addressIndex", 0), number("addressCount", 1)),
            });
        }
        if let Some(path) = value["path"].as_str() {
            let has_password = value["password"].as_str().is_some_and(|password| !password.is_empty());
            return Some(Self::Encrypted { path: path.to_owned(), has_password });
        }
        let address = value["address"].as_str().and_then(parse_address)?;
        Some(Self::Remote { address, url: value["remoteSignerUrl"].as_str().map(str::to_owned) })
    }

    /// The address where it is known without a file or a derivation: what the node's early look at duplicates goes by.
    pub(super) fn plain_address(&self) -> Option<Address> {
        match self {
            Self::Key(address) => *address,
            Self::Remote { address, .. } => Some(*address),
            Self::Encrypted { .. } | Self::Mnemonic { .. } => None,
        }
    }

    /// The addresses that it stands for; `signer` is the remote signer of accounts that name none, relative paths are
    /// below `folder`.
    ///
    /// # Errors
    /// With the node's words.
    pub(super) fn resolve(&self, signer: Option<&str>, folder: &Path) -> Result<Vec<Address>, String> {
        match self {
            Self::Key(address) => address.map(|address| vec![address]).ok_or_else(|| "Invalid private key".to_owned()),
            Self::Remote { address, url } => match url.as_deref().or(signer) {
                Some(_) => Ok(vec![*address]),
                None => Err(format!("No remote signer configuration found for address {address:?}")),
            },
            Self::Encrypted { path, has_password } => encrypted(path, *has_password, folder),
            Self::Mnemonic { phrase, accounts, addresses } => derive(phrase, *accounts, *addresses)
                .ok_or_else(|| "Failed to derive accounts from mnemonic: Error: Invalid mnemonic".to_owned()),
        }
    }
}

fn address_of_key(text: &str) -> Option<Address> {
    let bytes = hex::decode(text.strip_prefix("0x")?).ok()?;
    Some(secret_key_to_address(&SigningKey::from_slice(&bytes).ok()?))
}

fn encrypted(path: &str, has_password: bool, folder: &Path) -> Result<Vec<Address>, String> {
    let place = folder.join(path);
    if !place.is_dir() {
        return Ok(vec![encrypted_file(&place, path, has_password)?]);
    }
    let listed = fs::read_dir(&place).map_err(|error| format!("Failed to access JSON V3 keystore {path}: {error}"))?;
    let mut files: Vec<_> = listed.flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json")));
    files.sort();
    if files.is_empty() {
        return Err(format!("No JSON keystore files found in directory {path}"));
    }
    files.iter().map(|file| encrypted_file(file, &file.display().to_string(), has_password)).collect()
}

fn encrypted_file(place: &Path, shown: &str, has_password: bool) -> Result<Address, String> {
    let content = fs::read(place).map_err(|_| {
        format!("Failed to access JSON V3 keystore {shown}: Error: ENOENT: no such file or directory, stat '{shown}'")
    })?;
    let failed = |what: &str| format!("Failed to decrypt JSON V3 keystore {shown}: {what}");
    if !has_password {
        return Err(failed(&format!("No password provided for keystore {shown}. Provide password in config.")));
    }
    let value: Value = serde_json::from_slice(&content).map_err(|_| failed("invalid JSON wallet"))?;
    value["address"].as_str().and_then(parse_address).ok_or_else(|| failed("invalid JSON wallet"))
}

/// The addresses of `m/44'/60'/account'/0/address`, accounts first; each pair is the first number and how many.
fn derive(phrase: &str, accounts: (u32, u32), addresses: (u32, u32)) -> Option<Vec<Address>> {
    let words = phrase.trim();
    if ![12, 15, 18, 21, 24].contains(&words.split(' ').count()) {
        return None;
    }
    let mut seed = [0_u8; 64];
    pbkdf2::pbkdf2_hmac::<sha2::Sha512>(words.as_bytes(), b"mnemonic", 2_048, &mut seed);
    let mut found = Vec::new();
    for account in accounts.0..accounts.0.checked_add(accounts.1)? {
        let path: DerivationPath = format!("m/44'/60'/{account}'/0").parse().ok()?;
        let parent = XPrv::derive_from_path(seed, &path).ok()?;
        for address in addresses.0..addresses.0.checked_add(addresses.1)? {
            let child = parent.derive_child(ChildNumber::new(address, false).ok()?).ok()?;
            found.push(secret_key_to_address(child.private_key()));
        }
    }
    Some(found)
}
