//! Real votes on the devnet: what is read and added up here is what the contract says and does.

use std::collections::BTreeSet;

use butler_core::chain::{SlashingReader, SlashingRequest};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::contracts::bindings::rollup::RollupEvents;
use butler_core::contracts::bindings::tally_slashing_proposer::TallySlashingProposerEvents as Events;
use butler_core::contracts::events::{Source, TypedEvent, decode_event};
use butler_core::domain::rollup::RollupClock;
use butler_core::domain::slashing::{
    Blindness, OpenRound, Pause, ProposerFacts, SlashingFacts, SlashingProposer, SlashingRules, Stage, decide,
    standings,
};
use butler_testkit::devnet::{Chain, DevnetSpec, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie};
use ethers_core::types::{Address, H256, Log, U256};
use ethers_core::utils::{hex, id};

use crate::support;

struct Bench {
    chain: Chain,
    client: L1Client,
    reader: SlashingReader,
    own: BTreeSet<Address>,
}

impl Bench {
    async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let own = chain.oracle().unwrap().attesters.values().map(|attester| attester.address).collect();
        let client = support::client(&[support::endpoint("devnet", chain.url())]);
        Self { chain, client, reader: SlashingReader::default(), own }
    }

    fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    fn clock(&self) -> RollupClock {
        let rollup = &self.oracle().rollup;
        RollupClock {
            genesis_time: rollup.genesis_time,
            slot_seconds: rollup.slot_duration,
            epoch_slots: rollup.epoch_duration,
        }
    }

    async fn read(&mut self) -> SlashingFacts {
        let head = self.client.head(BlockTag::Latest, &[]).await.unwrap();
        let (rollup, slasher) = (self.oracle().contracts.rollup_address, self.oracle().contracts.slasher_address);
        let request = SlashingRequest { rollup, slasher, clock: self.clock(), own: &self.own };
        self.reader.read(&self.client, &head.block, &request).await.unwrap()
    }

    async fn proposer(&mut self) -> ProposerFacts {
        self.read().await.proposer.tally().unwrap().clone()
    }

    async fn vote(&self, votes: [u8; 4], times: usize) {
        for _ in 0..times {
            self.chain.play(Move::VoteToSlash { votes: votes.to_vec() }).await.unwrap();
        }
    }

    fn requests(&self) -> u64 {
        self.client.endpoints()[0].peer().counters().requests.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// The contract's tally equals what was read, and what our own votes decide.
    async fn assert_tally(&self, facts: &ProposerFacts, round: &OpenRound) {
        let contracts = self.chain.slash_tally(round.round).await.unwrap();
        let read: Vec<_> = round.actions.iter().map(|action| (action.attester, action.amount)).collect();
        assert_eq!(read, contracts);
        let decided = decide(&facts.rules, &round.committees, &round.votes);
        assert_eq!(decided, round.actions);
        assert_eq!(round.committees, self.chain.slash_target_committees(round.round).await.unwrap());
    }
}

/// Position by position, four to a byte: units for each of the sixteen.
fn vote(units: [u8; 16]) -> [u8; 4] {
    let byte = |from: usize| units[from..from + 4].iter().rev().fold(0, |byte, units| byte << 2 | units);
    [byte(0), byte(4), byte(8), byte(12)]
}

#[tokio::test]
async fn the_devnets_rules_are_read_and_nobody_is_voted_against() {
    let mut bench = Bench::start().await;
    let facts = bench.read().await;
    assert_eq!((facts.block.number, facts.pause), (bench.oracle().block.number, Pause::None));
    let proposer = facts.proposer.tally().unwrap();
    let rules = proposer.rules;
    assert_eq!((rules.quorum, rules.round_slots, rules.round_epochs, rules.committee_size), (65, 128, 4, 4));
    assert_eq!((rules.execution_delay_rounds, rules.lifetime_rounds, rules.offset_rounds), (28, 34, 2));
    assert_eq!(rules.amounts, [U256::exp10(21) * 2; 3]);
    let slot = bench.chain.slot().await.unwrap();
    assert_eq!((proposer.current_round, proposer.current_votes), (slot / 128, 0));
    assert_eq!(proposer.rounds, []);
    assert!(standings(&facts, &bench.clock()).unwrap().is_empty());
    let before = bench.requests();
    bench.read().await;
    assert_eq!(bench.requests() - before, 3, "head, slasher with rules, rounds");
}

#[tokio::test]
async fn votes_add_up_to_the_contracts_tally_and_are_executed_when_we_said() {
    let mut bench = Bench::start().await;
    // Every position has another pattern; 7 is below the quorum in the end, 8 to 15 are never voted on.
    let all = vote([1, 2, 3, 1, 1, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    let few = vote([1, 2, 3, 3, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bench.vote(all, 1).await;
    let round = bench.chain.slot().await.unwrap() / 128;
    let facts = bench.proposer().await;
    assert_eq!((facts.current_round, facts.current_votes), (round, 1));
    assert_eq!(facts.rounds[0].votes.iter().map(|votes| votes.total()).sum::<u64>(), 8);
    bench.vote(few, 63).await;
    let facts = bench.proposer().await;
    assert_eq!(facts.rounds[0].actions, []);
    bench.assert_tally(&facts, &facts.rounds[0]).await;
    let slashing = bench.read().await;
    let standing = standings(&slashing, &bench.clock()).unwrap();
    assert!(standing.values().all(|standing| standing.stage == Stage::Voted && standing.decision.is_none()));
    assert!(standing.values().any(|standing| standing.votes == 64));

    bench.vote(all, 1).await;
    let slashing = bench.read().await;
    let facts = slashing.proposer.tally().unwrap();
    let decided = &facts.rounds[0];
    bench.assert_tally(facts, decided).await;
    assert_eq!(decided.actions.len(), 7, "{decided:?}");
    let clock = bench.clock();
    let standing = standings(&slashing, &clock).unwrap();
    let (attester, due) =
        standing.iter().find_map(|(attester, standing)| Some((*attester, standing.decision?))).unwrap();
    let rules = facts.rules;
    assert_eq!(Some(due.executable_from), rules.round_start(&clock, round + 29));
    assert!(
        standing
            .values()
            .filter_map(|standing| standing.decision)
            .all(|decision| decision.expires_at == due.expires_at)
    );

    // One slot before, nobody can execute it; in the slot that we said, anybody can.
    let early = due.executable_from - 72 - bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(early)).await.unwrap();
    assert!(bench.chain.play(Move::ExecuteSlashes { round }).await.is_err());
    let stage = |slashing: &SlashingFacts| standings(slashing, &clock).unwrap()[&attester].stage;
    assert_eq!(stage(&bench.read().await), Stage::Decided);
    let now = bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(due.executable_from - now)).await.unwrap();
    assert_eq!(stage(&bench.read().await), Stage::Executable);
    let before = bench.requests();
    bench.read().await;
    assert_eq!(bench.requests() - before, 4, "head, slasher, rounds, veto: a settled round is not read again");
    bench.chain.play(Move::ExecuteSlashes { round }).await.unwrap();
    assert_eq!(bench.proposer().await.rounds, [], "an executed round is not open");
}

#[tokio::test]
async fn a_veto_and_a_pause_are_seen_at_once() {
    let mut bench = Bench::start().await;
    bench.vote(vote([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 65).await;
    let facts = bench.proposer().await;
    let (round, attester) = (facts.rounds[0].round, facts.rounds[0].actions[0].attester);
    bench.chain.play(Move::PauseSlashing).await.unwrap();
    let paused = bench.read().await;
    assert_eq!(paused.pause, Pause::Until(paused.block.timestamp + 259_200));
    bench.chain.play(Move::VetoSlashes { round }).await.unwrap();
    let vetoed = bench.read().await;
    assert!(vetoed.proposer.tally().unwrap().rounds[0].is_vetoed);
    let standing = standings(&vetoed, &bench.clock()).unwrap()[&attester];
    assert_eq!((standing.stage, standing.decision), (Stage::Vetoed, None));
}

#[tokio::test]
async fn votes_on_others_are_not_read() {
    let mut bench = Bench::start().await;
    bench.own = BTreeSet::from([Address::repeat_byte(7)]);
    bench.vote([1; 4], 1).await;
    let facts = bench.proposer().await;
    assert_eq!(facts.current_votes, 1);
    assert_eq!((facts.rounds.len(), facts.rounds[0].votes.len()), (1, 0));
    let stranger = facts.rounds[0].committees[0][0];
    bench.own.insert(stranger);
    assert_eq!(bench.proposer().await.rounds[0].votes[0].total(), 1, "until one of them is ours");

    // The same long after the round, when what was read is kept.
    bench.own.remove(&stranger);
    bench.reader = SlashingReader::default();
    bench.chain.play(Move::JumpSeconds(2 * 128 * 72)).await.unwrap();
    for _ in 0..2 {
        assert_eq!(bench.proposer().await.rounds[0].votes, []);
    }
    bench.own.insert(stranger);
    assert_eq!(bench.proposer().await.rounds[0].votes[0].total(), 1);
}

#[tokio::test]
async fn a_rollup_without_a_slasher_is_told_from_a_slasher_that_cannot_be_read() {
    let mut bench = Bench::start().await;
    let head = bench.client.head(BlockTag::Latest, &[]).await.unwrap();
    let (clock, own) = (bench.clock(), bench.own.clone());
    let (rollup, staking_registry) =
        (bench.oracle().contracts.rollup_address, bench.oracle().contracts.staking_registry_address);
    // None at all, a contract that has nothing to do with slashing, and no contract.
    for (slasher, proposer) in [
        (Address::zero(), SlashingProposer::NoSlasher),
        (staking_registry, SlashingProposer::Unreadable(Blindness::NoProposer)),
        (Address::repeat_byte(9), SlashingProposer::Unreadable(Blindness::NoProposer)),
    ] {
        let request = SlashingRequest { rollup, slasher, clock, own: &own };
        let facts = bench.reader.read(&bench.client, &head.block, &request).await.unwrap();
        assert_eq!((facts.pause.until(), facts.proposer), (None, proposer));
    }
}

/// The getters of a proposer's rules, in no order.
const RULES: [&str; 3] = ["QUORUM()", "SLASH_OFFSET_IN_ROUNDS()", "SLASH_AMOUNT_LARGE()"];

/// Reverts this getter, alone and in packs.
fn without(signature: &str) -> FaultPlan {
    FaultPlan::always(Fault::RevertCalls(format!("0x{}", hex::encode(id(signature)))))
}

#[tokio::test]
async fn sixty_six_votes_are_seen_where_the_getter_of_the_proposers_kind_is_gone() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.vote(vote([1, 2, 3, 1, 1, 3, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0]), 66).await;
    let mut bench = Bench { client: support::client(&[support::endpoint("devnet", &proxy.url())]), ..bench };
    for gone in [
        without("SLASHING_PROPOSER_TYPE()"),
        FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::SlashingProposerType))),
    ] {
        proxy.set(gone);
        bench.reader = SlashingReader::default();
        let slashing = bench.read().await;
        let facts = slashing.proposer.tally().unwrap();
        assert_eq!((facts.current_votes, facts.rounds.len()), (66, 1));
        bench.assert_tally(facts, &facts.rounds[0]).await;
        let standing = standings(&slashing, &bench.clock()).unwrap();
        assert!(standing.values().any(|standing| standing.votes == 66 && standing.decision.is_some()));
    }
}

#[tokio::test]
async fn a_proposer_that_does_not_give_its_figures_is_said_to_be_unreadable_and_only_as_long() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let mut bench = Bench { client: support::client(&[support::endpoint("devnet", &proxy.url())]), ..bench };
    for signature in RULES {
        proxy.set(without(signature));
        let facts = bench.read().await;
        assert_eq!(facts.proposer, SlashingProposer::Unreadable(Blindness::UnknownProposer), "{signature}");
        // Whatever it was: what was learnt from it does not stay.
        proxy.set(FaultPlan::default());
        assert_eq!(bench.proposer().await.rules.quorum, 65, "{signature}");
    }
    proxy.set(without("PROPOSER()"));
    assert_eq!(bench.read().await.proposer, SlashingProposer::Unreadable(Blindness::NoProposer));
}

#[tokio::test]
async fn a_slasher_that_does_not_say_whether_it_is_paused_is_told_and_its_votes_are_read() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let mut bench = Bench { client: support::client(&[support::endpoint("devnet", &proxy.url())]), ..bench };
    proxy.set(without("slashingDisabledUntil()"));
    let facts = bench.read().await;
    assert_eq!((facts.pause, facts.blindness()), (Pause::Untold, Some(Blindness::NoPause)));
    assert_eq!(facts.proposer.tally().map(|tally| tally.rules.quorum), Some(65));
}

/// Logs of a round that validators of a local network of 4.1.2 voted on and executed: five votes decide, in the
/// transaction 0x17606da05a49ba071371d2b3c2f833f3350cb9de674914250933cd48d9b8a1c4 one attester loses 2,000.
const RECORDED: &str = include_str!("fixtures/slashing-round.json");

#[test]
fn a_recorded_round_was_voted_and_executed_in_the_slots_that_the_rules_say() {
    let logs: Vec<Log> = serde_json::from_str(RECORDED).unwrap();
    // That network's rules and clock: rounds of two epochs of four slots, no delay.
    let rules = SlashingRules {
        quorum: 5,
        round_slots: 8,
        round_epochs: 2,
        committee_size: 4,
        execution_delay_rounds: 0,
        lifetime_rounds: 5,
        offset_rounds: 1,
        amounts: [2_000, 4_000, 8_000].map(|tokens: u64| U256::from(tokens) * U256::exp10(18)),
    };
    assert_eq!(rules.problem(), None);
    let clock = RollupClock { genesis_time: 0, slot_seconds: 1, epoch_slots: 4 };
    let (mut votes, mut executed, mut slashed) = (Vec::new(), Vec::new(), Vec::new());
    for log in logs {
        let log = Log { block_hash: Some(H256::repeat_byte(1)), ..log };
        // The proposer's logs, and one of the rollup's.
        let source = if log.topics.len() == 2 && log.topics[1] > H256::from_low_u64_be(u64::MAX) {
            Source::Rollup
        } else {
            Source::SlashingProposer
        };
        let event = decode_event(source, &log).unwrap().unwrap().event;
        if let TypedEvent::SlashingProposer(Events::VoteCastFilter(vote)) = event {
            votes.push((vote.round.as_u64(), vote.slot.as_u64()));
        } else if let TypedEvent::SlashingProposer(Events::RoundExecutedFilter(round)) = event {
            executed.push((round.round.as_u64(), round.slash_count.as_u64()));
        } else if let TypedEvent::Rollup(RollupEvents::SlashedFilter(event)) = event {
            slashed.push(event.amount);
        }
    }
    assert!(votes.iter().all(|(round, slot)| rules.round_at(&clock, *slot) == Some(*round)), "{votes:?}");
    assert_eq!(votes.iter().filter(|(round, _)| *round == 11).count(), 5);
    assert_eq!((executed, slashed), (vec![(11, 1)], vec![rules.amounts[0]]));
    // It was executed by the first vote of the round after.
    assert_eq!(rules.executable_from(&clock, 11), Some(votes[5].1));
    assert_eq!(rules.expires_at(&clock, 11), rules.round_start(&clock, 17));
}
