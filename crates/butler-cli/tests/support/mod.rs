//! A running devnet with its example configuration, and the real binary on it.

use std::path::Path;
use std::process::Output;

use butler_testkit::devnet::{Chain, DevnetSpec, Oracle, ensure, example_files};
use serde_json::Value;
use tempfile::TempDir;

/// A devnet of its own, with configuration and key files in a folder of its own.
pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) folder: TempDir,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let folder = TempDir::new().unwrap();
        example_files(folder.path(), chain.oracle().unwrap(), chain.url()).unwrap();
        Self { chain, folder }
    }

    pub(crate) fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    /// Runs `butler-cli` with these arguments in the folder.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        run_in(self.folder.path(), arguments).await
    }

    /// Runs a command with `--json` that must end with `code`.
    pub(crate) async fn json(&self, arguments: &[&str], code: i32) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat()).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {stderr}"))
    }
}

/// Runs `butler-cli` in a folder, with an environment that holds nothing of the tester's own configuration.
pub(crate) async fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    tokio::process::Command::new(env!("CARGO_BIN_EXE_butler-cli"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("COLUMNS", "160")
        .stdin(std::process::Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap()
}
