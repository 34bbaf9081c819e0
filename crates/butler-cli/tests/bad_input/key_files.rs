//! Key files that cannot be used, and secrets in them.

use std::fs::File;
use std::os::unix::fs::symlink;

use serde_json::json;

use crate::support::{Bench, PASSWORD, PRIVATE_KEY, program};

/// The same key file with a private key where the address belongs.
pub(crate) fn plant_private_key(bench: &Bench) {
    bench.edit("keys/server-1.json", |keys| {
        keys["validators"][0]["attester"]["eth"] = json!(format!("0x{PRIVATE_KEY}"));
    });
}

#[tokio::test]
async fn a_private_key_in_a_key_file_refuses_the_file_and_is_never_shown() {
    let bench = Bench::start().await;
    plant_private_key(&bench);
    let ran = bench.run(&["status", "-vvv", "--json"]).await;
    assert_eq!(ran.code, 0);
    assert_eq!(ran.json()["key_file_faults"].as_array().unwrap().len(), 1);
    // A8 is still in the provider's queue; its server is not known any more.
    let row =
        ran.json()["attesters"].as_array().unwrap().iter().find(|row| row["address"] == bench.shown("A8")).cloned();
    assert_eq!(row.unwrap()["servers"], json!([]));
    insta::assert_snapshot!(bench.run(&["status"]).await.told(bench.folder.path()), @r"
    warning: keys/server-1.json: validators[0].attester.eth: holds what could be a private key; the whole file is refused (hint: move it to a file that is not read; a keystore of a node belongs under `node_keystores`)
    ");

    let report = bench.json(&["audit", "-vvv"], 5).await;
    assert!(report["findings"].as_array().unwrap().iter().any(|finding| finding["kind"] == "key_file"), "{report:#}");
    let check = bench.json(&["config", "check", "-vvv"], 3).await;
    assert_eq!(check["passed"], false);
    assert_eq!(check["faults"].as_array().unwrap().len(), 1);
    for command in
        [&["publishers"][..], &["doctor"], &["queue"], &["provider", "show"], &["events"], &["config", "show"]]
    {
        bench.run(&[command, &["-vvv"]].concat()).await;
    }
}

#[tokio::test]
async fn private_keys_passwords_and_mnemonics_are_found_wherever_they_are() {
    let bench = Bench::start().await;
    let secrets = [
        json!({ "validators": [{ "attester": format!("0x{PRIVATE_KEY}") }] }),
        json!({ "validators": [{ "attester": { "eth": PRIVATE_KEY } }] }),
        json!({ "validators": [{ "attester": bench.shown("A0"), "publisher": [format!("0x{PRIVATE_KEY}")] }] }),
        json!({ "validators": [{ "attester": bench.shown("A0"), "coinbase": format!("0x{PRIVATE_KEY}") }] }),
        json!({ "validators": [{ "attester": { "path": "k", "password": PASSWORD } }] }),
        json!({ "validators": [], "mnemonic": PASSWORD }),
        json!({ format!("0x{PRIVATE_KEY}"): [] }),
    ];
    for content in secrets {
        bench.write("keys/server-3.json", &content.to_string());
        let check = bench.json(&["config", "check", "-vvv"], 3).await;
        assert_eq!(check["faults"].as_array().unwrap().len(), 1, "{content}: {check:#}");
        let ran = bench.run(&["status", "-vvv"]).await;
        assert_eq!(ran.code, 0, "{content}: {}", ran.stderr);
        assert!(ran.stderr.contains("keys/server-3.json"), "{content}: {}", ran.stderr);
    }
}

/// What `config check` says about a file in the place of `keys/server-3.json`, while `status` goes on.
async fn key_file_fault(bench: &Bench) -> String {
    let check = bench.run(&["config", "check"]).await;
    assert_eq!((check.code, check.stderr.as_str()), (3, ""));
    let status = bench.run(&["status"]).await;
    assert_eq!(status.code, 0);
    let told = status.told(bench.folder.path());
    let fault = told.strip_prefix("warning: ").unwrap().to_owned();
    let found = check.stdout.replace(&format!("{}/", bench.folder.path().display()), "");
    assert_eq!(found.trim_end(), format!("{fault}1 fault"));
    fault
}

#[tokio::test]
async fn a_key_file_of_100_megabytes_is_not_read() {
    let bench = Bench::start().await;
    File::create(bench.path("keys/server-3.json")).unwrap().set_len(100 << 20).unwrap();
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: 104857600 bytes long, more than the limit of 16777216
    ");
}

#[tokio::test]
async fn a_key_twice_in_one_object_is_refused() {
    let bench = Bench::start().await;
    let attester = bench.shown("A0");
    let text = format!("{{\"validators\": [\n  {{\"attester\": \"{attester}\",\n   \"attester\": \"{attester}\"}}]}}");
    bench.write("keys/server-3.json", &text);
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json:3: validators[0].attester: this key occurs twice (hint: keep one of them)
    ");
}

#[tokio::test]
async fn zero_is_no_coinbase() {
    let bench = Bench::start().await;
    let validator = json!({ "attester": bench.shown("A0"), "coinbase": format!("0x{}", "0".repeat(40)) });
    bench.write("keys/server-3.json", &json!({ "validators": [validator] }).to_string());
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: validators[0].coinbase: coinbase is the zero address (hint: remove the key until it is known)
    ");
}

#[tokio::test]
async fn a_key_file_that_cannot_be_read_is_a_fault_and_nobody_waits_for_it() {
    let bench = Bench::start().await;
    let path = bench.path("keys/server-3.json");
    symlink("nowhere.json", &path).unwrap();
    insta::assert_snapshot!(key_file_fault(&bench).await, @"keys/server-3.json: there is no such file");
    std::fs::remove_file(&path).unwrap();
    let made = program("mkfifo", bench.folder.path()).arg(&path).env("PATH", "/usr/bin:/bin").status().await.unwrap();
    assert!(made.success());
    insta::assert_snapshot!(key_file_fault(&bench).await, @"keys/server-3.json: this is not a regular file");
    std::fs::remove_file(&path).unwrap();
    bench.write("keys/server-3.json", "");
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    keys/server-3.json: the file is empty (hint: write it again, or leave it out)
    ");
    std::fs::remove_file(&path).unwrap();
    bench.reconfigure("key_files = [\"keys/*.json\"]", "key_files = [\"keys/*.json\", \"other/*.json\"]");
    insta::assert_snapshot!(key_file_fault(&bench).await, @r"
    other/*.json: this pattern matches no file (hint: correct it, or remove it)
    ");
}
