//! The operator's Aztec nodes: what they follow, whether their own L1 answers them, and whether their admin ports are some.
//!
//! A node's own words are never shown: they may hold the URL of its L1, key and all.

use butler_core::client::aztec_node::{AztecNode, L1_PROBE_DEADLINE, NodeInfo, OffenceRange};
use butler_core::client::error::RpcFailure;
use butler_core::client::text::printable;
use butler_core::domain::findings::node::{NodeState, of_node};
use butler_core::domain::findings::{FindingKind, sentinel};
use butler_core::domain::operator::node::{Followed, lag};
use butler_core::network::Network;
use butler_core::runtime::report::Chain;

use super::check::{Check, Light, check, shown};
use crate::gather::Gathered;
use crate::view::format;

/// What a node says of itself and of its own L1.
pub(super) async fn check_node(
    node: &AztecNode,
    network: &Network,
    gathered: Option<&Gathered>,
    checks: &mut Vec<Check>,
) {
    let mut state = NodeState { name: node.name().to_owned(), ..NodeState::default() };
    let looked = look(node, network, gathered, &mut state).await;
    if state.version.is_some() {
        state.l1_answers = node.l1_access(L1_PROBE_DEADLINE).await.is_usable();
    }
    let found = of_node(&state, &network.config.thresholds());
    let (of_l1, others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|finding| finding.kind == FindingKind::NodeL1Unreachable);
    let (light, what) = match (looked, others.first()) {
        (Ok(what), None) => (Light::Green, what),
        (Ok(_), Some(finding)) => (Light::of(&others), finding.message(0)),
        (Err(why), Some(_)) => (Light::of(&others), why),
        // What could not be looked at is not green.
        (Err(why), None) => (Light::Red, why),
    };
    checks.push(check("node", node.name(), light, what));
    if state.version.is_none() {
        return;
    }
    // A node whose L1 is gone goes on calling itself ready.
    checks.push(match (of_l1.first(), state.l1_answers) {
        (Some(finding), _) => shown("node_l1", node.name(), finding, 0),
        (None, Some(_)) => check("node_l1", node.name(), Light::Green, "the node's own L1 answers it"),
        (None, None) => {
            check("node_l1", node.name(), Light::Amber, "it cannot be told whether the node's own L1 answers")
        }
    });
}

/// Asks a node who it is and how it is. Answers with what it says, or with why that is not as it should be.
async fn look(
    node: &AztecNode,
    network: &Network,
    gathered: Option<&Gathered>,
    state: &mut NodeState,
) -> Result<String, String> {
    let info = node.node_info().await.map_err(|error| without_words(&error))?;
    let version = printable(&info.node_version);
    state.version = Some(version.clone());
    if let Some(stranger) = stranger(&info, network) {
        return Err(stranger);
    }
    state.is_up = true;
    if let Some(gathered) = gathered {
        let snapshot = &gathered.snapshot;
        let address = info.l1_contract_addresses.rollup_address;
        let followed = Followed::of(snapshot, address, info.rollup_version);
        let grace = network.config.thresholds().node_on_former_rollup;
        state.follows_canonical = Some(followed.is_canonical());
        state.is_leaving = followed.is_leaving(snapshot.block.timestamp, grace);
        if !followed.is_canonical() && !state.is_leaving {
            let (followed, rollup) = (format::address(&address), format::address(&snapshot.rollup.address));
            let (version, canonical) = (info.rollup_version, snapshot.rollup.version);
            return Err(format!(
                "follows the rollup {followed} (version {version}), the canonical one is {rollup} (version {canonical})"
            ));
        }
    }
    let is_ready = node.is_ready().await.map_err(|error| without_words(&error))?;
    state.is_ready = Some(is_ready);
    if !is_ready {
        return Err("not ready".to_owned());
    }
    let tips = node.l2_tips().await.map_err(|error| without_words(&error))?;
    if let Some(gathered) = gathered {
        let address = info.l1_contract_addresses.rollup_address;
        let followed = Followed::of(&gathered.snapshot, address, info.rollup_version);
        state.lag = lag(followed.tips().pending, tips.pending_checkpoint);
    }
    Ok(format!("version {version}, proposed block {}, proven {}", tips.proposed, tips.proven))
}

/// Whether a port is an admin port that takes the key.
pub(super) async fn admin_port(port: &AztecNode) -> Check {
    let bad = |what: String, hint: &str| {
        let light = Light::of([&sentinel::of_admin_port(port.name(), &what)]);
        Check { hint: Some(hint.to_owned()), ..check("admin_port", port.name(), light, what) }
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

/// What a node follows that the configuration has otherwise.
fn stranger(info: &NodeInfo, network: &Network) -> Option<String> {
    let config = &network.config;
    if info.l1_chain_id != config.chain_id {
        return Some(format!("follows chain {}, not {}", info.l1_chain_id, config.chain_id));
    }
    let registry = info.l1_contract_addresses.registry_address;
    (registry != config.aztec_registry).then(|| format!("follows the Aztec Registry {}", format::address(&registry)))
}
