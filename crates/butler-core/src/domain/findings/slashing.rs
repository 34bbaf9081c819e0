//! What is wrong with own attesters by the slasher's rounds, and whether these can be seen at all.

use ethers_core::types::U256;

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::attester::view::OnChainStatus;
use crate::domain::slashing::{Blindness, EjectionMargin, SlashingFacts, Stage, Standing, standings};
use crate::domain::snapshot::NetworkSnapshot;

/// Everything that is wrong with the snapshot's attesters. `None` when a time does not fit.
#[must_use]
pub fn of_slashing(facts: &SlashingFacts, snapshot: &NetworkSnapshot, thresholds: &Thresholds) -> Option<Vec<Finding>> {
    let mut found: Vec<Finding> = facts.proposer.blindness().map(of_blindness).into_iter().collect();
    if let Some(until) = facts.paused_until {
        let what = "the vetoer has paused all slashing";
        found.push(Finding::new(FindingKind::SlashingPaused, Severity::Info, Subject::Network, what).until(until));
    }
    let Some(proposer) = facts.proposer.tally() else { return Some(found) };
    let [small, ..] = proposer.rules.amounts;
    let mut standings = standings(facts, &snapshot.rollup.clock)?;
    standings.retain(|attester, _| snapshot.attesters.contains_key(attester));
    for (attester, view) in &snapshot.attesters {
        let subject = || Subject::Attester(*attester);
        let standing = standings.get(attester);
        found.extend(standing.and_then(|standing| of_standing(standing, subject(), proposer.rules.quorum, thresholds)));
        let is_whole = view.effective_balance >= snapshot.rollup.activation_threshold;
        if view.status != OnChainStatus::Validating || (is_whole && standing.is_none()) {
            continue;
        }
        let Some(margin) = EjectionMargin::of(&snapshot.rollup, view.effective_balance) else { continue };
        let decided = standing.and_then(|standing| standing.decision).map_or(U256::zero(), |decision| decision.amount);
        if decided > margin.amount {
            let what = "decided slashes take more than it can lose: it will be ejected for good";
            found.push(Finding::new(FindingKind::SlashingEjects, Severity::Critical, subject(), what));
        } else if let Some(slashes) = margin.slashes(small).filter(|slashes| *slashes <= thresholds.ejection_slashes) {
            let what = format!("{slashes} small slashes eject it");
            found.push(Finding::new(FindingKind::EjectionNear, Severity::Warning, subject(), what));
        }
    }
    Some(found)
}

/// Votes that cannot be seen.
#[must_use]
pub fn of_blindness(blindness: Blindness) -> Finding {
    let what = format!("votes to slash cannot be seen: {}", blindness.words());
    Finding::new(FindingKind::SlashingUnreadable, Severity::Warning, Subject::Network, what)
}

fn of_standing(standing: &Standing, subject: Subject, quorum: u64, thresholds: &Thresholds) -> Option<Finding> {
    let votes = standing.votes;
    let until = standing.decision.map(|decision| decision.executable_from);
    let finding = match standing.stage {
        Stage::Spared | Stage::Vetoed => return None,
        Stage::Voted => {
            // A vote or two are one node's opinion; a tenth of the quorum is not.
            let is_more = votes.saturating_mul(thresholds.vote_part) >= quorum;
            let severity = if is_more { Severity::Warning } else { Severity::Info };
            let what = format!("{votes} votes to slash it in this round");
            Finding::new(FindingKind::SlashingVotes, severity, subject, what)
        }
        Stage::Decided => {
            let what = format!("it is to be slashed: {votes} votes decided it, and a veto must come in time");
            Finding::new(FindingKind::SlashingDecided, Severity::Critical, subject, what)
        }
        Stage::Executable => {
            let what = format!("anybody may slash it: {votes} votes decided it");
            Finding::new(FindingKind::SlashingExecutable, Severity::Critical, subject, what)
        }
    };
    Some(match (standing.stage, until) {
        (Stage::Decided, Some(until)) => finding.until(until),
        (Stage::Spared | Stage::Vetoed | Stage::Voted | Stage::Decided | Stage::Executable, _) => finding,
    })
}
