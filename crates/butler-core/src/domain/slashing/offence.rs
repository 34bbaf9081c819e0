//! Offences that a node has noted and would vote to slash: what they are, and which of them concern own attesters.
//!
//! Several nodes note the same offence; it counts once.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::Serialize;
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// What an attester is accused of. The numbers are those of Aztec's `OffenseType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum OffenceKind {
    /// A number that this program does not know.
    Unknown,
    /// Data of an epoch was withheld.
    DataWithholding,
    /// A valid epoch was pruned, since nobody proved it.
    ValidEpochPruned,
    /// Too many duties missed.
    Inactivity,
    /// An invalid block was broadcast.
    InvalidBlock,
    /// A proposal with too few attestations.
    InsufficientAttestations,
    /// A proposal with wrong attestations.
    IncorrectAttestations,
    /// An attestation to a descendant of something invalid.
    DescendantOfInvalid,
    /// Two proposals for one slot.
    DuplicateProposal,
    /// Two attestations for one slot.
    DuplicateAttestation,
    /// An attestation to an invalid checkpoint.
    AttestedToInvalidCheckpoint,
    /// An invalid checkpoint was proposed.
    InvalidCheckpointProposal,
}

impl OffenceKind {
    /// Every kind, in the order of Aztec's numbers.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The kind of Aztec's number.
    #[must_use]
    pub fn of_number(number: u64) -> Self {
        usize::try_from(number).ok().and_then(|index| Self::ALL.get(index)).copied().unwrap_or(Self::Unknown)
    }

    /// The name that labels, logs and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One offence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Offence {
    /// Who is accused.
    pub attester: Address,
    /// Of what.
    pub kind: OffenceKind,
    /// In which epoch or slot; which of both depends on the kind.
    pub epoch_or_slot: u64,
    /// What it may cost, in base units of the staking asset.
    pub amount: U256,
}

/// Offences of one kind by one attester, or by all own ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OffenceSum {
    /// How many.
    pub offences: u64,
    /// What they may cost together; the greatest number when it does not fit.
    pub amount: U256,
}

/// Sums of offences.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffenceSums {
    /// By kind; every kind is there.
    pub by_kind: BTreeMap<OffenceKind, OffenceSum>,
    /// By attester and kind, where there is an offence.
    pub by_attester: BTreeMap<(Address, OffenceKind), OffenceSum>,
}

/// Sums up what all nodes noted of `own` attesters. An offence that several nodes noted counts once, at its highest amount.
#[must_use]
pub fn sum_offences<'a>(noted: impl Iterator<Item = &'a Offence>, own: &BTreeSet<Address>) -> OffenceSums {
    let mut distinct = BTreeMap::<(Address, OffenceKind, u64), U256>::new();
    for offence in noted.filter(|offence| own.contains(&offence.attester)) {
        let amount = distinct.entry((offence.attester, offence.kind, offence.epoch_or_slot)).or_default();
        *amount = offence.amount.max(*amount);
    }
    let mut sums = OffenceSums {
        by_kind: OffenceKind::ALL.into_iter().map(|kind| (kind, OffenceSum::default())).collect(),
        ..OffenceSums::default()
    };
    for ((attester, kind, _), amount) in distinct {
        for sum in [sums.by_kind.entry(kind).or_default(), sums.by_attester.entry((attester, kind)).or_default()] {
            sum.offences = sum.offences.saturating_add(1);
            sum.amount = sum.amount.saturating_add(amount);
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::address;

    fn offence(attester: u64, kind: OffenceKind, epoch_or_slot: u64, amount: u64) -> Offence {
        Offence { attester: address(attester), kind, epoch_or_slot, amount: amount.into() }
    }

    #[test]
    fn numbers_and_names_are_those_of_the_table() {
        for (number, kind) in (0_u64..).zip(OffenceKind::ALL) {
            assert_eq!(OffenceKind::of_number(number), kind);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
        assert_eq!(OffenceKind::of_number(3), OffenceKind::Inactivity);
        assert_eq!(OffenceKind::of_number(12), OffenceKind::Unknown);
        assert_eq!(OffenceKind::of_number(u64::MAX), OffenceKind::Unknown);
    }

    #[test]
    fn an_offence_counts_once_and_strangers_do_not() {
        use OffenceKind::{DuplicateProposal, Inactivity};
        let noted = [
            offence(1, Inactivity, 22, 2_000),
            offence(1, Inactivity, 22, 5_000),
            offence(1, Inactivity, 23, 2_000),
            offence(2, DuplicateProposal, 22, 1),
            offence(9, Inactivity, 22, 2_000),
        ];
        let sums = sum_offences(noted.iter(), &BTreeSet::from([address(1), address(2)]));
        let inactive = OffenceSum { offences: 2, amount: 7_000.into() };
        assert_eq!(sums.by_kind[&Inactivity], inactive);
        assert_eq!(sums.by_kind[&DuplicateProposal], OffenceSum { offences: 1, amount: 1.into() });
        assert_eq!(sums.by_kind.len(), OffenceKind::ALL.len());
        assert_eq!(sums.by_attester.len(), 2);
        assert_eq!(sums.by_attester[&(address(1), Inactivity)], inactive);
    }

    #[test]
    fn an_amount_that_does_not_fit_stays_at_the_top() {
        let noted = [1, 2].map(|epoch| Offence { amount: U256::MAX, ..offence(1, OffenceKind::Inactivity, epoch, 0) });
        let sums = sum_offences(noted.iter(), &BTreeSet::from([address(1)]));
        assert_eq!(sums.by_kind[&OffenceKind::Inactivity].amount, U256::MAX);
    }
}
