//! What the chain checks of a whole registration: that key and twin have one secret, and that whoever made the proof knows it, both at once.

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::Pairing as _;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{PrimeField as _, Zero as _};
use ethers_core::utils::keccak256;

use super::hashing::point_of;
use super::points::{Group1, Group2};

/// `e(proof + weight key, G2) = e(hashed + weight G1, twin)`.
pub(super) struct Equation {
    pub(super) key: G1Affine,
    pub(super) twin: G2Affine,
    pub(super) proof: G1Affine,
    /// The point that the key is hashed to.
    pub(super) hashed: G1Affine,
    /// Weighs both equations with a number that depends on all of them.
    pub(super) weight: Fr,
}

impl Equation {
    /// That of a registration; `None` where one is no point.
    pub(super) fn of(key: Group1, twin: Group2, proof: Group1) -> Option<Self> {
        let all = [key.bytes(), twin.bytes(), proof.bytes()].concat();
        let weight = Fr::from_be_bytes_mod_order(&keccak256(all));
        let hashed = point_of(&key.bytes())?.point;
        (!weight.is_zero()).then_some(Self {
            key: key.point()?,
            twin: twin.point()?,
            proof: proof.point()?,
            hashed,
            weight,
        })
    }

    /// Whether it holds, by itself.
    pub(super) fn holds(&self) -> bool {
        let Self { key, twin, proof, hashed, weight } = *self;
        let signed = (G1Projective::from(proof) + key * weight).into_affine();
        let message = (G1Projective::from(hashed) + G1Affine::generator() * weight).into_affine();
        Bn254::multi_pairing([signed, -message], [G2Affine::generator(), twin]).is_zero()
    }
}
