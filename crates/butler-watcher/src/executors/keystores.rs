//! The keystores of one network, as the configuration has them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::aztec_node::AztecNode;
use butler_core::client::http::{HttpSettings, HttpSetupError};
use butler_core::client::l1::{L1Client, Policy as Patience};
use butler_core::client::web3signer::Web3Signer;
use butler_core::config::{KeystoreConfig, KeystorePlace, NetworkConfig};
use butler_core::domain::action::{Part, Place};
use butler_core::key_files::edit::KeystoreAgent;
use butler_core::network::{NetworkError, http_settings, l1_client};
use ethers_core::types::Address;
use thiserror::Error;
use tokio::sync::watch;

use super::duties::{Duties, Rollups};
use super::keystore::{Keystore, Source};
use crate::health::Health;
use crate::plan::views::Views;

/// How long a node may take: a remote signer that does not answer costs it 31 s.
const RELOAD: Duration = Duration::from_secs(45);
/// How hard it is tried to read whose slots come; the next try is soon.
const PATIENCE: Patience = Patience { rounds: 1, patience: Duration::from_secs(10) };

/// Keystores that cannot be used.
#[derive(Debug, Error)]
pub enum KeystoreSetupError {
    /// A node or a web3signer has a setting that no client can be made of.
    #[error("the keystore of {server} cannot be used")]
    Http {
        /// The server.
        server: String,
        /// Why.
        #[source]
        source: HttpSetupError,
    },
    /// The chain cannot be asked.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// The keystores of one network.
#[derive(Debug)]
pub struct Keystores {
    network: String,
    place: Place,
    all: Vec<Keystore>,
    client: Arc<L1Client>,
    aztec_registry: Address,
    rollups: watch::Receiver<Rollups>,
    kept_below: PathBuf,
}

impl Keystores {
    /// Prepares them; touches none. What is kept of files while they are changed lies below `state`, the watcher's folder. `None` where the
    /// network has no keystore. Blocks while it reads certificate authorities.
    ///
    /// # Errors
    /// See [`KeystoreSetupError`].
    pub fn open(
        network: &NetworkConfig,
        state: &Path,
        rollups: watch::Receiver<Rollups>,
    ) -> Result<Option<Arc<Self>>, KeystoreSetupError> {
        if network.keystores.is_empty() {
            return Ok(None);
        }
        let all = network.keystores.iter().map(|config| open(network, config, state)).collect::<Result<_, _>>()?;
        let place = place_of(network);
        let client = Arc::new(l1_client(network, PATIENCE)?);
        let (name, aztec_registry) = (network.name.clone(), network.aztec_registry);
        let kept_below = kept_below(state);
        Ok(Some(Arc::new(Self { network: name, place, all, client, aztec_registry, rollups, kept_below })))
    }

    /// Below this folder the old contents of files are kept, in a folder for each keystore.
    pub(super) fn kept_below(&self) -> &Path {
        &self.kept_below
    }

    /// The names of the folders of its keystores there.
    pub(super) fn kept(&self) -> impl Iterator<Item = String> {
        self.all.iter().map(|keystore| kept_of(&self.network, keystore.server()))
    }

    /// The network's name.
    #[must_use]
    pub fn network(&self) -> &str {
        &self.network
    }

    /// The chain and registry that they are for.
    #[must_use]
    pub fn place(&self) -> Place {
        self.place
    }

    /// Its servers, each with the names of those of its nodes that can be told to reload.
    pub fn servers(&self) -> impl Iterator<Item = (&str, Vec<String>)> {
        let nodes = |keystore: &Keystore| keystore.nodes.iter().map(|node| node.name().to_owned()).collect();
        self.all.iter().map(move |keystore| (keystore.server(), nodes(keystore)))
    }

    pub(super) fn all(&self) -> &[Keystore] {
        &self.all
    }

    pub(super) fn duties(&self) -> Duties {
        Duties::new((self.place, self.aztec_registry), Arc::clone(&self.client), self.rollups.clone())
    }

    /// Looks at each.
    pub async fn look(&self, views: &mut Views, health: &Health) {
        for keystore in &self.all {
            let found = keystore.look().await.map_err(|trouble| trouble.to_string());
            health.keystore(&self.network, keystore.server(), found.is_ok());
            views.take(keystore.server(), found);
        }
    }
}

fn place_of(network: &NetworkConfig) -> Place {
    Place { chain_id: network.chain_id, contract: network.staking_registry }
}

fn kept_below(state: &Path) -> PathBuf {
    state.join("keystores")
}

fn kept_of(network: &str, server: &str) -> String {
    format!("{network}-{}", Part::Name(server))
}

fn open(network: &NetworkConfig, config: &KeystoreConfig, state: &Path) -> Result<Keystore, KeystoreSetupError> {
    let failed = |source| KeystoreSetupError::Http { server: config.server.clone(), source };
    let source = match &config.place {
        KeystorePlace::Folder(folder) => {
            let own = kept_below(state).join(kept_of(&network.name, &config.server));
            Source::Folder(KeystoreAgent::new(folder.clone(), own))
        }
        KeystorePlace::Command(argv) => Source::Command(argv.clone()),
    };
    let signer = config.web3signer.as_ref().map(|endpoint| Web3Signer::new(&http_settings(endpoint)));
    let admins = network.aztec_nodes.iter().filter(|node| node.server.as_ref() == Some(&config.server));
    let nodes = admins.filter_map(|node| node.admin.as_ref()).map(|admin| {
        let settings =
            HttpSettings { api_key: admin.api_key.clone(), timeout: RELOAD, ..http_settings(&admin.endpoint) };
        AztecNode::new(&admin.endpoint.name, &settings).map_err(failed)
    });
    Ok(Keystore {
        place: place_of(network),
        server: config.server.clone(),
        source,
        timeout: config.timeout,
        signer: signer.transpose().map_err(failed)?,
        nodes: nodes.collect::<Result<_, _>>()?,
    })
}
