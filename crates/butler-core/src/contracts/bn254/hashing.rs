//! The point that a key is hashed to before it is signed, as the chain finds it, and what that takes.

use ark_bn254::{Fq, G1Affine};
use ark_ff::{Field as _, PrimeField as _};
use ethers_core::types::U256;
use ethers_core::utils::keccak256;

use super::points::{Group1, bytes_of, element};

/// What the chain hashes a key with before it is signed, 32 bytes.
const DOMAIN: &[u8; 32] = b"AZTEC_BLS_POP_BN254_V1\0\0\0\0\0\0\0\0\0\0";
/// How often a point is looked for: half of all tries find one.
const MOST_TRIES: u64 = 256;

impl Group1 {
    /// The gas that the escrow's verifier takes for a right proof of this key: it grows with the tries that its hash needs.
    ///
    /// The formula is that of Aztec's own tool (version 6), which measured the contract. `None` for a key whose hash is not found.
    #[must_use]
    pub fn proof_gas(&self) -> Option<u64> {
        let Hashed { tries, roots, .. } = point_of(&self.bytes())?;
        let memory = (95_975 * tries * tries).div_ceil(1_000_000);
        Some(132_694 + 515 * tries + 4_580 * roots + memory)
    }
}

/// The point that the chain hashes some bytes to, and what it takes to find it.
pub(super) struct Hashed {
    pub(super) point: G1Affine,
    /// How often a point was looked for.
    tries: u64,
    /// How often a root was, since the number was one of the field.
    roots: u64,
}

/// The point that the chain hashes these bytes to.
pub(super) fn point_of(message: &[u8]) -> Option<Hashed> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
