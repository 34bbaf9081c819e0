//! The text of an encrypted key, as wallets write it ("Web3 Secret Storage", version 3): parsed, and bounded before anything is computed.

use ethers_core::types::Address;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::crypt::{self, Derivation, KEY};
use super::fault::KeystoreFault;

/// The longest salt that is read.
const SALT_LIMIT: usize = 128;

#[derive(Deserialize)]
struct Text {
    #[serde(alias = "Crypto")]
    crypto: CryptoText,
    #[serde(default)]
    address: Option<String>,
}

#[derive(Deserialize)]
struct CryptoText {
    cipher: String,
    cipherparams: CipherText,
    ciphertext: String,
    kdf: String,
    kdfparams: DerivationText,
    mac: String,
}

#[derive(Deserialize)]
struct CipherText {
    iv: String,
}

#[derive(Deserialize)]
struct DerivationText {
    dklen: u64,
    salt: String,
    n: Option<u64>,
    r: Option<u32>,
    p: Option<u32>,
    c: Option<u32>,
    prf: Option<String>,
}

/// An encrypted key.
pub(super) struct Keystore {
    derivation: Derivation,
    salt: Vec<u8>,
    iv: [u8; 16],
    ciphertext: [u8; KEY],
    mac: [u8; 32],
    /// Whose key it says to be; some wallets do not say it.
    pub(super) address: Option<Address>,
}

impl Keystore {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, KeystoreFault> {
        /// What tells the version before the rest is looked at.
        #[derive(Deserialize)]
        struct Version {
            version: u64,
        }
        let version = serde_json::from_slice::<Version>(bytes).map_err(|_| KeystoreFault::NotV3)?.version;
        if version != 3 {
            return Err(KeystoreFault::Version(version));
        }
        let Text { crypto, address } = serde_json::from_slice(bytes).map_err(|_| KeystoreFault::NotV3)?;
        if crypto.cipher != "aes-128-ctr" {
            return Err(KeystoreFault::Unknown("cipher"));
        }
        let derivation = crypto.kdfparams.read(&crypto.kdf)?;
        let salt = hex_of(&crypto.kdfparams.salt).filter(|salt| salt.len() <= SALT_LIMIT);
        let address = match address {
            None => None,
            Some(text) => Some(Address::from(array::<20>(&text, "address")?)),
        };
        Ok(Self {
            derivation,
            salt: salt.ok_or(KeystoreFault::Malformed("salt"))?,
            iv: array(&crypto.cipherparams.iv, "iv")?,
            ciphertext: array(&crypto.ciphertext, "ciphertext")?,
            mac: array(&crypto.mac, "mac")?,
            address,
        })
    }

    /// The private key. Takes about a second, and what the file says of memory.
    pub(super) fn open(&self, password: &[u8]) -> Result<Zeroizing<[u8; KEY]>, KeystoreFault> {
        let derived = crypt::derive(self.derivation, password, &self.salt)?;
        crypt::decrypt(&derived, &self.iv, &self.ciphertext, &self.mac).ok_or(KeystoreFault::WrongPassword)
    }
}

impl DerivationText {
    fn read(&self, kdf: &str) -> Result<Derivation, KeystoreFault> {
        if self.dklen != 32 {
            return Err(KeystoreFault::Unknown("length of its derived key"));
        }
        let there = |value: Option<u32>| value.ok_or(KeystoreFault::Malformed("derivation"));
        match kdf {
            "scrypt" => {
                let n = self.n.filter(|n| n.is_power_of_two()).ok_or(KeystoreFault::Malformed("derivation"))?;
                Derivation::scrypt(n, there(self.r)?, there(self.p)?)
            }
            "pbkdf2" if self.prf.as_deref() == Some("hmac-sha256") => Derivation::pbkdf2(there(self.c)?),
            _ => Err(KeystoreFault::Unknown("derivation of its key")),
        }
    }
}

fn hex_of(text: &str) -> Option<Vec<u8>> {
    ethers_core::utils::hex::decode(text.strip_prefix("0x").unwrap_or(text)).ok()
}

fn array<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], KeystoreFault> {
    hex_of(text).and_then(|bytes| bytes.try_into().ok()).ok_or(KeystoreFault::Malformed(what))
}
