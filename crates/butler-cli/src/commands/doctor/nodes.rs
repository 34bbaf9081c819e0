//! The operator's Aztec nodes: what they follow, whether their own L1 answers them, and whether their admin ports are some.
//!
//! A node's own words are never shown: they may hold the URL of its L1, key and all.

use butler_core::client::aztec_node::{AztecNode, L1_PROBE_DEADLINE, L1Access, NodeInfo, OffenceRange};
use butler_core::client::error::RpcFailure;
use butler_core::client::text::printable;
use butler_core::network::Network;
use butler_core::runtime::report::Chain;

use super::{Check, Light, check};
use crate::gather::Gathered;
use crate::view::format;

/// What a node says of itself and of its own L1.
pub(super) async fn check_node(
    node: &AztecNode,
    network: &Network,
    gathered: Option<&Gathered>,
    checks: &mut Vec<Check>,
) {
    let info = match node.node_info().await {
        Ok(info) => info,
        Err(error) => {
            checks.push(check("node", node.name(), Light::Red, without_words(&error)));
            return;
        }
    };
    let (light, what) = match disagreement(&info, network, gathered) {
        Some(what) => (Light::Red, what),
        None => match (node.is_ready().await, node.l2_tips().await) {
            (Ok(true), Ok(tips)) => (
                Light::Green,
                format!(
                    "version {}, proposed block {}, proven {}",
                    printable(&info.node_version),
                    tips.proposed,
                    tips.proven
                ),
            ),
            (Ok(false), _) => (Light::Red, "not ready".to_owned()),
            (Err(error), _) | (_, Err(error)) => (Light::Red, without_words(&error)),
        },
    };
    checks.push(check("node", node.name(), light, what));
    // A node whose L1 is gone goes on calling itself ready.
    match node.l1_access(L1_PROBE_DEADLINE).await {
        L1Access::Usable => checks.push(check("node_l1", node.name(), Light::Green, "the node's own L1 answers it")),
        L1Access::Unusable => {
            let what = "the node gets no usable answer from its own L1: it can neither attest nor propose";
            let hint = "look at the L1 endpoint that the node is configured with: quota, key, reachability";
            checks.push(Check { hint: Some(hint.to_owned()), ..check("node_l1", node.name(), Light::Red, what) });
        }
        L1Access::Unknown => {
            checks.push(check(
                "node_l1",
                node.name(),
                Light::Amber,
                "it cannot be told whether the node's own L1 answers",
            ));
        }
    }
}

/// Whether a port is an admin port that takes the key.
pub(super) async fn admin_port(port: &AztecNode) -> Check {
    let bad = |what: String, hint: &str| Check {
        hint: Some(hint.to_owned()),
        ..check("admin_port", port.name(), Light::Red, what)
    };
    match port.noted_offences(OffenceRange::Current).await {
        Ok(Some(_)) => check("admin_port", port.name(), Light::Green, "answers and accepts the key"),
        Ok(None) => check("admin_port", port.name(), Light::Green, "answers; the node has no slasher"),
        Err(RpcFailure::MethodNotFound) => bad(
            "answers, and is no admin port".to_owned(),
            "`admin_url` must lead to the node's admin port, not to its public one",
        ),
        Err(RpcFailure::Unauthorized { .. }) => {
            bad("refuses the key".to_owned(), "check `admin_api_key_file`, or the variable that holds the key")
        }
        Err(error) => bad(without_words(&error), "check `admin_url` and the way there"),
    }
}

/// A node's failure without the node's own words: they may hold its L1's URL, key and all.
fn without_words(failure: &RpcFailure) -> String {
    if let RpcFailure::Rpc { code, .. } = failure {
        format!("answers with error {code}")
    } else if let RpcFailure::Http { status, .. } = failure {
        format!("HTTP {status}")
    } else if matches!(failure, RpcFailure::Malformed(_) | RpcFailure::RangeRefused { .. }) {
        "answers what makes no sense".to_owned()
    } else {
        Chain(failure).to_string()
    }
}

/// What a node follows that the configuration or the chain has otherwise.
fn disagreement(info: &NodeInfo, network: &Network, gathered: Option<&Gathered>) -> Option<String> {
    let config = &network.config;
    if info.l1_chain_id != config.chain_id {
        return Some(format!("follows chain {}, not {}", info.l1_chain_id, config.chain_id));
    }
    let addresses = &info.l1_contract_addresses;
    if addresses.registry_address != config.aztec_registry {
        return Some(format!("follows the Aztec Registry {}", format::address(&addresses.registry_address)));
    }
    let rollup = gathered?.snapshot.rollup.address;
    (addresses.rollup_address != rollup).then(|| {
        format!(
            "follows the rollup {}, the canonical one is {}",
            format::address(&addresses.rollup_address),
            format::address(&rollup)
        )
    })
}
