//! Points of the curve BN254, on which Aztec's BLS keys lie.
//!
//! A compressed key is half as likely to be a point as not, so that alone proves nothing; it only refuses what cannot be one.
//! The coordinates of a registration prove each other: two points of one secret in both groups, and a proof that whoever
//! made it knows that secret, checked as the chain does. What was proven once is remembered, since an exporter reads the
//! same files each minute.

mod batch;
mod equation;
mod memory;
#[cfg(feature = "sign")]
mod secret;

use ark_bn254::{Bn254, Fq, Fq2, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing as _;
use ark_ff::{BigInt, Field as _, PrimeField as _, Zero as _};
use ethers_core::types::{H256, U256};
use ethers_core::utils::keccak256;

pub use self::batch::are_proven;
use self::equation::Equation;
use self::memory::remembered;
#[cfg(feature = "sign")]
pub use self::secret::{Secret, registrations};

/// The bit of a compressed key that tells an odd y.
const ODD: u8 = 0x80;

/// What the chain hashes a key with before it is signed, 32 bytes.
const DOMAIN: &[u8; 32] = b"AZTEC_BLS_POP_BN254_V1\0\0\0\0\0\0\0\0\0\0";
/// How often a point is looked for: half of all tries find one.
const MOST_TRIES: u64 = 256;

/// The coordinates of a point of G1.
#[derive(Debug, Clone, Copy)]
pub struct Group1 {
    /// x.
    pub x: U256,
    /// y.
    pub y: U256,
}

/// The coordinates of a point of G2: x is x0 + x1 u.
#[derive(Debug, Clone, Copy)]
pub struct Group2 {
    /// The real part of x.
    pub x0: U256,
    /// The imaginary part of x.
    pub x1: U256,
    /// The real part of y.
    pub y0: U256,
    /// The imaginary part of y.
    pub y1: U256,
}

/// What is published to register a key, or a part of it.
#[derive(Debug, Clone, Copy)]
pub struct Registration {
    /// The key in G1.
    pub key: Option<Group1>,
    /// The same key in G2.
    pub twin: Option<Group2>,
    /// What proves that somebody knows the secret.
    pub proof: Option<Group1>,
}

/// Whether these bytes are a compressed point of G1.
#[must_use]
pub fn could_be_public(key: H256) -> bool {
    remembered(key.as_bytes(), || {
        let mut bytes = key.0;
        bytes[0] &= !ODD;
        let x = element(U256::from_big_endian(&bytes));
        x.is_some_and(|x| (x.square() * x + Fq::from(3_u64)).sqrt().is_some())
    })
}

impl Group1 {
    /// The key, compressed.
    #[must_use]
    pub fn compressed(&self) -> H256 {
        let mut bytes = bytes_of(self.x);
        if self.y.bit(0) {
            bytes[0] |= ODD;
        }
        H256(bytes)
    }

    fn point(&self) -> Option<G1Affine> {
        let point = G1Affine::new_unchecked(element(self.x)?, element(self.y)?);
        point.is_on_curve().then_some(point)
    }

    /// The gas that the escrow's verifier takes for a right proof of this key: it grows with the tries that its hash needs.
    ///
    /// The formula is that of Aztec's own tool (version 6), which measured the contract. `None` for a key whose hash is not found.
    #[must_use]
    pub fn proof_gas(&self) -> Option<u64> {
        let Hashed { tries, roots, .. } = point_of(&self.bytes())?;
        let memory = (95_975 * tries * tries).div_ceil(1_000_000);
        Some(132_694 + 515 * tries + 4_580 * roots + memory)
    }

    fn bytes(&self) -> Vec<u8> {
        [self.x, self.y].map(bytes_of).concat()
    }
}

impl Group2 {
    fn point(&self) -> Option<G2Affine> {
        let x = Fq2::new(element(self.x0)?, element(self.x1)?);
        let point = G2Affine::new_unchecked(x, Fq2::new(element(self.y0)?, element(self.y1)?));
        (point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
    }

    fn bytes(&self) -> Vec<u8> {
        [self.x0, self.x1, self.y0, self.y1].map(bytes_of).concat()
    }
}

impl Registration {
    /// Whether the points are what they should be, so that none of the numbers is a private key.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        remembered(&self.bytes(), || self.prove() == Some(true))
    }

    /// All of it, and which of it is there.
    fn bytes(&self) -> Vec<u8> {
        let part = |present: bool, bytes: Vec<u8>| [vec![u8::from(present)], bytes].concat();
        let bytes = [
            part(self.key.is_some(), self.key.map(|key| key.bytes()).unwrap_or_default()),
            part(self.twin.is_some(), self.twin.map(|twin| twin.bytes()).unwrap_or_default()),
            part(self.proof.is_some(), self.proof.map(|proof| proof.bytes()).unwrap_or_default()),
        ];
        bytes.concat()
    }

    fn prove(&self) -> Option<bool> {
        // A point with coordinates must be one, whatever else there is.
        let of_first = |given: Option<Group1>| given.map_or(Some(None), |given| given.point().map(Some));
        let (key, proof) = (of_first(self.key)?, of_first(self.proof)?);
        let twin = self.twin.map_or(Some(None), |twin| twin.point().map(Some))?;
        let (Some(key), Some(twin)) = (key, twin) else { return Some(true) };
        if proof.is_none() {
            return Some(Bn254::multi_pairing([key, -G1Affine::generator()], [G2Affine::generator(), twin]).is_zero());
        }
        Equation::of(self).map(|equation| equation.holds())
    }
}

/// The point that the chain hashes some bytes to, and what it takes to find it.
struct Hashed {
    point: G1Affine,
    /// How often a point was looked for.
    tries: u64,
    /// How often a root was, since the number was one of the field.
    roots: u64,
}

/// The point that the chain hashes these bytes to.
fn point_of(message: &[u8]) -> Option<Hashed> {
    let hash = |number: U256| {
        // The domain, where the bytes begin, the number, how many bytes there are, and the bytes.
        let length = U256::from(message.len());
        let head = [bytes_of(U256::from(0x60)), bytes_of(number), bytes_of(length)].concat();
        U256::from_big_endian(&keccak256([DOMAIN.as_slice(), &head, message].concat()))
    };
    let (mut tries, mut roots) = (0, 0);
    let (x, root) = (0..MOST_TRIES).find_map(|number| {
        tries += 1;
        let x = element(hash(number.into()))?;
        roots += 1;
        Some((x, (x.square() * x + Fq::from(3_u64)).sqrt()?))
    })?;
    let is_large = |y: Fq| y.into_bigint() > (-y).into_bigint();
    let wants_large = hash(U256::MAX).bit(0);
    let point = G1Affine::new_unchecked(x, if is_large(root) == wants_large { root } else { -root });
    Some(Hashed { point, tries, roots })
}

fn element(number: U256) -> Option<Fq> {
    Fq::from_bigint(BigInt::new(number.0))
}

fn bytes_of(number: U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    number.to_big_endian(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The registration of a key of the contracts' own tests, with its proof.
    fn registration() -> Registration {
        let number = |text: &str| U256::from_dec_str(text).unwrap();
        let key = Group1 {
            x: number("14040631920337037677709966437409651072288616613076825157749168159693185460400"),
            y: number("6284788440647112615638144926617266520775230953679255923656986669548279761148"),
        };
        let twin = Group2 {
            x0: number("17931071651819835067098563222910421513876328033572114834306979690881549564414"),
            x1: number("12000187580290590047264785709963395816646295176893602234201956783324175839805"),
            y0: number("9611549517545166944736557219282359806761534888544046901025233666228290030286"),
            y1: number("3847186948811352011829434621581350901968531448585779990319356482934947911409"),
        };
        let proof = Group1 {
            x: number("8498753479481414706111776806755994004197956020951815484303326194980678616138"),
            y: number("6193427934811958723247102245836148265771892544889137705466960412121737976286"),
        };
        Registration { key: Some(key), twin: Some(twin), proof: Some(proof) }
    }

    #[test]
    fn a_registration_proves_itself_whole_and_each_point_by_its_curve() {
        let whole = registration();
        let nothing = Registration { key: None, twin: None, proof: None };
        for good in [
            whole,
            Registration { proof: None, ..whole },
            Registration { twin: None, ..whole },
            Registration { key: whole.key, ..nothing },
            Registration { twin: whole.twin, ..nothing },
            Registration { proof: whole.proof, ..nothing },
        ] {
            assert!(good.is_proven());
        }
        let other = Some(Group1 { x: 1.into(), y: 2.into() });
        let off = Some(Group1 { x: 1.into(), y: 3.into() });
        for bad in [
            Registration { key: other, ..whole },
            Registration { key: other, proof: None, ..whole },
            Registration { proof: other, ..whole },
            Registration { key: off, ..nothing },
            Registration { proof: off, ..nothing },
            Registration { twin: whole.twin.map(|twin| Group2 { x0: twin.x1, ..twin }), ..nothing },
        ] {
            assert!(!bad.is_proven());
        }
    }
    #[test]
    fn what_aztec_s_tool_writes_is_read_as_it_means_it() {
        let number = |digits: &str| U256::from_str_radix(digits, 16).unwrap();
        let key = Group1 {
            x: number("19b85154eae381ef1a1e4d220087bf487c009c73c26621ad46dfe6d589fa946b"),
            y: number("18108504679ed2a6f0173c28f3ae1852a2c62c6b591b19c142e2edb0838eb745"),
        };
        let compressed = key.compressed();
        assert_eq!(format!("{compressed:?}"), "0x99b85154eae381ef1a1e4d220087bf487c009c73c26621ad46dfe6d589fa946b");
        assert!(could_be_public(compressed));
        assert!(!could_be_public(H256::repeat_byte(0xff)));
    }

    #[test]
    fn a_proof_takes_the_gas_that_aztec_s_tool_computes() {
        for (x, y, gas) in [
            (
                "19b85154eae381ef1a1e4d220087bf487c009c73c26621ad46dfe6d589fa946b",
                "18108504679ed2a6f0173c28f3ae1852a2c62c6b591b19c142e2edb0838eb745",
                138_305,
            ),
            (
                "0d22b1b8d3590dd85795c8005438d2054141a5bb9b1d2d859b6cc2660159fb6d",
                "24d43096c7972c37a56b375a2649c5938f0055119e4a089d246045fb43967be7",
                151_077,
            ),
        ] {
            let [x, y] = [x, y].map(|digits| U256::from_str_radix(digits, 16).unwrap());
            assert_eq!(Group1 { x, y }.proof_gas(), Some(gas));
        }
    }
}
