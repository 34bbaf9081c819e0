//! From a password to a key, and from there to what was encrypted; within bounds, and wiped.

use aes::Aes128;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use ctr::Ctr128BE;
use ethers_core::utils::keccak256;
use pbkdf2::pbkdf2_hmac;
use scrypt::{Params, scrypt};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::fault::KeystoreFault;

/// Bytes of a private key, and of a derived one.
pub(super) const KEY: usize = 32;

/// The most memory that a derivation may take: four times as much as wallets ask for.
const MEMORY: u64 = 1 << 30;
/// The most work of a derivation, in blocks that are mixed: eight times as much as wallets ask for.
const WORK: u64 = 1 << 24;
/// The most passes over that memory, and the most rounds of the other derivation: some ten times as many as wallets ask for.
const PASSES: u32 = 16;
const ROUNDS: u32 = 5_000_000;
/// Bytes of a block of scrypt for each `r`.
const BLOCK: u64 = 128;

/// How a key is made of a password.
#[derive(Clone, Copy)]
pub(super) enum Derivation {
    Scrypt(Params),
    Pbkdf2 { rounds: u32 },
}

impl Derivation {
    /// `n` is a power of two.
    pub(super) fn scrypt(n: u64, r: u32, p: u32) -> Result<Self, KeystoreFault> {
        let [r_wide, p_wide] = [r, p].map(u64::from);
        // All passes begin with blocks of their own, which are held at once.
        let begun = r_wide.saturating_mul(p_wide).saturating_mul(BLOCK);
        let memory = n.saturating_mul(r_wide).saturating_mul(BLOCK).saturating_add(begun);
        let work = n.saturating_mul(r_wide).saturating_mul(p_wide);
        if memory > MEMORY || work > WORK || p > PASSES {
            return Err(KeystoreFault::TooCostly);
        }
        let log_n = u8::try_from(n.trailing_zeros()).map_err(|_| KeystoreFault::TooCostly)?;
        Params::new(log_n, r, p, KEY).map(Self::Scrypt).map_err(|_| KeystoreFault::Malformed("derivation"))
    }

    pub(super) fn pbkdf2(rounds: u32) -> Result<Self, KeystoreFault> {
        match rounds {
            0 => Err(KeystoreFault::Malformed("derivation")),
            1..=ROUNDS => Ok(Self::Pbkdf2 { rounds }),
            _ => Err(KeystoreFault::TooCostly),
        }
    }
}

/// The derived key: one half encrypts, the other proves.
pub(super) fn derive(
    derivation: Derivation,
    password: &[u8],
    salt: &[u8],
) -> Result<Zeroizing<[u8; KEY]>, KeystoreFault> {
    let mut derived = Zeroizing::new([0; KEY]);
    match derivation {
        Derivation::Scrypt(params) => scrypt(password, salt, &params, derived.as_mut_slice())
            .map_err(|_| KeystoreFault::Malformed("derivation"))?,
        Derivation::Pbkdf2 { rounds } => pbkdf2_hmac::<Sha256>(password, salt, rounds, derived.as_mut_slice()),
    }
    Ok(derived)
}

/// What was encrypted; `None` where the proof does not agree: another password, or a changed file.
pub(super) fn decrypt(
    derived: &[u8; KEY],
    iv: &[u8; 16],
    ciphertext: &[u8; KEY],
    mac: &[u8; 32],
) -> Option<Zeroizing<[u8; KEY]>> {
    let (key, proof) = derived.split_first_chunk::<16>()?;
    let proven = Zeroizing::new([proof, ciphertext.as_slice()].concat());
    if keccak256(proven.as_slice()) != *mac {
        return None;
    }
    let mut plain = Zeroizing::new(*ciphertext);
    Ctr128BE::<Aes128>::new(key.into(), iv.into()).apply_keystream(plain.as_mut_slice());
    Some(plain)
}
