//! What a shell offers where a name is wanted: the names of the configuration, and those of closed sets.
//!
//! Nothing is asked over a network, nothing is told, and where the configuration cannot be used nothing is offered: it is read as for any
//! command, with its files of secrets. A configuration and the listing of its key files are bounded, and so is what is offered.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;

use butler_core::config::{Config, NetworkConfig, Sources, Variables, preset_names};
use butler_core::domain::operator::labels::SERVER_PREFIX;
use butler_core::network::server_names;
use clap_complete::engine::CompletionCandidate;

use crate::places::configuration;

/// The networks of the configuration, and those that need none.
pub(crate) fn networks() -> Vec<CompletionCandidate> {
    let of_file = |config: Config| config.networks.into_keys().collect::<Vec<_>>();
    let presets = preset_names().map(str::to_owned);
    offered(load().map(of_file).unwrap_or_default().into_iter().chain(presets))
}

/// The servers of the key files, as the names of these files have them.
pub(crate) fn servers() -> Vec<CompletionCandidate> {
    offered(of_networks(|network| server_names(network).into_iter().collect()))
}

/// Labels of attesters.
pub(crate) fn labels() -> Vec<CompletionCandidate> {
    let of_network = |network: &NetworkConfig| {
        let mut labels: Vec<String> = network.labels.iter().map(|rule| rule.label.clone()).collect();
        if network.server_labels {
            labels.extend(server_names(network).into_iter().map(|server| format!("{SERVER_PREFIX}{server}")));
        }
        labels
    };
    offered(of_networks(of_network))
}

/// The configured providers.
pub(crate) fn providers() -> Vec<CompletionCandidate> {
    offered(of_networks(|network| network.provider_ids.iter().map(ToString::to_string).collect()))
}

/// The pipelines of the configuration.
pub(crate) fn pipelines() -> Vec<CompletionCandidate> {
    let names = |config: Config| config.pipelines.into_keys().map(|name| name.to_string()).collect::<Vec<_>>();
    offered(load().map(names).unwrap_or_default())
}

/// The jobs of all pipelines.
pub(crate) fn jobs() -> Vec<CompletionCandidate> {
    offered(job_names(|_, job| job.to_owned()))
}

/// The same as `PIPELINE/JOB`.
pub(crate) fn pipeline_jobs() -> Vec<CompletionCandidate> {
    offered(job_names(|pipeline, job| format!("{pipeline}/{job}")))
}

fn job_names(name: impl Fn(&str, &str) -> String) -> Vec<String> {
    let config = load();
    let pipelines = config.iter().flat_map(|config| &config.pipelines);
    pipelines
        .flat_map(|(pipeline, config)| config.jobs.keys().map(|job| name(pipeline.as_str(), job.as_str())))
        .collect()
}

fn offered(names: impl IntoIterator<Item = String>) -> Vec<CompletionCandidate> {
    let names: BTreeSet<String> = names.into_iter().collect();
    names.into_iter().map(CompletionCandidate::new).collect()
}

/// Names of the network that the command line is about, or of all.
fn of_networks(names: impl Fn(&NetworkConfig) -> Vec<String>) -> Vec<String> {
    let Some(config) = load() else { return Vec::new() };
    let asked = flag("--network").or_else(|| Variables::of_process().get("BUTLER_NETWORK").map(ToOwned::to_owned));
    let wanted = asked.and_then(|name| name.into_string().ok()).or_else(|| config.default_network.clone());
    let is_wanted = |network: &&NetworkConfig| wanted.as_ref().is_none_or(|wanted| network.name == *wanted);
    config.networks.values().filter(is_wanted).flat_map(names).collect()
}

fn load() -> Option<Config> {
    let variables = Variables::of_process();
    let asked = flag("--config").or_else(|| variables.get("BUTLER_CONFIG").map(ToOwned::to_owned)).map(PathBuf::from);
    Config::load(&Sources { file: configuration(asked, &variables), variables, overrides: Vec::new() }).ok()
}

/// What the unfinished command line gives to a flag.
fn flag(name: &str) -> Option<OsString> {
    let words: Vec<OsString> = std::env::args_os().collect();
    let beside = || words.iter().position(|word| word == name).and_then(|at| words.get(at.saturating_add(1)).cloned());
    let joined =
        || words.iter().find_map(|word| word.to_str()?.strip_prefix(name)?.strip_prefix('=').map(OsString::from));
    beside().or_else(joined)
}
