//! What the sentinels of own nodes saw of own attesters' duties, and which of them to believe.
//!
//! A sentinel tells what its node saw, not what happened: one that lags tells of the past, one that started late has seen
//! little, one with bad peers sees attestations missing that were sent. There is one truth per attester, chosen here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ethers_core::types::Address;

use crate::domain::findings::SENTINEL_STALE_SLOTS;

/// A sentinel this many slots behind the rollup is not believed: an epoch of today's networks. It lags two by design.
pub const STALE_SLOTS: u64 = SENTINEL_STALE_SLOTS;

/// One kind of duty of one attester within the sentinel's window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DutyCounts {
    /// How many were missed.
    pub missed: u64,
    /// How many were missed in a row, up to now.
    pub streak: u64,
    /// How many there were; older nodes do not say.
    pub total: Option<u64>,
}

/// The duties of one attester.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AttesterDuties {
    /// To attest.
    pub attestations: DutyCounts,
    /// To propose.
    pub proposals: DutyCounts,
}

impl AttesterDuties {
    /// Whether anything was missed within the window.
    #[must_use]
    pub fn has_misses(&self) -> bool {
        [self.attestations, self.proposals].iter().any(|duty| duty.missed > 0 || duty.streak > 0)
    }
}

/// What one node's sentinel says of own attesters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentinelReport {
    /// The newest slot that it has looked at.
    pub last_processed_slot: Option<u64>,
    /// How many slots it looks back.
    pub slot_window: u64,
    /// Own attesters that it knows.
    pub duties: BTreeMap<Address, AttesterDuties>,
}

impl SentinelReport {
    /// Whether the node has a sentinel at work. One that is switched off answers with an empty window.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.slot_window > 0 && self.last_processed_slot.is_some()
    }

    /// How far it is behind the rollup's slot; 0 when it is ahead of the snapshot.
    #[must_use]
    pub fn lag(&self, current_slot: Option<u64>) -> Option<u64> {
        Some(current_slot?.saturating_sub(self.last_processed_slot?))
    }

    /// Whether it is at work and looked at a slot of late. Never where the rollup's slot is not known.
    #[must_use]
    pub fn is_fresh(&self, current_slot: Option<u64>) -> bool {
        self.is_enabled() && self.lag(current_slot).is_some_and(|lag| lag < STALE_SLOTS)
    }

    /// Missed duties of one kind as a share of all, of all own attesters together; `None` without a duty.
    #[must_use]
    pub fn missed_share(&self, duty: fn(&AttesterDuties) -> DutyCounts) -> Option<MissedShare> {
        let counts = self.duties.values().map(duty).filter_map(|duty| Some((duty.missed, duty.total?)));
        let (missed, total) = counts.fold((0_u64, 0_u64), |(missed, total), duty| {
            (missed.saturating_add(duty.0), total.saturating_add(duty.1))
        });
        (total > 0).then_some(MissedShare { missed: missed.min(total), total })
    }
}

/// A share of duties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MissedShare {
    /// Missed ones; at most `total`.
    pub missed: u64,
    /// All; never 0.
    pub total: u64,
}

/// What is believed of each own attester, from the reports of all nodes by name.
///
/// Reports that are [`STALE_SLOTS`] behind are left out, and all of them when the rollup's slot is not known. Of the
/// others, for each attester: the report that has seen the most of its duties; among those the one that saw the fewest
/// missed, for an attestation that one node saw was sent; then the newest.
#[must_use]
pub fn believe(
    reports: &BTreeMap<String, SentinelReport>,
    current_slot: Option<u64>,
) -> BTreeMap<Address, AttesterDuties> {
    let fresh = reports.values().filter(|report| report.is_fresh(current_slot));
    let mut best = BTreeMap::<Address, (Rank, AttesterDuties)>::new();
    for report in fresh {
        for (attester, duties) in &report.duties {
            let rank = rank(report, duties);
            match best.get(attester) {
                Some((known, _)) if *known <= rank => {}
                Some(_) | None => {
                    best.insert(*attester, (rank, *duties));
                }
            }
        }
    }
    best.into_iter().map(|(attester, (_, duties))| (attester, duties)).collect()
}

/// The lowest is believed.
type Rank = (Reverse<u64>, u64, u64, Reverse<Option<u64>>);

fn rank(report: &SentinelReport, duties: &AttesterDuties) -> Rank {
    let both = [duties.attestations, duties.proposals];
    let sum = |of: fn(&DutyCounts) -> u64| both.iter().map(of).fold(0, u64::saturating_add);
    (
        Reverse(sum(|duty| duty.total.unwrap_or_default())),
        sum(|duty| duty.missed),
        sum(|duty| duty.streak),
        Reverse(report.last_processed_slot),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::samples::address;

    fn duties(missed: u64, streak: u64, total: u64) -> AttesterDuties {
        let attestations = DutyCounts { missed, streak, total: Some(total) };
        AttesterDuties { attestations, proposals: DutyCounts { total: Some(0), ..DutyCounts::default() } }
    }

    fn report(last: u64, known: &[(u64, AttesterDuties)]) -> SentinelReport {
        let duties = known.iter().map(|(attester, duties)| (address(*attester), *duties)).collect();
        SentinelReport { last_processed_slot: Some(last), slot_window: 96, duties }
    }

    fn believed(reports: &[(&str, SentinelReport)]) -> Option<AttesterDuties> {
        let reports = reports.iter().map(|(name, report)| ((*name).to_owned(), report.clone())).collect();
        believe(&reports, Some(100)).get(&address(1)).copied()
    }

    #[test]
    fn the_node_that_saw_the_most_is_believed_then_the_one_that_saw_the_fewest_missed() {
        let (long, short) = (duties(3, 1, 24), duties(0, 0, 4));
        assert_eq!(believed(&[("a", report(98, &[(1, short)])), ("b", report(98, &[(1, long)]))]), Some(long));
        let (blind, seeing) = (duties(9, 9, 24), duties(1, 0, 24));
        assert_eq!(believed(&[("a", report(98, &[(1, blind)])), ("b", report(97, &[(1, seeing)]))]), Some(seeing));
        assert_eq!(believed(&[("a", report(98, &[])), ("b", report(98, &[(1, long)]))]), Some(long));
    }

    #[test]
    fn a_sentinel_that_is_off_or_an_epoch_behind_is_not_believed() {
        let missed = duties(24, 24, 24);
        let off = SentinelReport { slot_window: 0, ..report(98, &[(1, missed)]) };
        assert_eq!(believed(&[("off", off)]), None);
        assert_eq!(believed(&[("stale", report(68, &[(1, missed)]))]), None);
        assert_eq!(believed(&[("late", report(69, &[(1, missed)]))]), Some(missed));
        let unknown = BTreeMap::from([("a".to_owned(), report(98, &[(1, missed)]))]);
        assert!(believe(&unknown, None).is_empty(), "nobody knows how old that is");
    }

    #[test]
    fn a_share_is_that_of_all_attesters_together() {
        let report = report(98, &[(1, duties(1, 0, 4)), (2, duties(3, 3, 4))]);
        let share = report.missed_share(|duties| duties.attestations);
        assert_eq!(share, Some(MissedShare { missed: 4, total: 8 }));
        assert_eq!(report.missed_share(|duties| duties.proposals), None, "there was nothing to miss");
    }

    proptest! {
        #[test]
        fn what_is_believed_does_not_depend_on_names(
            counts in proptest::collection::vec((0_u64..4, 0_u64..4, 0_u64..4, 95_u64..100), 1..5)
        ) {
            let reports: Vec<_> = counts
                .iter()
                .map(|(missed, streak, total, last)| report(*last, &[(1, duties(*missed, *streak, *total))]))
                .collect();
            let named = |names: &mut dyn Iterator<Item = usize>| {
                believe(&names.map(|name| name.to_string()).zip(reports.clone()).collect(), Some(100))
            };
            let count = reports.len();
            prop_assert_eq!(named(&mut (0..count)), named(&mut (0..count).rev()));
        }
    }
}
