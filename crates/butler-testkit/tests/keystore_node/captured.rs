//! Every recorded exchange about reloads and the admin port, held against the fake.

use std::{collections::BTreeSet, fs, path::PathBuf};

use butler_testkit::keystore_node::{Keys, KeystoreNode};
use ethers_core::types::Address;
use hyper::Request;
use serde_json::Value;

use super::{
    cases::{CASES, Case},
    stage::{ATTESTERS, Stage, address, send},
};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("captures").join(name)
}

/// The request, the status, and the answer.
fn capture(folder_name: &str, name: &str) -> (Value, u16, Value) {
    let text = fs::read(folder(folder_name).join(format!("{name}.json"))).unwrap();
    let capture: Value = serde_json::from_slice(&text).unwrap();
    let status = u16::try_from(capture["response"]["status"].as_u64().unwrap()).unwrap();
    let body = capture["response"]["body"].as_str().unwrap();
    (capture["request"].clone(), status, serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)))
}

/// What the fake answers to a recorded request; both recorded nodes' public ports end in 80, and 38880 ff. are admin ports.
async fn replayed(node: &KeystoreNode, request: &Value) -> (u16, Value) {
    let recorded = request["url"].as_str().unwrap();
    let path = recorded.trim_start_matches("http://").split_once('/').map_or("", |(_, path)| path);
    let url = if recorded.contains(":3888") { node.admin_url() } else { node.url() };
    let mut builder = Request::builder().method(request["method"].as_str().unwrap()).uri(format!("{url}/{path}"));
    for (name, _) in request["headers"].as_object().unwrap() {
        let value = match name.as_str() {
            "x-api-key" => KeystoreNode::ADMIN_KEY.to_owned(),
            "authorization" => format!("Bearer {}", KeystoreNode::ADMIN_KEY),
            _ => continue,
        };
        builder = builder.header(name, value);
    }
    let (status, body) = send(builder, request["body"].as_str().unwrap_or_default().to_owned()).await.unwrap();
    (status, serde_json::from_str(&body).unwrap_or_else(|_| Value::from(body.as_str())))
}

/// The recorded answer in this machine's terms.
///
/// The recording had a fifth validator and a publisher whose keys were not kept: here they are those of the fifth test key.
fn here(answer: &Value, name: &str) -> Value {
    let publisher =
        if name.contains("no-publisher") { ATTESTERS[4] } else { "0xcbb5fd4a3c2d9070d95d668b80d6f0ae1a8a64e3" };
    // Another test may listen on the recorded port of the signer that is not there.
    let text = answer.to_string().replace("127.0.0.1:39999", "127.0.0.1:9");
    let text = text.replace(
        "publisher keys [0x3e20ab25eb721dd4b691516238df14f0f5d3f7a3]",
        &format!("publisher keys [{publisher}]"),
    );
    let text = text.replace("0x3e20ab25eb721dd4b691516238df14f0f5d3f7a3", ATTESTERS[4]);
    serde_json::from_str(&text.replace("0x8bf26bb2d79e4afb08b76a06b80852ecd6a65069", publisher)).unwrap()
}

#[tokio::test]
async fn every_recorded_reload_is_answered_as_it_was() {
    let stage = Stage::start().await;
    let mut replayed_names = BTreeSet::new();
    for Case(name, prepare) in &CASES {
        prepare(&stage);
        let (request, status, answer) = capture("reload-4.1.2", name);
        assert_eq!(replayed(&stage.node, &request).await, (status, here(&answer, name)), "{name}");
        replayed_names.insert((*name).to_owned());
        if *name == "50-good-after-empty" {
            let (request, status, answer) = capture("reload-4.1.2", "54-node-status-with-no-validators");
            assert!(stage.node.coinbases().is_empty());
            assert_eq!(replayed(&stage.node, &request).await, (status, answer));
            stage.node.restart().await.unwrap();
        }
    }
    let recorded = fs::read_dir(folder("reload-4.1.2")).unwrap();
    let recorded: BTreeSet<_> = recorded
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !replayed_names.contains(name))
        .collect();
    let elsewhere = ["54-node-status-with-no-validators", "70-node-without-validator-prover", "71-validator-from-env"];
    assert_eq!(recorded, elsewhere.map(str::to_owned).into());
}

#[tokio::test]
async fn nodes_without_a_keystore_folder_refuse_as_recorded() {
    for (name, keys) in
        [("70-node-without-validator-prover", Keys::Prover), ("71-validator-from-env", Keys::Environment)]
    {
        let stage = Stage::start_with(|settings| settings.keys = keys).await;
        let (request, status, answer) = capture("reload-4.1.2", name);
        assert_eq!(replayed(&stage.node, &request).await, (status, answer), "{name}");
        assert!(stage.node.coinbases().is_empty());
    }
}

#[tokio::test]
async fn the_admin_port_answers_as_recorded() {
    let stage = Stage::start().await;
    let names = [
        "GET_root_no_key",
        "GET_status_no_key",
        "aztecAdmin_reloadKeystore",
        "getConfig_no_key",
        "reload_no_key",
        "reload_on_public_port",
        "reload_with_arg",
        "setConfig_coinbase",
        "setConfig_coinbase_bad",
        "setConfig_no_args",
        "setConfig_unknown_key",
    ];
    for name in names {
        let (request, status, answer) = capture("admin-4.1.2", name);
        assert_eq!(replayed(&stage.node, &request).await, (status, answer), "{name}");
    }
    // Neither set nor told by any method: what `setConfig` was told has no effect.
    let (request, status, answer) = capture("admin-4.1.2", "getConfig_after_setConfig_coinbase");
    let (status_now, answer_now) = replayed(&stage.node, &request).await;
    assert_eq!((status_now, &answer_now["result"]["coinbase"]), (status, &answer["result"]["coinbase"]));
    assert_eq!(stage.node.coinbases()[&address(ATTESTERS[0])], address("0x330981485Dbd4EAcD7f14AD4e6A1324B48B09995"));
    let (request, status, answer) = capture("admin-4.1.2", "getConfig_wrong_key");
    let builder = Request::post(stage.node.admin_url()).header("x-api-key", "wrong");
    let (status_now, body) = send(builder, request["body"].as_str().unwrap().to_owned()).await.unwrap();
    assert_eq!((status_now, serde_json::from_str::<Value>(&body).unwrap()), (status, answer));
    let (request, status, _) = capture("admin-4.1.2", "getConfig_bearer");
    assert_eq!(replayed(&stage.node, &request).await.0, status);
}

#[tokio::test]
async fn each_recorded_keystore_leaves_the_coinbases_that_its_rule_says() {
    let stage = Stage::start().await;
    let first = address(ATTESTERS[0]);
    let cases: [(&str, Address); 6] = [
        ("07-coinbase-zero", Address::zero()),
        ("12-coinbase-null", first),
        ("40-shape-v2", address(&format!("0x{}", "3".repeat(40)))),
        ("62-coinbase-without-0x", address(&"1".repeat(40))),
        ("64-coinbase-all-upper", address(&"ab".repeat(20))),
        ("31-good-again", address("0x330981485Dbd4EAcD7f14AD4e6A1324B48B09995")),
    ];
    for (name, coinbase) in cases {
        let Case(_, prepare) = CASES.iter().find(|Case(known, _)| *known == name).unwrap();
        prepare(&stage);
        assert_eq!(stage.reload_words().await, "accepted", "{name}");
        assert_eq!(stage.node.coinbases()[&first], coinbase, "{name}");
    }
}
