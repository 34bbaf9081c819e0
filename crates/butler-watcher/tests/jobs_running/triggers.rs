//! What tells items: beacon nodes, of which one alone moves nothing, and nodes of Aztec.

use std::num::NonZeroU64;
use std::time::Duration;

use butler_core::client::beacon::BeaconNode;
use butler_core::client::http::HttpSettings;
use butler_testkit::beacon::FakeBeacon;
use butler_watcher::jobs::trigger::{BeaconPeriods, TriggerError};

fn settings(url: &str) -> HttpSettings {
    HttpSettings {
        url: url.parse().unwrap(),
        authorization: None,
        api_key: None,
        timeout: Duration::from_secs(20),
        max_response_bytes: 1 << 20,
        ca_file: None,
        clock: || 0,
    }
}

fn periods(nodes: &[&FakeBeacon], agreeing: usize) -> BeaconPeriods {
    let node = |node: &&FakeBeacon| BeaconNode::new("beacon", &settings(&node.url())).unwrap();
    let epochs_per_period = NonZeroU64::new(256).unwrap();
    BeaconPeriods { nodes: nodes.iter().map(node).collect(), agreeing, epochs_per_period, ahead: 1 }
}

#[tokio::test]
async fn the_item_is_the_period_after_that_of_the_newest_final_epoch() {
    let node = FakeBeacon::start(0).await.unwrap();
    let periods = periods(&[&node], 1);
    for (epoch, period) in [(0, 1), (255, 1), (256, 2), (398_080, 1_556)] {
        node.finalize(epoch, 0);
        assert_eq!(periods.newest().await.unwrap(), period, "{epoch}");
    }
    node.finalize(u64::MAX, 0);
    assert_eq!(periods.newest().await.unwrap(), (u64::MAX >> 8) + 1);
}

#[tokio::test]
async fn one_beacon_node_that_lies_or_fails_moves_nothing_and_holds_nothing_back() {
    let (one, two, liar) = (
        FakeBeacon::start(1_000).await.unwrap(),
        FakeBeacon::start(1_001).await.unwrap(),
        FakeBeacon::start(1_000).await.unwrap(),
    );
    let periods = periods(&[&one, &two, &liar], 2);
    for (epoch, branch) in [(u64::MAX, 0), (1_002, 1), (1_000, 1), (0, 0)] {
        liar.finalize(epoch, branch);
        let told = periods.final_epoch().await.unwrap();
        assert!((1_000..=1_001).contains(&told), "{epoch}: {told}");
    }
    let long = format!("{{\"data\":\"{}\"}}", "x".repeat(100_000));
    for (status, body) in [(500, ""), (404, "gone"), (429, ""), (200, "<html>"), (200, &long), (302, "")] {
        liar.say(status, body);
        assert_eq!(periods.final_epoch().await.unwrap(), 1_000, "{status}");
    }
    two.say(503, "syncing");
    let error = periods.newest().await.unwrap_err();
    assert!(matches!(error, TriggerError::Unagreed { asked: 3, told: 1, agreeing: 2, .. }), "{error}");
    two.finalize(1_000, 7);
    let error = periods.newest().await.unwrap_err();
    assert!(matches!(error, TriggerError::Unagreed { told: 2, .. }), "two chains: {error}");
}
