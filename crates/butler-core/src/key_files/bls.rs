//! Which 32 bytes are public: points of the curve BN254, on which Aztec's BLS keys lie.
//!
//! A compressed key is half as likely to be a point as not, so that alone proves nothing; it only refuses what cannot be one.
//! The coordinates of a registration prove each other: two points of one secret in both groups, and a third point. What
//! was proven once is remembered, since an exporter reads the same files each minute.

use std::collections::HashSet;
use std::sync::{Mutex, OnceLock, PoisonError};

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing as _;
use ark_ff::{BigInt, Field as _, PrimeField as _};
use ethers_core::types::{H256, U256};
use ethers_core::utils::keccak256;

/// How many proofs are remembered.
const REMEMBERED: usize = 1 << 16;

/// The bit of a compressed key that tells an odd y.
const ODD: u8 = 0x80;

/// What is published to register a key: G1 (x, y), G2 (x0, x1, y0, y1) and the proof of possession (x, y).
#[derive(Clone, Copy)]
pub(super) struct Registration(pub(super) [U256; 8]);

/// Whether these bytes are a compressed point of G1.
pub(super) fn could_be_public(key: H256) -> bool {
    remembered(key.as_bytes(), || {
        let mut bytes = key.0;
        bytes[0] &= !ODD;
        let x = element(U256::from_big_endian(&bytes));
        x.is_some_and(|x| (x.square() * x + Fq::from(3_u64)).sqrt().is_some())
    })
}

impl Registration {
    /// Whether the points are what they should be, so that none of the numbers is a private key.
    pub(super) fn is_proven(&self) -> bool {
        let bytes: Vec<u8> = self.0.iter().flat_map(|number| bytes_of(*number)).collect();
        remembered(&bytes, || self.prove() == Some(true))
    }

    /// The G1 key, compressed.
    pub(super) fn compressed(&self) -> H256 {
        let [x, y, ..] = self.0;
        let mut bytes = bytes_of(x);
        if y.bit(0) {
            bytes[0] |= ODD;
        }
        H256(bytes)
    }

    fn prove(&self) -> Option<bool> {
        let [x, y, x0, x1, y0, y1, proof_x, proof_y] = self.0.map(element);
        let key = g1(x?, y?)?;
        let _proof = g1(proof_x?, proof_y?)?;
        let twin = G2Affine::new_unchecked(Fq2::new(x0?, x1?), Fq2::new(y0?, y1?));
        if !twin.is_on_curve() || !twin.is_in_correct_subgroup_assuming_on_curve() {
            return None;
        }
        Some(Bn254::pairing(key, G2Affine::generator()) == Bn254::pairing(G1Affine::generator(), twin))
    }
}

fn g1(x: Fq, y: Fq) -> Option<G1Affine> {
    let point = G1Affine::new_unchecked(x, y);
    point.is_on_curve().then_some(point)
}

fn element(number: U256) -> Option<Fq> {
    Fq::from_bigint(BigInt::new(number.0))
}

fn bytes_of(number: U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    number.to_big_endian(&mut bytes);
    bytes
}

/// Keeps only hashes, of things that turned out to be public.
fn remembered(bytes: &[u8], prove: impl FnOnce() -> bool) -> bool {
    static PROVEN: OnceLock<Mutex<HashSet<[u8; 32]>>> = OnceLock::new();
    let known = PROVEN.get_or_init(Mutex::default);
    let hash = keccak256(bytes);
    if known.lock().unwrap_or_else(PoisonError::into_inner).contains(&hash) {
        return true;
    }
    let is_proven = prove();
    if is_proven {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(hash);
    }
    is_proven
}

#[cfg(test)]
pub(super) mod tests {
    use ark_ec::CurveGroup as _;
    use ark_ff::BigInteger as _;

    use super::*;

    /// The registration of a secret; its proof is some point.
    pub(in crate::key_files) fn registration(secret: u64) -> Registration {
        let number = |element: Fq| U256::from_big_endian(&element.into_bigint().to_bytes_be());
        let scalar = ark_bn254::Fr::from(secret);
        let key = (G1Affine::generator() * scalar).into_affine();
        let twin = (G2Affine::generator() * scalar).into_affine();
        let proof = (G1Affine::generator() * (scalar + scalar)).into_affine();
        Registration([key.x, key.y, twin.x.c0, twin.x.c1, twin.y.c0, twin.y.c1, proof.x, proof.y].map(number))
    }

    #[test]
    fn the_points_of_one_secret_prove_each_other() {
        let good = registration(57_193);
        assert!(good.is_proven() && good.is_proven(), "remembered");
        assert!(could_be_public(good.compressed()));
        for index in 0..8 {
            let mut bad = good;
            bad.0[index] += U256::one();
            assert!(!bad.is_proven(), "{index}");
        }
        let mut foreign = good;
        foreign.0[..2].copy_from_slice(&registration(3).0[..2]);
        assert!(!foreign.is_proven());
    }

    #[test]
    fn what_aztec_s_tool_writes_is_read_as_it_means_it() {
        let number = |digits: &str| U256::from_str_radix(digits, 16).unwrap();
        let mut of_vector = registration(1);
        of_vector.0[0] = number("19b85154eae381ef1a1e4d220087bf487c009c73c26621ad46dfe6d589fa946b");
        of_vector.0[1] = number("18108504679ed2a6f0173c28f3ae1852a2c62c6b591b19c142e2edb0838eb745");
        let compressed = of_vector.compressed();
        assert_eq!(format!("{compressed:?}"), "0x99b85154eae381ef1a1e4d220087bf487c009c73c26621ad46dfe6d589fa946b");
        assert!(could_be_public(compressed));
        assert!(!could_be_public(H256::repeat_byte(0xff)));
    }
}
