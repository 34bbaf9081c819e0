//! `--check`: what the watcher will see when it starts, looked at as the user that asks; and whether keystores in folders could be changed,
//! at the start, in the log.

mod start;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::l1::Policy;
use butler_core::config::{Config, NetworkConfig};
use butler_core::daemon::check::{Check, CheckList, Outcome, of_daemon, of_folder, of_keys};
use butler_core::key_files::{PrivateKeys, load_key_files};
use butler_core::network::{key_sources, l1_client};
use butler_core::runtime::report::one_line;
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::{Instant, timeout_at};

pub(crate) use self::start::{NO_STATE, NOTHING, SOCKET_HINT, SWITCHED_OFF};
use crate::executors::{Examined, Keystores, Reach, Rollups};
use crate::heartbeat::Heartbeat;
use crate::tell::Channels;

/// How long all keystores of all networks may take to be looked at: a service that starts does not wait for a server that hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// Looks at everything but the keystores. Blocks.
pub(crate) fn look(config: &Config, file: &Path) -> CheckList {
    let mut list = CheckList::default();
    list.push(Check::good("configuration", summary(config)));
    of_daemon(&mut list, config, file, &config.watcher.http);
    for network in config.networks.values() {
        let keys = load_key_files(&key_sources(network, PrivateKeys::Refuse));
        let faults: Vec<String> = keys.faults.iter().map(ToString::to_string).collect();
        let attesters = keys.book.attesters().len();
        of_keys(&mut list, &network.name, (keys.files.len(), attesters), &faults);
        list.push(followed(network));
    }
    list.push(told_to(config));
    if let Some(state) = config.watcher.state_directory.as_deref() {
        of_folder(&mut list, "folder of the journal", Some(state), Outcome::Bad);
        let runtime = config.watcher.runtime_directory.as_deref().unwrap_or(state);
        of_folder(&mut list, "folder of the socket", Some(runtime), Outcome::Bad);
    }
    list.extend(start::look(config));
    of_folder(&mut list, "folder of the cache", Some(&config.cache_directory), Outcome::Warning);
    list
}

/// Whether a network can be followed, as far as that is known without asking anybody.
fn followed(network: &NetworkConfig) -> Check {
    let what = format!("endpoints of {}", network.name);
    if !network.has_l1() {
        return Check::warning(what, "none: this network is not followed");
    }
    match l1_client(network, Policy::ONE_SHOT) {
        Ok(_) => Check::good(what, format!("{} of L1; nobody was asked", network.l1.len())),
        Err(error) => Check::bad(what, one_line(&error)),
    }
}

/// Whether all who are told something can be told, as far as that is known without telling them anything.
fn told_to(config: &Config) -> Check {
    let what = "channels and heartbeat";
    let channels = Channels::new(&config.watcher).err().map(|error| one_line(&error));
    let fault = channels.or_else(|| Heartbeat::new(&config.watcher).err().map(|error| one_line(&error)));
    fault.map_or_else(|| Check::good(what, "can be opened; nobody was told anything"), |why| Check::bad(what, why))
}

/// What a configuration that is read would have the watcher do.
fn summary(config: &Config) -> String {
    let starts = config.networks.values().map(|network| match network.start_block {
        Some(block) => format!("{} from block {block}", network.name),
        None => format!("{} (no `start_block`)", network.name),
    });
    let state = config.watcher.state_directory.as_ref().map(|path| path.display().to_string());
    format!(
        "would follow {}; keep its journal in {}, look every {:?}, listen on {}, post to {} webhooks and tell people in {} places",
        starts.collect::<Vec<_>>().join(", "),
        state.as_deref().unwrap_or("no folder: `state_directory` is not set"),
        config.watcher.poll_interval,
        config.watcher.http.listen,
        config.watcher.webhooks.len(),
        config.watcher.chats.len()
    )
}

/// Looks at each keystore that the configuration names.
pub(crate) async fn keystores(config: &Config) -> Vec<Check> {
    let state = config.watcher.state_directory.as_deref().unwrap_or(Path::new("/nowhere"));
    let (_rollups, seen) = watch::channel(Rollups::new());
    let deadline = Instant::now() + PATIENCE;
    let mut checks = Vec::new();
    for network in config.networks.values() {
        let what = || format!("keystores of {}", network.name);
        match block_in_place(|| Keystores::open(network, state, seen.clone())) {
            Ok(None) => {}
            Ok(Some(opened)) => match timeout_at(deadline, opened.examine(Reach::All)).await {
                Ok(examined) => checks.extend(examined.iter().map(told)),
                Err(_) => checks.push(Check::warning(what(), format!("not all were looked at within {PATIENCE:?}"))),
            },
            Err(error) => checks.push(Check::new(what(), Outcome::Unusable, one_line(&error))),
        }
    }
    checks
}

fn told(examined: &Examined) -> Check {
    let Examined { network, server, found } = examined;
    match found {
        Ok(files) => {
            Check::good(network, format!("the keystore of {server} can be changed: {files} files with validators"))
        }
        Err(obstructed) => {
            let check = Check::bad(network, format!("the keystore of {server} cannot be changed: {}", obstructed.what));
            obstructed.hint.iter().fold(check, |check, hint| check.hint(*hint))
        }
    }
}

/// Warns of keystores in folders that cannot be changed as things are. A command's are told when it is asked.
pub(crate) async fn warn_early(all: Vec<Arc<Keystores>>) {
    for keystores in all {
        for Examined { network, server, found } in keystores.examine(Reach::Folders).await {
            let Err(obstructed) = found else { continue };
            let (what, hint) = (obstructed.what, obstructed.hint.unwrap_or("docs/coinbases.md says how one is set up"));
            tracing::warn!(network, server, "the keystore of {server} cannot be changed: {what}; hint: {hint}");
        }
    }
}
