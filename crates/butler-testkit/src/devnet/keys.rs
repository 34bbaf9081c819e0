//! The private keys of the scenario's attesters, which are children of a mnemonic that the whole world knows.
//!
//! Only votes and signals need them: whatever else happens on the devnet is sent by accounts that anvil impersonates.

use anyhow::Context as _;
use ethers_core::{
    k256::{
        Scalar, SecretKey, ecdsa::SigningKey, elliptic_curve::PrimeField as _,
        elliptic_curve::sec1::ToEncodedPoint as _,
    },
    types::{Address, H256},
    utils::secret_key_to_address,
};
use hmac::{Hmac, Mac as _};
use sha2::Sha512;

/// Key and chain code of `m/44'/60'/0'/0` of anvil's test mnemonic.
const PARENT: (&str, &str) = (
    "dd23ca549a97cb330b011aebb674730df8b14acaee42d211ab45692699ab8ba5",
    "236a4a5d77e29cc09182a8a6c9d288cb04e638fcd0743bbc068c16665d1e4d2c",
);
/// The accounts that the scenario makes attesters of, and those of its spare keys.
const ATTESTERS: [std::ops::Range<u32>; 2] = [100..141, 300..320];

/// The key of one of the scenario's attesters.
pub(super) fn attester_key(attester: Address) -> anyhow::Result<SigningKey> {
    for index in ATTESTERS.into_iter().flatten() {
        let key = child(index)?;
        if secret_key_to_address(&key) == attester {
            return Ok(key);
        }
    }
    anyhow::bail!("the devnet has no key for {attester:?}")
}

/// The private key of one of the scenario's attesters, as a keystore holds it.
///
/// # Errors
/// The scenario has no such attester.
pub fn attester_secret(attester: Address) -> anyhow::Result<String> {
    Ok(format!("0x{}", ethers_core::utils::hex::encode(attester_key(attester)?.to_bytes())))
}

/// One signature as the contracts take it: v, r, s.
pub(super) fn sign(key: &SigningKey, digest: H256) -> anyhow::Result<(u8, H256, H256)> {
    let (signature, recovery) = key.sign_prehash_recoverable(digest.as_bytes()).context("failed to sign")?;
    let half = |bytes: &[u8]| H256::from_slice(bytes);
    Ok((27 + recovery.to_byte(), half(&signature.r().to_bytes()), half(&signature.s().to_bytes())))
}

/// A child that is not hardened (BIP-32).
fn child(index: u32) -> anyhow::Result<SigningKey> {
    let bytes = |text: &str| ethers_core::utils::hex::decode(text).context("failed to decode a constant");
    let parent = SecretKey::from_slice(&bytes(PARENT.0)?).context("failed to read the parent's key")?;
    let mut mac = Hmac::<Sha512>::new_from_slice(&bytes(PARENT.1)?).context("failed to key the hash")?;
    mac.update(parent.public_key().to_encoded_point(true).as_bytes());
    mac.update(&index.to_be_bytes());
    let digest = mac.finalize().into_bytes();
    let tweak: [u8; 32] = digest.iter().copied().take(32).collect::<Vec<_>>().try_into().unwrap_or_default();
    let tweak = Option::<Scalar>::from(Scalar::from_repr(tweak.into()));
    let sum = tweak.context("an index without a key")? + *parent.to_nonzero_scalar();
    SigningKey::from_slice(&sum.to_bytes()).context("an index without a key")
}
