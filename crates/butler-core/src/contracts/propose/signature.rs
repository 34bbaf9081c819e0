//! Whose signature it is.
//!
//! As the contract does by `ecrecover` behind OpenZeppelin's `ECDSA`: v is 27 or 28, and s is in the lower half of its range, so
//! that nobody can make a second signature of one. The library's own recovery also verifies each key that it recovered, which
//! holds by the way in which it was made and takes as long again; that is left out.

use ethers_core::k256::elliptic_curve::PrimeField as _;
use ethers_core::k256::elliptic_curve::group::Group as _;
use ethers_core::k256::elliptic_curve::ops::{Invert as _, LinearCombination as _, Reduce};
use ethers_core::k256::elliptic_curve::point::DecompressPoint as _;
use ethers_core::k256::elliptic_curve::scalar::IsHigh as _;
use ethers_core::k256::elliptic_curve::sec1::ToEncodedPoint as _;
use ethers_core::k256::elliptic_curve::subtle::Choice;
use ethers_core::k256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, U256};
use ethers_core::types::{Address, H256};
use ethers_core::utils::keccak256;

use crate::domain::proposals::SentSignature;

/// Whoever signed `digest`; `None` where the contract says that it is no signature.
pub(super) fn signer(digest: H256, signature: &SentSignature) -> Option<Address> {
    let is_odd = match signature.v {
        27 => Choice::from(0),
        28 => Choice::from(1),
        _ => return None,
    };
    let (r_bytes, s_bytes) = (FieldBytes::from(signature.r), FieldBytes::from(signature.s));
    let r = Option::<Scalar>::from(Scalar::from_repr(r_bytes))?;
    let s = Option::<Scalar>::from(Scalar::from_repr(s_bytes))?;
    if bool::from(s.is_zero() | s.is_high()) {
        return None;
    }
    let point = Option::<AffinePoint>::from(AffinePoint::decompress(&r_bytes, is_odd))?;
    let hash = <Scalar as Reduce<U256>>::reduce_bytes(&FieldBytes::from(digest.0));
    let inverse = Option::<Scalar>::from(r.invert_vartime())?;
    let (of_generator, of_point) = (-(inverse * hash), inverse * s);
    let key = ProjectivePoint::lincomb(&ProjectivePoint::GENERATOR, &of_generator, &point.into(), &of_point);
    if bool::from(key.is_identity()) {
        return None;
    }
    let encoded = key.to_affine().to_encoded_point(false);
    let (_, coordinates) = encoded.as_bytes().split_first()?;
    keccak256(coordinates).last_chunk::<20>().map(Address::from)
}

#[cfg(test)]
mod tests {
    use ethers_core::k256::ecdsa::{RecoveryId, Signature, SigningKey, VerifyingKey};
    use proptest::prelude::*;

    use super::*;

    /// What the library itself recovers.
    fn recovered(digest: H256, signature: &SentSignature) -> Option<Address> {
        let id = RecoveryId::from_byte(signature.v.checked_sub(27).filter(|v| *v < 2)?)?;
        let halves = Signature::from_scalars(signature.r, signature.s).ok()?;
        let key = VerifyingKey::recover_from_prehash(&digest.0, &halves, id).ok()?;
        let point = key.to_encoded_point(false);
        keccak256(&point.as_bytes()[1..]).last_chunk::<20>().map(Address::from)
    }

    fn signed(key: &SigningKey, digest: H256) -> SentSignature {
        let (signature, id) = key.sign_prehash_recoverable(&digest.0).unwrap();
        let (r, s) = signature.split_bytes();
        SentSignature { v: 27 + id.to_byte(), r: r.into(), s: s.into() }
    }

    /// The same signature as it would be with s in the upper half.
    fn upper(signature: &SentSignature) -> SentSignature {
        let s = -Scalar::from_repr(FieldBytes::from(signature.s)).unwrap();
        SentSignature { v: 55 - signature.v, r: signature.r, s: s.to_bytes().into() }
    }

    proptest! {
        #[test]
        fn who_signed_is_found_and_nobody_can_make_a_second_signature_of_it(key in 1_u128.., digest in any::<[u8; 32]>()) {
            let mut bytes = [0; 32];
            bytes[16..].copy_from_slice(&key.to_be_bytes());
            let key = SigningKey::from_bytes(&bytes.into()).unwrap();
            let signature = signed(&key, H256(digest));
            let address = key.verifying_key().to_encoded_point(false);
            let address = keccak256(&address.as_bytes()[1..]).last_chunk::<20>().map(Address::from);
            prop_assert_eq!(signer(H256(digest), &signature), address);
            prop_assert_eq!(signer(H256(digest), &upper(&signature)), None);
        }

        #[test]
        fn any_bytes_are_recovered_as_the_library_does(v in 24_u8..32, r in any::<[u8; 32]>(), s in any::<[u8; 32]>(), digest in any::<[u8; 32]>()) {
            let signature = SentSignature { v, r, s };
            prop_assert_eq!(signer(H256(digest), &signature), recovered(H256(digest), &signature));
        }
    }

    #[test]
    fn numbers_at_the_border_are_no_signature() {
        let order = hex_word("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
        let one = hex_word("0000000000000000000000000000000000000000000000000000000000000001");
        for (r, s) in [([0; 32], one), (one, [0; 32]), (order, one), (one, order), ([0xff; 32], one), (one, [0xff; 32])]
        {
            for v in 27..=28 {
                assert_eq!(signer(H256::zero(), &SentSignature { v, r, s }), None);
            }
        }
        assert!(signer(H256::zero(), &SentSignature { v: 27, r: one, s: one }).is_some());
    }

    fn hex_word(text: &str) -> [u8; 32] {
        text.parse::<H256>().unwrap().0
    }
}
