//! `--check`: the configuration, and whether its keystores could be changed; and the same for folders at the start, in the log.

use std::path::Path;
use std::sync::Arc;

use butler_core::config::Config;
use butler_core::runtime::report::Chain;
use rustix::process::geteuid;
use tokio::sync::watch;
use tokio::task::block_in_place;

use crate::executors::{Examined, Keystores, Reach, Rollups};

const AS_ROOT: &str =
    "looked at as root, who may more than the service: the service says the same of its own user when it starts";

/// What a configuration that is read would have the watcher do.
#[must_use]
pub(crate) fn summary(config: &Config) -> String {
    let starts = config.networks.values().map(|network| match network.start_block {
        Some(block) => format!("{} from block {block}", network.name),
        None => format!("{} (no `start_block`)", network.name),
    });
    let state = config.watcher.state_directory.as_ref().map(|path| path.display().to_string());
    format!(
        "configuration ok: would follow {}; keep its journal in {}, look every {:?}, listen on {}, post to {} webhooks and tell people in {} places",
        starts.collect::<Vec<_>>().join(", "),
        state.as_deref().unwrap_or("no folder: `state_directory` is not set"),
        config.watcher.poll_interval,
        config.watcher.http.listen,
        config.watcher.webhooks.len(),
        config.watcher.chats.len()
    )
}

/// Looks at each keystore that the configuration names. Lines for a person, and whether all can be changed.
///
/// # Errors
/// In one line, what makes the configuration of one unusable.
pub(crate) async fn keystores(config: &Config) -> Result<(Vec<String>, bool), String> {
    let state = config.watcher.state_directory.as_deref().unwrap_or(Path::new("/nowhere"));
    let (_rollups, seen) = watch::channel(Rollups::new());
    let (mut lines, mut is_good) = (Vec::new(), true);
    for network in config.networks.values() {
        let opened = block_in_place(|| Keystores::open(network, state, seen.clone()));
        let Some(opened) = opened.map_err(|error| Chain(&error).to_string())? else { continue };
        for examined in opened.examine(Reach::All).await {
            is_good &= examined.found.is_ok();
            lines.push(line(&examined));
        }
    }
    if !lines.is_empty() && geteuid().is_root() {
        lines.push(AS_ROOT.to_owned());
    }
    Ok((lines, is_good))
}

fn line(examined: &Examined) -> String {
    let Examined { network, server, found } = examined;
    match found {
        Ok(files) => format!("{network}: the keystore of {server} can be changed: {files} files with validators"),
        Err(obstructed) => {
            let hint = obstructed.hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            format!("{network}: the keystore of {server} cannot be changed: {}{hint}", obstructed.what)
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
