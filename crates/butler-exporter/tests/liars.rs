//! What the exporter serves when one of three endpoints lies, in every way that the test kit knows: what it serves of three
//! honest ones, but for what it says of the endpoints and of itself.

use std::collections::BTreeSet;

use butler_testkit::devnet::Move;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};

use crate::support::{Bench, command};

/// What is about endpoints, requests to them, scrapes and the program.
const OF_ITSELF: [&str; 6] = [
    "butler_endpoint_",
    "butler_rpc_",
    "butler_scrape_",
    "butler_scraper_",
    "process_",
    "butler_findings{network=\"devnet\",kind=\"endpoint_unhealthy\"",
];

/// The samples that one round of every scraper gives, without anything from an earlier run.
fn scraped(bench: &Bench) -> BTreeSet<String> {
    let cache = tempfile::tempdir().unwrap();
    let mut program = command(bench.folder.path());
    program.arg("--once").env("CACHE_DIRECTORY", cache.path()).env("STATE_DIRECTORY", cache.path());
    let output = program.output().unwrap();
    let (text, log) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{log}");
    let is_of_the_chain =
        |line: &&str| !line.starts_with('#') && !OF_ITSELF.iter().any(|start| line.starts_with(start));
    text.lines().filter(is_of_the_chain).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_readings_are_the_truth_whatever_one_of_three_endpoints_tells() {
    let bench = Bench::start().await;
    bench.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    bench.chain.play(Move::Drip { provider: 1, count: 1 }).await.unwrap();
    bench.chain.decide_a_slash().await.unwrap();
    bench.chain.rpc("anvil_mine", serde_json::json!(["0x8"])).await.unwrap();
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(FaultProxy::start(bench.chain.url()).await.unwrap());
    }
    let names = ["liar", "one", "two"].iter().zip(&proxies);
    let endpoints: Vec<String> =
        names.map(|(name, proxy)| format!("name = \"{name}\"\nurl = \"{}\"\n", proxy.url())).collect();
    bench.reconfigure(&format!("url = \"{}\"\n", bench.chain.url()), &endpoints.join("[[networks.devnet.l1]]\n"));
    let truth = tokio::task::block_in_place(|| scraped(&bench));
    assert!(truth.iter().any(|line| line.starts_with("butler_slashing_round_votes{")), "{truth:#?}");
    let mut wrong = Vec::new();
    for lie in Lie::ALL {
        proxies[0].set(FaultPlan::always(Fault::Lie(lie)));
        let told = tokio::task::block_in_place(|| scraped(&bench));
        if told != truth {
            let other: Vec<&String> = told.symmetric_difference(&truth).collect();
            wrong.push(format!("{lie}: {other:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
