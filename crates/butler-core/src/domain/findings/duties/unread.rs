//! What could not be read of duties: told as that, and never as missed.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;

use crate::domain::duties::{Done, DutiesSeen, DutyKind, FormerDuties, tally};
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

/// Duties at a former rollup that could not be read.
pub(super) fn of_former_failure(former: &FormerDuties, why: &str) -> Finding {
    let what = format!(
        "proposals and duties at the {} could not be read from L1 ({why}): what own attesters do there is not known",
        former.words()
    );
    about(marked("all", Some(former)), what)
}

/// What is missing of what was to be read: of the canonical rollup, or of a former one.
pub(super) fn of_unread(seen: &DutiesSeen, former: Option<&FormerDuties>) -> Vec<Finding> {
    let mut found = Vec::new();
    let at = former.map(|former| format!(" at the {}", former.words())).unwrap_or_default();
    if let Some(gap) = &seen.gap {
        let rollup = former.map_or_else(|| "rollup".to_owned(), FormerDuties::words);
        let what = format!("no L1 endpoint tells a log of the {rollup}: {gap}; no slot counts as missed");
        found.push(about(marked("gap", former), what));
    }
    let proposals = unread_proposals(seen);
    if proposals > 0 {
        let turns = if proposals == 1 { "in one turn".to_owned() } else { format!("in {proposals} turns") };
        let what = format!(
            "what own attesters proposed {turns}{at} could not be read{}: the coinbase of these is not proven",
            reason(&seen.unread)
        );
        found.push(about(marked("proposals", former), what));
    }
    let attestations = tally(&seen.duties).0.attestations;
    // What others propose in ways of their own is not readable, too: that alone is nobody's trouble here.
    if attestations.unread > attestations.known() {
        let what = format!(
            "{} of {} attestations of own attesters{at} could not be read{}: they count neither as done nor as missed",
            attestations.unread,
            attestations.unread.saturating_add(attestations.known()),
            reason(&seen.unread)
        );
        found.push(about(marked("attestations", former), what));
    }
    found
}

/// What tells a finding from those of other rollups.
fn marked(mark: &str, former: Option<&FormerDuties>) -> String {
    former.map_or_else(|| mark.to_owned(), |former| format!("{mark} at {}", former.id.version))
}

fn about(mark: impl Into<String>, what: String) -> Finding {
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
