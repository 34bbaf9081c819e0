//! Slashing: real votes against two own attesters, one slash that happened, and a pause.

use butler_testkit::devnet::Move;
use ethers_core::types::Address;

use super::{World, number, of, slot_at, slot_start, with};
use crate::support::{Bench, shown};

/// The round's length in slots, its delay and its lifetime in rounds, as the devnet was deployed.
const ROUND: u64 = 128;
const DELAY: u64 = 28;
const LIFETIME: u64 = 34;
const QUORUM: u64 = 65;
const PAUSE: u64 = 259_200;
/// Votes against the second attester.
const FEW: u64 = 3;

/// What was voted on.
pub(crate) struct Ballots {
    round: u64,
    decided: Address,
    voted: Address,
    slashed: Address,
    paused_until: u64,
}

/// Casts votes until one own attester is to be slashed, slashes another at once, and pauses slashing.
pub(crate) async fn stand_up(bench: &Bench) -> Ballots {
    let chain = &bench.chain;
    // A round of its own, so that everything happens before it ends.
    let round = chain.slot().await.unwrap() / ROUND + 1;
    let seconds = slot_start(bench.oracle(), round * ROUND) - chain.timestamp().await.unwrap();
    chain.play(Move::JumpSeconds(seconds)).await.unwrap();
    let positions: Vec<Address> = chain.slash_target_committees(round).await.unwrap().concat();
    let own = ["A0", "A1", "A2", "A3", "A4"].map(|name| bench.oracle().attester(name).unwrap().address);
    let mut sitting = own.into_iter().filter(|attester| positions.contains(attester));
    let (decided, voted) = (sitting.next().unwrap(), sitting.next().unwrap());
    let slashed = own.into_iter().find(|attester| ![decided, voted].contains(attester)).unwrap();
    let position = |attester| positions.iter().position(|sitting| *sitting == attester).unwrap();
    for vote in 0..QUORUM {
        let mut votes = vec![0_u8; positions.len() / 4];
        let mut against = vec![position(decided)];
        against.extend((vote < FEW).then(|| position(voted)));
        for position in against {
            votes[position / 4] |= 1 << (2 * (position % 4));
        }
        chain.play(Move::VoteToSlash { votes }).await.unwrap();
    }
    let tally = chain.slash_tally(round).await.unwrap();
    assert_eq!(tally.iter().map(|(attester, _)| *attester).collect::<Vec<_>>(), [decided]);
    chain.play(Move::Slash { attester: slashed, tokens: 3_000 }).await.unwrap();
    chain.play(Move::PauseSlashing).await.unwrap();
    let paused_until = chain.timestamp().await.unwrap() + PAUSE;
    Ballots { round, decided, voted, slashed, paused_until }
}

pub(crate) fn expected(bench: &Bench, world: &World) -> Vec<(String, f64)> {
    let (oracle, ballots) = (bench.oracle(), &world.ballots);
    let round_start = |round: u64| slot_start(oracle, round * ROUND);
    let of_stage = |attester, stage: &str| {
        let attester = shown(attester);
        let server = bench.server_of(&attester);
        let labels = format!("network=\"devnet\",attester=\"{attester}\",stage=\"{stage}\",server=\"{server}\"");
        format!("butler_slashing_attester_votes{{{labels}}}")
    };
    assert_eq!(slot_at(oracle, world.head.timestamp) / ROUND, ballots.round, "the round still lasts");
    let executable = round_start(ballots.round + DELAY + 1).max(ballots.paused_until);
    let mut all = vec![
        (of("butler_slashing_supported"), 1.0),
        (of("butler_slashing_enabled"), 0.0),
        (of("butler_slashing_paused_until_timestamp_seconds"), number(ballots.paused_until)),
        (of("butler_slashing_quorum_votes"), number(QUORUM)),
        (of("butler_slashing_round"), number(ballots.round)),
        (of("butler_slashing_round_votes"), number(QUORUM)),
        (of("butler_slashing_round_end_timestamp_seconds"), number(round_start(ballots.round + 1))),
        (of("butler_slashing_open_rounds"), 1.0),
        (of_stage(ballots.decided, "decided"), number(QUORUM)),
        (of_stage(ballots.voted, "voted"), number(FEW)),
    ];
    for (stage, attesters) in [("spared", 0.0), ("vetoed", 0.0), ("voted", 1.0), ("decided", 1.0), ("executable", 0.0)]
    {
        all.push((with("butler_slashing_attesters", "stage", stage), attesters));
    }
    let decided = shown(ballots.decided);
    let about = |family, value| (bench.about(family, &decided), value);
    all.push(about("butler_slashing_executable_timestamp_seconds", number(executable)));
    all.push(about("butler_slashing_expires_timestamp_seconds", number(round_start(ballots.round + LIFETIME + 1))));
    all.push(about("butler_slashing_amount_tokens", 2_000.0));
    for (attester, margin, slashes) in [(ballots.decided, 10_000.0, 6.0), (ballots.slashed, 7_000.0, 4.0)] {
        let attester = shown(attester);
        all.push((bench.about("butler_attester_ejection_margin_tokens", &attester), margin));
        all.push((bench.about("butler_attester_ejection_margin_slashes", &attester), slashes));
    }
    let version = oracle.rollup.version;
    let current = format!("network=\"devnet\",version=\"{version}\",role=\"current\"");
    let contracts = &oracle.contracts;
    let addresses = [contracts.slasher_address, contracts.slashing_proposer_address].map(shown);
    all.extend([
        (format!("butler_slasher_readable{{{current}}}"), 1.0),
        (format!("butler_slasher_info{{{current},slasher=\"{}\",proposer=\"{}\"}}", addresses[0], addresses[1]), 1.0),
        (format!("butler_slasher_round{{{current}}}"), number(ballots.round)),
        (format!("butler_slasher_round_votes{{{current}}}"), number(QUORUM)),
        (
            format!(
                "butler_slasher_attester_votes{{{current},attester=\"{decided}\",stage=\"decided\",server=\"{}\"}}",
                bench.server_of(&decided)
            ),
            number(QUORUM),
        ),
    ]);
    all.push((bench.about("butler_attester_slashed_tokens", &shown(ballots.slashed)), 3_000.0));
    all
}
