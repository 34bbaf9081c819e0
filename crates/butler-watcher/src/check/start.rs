//! What would keep the watcher from starting, in the words in which the start says it.

use std::path::Path;

use butler_core::config::{Config, HttpConfig, NetworkConfig};
use butler_core::control::socket_in;
use butler_core::daemon::check::{Check, Outcome};
use butler_core::daemon::service::presence::Presence;
use butler_core::runtime::report::one_line;

use crate::control::Control;
use crate::follower::{FollowError, Follower};
use crate::jobs;
use crate::journal::{JournalError, Keeper, Survey, journal_directory};
use crate::state::is_anothers;

/// The watcher is switched off.
pub(crate) const SWITCHED_OFF: &str = "`watcher.enabled` is false";
/// There is no folder for what it remembers.
pub(crate) const NO_STATE: &str = "`watcher.state_directory` is not set, and no variable names a folder";
/// There is nothing to do.
pub(crate) const NOTHING: &str = "no network has an L1 endpoint: there is nothing to follow";
/// What to do about a folder in which the socket cannot stand.
pub(crate) const SOCKET_HINT: &str = "`watcher.runtime_directory` names a folder of this user alone";

/// Looks at everything that a start needs beside what every daemon does. Blocks.
pub(super) fn look(config: &Config) -> Vec<Check> {
    let unusable = |what: &str, why: &str| Check::new(what, Outcome::Unusable, why);
    let mut checks = Vec::new();
    if !config.watcher.enabled {
        checks.push(unusable("service", SWITCHED_OFF));
    }
    if config.pipelines.is_empty() && !config.networks.values().any(NetworkConfig::has_l1) {
        checks.push(unusable("service", NOTHING));
    }
    let Some(state) = config.watcher.state_directory.as_deref() else {
        checks.push(unusable("folder of the journal", NO_STATE));
        return checks;
    };
    let (journal, survey) = journal(&journal_directory(state), &config.watcher.http);
    checks.push(journal);
    checks.extend(config.networks.values().filter_map(|network| beginning(network, &survey)));
    checks.extend(socket(config.watcher.runtime_directory.as_deref().unwrap_or(state)));
    if !config.pipelines.is_empty() {
        checks.push(match jobs::examine(config, state) {
            Ok(()) => Check::good("jobs", "whom they ask can be asked; nobody was"),
            Err(error) => Check::new("jobs", Outcome::Unusable, one_line(&error)),
        });
    }
    checks
}

/// Whether the journal could be opened, and what is known of it.
fn journal(path: &Path, http: &HttpConfig) -> (Check, Survey) {
    let what = "journal";
    match Keeper::survey(path) {
        Ok(survey) => {
            let why = match &survey {
                Survey::New => "there is none yet".to_owned(),
                Survey::Follows(names) => format!("it can be opened, and has {} checkpoints", names.len()),
                Survey::Untold => "it can be opened, as far as that is known without opening it".to_owned(),
            };
            (Check::good(what, why), survey)
        }
        Err(error @ JournalError::InUse { .. }) if Presence::is_claimed(&http.section, http.listen.port()) => {
            let hint = "butler-watcher itself has it: all is well beside it, and a second one does not start";
            (Check::warning(what, one_line(&error)).hint(hint), Survey::Untold)
        }
        Err(error) => {
            let check = Check::bad(what, one_line(&error));
            (error.hint().into_iter().fold(check, Check::hint), Survey::Untold)
        }
    }
}

/// Whether it is known where a network is followed from.
fn beginning(network: &NetworkConfig, survey: &Survey) -> Option<Check> {
    if !network.has_l1() {
        return None;
    }
    let error = Follower::beginning(network).err()?;
    let what = format!("start of {}", network.name);
    let is_known = match survey {
        Survey::New => false,
        Survey::Follows(names) => names.contains(&network.name),
        Survey::Untold => {
            return Some(
                Check::warning(what, "there is no `start_block`")
                    .hint("needed for the first start, when there is no journal yet"),
            );
        }
    };
    (!is_known).then(|| refused(what, &error))
}

fn refused(what: String, error: &FollowError) -> Check {
    let check = Check::new(what, Outcome::Unusable, one_line(error));
    error.hint().into_iter().fold(check, Check::hint)
}

/// What is in the way of the socket.
fn socket(runtime: &Path) -> Option<Check> {
    let what = "socket";
    if socket_in(runtime).parent().is_some_and(is_anothers) {
        return Some(Check::warning(
            what,
            "its folder belongs to another user: whether that one can use it is not known",
        ));
    }
    let error = Control::examine(runtime).err()?;
    Some(Check::bad(what, one_line(&error)).hint(SOCKET_HINT))
}
