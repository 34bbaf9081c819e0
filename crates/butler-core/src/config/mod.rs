//! The configuration: one TOML file, the environment, and flags, checked as a whole before anything starts.
//!
//! [`Config::load`] gives either a configuration in which every value is parsed and checked, or every fault at once. It
//! reads the files that hold secrets; it does not read key files and does not touch the network. Unknown keys, and
//! variables that match nothing, are faults.

mod address;
mod directory;
mod docs;
mod endpoint;
mod endpoint_reader;
mod environment;
mod exposed;
mod fault;
mod host;
pub mod keys;
mod keystore;
mod layers;
mod network;
mod noted;
mod policies;
mod preset;
mod providers;
mod reader;
mod safe;
mod secret;
mod sections;
mod setting;
mod show;
mod signer;
mod source;
mod subsections;
mod text_setting;
mod toml_file;
mod tree;
mod typed;
mod unshown;
mod wanted;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use self::address::{AddressFault, parse_address_or_zero};
pub use self::docs::render_reference;
pub use self::endpoint::{AdminConfig, Auth, EndpointConfig, EndpointUrl, EndpointUrlError};
pub use self::exposed::Exposed;
pub use self::fault::{ConfigError, Fault, Origin};
pub use self::host::HostConfig;
pub use self::keystore::{KeystoreConfig, KeystorePlace};
pub use self::network::{NetworkConfig, NodeConfig};
pub use self::noted::Effective;
pub use self::policies::{NOBODY, Policies, User};
pub use self::preset::preset_names;
pub use self::safe::{ProposerFiles, SafeConfig};
pub use self::sections::channels::{ChatConfig, EmailConfig, MailTls, TelegramConfig, WebhookConfig};
pub use self::sections::exporter::ExporterConfig;
pub use self::sections::http::{BasicUser, HttpConfig, TlsFiles};
pub use self::sections::jobs::schedule::{InvalidSchedule, Schedule};
pub use self::sections::jobs::{
    JobConfig, PipelineConfig, ProgramsConfig, ServiceConfig, TipConfig, TriggerConfig, WorkConfig,
};
pub use self::sections::log::{LogConfig, LogFormat, LogLevel};
pub use self::sections::manner::Manner;
pub use self::sections::outputs::{OtlpConfig, OutputsConfig};
pub use self::sections::scrape::ScrapeConfig;
pub use self::sections::template::{Template, TemplateError, TemplateField, TemplatePiece};
pub use self::sections::watcher::{ChatsConfig, HeartbeatConfig, WatcherConfig};
pub use self::setting::{parse_ether, parse_gwei};
pub use self::signer::{SignerConfig, SignerFiles};
pub use self::source::{ConfigFile, Override, Sources, Variables};
pub use self::wanted::{WantedConfig, WantedFunding, WantedKeys};

pub(crate) use self::fault::{escape, show_key};

use self::directory::{CACHE, read_directory};
use self::exposed::exposed;
use self::layers::load_layers;
use self::network::read_network;
use self::noted::InEffect;
use self::preset::is_preset;
use self::reader::{Read, Reader, Reported, Section};
use self::sections::exporter::read_exporter;
use self::sections::jobs::read::read_pipelines;
use self::sections::log::read_log;
use self::sections::watcher::read_watcher;
use self::setting::Problem;
use self::text_setting::NetworkName;
use self::tree::{Node, NodeValue};
use crate::domain::action::{ActionKind, Policy};
use crate::domain::job::PipelineName;
use crate::text::nearest::nearest;

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The network of commands that are given none.
    pub default_network: Option<String>,
    /// What can be fetched again is kept here. It need not exist yet.
    pub cache_directory: PathBuf,
    /// The networks by name.
    pub networks: BTreeMap<String, NetworkConfig>,
    /// The exporter.
    pub exporter: ExporterConfig,
    /// The watcher.
    pub watcher: WatcherConfig,
    /// The pipelines of jobs by name.
    pub pipelines: BTreeMap<PipelineName, PipelineConfig>,
    /// Logging.
    pub log: LogConfig,
    effective: Vec<InEffect>,
    /// Keys, and the files of secrets that they led to.
    secret_files: Vec<(String, PathBuf)>,
}

/// A command's network can not be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NetworkChoiceError {
    /// Nothing is configured.
    #[error("no network is configured (hint: name a preset with `--network mainnet`, or add a `[networks.…]` section)")]
    None,
    /// There are several, and none is the default.
    #[error("several networks are configured: {} (hint: choose with `--network`, or set `default_network`)", .0.join(", "))]
    Several(Vec<String>),
    /// There is no such network.
    #[error("no network `{}` is configured (hint: known are {})", escape(.name), if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
}

impl Config {
    /// Loads and checks a configuration. Blocks while it reads files.
    ///
    /// A `default_network` that is a preset's name exists without a section of its own, so that `--network mainnet`
    /// needs no file.
    ///
    /// # Errors
    ///
    /// The file is missing or unreadable, or anything in it, the environment or the flags is wrong: all of it is listed.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        Self::load_noting(sources, &mut BTreeSet::new())
    }

    /// As [`Config::load`]. Adds the files that the result depends on to `files`, good or bad, so that a daemon can look
    /// out for changes: the configuration, secrets, certificate authorities. Key files are not among them.
    ///
    /// # Errors
    ///
    /// As [`Config::load`].
    pub fn load_noting(sources: &Sources, files: &mut BTreeSet<PathBuf>) -> Result<Self, ConfigError> {
        files.extend(sources.file.path().map(Path::to_path_buf));
        let (mut root, faults) = load_layers(sources)?;
        add_preset_network(&mut root);
        let folder = sources.file.path().and_then(Path::parent).map(Path::to_path_buf).unwrap_or_default();
        let reader = Reader {
            variables: &sources.variables,
            folder,
            faults: RefCell::new(faults),
            effective: RefCell::new(Vec::new()),
            files: RefCell::new(BTreeSet::new()),
            secret_files: RefCell::new(Vec::new()),
        };
        let config = read_config(&reader, &root);
        files.extend(reader.files.take());
        let mut faults = reader.faults.into_inner();
        faults.sort_by_key(|fault| fault.origin.rank());
        match config {
            Ok(config) if faults.is_empty() => {
                let (effective, secret_files) = (reader.effective.into_inner(), reader.secret_files.into_inner());
                Ok(Self { effective, secret_files, ..config })
            }
            Ok(_) | Err(Reported) => Err(ConfigError::Faults(faults)),
        }
    }

    /// The network of that name; else the default one; else the only one.
    ///
    /// # Errors
    ///
    /// There is none, or the choice is not clear.
    pub fn network(&self, name: Option<&str>) -> Result<&NetworkConfig, NetworkChoiceError> {
        let known = || self.networks.keys().cloned().collect();
        if let Some(name) = name.or(self.default_network.as_deref()) {
            let unknown = || NetworkChoiceError::Unknown { name: name.to_owned(), known: known() };
            return self.networks.get(name).ok_or_else(unknown);
        }
        let mut networks = self.networks.values();
        match (networks.next(), networks.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(NetworkChoiceError::None),
            (Some(_), Some(_)) => Err(NetworkChoiceError::Several(known())),
        }
    }

    /// Every value in effect with its origin, secrets hidden; for `config show`.
    #[must_use]
    pub fn effective(&self) -> Vec<Effective> {
        self.effective.iter().map(InEffect::show).collect()
    }

    /// The files that secrets were read from, with the keys that name them.
    #[must_use]
    pub fn secret_files(&self) -> &[(String, PathBuf)] {
        &self.secret_files
    }

    /// Secrets that others can read, as their files are now. Blocks.
    #[must_use]
    pub fn exposed(&self) -> Vec<Exposed> {
        exposed(&self.secret_files, self.effective())
    }

    /// How many values are in effect.
    #[must_use]
    pub fn value_count(&self) -> usize {
        self.effective.len()
    }

    /// The commented file that `config init` writes.
    #[must_use]
    pub fn example() -> &'static str {
        include_str!("../../../../examples/butler.toml")
    }
}

/// Gives a default network that only a preset knows an empty section.
fn add_preset_network(root: &mut Node) {
    let NodeValue::Table(table) = &mut root.value else {
        return;
    };
    let Some((name, origin)) = table.get("default_network").and_then(|node| match &node.value {
        NodeValue::Text(name) if is_preset(name) => Some((name.clone(), node.origin.clone())),
        NodeValue::Text(_)
        | NodeValue::Gap
        | NodeValue::Reported
        | NodeValue::Boolean(_)
        | NodeValue::Integer(_)
        | NodeValue::Float
        | NodeValue::List(_)
        | NodeValue::Table(_) => None,
    }) else {
        return;
    };
    let empty = || Node { origin: origin.clone(), value: NodeValue::Table(BTreeMap::new()) };
    let networks = table.entry("networks".to_owned()).or_insert_with(empty);
    if let NodeValue::Table(networks) = &mut networks.value {
        networks.entry(name).or_insert_with(empty);
    }
}

fn read_config(reader: &Reader<'_>, root: &Node) -> Read<Config> {
    let section = Section::new(reader, Some(root), &keys::ROOT, String::new());
    let default_network = section.optional::<NetworkName>("default_network");
    let cache_directory = read_directory(&section, "cache_directory", &CACHE).and_then(|directory| {
        let what = "this key is required: none of CACHE_DIRECTORY, XDG_CACHE_HOME and HOME is set to a full path";
        directory.ok_or_else(|| section.fault("cache_directory", Problem::new(what)))
    });
    let sections = section.named("networks");
    let networks: Vec<_> = sections.iter().map(|(name, section)| (name, read_network(name, section))).collect();
    let is_known = |name: &&String| networks.iter().any(|(known, _)| *known == *name);
    if let Ok(Some(NetworkName(name))) = &default_network
        && !is_known(&name)
    {
        let mut names: Vec<&str> = networks.iter().map(|(name, _)| name.as_str()).collect();
        preset_names().for_each(|preset| names.push(preset));
        let near = nearest(name, names);
        let problem = Problem::new("there is no network of this name");
        section.fault(
            "default_network",
            match near {
                Some(near) => problem.hint(format!("did you mean `{near}`?")),
                None => problem.hint("add its section, or name a preset"),
            },
        );
    }
    let exporter = read_exporter(&section.single("exporter"));
    let watcher = read_watcher(&section.single("watcher"));
    let known: BTreeSet<&str> = networks.iter().map(|(name, _)| name.as_str()).collect();
    let policy = watcher.as_ref().map_or(Policy::Approve, |watcher| watcher.policies.of(ActionKind::RunJob));
    let pipelines = read_pipelines(&section.named("pipelines"), &known, policy);
    let log = read_log(&section.single("log"));
    let networks = networks.into_iter().map(|(name, network)| Ok((name.clone(), network?)));
    Ok(Config {
        default_network: default_network?.map(|name| name.0),
        cache_directory: cache_directory?,
        networks: networks.collect::<Read<_>>()?,
        exporter: exporter?,
        watcher: watcher?,
        pipelines: pipelines?,
        log: log?,
        effective: Vec::new(),
        secret_files: Vec::new(),
    })
}
