//! The checks of one host, side by side, each with its deadline.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use butler_core::client::aztec_node::AztecNode;
use butler_core::client::error::ErrorKind;
use butler_core::client::host::{CertificateProbe, connect, l1_chain_id, resolve};
use butler_core::client::http::HttpSettings;
use butler_core::client::jsonrpc::{Dialect, JsonRpcPeer};
use butler_core::config::{EndpointUrl, HostConfig, NetworkConfig};
use butler_core::domain::operator::host::{HostCheck, compare_addresses};
use butler_core::network::host_settings;
use futures_util::future::{BoxFuture, FutureExt as _, join_all, try_join_all};
use tokio::task::block_in_place;
use tokio::time::Instant;

use crate::catalogue::values::FailureKind;
use crate::scrapers::ask::{fits, within};

/// Why a check failed.
#[derive(Debug)]
pub(super) struct CheckFault {
    pub(super) kind: FailureKind,
    /// What is to be told besides, in our own words.
    pub(super) detail: Option<String>,
}

impl From<FailureKind> for CheckFault {
    fn from(kind: FailureKind) -> Self {
        Self { kind, detail: None }
    }
}

/// What a good check found out.
#[derive(Debug, Default)]
struct Found {
    versions: BTreeSet<String>,
}

/// How one check went.
#[derive(Debug)]
pub(super) struct CheckResult {
    pub(super) check: HostCheck,
    pub(super) fault: Option<CheckFault>,
    pub(super) took: Duration,
}

/// What was found out about one host.
#[derive(Debug)]
pub(super) struct HostFacts {
    /// The host's name in the configuration.
    pub(super) name: String,
    /// Every check that is configured.
    pub(super) checks: Vec<CheckResult>,
    /// The software of the nodes that answered there.
    pub(super) versions: BTreeSet<String>,
    /// When the certificate of its HTTPS ends, in unix seconds.
    pub(super) certificate_end: Option<u64>,
}

type Outcome = Result<Found, CheckFault>;

/// Does every check that is configured.
pub(super) async fn check_host(host: &HostConfig, network: &NetworkConfig) -> HostFacts {
    let mut checks: Vec<(HostCheck, BoxFuture<'_, Outcome>)> = Vec::new();
    if let Some(domain) = &host.domain {
        checks.push((HostCheck::Dns, check_name(host, domain).boxed()));
    }
    if let Some(port) = host.p2p_port {
        checks.push((HostCheck::P2p, check_p2p(host, port).boxed()));
    }
    if let Some(url) = &host.rpc_url {
        let settings = host_settings(host, url.expose().clone(), None);
        checks.push((HostCheck::Rpc, check_rpcs(host, network, vec![settings]).boxed()));
    }
    if let Some(port) = host.rpc_port {
        let settings = host.ips.iter().filter_map(|ip| plain_rpc(host, *ip, port)).collect();
        checks.push((HostCheck::RpcByIp, check_rpcs(host, network, settings).boxed()));
    }
    if host.l1_url.is_some() {
        checks.push((HostCheck::L1, check_l1(host, network.chain_id).boxed()));
    }
    let checks = checks.into_iter().map(async |(check, outcome)| {
        let began = Instant::now();
        (check, outcome.await, began.elapsed())
    });
    let (outcomes, certificate_end) = tokio::join!(join_all(checks), certificate_end(host));
    let mut facts =
        HostFacts { name: host.name.clone(), checks: Vec::new(), versions: BTreeSet::new(), certificate_end };
    for (check, outcome, took) in outcomes {
        let fault = match outcome {
            Ok(found) => {
                facts.versions.extend(found.versions);
                None
            }
            Err(fault) => Some(fault),
        };
        facts.checks.push(CheckResult { check, fault, took });
    }
    facts
}

async fn check_name(host: &HostConfig, domain: &str) -> Outcome {
    let resolved = within(host.timeout, resolve(domain)).await?;
    match compare_addresses(&host.ips, &resolved) {
        None => Ok(Found::default()),
        Some(difference) => {
            let detail = Some(format!("{domain} {}", difference.describe()));
            Err(CheckFault { kind: FailureKind::WrongAddress, detail })
        }
    }
}

async fn check_p2p(host: &HostConfig, port: u16) -> Outcome {
    let connects = host.ips.iter().map(async |ip| {
        let answer = within(host.timeout, connect(SocketAddr::new(*ip, port))).await;
        answer.map_err(|kind| CheckFault { kind, detail: Some(format!("at {ip}")) })
    });
    try_join_all(connects).await.map(|_| Found::default())
}

fn plain_rpc(host: &HostConfig, ip: IpAddr, port: u16) -> Option<HttpSettings> {
    let url = EndpointUrl::parse(&format!("http://{}", SocketAddr::new(ip, port))).ok()?;
    Some(host_settings(host, url.expose().clone(), None))
}

/// Whether a node of this network answers at every one of these.
async fn check_rpcs(host: &HostConfig, network: &NetworkConfig, all: Vec<HttpSettings>) -> Outcome {
    let checks = all.into_iter().map(async |settings| {
        let node = block_in_place(|| AztecNode::new(&host.name, &settings)).map_err(|_| FailureKind::Setup)?;
        let info = within(host.timeout, node.node_info()).await?;
        if fits(&info, network) { Ok(info.node_version) } else { Err(FailureKind::Rpc(ErrorKind::WrongChain)) }
    });
    Ok(Found { versions: try_join_all(checks).await?.into_iter().collect() })
}

async fn check_l1(host: &HostConfig, chain_id: u64) -> Outcome {
    let Some((url, auth)) = &host.l1_url else { return Ok(Found::default()) };
    let settings = host_settings(host, url.expose().clone(), auth.as_ref());
    let peer = block_in_place(|| JsonRpcPeer::new(&settings, Dialect::Ethereum)).map_err(|_| FailureKind::Setup)?;
    match within(host.timeout, l1_chain_id(&peer)).await? {
        id if id == chain_id => Ok(Found::default()),
        id => {
            let detail = Some(format!("it is on chain {id}"));
            Err(CheckFault { kind: FailureKind::Rpc(ErrorKind::WrongChain), detail })
        }
    }
}

/// When the certificate ends. `None` where none is configured or none came; the check of the RPC tells why.
async fn certificate_end(host: &HostConfig) -> Option<u64> {
    let url = host.rpc_url.as_ref()?;
    let probe = block_in_place(|| CertificateProbe::new(host.ca_file.as_deref())).ok()?;
    within(host.timeout, probe.expiry(url.expose())).await.ok()
}
