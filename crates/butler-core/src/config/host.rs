//! A host: a machine of the operator's, and what of it is checked from outside.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::endpoint::EndpointUrl;
use super::endpoint_reader::{FoundUrl, read_l1_url};
use super::reader::{Read, Section};
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

/// Reads one host.
pub(crate) fn read_host(section: &Section<'_>) -> Read<HostConfig> {
    let name = section.get::<Text>("name");
    let ips: BTreeSet<IpAddr> = section.list::<IpAddr>("ips").into_iter().map(|(ip, _)| ip).collect();
    let domain = section.optional::<DomainName>("domain");
    let (p2p_port, rpc_port) = (read_port(section, "p2p_port"), read_port(section, "rpc_port"));
    let rpc_url: Read<Option<EndpointUrl>> = section.optional("rpc_url");
    let l1_url = read_l1_url(section);
    let timeout = section.get("timeout");
    let ca_file = section.file("ca_file");
    let (domain, p2p_port, rpc_port) = (domain?.map(|domain| domain.0), p2p_port?, rpc_port?);
    let (rpc_url, ca_file) = (rpc_url?, ca_file?);
    if rpc_url.as_ref().is_some_and(|url| url.expose().scheme() != "https") {
        let hint = "`rpc_port` checks the RPC over plain HTTP";
        let problem = Problem::new("expected an https URL, found another scheme");
        return Err(section.fault("rpc_url", problem.hint(hint)));
    }
    let of_addresses =
        [("domain", domain.is_some()), ("p2p_port", p2p_port.is_some()), ("rpc_port", rpc_port.is_some())];
    if let Some((key, _)) = of_addresses.into_iter().find(|(_, is_given)| *is_given && ips.is_empty()) {
        let problem = Problem::new("there is no address to compare or to try");
        return Err(section.fault(key, problem.hint("give `ips`")));
    }
    let l1_url = l1_url?;
    if domain.is_none() && p2p_port.is_none() && rpc_port.is_none() && rpc_url.is_none() && l1_url.is_none() {
        let hint = "give `ips` with `domain`, `p2p_port` or `rpc_port`; or `rpc_url`; or `l1_url`";
        return Err(section.fault("", Problem::new("nothing of this host is checked").hint(hint)));
    }
    Ok(HostConfig { name: name?.0, ips, domain, p2p_port, rpc_url, rpc_port, l1_url, timeout: timeout?, ca_file })
}

fn read_port(section: &Section<'_>, key: &str) -> Read<Option<u16>> {
    let port = section.optional::<u64>(key)?.map(u16::try_from).transpose();
    port.map_err(|_| section.fault(key, Problem::new("no port has that number")))
}
