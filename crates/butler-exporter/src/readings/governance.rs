//! Governance as readings.

use butler_core::domain::governance::{GovernanceFacts, ProposalState};

use super::{Readings, address, count, number};
use crate::catalogue;

/// Turns what was read about governance into readings.
#[must_use]
pub fn governance_readings(facts: &GovernanceFacts) -> Readings {
    let mut readings = Readings::default();
    let leader = facts.rounds.iter().find(|round| round.round == facts.current_round).and_then(|round| round.leader);
    let submittable = facts.rounds.iter().filter(|round| facts.rules.is_submittable(round, facts.current_round));
    for (family, value) in [
        (&catalogue::GOVERNANCE_ROUND, number(facts.current_round)),
        (&catalogue::GOVERNANCE_ROUND_END, number(facts.current_end)),
        (&catalogue::GOVERNANCE_QUORUM, number(facts.rules.quorum)),
        (&catalogue::GOVERNANCE_SIGNALS, number(leader.map_or(0, |leader| leader.signals))),
        (&catalogue::GOVERNANCE_SUBMITTABLE, count(submittable.count())),
    ] {
        readings.push(family, [], value);
    }
    if let Some(leader) = leader {
        readings.push(&catalogue::GOVERNANCE_PAYLOAD, [address(leader.payload)], 1.0);
    }
    for state in ProposalState::ALL {
        let label = || [state.name().to_owned()];
        let in_state = || facts.proposals.iter().filter(|proposal| proposal.state == state);
        readings.push(&catalogue::GOVERNANCE_PROPOSALS, label(), count(in_state().count()));
        if let Some(until) = in_state().filter_map(butler_core::domain::governance::Proposal::state_until).min() {
            readings.push(&catalogue::GOVERNANCE_UNTIL, label(), number(until));
        }
    }
    readings
}
