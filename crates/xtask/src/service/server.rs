//! The server of a watcher's trial: a keystore in the container's files, with the private keys of attesters that are staked next, and a
//! node on the host that loads it as real ones do.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, attester_secret};
use butler_testkit::keystore_node::{Answer, Effect, KeystoreNode};
use ethers_core::types::Address;
use ethers_core::utils::to_checksum;
use serde_json::json;

use super::files::{create_folder, write};

/// Its name, as the example's key files have it.
const NAME: &str = "server-1";
/// The keystore's folder in the container.
const FOLDER: &str = "var/lib/aztec/keys";

/// A server.
pub(super) struct Server {
    node: KeystoreNode,
}

impl Server {
    /// Writes the keystore below `root`, and for the trial the node's section of a configuration, the key of its admin port, and the
    /// private keys of which nothing may be seen.
    pub(super) async fn prepare(root: &Path, chain: &Chain) -> anyhow::Result<Self> {
        let oracle = chain.oracle()?;
        let named = ["A8", "A9"].map(|name| anyhow::Ok(oracle.attester(name)?.address));
        let mut attesters = named.into_iter().collect::<anyhow::Result<Vec<Address>>>()?;
        attesters.extend(oracle.spare_keys.iter().map(|key| key.attester));
        let secrets: Vec<String> = attesters.iter().map(|one| attester_secret(*one)).collect::<Result<_, _>>()?;
        let validators = secrets.iter().map(|secret| {
            json!({
                "attester": { "eth": secret, "bls": format!("0x{:064x}", 7) },
                "feeRecipient": format!("0x{:064x}", 1),
            })
        });
        let keystore = json!({ "schemaVersion": 1, "validators": validators.collect::<Vec<_>>() });
        let folder = root.join(FOLDER);
        create_folder(&folder)?;
        write(&folder.join("keystore.json"), &format!("{keystore:#}\n"))?;
        let node = KeystoreNode::start(&folder).await?;
        let trial = root.join("trial");
        let (url, admin) = (node.url(), node.admin_url());
        let section = format!(
            "\n[[networks.devnet.aztec_nodes]]\nname = \"{NAME}\"\nserver = \"{NAME}\"\nurl = \"{url}\"\nadmin_url = \"{admin}\"\nadmin_api_key_credential = \"admin-key\"\n"
        );
        write(&trial.join("node.toml"), &section)?;
        write(&trial.join("admin-key"), KeystoreNode::ADMIN_KEY)?;
        let planted = secrets.iter().map(|secret| secret.trim_start_matches("0x")).chain([KeystoreNode::ADMIN_KEY]);
        write(&trial.join("planted"), &planted.map(|secret| format!("{secret}\n")).collect::<String>())?;
        Ok(Self { node })
    }

    /// Has the next reload hang, without an effect.
    pub(super) fn hang(&self) {
        self.node.script(Effect::Nothing, Answer::Hang);
    }

    /// What the node would propose with, and what became of its reloads, one line each.
    pub(super) fn told(&self) -> anyhow::Result<String> {
        let mut text = String::new();
        for (attester, coinbase) in self.node.coinbases() {
            writeln!(text, "{} {}", to_checksum(&attester, None), to_checksum(&coinbase, None)).context("no text")?;
        }
        let reloads = self.node.reloads();
        writeln!(text, "accepted {}", reloads.accepted).context("no text")?;
        writeln!(text, "refused {}", reloads.refused).context("no text")?;
        if self.node.is_reloading() {
            text.push_str("reloading\n");
        }
        Ok(text)
    }
}
