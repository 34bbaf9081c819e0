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
    /// An attestation to a descendant of something invalid; nodes of version 4 note it.
    DescendantOfInvalid,
    /// Two proposals for one slot.
    DuplicateProposal,
    /// Two attestations for one slot.
    DuplicateAttestation,
    /// An attestation to an invalid checkpoint.
    AttestedToInvalidCheckpoint,
    /// An invalid checkpoint was proposed.
    InvalidCheckpointProposal,
    /// A descendant of a checkpoint with invalid attestations was proposed; nodes since version 5 note it, under the number
    /// that meant [`DescendantOfInvalid`](Self::DescendantOfInvalid) before.
    ProposedDescendantOfInvalid,
}

impl OffenceKind {
    /// Every kind; those of version 4 in the order of Aztec's numbers.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The kind of Aztec's number, from a node of that major version. A number whose meaning changed is not guessed.
    #[must_use]
    pub fn of_number(number: u64, major: Option<u64>) -> Self {
        match number {
            1 => Self::DataWithholding,
            2 => Self::ValidEpochPruned,
            3 => Self::Inactivity,
            4 => Self::InvalidBlock,
            5 => Self::InsufficientAttestations,
            6 => Self::IncorrectAttestations,
            7 => match major {
                Some(2..=4) => Self::DescendantOfInvalid,
                Some(5 | 6) => Self::ProposedDescendantOfInvalid,
                Some(_) | None => Self::Unknown,
            },
            8 => Self::DuplicateProposal,
            9 => Self::DuplicateAttestation,
            10 => Self::AttestedToInvalidCheckpoint,
            11 => Self::InvalidCheckpointProposal,
            _ => Self::Unknown,
        }
    }

    /// The name that labels, logs and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One offence as a node noted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotedOffence {
    /// Who is accused.
    pub attester: Address,
    /// Of what: Aztec's `OffenseType`, whose meaning depends on the node's version.
    pub number: u64,
    /// In which epoch or slot; which of both depends on the kind.
    pub epoch_or_slot: u64,
    /// What it may cost, in base units of the staking asset.
    pub amount: U256,
}

impl NotedOffence {
    /// The offence, as a node of that major version means it.
    #[must_use]
    pub fn read(self, major: Option<u64>) -> Offence {
        let kind = OffenceKind::of_number(self.number, major);
        Offence { attester: self.attester, kind, epoch_or_slot: self.epoch_or_slot, amount: self.amount }
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
        for (number, kind) in (0_u64..12).zip(OffenceKind::ALL) {
            assert_eq!(OffenceKind::of_number(number, Some(4)), kind);
        }
        for kind in OffenceKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
        assert_eq!(OffenceKind::of_number(3, None), OffenceKind::Inactivity);
        assert_eq!([12, u64::MAX].map(|number| OffenceKind::of_number(number, Some(6))), [OffenceKind::Unknown; 2]);
    }

    #[test]
    fn a_number_that_changed_its_meaning_is_read_by_the_nodes_version() {
        let seven = |major| OffenceKind::of_number(7, major);
        assert_eq!(seven(Some(4)), OffenceKind::DescendantOfInvalid);
        assert_eq!([5, 6].map(|major| seven(Some(major))), [OffenceKind::ProposedDescendantOfInvalid; 2]);
        assert_eq!([None, Some(7)].map(seven), [OffenceKind::Unknown; 2], "nobody knows");
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
