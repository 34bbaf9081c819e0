//! A network: a chain, its contracts, and what the operator runs on it.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use ethers_core::types::Address;

use super::endpoint::{AdminConfig, EndpointConfig};
use super::endpoint_reader::{read_admin, read_endpoint, read_l1};
use super::fault::escape;
use super::host::{HostConfig, read_host};
use super::keystore::{KeystoreConfig, check_keystores, read_keystore};
use super::preset::read_preset;
use super::providers::read_policies;
use super::reader::{Read, Section};
use super::safe::{SafeConfig, read_safe};
use super::setting::{Ether, Problem, Setting};
use super::signer::{SignerConfig, read_signer};
use super::text_setting::{Text, WrittenPath, WrittenPattern, is_network_name};
use super::wanted::{WantedConfig, read_wanted};
use crate::domain::attester::coinbase::CoinbasePolicies;
use crate::domain::attester::overview::CoinbaseRules;
use crate::domain::findings::Thresholds;
use crate::domain::ids::ProviderId;
use crate::domain::operator::labels::{LabelRule, SERVER_PREFIX};
use crate::domain::provider::publisher::Minimum;

/// One of the operator's Aztec nodes.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeConfig {
    /// How to reach it.
    pub endpoint: EndpointConfig,
    /// The server, as the key files name it, whose keys it runs.
    pub server: Option<String>,
    /// Its admin port, if it is to be asked.
    pub admin: Option<AdminConfig>,
}

/// One network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkConfig {
    /// The name that the operator chose.
    pub name: String,
    /// The preset that chain and registries are taken from; `None` where the configuration gives one of them itself.
    pub preset: Option<&'static str>,
    /// The L1 chain's id.
    pub chain_id: u64,
    /// Aztec's registry, which names the canonical rollup.
    pub aztec_registry: Address,
    /// The StakingRegistry.
    pub staking_registry: Address,
    /// The block of the StakingRegistry's creation.
    pub staking_registry_from_block: u64,
    /// Multicall3.
    pub multicall3: Address,
    /// The operator's providers, without those of `provider_admins`.
    pub provider_ids: Vec<ProviderId>,
    /// Admins whose providers are to be looked up.
    pub provider_admins: Vec<Address>,
    /// L1 endpoints, the preferred one first. May be empty: see [`NetworkConfig::has_l1`].
    pub l1: Vec<EndpointConfig>,
    /// The operator's Aztec nodes.
    pub aztec_nodes: Vec<NodeConfig>,
    /// Keystores that the watcher may change, one of each server.
    pub keystores: Vec<KeystoreConfig>,
    /// The Safe's side: where its transactions are proposed, and by whom.
    pub safe: SafeConfig,
    /// Whose transactions are signed on this machine, and what they may cost.
    pub signer: SignerConfig,
    /// What is wanted of the providers and publishers.
    pub wanted: WantedConfig,
    /// The operator's machines, to be checked from outside.
    pub hosts: Vec<HostConfig>,
    /// Patterns of key files, already under the configuration file's folder.
    pub key_files: Vec<String>,
    /// Patterns of keystores that nodes themselves read, already under the configuration file's folder.
    pub node_keystores: Vec<String>,
    /// Files of publishers, already under the configuration file's folder.
    pub publisher_files: Vec<PathBuf>,
    /// Groups of attesters under labels.
    pub labels: Vec<LabelRule>,
    /// Whether each server is such a group, too.
    pub server_labels: bool,
    /// Attesters to follow although no key file has them.
    pub extra_attesters: Vec<Address>,
    /// Whether several servers run the same attesters on purpose.
    pub replicated_keys: bool,
    /// What publishers should hold.
    pub publisher_minimum: Minimum,
    /// A coinbase that is missing this long before activation is critical.
    pub coinbase_critical: Duration,
    /// Which coinbase is right.
    pub coinbase_policies: CoinbasePolicies,
    /// The first width of a log query.
    pub log_range_blocks: Option<u64>,
    /// The first block whose events the watcher plans from.
    pub start_block: Option<u64>,
    /// How many blocks must be newer for a block to be final, where the chain's own word is not asked.
    pub confirmations: Option<u64>,
}

impl NetworkConfig {
    /// Whether there is an L1 endpoint. A program that reads the chain refuses to start without.
    #[must_use]
    pub fn has_l1(&self) -> bool {
        !self.l1.is_empty()
    }

    /// The limits from which something is wrong on this network.
    #[must_use]
    pub fn thresholds(&self) -> Thresholds {
        Thresholds::configured(self.coinbase_critical)
    }

    /// What coinbases are judged by.
    #[must_use]
    pub fn coinbase_rules(&self) -> CoinbaseRules {
        CoinbaseRules { critical_within: self.coinbase_critical, policies: self.coinbase_policies.clone() }
    }
}

/// Reads one network.
pub(crate) fn read_network(name: &str, section: &Section<'_>) -> Read<NetworkConfig> {
    let named_well = is_network_name(name);
    if !named_well {
        let what = "a network's name is lower-case letters, digits, `-` and `_`, and begins with a letter";
        section.fault("", Problem::new(what));
    }
    let preset = read_preset(name, section);
    let chain_id = preset.get(section, "chain_id", |preset| preset.chain_id);
    let aztec_registry = preset.get(section, "aztec_registry", |preset| preset.aztec_registry);
    let staking_registry = preset.get(section, "staking_registry", |preset| preset.staking_registry);
    let staking_registry_from_block =
        preset.get(section, "staking_registry_from_block", |preset| preset.staking_registry_from_block);
    let preset = preset.name_of_all(section, &["chain_id", "aztec_registry", "staking_registry"]);
    let multicall3 = section.get("multicall3");
    let provider_ids = distinct(section, "provider_ids");
    let provider_admins = distinct(section, "provider_admins");
    let l1: Vec<_> = section.sections("l1").iter().map(|section| read_l1(section)).collect();
    let aztec_nodes: Vec<_> = section.sections("aztec_nodes").iter().map(read_node).collect();
    let hosts: Vec<_> = section.sections("hosts").iter().map(read_host).collect();
    let keystores: Vec<_> = section.sections("keystores").iter().map(read_keystore).collect();
    let safe = read_safe(&section.single("safe"), chain_id.as_ref().ok().copied());
    let signer = read_signer(&section.single("signer"));
    let wanted = read_wanted(&section.single("wanted"));
    let key_files = read_patterns(section, "key_files");
    let node_keystores = read_patterns(section, "node_keystores");
    let publisher_files = section.list::<WrittenPath>("publisher_files").into_iter();
    let publisher_files =
        publisher_files.map(|(path, origin)| section.reader().resolve(&path.0, Some(&origin))).collect();
    let extra_attesters = distinct(section, "extra_attesters");
    let labels = read_labels(section);
    let server_labels = section.get("server_labels");
    let replicated_keys = section.get("replicated_keys");
    let per_attester = section.get::<Ether>("minimum_ether_per_attester");
    let per_publisher = section.get::<Ether>("minimum_ether_per_publisher");
    let coinbase_critical = section.get("coinbase_critical");
    let coinbase_policies = read_policies(section, &provider_ids, !provider_admins.is_empty());
    let log_range_blocks = section.optional("log_range_blocks");
    let start_block = section.optional("start_block");
    let confirmations = section.optional("confirmations");
    let with_admin = aztec_nodes.iter().flatten().filter(|node| node.admin.is_some());
    let with_admin = with_admin.filter_map(|node| node.server.as_deref()).collect();
    check_keystores(section, keystores.iter().flatten(), &with_admin);
    report_same_names(section, "l1", l1.iter().flatten().map(|endpoint| endpoint.name.as_str()));
    report_same_names(
        section,
        "aztec_nodes",
        aztec_nodes.iter().flatten().map(|node: &NodeConfig| node.endpoint.name.as_str()),
    );
    report_same_names(section, "hosts", hosts.iter().flatten().map(|host: &HostConfig| host.name.as_str()));
    Ok(NetworkConfig {
        name: name.to_owned(),
        preset,
        chain_id: chain_id?,
        aztec_registry: aztec_registry?,
        staking_registry: staking_registry?,
        staking_registry_from_block: staking_registry_from_block?,
        multicall3: multicall3?,
        provider_ids,
        provider_admins,
        l1: l1.into_iter().collect::<Read<_>>()?,
        aztec_nodes: aztec_nodes.into_iter().collect::<Read<_>>()?,
        keystores: keystores.into_iter().collect::<Read<_>>()?,
        safe: safe?,
        signer: signer?,
        wanted: wanted?,
        hosts: hosts.into_iter().collect::<Read<_>>()?,
        key_files,
        node_keystores,
        publisher_files,
        extra_attesters,
        labels,
        server_labels: server_labels?,
        replicated_keys: replicated_keys?,
        publisher_minimum: Minimum { per_attester: per_attester?.0, per_publisher: per_publisher?.0 },
        coinbase_critical: coinbase_critical?,
        coinbase_policies: coinbase_policies?,
        log_range_blocks: log_range_blocks?,
        start_block: start_block?,
        confirmations: confirmations?,
    })
}

fn read_node(section: &Section<'_>) -> Read<NodeConfig> {
    let server = section.optional::<Text>("server");
    let endpoint = read_endpoint(section)?;
    let admin = read_admin(section, &endpoint)?;
    Ok(NodeConfig { endpoint, server: server?.map(|server| server.0), admin })
}

/// The most labels of one network: each is a dozen series.
const LABEL_LIMIT: usize = 256;

fn read_labels(section: &Section<'_>) -> Vec<LabelRule> {
    let mut rules: Vec<LabelRule> = Vec::new();
    for section in section.sections("labels") {
        let label = section.get::<Text>("label").map(|label| label.0);
        let attesters = distinct(&section, "attesters").into_iter().collect();
        let servers = section.list::<Text>("servers").into_iter().map(|(server, _)| server.0).collect();
        let Ok(label) = label else { continue };
        if label.starts_with(SERVER_PREFIX) {
            let hint = "`server_labels` gives each server its label";
            section.fault("label", Problem::new(format!("`{SERVER_PREFIX}` is for servers")).hint(hint));
        } else if rules.iter().any(|rule| rule.label == label) {
            let hint = "put all of its attesters and servers into one section";
            section.fault("label", Problem::new(format!("the label `{}` occurs twice", escape(&label))).hint(hint));
        } else if rules.len() == LABEL_LIMIT {
            section.fault("label", Problem::new(format!("more than {LABEL_LIMIT} labels")));
            break;
        }
        rules.push(LabelRule { label, attesters, servers });
    }
    rules
}

/// Patterns under the configuration file's folder, whose own name is taken literally.
fn read_patterns(section: &Section<'_>, key: &str) -> Vec<String> {
    let patterns = section.list::<WrittenPattern>(key).into_iter();
    let joined = patterns.map(|(pattern, origin)| {
        let resolved = section.reader().resolve(&pattern.0, Some(&origin));
        if resolved.as_os_str() == pattern.0.as_str() {
            return pattern.0;
        }
        let folder = glob::Pattern::escape(&section.reader().folder.to_string_lossy());
        format!("{}/{}", folder.trim_end_matches('/'), pattern.0)
    });
    joined.collect()
}

/// A list in which nothing may occur twice.
fn distinct<T: Setting + Ord + Copy>(section: &Section<'_>, key: &str) -> Vec<T> {
    let (mut values, mut seen): (Vec<T>, BTreeSet<T>) = (Vec::new(), BTreeSet::new());
    for (value, _) in section.list::<T>(key) {
        if !seen.insert(value) {
            section.fault(key, Problem::new(format!("{} occurs twice", value.show())));
        }
        values.push(value);
    }
    values
}

pub(crate) fn report_same_names<'a>(section: &Section<'_>, key: &str, names: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let what = if key == "hosts" { "host" } else { "endpoint" };
            let problem = Problem::new(format!("two {what}s have the name `{}`", escape(name)));
            section.fault(key, problem.hint(format!("give each {what} a `name`")));
        }
    }
}
