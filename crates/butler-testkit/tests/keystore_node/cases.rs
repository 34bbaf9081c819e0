//! What the keystore folder was in each recorded reload, in their order.

use std::{fs, os::unix::fs::symlink};

use serde_json::{Value, json};

use super::stage::{ATTESTERS, Stage, five, good, with_coinbase};

/// One recorded reload: the capture's name, and how its folder came to be.
pub(crate) struct Case(pub(crate) &'static str, pub(crate) fn(&Stage));

/// The recorded reloads of one running node.
pub(crate) static CASES: [Case; 54] = [
    Case("01-unchanged", |_| {}),
    Case("02-changed-coinbase", |stage| stage.only(&changed())),
    Case("03-broken-json-truncated", |stage| {
        let text = good().to_string();
        stage.only_text(&text.as_bytes()[..text.len() / 2]);
    }),
    Case("04-empty-file", |stage| stage.only_text(b"")),
    Case("05-removed-file-empty-dir", |stage| fs::remove_file(stage.path("keystore.json")).unwrap()),
    Case("06-removed-directory", Stage::clear),
    Case("07-coinbase-zero", |stage| stage.only(&with_coinbase(json!(format!("0x{}", "0".repeat(40)))))),
    Case("08-coinbase-short", |stage| stage.only(&with_coinbase(json!("0x1111")))),
    Case("09-coinbase-bad-checksum", |stage| {
        stage.only(&with_coinbase(json!("0x330981485Dbd4EAcD7f14AD4e6A1324B48B0999A")));
        stage.only(&with_coinbase(json!("0x330981485dbd4EAcD7f14AD4e6A1324B48B09995")));
    }),
    Case("10-coinbase-empty-string", |stage| stage.only(&with_coinbase(json!("")))),
    Case("11-unknown-field", |stage| {
        let mut keystore = good();
        keystore["validators"][0]["comment"] = json!("mine");
        stage.only(&keystore);
    }),
    Case("12-coinbase-null", |stage| stage.only(&with_coinbase(Value::Null))),
    Case("13-tmp-file-beside", |stage| {
        stage.only(&changed());
        stage.put("keystore.json.tmp", b"{");
    }),
    Case("14-hidden-json-beside", |stage| stage.put(".copy.json", good().to_string().as_bytes())),
    Case("15-restored-changed-coinbase", |stage| stage.only(&changed())),
    Case("16-added-validator-own-publisher", |stage| stage.only(&five_good())),
    Case("17-added-validator-known-publisher", |stage| {
        let mut keystore = five_good();
        keystore["validators"][4]["publisher"] = keystore["validators"][0]["publisher"].clone();
        stage.only(&keystore);
    }),
    Case("18-added-validator-no-publisher", |stage| {
        let mut keystore = five_good();
        keystore["validators"][4].as_object_mut().unwrap().remove("publisher");
        stage.only(&keystore);
    }),
    Case("19-publisher-replaced", |stage| {
        let mut keystore = good();
        keystore["validators"][0]["publisher"] = five()["validators"][4]["publisher"].clone();
        stage.only(&keystore);
    }),
    Case("20-publisher-list-one-known", |stage| {
        let mut keystore = good();
        let own = keystore["validators"][0]["publisher"].clone();
        keystore["validators"][0]["publisher"] = json!([five()["validators"][4]["publisher"], own]);
        stage.only(&keystore);
    }),
    Case("21-back-to-four", |stage| stage.only(&good())),
    Case("22-removed-validator", |stage| {
        let mut keystore = good();
        keystore["validators"].as_array_mut().unwrap().truncate(3);
        stage.only(&keystore);
    }),
    Case("23-removed-validator-put-back", |stage| stage.only(&good())),
    Case("24-put-back-by-two-publishers", |stage| {
        let mut keystore = good();
        let (known, own) = (keystore["validators"][0]["publisher"].clone(), &keystore["validators"][3]["publisher"]);
        keystore["validators"][3]["publisher"] = json!([known, own]);
        stage.only(&keystore);
    }),
    Case("25-original-again", |stage| stage.only(&changed())),
    Case("26-good-coinbases-again", |stage| stage.only(&good())),
    Case("30-zero-null-lowercase", |stage| {
        let mut keystore = good();
        keystore["validators"][0]["coinbase"] = json!(format!("0x{}", "0".repeat(40)));
        keystore["validators"][1]["coinbase"] = Value::Null;
        let lower = keystore["validators"][2]["coinbase"].as_str().unwrap().to_lowercase();
        keystore["validators"][2]["coinbase"] = json!(lower);
        stage.only(&keystore);
    }),
    Case("31-good-again", |stage| stage.only(&good())),
    Case("40-shape-arr", |stage| {
        let validators = good()["validators"].clone();
        let mut block = validators[0].clone();
        block["attester"] =
            json!(validators.as_array().unwrap().iter().map(|one| &one["attester"]).collect::<Vec<_>>());
        block["publisher"] = publishers();
        stage.only(&json!({ "schemaVersion": 1, "validators": [block] }));
    }),
    Case("40-shape-v2", |stage| stage.only(&version_2())),
    Case("41-good", |stage| stage.only(&good())),
    Case("42-default-remote-signer-unused-private-keys", |stage| {
        let mut keystore = good();
        keystore["remoteSigner"] = json!("http://127.0.0.1:9/");
        stage.only(&keystore);
    }),
    Case("43-changed-just-after-preparing", |stage| stage.only(&changed())),
    Case("44-good", |stage| stage.only(&good())),
    Case("45-remote-signer-url-with-credentials", |stage| {
        stage.only(&at_signer("http://user:web3signerpw@127.0.0.1:9/SIGNERSECRET"));
    }),
    Case("46-good", |stage| stage.only(&good())),
    Case("47-two-files", |stage| stage.two_files()),
    Case("48-third-file-v2-empty", |stage| stage.put("third.json", br#"{"schemaVersion":2,"validators":[]}"#)),
    Case("49-all-validators-removed-empty-list", |stage| stage.only_text(br#"{"schemaVersion":1,"validators":[]}"#)),
    Case("50-good-after-empty", |stage| stage.only(&good())),
    Case("51-symlink", |stage| {
        stage.clear();
        fs::create_dir(stage.path("")).unwrap();
        let target = stage.path("../elsewhere.json");
        super::stage::write(&target, good().to_string().as_bytes());
        symlink(target, stage.path("keystore.json")).unwrap();
    }),
    Case("52-subfolder-with-copy", |stage| {
        stage.only(&good());
        fs::create_dir(stage.path("backup")).unwrap();
        stage.put("backup/keystore.json", good().to_string().as_bytes());
    }),
    Case("53-folder-named-json", |stage| {
        stage.only(&good());
        fs::create_dir(stage.path("dir.json")).unwrap();
    }),
    Case("60-reload-while-l1-hangs", |stage| {
        stage.only(&good());
        stage.node.recorded().set_hung(true);
    }),
    Case("61-good", |stage| {
        stage.node.recorded().set_hung(false);
        stage.only(&good());
    }),
    Case("62-coinbase-without-0x", |stage| stage.only(&with_coinbase(json!("1".repeat(40))))),
    Case("63-coinbase-with-space", |stage| stage.only(&with_coinbase(json!(format!(" 0x{}", "1".repeat(40)))))),
    Case("64-coinbase-all-upper", |stage| stage.only(&with_coinbase(json!(format!("0x{}", "AB".repeat(20)))))),
    Case("65-same-attester-twice-in-one-file", |stage| {
        let mut keystore = good();
        keystore["validators"][1]["attester"] = keystore["validators"][0]["attester"].clone();
        stage.only(&keystore);
    }),
    Case("66-utf8-bom", |stage| stage.only_text(format!("\u{feff}{}", good()).as_bytes())),
    Case("67-bad-fee-recipient", |stage| {
        let mut keystore = good();
        keystore["validators"][0]["feeRecipient"] = json!("0x01");
        stage.only(&keystore);
    }),
    Case("68-good", |stage| stage.only(&good())),
    Case("69-remote-signer-unreachable", |stage| stage.only(&at_signer("http://127.0.0.1:9/"))),
    Case("72-good", |stage| stage.only(&good())),
];

/// The keystore of the second capture, whose redacted form was kept.
fn changed() -> Value {
    let mut keystore = good();
    keystore["validators"][0]["coinbase"] = json!(format!("0x{}", "1".repeat(40)));
    keystore["validators"][1]["coinbase"] = json!(format!("0x{}", "2".repeat(40)));
    keystore
}

fn five_good() -> Value {
    let mut keystore = good();
    keystore["validators"].as_array_mut().unwrap().push(five()["validators"][4].clone());
    keystore
}

fn publishers() -> Value {
    good()["validators"].as_array().unwrap().iter().map(|validator| validator["publisher"].clone()).collect()
}

fn version_2() -> Value {
    let mut keystore = good();
    keystore["schemaVersion"] = json!(2);
    keystore["publisher"] = publishers();
    keystore["coinbase"] = json!(format!("0x{}", "3".repeat(40)));
    keystore["feeRecipient"] = keystore["validators"][0]["feeRecipient"].clone();
    for validator in keystore["validators"].as_array_mut().unwrap() {
        for name in ["publisher", "coinbase", "feeRecipient"] {
            validator.as_object_mut().unwrap().remove(name);
        }
    }
    keystore
}

fn at_signer(url: &str) -> Value {
    let mut keystore = good();
    keystore["validators"][0]["attester"] = json!(ATTESTERS[0]);
    keystore["validators"][0]["remoteSigner"] = json!(url);
    keystore
}

impl Stage {
    /// The good keystore in two files.
    pub(crate) fn two_files(&self) {
        let (mut first, mut second) = (good(), good());
        first["validators"].as_array_mut().unwrap().truncate(2);
        second["validators"].as_array_mut().unwrap().drain(..2);
        self.only(&first);
        self.put("second.json", second.to_string().as_bytes());
    }
}
