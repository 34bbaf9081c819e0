//! Points of both groups by their coordinates, and keys as one number.

use ark_bn254::{Fq, Fq2, G1Affine, G2Affine};
use ark_ff::{BigInt, Field as _, PrimeField as _};
use ethers_core::types::{H256, U256};

use super::memory::remembered;

/// The bit of a compressed key that tells an odd y.
const ODD: u8 = 0x80;

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

    pub(super) fn point(&self) -> Option<G1Affine> {
        let point = G1Affine::new_unchecked(element(self.x)?, element(self.y)?);
        point.is_on_curve().then_some(point)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.x, self.y].map(bytes_of).concat()
    }
}

impl Group2 {
    pub(super) fn point(&self) -> Option<G2Affine> {
        let x = Fq2::new(element(self.x0)?, element(self.x1)?);
        let point = G2Affine::new_unchecked(x, Fq2::new(element(self.y0)?, element(self.y1)?));
        (point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        [self.x0, self.x1, self.y0, self.y1].map(bytes_of).concat()
    }
}

pub(super) fn element(number: U256) -> Option<Fq> {
    Fq::from_bigint(BigInt::new(number.0))
}

pub(super) fn bytes_of(number: U256) -> [u8; 32] {
    let mut bytes = [0; 32];
    number.to_big_endian(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
