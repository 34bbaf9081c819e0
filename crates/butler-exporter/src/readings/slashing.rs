//! Slashing as readings: rounds for everybody, attesters only where somebody has to act.

use std::collections::BTreeMap;

use butler_core::domain::slashing::{EjectionMargin, ProposerFacts, SlashingFacts, Stage, Standing, standings};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::domain::view::OnChainStatus;
use ethers_core::types::{Address, U256};

use super::{Readings, address, count, number, truth, units};
use crate::catalogue;

/// Turns what was read about slashing into readings about the snapshot's attesters. `None` when a time does not fit.
#[must_use]
pub fn slashing_readings(facts: &SlashingFacts, snapshot: &NetworkSnapshot) -> Option<Readings> {
    let mut readings = Readings::default();
    readings.push(&catalogue::SLASHING_SUPPORTED, [], truth(facts.proposer.is_some()));
    readings.push(&catalogue::SLASHING_ENABLED, [], truth(facts.paused_until.is_none()));
    if let Some(until) = facts.paused_until {
        readings.push(&catalogue::SLASHING_PAUSED_UNTIL, [], number(until));
    }
    let mut own = standings(facts, &snapshot.rollup.clock)?;
    own.retain(|attester, _| snapshot.attesters.contains_key(attester));
    if let Some(proposer) = &facts.proposer {
        push_rounds(&mut readings, proposer);
        push_standings(&mut readings, &own);
    }
    let small = facts.proposer.as_ref().map(|proposer| proposer.rules.amounts[0]);
    push_margins(&mut readings, snapshot, &own, small);
    Some(readings)
}

fn push_rounds(readings: &mut Readings, proposer: &ProposerFacts) {
    for (family, value) in [
        (&catalogue::SLASHING_QUORUM, number(proposer.rules.quorum)),
        (&catalogue::SLASHING_ROUND, number(proposer.current_round)),
        (&catalogue::SLASHING_ROUND_VOTES, number(proposer.current_votes)),
        (&catalogue::SLASHING_ROUND_END, number(proposer.current_end)),
        (&catalogue::SLASHING_OPEN_ROUNDS, count(proposer.rounds.len())),
    ] {
        readings.push(family, [], value);
    }
}

fn push_standings(readings: &mut Readings, own: &BTreeMap<Address, Standing>) {
    for stage in Stage::ALL {
        let attesters = own.values().filter(|standing| standing.stage == stage).count();
        readings.push(&catalogue::SLASHING_ATTESTERS, [stage.name().to_owned()], count(attesters));
    }
    for (attester, standing) in own {
        let label = || [address(*attester)];
        let labels = [address(*attester), standing.stage.name().to_owned()];
        readings.push(&catalogue::SLASHING_VOTES, labels, number(standing.votes));
        if let Some(decision) = standing.decision {
            readings.push(&catalogue::SLASHING_EXECUTABLE, label(), number(decision.executable_from));
            readings.push(&catalogue::SLASHING_EXPIRES, label(), number(decision.expires_at));
            readings.push(&catalogue::SLASHING_AMOUNT, label(), units(decision.amount));
        }
    }
}

fn push_margins(
    readings: &mut Readings,
    snapshot: &NetworkSnapshot,
    own: &BTreeMap<Address, Standing>,
    small: Option<U256>,
) {
    let rollup = &snapshot.rollup;
    let active = snapshot.attesters.iter().filter(|(_, view)| view.status == OnChainStatus::Validating);
    for (attester, view) in active {
        let label = || [address(*attester)];
        let slashed = rollup.activation_threshold.saturating_sub(view.effective_balance);
        if !slashed.is_zero() {
            readings.push(&catalogue::ATTESTER_SLASHED, label(), units(slashed));
        }
        if slashed.is_zero() && !own.contains_key(attester) {
            continue;
        }
        if let Some(margin) = EjectionMargin::of(rollup, view.effective_balance) {
            readings.push(&catalogue::EJECTION_MARGIN, label(), units(margin.amount));
            if let Some(slashes) = small.and_then(|small| margin.slashes(small)) {
                readings.push(&catalogue::EJECTION_SLASHES, label(), number(slashes));
            }
        }
    }
}
