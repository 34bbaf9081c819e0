//! What another configuration changes in the exporter, and what a changed key file does.
//!
//! Key files are not part of the configuration; when one changes, the chain is read at once.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use butler_core::config::Config;
use butler_core::daemon::http::desk::Desk;
use butler_core::daemon::service::reload::{Adopt, Cause};
use butler_core::network::key_file_paths;
use tokio::sync::watch;

use crate::plan::{Changes, Plan};
use crate::routes::ExporterRoutes;
use crate::scrapers::driver::Job;
use crate::slots::Slots;

/// Why the exporter cannot run under a configuration without faults.
pub(crate) fn refusal(config: &Config) -> Option<String> {
    if !config.exporter.enabled {
        return Some("`exporter.enabled` is false".to_owned());
    }
    if config.exporter.outputs.otlp.is_some() && !cfg!(feature = "otlp") {
        let hint = "remove the key, or build with `cargo build --release -p butler-exporter --features otlp`";
        return Some(format!(
            "`exporter.otlp_url` is set, and this program was built without the feature `otlp` (hint: {hint})"
        ));
    }
    if config.networks.is_empty() {
        return Some("no network is configured (hint: add a `[networks.…]` section)".to_owned());
    }
    let without: Vec<&str> =
        config.networks.values().filter(|network| !network.has_l1()).map(|network| network.name.as_str()).collect();
    (!without.is_empty()).then(|| format!("no L1 endpoint is configured for: {}", without.join(", ")))
}

/// Everything that a reload changes.
pub(crate) struct RunningExporter {
    pub(crate) config: watch::Sender<Arc<Config>>,
    pub(crate) plan: Plan,
    pub(crate) jobs: watch::Sender<Vec<Job>>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) desk: Arc<Desk<ExporterRoutes>>,
}

impl Adopt for RunningExporter {
    type Changes = Changes;

    fn adopt(&mut self, config: &Arc<Config>) -> Changes {
        let (plan, changes) = self.plan.next(config);
        self.plan = plan;
        self.slots.replace(self.plan.slots());
        self.jobs.send_replace(self.plan.jobs().to_vec());
        self.desk.adopt(&config.exporter.http);
        self.desk.routes().lead_to_watcher(config.exporter.watcher_url.as_ref());
        self.config.send_replace(Arc::clone(config));
        changes
    }

    fn files(&self) -> BTreeMap<String, Vec<PathBuf>> {
        let config = Arc::clone(&self.config.borrow());
        let files = |network| key_file_paths(network).into_iter().collect();
        config.networks.iter().map(|(name, network)| (name.clone(), files(network))).collect()
    }

    fn read_again(&mut self, network: &str, cause: Cause) {
        if cause == Cause::Changed {
            tracing::info!(network, "key files of {network} changed: the chain is read now");
        }
        self.plan.wake(network);
    }
}
