//! Rewards: two coinbases have some, and every split pays a recipient that the provider has replaced since.

use butler_testkit::devnet::Move;
use ethers_core::types::{Address, U256};

use super::with;
use crate::support::{Bench, shown};

/// Whole tokens that wait for the coinbases of A0 and A4.
const REWARDS: [(&str, u64); 2] = [("A0", 123), ("A4", 40)];

fn coinbase(bench: &Bench, attester: &str) -> Address {
    bench.oracle().coinbases()[&bench.oracle().attester(attester).unwrap().address]
}

/// Gives the coinbases their rewards.
pub(crate) async fn stand_up(bench: &Bench) {
    for (attester, tokens) in REWARDS {
        bench.chain.play(Move::SetRewards { coinbase: coinbase(bench, attester), tokens }).await.unwrap();
    }
}

pub(crate) fn expected(bench: &Bench) -> Vec<(String, f64)> {
    let oracle = bench.oracle();
    let splits = || oracle.events_named("SplitCreated");
    let mut share = U256::zero();
    let mut all = Vec::new();
    for (attester, tokens) in REWARDS {
        let coinbase = coinbase(bench, attester);
        let split = splits().find(|event| event.address("split") == Some(coinbase)).unwrap();
        let number = |value: &serde_json::Value| U256::from_dec_str(value.as_str().unwrap()).unwrap();
        let parameters = &split.args["splitParams"];
        let base = U256::from(tokens) * U256::exp10(18);
        share += base * number(&parameters["allocations"][0]) / number(&parameters["totalAllocation"]);
        let tokens = f64::from(u32::try_from(tokens).unwrap());
        all.push((with("butler_rewards_pending_tokens", "coinbase", &shown(coinbase)), tokens));
    }
    let recipient = oracle.providers[&1].provider_rewards_recipient;
    let former = splits().filter(|event| {
        let first: Address = serde_json::from_value(event.args["splitParams"]["recipients"][0].clone()).unwrap();
        first != recipient
    });
    let former = f64::from(u32::try_from(former.count()).unwrap());
    let share: f64 = ethers_core::utils::format_ether(share).parse().unwrap();
    assert!(share > 0.0 && former > 0.0);
    all.push((with("butler_rewards_pending_own_share_tokens", "provider", "1"), share));
    all.push((with("butler_provider_former_recipient_coinbases", "provider", "1"), former));
    all.push((with("butler_provider_unconfirmed_coinbases", "provider", "1"), 0.0));
    all
}
