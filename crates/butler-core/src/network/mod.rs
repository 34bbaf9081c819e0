//! One configured network, ready to be read: configuration, key files and clients put together.
//!
//! This is what the programs hold. It adds no decision: it turns configuration into requests.

mod keys;
pub mod nodes;

use std::collections::BTreeSet;
use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use url::Url;

use crate::chain::{LedgerCache, LedgerKey, SnapshotReader, SnapshotRequest};
use crate::client::aztec_node::AztecNode;
use crate::client::endpoint::EndpointSettings;
use crate::client::http::{HttpSettings, HttpSetupError, basic_authorization};
use crate::client::l1::{BlockTag, L1Client, Policy};
use crate::config::{Auth, Config, EndpointConfig, HostConfig, NetworkChoiceError, NetworkConfig};
use crate::domain::attester::duplicates::ReplicaPolicy;
use crate::domain::findings::keys::Watched;
use crate::domain::ids::Coinbase;
use crate::domain::operator::key_book::KeyBook;
use crate::key_files::{KeyFilesReport, RegisteredKeys};
use crate::runtime::clock::unix_now;

use self::keys::{KeyMemory, load_now};

pub use self::keys::{key_file_paths, key_sources, server_names};

/// Blocks of the first log range that is tried when neither configuration nor experience says more.
const FIRST_LOG_RANGE: u64 = 10_000;

/// The most bytes that a host's RPC may answer to a check.
const HOST_RESPONSE_LIMIT: usize = 1 << 20;

/// Why a network cannot be opened.
#[derive(Debug, Error)]
pub enum NetworkError {
    /// It is not clear which network is meant.
    #[error(transparent)]
    Choice(#[from] NetworkChoiceError),
    /// There is no endpoint to ask.
    #[error("network `{0}` has no L1 endpoint")]
    NoEndpoint(String),
    /// A client cannot be built.
    #[error("failed to set up the endpoint `{endpoint}`")]
    Endpoint {
        /// The endpoint's name.
        endpoint: String,
        /// Why.
        #[source]
        source: HttpSetupError,
    },
}

/// A network that can be read.
#[derive(Debug)]
pub struct Network {
    /// Its configuration.
    pub config: NetworkConfig,
    /// Its key files, good and bad.
    pub keys: KeyFilesReport,
    /// Its reader.
    pub reader: SnapshotReader,
    /// Where its ledger is kept, and what else there is beside it.
    pub folder: PathBuf,
    /// What is remembered of its key files, for whoever reads them here.
    key_memory: Option<KeyMemory>,
}

impl Network {
    /// Opens a network: reads its key files and its ledger, connects to nothing. Blocks while it reads files.
    ///
    /// A private key in a node's own keystore gives its address: this is for commands that a person runs.
    ///
    /// # Errors
    /// See [`NetworkError`]. Bad key files are not errors here: they are in `keys`.
    pub fn open(config: &Config, name: Option<&str>, policy: Policy) -> Result<Self, NetworkError> {
        let (keys, memory) = load_now(config, config.network(name)?);
        let network = Self::open_with(config, name, policy, keys)?;
        Ok(Self { key_memory: Some(memory), ..network })
    }

    /// Opens a network whose key files somebody else reads. Blocks while it reads its ledger.
    ///
    /// # Errors
    /// See [`NetworkError`].
    pub fn open_with(
        config: &Config,
        name: Option<&str>,
        policy: Policy,
        keys: KeyFilesReport,
    ) -> Result<Self, NetworkError> {
        let network = config.network(name)?.clone();
        if !network.has_l1() {
            return Err(NetworkError::NoEndpoint(network.name));
        }
        let key = LedgerKey {
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
            from_block: network.staking_registry_from_block,
        };
        let client = l1_client(&network, policy)?;
        let ledger = LedgerCache::load(&ledger_path(config, &network), key);
        Ok(Self {
            keys,
            reader: SnapshotReader::new(client, ledger),
            folder: config.cache_directory.clone(),
            config: network,
            key_memory: None,
        })
    }

    /// Holds the BLS keys of the key files against those that the chain has registered, and notes for the next command which files
    /// these refused: [`remember_keys`](Self::remember_keys) keeps it.
    pub fn hold_keys_against_chain(&mut self, registered: &RegisteredKeys) {
        self.keys.hold_against_chain(registered);
        if let Some(memory) = &mut self.key_memory {
            memory.learn(registered);
        }
    }

    /// Keeps what the key files say for the next command. Blocks.
    pub fn remember_keys(&mut self) {
        if let Some(memory) = &mut self.key_memory {
            memory.save();
        }
    }

    /// What a snapshot of this network reads.
    #[must_use]
    pub fn request(&self, at: BlockTag) -> SnapshotRequest {
        let book = &self.keys.book;
        let mut attesters: BTreeSet<_> = book.attesters();
        attesters.extend(&self.config.extra_attesters);
        attesters.extend(self.config.labels.iter().flat_map(|rule| &rule.attesters));
        let mut publishers: BTreeSet<_> =
            book.entries.iter().flat_map(|entry| entry.publishers.iter().copied()).collect();
        publishers.extend(book.publishers_by_server.values().flatten());
        SnapshotRequest {
            at,
            aztec_registry: self.config.aztec_registry,
            staking_registry: self.config.staking_registry,
            provider_ids: self.config.provider_ids.iter().copied().collect(),
            provider_admins: self.config.provider_admins.iter().copied().collect(),
            admins_may_be_gone: false,
            attesters,
            coinbases: rewarded(book),
            publishers,
            with_other_providers: false,
            with_queue_proofs: true,
            with_cut_over_time: false,
            preset: self.config.preset,
        }
    }

    /// Whether several servers may run the same attester.
    #[must_use]
    pub fn replica_policy(&self) -> ReplicaPolicy {
        if self.config.replicated_keys { ReplicaPolicy::Allow } else { ReplicaPolicy::Refuse }
    }

    /// What there is to be watched, by number. `providers` are those that the snapshot found.
    #[must_use]
    pub fn watched(&self, providers: usize) -> Watched {
        watched(&self.config, &self.keys, providers)
    }

    /// Clients of the network's Aztec nodes.
    ///
    /// # Errors
    /// `Endpoint` for the first that cannot be built.
    pub fn aztec_nodes(&self) -> Result<Vec<AztecNode>, NetworkError> {
        aztec_nodes(&self.config)
    }
}

/// Where rewards of the attesters of key files may wait: at the coinbases that are set, and at their own addresses, from whatever time
/// none was, also of those whose file cannot be read now.
fn rewarded(book: &KeyBook) -> BTreeSet<Coinbase> {
    let set = book.entries.iter().filter_map(|entry| entry.coinbase);
    let own = book.attesters().into_iter().chain(book.remembered.iter().copied());
    set.chain(own.filter_map(|attester| Coinbase::try_from(attester).ok())).collect()
}

/// What there is to be watched on a network, by number.
#[must_use]
pub fn watched(network: &NetworkConfig, keys: &KeyFilesReport, providers: usize) -> Watched {
    Watched {
        key_files: keys.key_file_count().saturating_add(keys.faults.len()),
        providers,
        nodes: network.aztec_nodes.len(),
        publishers: keys.book.servers_by_publisher().len(),
    }
}

/// Clients of a network's Aztec nodes.
///
/// # Errors
/// `Endpoint` for the first that cannot be built.
pub fn aztec_nodes(network: &NetworkConfig) -> Result<Vec<AztecNode>, NetworkError> {
    let build = |node: &crate::config::NodeConfig| {
        let endpoint = &node.endpoint;
        AztecNode::new(&endpoint.name, &http_settings(endpoint))
            .map_err(|source| NetworkError::Endpoint { endpoint: endpoint.name.clone(), source })
    };
    network.aztec_nodes.iter().map(build).collect()
}

/// Clients of the admin ports of a network's Aztec nodes, where they are configured.
///
/// # Errors
/// `Endpoint` for the first that cannot be built.
pub fn admin_ports(network: &NetworkConfig) -> Result<Vec<AztecNode>, NetworkError> {
    let build = |admin: &crate::config::AdminConfig| {
        let endpoint = &admin.endpoint;
        let settings = HttpSettings { api_key: admin.api_key.clone(), ..http_settings(endpoint) };
        AztecNode::new(&endpoint.name, &settings)
            .map_err(|source| NetworkError::Endpoint { endpoint: endpoint.name.clone(), source })
    };
    network.aztec_nodes.iter().filter_map(|node| node.admin.as_ref()).map(build).collect()
}

/// How to reach something on a host.
#[must_use]
pub fn host_settings(host: &HostConfig, url: Url, auth: Option<&Auth>) -> HttpSettings {
    HttpSettings {
        url,
        authorization: auth.map(authorization),
        api_key: None,
        timeout: host.timeout,
        max_response_bytes: HOST_RESPONSE_LIMIT,
        ca_file: host.ca_file.clone(),
        clock: unix_now,
    }
}

/// Where the ledger of a network is kept.
#[must_use]
pub fn ledger_path(config: &Config, network: &NetworkConfig) -> PathBuf {
    config.cache_directory.join(format!("{}-ledger.json", network.name))
}

/// A client of a network's L1 endpoints; connects to nothing.
///
/// # Errors
/// `Endpoint` where it cannot be built.
pub fn l1_client(network: &NetworkConfig, policy: Policy) -> Result<L1Client, NetworkError> {
    let settings: Vec<EndpointSettings> = network
        .l1
        .iter()
        .map(|endpoint| EndpointSettings {
            name: endpoint.name.clone(),
            http: http_settings(endpoint),
            max_concurrency: endpoint.max_concurrency,
            max_batch: endpoint.max_batch,
            log_range_blocks: network.log_range_blocks.unwrap_or(FIRST_LOG_RANGE),
            multicall3: network.multicall3,
            credits: endpoint.credits.clone(),
        })
        .collect();
    L1Client::new(network.chain_id, &settings, policy).map_err(|source| NetworkError::Endpoint {
        endpoint: settings.iter().map(|endpoint| endpoint.name.as_str()).collect::<Vec<_>>().join(", "),
        source,
    })
}

/// How to reach an endpoint.
#[must_use]
pub fn http_settings(endpoint: &EndpointConfig) -> HttpSettings {
    HttpSettings {
        url: endpoint.url.expose().clone(),
        authorization: endpoint.auth.as_ref().map(authorization),
        api_key: None,
        timeout: endpoint.timeout,
        max_response_bytes: endpoint.max_response_bytes,
        ca_file: endpoint.ca_file.clone(),
        clock: unix_now,
    }
}

/// The value of the `Authorization` header.
fn authorization(auth: &Auth) -> SecretString {
    match auth {
        Auth::Bearer(token) => SecretString::from(format!("Bearer {}", token.expose_secret())),
        Auth::Basic { user, password } => {
            SecretString::from(basic_authorization(&format!("{user}:{}", password.expose_secret())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rewards_are_asked_for_at_coinbases_and_at_every_attester_s_own_address() {
        use crate::domain::operator::key_book::KeyEntry;
        use crate::domain::samples::{coinbase, key_entry};
        let set = KeyEntry { coinbase: Some(coinbase(101)), ..key_entry(1, "paris", "paris.json", 0) };
        let book = KeyBook { entries: vec![set, key_entry(2, "paris", "paris.json", 1)], ..KeyBook::default() };
        assert_eq!(rewarded(&book), BTreeSet::from([coinbase(1), coinbase(2), coinbase(101)]));
    }

    #[test]
    fn a_snapshot_can_be_read_by_a_task_of_any_thread() {
        fn is_send<F: Send>(_: impl FnOnce(&'static mut Network, &'static SnapshotRequest) -> F) {}
        // Fails to compile when it cannot.
        is_send(async |network, request| network.reader.read(request, &|_| ()).await.is_ok());
    }
}
