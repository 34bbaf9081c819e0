//! Duties that own attesters missed: alone, which is about them, and with most others, which is about the network.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use crate::domain::duties::{Done, DutiesSeen, Duty, DutyKind, FormerDuties, tally};
use crate::domain::findings::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::text::time::count;

/// What is missed alone and in a row at the end of the span, and what is missed with many at any time in it.
pub(super) fn of_missed(seen: &DutiesSeen, thresholds: &Thresholds) -> Vec<Finding> {
    let mut found = of_streaks(seen, "", thresholds, |_| true);
    found.extend(of_network(seen));
    found
}

/// What those that validate at a former rollup missed alone and in a row there. Whoever moved along has its last duties elsewhere.
pub(super) fn of_former(seen: &DutiesSeen, former: &FormerDuties, thresholds: &Thresholds) -> Vec<Finding> {
    let at = format!(" of the {}", former.words());
    of_streaks(seen, &at, thresholds, |attester| former.validating.contains(attester))
}

fn of_streaks(
    seen: &DutiesSeen,
    at: &str,
    thresholds: &Thresholds,
    is_told: impl Fn(&Address) -> bool,
) -> Vec<Finding> {
    let mut streaks = BTreeMap::<(Address, DutyKind), Streak>::new();
    for duty in seen.duties.iter().filter(|duty| is_told(&duty.attester)) {
        streaks.entry((duty.attester, duty.kind)).or_default().add(duty);
    }
    let of_one = |((attester, kind), streak): (&(Address, DutyKind), &Streak)| {
        let (first, last) = streak.slots?;
        let (limit, finding, what) = match kind {
            DutyKind::Propose => (
                thresholds.proposal_streak,
                FindingKind::DutiesMissedProposals,
                format!("it did not propose in its last {}", count(streak.count, "turn")),
            ),
            DutyKind::Attest => (
                thresholds.attestation_streak,
                FindingKind::DutiesMissedAttestations,
                format!("the last {} that it was to attest came without it", count(streak.count, "checkpoint")),
            ),
        };
        let what = format!("by L1, {what} (slots {first} to {last}{at}), while most others did their part");
        (streak.count >= limit).then(|| Finding::new(finding, Severity::Warning, Subject::Attester(*attester), what))
    };
    streaks.iter().filter_map(of_one).collect()
}

/// Duties of one kind of one attester that were missed in a row. Those that were missed with many, are excused or were not read neither
/// count nor end it: nothing is known of the attester by them.
#[derive(Debug, Default)]
struct Streak {
    count: u64,
    /// The first and the last slot.
    slots: Option<(u64, u64)>,
}

impl Streak {
    fn add(&mut self, duty: &Duty) {
        match duty.done {
            Done::Done => *self = Self::default(),
            Done::MissedAlone => {
                self.count = self.count.saturating_add(1);
                self.slots = Some((self.slots.map_or(duty.slot, |(first, _)| first), duty.slot));
            }
            Done::MissedWithMany | Done::Excused | Done::Unread => {}
        }
    }
}

fn of_network(seen: &DutiesSeen) -> Option<Finding> {
    let (all, _) = tally(&seen.duties);
    let (proposals, attestations) = (all.proposals.missed_with_many, all.attestations.missed_with_many);
    if proposals == 0 && attestations == 0 {
        return None;
    }
    let (first, last) = seen.slots;
    let what = format!(
        "own attesters missed {} and {} together with most others in slots {first} to {last}",
        count(proposals, "proposal"),
        count(attestations, "attestation")
    );
    Some(Finding::new(FindingKind::DutiesNetwork, Severity::Info, Subject::Network, what))
}
