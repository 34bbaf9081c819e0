//! `--check`: what the exporter will see when it starts, looked at as the user that asks.

use std::path::Path;

use butler_core::client::http::{HttpPeer, authorities};
use butler_core::client::l1::Policy;
use butler_core::config::{Config, NetworkConfig};
use butler_core::daemon::check::{Check, CheckList, Outcome, of_daemon, of_folder, of_keys};
use butler_core::key_files::load_key_files;
use butler_core::network::{http_settings, key_sources, l1_client};
use butler_core::runtime::report::one_line;

use crate::key_keeper::private_keys;

/// Looks at everything. Blocks, and asks nobody over the network.
pub(crate) fn look(config: &Config, file: &Path) -> CheckList {
    let mut list = CheckList::default();
    list.push(Check::good("configuration", summary(config)));
    of_daemon(&mut list, config, file, &config.exporter.http);
    for network in config.networks.values() {
        let keys = load_key_files(&key_sources(network, private_keys(config)));
        let faults: Vec<String> = keys.faults.iter().map(ToString::to_string).collect();
        let attesters = keys.book.attesters().len();
        of_keys(&mut list, &network.name, (keys.files.len(), attesters), &faults);
        list.extend(endpoints(network));
    }
    // Without them it forgets over a restart, and goes on.
    let state = config.exporter.scrape.state_directory.as_deref();
    of_folder(&mut list, "folder of states", state, Outcome::Warning);
    of_folder(&mut list, "folder of the cache", Some(&config.cache_directory), Outcome::Warning);
    if let Some(textfile) = &config.exporter.outputs.textfile {
        list.extend(in_the_way(textfile));
        of_folder(&mut list, "folder of the textfile", textfile.parent(), Outcome::Bad);
    }
    list
}

fn summary(config: &Config) -> String {
    let networks: Vec<&str> = config.networks.keys().map(String::as_str).collect();
    format!(
        "networks {}; would listen on {} and scrape every {:?}",
        networks.join(", "),
        config.exporter.http.listen,
        config.exporter.scrape.interval
    )
}

/// What keeps a file for node_exporter from being written: its folder is another program's, and is not made.
fn in_the_way(textfile: &Path) -> Option<Check> {
    let shown = textfile.display();
    let is_folder_missing = textfile.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.exists());
    let is_other = textfile.symlink_metadata().is_ok_and(|found| found.is_dir());
    let why = match (is_folder_missing, is_other) {
        (true, _) => format!("the folder of `{shown}` does not exist"),
        (false, true) => format!("`{shown}` is not a file"),
        (false, false) => return None,
    };
    Some(Check::bad("textfile", why).hint("`exporter.textfile` names a file in node_exporter's folder"))
}

/// Endpoints, nodes and hosts that cannot even be asked, such as for certificate authorities that cannot be read.
fn endpoints(network: &NetworkConfig) -> Vec<Check> {
    let what = format!("endpoints of {}", network.name);
    let client = l1_client(network, Policy::ONE_SHOT).err().map(|error| one_line(&error));
    let nodes = network.aztec_nodes.iter().map(|node| &node.endpoint);
    let nodes = nodes.filter_map(|node| HttpPeer::new(&http_settings(node)).err().map(|error| one_line(&error)));
    let hosts = network.hosts.iter().filter_map(|host| host.ca_file.as_deref());
    let hosts = hosts.filter_map(|path| authorities(path).err().map(|error| one_line(&error)));
    let faults: Vec<Check> =
        client.into_iter().chain(nodes).chain(hosts).map(|why| Check::bad(what.as_str(), why)).collect();
    if !faults.is_empty() {
        return faults;
    }
    vec![Check::good(
        what,
        format!("{} of L1, {} nodes; nobody was asked", network.l1.len(), network.aztec_nodes.len()),
    )]
}
