//! What L1 tells beyond the snapshot, while it changes: votes come, a quorum decides, a veto ends it; and nothing is told
//! without a snapshot.

use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use ethers_core::types::Address;

use crate::support;
use crate::support::{Bench, Series, shown};

/// A position of an own attester in the committees of the round at the head, as a vote against it alone.
async fn vote_against_own(bench: &Bench) -> (Address, u64, Vec<u8>) {
    let round = bench.chain.slot().await.unwrap() / 128;
    let positions: Vec<Address> = bench.chain.slash_target_committees(round).await.unwrap().concat();
    let own = ["A0", "A1", "A2", "A3", "A4"].map(|name| bench.oracle().attester(name).unwrap().address);
    let position = positions.iter().position(|attester| own.contains(attester)).unwrap();
    let mut votes = vec![0; positions.len() / 4];
    votes[position / 4] = 1 << (2 * (position % 4));
    (positions[position], round, votes)
}

#[tokio::test(flavor = "multi_thread")]
async fn votes_are_seen_as_they_come_and_a_veto_ends_what_they_decided() {
    let bench = Bench::start().await;
    let program = bench.run().await;
    program.when_scraped("devnet", "slashing").await;
    let (attester, round, votes) = vote_against_own(&bench).await;
    let vote = |times: usize| {
        let (bench, votes) = (&bench, &votes);
        async move {
            for _ in 0..times {
                bench.chain.play(Move::VoteToSlash { votes: votes.clone() }).await.unwrap();
            }
        }
    };
    let attester = shown(attester);
    let series_of = |family: &str| bench.about(&format!("butler_slashing_{family}"), &attester);
    let server = bench.server_of(&attester);
    let of_stage = |stage: &str| {
        let labels = format!("network=\"devnet\",attester=\"{attester}\",stage=\"{stage}\",server=\"{server}\"");
        format!("butler_slashing_attester_votes{{{labels}}}")
    };
    vote(3).await;
    let voted = program.when("three votes", |series| series.get(&of_stage("voted")) == Some(&3.0)).await;
    assert!(!voted.contains_key(&series_of("executable_timestamp_seconds")));
    vote(62).await;
    let decided = program.when("the quorum", |series| series.get(&of_stage("decided")) == Some(&65.0)).await;
    assert!(!decided.contains_key(&of_stage("voted")), "one stage at a time");
    assert_eq!(decided[&series_of("amount_tokens")], 2_000.0);
    bench.chain.play(Move::VetoSlashes { round }).await.unwrap();
    let vetoed = program.when("the veto", |series| series.get(&of_stage("vetoed")) == Some(&65.0)).await;
    assert!(!vetoed.contains_key(&series_of("executable_timestamp_seconds")), "the series vanishes with the slash");
    assert!(!vetoed.contains_key(&of_stage("decided")));
    assert_eq!(vetoed["butler_slashing_attesters{network=\"devnet\",stage=\"decided\"}"], 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_snapshot_nothing_is_told_and_once_ends_all_the_same() {
    let bench = Bench::start().await;
    bench.reconfigure(bench.chain.url(), "http://127.0.0.1:1");
    let output = bench.command().arg("--once").output().unwrap();
    assert_eq!(output.status.code(), Some(4));
    let series = support::series(&String::from_utf8(output.stdout).unwrap());
    for scraper in ["slashing", "governance", "rewards"] {
        let labels = format!("network=\"devnet\",scraper=\"{scraper}\"");
        assert_eq!(series[&format!("butler_scrape_success{{{labels}}}")], 0.0);
        assert_eq!(series[&format!("butler_scrape_errors_total{{{labels},kind=\"no_snapshot\"}}")], 1.0);
    }
    let is_told = |series: &Series, start: &str| series.keys().any(|key| key.starts_with(start));
    assert!(!is_told(&series, "butler_slashing_") && !is_told(&series, "butler_governance_"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_leaves_what_was_read_about_slashing() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &format!("{}/hunter2", proxy.url()));
    let program = bench.run().await;
    program.when_scraped("devnet", "slashing").await;
    proxy.set(FaultPlan::always(Fault::Close));
    let success = "butler_scrape_success{network=\"devnet\",scraper=\"slashing\"}";
    let down = program.when("a failed scrape", |series| series[success] == 0.0).await;
    assert_eq!(down["butler_slashing_quorum_votes{network=\"devnet\"}"], 65.0);
    proxy.set(FaultPlan::none());
    program.when_scraped("devnet", "slashing").await;
    assert!(!program.log().contains("hunter2") && !program.get("/metrics").text().contains("hunter2"));
}
