//! A host: a machine of the operator's, and what of it is checked from outside.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::EndpointUrl;
use super::endpoint_reader::{FoundUrl, read_l1_url};
use super::reader::Section;
use super::setting::Problem;
use super::text_setting::{DomainName, Text};

/// One host. What is absent is not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct HostConfig {
    /// The name in logs and metrics.
    pub name: String,
    /// All of its addresses.
    pub ips: BTreeSet<IpAddr>,
    /// The name that must lead to these addresses.
    pub domain: Option<String>,
    /// The port of the peer-to-peer network.
    pub p2p_port: Option<u16>,
    /// The Aztec node's RPC over HTTPS.
    pub rpc_url: Option<EndpointUrl>,
    /// The port of the Aztec node's RPC over plain HTTP, at every address.
    pub rpc_port: Option<u16>,
    /// The L1 RPC, and how to be let in.
    pub l1_url: Option<FoundUrl>,
    /// How long one check may take.
    pub timeout: Duration,
    /// Certificate authorities (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
}

/// Reads one host. `None` after a fault, which is reported.
pub(crate) fn read_host(section: &Section<'_>) -> Option<HostConfig> {
    let name = section.get::<Text>("name");
    let ips: BTreeSet<IpAddr> = section.list::<IpAddr>("ips").into_iter().map(|(ip, _)| ip).collect();
    let domain = section.get::<DomainName>("domain").map(|domain| domain.0);
    let (p2p_port, rpc_port) = (read_port(section, "p2p_port"), read_port(section, "rpc_port"));
    let rpc_url: Option<EndpointUrl> = section.get("rpc_url");
    let l1_url = read_l1_url(section);
    let timeout = section.get("timeout");
    let ca_file = section.file("ca_file");
    let given = |key: &str| section.origin(key).is_some();
    let read = [
        ("domain", domain.is_some()),
        ("p2p_port", p2p_port.is_some()),
        ("rpc_port", rpc_port.is_some()),
        ("rpc_url", rpc_url.is_some()),
        ("ca_file", ca_file.is_some()),
    ];
    if read.iter().any(|(key, is_read)| given(key) && !is_read) {
        return None;
    }
    if rpc_url.as_ref().is_some_and(|url| url.expose().scheme() != "https") {
        let hint = "`rpc_port` checks the RPC over plain HTTP";
        section.fault("rpc_url", Problem::new("expected an https URL, found another scheme").hint(hint));
        return None;
    }
    for key in ["domain", "p2p_port", "rpc_port"] {
        if given(key) && ips.is_empty() {
            section.fault(key, Problem::new("there is no address to compare or to try").hint("give `ips`"));
            return None;
        }
    }
    let l1_url = l1_url.ok()?;
    if domain.is_none() && p2p_port.is_none() && rpc_port.is_none() && rpc_url.is_none() && l1_url.is_none() {
        let hint = "give `ips` with `domain`, `p2p_port` or `rpc_port`; or `rpc_url`; or `l1_url`";
        section.fault("", Problem::new("nothing of this host is checked").hint(hint));
        return None;
    }
    Some(HostConfig { name: name?.0, ips, domain, p2p_port, rpc_url, rpc_port, l1_url, timeout: timeout?, ca_file })
}

fn read_port(section: &Section<'_>, key: &str) -> Option<u16> {
    u16::try_from(section.get::<u64>(key)?).ok()
}
