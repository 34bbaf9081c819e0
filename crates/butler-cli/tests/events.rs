//! Every event of the scenario's oracle comes out of the real binary, and can be chosen.

#![expect(clippy::expect_used, reason = "a test may fail")]

use butler_testkit::devnet::{Event, History};
use serde_json::{Value, json};

use crate::support::Bench;

/// The ABI's order of the fields of the structs in events.
const STRUCTS: [&[&str]; 4] = [
    &["x", "y"],
    &["x0", "x1", "y0", "y1"],
    &["recipients", "allocations", "totalAllocation", "distributionIncentive"],
    &[
        "bootstrapValidatorSetSize",
        "bootstrapFlushSize",
        "normalFlushSizeMin",
        "normalFlushSizeQuotient",
        "maxQueueFlushSize",
    ],
];

/// The oracle's arguments in our shape: structs as arrays.
fn without_structs(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(without_structs).collect(),
        Value::Object(fields) => {
            let order = STRUCTS
                .iter()
                .find(|order| order.len() == fields.len() && order.iter().all(|name| fields.contains_key(*name)))
                .unwrap_or_else(|| panic!("{value} is no known struct"));
            order.iter().map(|name| without_structs(&fields[*name])).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn expected_event(event: &Event) -> Value {
    let contract = match event.contract.as_str() {
        "Rollup" => "rollup",
        "GSE" => "gse",
        "Registry" => "aztec_registry",
        "StakingRegistry" => "staking_registry",
        "StandInSplitFactory" => "split_factory",
        other => panic!("{other} is a new contract"),
    };
    let arguments = event.args.as_object().unwrap().iter().map(|(name, value)| (name.clone(), without_structs(value)));
    json!({
        "block_number": event.block,
        "log_index": event.log_index,
        "transaction_hash": event.tx,
        "contract": contract,
        "name": event.event,
        "arguments": Value::Object(arguments.collect()),
    })
}

fn found_event(event: &Value) -> Value {
    let mut event = event.clone();
    let fields = event.as_object_mut().unwrap();
    fields.remove("block_hash").expect("every event names its block's hash");
    fields.remove("address").expect("every event names its contract");
    event
}

#[tokio::test]
async fn events_are_all_of_the_oracles_with_every_argument() {
    let bench = Bench::start().await;
    let oracle = bench.oracle();
    let expected: Vec<Value> = oracle.events.iter().map(expected_event).collect();
    let first = oracle.events[0].block.to_string();
    let report = bench.json(&["events", "--from-block", &first], 0).await;
    assert_eq!(
        (report["from_block"].clone(), report["to_block"].clone()),
        (json!(oracle.events[0].block), json!(oracle.block.number))
    );
    let found: Vec<Value> = report["events"].as_array().unwrap().iter().map(found_event).collect();
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());

    // From the start there are those of the deployment before them.
    let report = bench.json(&["events"], 0).await;
    let all: Vec<Value> = report["events"].as_array().unwrap().iter().map(found_event).collect();
    assert!(all.len() > found.len());
    assert!(all.ends_with(&found));
}

#[tokio::test]
async fn events_are_chosen_by_name_address_and_range() {
    let bench = Bench::start().await;
    let oracle = bench.oracle();
    let count = |report: &Value| report["events"].as_array().unwrap().len();
    for name in ["StakedWithProvider", "FailedDeposit", "Slashed", "ProviderQueueDripped"] {
        let report = bench.json(&["events", "--from-block", "42", "--name", name], 0).await;
        assert_eq!(count(&report), oracle.events_named(name).count(), "{name}");
    }
    let address = bench.shown("BADPOP");
    let report = bench.json(&["events", "--address", &address], 0).await;
    let names: Vec<_> =
        report["events"].as_array().unwrap().iter().map(|event| event["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["ValidatorQueued", "FailedDeposit"]);
    let slashes = oracle.events_named("Slashed").filter(|event| event.block <= 70).count();
    let report = bench.json(&["events", "--from-block", "67", "--to-block", "83", "--name", "Slashed"], 0).await;
    assert_eq!(count(&report), oracle.events_named("Slashed").count());
    let bench = Bench::with_history(History::Archive).await;
    let report = bench.json(&["events", "--from-block", "67", "--to-block", "70", "--name", "Slashed"], 0).await;
    assert_eq!(count(&report), slashes);
}
