//! The whole program and an endpoint that lies about coinbases and slashing: what is not confirmed is told as that.

use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie};

use crate::support::Bench;

const SUPPORTED: &str = "butler_slashing_supported{network=\"devnet\"}";
const UNREADABLE: &str = "butler_slashing_unreadable{network=\"devnet\",reason=\"unknown_proposer\"}";

#[tokio::test(flavor = "multi_thread")]
async fn coinbases_that_are_not_confirmed_are_told_by_metric_and_page() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::SplitHash))));
    let program = bench.run().await;
    program.when_scraped("devnet", "rewards").await;
    let series = program.when_scraped("devnet", "l1").await;
    let told: Vec<&String> = series.keys().filter(|key| key.starts_with("butler_coinbase_unverifiable{")).collect();
    assert!(!told.is_empty() && told.iter().all(|key| key.contains("reason=\"other_hash\"")), "{told:?}");
    assert!(!series.keys().any(|key| key.starts_with("butler_coinbase_wrong{")), "{series:#?}");
    assert!(series["butler_provider_unconfirmed_coinbases{network=\"devnet\",provider=\"1\"}"] > 0.0);
    assert!(
        !series.keys().any(|key| key.starts_with("butler_rewards_pending_own_share_tokens{")),
        "unknown is not zero"
    );
    assert!(program.get("/").text().contains("nothing confirms"));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_six_votes_are_seen_without_the_getter_of_the_proposers_kind() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::SlashingProposerType))));
    for _ in 0..66 {
        bench.chain.play(Move::VoteToSlash { votes: vec![0b0101_0101; 4] }).await.unwrap();
    }
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "slashing").await;
    assert_eq!((series[SUPPORTED], series[UNREADABLE]), (1.0, 0.0));
    assert_eq!(series["butler_slashing_round_votes{network=\"devnet\"}"], 66.0);
    assert!(series["butler_slashing_attesters{network=\"devnet\",stage=\"decided\"}"] > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slasher_that_cannot_be_read_is_no_success_that_says_nothing() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.reconfigure(bench.chain.url(), &proxy.url());
    // QUORUM() of the proposer.
    let selector = format!("0x{}", ethers_core::utils::hex::encode(ethers_core::utils::id("QUORUM()")));
    proxy.set(FaultPlan::always(Fault::RevertCalls(selector)));
    let program = bench.run().await;
    let series = program.when_scraped("devnet", "slashing").await;
    assert_eq!((series[SUPPORTED], series[UNREADABLE]), (0.0, 1.0));
    assert!(program.get("/").text().contains("votes to slash cannot be seen"));
}
