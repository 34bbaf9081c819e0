//! What is wrong with own attesters by the rounds of whoever may slash them, and whether these can be seen at all.

use ethers_core::types::{Address, U256};

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::attester::view::OnChainStatus;
use crate::domain::slashing::{
    Blindness, EjectionMargin, NetworkSlashing, RollupSlashing, SlasherFacts, SlasherRole, Stage, Standing,
};
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;
use crate::text::time::count;

/// Everything that is wrong with the snapshot's attesters. `None` when a time does not fit.
#[must_use]
pub fn of_slashing(
    facts: &NetworkSlashing,
    snapshot: &NetworkSnapshot,
    thresholds: &Thresholds,
) -> Option<Vec<Finding>> {
    let mut found = Vec::new();
    for (rollup, slasher) in facts.slashers() {
        found.extend(slasher.facts.blindness().map(|why| unreadable(why, &place(rollup, slasher))));
        found.extend(slasher.facts.pause.until().map(|until| paused(until, rollup, slasher)));
        let Some(tally) = slasher.facts.proposer.tally() else { continue };
        for (attester, standing) in slasher.standings(rollup)? {
            let place = place(rollup, slasher);
            found.extend(of_standing(&standing, (attester, &place), tally.rules.quorum, thresholds));
        }
    }
    found.extend(of_margins(facts, snapshot, thresholds)?);
    Some(found)
}

/// Which slasher, by its proposer where that is known, in words that follow what is said.
fn place(rollup: &RollupSlashing, slasher: &SlasherFacts) -> String {
    // The one that everybody means by "the slasher" needs no name.
    if rollup.is_canonical && slasher.role == SlasherRole::Current {
        return String::new();
    }
    let which = if rollup.is_canonical { "rollup" } else { "former rollup" };
    let by = match slasher.proposer() {
        Some(proposer) => format!("proposer {} of the", checksummed(&proposer)),
        None => format!("{}, the", checksummed(&slasher.address)),
    };
    format!(" ({by} {} of the {which}, version {})", slasher.role.words(), rollup.rollup.version)
}

fn paused(until: u64, rollup: &RollupSlashing, slasher: &SlasherFacts) -> Finding {
    let place = place(rollup, slasher);
    let what = format!("the vetoer has paused all slashing{place}");
    Finding::new(FindingKind::SlashingPaused, Severity::Info, Subject::Network, what).marked(place).until(until)
}

/// Attesters that the next slashes eject.
fn of_margins(facts: &NetworkSlashing, snapshot: &NetworkSnapshot, thresholds: &Thresholds) -> Option<Vec<Finding>> {
    let mut found = Vec::new();
    let standings = facts.standings()?;
    for (attester, view) in &snapshot.attesters {
        if view.status != OnChainStatus::Validating {
            continue;
        }
        let Some((figures, small)) = facts.figures_at(snapshot, *attester) else { continue };
        let standing = standings.get(attester);
        let is_whole = view.effective_balance >= figures.activation_threshold;
        if is_whole && standing.is_none() {
            continue;
        }
        let Some(margin) = EjectionMargin::of(figures, view.effective_balance) else { continue };
        let decided = standing.and_then(|standing| standing.decision).map_or(U256::zero(), |decision| decision.amount);
        let subject = Subject::Attester(*attester);
        if decided > margin.amount {
            let what = "decided slashes take more than it can lose: it will be ejected for good";
            found.push(Finding::new(FindingKind::SlashingEjects, Severity::Critical, subject, what));
        } else if let Some(slashes) =
            small.and_then(|small| margin.slashes(small)).filter(|slashes| *slashes <= thresholds.ejection_slashes)
        {
            let what = format!("{slashes} small slashes eject it");
            found.push(Finding::new(FindingKind::EjectionNear, Severity::Warning, subject, what));
        }
    }
    Some(found)
}

fn unreadable(blindness: Blindness, place: &str) -> Finding {
    let what = format!("{}{place}: {}", blindness.unseen(), blindness.words());
    Finding::new(FindingKind::SlashingUnreadable, Severity::Warning, Subject::Network, what).marked(place)
}

fn of_standing(
    standing: &Standing,
    (attester, place): (Address, &str),
    quorum: u64,
    thresholds: &Thresholds,
) -> Option<Finding> {
    let (votes, subject) = (standing.votes, Subject::Attester(attester));
    let until = standing.decision.map(|decision| decision.executable_from);
    let finding = match standing.stage {
        Stage::Spared | Stage::Vetoed => return None,
        Stage::Voted => {
            // A vote or two are one node's opinion; a tenth of the quorum is not.
            let is_more = votes.saturating_mul(thresholds.vote_part) >= quorum;
            let severity = if is_more { Severity::Warning } else { Severity::Info };
            let what = format!("{} to slash it in this round{place}", count(votes, "vote"));
            Finding::new(FindingKind::SlashingVotes, severity, subject, what)
        }
        Stage::Decided => {
            let what = format!(
                "it is to be slashed{place}: {} decided it, and a veto must come in time",
                count(votes, "vote")
            );
            Finding::new(FindingKind::SlashingDecided, Severity::Critical, subject, what)
        }
        Stage::Executable => {
            let what = format!("anybody may slash it{place}: {} decided it", count(votes, "vote"));
            Finding::new(FindingKind::SlashingExecutable, Severity::Critical, subject, what)
        }
    };
    let finding = finding.marked(place);
    Some(match (standing.stage, until) {
        (Stage::Decided, Some(until)) => finding.until(until),
        (Stage::Spared | Stage::Vetoed | Stage::Voted | Stage::Decided | Stage::Executable, _) => finding,
    })
}
