//! Accounts whose keys are known to every test: owners, delegates, strangers.

use anyhow::Context as _;
use ethers_core::k256::ecdsa::SigningKey;
use ethers_core::types::{Address, H256};
use ethers_core::utils::{keccak256, secret_key_to_address};

/// An account with its key.
#[derive(Clone)]
pub struct SafeOwner(SigningKey);

impl std::fmt::Debug for SafeOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SafeOwner").field(&self.address()).finish()
    }
}

impl SafeOwner {
    /// The account of that number; the same in every test.
    ///
    /// # Errors
    /// A number without a key: there is none that a test would find.
    pub fn numbered(number: u64) -> anyhow::Result<Self> {
        let secret = keccak256(format!("an owner for tests, number {number}"));
        Ok(Self(SigningKey::from_slice(&secret).context("a number without a key")?))
    }

    /// The account with that private key, in hex.
    ///
    /// # Errors
    /// It is none.
    pub fn of_secret(secret: &str) -> anyhow::Result<Self> {
        let secret = ethers_core::utils::hex::decode(secret).context("no hex")?;
        Ok(Self(SigningKey::from_slice(&secret).context("no private key")?))
    }

    /// Its address.
    pub fn address(&self) -> Address {
        secret_key_to_address(&self.0)
    }

    /// Its signature of a hash: r, s, v.
    ///
    /// # Errors
    /// The hash cannot be signed.
    pub fn sign(&self, hash: H256) -> anyhow::Result<Vec<u8>> {
        let (signature, recovery) = self.0.sign_prehash_recoverable(hash.as_bytes()).context("failed to sign")?;
        Ok([&signature.to_bytes()[..], &[27 + recovery.to_byte()]].concat())
    }

    /// Signatures of several, in the order that a Safe wants.
    ///
    /// # Errors
    /// As [`sign`](Self::sign).
    pub fn sign_together(owners: &[Self], hash: H256) -> anyhow::Result<Vec<u8>> {
        let mut owners: Vec<&Self> = owners.iter().collect();
        owners.sort_by_key(|owner| owner.address());
        let signatures = owners.iter().map(|owner| owner.sign(hash)).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(signatures.concat())
    }
}
