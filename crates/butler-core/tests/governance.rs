//! Real signals and proposals on the devnet: what is read is what happened.

use butler_core::chain::{GovernanceReader, GovernanceRequest};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::governance::{GovernanceFacts, ProposalState, SignalRules};
use butler_core::domain::rollup::RollupClock;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use ethers_core::types::Address;

use crate::support;

struct Bench {
    chain: Chain,
    client: L1Client,
    reader: GovernanceReader,
}

impl Bench {
    async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let client = support::client(&[support::endpoint("devnet", chain.url())]);
        Self { chain, client, reader: GovernanceReader::default() }
    }

    async fn read(&mut self) -> GovernanceFacts {
        let oracle = self.chain.oracle().unwrap();
        let (rollup, contracts) = (&oracle.rollup, oracle.contracts);
        let clock = RollupClock {
            genesis_time: rollup.genesis_time,
            slot_seconds: rollup.slot_duration,
            epoch_slots: rollup.epoch_duration,
        };
        let request =
            GovernanceRequest { aztec_registry: contracts.registry_address, rollup: contracts.rollup_address, clock };
        let head = self.client.head(BlockTag::Latest, &[]).await.unwrap();
        self.reader.read(&self.client, &head.block, &request).await.unwrap()
    }

    fn requests(&self) -> u64 {
        self.client.endpoints()[0].peer().counters().requests.load(std::sync::atomic::Ordering::Relaxed)
    }
}

#[tokio::test]
async fn nobody_has_signalled_and_nothing_is_proposed() {
    let mut bench = Bench::start().await;
    let facts = bench.read().await;
    let rules = SignalRules { quorum: 151, round_slots: 300, lifetime_rounds: 5, execution_delay_rounds: 0 };
    assert_eq!(facts.rules, rules);
    assert_eq!(facts.current_round, bench.chain.slot().await.unwrap() / 300);
    assert_eq!((facts.rounds.len(), facts.proposal_count, facts.proposals.len()), (6, 0, 0));
    assert!(facts.rounds.iter().all(|round| round.leader.is_none() && !round.is_submitted));
    let before = bench.requests();
    bench.read().await;
    assert_eq!(bench.requests() - before, 4, "head, registry, governance, rounds");
}

#[tokio::test]
async fn a_payload_is_signalled_for_becomes_submittable_and_a_proposal() {
    let mut bench = Bench::start().await;
    let (payload, other) = (bench.chain.oracle().unwrap().contracts.staking_registry_address, Address::repeat_byte(3));
    // A round of its own, so that all signals fit.
    let start = bench.read().await.current_end;
    let now = bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(start - now)).await.unwrap();
    bench.chain.play(Move::Signal { payload: other }).await.unwrap();
    let leader = |facts: &GovernanceFacts| facts.rounds.last().unwrap().leader.unwrap();
    let facts = bench.read().await;
    assert_eq!((leader(&facts).payload, leader(&facts).signals), (other, 1));
    for _ in 0..151 {
        bench.chain.play(Move::Signal { payload }).await.unwrap();
    }
    let facts = bench.read().await;
    let round = facts.current_round;
    assert_eq!((leader(&facts).payload, leader(&facts).signals), (payload, 151));
    let submittable = |facts: &GovernanceFacts| {
        let can = |round| facts.rules.is_submittable(round, facts.current_round);
        facts.rounds.iter().filter(|round| can(round)).map(|round| round.round).collect::<Vec<_>>()
    };
    assert_eq!(submittable(&facts), [0_u64; 0]);
    assert!(bench.chain.play(Move::SubmitPayload { round }).await.is_err(), "the round has not ended");
    let now = bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(facts.current_end - now)).await.unwrap();
    assert_eq!(submittable(&bench.read().await), [round]);
    bench.chain.play(Move::SubmitPayload { round }).await.unwrap();
    let facts = bench.read().await;
    assert_eq!((submittable(&facts), facts.proposal_count), (vec![], 1));
    assert!(facts.rounds.iter().any(|known| known.round == round && known.is_submitted));
    let proposal = facts.proposals[0];
    assert_eq!((proposal.state, proposal.created_at), (ProposalState::Pending, facts.block.timestamp));

    // Voting begins right after the moment that we say.
    let until = proposal.state_until().unwrap();
    bench.chain.play(Move::JumpSeconds(until - facts.block.timestamp)).await.unwrap();
    assert_eq!(bench.read().await.proposals[0].state, ProposalState::Pending);
    bench.chain.play(Move::JumpSeconds(1)).await.unwrap();
    assert_eq!(bench.read().await.proposals[0].state, ProposalState::Active);
    // Nobody votes.
    let until = bench.read().await.proposals[0].state_until().unwrap();
    let now = bench.chain.timestamp().await.unwrap();
    bench.chain.play(Move::JumpSeconds(until + 1 - now)).await.unwrap();
    let proposal = bench.read().await.proposals[0];
    assert_eq!((proposal.state, proposal.state_until()), (ProposalState::Rejected, None));
}

#[tokio::test]
async fn only_the_newest_proposals_are_read() {
    let mut bench = Bench::start().await;
    for _ in 0..34 {
        bench.chain.play(Move::Propose { payload: Address::repeat_byte(7) }).await.unwrap();
    }
    let facts = bench.read().await;
    assert_eq!((facts.proposal_count, facts.proposals.len()), (34, 32));
}
