//! Keystores that may be changed, as they are configured.

use std::path::PathBuf;

use butler_core::config::{Config, KeystorePlace};

use crate::config_case::{BASE, case, refused};

const NODE: &str = "[[networks.mainnet.aztec_nodes]]\nserver = \"paris\"\nurl = \"http://127.0.0.1:8080\"\n";
const ADMIN: &str = "admin_url = \"http://127.0.0.1:8880\"\n";

fn keystore(lines: &str) -> String {
    format!("[[networks.mainnet.keystores]]\nserver = \"paris\"\n{lines}\n")
}

#[test]
fn the_example_of_a_watcher_loads() {
    let case = case(include_bytes!("../../../examples/watcher.toml"), &[]);
    let config = Config::load(&case.sources).unwrap();
    let network = config.network(None).unwrap();
    let places: Vec<_> = network.keystores.iter().map(|keystore| keystore.place.clone()).collect();
    assert_eq!(places[0], KeystorePlace::Folder(PathBuf::from("/var/lib/aztec/keys")));
    assert!(matches!(&places[1], KeystorePlace::Command(argv) if argv[0] == "/usr/bin/ssh" && argv.len() == 12));
    assert_eq!(config.watcher.proposal_distance, 2);
}

#[test]
fn what_could_not_work_is_refused_with_the_key_and_what_to_do() {
    let of = |rest: &str| refused(format!("{BASE}{rest}"), &[]);
    let folder = keystore("folder = \"/keys\"");
    let cases = [
        ("no place", format!("{NODE}{ADMIN}{}", keystore(""))),
        ("two places", format!("{NODE}{ADMIN}{}", keystore("folder = \"/keys\"\ncommand = [\"/bin/x\"]"))),
        ("a folder of somewhere", format!("{NODE}{ADMIN}{}", keystore("folder = \"keys\""))),
        ("a program of somewhere", format!("{NODE}{ADMIN}{}", keystore("command = [\"ssh\", \"paris\"]"))),
        ("nobody reloads", format!("{NODE}{folder}")),
        ("another server's node", format!("{}{ADMIN}{folder}", NODE.replace("paris", "oslo"))),
        ("a server twice", format!("{NODE}{ADMIN}{folder}{folder}")),
    ];
    let told: String = cases.iter().map(|(what, text)| format!("{what}\n{}\n", of(text))).collect();
    insta::assert_snapshot!(told);
}
