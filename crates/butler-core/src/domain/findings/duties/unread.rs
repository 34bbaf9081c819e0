//! What could not be read of duties: told as that, and never as missed.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;

use crate::domain::duties::{Done, DutiesSeen, DutyKind, tally};
use crate::domain::findings::{Finding, FindingKind, Severity, Subject};

/// Duties that could not be read at all. `why` is in our own words.
#[must_use]
pub fn of_failure(why: &str) -> Finding {
    about(
        "all",
        format!(
            "proposals and duties could not be read from L1 ({why}): no coinbase is proven, and nothing counts as missed"
        ),
    )
}

/// What is missing of what was to be read.
pub(super) fn of_unread(seen: &DutiesSeen) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(gap) = &seen.gap {
        found.push(about("gap", format!("no L1 endpoint tells a log of the rollup: {gap}; no slot counts as missed")));
    }
    let proposals = unread_proposals(seen);
    if proposals > 0 {
        let turns = if proposals == 1 { "in one turn".to_owned() } else { format!("in {proposals} turns") };
        let what = format!(
            "what own attesters proposed {turns} could not be read{}: the coinbase of these is not proven",
            reason(&seen.unread)
        );
        found.push(about("proposals", what));
    }
    let attestations = tally(&seen.duties).0.attestations;
    // What others propose in ways of their own is not readable, too: that alone is nobody's trouble here.
    if attestations.unread > attestations.known() {
        let what = format!(
            "{} of {} attestations of own attesters could not be read{}: they count neither as done nor as missed",
            attestations.unread,
            attestations.unread.saturating_add(attestations.known()),
            reason(&seen.unread)
        );
        found.push(about("attestations", what));
    }
    found
}

fn about(mark: &'static str, what: String) -> Finding {
    Finding::new(FindingKind::DutiesUnread, Severity::Warning, Subject::Network, what).marked(mark)
}

/// Turns of own attesters in which there may be a checkpoint, or is one, and what it carried was not read. Where a log is missing that
/// says enough, and no turn is told beside it.
fn unread_proposals(seen: &DutiesSeen) -> usize {
    let read: BTreeSet<u64> = seen.proposals.iter().map(|one| one.slot).collect();
    let turns = seen.duties.iter().filter(|duty| duty.kind == DutyKind::Propose);
    let unread = turns.filter(|duty| match duty.done {
        Done::Done => !read.contains(&duty.slot),
        Done::Unread => seen.gap.is_none(),
        Done::MissedAlone | Done::MissedWithMany | Done::Excused => false,
    });
    unread.count()
}

/// The reason that is told of most transactions.
fn reason(unread: &BTreeMap<H256, String>) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for why in unread.values() {
        let count = counts.entry(why).or_default();
        *count = count.saturating_add(1);
    }
    let most = counts.into_iter().max_by_key(|(_, count)| *count);
    most.map(|(why, _)| format!(" ({why})")).unwrap_or_default()
}
