//! What the sentinels of own nodes saw of own attesters' duties, and which of them to believe.
//!
//! A sentinel tells what its node saw, not what happened: one that lags tells of the past, one that started late has seen
//! little, one with bad peers sees attestations missing that were sent. There is one truth per attester, chosen here, at the
//! rollup that each node follows: slots of different rollups have nothing in common.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::sentinel_history::ToldInSlot;
use crate::domain::findings::SENTINEL_STALE_SLOTS;
use crate::domain::operator::node::{Followed, far_ahead, lag};
use crate::domain::rollups::RollupId;
use crate::domain::snapshot::NetworkSnapshot;

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
    /// For each kind of duty whichever is worse: more missed in a row, then more missed.
    fn worse(self, other: Self) -> Self {
        let worse = |one: DutyCounts, other: DutyCounts| {
            if (other.streak, other.missed) > (one.streak, one.missed) { other } else { one }
        };
        Self {
            attestations: worse(self.attestations, other.attestations),
            proposals: worse(self.proposals, other.proposals),
        }
    }

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
    /// What it tells of them slot by slot, as far as L1 can say the contrary; nothing where a node tells no histories.
    pub told: BTreeMap<Address, Vec<(u64, ToldInSlot)>>,
}

impl SentinelReport {
    /// Whether the node has a sentinel at work. One that is switched off answers with an empty window.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.slot_window > 0 && self.last_processed_slot.is_some()
    }

    /// How far it is behind the rollup's slot; 0 when it is ahead of the snapshot, `None` when it is further ahead than can be.
    #[must_use]
    pub fn lag(&self, current_slot: Option<u64>) -> Option<u64> {
        lag(current_slot, self.last_processed_slot?)
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

/// One node's report, held against the rollup that the node follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    /// What the sentinel says.
    pub report: SentinelReport,
    /// The rollup that the node follows.
    pub rollup: RollupId,
    /// The slot of that rollup now, where it is known.
    pub slot: Option<u64>,
    /// Whose duties it tells of.
    pub scope: DutyScope,
}

/// Whose duties a report tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DutyScope {
    /// Those of all own attesters.
    All,
    /// Those of these: the others are at another rollup by now.
    Only(BTreeSet<Address>),
    /// Nobody's: the rollup has no committee, so that there are no duties, and a sentinel has nothing to look at.
    Nobody,
}

impl HeldReport {
    /// Holds a report against the rollup that its node follows; without a snapshot it is not known how old it is.
    #[must_use]
    pub fn new(report: SentinelReport, rollup: RollupId, snapshot: Option<&NetworkSnapshot>) -> Self {
        let Some(snapshot) = snapshot else { return Self { report, rollup, slot: None, scope: DutyScope::All } };
        let followed = Followed::of(snapshot, rollup);
        let has_committee = followed.has_committee(snapshot);
        let scope = match (followed, has_committee) {
            (_, Some(true)) => DutyScope::All,
            (Followed::Former(former), None) if former.validating().next().is_some() => {
                DutyScope::Only(former.validating().collect())
            }
            (_, Some(false) | None) => DutyScope::Nobody,
        };
        Self { report, rollup, slot: followed.slot_at(snapshot.block.timestamp), scope }
    }

    /// Whether there is nothing to see at that rollup now, so that nothing about the sentinel is told.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.scope == DutyScope::Nobody
    }

    /// How many slots the sentinel is behind its rollup.
    #[must_use]
    pub fn lag(&self) -> Option<u64> {
        self.report.lag(self.slot)
    }

    /// How many slots it is ahead of its rollup, where that is more than can be.
    #[must_use]
    pub fn far_ahead(&self) -> Option<u64> {
        far_ahead(self.slot, self.report.last_processed_slot?)
    }

    /// Whether it is believed: it is at work, and looked at a slot of late.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        !self.is_idle() && self.report.is_fresh(self.slot)
    }

    fn tells_of(&self, attester: &Address) -> bool {
        match &self.scope {
            DutyScope::All => true,
            DutyScope::Only(attesters) => attesters.contains(attester),
            DutyScope::Nobody => false,
        }
    }
}

/// What is believed of each own attester, from the reports of all nodes by name.
///
/// Reports that are [`STALE_SLOTS`] behind are left out, and those of which that is not known. Of the others, for each attester
/// and rollup: the report that has seen the most of its duties; among those the one that saw the fewest missed, for an
/// attestation that one node saw was sent; then the newest. Of an attester with duties at two rollups, as there are after a
/// cut-over, the worse is told.
#[must_use]
pub fn believe(reports: &BTreeMap<String, HeldReport>) -> BTreeMap<Address, AttesterDuties> {
    let mut best = BTreeMap::<(Address, RollupId), (Rank, AttesterDuties)>::new();
    for held in reports.values().filter(|held| held.is_fresh()) {
        for (attester, duties) in held.report.duties.iter().filter(|(attester, _)| held.tells_of(attester)) {
            let rank = rank(&held.report, duties);
            match best.get(&(*attester, held.rollup)) {
                Some((known, _)) if *known <= rank => {}
                Some(_) | None => {
                    best.insert((*attester, held.rollup), (rank, *duties));
                }
            }
        }
    }
    let mut believed = BTreeMap::<Address, AttesterDuties>::new();
    for ((attester, _), (_, duties)) in best {
        believed.entry(attester).and_modify(|known| *known = known.worse(duties)).or_insert(duties);
    }
    believed
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
    use crate::domain::attester::view::OnChainStatus;
    use crate::domain::rollup::{RollupClock, RollupFacts};
    use crate::domain::rollups::FormerRollup;
    use crate::domain::samples::{address, network, view};

    fn duties(missed: u64, streak: u64, total: u64) -> AttesterDuties {
        let attestations = DutyCounts { missed, streak, total: Some(total) };
        AttesterDuties { attestations, proposals: DutyCounts { total: Some(0), ..DutyCounts::default() } }
    }

    fn report(last: u64, known: &[(u64, AttesterDuties)]) -> SentinelReport {
        let duties = known.iter().map(|(attester, duties)| (address(*attester), *duties)).collect();
        SentinelReport { last_processed_slot: Some(last), slot_window: 96, duties, ..SentinelReport::default() }
    }

    /// As a node of the canonical rollup tells it in slot 100.
    fn held(report: SentinelReport) -> HeldReport {
        let rollup = RollupId { address: address(9_000), version: 1.into() };
        HeldReport { report, rollup, slot: Some(100), scope: DutyScope::All }
    }

    fn believed(reports: &[(&str, SentinelReport)]) -> Option<AttesterDuties> {
        let reports = reports.iter().map(|(name, report)| ((*name).to_owned(), held(report.clone()))).collect();
        believe(&reports).get(&address(1)).copied()
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
        let ahead = |last| believe(&BTreeMap::from([("a".to_owned(), held(report(last, &[(1, missed)])))])).len();
        assert_eq!((ahead(356), ahead(357)), (1, 0), "a slot of another rollup");
        let unknown = HeldReport { slot: None, ..held(report(98, &[(1, missed)])) };
        assert!(believe(&BTreeMap::from([("a".to_owned(), unknown)])).is_empty(), "nobody knows how old that is");
    }

    #[test]
    fn a_share_is_that_of_all_attesters_together() {
        let report = report(98, &[(1, duties(1, 0, 4)), (2, duties(3, 3, 4))]);
        let share = report.missed_share(|duties| duties.attestations);
        assert_eq!(share, Some(MissedShare { missed: 4, total: 8 }));
        assert_eq!(report.missed_share(|duties| duties.proposals), None, "there was nothing to miss");
    }

    #[test]
    fn duties_are_judged_at_the_rollup_that_the_node_follows() {
        let mut snapshot = network();
        snapshot.rollup.checkpoints.pending = Some(1);
        let former = RollupId { address: address(9_100), version: 7.into() };
        let figures = RollupFacts {
            clock: RollupClock { genesis_time: 500, ..snapshot.rollup.clock },
            ..snapshot.rollup.clone()
        };
        let validating = BTreeMap::from([(address(2), view(OnChainStatus::Validating, true))]);
        snapshot.former_rollups = vec![FormerRollup {
            figures: Some(Box::new(figures)),
            attesters: validating,
            ..FormerRollup::empty(former, 1_540)
        }];
        let (canonical, missed) = (snapshot.canonical(), duties(24, 24, 24));
        let told = |snapshot: &NetworkSnapshot, last_here, last_there| {
            let report = |last| report(last, &[(1, missed), (2, missed)]);
            let here = HeldReport::new(report(last_here), canonical, Some(snapshot));
            let there = HeldReport::new(report(last_there), former, Some(snapshot));
            let slots = (here.slot, there.slot);
            let named = [("here".to_owned(), here), ("there".to_owned(), there)];
            (slots, believe(&BTreeMap::from(named)).into_keys().collect::<Vec<_>>())
        };
        // Each is fresh only by the clock of its own rollup.
        assert_eq!(told(&snapshot, 1, 104), ((Some(55), Some(105)), vec![address(1), address(2)]));
        assert_eq!(told(&snapshot, 54, 1).1, [address(1), address(2)]);
        assert_eq!(told(&snapshot, 104, 54).1, [address(1), address(2)], "ahead of the snapshot is not stale");
        assert_eq!(told(&snapshot, 23, 73).1, [], "an epoch of today's networks behind");
        // Three epochs later only those are judged there that did not move.
        snapshot.block.timestamp += 300;
        assert_eq!(told(&snapshot, 1, 134).1, [address(2)]);
        snapshot.former_rollups[0].attesters.clear();
        assert_eq!(told(&snapshot, 1, 134).1, []);
        assert!(HeldReport::new(report(1, &[]), former, Some(&snapshot)).is_idle());
    }

    #[test]
    fn a_rollup_without_a_committee_has_no_duties_to_miss() {
        let mut snapshot = network();
        snapshot.rollup.checkpoints.pending = Some(0);
        let rollup = snapshot.canonical();
        let former = RollupId { address: address(9_100), version: 7.into() };
        snapshot.former_rollups = vec![FormerRollup::empty(former, 1_540)];
        let held = HeldReport::new(report(54, &[(1, duties(24, 24, 24))]), rollup, Some(&snapshot));
        assert!(held.is_idle() && believe(&BTreeMap::from([("a".to_owned(), held)])).is_empty());
        let elsewhere = RollupId { version: 9.into(), ..rollup };
        assert!(HeldReport::new(report(54, &[]), elsewhere, Some(&snapshot)).is_idle(), "a rollup that nobody knows");
    }

    #[test]
    fn of_two_rollups_the_worse_is_told() {
        let former = RollupId { address: address(9_100), version: 7.into() };
        let (good, bad) = (report(98, &[(1, duties(0, 0, 24))]), report(98, &[(1, duties(5, 5, 5))]));
        let bad = HeldReport { rollup: former, ..held(bad) };
        let both = BTreeMap::from([("new".to_owned(), held(good)), ("old".to_owned(), bad)]);
        assert_eq!(believe(&both)[&address(1)].attestations.streak, 5);
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
                let held = reports.iter().cloned().map(held);
                believe(&names.map(|name| name.to_string()).zip(held).collect())
            };
            let count = reports.len();
            prop_assert_eq!(named(&mut (0..count)), named(&mut (0..count).rev()));
        }
    }
}
