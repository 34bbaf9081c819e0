//! Many registrations at once: their equations are added up, each times a number that nobody could know when he wrote them, and checked as one.
//!
//! A sum that does not hold is looked at by halves, with what was computed for it; so a bad key among a thousand costs a dozen more
//! checks. The numbers are hashed from all of the registrations: whoever writes a file knows them only when it is written.

use std::num::NonZero;
use std::thread;

use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::{MillerLoopOutput, Pairing as _, PairingOutput};
use ark_ec::scalar_mul::BatchMulPreprocessing;
use ark_ec::{AffineRepr as _, CurveGroup as _, VariableBaseMSM as _};
use ark_ff::{Field as _, PrimeField as _, Zero as _};
use ethers_core::utils::keccak256;

use super::equation::Equation;
use super::memory::{is_known, note};
use super::registration::Registration;

/// How many equations share their loop: what does not hold is then looked at one by one.
const GROUP: usize = 8;
/// The fewest that are worth a thread.
const SHARE: usize = 32;

type Target = <Bn254 as ark_ec::pairing::Pairing>::TargetField;

/// Whether each registration is proven, as [`Registration::is_proven`] says of each by itself. Uses every core.
#[must_use]
pub fn are_proven(registrations: &[Registration]) -> Vec<bool> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = registrations.len().div_ceil(cores).max(SHARE);
    thread::scope(|scope| {
        let halves: Vec<_> = registrations.chunks(share).map(|chunk| scope.spawn(|| of_chunk(chunk))).collect();
        let proven = halves.into_iter().zip(registrations.chunks(share));
        // A thread that panicked says nothing of its keys: they are looked at by themselves.
        proven
            .flat_map(|(half, chunk)| {
                half.join().unwrap_or_else(|_| chunk.iter().map(Registration::is_proven).collect())
            })
            .collect()
    })
}

fn of_chunk(registrations: &[Registration]) -> Vec<bool> {
    let mut proven: Vec<bool> = registrations.iter().map(|one| is_known(&one.bytes())).collect();
    let mut open = Vec::new();
    for (place, one) in registrations.iter().enumerate() {
        let Some(is_proven) = proven.get_mut(place).filter(|is_proven| !**is_proven) else { continue };
        match (one.key, one.twin, one.proof) {
            (Some(key), Some(twin), Some(proof)) => {
                open.extend(Equation::of(key, twin, proof).map(|equation| (place, equation)));
            }
            // Parts of a registration are rare, and have other equations.
            _ => *is_proven = one.is_proven(),
        }
    }
    let groups = groups(&open, &seed(registrations));
    for place in holding(&groups, &open) {
        if let (Some(is_proven), Some(one)) = (proven.get_mut(place), registrations.get(place)) {
            *is_proven = true;
            note(&one.bytes());
        }
    }
    proven
}

/// Equations added up: the sum of their left sides in the first group, and of their right sides in the pairing's.
#[derive(Clone, Copy)]
struct Sum {
    left: G1Projective,
    right: Target,
}

impl Sum {
    fn and(self, other: &Self) -> Self {
        Self { left: self.left + other.left, right: self.right * other.right }
    }

    fn holds(&self) -> bool {
        let left = Bn254::miller_loop(self.left.into_affine(), G2Affine::generator());
        Bn254::final_exponentiation(MillerLoopOutput(left.0 * self.right))
            .is_some_and(|product: PairingOutput<Bn254>| product.is_zero())
    }
}

fn seed(registrations: &[Registration]) -> [u8; 32] {
    keccak256(registrations.iter().flat_map(Registration::bytes).collect::<Vec<u8>>())
}

/// 128 bits that depend on all registrations, and are another number for each.
fn factor(seed: &[u8; 32], place: usize) -> Fr {
    let hash = keccak256([seed.as_slice(), &place.to_be_bytes()].concat());
    Fr::from_be_bytes_mod_order(hash.get(..16).unwrap_or_default())
}

fn groups(open: &[(usize, Equation)], seed: &[u8; 32]) -> Vec<Sum> {
    let factors: Vec<Fr> = open.iter().map(|(place, _)| factor(seed, *place)).collect();
    let weights: Vec<Fr> = open.iter().zip(&factors).map(|((_, one), factor)| *factor * one.weight).collect();
    let table = BatchMulPreprocessing::<G1Projective>::new(G1Affine::generator().into(), weights.len().max(1));
    let weighed = table.batch_mul(&weights);
    let messages: Vec<G1Projective> = open
        .iter()
        .zip(&factors)
        .zip(&weighed)
        .map(|(((_, one), factor), weighed)| {
            let hashed: G1Projective = one.hashed.mul_bigint(factor.into_bigint());
            let message: G1Projective = hashed + *weighed;
            -message
        })
        .collect();
    let messages = G1Projective::normalize_batch(&messages);
    let groups = open.chunks(GROUP).zip(messages.chunks(GROUP));
    let groups = groups.zip(factors.chunks(GROUP).zip(weights.chunks(GROUP)));
    let sums = groups.map(|((equations, messages), (factors, weights))| {
        let bases: Vec<G1Affine> = equations.iter().flat_map(|(_, one)| [one.proof, one.key]).collect();
        let numbers: Vec<Fr> = factors.iter().zip(weights).flat_map(|(factor, weight)| [*factor, *weight]).collect();
        let twins = equations.iter().map(|(_, one)| one.twin);
        let right = Bn254::multi_miller_loop(messages.iter().copied(), twins).0;
        Sum { left: G1Projective::msm_unchecked(&bases, &numbers), right }
    });
    sums.collect()
}

/// The places of the equations that hold.
fn holding(groups: &[Sum], open: &[(usize, Equation)]) -> Vec<usize> {
    let zero = Sum { left: G1Projective::zero(), right: Target::ONE };
    if groups.iter().fold(zero, Sum::and).holds() {
        return open.iter().map(|(place, _)| *place).collect();
    }
    if groups.len() <= 1 {
        return open.iter().filter(|(_, one)| one.holds()).map(|(place, _)| *place).collect();
    }
    let half = groups.len() / 2;
    let ((first, second), (of_first, of_second)) = (groups.split_at(half), open.split_at(half.saturating_mul(GROUP)));
    [holding(first, of_first), holding(second, of_second)].concat()
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;
    use proptest::prelude::*;

    use super::super::hashing::point_of;
    use super::super::points::{Group1, Group2};
    use super::*;

    fn number(element: ark_bn254::Fq) -> U256 {
        U256(element.into_bigint().0)
    }

    fn first(point: G1Projective) -> Group1 {
        let point = point.into_affine();
        Group1 { x: number(point.x), y: number(point.y) }
    }

    fn registration(secret: u64) -> Registration {
        let secret = Fr::from(secret);
        let key = first(G1Affine::generator() * secret);
        let twin: G2Affine = (G2Affine::generator() * secret).into_affine();
        let twin =
            Group2 { x0: number(twin.x.c0), x1: number(twin.x.c1), y0: number(twin.y.c0), y1: number(twin.y.c1) };
        let proof = first(point_of(&key.bytes()).unwrap().point * secret);
        Registration { key: Some(key), twin: Some(twin), proof: Some(proof) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn many_are_judged_as_each_by_itself(
            start in 1_000_000_u64..u64::MAX / 2,
            count in 0_usize..20,
            spoilt in proptest::collection::vec((0_usize..20, 0_u8..4), 0..4),
        ) {
            let mut all: Vec<Registration> = (start..).take(count).map(registration).collect();
            for (place, how) in spoilt {
                let other = registration(7);
                let Some(one) = all.get_mut(place) else { continue };
                match how {
                    0 => one.proof = other.proof,
                    1 => one.twin = other.twin,
                    2 => one.key = one.key.map(|key| Group1 { y: key.y + 1, ..key }),
                    _ => one.proof = None,
                }
            }
            let alone: Vec<bool> = all.iter().map(|one| one.prove() == Some(true)).collect();
            prop_assert_eq!(are_proven(&all), alone.clone());
            prop_assert_eq!(are_proven(&all), alone, "and once more, when some are known");
        }
    }

    #[test]
    fn two_wrong_ones_that_make_up_for_each_other_are_both_seen() {
        // Each has the proof of the other one: their plain sum would hold where both have one twin.
        let [mut one, mut other] = [registration(11), registration(12)];
        std::mem::swap(&mut one.proof, &mut other.proof);
        let shifted = |registration: Registration, by: i64| {
            let proof = registration.proof.unwrap().point().unwrap();
            let by = G1Affine::generator() * Fr::from(by);
            Registration { proof: Some(first(G1Projective::from(proof) + by)), ..registration }
        };
        let pair = [shifted(registration(13), 5), shifted(registration(14), -5)];
        assert_eq!(are_proven(&[one, other, pair[0], pair[1], registration(15)]), [false, false, false, false, true]);
    }
}
