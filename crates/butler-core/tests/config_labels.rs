//! Labels of the configuration: what is taken, and what a person reads who wrote something else.

use butler_core::config::{Config, ConfigFile, Sources, Variables};
use butler_core::domain::operator::labels::LabelRule;
use butler_core::store::file::save_atomic;

fn load(toml: &str) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml.as_bytes(), 0o600).unwrap();
    let variables: Variables = [("HOME", "/home/op")].into_iter().collect();
    let sources = Sources { file: ConfigFile::Required(path), variables, overrides: Vec::new() };
    Config::load(&sources).map_err(|error| error.to_string())
}

fn with(sections: &str) -> Result<Config, String> {
    load(&format!("[networks.mainnet]\nprovider_ids = [4]\n{sections}"))
}

#[test]
fn a_label_holds_attesters_and_servers() {
    let attester = "0x35b22e09Ee0390539439E24f06Da43D83f90e298";
    let config = with(&format!(
        "[[networks.mainnet.labels]]\nlabel = \"a\"\nattesters = [\"{attester}\"]\nservers = [\"s1\", \"s2\"]\n\
         [[networks.mainnet.labels]]\nlabel = \"nobody: yet\"\n"
    ));
    let network = &config.unwrap().networks["mainnet"];
    let servers = ["s1", "s2"].map(str::to_owned).into();
    let rule = LabelRule { label: "a".to_owned(), attesters: [attester.parse().unwrap()].into(), servers };
    assert_eq!(network.labels.len(), 2);
    assert_eq!(network.labels[0], rule);
    assert!(network.server_labels);
}

#[test]
fn a_wrong_label_is_told_with_its_place() {
    let label = |text: &str| format!("[[networks.mainnet.labels]]\n{text}\n");
    for (sections, told) in [
        (label(""), "labels[0].label: this key is required"),
        (label("label = \"\""), "labels[0].label: expected text"),
        (label("label = \"a\\nb\""), "labels[0].label: expected text"),
        (label("label = \"server:s1\""), "labels[0].label: `server:` is for servers"),
        (label("label = \"a\"").repeat(2), "labels[1].label: the label `a` occurs twice"),
        (label("label = \"a\"\nattesters = [\"0x12\"]"), "labels[0].attesters[0]: expected an address"),
        (label("label = \"a\"\nattester = []"), "labels[0].attester"),
        ((0..257).map(|n| label(&format!("label = \"l{n}\""))).collect(), "labels[256].label: more than 256 labels"),
    ] {
        let error = with(&sections).unwrap_err();
        assert!(error.contains(told), "{told} is not in {error}");
    }
}
