use ethers_core::types::{Address, U256};
use proptest::prelude::*;

use super::*;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;
use crate::domain::samples;

const CLOCK: RollupClock = RollupClock { genesis_time: 1_000, slot_seconds: 10, epoch_slots: 2 };

/// Rounds of four slots and two epochs; each vote speaks of two committees of two.
fn rules() -> SlashingRules {
    SlashingRules {
        quorum: 3,
        round_slots: 4,
        round_epochs: 2,
        committee_size: 2,
        execution_delay_rounds: 2,
        lifetime_rounds: 5,
        offset_rounds: 2,
        amounts: [10, 20, 50].map(U256::from),
    }
}

fn at(number: u64) -> Address {
    samples::address(number)
}

fn committees() -> Vec<Vec<Address>> {
    vec![vec![at(1), at(2)], vec![at(3), at(1)]]
}

/// A round with these votes; the contract does what they decide.
fn open(round: u64, votes: &[u8]) -> OpenRound {
    let votes_cast: Vec<[u8; 1]> = votes.iter().map(|vote| [*vote]).collect();
    let counts = tally(&rules(), votes_cast.iter().map(<[u8; 1]>::as_slice)).unwrap();
    OpenRound {
        round,
        vote_count: u64::try_from(votes.len()).unwrap(),
        committees: committees(),
        actions: decide(&rules(), &committees(), &counts),
        votes: counts,
        is_vetoed: false,
    }
}

fn facts(timestamp: u64, rounds: Vec<OpenRound>) -> SlashingFacts {
    let current_round = rules().round_at(&CLOCK, timestamp).unwrap();
    SlashingFacts {
        block: BlockRef { timestamp, ..samples::network().block },
        pause: Pause::None,
        ends_at: None,
        proposer: SlashingProposer::Tally(Box::new(ProposerFacts {
            address: Address::repeat_byte(9),
            rules: rules(),
            current_round,
            current_votes: 0,
            current_end: rules().voting_end(&CLOCK, current_round).unwrap(),
            rounds,
        })),
    }
}

/// Votes with these units for the four positions.
fn vote(units: [u8; 4]) -> u8 {
    units.iter().rev().fold(0, |byte, units| byte << 2 | units)
}

#[test]
fn a_position_has_two_bits_from_the_low_end() {
    let counts = tally(&rules(), [[0b11_10_01_00].as_slice(), &[0b00_00_11_00]]).unwrap();
    let expected = [[0, 0, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]].map(PositionVotes);
    assert_eq!(counts, expected);
    assert_eq!(counts.iter().map(PositionVotes::total).collect::<Vec<_>>(), [0, 2, 1, 1]);
    assert_eq!(tally(&rules(), [[0; 2].as_slice()]), Err(TallyError { expected: 1, actual: 2 }));
    assert_eq!(tally(&rules(), [[0; 0].as_slice()]), Err(TallyError { expected: 1, actual: 0 }));
}

#[test]
fn a_vote_for_more_counts_for_less_and_the_most_that_reaches_the_quorum_is_taken() {
    let table = [
        ([2, 0, 0], None),
        ([3, 0, 0], Some(0)),
        ([2, 1, 0], Some(0)),
        ([0, 1, 2], Some(1)),
        ([5, 2, 1], Some(1)),
        ([0, 0, 3], Some(2)),
        ([1, 1, 1], Some(0)),
        ([0, 2, 0], None),
    ];
    for (votes, decided) in table {
        assert_eq!(PositionVotes(votes).decided(3), decided, "{votes:?}");
    }
}

#[test]
fn each_position_is_decided_on_its_own() {
    let votes = [vote([1, 3, 0, 2]), vote([1, 3, 1, 2]), vote([1, 3, 1, 2])];
    let actions = open(9, &votes).actions;
    let expected =
        [(1, 10), (2, 50), (1, 20)].map(|(who, amount)| SlashAction { attester: at(who), amount: amount.into() });
    assert_eq!(actions, expected, "attester 1 sits in both committees; 3 has two votes of three");
    let counts = open(9, &votes).votes;
    let missing = vec![Vec::new(), vec![at(3), at(1)]];
    assert_eq!(decide(&rules(), &missing, &counts), expected[2..], "an epoch without a committee slashes nobody");
}

#[test]
fn a_quorum_against_an_empty_seat_is_told_apart() {
    let counts = |units: [u8; 4]| open(9, &[vote(units); 3]).votes;
    let (first, second) = (vec![Vec::new(), vec![at(3), at(1)]], vec![vec![at(1), at(2)], Vec::new()]);
    for (committees, units, expected) in [
        (&first, [0, 1, 0, 0], true),
        (&first, [0, 0, 1, 3], false),
        (&second, [0, 0, 0, 2], true),
        (&second, [1, 1, 0, 0], false),
        (&committees(), [3, 3, 3, 3], false),
    ] {
        assert_eq!(reaches_nobody(&rules(), committees, &counts(units)), expected, "{committees:?} {units:?}");
    }
    let two_votes = open(9, &[vote([1, 0, 0, 0]); 2]).votes;
    assert!(!reaches_nobody(&rules(), &first, &two_votes), "below the quorum");
}

#[test]
fn rounds_begin_end_execute_and_expire_by_the_rollups_clock() {
    let rules = rules();
    assert_eq!((rules.round_at(&CLOCK, 1_399), rules.round_at(&CLOCK, 1_400)), (Some(9), Some(10)));
    assert_eq!(rules.voting_end(&CLOCK, 10), Some(1_440));
    // Current round > round + 2, and <= round + 5.
    assert_eq!(rules.executable_from(&CLOCK, 10), rules.round_start(&CLOCK, 13));
    assert_eq!(rules.expires_at(&CLOCK, 10), rules.round_start(&CLOCK, 16));
    assert_eq!(rules.open_rounds(10), 5..=10);
    assert_eq!(rules.open_rounds(4), 2..=4);
    assert!(rules.open_rounds(1).is_empty());
    assert_eq!(rules.executable_from(&CLOCK, u64::MAX), None);
}

#[test]
fn rules_that_the_contract_would_have_refused_are_told() {
    assert_eq!(rules().problem(), None);
    let wrong = [
        SlashingRules { round_slots: 0, ..rules() },
        SlashingRules { round_slots: 1_025, ..rules() },
        SlashingRules { quorum: 0, ..rules() },
        SlashingRules { quorum: 5, ..rules() },
        SlashingRules { committee_size: 0, ..rules() },
        SlashingRules { committee_size: 3, ..rules() },
        SlashingRules { committee_size: u64::MAX, ..rules() },
        SlashingRules { committee_size: 258, ..rules() },
        SlashingRules { lifetime_rounds: 128, ..rules() },
        SlashingRules { lifetime_rounds: 2, ..rules() },
        SlashingRules { offset_rounds: 0, ..rules() },
    ];
    for rules in wrong {
        assert!(rules.problem().is_some(), "{rules:?}");
    }
}

#[test]
fn the_stage_follows_votes_quorum_veto_and_time() {
    let decided = vec![vote([1, 0, 0, 0]); 3];
    let stage_at =
        |timestamp, round: OpenRound| standings(&facts(timestamp, vec![round]), &CLOCK).unwrap()[&at(1)].stage;
    assert_eq!(stage_at(1_410, open(10, &decided[..2])), Stage::Voted);
    assert_eq!(stage_at(1_440, open(10, &decided[..2])), Stage::Spared);
    assert_eq!(stage_at(1_410, open(10, &decided)), Stage::Decided);
    assert_eq!(stage_at(1_519, open(10, &decided)), Stage::Decided);
    assert_eq!(stage_at(1_520, open(10, &decided)), Stage::Executable);
    assert_eq!(stage_at(1_520, OpenRound { is_vetoed: true, ..open(10, &decided) }), Stage::Vetoed);
    let paused = SlashingFacts { pause: Pause::Until(1_600), ..facts(1_520, vec![open(10, &decided)]) };
    let standing = standings(&paused, &CLOCK).unwrap()[&at(1)];
    assert_eq!((standing.stage, standing.decision.unwrap().executable_from), (Stage::Decided, 1_600));
}

#[test]
fn of_several_rounds_the_most_urgent_counts_and_what_is_decided_adds_up() {
    let strong = vec![vote([2, 0, 0, 1]); 3];
    let weak = vec![vote([1, 1, 0, 0]); 2];
    let vetoed = OpenRound { is_vetoed: true, ..open(7, &[vote([3, 3, 3, 3]); 4]) };
    let found =
        standings(&facts(1_410, vec![vetoed, open(8, &strong), open(9, &strong), open(10, &weak)]), &CLOCK).unwrap();
    let decision = Decision { amount: 60.into(), executable_from: 1_000 + 11 * 40, expires_at: 1_000 + 15 * 40 };
    assert_eq!(found[&at(1)], Standing { stage: Stage::Decided, votes: 3, decision: Some(decision) });
    assert_eq!(found[&at(2)], Standing { stage: Stage::Voted, votes: 2, decision: None });
    assert_eq!(found[&at(3)], Standing { stage: Stage::Vetoed, votes: 4, decision: None });
    assert_eq!(found.len(), 3);
}

#[test]
fn without_a_tally_proposer_nobody_is_voted_against() {
    let facts = SlashingFacts { proposer: SlashingProposer::NoSlasher, ..facts(1_410, Vec::new()) };
    assert_eq!(standings(&facts, &CLOCK), Some(std::collections::BTreeMap::new()));
}

#[test]
fn the_higher_threshold_ejects_and_it_ejects_below_not_at_it() {
    let mut rollup = samples::network().rollup;
    (rollup.ejection_threshold, rollup.local_ejection_threshold) = (100.into(), Some(190.into()));
    let slashes = |balance: u64| EjectionMargin::of(&rollup, balance.into())?.slashes(2.into());
    assert_eq!(slashes(200), Some(6), "five leave it at the threshold, where it stays");
    assert_eq!((slashes(199), slashes(192), slashes(191), slashes(190)), (Some(5), Some(2), Some(1), Some(1)));
    assert_eq!(slashes(189), None);
    assert_eq!(EjectionMargin::of(&rollup, 200.into()).unwrap().slashes(U256::zero()), None);
    rollup.local_ejection_threshold = None;
    assert_eq!(EjectionMargin::of(&rollup, 110.into()).unwrap().slashes(2.into()), Some(6));
}

#[test]
fn no_two_stages_share_a_name() {
    let names: std::collections::BTreeSet<_> = Stage::ALL.into_iter().map(Stage::name).collect();
    assert_eq!(names.len(), Stage::ALL.len());
    assert!(Stage::ALL.is_sorted());
}

/// The contract's own way: three counters of 64 bits in one word for each position.
fn packed(votes: &[Vec<u8>], quorum: u64) -> Vec<Option<usize>> {
    let mut matrix = vec![U256::zero(); votes.first().map_or(0, |vote| vote.len() * 4)];
    for vote in votes {
        for (j, byte) in vote.iter().enumerate() {
            for k in 0..4 {
                let units = (usize::from(*byte) >> (2 * k)) & 3;
                if units != 0 {
                    matrix[4 * j + k] += U256::one() << ((units - 1) << 6);
                }
            }
        }
    }
    let decided = |word: &U256| {
        let mut count = 0;
        (0..3).rev().find(|j| {
            count += (*word >> (j << 6)).low_u64();
            count >= quorum
        })
    };
    matrix.iter().map(decided).collect()
}

proptest! {
    #[test]
    fn the_tally_is_the_contracts(
        bytes in 1_usize..12,
        seed in prop::collection::vec(prop::collection::vec(any::<u8>(), 12), 0..20),
        quorum in 1_u64..8,
    ) {
        let votes: Vec<Vec<u8>> = seed.into_iter().map(|vote| vote[..bytes].to_vec()).collect();
        let committee_size = u64::try_from(bytes).unwrap() * 2;
        let rules = SlashingRules { quorum, committee_size, ..rules() };
        let counts = tally(&rules, votes.iter().map(Vec::as_slice)).unwrap();
        let decided: Vec<_> = counts.iter().map(|count| count.decided(quorum)).collect();
        if !votes.is_empty() {
            prop_assert_eq!(decided, packed(&votes, quorum));
        }
        prop_assert!(counts.iter().all(|count| count.total() <= u64::try_from(votes.len()).unwrap()));
    }
}
