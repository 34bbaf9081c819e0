//! Slashing as readings: rounds for everybody, attesters only where somebody has to act.

use std::collections::BTreeMap;

use butler_core::domain::attester::view::OnChainStatus;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::slashing::{
    Blindness, EjectionMargin, NetworkSlashing, Pause, ProposerFacts, Stage, Standing,
};
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;

use super::{Readings, ServersByAttester, address, count, number, server_label, slashers, truth, units};
use crate::catalogue;

/// Turns what was read about slashing into readings about the snapshot's attesters. `None` when a time does not fit.
///
/// Families without a rollup in their labels are of the canonical rollup's present slasher where they are of one, and of all
/// slashers together where they are of attesters.
#[must_use]
pub fn slashing_readings(facts: &NetworkSlashing, snapshot: &NetworkSnapshot, book: &KeyBook) -> Option<Readings> {
    let mut readings = Readings::default();
    let present = facts.canonical().map(|slasher| &slasher.facts);
    let tally = present.and_then(|facts| facts.proposer.tally());
    readings.push(&catalogue::SLASHING_SUPPORTED, [], truth(tally.is_some()));
    let blindness = facts.blindness();
    for reason in Blindness::ALL {
        readings.push(&catalogue::SLASHING_UNREADABLE, [reason.name().to_owned()], truth(blindness.contains(&reason)));
    }
    match present.map_or(Pause::None, |facts| facts.pause) {
        Pause::None => readings.push(&catalogue::SLASHING_ENABLED, [], truth(true)),
        Pause::Until(until) => {
            readings.push(&catalogue::SLASHING_ENABLED, [], truth(false));
            readings.push(&catalogue::SLASHING_PAUSED_UNTIL, [], number(until));
        }
        Pause::Untold => {}
    }
    if let Some(tally) = tally {
        push_rounds(&mut readings, tally);
    }
    // What votes are measured by, also where those of the canonical rollup's slasher alone cannot be read.
    let mut readable = facts.slashers().filter_map(|(_, slasher)| slasher.facts.proposer.tally());
    if let Some(tally) = tally.or_else(|| readable.next()) {
        readings.push(&catalogue::SLASHING_QUORUM, [], number(tally.rules.quorum));
    }
    let servers = book.servers_by_attester();
    slashers::push_slashers(&mut readings, facts, &servers)?;
    let own = facts.standings()?;
    if facts.slashers().any(|(_, slasher)| slasher.facts.proposer.tally().is_some()) {
        push_standings(&mut readings, &own, &servers);
    }
    push_margins(&mut readings, facts, (snapshot, &servers), &own);
    Some(readings)
}

fn push_rounds(readings: &mut Readings, proposer: &ProposerFacts) {
    for (family, value) in [
        (&catalogue::SLASHING_ROUND, number(proposer.current_round)),
        (&catalogue::SLASHING_ROUND_VOTES, number(proposer.current_votes)),
        (&catalogue::SLASHING_ROUND_END, number(proposer.current_end)),
        (&catalogue::SLASHING_OPEN_ROUNDS, count(proposer.rounds.len())),
    ] {
        readings.push(family, [], value);
    }
}

fn push_standings(readings: &mut Readings, own: &BTreeMap<Address, Standing>, servers: &ServersByAttester<'_>) {
    for stage in Stage::ALL {
        let attesters = own.values().filter(|standing| standing.stage == stage).count();
        readings.push(&catalogue::SLASHING_ATTESTERS, [stage.name().to_owned()], count(attesters));
    }
    for (attester, standing) in own {
        let label = || [address(*attester), server_label(servers, *attester)];
        let labels = [address(*attester), standing.stage.name().to_owned(), server_label(servers, *attester)];
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
    facts: &NetworkSlashing,
    (snapshot, servers): (&NetworkSnapshot, &ServersByAttester<'_>),
    own: &BTreeMap<Address, Standing>,
) {
    let active = snapshot.attesters.iter().filter(|(_, view)| view.status == OnChainStatus::Validating);
    for (attester, view) in active {
        let label = || [address(*attester), server_label(servers, *attester)];
        let Some((figures, small)) = facts.figures_at(snapshot, *attester) else { continue };
        let slashed = figures.activation_threshold.saturating_sub(view.effective_balance);
        if !slashed.is_zero() {
            readings.push(&catalogue::ATTESTER_SLASHED, label(), units(slashed));
        }
        if slashed.is_zero() && !own.contains_key(attester) {
            continue;
        }
        if let Some(margin) = EjectionMargin::of(figures, view.effective_balance) {
            readings.push(&catalogue::EJECTION_MARGIN, label(), units(margin.amount));
            if let Some(slashes) = small.and_then(|small| margin.slashes(small)) {
                readings.push(&catalogue::EJECTION_SLASHES, label(), number(slashes));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use butler_core::domain::block::BlockRef;
    use butler_core::domain::slashing::{
        OpenRound, PositionVotes, SlashAction, SlashingFacts, SlashingProposer, SlashingRules,
    };
    use ethers_core::types::{H256, U256};

    use super::super::tests::{at, keys, network};
    use super::*;

    const TOKEN: u64 = 1_000_000_000_000_000_000;

    /// Rounds of two epochs and twenty slots; quorum 3. The sample's clock begins at 1000, and a slot has ten seconds.
    fn facts(votes: [u64; 4], is_vetoed: bool) -> SlashingFacts {
        let amounts = [2_000, 5_000, 5_000].map(|tokens: u64| U256::from(tokens) * TOKEN);
        let rules = SlashingRules {
            quorum: 3,
            round_slots: 20,
            round_epochs: 2,
            committee_size: 2,
            execution_delay_rounds: 2,
            lifetime_rounds: 5,
            offset_rounds: 1,
            amounts,
        };
        // 77 is somebody else's.
        let committees = vec![vec![at(10), at(77)], vec![at(11), at(10)]];
        let votes: Vec<_> = votes.into_iter().map(|votes| PositionVotes([votes, 0, 0])).collect();
        let actions = committees.iter().flatten().zip(&votes).filter(|(_, votes)| votes.decided(3).is_some());
        let actions = actions.map(|(attester, _)| SlashAction { attester: *attester, amount: amounts[0] }).collect();
        let round = OpenRound { round: 2, vote_count: 3, committees, votes, actions, is_vetoed };
        SlashingFacts {
            block: BlockRef { number: 500, hash: H256::zero(), timestamp: 1_550 },
            pause: Pause::None,
            ends_at: None,
            proposer: SlashingProposer::Tally(Box::new(ProposerFacts {
                address: at(78),
                rules,
                current_round: 2,
                current_votes: 3,
                current_end: 1_600,
                rounds: vec![round],
            })),
        }
    }

    /// The sample's network where 10 and 11 have stake: all of it, and 9,000 tokens less.
    fn staked() -> NetworkSnapshot {
        let mut snapshot = network();
        snapshot.rollup.activation_threshold = U256::from(200_000) * TOKEN;
        snapshot.rollup.ejection_threshold = U256::from(100_000) * TOKEN;
        snapshot.rollup.local_ejection_threshold = Some(U256::from(190_000) * TOKEN);
        for (attester, tokens) in [(10, 200_000_u64), (11, 191_000)] {
            snapshot.attesters.get_mut(&at(attester)).unwrap().effective_balance = U256::from(tokens) * TOKEN;
        }
        snapshot
    }

    fn read(facts: SlashingFacts) -> Readings {
        let snapshot = staked();
        slashing_readings(&NetworkSlashing::of_one(&snapshot, facts), &snapshot, &keys().book).unwrap()
    }

    #[test]
    fn only_own_attesters_have_series_and_only_those_somebody_must_look_at() {
        let readings = read(facts([3, 3, 1, 3], false));
        let (ten, eleven, stranger) = (address(at(10)), address(at(11)), address(at(77)));
        let table: [(&catalogue::Family, &[&str], Option<f64>); 14] = [
            (&catalogue::SLASHING_VOTES, &[&ten, "decided", "a"], Some(3.0)),
            (&catalogue::SLASHING_VOTES, &[&eleven, "voted", "a"], Some(1.0)),
            (&catalogue::SLASHING_VOTES, &[&stranger, "decided", ""], None),
            (&catalogue::SLASHING_AMOUNT, &[&ten, "a"], Some(4_000.0)),
            (&catalogue::SLASHING_AMOUNT, &[&eleven, "a"], None),
            // Rounds 2 + 2 + 1 and 2 + 5 + 1.
            (&catalogue::SLASHING_EXECUTABLE, &[&ten, "a"], Some(2_000.0)),
            (&catalogue::SLASHING_EXPIRES, &[&ten, "a"], Some(2_600.0)),
            (&catalogue::SLASHING_ATTESTERS, &["decided"], Some(1.0)),
            (&catalogue::SLASHING_ATTESTERS, &["executable"], Some(0.0)),
            (&catalogue::EJECTION_SLASHES, &[&ten, "a"], Some(6.0)),
            (&catalogue::EJECTION_SLASHES, &[&eleven, "a"], Some(1.0)),
            (&catalogue::EJECTION_MARGIN, &[&eleven, "a"], Some(1_000.0)),
            (&catalogue::ATTESTER_SLASHED, &[&eleven, "a"], Some(9_000.0)),
            (&catalogue::ATTESTER_SLASHED, &[&ten, "a"], None),
        ];
        for (family, labels, value) in table {
            assert_eq!(readings.get(family, labels), value, "{} {labels:?}", family.name);
        }
        let quiet = read(facts([0; 4], false));
        assert!(!quiet.0.iter().any(|sample| sample.labels.contains(&ten)), "nobody has to look at it");
    }

    #[test]
    fn a_vetoed_slash_has_neither_amount_nor_time() {
        let readings = read(facts([3, 0, 0, 0], true));
        let ten = address(at(10));
        assert_eq!(readings.get(&catalogue::SLASHING_VOTES, &[&ten, "vetoed", "a"]), Some(3.0));
        assert_eq!(readings.get(&catalogue::SLASHING_EXECUTABLE, &[&ten, "a"]), None);
        assert_eq!(readings.get(&catalogue::SLASHING_AMOUNT, &[&ten, "a"]), None);
    }

    #[test]
    fn a_slasher_that_cannot_be_read_is_told_by_its_reason() {
        for blindness in Blindness::ALL {
            let facts = SlashingFacts { proposer: SlashingProposer::Unreadable(blindness), ..facts([3; 4], false) };
            let readings = read(facts);
            assert_eq!(readings.get(&catalogue::SLASHING_SUPPORTED, &[]), Some(0.0));
            for reason in Blindness::ALL {
                let told = readings.get(&catalogue::SLASHING_UNREADABLE, &[reason.name()]);
                assert_eq!(told, Some(truth(reason == blindness)), "{}", reason.name());
            }
        }
    }

    #[test]
    fn a_pause_that_is_not_told_is_neither_a_pause_nor_none() {
        let readings = read(SlashingFacts { pause: Pause::Untold, ..facts([3; 4], false) });
        let told = |family, labels: &[&str]| readings.get(family, labels);
        assert_eq!(told(&catalogue::SLASHING_ENABLED, &[]), None);
        assert_eq!(told(&catalogue::SLASHING_PAUSED_UNTIL, &[]), None);
        assert_eq!(told(&catalogue::SLASHING_UNREADABLE, &[Blindness::NoPause.name()]), Some(1.0));
        assert_eq!(told(&catalogue::SLASHING_SUPPORTED, &[]), Some(1.0), "the votes are read");
    }

    #[test]
    fn a_rollup_without_a_tally_says_so_and_nothing_of_votes() {
        let facts =
            SlashingFacts { proposer: SlashingProposer::NoSlasher, pause: Pause::Until(9), ..facts([3; 4], false) };
        let readings = read(facts);
        for reason in Blindness::ALL {
            assert_eq!(readings.get(&catalogue::SLASHING_UNREADABLE, &[reason.name()]), Some(0.0));
        }
        assert_eq!(readings.get(&catalogue::SLASHING_SUPPORTED, &[]), Some(0.0));
        assert_eq!(readings.get(&catalogue::SLASHING_ENABLED, &[]), Some(0.0));
        assert_eq!(readings.get(&catalogue::SLASHING_PAUSED_UNTIL, &[]), Some(9.0));
        let of_votes = [&catalogue::SLASHING_QUORUM, &catalogue::SLASHING_ATTESTERS, &catalogue::EJECTION_SLASHES];
        assert!(!readings.0.iter().any(|sample| of_votes.contains(&sample.family)));
        assert_eq!(
            readings.get(&catalogue::EJECTION_MARGIN, &[&address(at(11)), "a"]),
            Some(1_000.0),
            "it was slashed"
        );
    }
}
