//! Everything that happened on the devnet gives exactly its actions, once, by the real binary.

use std::collections::BTreeSet;

use butler_core::domain::action::ActionKind;
use butler_testkit::devnet::Event;
use ethers_core::types::Address;
use serde_json::Value;

use crate::support::Bench;

/// What an event asks for, decided here from the oracle alone: kind, subject, block.
fn expected(bench: &Bench) -> Vec<(ActionKind, Address, u64)> {
    let oracle = bench.oracle();
    let address = |event: &Event, name: &str| event.args[name].as_str().map(|text| text.parse::<Address>().unwrap());
    let is_ours = |event: &Event| number(&event.args["providerIdentifier"]) == Some(1);
    // Every key of provider 1; the story adds all of them before anything happens to them.
    let mut own: BTreeSet<Address> = oracle
        .events_named("AttestersAddedToProvider")
        .filter(|event| is_ours(event))
        .flat_map(|event| event.args["attesters"].as_array().unwrap())
        .map(|text| text.as_str().unwrap().parse().unwrap())
        .collect();
    own.extend((0..10).map(|index| bench.attester(&format!("A{index}"))));
    let provider = Address::from_low_u64_be(1);
    let mut expected = Vec::new();
    for event in &oracle.events {
        let of_provider = |kind| is_ours(event).then_some((kind, provider));
        let of_attester = |kind| {
            let attester = address(event, "attester")?;
            own.contains(&attester).then_some((kind, attester))
        };
        let found = match (event.contract.as_str(), event.event.as_str()) {
            ("StakingRegistry", "StakedWithProvider") => {
                is_ours(event).then(|| (ActionKind::ConfigureCoinbase, address(event, "attester").unwrap()))
            }
            ("StakingRegistry", "AttestersAddedToProvider") => of_provider(ActionKind::KeysAdded),
            ("StakingRegistry", "ProviderQueueDripped") => of_provider(ActionKind::KeyDripped),
            ("StakingRegistry", "ProviderAdminUpdateInitiated") => of_provider(ActionKind::AdminChangeBegun),
            ("StakingRegistry", "ProviderAdminUpdated") => of_provider(ActionKind::AdminChanged),
            ("StakingRegistry", "ProviderTakeRateUpdated") => of_provider(ActionKind::TakeRateChanged),
            ("StakingRegistry", "ProviderRewardsRecipientUpdated") => of_provider(ActionKind::RecipientChanged),
            ("Rollup", "ValidatorQueued") => of_attester(ActionKind::DepositQueued),
            ("Rollup", "Deposit") => of_attester(ActionKind::DepositAccepted),
            ("Rollup", "FailedDeposit") => of_attester(ActionKind::DepositRefunded),
            ("Rollup", "Slashed") => of_attester(ActionKind::Slashed),
            ("Rollup", "WithdrawInitiated") => of_attester(ActionKind::ExitByWithdrawer),
            ("Rollup", "WithdrawFinalized") => of_attester(ActionKind::ExitFinalized),
            ("Registry", "CanonicalRollupUpdated") => {
                Some((ActionKind::RollupChanged, address(event, "instance").unwrap()))
            }
            _ => None,
        };
        expected.extend(found.map(|(kind, subject)| (kind, subject, event.block)));
    }
    expected
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_of_the_story_gives_exactly_its_actions_once() {
    let bench = Bench::start().await;
    bench.settle().await;
    let last = bench.last_block().await;
    let mut expected = expected(&bench);
    expected.retain(|(_, _, block)| *block <= last);
    let first = bench.oracle().events[0].block;
    // A run without a journal first, over the same blocks.
    let (code, report, stderr) = bench.replay(first, None).await;
    assert_eq!(code, 0, "{stderr}");
    let replayed = report["plans"].as_array().unwrap().iter().filter(|plan| plan.get("planned").is_some()).count();
    assert_eq!(replayed, expected.len(), "{report:#}");

    let watcher = bench.watch();
    watcher.reached(last).await;
    assert!(watcher.get("/readyz").await.starts_with("HTTP/1.1 200"));
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    let kept = bench.journal();
    assert_eq!(kept.of_events(), expected, "{log}");
    assert!(kept.planned.values().all(|count| *count == 1), "{:?}", kept.planned);
    assert_eq!(kept.cursor.unwrap().block, last);

    // Nothing is planned twice by a second start.
    let watcher = bench.watch();
    watcher.reached(last).await;
    watcher.stop();
    let again = bench.journal();
    assert_eq!(again.of_events(), expected);
}
