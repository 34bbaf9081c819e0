//! Servers of an operator: keystores with the private keys of the devnet's attesters, and nodes that load them.

#![expect(clippy::disallowed_methods, reason = "a test's files are its own")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use butler_testkit::devnet::attester_secret;
use butler_testkit::keystore_node::{KeystoreNode, Settings};
use ethers_core::types::Address;
use serde_json::{Value, json};

use super::{Bench, Watcher};

/// A server with its keystore and its node.
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) node: KeystoreNode,
}

impl Server {
    /// Starts a server that runs these attesters, none with a coinbase of its own.
    pub(crate) async fn start(bench: &Bench, name: &str, attesters: &[Address]) -> Self {
        Self::start_with(bench, name, attesters, |settings| settings).await
    }

    /// The same with a node of other settings.
    pub(crate) async fn start_with(
        bench: &Bench,
        name: &str,
        attesters: &[Address],
        change: impl FnOnce(Settings) -> Settings,
    ) -> Self {
        let folder = bench.folder.path().join(format!("servers/{name}"));
        std::fs::create_dir_all(&folder).unwrap();
        let validators: Vec<_> = attesters.iter().map(|attester| validator(*attester)).collect();
        let text = format!("{:#}\n", json!({ "schemaVersion": 1, "validators": validators }));
        let server = folder.join("keystore.json");
        std::fs::write(&server, text).unwrap();
        std::fs::set_permissions(&server, std::fs::Permissions::from_mode(0o600)).unwrap();
        let node = KeystoreNode::start_with(change(Settings::of(&folder))).await.unwrap();
        Self { name: name.to_owned(), folder, node }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join("keystore.json")
    }

    /// Somebody changes the file.
    pub(crate) fn rewrite(&self, change: impl FnOnce(String) -> String) {
        let text = change(std::fs::read_to_string(self.file()).unwrap());
        std::fs::write(self.file(), text).unwrap();
    }

    /// Somebody gives an attester a coinbase.
    pub(crate) fn set(&self, attester: Address, coinbase: Address) {
        let text = std::fs::read_to_string(self.file()).unwrap();
        let mut content: Value = serde_json::from_str(&text).unwrap();
        let own = attester_secret(attester).unwrap();
        let validators = content["validators"].as_array_mut().unwrap();
        let validator = validators.iter_mut().find(|one| one["attester"]["eth"] == own.as_str()).unwrap();
        validator["coinbase"] = format!("{coinbase:?}").into();
        self.rewrite(|_| format!("{content:#}\n"));
    }

    /// The coinbase of an attester in the file.
    pub(crate) fn written(&self, attester: Address) -> Option<String> {
        let content: Value = serde_json::from_slice(&std::fs::read(self.file()).unwrap()).unwrap();
        let validators = content["validators"].as_array().unwrap();
        let own = attester_secret(attester).unwrap();
        let validator = validators.iter().find(|one| one["attester"]["eth"] == own.as_str())?;
        Some(validator["coinbase"].as_str()?.to_owned())
    }

    /// The coinbase with which the node proposes.
    pub(crate) fn used(&self, attester: Address) -> Address {
        self.node.coinbases()[&attester]
    }

    /// The files beside the keystore.
    pub(crate) fn beside(&self) -> Vec<String> {
        let names = std::fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.into_string().unwrap()).filter(|name| name != "keystore.json").collect()
    }

    /// The server's sections of the configuration: its node and its keystore in a folder.
    pub(crate) fn configured(&self) -> String {
        format!("{}{}", self.node_section(), self.keystore_section(&format!("folder = \"{}\"", self.folder.display())))
    }

    pub(crate) fn node_section(&self) -> String {
        let Self { name, node, .. } = self;
        let (url, admin, key) = (node.url(), node.admin_url(), "ADMIN_KEY");
        format!(
            "[[networks.devnet.aztec_nodes]]\nname = \"{name}\"\nurl = \"{url}\"\nserver = \"{name}\"\nadmin_url = \"{admin}\"\nadmin_api_key_env = \"{key}\"\n"
        )
    }

    pub(crate) fn keystore_section(&self, place: &str) -> String {
        format!("[[networks.devnet.keystores]]\nserver = \"{}\"\n{place}\n", self.name)
    }
}

fn validator(attester: Address) -> Value {
    let secret = attester_secret(attester).unwrap();
    json!({
        "attester": { "eth": secret, "bls": format!("0x{:064x}", 7) },
        "feeRecipient": format!("{:#066x}", 1),
    })
}

/// Waits until no old keystore is kept in the watcher's folder.
pub(crate) async fn nothing_kept(bench: &Bench, watcher: &Watcher) {
    watcher.until("tidiness", async || kept(bench.folder.path()).is_empty().then_some(())).await;
}

/// Whatever is left of old keystores in the watcher's folder.
fn kept(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.join("state/keystores")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "before") {
                found.push(path.display().to_string());
            }
        }
    }
    found
}
