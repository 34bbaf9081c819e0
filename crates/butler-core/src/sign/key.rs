//! A private key in memory, opened once, which gives nothing but signatures.

use std::fmt;
use std::path::Path;

use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::types::{Address, H256};
use ethers_core::utils::secret_key_to_address;
use thiserror::Error;
use zeroize::Zeroizing;

use super::fault::KeystoreFault;
use super::keystore::Keystore;
use crate::store::dumps::forbid_dumps;
use crate::store::file::StoreError;
use crate::store::private::load_secret;
use crate::text::address::checksummed;

/// The largest encrypted key: they have about 500 bytes.
const KEY_LIMIT: u64 = 64 << 10;
/// The largest file of a password.
const PASSWORD_LIMIT: u64 = 4 << 10;

/// A private key, wiped when it goes.
pub struct LocalKey {
    key: SigningKey,
    address: Address,
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("address", &self.address).finish_non_exhaustive()
    }
}

/// A key that cannot be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// Core dumps cannot be turned off, so no key is read.
    #[error("core dumps cannot be turned off, so no private key is read")]
    Dumps(#[source] std::io::Error),
    /// A file cannot be read, or somebody else may read it.
    #[error("the {what} cannot be read")]
    Unreadable {
        /// Which of both.
        what: &'static str,
        /// Why.
        #[source]
        source: StoreError,
    },
    /// What is in it is no key, or not opened by the password.
    #[error(transparent)]
    Keystore(#[from] KeystoreFault),
    /// What was encrypted is no private key.
    #[error("what the file holds is no private key of Ethereum")]
    NoKey,
    /// The file names another account than the one of its key.
    #[error("the file says to be the key of {}, and it is that of {}", checksummed(told), checksummed(found))]
    OtherAccount {
        /// What the file says.
        told: Address,
        /// Whose key it is.
        found: Address,
    },
}

/// Something that could not be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the key does not sign this hash")]
pub struct SignError;

impl LocalKey {
    /// Opens an encrypted key with the password in another file; both must be this user's or root's and nobody else's to read. One newline behind
    /// the password is not part of it. From then on this process leaves no core dump. Blocks for about a second.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn load(keystore: &Path, password: &Path) -> Result<Self, KeyError> {
        forbid_dumps().map_err(KeyError::Dumps)?;
        let load = |path, limit, what| {
            load_secret(path, limit).map(Zeroizing::new).map_err(|source| KeyError::Unreadable { what, source })
        };
        let keystore = load(keystore, KEY_LIMIT, "encrypted key")?;
        let password = load(password, PASSWORD_LIMIT, "file of the key's password")?;
        let line = password.strip_suffix(b"\n").unwrap_or(&password);
        Self::open(&keystore, line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Opens the text of an encrypted key. Whoever calls this has turned core dumps off.
    ///
    /// # Errors
    /// See [`KeyError`].
    pub fn open(keystore: &[u8], password: &[u8]) -> Result<Self, KeyError> {
        let keystore = Keystore::read(keystore)?;
        let plain = keystore.open(password)?;
        let key = SigningKey::from_slice(plain.as_slice()).map_err(|_| KeyError::NoKey)?;
        let found = secret_key_to_address(&key);
        match keystore.address {
            Some(told) if told != found => Err(KeyError::OtherAccount { told, found }),
            Some(_) | None => Ok(Self { key, address: found }),
        }
    }

    /// Whose key it is.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    /// Signs a hash as it is: r, s and v (27 or 28), as contracts and Safe's service take it.
    ///
    /// # Errors
    /// See [`SignError`].
    pub fn sign(&self, hash: H256) -> Result<[u8; 65], SignError> {
        let (signature, recovery) = self.key.sign_prehash_recoverable(hash.as_bytes()).map_err(|_| SignError)?;
        let mut out = [0; 65];
        let v = recovery.to_byte().checked_add(27).ok_or(SignError)?;
        let bytes = signature.to_bytes().into_iter().chain([v]);
        out.iter_mut().zip(bytes).for_each(|(place, byte)| *place = byte);
        Ok(out)
    }
}
