//! What is published of secret numbers, to register them: a point of each group, and a proof that somebody knows the number.

use std::fmt;
use std::num::NonZero;
use std::thread;

use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr as _, CurveGroup as _};
use ark_ff::{BigInt, PrimeField as _, Zero as _};
use ethers_core::types::U256;
use zeroize::Zeroizing;

use super::hashing::point_of;
use super::points::{Group1, Group2};
use super::registration::Registration;

/// The fewest that are worth a thread.
const SHARE: usize = 32;

/// A secret number: not zero, and less than the order of the curve.
#[derive(Clone)]
pub struct Secret(Zeroizing<Fr>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// That of 32 bytes, the highest first; `None` for what is no such number.
    #[must_use]
    pub fn of_bytes(bytes: &[u8; 32]) -> Option<Self> {
        let number = Fr::from_bigint(BigInt::new(U256::from_big_endian(bytes).0))?;
        (!number.is_zero()).then(|| Self(Zeroizing::new(number)))
    }
}

/// The registrations of secret numbers, in their order. Uses every core.
#[must_use]
pub fn registrations(secrets: &[Secret]) -> Vec<Registration> {
    if secrets.is_empty() {
        return Vec::new();
    }
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = secrets.len().div_ceil(cores).max(SHARE);
    let first = BatchMulPreprocessing::<G1Projective>::new(G1Affine::generator().into(), share);
    let second = BatchMulPreprocessing::<G2Projective>::new(G2Affine::generator().into(), share);
    let of_chunk = |chunk: &[Secret]| of_chunk(chunk, &first, &second);
    thread::scope(|scope| {
        let parts: Vec<_> = secrets.chunks(share).map(|chunk| (chunk, scope.spawn(move || of_chunk(chunk)))).collect();
        parts.into_iter().flat_map(|(chunk, part)| part.join().unwrap_or_else(|_| of_chunk(chunk))).collect()
    })
}

fn of_chunk(
    secrets: &[Secret],
    first: &BatchMulPreprocessing<G1Projective>,
    second: &BatchMulPreprocessing<G2Projective>,
) -> Vec<Registration> {
    let numbers: Zeroizing<Vec<Fr>> = Zeroizing::new(secrets.iter().map(|secret| *secret.0).collect());
    let keys: Vec<Group1> = first.batch_mul(&numbers).into_iter().map(Group1::of).collect();
    let twins = second.batch_mul(&numbers).into_iter().map(Group2::of);
    // A key without a point to sign is one of many quintillions, and has no proof.
    let signed = keys.iter().zip(numbers.iter()).map(|(key, number)| Some(point_of(&key.bytes())?.point * number));
    let proofs = signed.map(|proof: Option<G1Projective>| proof.map(|proof| Group1::of(proof.into_affine())));
    let parts = keys.iter().zip(twins.zip(proofs));
    parts.map(|(key, (twin, proof))| Registration { key: Some(*key), twin: Some(twin), proof }).collect()
}

fn number(element: Fq) -> U256 {
    U256(element.into_bigint().0)
}

impl Group1 {
    fn of(point: G1Affine) -> Self {
        Self { x: number(point.x), y: number(point.y) }
    }
}

impl Group2 {
    fn of(point: G2Affine) -> Self {
        let [x, y] = [point.x, point.y];
        Self { x0: number(x.c0), x1: number(x.c1), y0: number(y.c0), y1: number(y.c1) }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::are_proven;
    use super::*;

    #[test]
    fn only_numbers_of_the_field_are_secrets_and_what_is_published_of_them_is_proven() {
        let order = U256::from_dec_str("21888242871839275222246405745257275088548364400416034343698204186575808495617");
        let bytes = |number: U256| {
            let mut bytes = [0; 32];
            number.to_big_endian(&mut bytes);
            bytes
        };
        let order = order.unwrap();
        assert!(Secret::of_bytes(&[0; 32]).is_none() && Secret::of_bytes(&bytes(order)).is_none());
        assert!(Secret::of_bytes(&[0xff; 32]).is_none());
        let secrets: Vec<Secret> =
            [U256::one(), order - 1, 7.into()].iter().map(|one| Secret::of_bytes(&bytes(*one)).unwrap()).collect();
        let published = registrations(&secrets);
        let key = published[0].key.unwrap();
        assert_eq!((key.x, key.y), (1.into(), 2.into()), "the generator");
        assert_eq!(are_proven(&published), [true; 3]);
        assert!(registrations(&[]).is_empty());
    }
}
