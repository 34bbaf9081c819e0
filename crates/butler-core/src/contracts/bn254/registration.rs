//! What is published to register a key, and whether it proves itself.

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_ec::AffineRepr as _;
use ark_ec::pairing::Pairing as _;
use ark_ff::Zero as _;

use super::equation::Equation;
use super::memory::remembered;
use super::points::{Group1, Group2};

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

impl Registration {
    /// Whether the points are what they should be, so that none of the numbers is a private key.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        remembered(&self.bytes(), || self.prove() == Some(true))
    }

    /// All of it, and which of it is there.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let part = |present: bool, bytes: Vec<u8>| [vec![u8::from(present)], bytes].concat();
        let bytes = [
            part(self.key.is_some(), self.key.map(|key| key.bytes()).unwrap_or_default()),
            part(self.twin.is_some(), self.twin.map(|twin| twin.bytes()).unwrap_or_default()),
            part(self.proof.is_some(), self.proof.map(|proof| proof.bytes()).unwrap_or_default()),
        ];
        bytes.concat()
    }

    pub(super) fn prove(&self) -> Option<bool> {
        // A point with coordinates must be one, whatever else there is.
        let of_first = |given: Option<Group1>| given.map_or(Some(None), |given| given.point().map(Some));
        let (key, proof) = (of_first(self.key)?, of_first(self.proof)?);
        let twin = self.twin.map_or(Some(None), |twin| twin.point().map(Some))?;
        let (Some(key), Some(twin)) = (key, twin) else { return Some(true) };
        if proof.is_none() {
            return Some(Bn254::multi_pairing([key, -G1Affine::generator()], [G2Affine::generator(), twin]).is_zero());
        }
        Equation::of(self.key?, self.twin?, self.proof?).map(|equation| equation.holds())
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::U256;

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
}
