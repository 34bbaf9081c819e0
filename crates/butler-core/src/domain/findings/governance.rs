//! What of governance somebody must know in time.

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::governance::{GovernanceFacts, ProposalState};
use crate::text::address::checksummed;
use crate::text::time::count;

/// Everything that needs somebody at `now`.
#[must_use]
pub fn of_governance(facts: &GovernanceFacts, now: u64, thresholds: &Thresholds) -> Vec<Finding> {
    let about = |kind, severity, what: String| Finding::new(kind, severity, Subject::Network, what);
    let mut found = Vec::new();
    let current = facts.rounds.iter().find(|round| round.round == facts.current_round);
    let submittable = facts.rounds.iter().filter(|round| facts.rules.is_submittable(round, facts.current_round));
    let submittable = submittable.count();
    let leader = current.and_then(|round| round.leader);
    let has_quorum = leader.is_some_and(|leader| leader.signals >= facts.rules.quorum);
    if has_quorum || submittable > 0 {
        let what = "a payload has the signals to become a proposal".to_owned();
        found.push(about(FindingKind::GovernanceSubmittable, Severity::Warning, what));
    }
    if let Some(leader) = leader.filter(|leader| {
        leader.signals > 0 && leader.signals.saturating_mul(thresholds.signal_part) >= facts.rules.quorum
    }) {
        let payload = checksummed(&leader.payload);
        let what = format!("{} of proposers for the payload {payload}", count_of(leader.signals, "signal"));
        found.push(about(FindingKind::GovernanceSignalled, Severity::Info, what));
    }
    let of_state = |state| facts.proposals.iter().filter(move |proposal| proposal.state == state);
    let active = of_state(ProposalState::Active).count();
    if active > 0 {
        let voting = about(FindingKind::GovernanceVoting, Severity::Info, format!("{} voted on", count_is(active)));
        let ends = of_state(ProposalState::Active).filter_map(|proposal| proposal.state_until()).min();
        found.push(match ends {
            Some(ends) => voting.until(ends),
            None => voting,
        });
    }
    let soon = now.saturating_add(thresholds.governance_execution);
    let near = of_state(ProposalState::Queued).filter_map(|proposal| proposal.state_until());
    let near = near.filter(|until| *until <= soon).min();
    if of_state(ProposalState::Executable).next().is_some() {
        let what = "an accepted proposal can be executed now".to_owned();
        found.push(about(FindingKind::GovernanceExecution, Severity::Warning, what));
    } else if let Some(near) = near {
        let what = "an accepted proposal can be executed soon".to_owned();
        found.push(about(FindingKind::GovernanceExecution, Severity::Warning, what).until(near));
    }
    found
}

fn count_of(number: u64, noun: &str) -> String {
    count(usize::try_from(number).unwrap_or(usize::MAX), noun)
}

fn count_is(proposals: usize) -> String {
    if proposals == 1 { "1 proposal is".to_owned() } else { format!("{proposals} proposals are") }
}
