//! Every provider of the scenario's oracle comes out of the real binary.

use butler_testkit::devnet::Event;
use serde_json::{Value, json};

use crate::support::{Bench, shown};

fn addresses(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|address| address.as_str().unwrap()).collect()
}

#[tokio::test]
async fn provider_show_has_record_queue_and_delegations_of_each() {
    let bench = Bench::start().await;
    let oracle = bench.oracle();
    for (id, expected) in &oracle.providers {
        let report = bench.json(&["provider", "show", "--provider-id", &id.to_string()], 0).await;
        let [provider] = report["providers"].as_array().unwrap().as_slice() else { panic!("{report}") };
        assert_eq!(provider["id"], *id);
        assert_eq!(provider["admin"], shown(expected.provider_admin));
        let pending = (!expected.pending_admin.is_zero()).then(|| shown(expected.pending_admin));
        assert_eq!(provider["pending_admin"], json!(pending), "provider {id}");
        assert_eq!(provider["take_rate_bps"], expected.provider_take_rate);
        assert_eq!(provider["rewards_recipient"], shown(expected.provider_rewards_recipient));
        assert_eq!(provider["queue_length"], expected.queue.len());
        assert_eq!(addresses(&provider["queue"]), expected.queue.iter().copied().map(shown).collect::<Vec<_>>());
        let staked: Vec<&Event> = oracle
            .events_named("StakedWithProvider")
            .filter(|event| event.args["providerIdentifier"].as_str() == Some(&id.to_string()))
            .collect();
        let delegations = provider["delegations"].as_array().unwrap();
        assert_eq!(delegations.len(), staked.len());
        for (delegation, event) in delegations.iter().zip(staked) {
            assert_eq!(delegation["block_number"], event.block);
            assert_eq!(delegation["log_index"], event.log_index);
            assert_eq!(delegation["transaction_hash"], json!(event.tx));
            for (ours, theirs) in [
                ("attester", "attester"),
                ("coinbase", "coinbaseSplitContractAddress"),
                ("staker", "stakerImplementation"),
                ("rollup", "rollupAddress"),
            ] {
                assert_eq!(delegation[ours], shown(event.address(theirs).unwrap()), "{ours}");
            }
        }
    }
    let all = bench.json(&["provider", "show", "--provider-id", "1", "--provider-id", "3"], 0).await;
    assert_eq!(all["providers"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn provider_find_knows_admins_next_admins_and_recipients() {
    let bench = Bench::start().await;
    let oracle = bench.oracle();
    for (role, expected) in [
        ("adminA", &[1][..]),
        // The admin of 2; and of 3 since it accepted.
        ("adminB", &[2, 3]),
        // Still receives the rewards of 3.
        ("adminC", &[3]),
        // May take over 2.
        ("stranger", &[2]),
    ] {
        let address = shown(oracle.account(role).unwrap());
        let report = bench.json(&["provider", "find", &address], 0).await;
        let found: Vec<u64> =
            report["providers"].as_array().unwrap().iter().map(|provider| provider["id"].as_u64().unwrap()).collect();
        assert_eq!(found, expected, "{role}");
    }
    let nobody = shown(oracle.account("delegator1").unwrap());
    let report = bench.json(&["provider", "find", &nobody], 5).await;
    assert_eq!(report["providers"], json!([]));
    let ran = bench.run(&["provider", "find", &nobody]).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (5, ""));
    assert!(ran.stdout.contains("no provider found"), "{}", ran.stdout);
}
