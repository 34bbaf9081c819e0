//! Keys and ether: when delegations happened, and a publisher that spends while the program runs.

use butler_testkit::devnet::Move;
use ethers_core::types::U256;
use serde_json::json;

use super::{World, number, with};
use crate::support::{Bench, shown};

/// The shortest history of a publisher that says anything.
const SECONDS: u64 = 1_800;

/// The time of the first of provider 1's delegations, and how many there are.
pub(crate) async fn delegations(bench: &Bench) -> (u64, u64) {
    let events: Vec<u64> = bench
        .oracle()
        .events_named("StakedWithProvider")
        .filter(|event| event.args["providerIdentifier"] == "1")
        .map(|event| event.block)
        .collect();
    let block = json!([format!("{:#x}", events[0]), false]);
    let block = bench.chain.rpc("eth_getBlockByNumber", block).await.unwrap();
    let time = u64::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    (time, events.len().try_into().unwrap())
}

/// The well funded publisher spends one ether in half an hour.
pub(crate) async fn spend(bench: &Bench) {
    let publisher = bench.oracle().publishers[0];
    let left = publisher.balance - U256::exp10(18);
    bench.chain.rpc("anvil_setBalance", json!([publisher.address, left])).await.unwrap();
    bench.chain.play(Move::JumpSeconds(SECONDS)).await.unwrap();
}

pub(crate) fn expected(bench: &Bench, world: &World) -> Vec<(String, f64)> {
    let (first, count) = world.delegations;
    // Younger than 30 days, and older than one.
    let seconds = world.head.timestamp - first;
    assert!((86_400..30 * 86_400).contains(&seconds));
    let mut all = vec![
        (with("butler_provider_delegations_per_second", "provider", "1"), number(count) / number(seconds)),
        (with("butler_provider_runway_seconds", "provider", "1"), number(2 * seconds / count)),
    ];
    if world.has_spent {
        let publisher = shown(bench.oracle().publishers[0].address);
        all.push((with("butler_publisher_runway_seconds", "publisher", &publisher), number(9 * SECONDS)));
    }
    all
}
