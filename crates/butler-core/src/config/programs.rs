//! The sections of single programs: exporter and watcher.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::fault::Origin;
use super::reader::Section;
use super::secret::{Secret, SecretKeys, read_secret};
use super::setting::Problem;
use super::source::Variables;
use super::text_setting::WrittenPath;
use super::web::{BasicUser, OtlpConfig, TlsFiles, read_otlp, read_tls, read_users};

const BEARER: SecretKeys =
    SecretKeys { file: "bearer_token_file", credential: "bearer_token_credential", variable: "bearer_token_env" };

/// `[exporter]`.
#[derive(Debug, Clone)]
pub struct ExporterConfig {
    /// Whether the exporter may start.
    pub enabled: bool,
    /// Where metrics are served.
    pub listen: SocketAddr,
    /// Time between two snapshots of the chain.
    pub scrape_interval: Duration,
    /// Time between two questions to the sentinels and admin ports.
    pub sentinel_interval: Duration,
    /// Time between two checks of the hosts.
    pub hosts_interval: Duration,
    /// How long a reading is served; absent when it follows from the interval.
    pub staleness: Option<Duration>,
    /// The folder of the attesters' last states; absent when neither the key nor the environment has one.
    pub state_directory: Option<PathBuf>,
    /// The file for node_exporter.
    pub textfile: Option<PathBuf>,
    /// Time between two looks at the slashing rounds.
    pub slashing_interval: Duration,
    /// Time between two looks at governance.
    pub governance_interval: Duration,
    /// Time between two computations of the own share of rewards.
    pub rewards_interval: Duration,
    /// Whether addresses may be derived from the private keys of node keystores.
    pub read_private_keystores: bool,
    /// What a request may bring. Neither this nor a user only on loopback, or when that was asked for.
    pub bearer_token: Option<SecretString>,
    /// Who may ask with a password. Empty when nobody is configured.
    pub basic_users: Vec<BasicUser>,
    /// Where the certificate is, when HTTPS is served.
    pub tls: Option<TlsFiles>,
    /// Where figures are pushed, when they are.
    pub otlp: Option<OtlpConfig>,
}

/// `[watcher]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatcherConfig {
    /// Whether the watcher may start.
    pub enabled: bool,
    /// The journal's folder; absent when neither the key nor the environment has one.
    pub state_directory: Option<PathBuf>,
    /// Time between two looks at the chain's head.
    pub poll_interval: Duration,
    /// Plan and show actions, never execute one.
    pub dry_run: bool,
}

pub(crate) fn read_exporter(section: &Section<'_>) -> Option<ExporterConfig> {
    let enabled = section.get("enabled");
    let listen = section.get("listen");
    let scrape_interval: Option<Duration> = section.get("scrape_interval");
    let intervals = (section.get("sentinel_interval"), section.get("hosts_interval"));
    let staleness = section.get("staleness");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let textfile = read_textfile(section);
    let slashing_interval = section.get("slashing_interval");
    let governance_interval = section.get("governance_interval");
    let rewards_interval = section.get("rewards_interval");
    let read_private_keystores = section.get("read_private_keystores");
    let insecure: Option<bool> = section.get("insecure");
    let bearer_token = match read_secret(section, &BEARER) {
        Secret::Absent => None,
        Secret::Found(_, token) => Some(token),
        Secret::Faulty => return None,
    };
    let (basic_users, tls, otlp) = (read_users(section), read_tls(section), read_otlp(section));
    let (basic_users, tls, otlp) = (basic_users?, tls?, otlp?);
    let (listen, insecure): (SocketAddr, bool) = (listen?, insecure?);
    if !listen.ip().is_loopback() && bearer_token.is_none() && basic_users.is_empty() && !insecure {
        let problem = Problem::new("others can reach this address, and neither a token nor a password is asked for");
        let hint = "set `bearer_token_file` or `basic_users_file`, or `insecure = true` behind a proxy of your own";
        section.fault("listen", problem.hint(hint));
        return None;
    }
    let scrape_interval = scrape_interval?;
    if let Some(staleness) = staleness
        && staleness < scrape_interval
    {
        let problem = Problem::new("readings would vanish before the next scrape");
        section.fault("staleness", problem.hint("at least `scrape_interval`, better three times that"));
        return None;
    }
    let (enabled, textfile) = (enabled?, textfile?);
    Some(ExporterConfig {
        enabled,
        listen,
        scrape_interval,
        slashing_interval: slashing_interval?,
        governance_interval: governance_interval?,
        sentinel_interval: intervals.0?,
        read_private_keystores: read_private_keystores?,
        hosts_interval: intervals.1?,
        rewards_interval: rewards_interval?,
        staleness,
        state_directory,
        textfile,
        bearer_token,
        basic_users,
        tls,
        otlp,
    })
}

/// `None` after a fault, which is reported.
fn read_textfile(section: &Section<'_>) -> Option<Option<PathBuf>> {
    if section.origin("textfile").is_none() {
        return Some(None);
    }
    let path = section.path("textfile")?;
    if path.extension().is_none_or(|extension| extension != "prom") {
        let problem = Problem::new("node_exporter reads only files that end in `.prom`");
        section.fault("textfile", problem.hint("such as \"/var/lib/prometheus/node-exporter/butler.prom\""));
        return None;
    }
    Some(Some(path))
}

pub(crate) fn read_watcher(section: &Section<'_>) -> Option<WatcherConfig> {
    let enabled = section.get("enabled");
    let state_directory = read_directory(section, "state_directory", &STATE);
    let poll_interval = section.get("poll_interval");
    let dry_run = section.get("dry_run");
    Some(WatcherConfig { enabled: enabled?, state_directory, poll_interval: poll_interval?, dry_run: dry_run? })
}

/// Where a folder is when no key says it.
pub(crate) struct Directory {
    /// Set by systemd for a unit; may list several, separated by `:`.
    unit: &'static str,
    /// Set by a person's session.
    session: &'static str,
    /// Under the home folder.
    home: &'static str,
}

pub(crate) const CACHE: Directory = Directory { unit: "CACHE_DIRECTORY", session: "XDG_CACHE_HOME", home: ".cache" };
const STATE: Directory = Directory { unit: "STATE_DIRECTORY", session: "XDG_STATE_HOME", home: ".local/state" };

/// A folder from its key, else from the environment.
pub(crate) fn read_directory(section: &Section<'_>, key: &str, directory: &Directory) -> Option<PathBuf> {
    if section.origin(key).is_some() {
        return section.path(key);
    }
    let (found, variable) = directory.find(section.reader().variables)?;
    let written = WrittenPath(found.to_string_lossy().into_owned());
    section.get_or(key, || Some((written, Origin::Variable(variable.to_owned()))))?;
    Some(found)
}

impl Directory {
    fn find(&self, variables: &Variables) -> Option<(PathBuf, &'static str)> {
        let absolute = |name: &str| {
            let text = variables.get(name)?.to_str()?;
            let first = PathBuf::from(text.split(':').next()?);
            first.is_absolute().then_some(first)
        };
        let unit = absolute(self.unit).map(|folder| (folder, self.unit));
        let session = || absolute(self.session).map(|folder| (folder.join("butler"), self.session));
        let home = || absolute("HOME").map(|folder| (folder.join(self.home).join("butler"), "HOME"));
        unit.or_else(session).or_else(home)
    }
}
