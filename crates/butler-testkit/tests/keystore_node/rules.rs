//! Rules of the keystore beyond the recorded exchanges, each by its name.

use std::{collections::BTreeMap, fs};

use butler_testkit::keystore_node::{KeystoreNode, Reloads};
use serde_json::{Value, json};

use super::stage::{ATTESTERS, Stage, address, call, good, with_coinbase};

#[tokio::test]
async fn a_refused_reload_changes_nothing_and_is_counted() {
    let stage = Stage::start().await;
    let before = stage.node.coinbases();
    stage.only_text(b"{");
    assert!(stage.reload_words().await.ends_with("Invalid JSON format"));
    assert_eq!((stage.node.coinbases(), before.len()), (before, 4));
    stage.only(&good());
    assert_eq!(stage.reload_words().await, "accepted");
    assert_eq!(stage.node.reloads(), Reloads { asked: 2, accepted: 1, refused: 1 });
    assert_eq!(stage.node.overlapping(), 0);
}

#[tokio::test]
async fn a_removed_validator_leaves_at_once() {
    let stage = Stage::start().await;
    let mut keystore = good();
    keystore["validators"].as_array_mut().unwrap().remove(0);
    stage.only(&keystore);
    assert_eq!(stage.reload_words().await, "accepted");
    assert!(!stage.node.coinbases().contains_key(&address(ATTESTERS[0])));
}

#[tokio::test]
async fn a_node_with_an_empty_list_runs_nobody_until_it_is_restarted() {
    let stage = Stage::start().await;
    stage.only(&json!({ "schemaVersion": 1, "validators": [] }));
    assert_eq!(stage.reload_words().await, "accepted");
    stage.only(&good());
    assert!(stage.reload_words().await.contains("none match the L1 signers initialized at startup []"));
    assert!(stage.node.coinbases().is_empty());
    let before = stage.node.admin_url();
    stage.node.restart().await.unwrap();
    assert_eq!((stage.node.coinbases().len(), stage.node.admin_url()), (4, before));
    assert_eq!(stage.reload_words().await, "accepted", "it listens where it did");
}

#[tokio::test]
async fn a_node_that_starts_with_a_broken_keystore_is_down() {
    let stage = Stage::start().await;
    stage.only_text(b"{");
    let words = format!("{:#}", stage.node.restart().await.unwrap_err());
    assert!(words.ends_with("Failed to load keystore from /data/keys/keystore.json: Invalid JSON format"), "{words}");
    assert_eq!((stage.node.is_up(), stage.node.coinbases()), (false, BTreeMap::new()));
    let exchange = super::stage::send(hyper::Request::post(stage.node.admin_url()), String::new()).await;
    assert!(exchange.is_err(), "nobody listens");
    assert!(KeystoreNode::start(&stage.path("")).await.is_err());
}

#[tokio::test]
async fn publishers_of_the_last_reload_decide_and_not_those_of_the_start() {
    let stage = Stage::start().await;
    let mut keystore = good();
    keystore["validators"][0]["publisher"] = keystore["validators"][1]["publisher"].clone();
    stage.only(&keystore);
    assert_eq!(stage.reload_words().await, "accepted");
    stage.only(&good());
    assert!(stage.reload_words().await.contains("none match"), "its own was there at the start, and is forgotten");
}

#[tokio::test]
async fn names_decide_which_files_are_read() {
    let stage = Stage::start().await;
    for (name, is_read) in [
        ("x.json.tmp", false),
        ("x.json~", false),
        ("json", false),
        (".json", false),
        ("x.JSON", true),
        (".x.json", true),
    ] {
        stage.only(&good());
        stage.put(name, b"broken");
        assert_eq!(stage.reload_words().await != "accepted", is_read, "{name}");
    }
    stage.only(&good());
    std::os::unix::fs::symlink("nowhere", stage.path("gone.json")).unwrap();
    let words = stage.reload_words().await;
    assert!(words.contains("/data/keys/gone.json: Unexpected error: Error: ENOENT"), "{words}");
}

#[tokio::test]
async fn a_keystore_is_strict_at_every_depth() {
    let stage = Stage::start().await;
    let at = |pointer: &str, value: Value| {
        let mut keystore = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        keystore.pointer_mut(parent).unwrap()[name] = value;
        keystore
    };
    let address = ATTESTERS[0];
    let cases = [
        (at("/extra", json!(1)), "Unrecognized key(s) in object: 'extra' ()"),
        (at("/coinbase", json!(address)), "Unrecognized key(s) in object: 'coinbase' ()"),
        (at("/validators/1/attester/x", json!(1)), "Unrecognized key(s) in object: 'x' (validators.1.attester)"),
        (at("/validators/0/remoteSigner", json!("nothing")), "Invalid URL (validators.0.remoteSigner)"),
        (at("/schemaVersion", json!(3)), "Invalid input ()"),
        (at("/schemaVersion", json!("1")), "Invalid input ()"),
        (at("/validators/0/attester", json!("0x12")), "Invalid input ()"),
        (at("/validators/0/attester", json!({ "address": address })), "Invalid input ()"),
        (at("/validators", Value::Null), "Keystore must have at least validators or prover configuration (root)"),
        (
            json!({ "schemaVersion": 2, "validators": [{ "attester": good()["validators"][0]["attester"] }] }),
            "Each validator must have a feeRecipient, or a top-level feeRecipient must be set for all validators (feeRecipient)",
        ),
    ];
    for (keystore, words) in cases {
        stage.only(&keystore);
        let expected =
            format!("Failed to load keystore from /data/keys/keystore.json: Schema validation failed: {words}");
        assert_eq!(stage.reload_words().await, expected);
    }
}

#[tokio::test]
async fn version_2_has_defaults_of_which_the_last_file_wins() {
    let stage = Stage::start().await;
    let file = |index: usize, coinbase: &str| {
        let mut validator = good()["validators"][index].clone();
        validator.as_object_mut().unwrap().remove("coinbase");
        json!({ "schemaVersion": 2, "coinbase": coinbase.repeat(40), "validators": [validator] })
    };
    stage.only(&file(0, "1"));
    stage.put("z.json", file(1, "2").to_string().as_bytes());
    assert_eq!(stage.reload_words().await, "accepted");
    let coinbase = address(&"2".repeat(40));
    assert_eq!(stage.node.coinbases(), [(address(ATTESTERS[0]), coinbase), (address(ATTESTERS[1]), coinbase)].into());
}

#[tokio::test]
async fn a_duplicate_over_two_files_is_refused() {
    let stage = Stage::start().await;
    stage.put("zz.json", with_coinbase(json!("1".repeat(40))).to_string().as_bytes());
    let expected = format!(
        "Failed to load keystore from keystores[1].validators: Duplicate attester address {} found across keystore files",
        ATTESTERS[0]
    );
    assert_eq!(stage.reload_words().await, expected);
}

#[tokio::test]
async fn encrypted_keys_and_mnemonics_are_attesters_too() {
    let stage = Stage::start().await;
    let publisher = good()["validators"][0]["publisher"].clone();
    let encrypted = stage.path("../one-key");
    super::stage::write(&encrypted, json!({ "address": &ATTESTERS[4][2..], "version": 3 }).to_string().as_bytes());
    let validator =
        |attester: Value| json!({ "attester": attester, "publisher": publisher, "feeRecipient": "1".repeat(64) });
    let phrase = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
    let (path, password) = (encrypted.to_str().unwrap(), "a password");
    stage.only(&json!({ "schemaVersion": 1, "validators": [
        validator(json!({ "path": path, "password": password })),
        validator(json!({ "mnemonic": phrase, "addressCount": 2 })),
    ]}));
    assert_eq!(stage.reload_words().await, "accepted");
    let expected =
        [ATTESTERS[4], "0x9858EfFD232B4033E47d90003D41EC34EcaEda94", "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0"];
    let expected: BTreeMap<_, _> = expected.map(|text| (address(text), address(text))).into();
    assert_eq!(stage.node.coinbases(), expected);
    stage.only(&json!({ "schemaVersion": 1, "validators": [validator(json!({ "path": path }))] }));
    assert!(stage.reload_words().await.contains("No password provided"));
    fs::remove_file(encrypted).unwrap();
    assert!(stage.reload_words().await.contains("ENOENT"));
}

#[tokio::test]
async fn a_node_of_version_6_knows_the_method_by_its_new_name_only() {
    let stage = Stage::start().await;
    stage.node.rename_methods();
    let (status, body) = call(&stage.node.admin_url(), "aztecAdmin_reloadKeystore", json!([])).await;
    assert_eq!((status, body.as_str()), (200, r#"{"id":1,"jsonrpc":"2.0"}"#));
    let (status, body) = call(&stage.node.admin_url(), "nodeAdmin_reloadKeystore", json!([])).await;
    assert!(status == 400 && body.contains("-32601"), "{body}");
}

#[tokio::test]
async fn a_batch_reloads_as_often_as_it_says() {
    let stage = Stage::start().await;
    let one = |id: u32, method: &str| json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": [] });
    let batch = json!([one(7, "nodeAdmin_reloadKeystore"), one(8, "nodeAdmin_noSuch")]).to_string();
    let builder = hyper::Request::post(stage.node.admin_url()).header("x-api-key", KeystoreNode::ADMIN_KEY);
    let (status, body) = super::stage::send(builder, batch).await.unwrap();
    let answers: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &answers[0]), (200, &json!({ "jsonrpc": "2.0", "id": 7 })));
    assert_eq!((&answers[1]["id"], &answers[1]["error"]["code"]), (&json!(8), &json!(-32601)));
    assert_eq!(stage.node.reloads().accepted, 1);
}
