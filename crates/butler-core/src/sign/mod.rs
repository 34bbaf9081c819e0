//! One private key on this machine, for what a program signs itself. Behind the feature `sign`: who only reads has none of it.
//!
//! A key comes from an encrypted file (V3) and a password, lives in memory that is wiped and not dumped, and leaves only as
//! signatures.

mod crypt;
mod fault;
mod key;
mod keystore;

pub use self::fault::KeystoreFault;
pub use self::key::{KeyError, LocalKey, SignError};

/// Reads the text of an encrypted key, without opening it.
pub(crate) fn read_keystore(bytes: &[u8]) -> Result<(), KeystoreFault> {
    keystore::Keystore::read(bytes).map(|_| ())
}
