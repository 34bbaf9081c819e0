//! What only an endpoint's word says of a coinbase is never told to be right.

use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie, STRANGER};
use serde_json::Value;

use crate::support::{Bench, shown};

fn findings<'a>(report: &'a Value, kind: &str) -> Vec<&'a Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["kind"] == kind).collect()
}

#[tokio::test]
async fn a_coinbase_that_the_chain_does_not_confirm_is_unverifiable_and_told_with_its_reason() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::SplitHash))));
    let report = bench.json(&["audit"], 5).await;
    assert!(findings(&report, "coinbase_wrong").is_empty(), "{report:#}");
    let unverifiable = findings(&report, "coinbase_unverifiable");
    assert!(unverifiable.iter().any(|finding| {
        let message = finding["message"].as_str().unwrap();
        finding["level"] == "warning" && message.contains("is not the split that the log tells of")
    }));
    let text = bench.run(&["audit"]).await.stdout;
    assert!(!text.contains("it must be"), "{text}");
    let status = bench.json(&["status"], 0).await;
    for attester in status["attesters"].as_array().unwrap() {
        let coinbase = &attester["coinbase"];
        assert_eq!(coinbase["expected"], Value::Null, "{attester:#}");
        assert_ne!(coinbase["verdict"], "matches", "{attester:#}");
    }
    let provider = bench.json(&["provider", "show"], 0).await;
    let delegations = provider["providers"][0]["delegations"].as_array().unwrap();
    assert!(delegations.iter().all(|staked| staked["confirmed"] == false));
    // With the same ledger, and an endpoint that tells the truth again.
    proxy.set(FaultPlan::default());
    let report = bench.json(&["audit"], 5).await;
    assert!(!findings(&report, "coinbase_wrong").is_empty(), "{report:#}");
    let provider = bench.json(&["provider", "show"], 0).await;
    let delegations = provider["providers"][0]["delegations"].as_array().unwrap();
    assert!(delegations.iter().all(|staked| staked["confirmed"] == true));
}

#[tokio::test]
async fn no_lie_of_a_single_endpoint_makes_a_stranger_the_right_coinbase() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    bench.endpoint(&format!("url = \"{}\"", proxy.url()));
    for lie in Lie::ALL.into_iter().filter(|lie| lie.name().contains("coinbase") || lie.name().contains("stake")) {
        proxy.set(FaultPlan::always(Fault::Lie(lie)));
        for command in [&["audit"][..], &["status"], &["status", "--json"]] {
            let ran = bench.run(command).await;
            assert!(!ran.stdout.contains(&format!("it must be {}", shown(STRANGER))), "{lie}: {}", ran.stdout);
            assert!(!ran.stdout.contains(&format!("\"expected\": \"{}\"", shown(STRANGER))), "{lie}: {}", ran.stdout);
        }
    }
}
