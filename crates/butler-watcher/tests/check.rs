//! `--check` looks at the keystores that the configuration names as a change would, and writes nothing.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

use crate::support::agent::agent;

const ATTESTER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// An operator's folder with a keystore.
struct Operator(tempfile::TempDir);

impl Operator {
    fn new() -> Self {
        let operator = Self(tempfile::tempdir().unwrap());
        std::fs::create_dir(operator.keys()).unwrap();
        operator.mode(&operator.keys(), 0o700);
        let validator = format!("{{\"attester\": \"{ATTESTER}\", \"feeRecipient\": \"0x{:064x}\"}}", 1);
        let signer = "\"remoteSigner\": \"https://signer.example.com\"";
        std::fs::write(operator.file(), format!("{{\"schemaVersion\": 1, {signer}, \"validators\": [{validator}]}}\n"))
            .unwrap();
        operator.mode(&operator.file(), 0o600);
        operator
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn file(&self) -> PathBuf {
        self.keys().join("keystore.json")
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    fn mode(&self, path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The exit code, and what is said, with this place of the keystore.
    fn check(&self, place: &str) -> (i32, String) {
        self.check_with(place, "")
    }

    /// The same with more lines.
    fn check_with(&self, place: &str, more: &str) -> (i32, String) {
        let config = self.0.path().join("butler.toml");
        let text = format!(
            "[networks.mainnet]\nprovider_ids = [4]\nstart_block = 1\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:9\"\n\
             [[networks.mainnet.aztec_nodes]]\nserver = \"paris\"\nurl = \"http://127.0.0.1:9\"\nadmin_url = \"http://127.0.0.1:9\"\n\
             [[networks.mainnet.keystores]]\nserver = \"paris\"\n{place}\n[watcher]\nstate_directory = \"{}\"\n{more}\n",
            self.state().display()
        );
        std::fs::write(&config, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
        let output = command
            .env_clear()
            .env("HOME", self.0.path())
            .env("HOOK", "http://127.0.0.1:9/hook")
            .arg("--check")
            .arg("--config")
            .arg(&config)
            .output()
            .unwrap();
        assert!(!self.state().exists(), "it wrote");
        (output.status.code().unwrap(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    }
}

#[test]
fn a_keystore_that_can_be_changed_passes_and_one_that_cannot_is_told_with_a_hint_and_code_5() {
    let operator = Operator::new();
    let own = operator.0.path().join("agent");
    let argv = agent(&operator.keys(), &own);
    for place in [format!("folder = \"{}\"", operator.keys().display()), format!("command = {argv:?}")] {
        let (code, said) = operator.check(&place);
        assert!(code == 0 && said.contains("the keystore of paris can be changed: 1 files with validators"), "{said}");
        for (path, mode, usual, what) in [
            (operator.keys(), 0o777, 0o700, "every user may write into the folder of keystores"),
            (operator.file(), 0o602, 0o600, "every user may write into the file"),
            (operator.file(), 0o2600, 0o600, "has a mode with special bits"),
        ] {
            operator.mode(&path, mode);
            let (code, said) = operator.check(&place);
            operator.mode(&path, usual);
            assert!(code == 5 && said.contains("the keystore of paris cannot be changed"), "{code} {said}");
            assert!(said.contains(what), "{said}");
        }
    }
    assert_eq!(std::fs::read_dir(operator.keys()).unwrap().count(), 1);
}

#[test]
fn a_folder_that_is_not_there_and_a_program_that_does_not_answer_are_code_5() {
    let operator = Operator::new();
    for (place, what) in [
        ("folder = \"/nowhere/keys\"", "cannot be opened or listed"),
        ("command = [\"/nowhere/ssh\"]", "failed to run `/nowhere/ssh`"),
        ("command = [\"/bin/false\"]", "ended with code 1"),
    ] {
        let (code, said) = operator.check(place);
        assert!(code == 5 && said.contains(what) && said.contains("\n         hint: "), "{code} {said}");
    }
}

#[test]
fn a_channel_that_the_service_could_not_open_is_told_with_code_5() {
    let operator = Operator::new();
    let hook = "[[watcher.slack]]\nname = \"ops\"\nurl_env = \"HOOK\"\nca_file = \"/nowhere/ca.pem\"";
    let place = format!("folder = \"{}\"", operator.keys().display());
    let (code, said) = operator.check_with(&place, hook);
    assert!(code == 5 && said.contains("channels and heartbeat") && said.contains("/nowhere/ca.pem"), "{code} {said}");
}
