//! What a service will see when it starts: looked at before, as the user that looks, and told with hints.
//!
//! Nothing is written, and nothing is asked over the network. What a program alone knows (key files, keystores) it adds itself.

mod certificate;
mod clock;
mod folders;
mod list;
mod listen;
mod secrets;

pub use self::list::{Check, CheckList, Outcome};

use std::path::Path;

use rustix::process::geteuid;

use crate::config::{Config, HttpConfig};
use crate::runtime::clock::unix_now;

const AS_ROOT: &str =
    "looked at as root, who may more than the service: the service says the same of its own user when it starts";

/// What every daemon will see: secrets, its address and certificate, the clock. Blocks.
pub fn of_daemon(list: &mut CheckList, config: &Config, file: &Path, http: &HttpConfig) {
    list.extend(secrets::look(config));
    list.extend(secrets::tokens(http));
    list.extend(certificate::look(http, unix_now()));
    list.push(listen::look(http));
    list.extend(clock::look(file, unix_now()));
    if geteuid().is_root() {
        list.push(Check::warning("user", AS_ROOT));
    }
}

/// Tells in the log which secrets others can read. Blocks.
pub fn warn_of_exposed(config: &Config) {
    for exposed in config.exposed() {
        tracing::warn!("{} (hint: {})", exposed.why, exposed.hint);
    }
}

/// A folder that the service writes into, and what it means when it cannot. Blocks.
pub fn of_folder(list: &mut CheckList, what: &str, folder: Option<&Path>, otherwise: Outcome) {
    list.push(folders::look(what, folder, otherwise));
}

/// The key files and publisher files of a network, as they were read.
pub fn of_keys(list: &mut CheckList, network: &str, (files, attesters): (usize, usize), faults: &[String]) {
    let what = format!("key files of {network}");
    for fault in faults {
        list.push(Check::bad(what.as_str(), fault.as_str()));
    }
    if faults.is_empty() && files == 0 {
        list.push(Check::good(what, "none is configured"));
    } else if faults.is_empty() {
        list.push(Check::good(what, format!("{files} files are read, with {attesters} attesters")));
    }
}
