//! A running devnet with its example configuration, and the real binary on it.
//!
//! Whatever the binary prints is searched for [`SECRETS`] after every run, so each test is also a test for leaks.

pub(crate) mod safe;
pub(crate) mod shapes;
pub(crate) mod signer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use butler_core::store::file::save_atomic;
use butler_testkit::devnet::{Chain, DevnetSpec, History, Oracle, ensure, example_files};
use ethers_core::types::Address;
use ethers_core::utils::to_checksum;
use serde_json::Value;
use tempfile::TempDir;

/// In the path and query of URLs.
pub(crate) const URL_KEY: &str = "s3cr3t-url-key";
/// A bearer token.
pub(crate) const TOKEN: &str = "s3cr3t-bearer-token";
/// A password.
pub(crate) const PASSWORD: &str = "s3cr3t-pass-word";
/// A private key.
pub(crate) const PRIVATE_KEY: &str = "c0ffee254729296a45a3885639ac7e10f9d54979f2abf3d2f1a3b6c5d4e3f201";

/// The private key that proposes to a Safe: that of the public test vectors of encrypted keys.
pub(crate) const PROPOSER_KEY: &str = "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d";
/// The password of its file.
pub(crate) const PROPOSER_PASSWORD: &str = "testpassword";

/// What must never be printed, in every form that it travels in.
pub(crate) const SECRETS: [&str; 8] = [
    URL_KEY,
    TOKEN,
    PASSWORD,
    PRIVATE_KEY,
    PROPOSER_KEY,
    PROPOSER_PASSWORD,
    // `butler:` and the password, in base64.
    "YnV0bGVyOnMzY3IzdC1wYXNzLXdvcmQ",
    "C0FFEE254729296A45A3885639AC7E10F9D54979F2ABF3D2F1A3B6C5D4E3F201",
];

/// A devnet of its own, with configuration and key files in a folder of its own.
pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        Self::with_history(History::Recent).await
    }

    pub(crate) async fn with_history(history: History) -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap();
        let chain = Chain::start_with(&state, history, None).await.unwrap();
        let folder = TempDir::new().unwrap();
        example_files(folder.path(), chain.oracle().unwrap(), chain.url()).unwrap();
        Self { chain, folder }
    }

    /// A devnet on which a second rollup has become canonical, with something of provider 1 left everywhere.
    pub(crate) async fn after_cut_over() -> Self {
        let state = ensure(&DevnetSpec::scenario()).unwrap().upgrade();
        let mut chain = Chain::start(&state).await.unwrap();
        chain.cut_over(&state).await.unwrap();
        let folder = TempDir::new().unwrap();
        example_files(folder.path(), chain.oracle().unwrap(), chain.url()).unwrap();
        Self { chain, folder }
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    /// The address of an attester of the story.
    pub(crate) fn attester(&self, name: &str) -> Address {
        self.oracle().attester(name).unwrap().address
    }

    /// The same, as reports print it.
    pub(crate) fn shown(&self, name: &str) -> String {
        shown(self.attester(name))
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        save_atomic(&self.path(name), content.as_bytes(), 0o600).unwrap();
    }

    /// Adds lines to the network's section of the configuration.
    pub(crate) fn configure(&self, lines: &str) {
        self.write(
            "butler.toml",
            &self.read("butler.toml").replace("\nprovider_ids", &format!("\n{lines}\nprovider_ids")),
        );
    }

    /// Replaces a part of the configuration, which must be there.
    pub(crate) fn reconfigure(&self, from: &str, to: &str) {
        let text = self.read("butler.toml");
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.write("butler.toml", &text.replace(from, to));
    }

    /// Makes these lines the only endpoint.
    pub(crate) fn endpoint(&self, lines: &str) {
        let text = self.read("butler.toml");
        let (before, _) = text.split_once("[[networks.devnet.l1]]").unwrap();
        self.write("butler.toml", &format!("{before}[[networks.devnet.l1]]\n{lines}\n"));
    }

    /// Tracks more attesters than key files and delegations name.
    pub(crate) fn track<'a>(&self, names: impl IntoIterator<Item = &'a str>) {
        let addresses: Vec<String> = names.into_iter().map(|name| format!("\"{}\"", self.shown(name))).collect();
        self.configure(&format!("extra_attesters = [{}]", addresses.join(", ")));
    }

    /// Changes a JSON file.
    pub(crate) fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value: Value = serde_json::from_str(&self.read(name)).unwrap();
        change(&mut value);
        self.write(name, &format!("{value:#}\n"));
    }

    /// Corrects the two mistakes of the example's key files: A3's coinbase is wrong, and A6's is missing.
    pub(crate) fn correct_coinbases(&self) {
        let coinbases = self.oracle().coinbases();
        let right = |name| Value::from(shown(coinbases[&self.attester(name)]));
        self.edit("keys/server-1.json", |keys| keys["validators"][3]["coinbase"] = right("A6"));
        self.edit("keys/server-2.json", |keys| keys["validators"][0]["coinbase"] = right("A3"));
    }

    /// Takes away what waits at the own address of the first attester, from a time before its coinbase was set.
    pub(crate) async fn collect(&self) {
        let rewards = butler_testkit::devnet::Move::SetRewards { coinbase: self.attester("A0"), tokens: 0 };
        self.chain.play(rewards).await.unwrap();
    }

    /// Runs `butler-cli` with these arguments in the folder.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        run_in(self.folder.path(), arguments).await
    }

    /// Runs a command with `--json` that must end with `code`.
    pub(crate) async fn json(&self, arguments: &[&str], code: i32) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat()).await;
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.stderr, ran.stdout);
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ran.stdout))
    }

    /// Every file and folder with its length, to see whether a run left anything behind.
    pub(crate) fn listing(&self) -> BTreeMap<PathBuf, u64> {
        let mut listing = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in folder.read_dir().unwrap() {
                let path = entry.unwrap().path();
                let metadata = path.symlink_metadata().unwrap();
                if metadata.is_dir() {
                    folders.push(path.clone());
                }
                listing.insert(path, if metadata.is_file() { metadata.len() } else { 0 });
            }
        }
        listing
    }
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// What a person sees on stderr, without what differs from run to run.
    pub(crate) fn told(&self, folder: &Path) -> String {
        without_ports(&self.stderr.replace(&format!("{}/", folder.display()), ""))
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}

fn without_ports(text: &str) -> String {
    let mut parts = text.split("127.0.0.1:");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str("127.0.0.1:");
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        if rest.len() < part.len() {
            out.push_str("[port]");
        }
        out.push_str(rest);
    }
    out
}

/// An address with its checksum.
pub(crate) fn shown(address: Address) -> String {
    to_checksum(&address, None)
}

/// A program with an environment that holds nothing of the tester's own configuration.
pub(crate) fn program(name: &str, folder: &Path) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(name);
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("COLUMNS", "160")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// `butler-cli`, not started yet.
pub(crate) fn butler(folder: &Path) -> tokio::process::Command {
    program(env!("CARGO_BIN_EXE_butler-cli"), folder)
}

/// Runs a command to its end.
pub(crate) async fn finish(command: &mut tokio::process::Command) -> Ran {
    // `Command::output` would replace a stdout of the test's own choice.
    let output = command.spawn().unwrap().wait_with_output().await.unwrap();
    let ran = Ran {
        code: output.status.code().unwrap_or_else(|| panic!("{command:?} ended with {}", output.status)),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    for secret in SECRETS {
        assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret), "{command:?} leaks {secret}: {ran:?}");
    }
    ran
}

/// Runs `butler-cli` in a folder.
pub(crate) async fn run_in(folder: &Path, arguments: &[&str]) -> Ran {
    finish(butler(folder).args(arguments)).await
}

/// What a shell is offered for the last of these words.
pub(crate) async fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let variables = [("BUTLER_CLI_COMPLETE", "bash"), ("_CLAP_COMPLETE_INDEX", &index), ("_CLAP_IFS", "\n")];
    let ran = finish(butler(folder).envs(variables).arg("--").args(words)).await;
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{words:?}");
    ran.stdout.lines().map(str::to_owned).collect()
}
