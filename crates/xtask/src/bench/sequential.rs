//! The reader that everything is compared with: one request per item, each sent when the one before was answered.

use std::time::{Duration, Instant};

use anyhow::Context as _;
use butler_testkit::devnet::Oracle;
use butler_testkit::rpc::Client;
use serde_json::{Value, json};

/// Every read that a snapshot of these providers needs, as single JSON-RPC calls.
pub(super) fn calls(oracle: &Oracle, providers: &[u64]) -> anyhow::Result<Vec<(&'static str, Value)>> {
    let contracts = &oracle.contracts;
    let (registry, rollup) = (contracts.staking_registry_address, contracts.rollup_address);
    let mut calls = Vec::new();
    let mut call = |to, selector: &str, arguments: &[String]| {
        let data = format!("0x{selector}{}", arguments.concat());
        calls.push(("eth_call", json!([{ "to": to, "data": data }, "latest"])));
    };
    call(contracts.registry_address, "971b0e6b", &[]);
    // The rollup's figures: addresses, clock, flush rules, thresholds, lengths.
    for selector in [
        "ed9187b7", "d0c80f13", "a011f6a9", "0d8e6e2c", "723d8e96", "c4014c12", "5d3ea8f1", "b97dd9e2", "10073ff0",
        "2980c31e", "ca3dc9ec", "8990cf69", "aa10df4c", "b1ba85ab", "e09e424e", "386f56fc", "90a3b386", "1b56a0e7",
    ] {
        call(rollup, selector, &[]);
    }
    for index in 0..oracle.active_attesters.len() {
        call(rollup, "a7f8e646", &[word(index)]);
    }
    for index in 0..oracle.entry_queue.len() {
        call(rollup, "9ca03702", &[word(index)]);
    }
    for id in providers {
        let provider = oracle.providers.get(id).with_context(|| format!("no provider {id} in the oracle"))?;
        for selector in ["dc5aca93", "050fb677", "5f75275b"] {
            call(registry, selector, &[word(*id)]);
        }
        for (index, attester) in (provider.first_index..provider.last_index).zip(&provider.queue) {
            call(registry, "2ba4d02d", &[word(*id), word(index)]);
            call(rollup, "34a51ed5", &[format!("{:0>64}", format!("{attester:x}"))]);
        }
    }
    for event in oracle.events_named("StakedWithProvider") {
        let id = event.args["providerIdentifier"].as_str().and_then(|id| id.parse::<u64>().ok());
        if !id.is_some_and(|id| providers.contains(&id)) {
            continue;
        }
        let address = |name| event.address(name).with_context(|| format!("a delegation without {name}"));
        call(rollup, "34a51ed5", &[format!("{:0>64}", format!("{:x}", address("attester")?))]);
        call(rollup, "8789a132", &[format!("{:0>64}", format!("{:x}", address("coinbaseSplitContractAddress")?))]);
    }
    Ok(calls)
}

fn word(number: impl std::fmt::LowerHex) -> String {
    format!("{number:064x}")
}

/// Sends the calls one after another.
pub(super) async fn run(url: &str, calls: &[(&'static str, Value)]) -> anyhow::Result<Duration> {
    let client = Client::new(url)?;
    let began = Instant::now();
    for (method, params) in calls {
        client.call(method, params).await?;
    }
    Ok(began.elapsed())
}
