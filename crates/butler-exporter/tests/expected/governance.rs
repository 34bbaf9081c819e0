//! Governance: one signal of a proposer, and one proposal.

use butler_testkit::devnet::Move;
use ethers_core::types::Address;

use super::{World, number, of, slot_at, slot_start, with};
use crate::support::{Bench, shown};

/// The round's length in slots and its quorum, as the devnet was deployed.
const ROUND: u64 = 300;
const QUORUM: u64 = 151;
/// How long a proposal is pending: the deployment's voting delay.
const VOTING_DELAY: u64 = 60;
/// How long it is voted on.
const VOTING_DURATION: u64 = 3_600;

fn payload() -> Address {
    Address::repeat_byte(0x77)
}

/// Lets a proposer signal, and makes a proposal; tells when.
pub(crate) async fn stand_up(bench: &Bench) -> u64 {
    bench.chain.play(Move::Signal { payload: payload() }).await.unwrap();
    bench.chain.play(Move::Propose { payload: payload() }).await.unwrap();
    bench.chain.timestamp().await.unwrap()
}

pub(crate) fn expected(bench: &Bench, world: &World) -> Vec<(String, f64)> {
    let oracle = bench.oracle();
    let round = slot_at(oracle, world.head.timestamp) / ROUND;
    let mut all = vec![
        (of("butler_governance_round"), number(round)),
        (of("butler_governance_round_end_timestamp_seconds"), number(slot_start(oracle, (round + 1) * ROUND))),
        (of("butler_governance_quorum_signals"), number(QUORUM)),
        (of("butler_governance_signals"), 1.0),
        (with("butler_governance_payload_info", "payload", &shown(payload())), 1.0),
        (of("butler_governance_submittable_payloads"), 0.0),
    ];
    let (pending, active) = (world.proposed_at + VOTING_DELAY, world.proposed_at + VOTING_DELAY + VOTING_DURATION);
    let (state, other, until) =
        if world.head.timestamp > pending { ("active", "pending", active) } else { ("pending", "active", pending) };
    all.push((with("butler_governance_proposal_state_until_timestamp_seconds", "state", state), number(until)));
    let others = [other, "queued", "executable", "rejected", "executed", "droppable", "dropped", "expired"];
    all.push((with("butler_governance_proposals", "state", state), 1.0));
    all.extend(others.map(|state| (with("butler_governance_proposals", "state", state), 0.0)));
    all
}
