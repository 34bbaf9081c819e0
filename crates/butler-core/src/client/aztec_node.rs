//! JSON-RPC of an Aztec node: its public port and its admin port.
//!
//! Nodes answer errors as HTTP 400 with a JSON-RPC body, leave `result` out where they mean `undefined`, write some
//! numbers as strings, and answer 404 to everything while in standby. Newer nodes say `aztec_` where older ones say
//! `node_`, and `aztecAdmin_` where they say `nodeAdmin_`; which one is learnt from the first answer.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use ethers_core::types::Address;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::error::RpcFailure;
use super::http::{HttpPeer, HttpSettings, HttpSetupError};
use super::text::printable;
use super::wire::{self, Request};

/// The names that a node uses for its methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Namespace {
    Node,
    Aztec,
}

/// A client of one Aztec node.
#[derive(Debug)]
pub struct AztecNode {
    name: String,
    peer: HttpPeer,
    next_id: AtomicU64,
    /// 0 while unknown, then the index in `NAMESPACES` plus one.
    namespace: AtomicU8,
}

const NAMESPACES: [Namespace; 2] = [Namespace::Node, Namespace::Aztec];

/// Public methods that are used, in both namespaces.
macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident = $node:literal | $aztec:literal;)*) => {
        /// A method of the node.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum NodeMethod { $($(#[$doc])* $name,)* }
        impl NodeMethod {
            fn name(self, namespace: Namespace) -> &'static str {
                match (self, namespace) {
                    $((Self::$name, Namespace::Node) => $node, (Self::$name, Namespace::Aztec) => $aztec,)*
                }
            }
        }
    };
}

methods! {
    NodeInfo = "node_getNodeInfo" | "aztec_getNodeInfo";
    IsReady = "node_isReady" | "aztec_isReady";
    L2Tips = "node_getL2Tips" | "aztec_getL2Tips";
}

/// What a node says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeInfo {
    /// The software's version.
    pub node_version: String,
    /// The L1 chain that it follows.
    #[serde(deserialize_with = "number")]
    pub l1_chain_id: u64,
    /// The rollup version that it follows.
    #[serde(deserialize_with = "number")]
    pub rollup_version: u64,
    /// The L1 contracts that it follows.
    pub l1_contract_addresses: L1ContractAddresses,
}

/// The contracts of [`NodeInfo`] that are compared with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct L1ContractAddresses {
    /// The rollup.
    pub rollup_address: Address,
    /// Aztec's registry.
    pub registry_address: Address,
}

/// The heads of the node's chain, as block numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L2Tips {
    /// Proposed.
    pub proposed: u64,
    /// Proven.
    pub proven: u64,
    /// Finalized on L1.
    pub finalized: u64,
}

impl AztecNode {
    /// Prepares a client; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(name: &str, settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        Ok(Self {
            name: name.to_owned(),
            peer: HttpPeer::new(settings)?,
            next_id: AtomicU64::new(1),
            namespace: AtomicU8::new(0),
        })
    }

    /// The node's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the node says of itself.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn node_info(&self) -> Result<NodeInfo, RpcFailure> {
        self.ask(NodeMethod::NodeInfo).await
    }

    /// Whether the node calls itself ready. A node whose L1 is gone does, too.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn is_ready(&self) -> Result<bool, RpcFailure> {
        self.ask(NodeMethod::IsReady).await
    }

    /// The heads of the node's chain.
    ///
    /// # Errors
    /// The failure of the exchange; `Malformed` for an answer of another shape.
    pub async fn l2_tips(&self) -> Result<L2Tips, RpcFailure> {
        let tips: Value = self.ask(NodeMethod::L2Tips).await?;
        // Version 4 nests all but `proposed` under `block`; older versions nest nothing and say `latest`.
        let tip = |name: &str| {
            let tip = tips.get(name)?;
            let value = tip.pointer("/block/number").or_else(|| tip.get("number"))?;
            value.as_u64().or_else(|| value.as_str()?.parse().ok())
        };
        let named = |name: &str| {
            tip(name).ok_or_else(|| RpcFailure::Malformed(format!("no `{name}` block number in the node's tips")))
        };
        Ok(L2Tips {
            proposed: tip("proposed").map_or_else(|| named("latest"), Ok)?,
            proven: named("proven")?,
            finalized: named("finalized")?,
        })
    }

    async fn ask<T: DeserializeOwned>(&self, method: NodeMethod) -> Result<T, RpcFailure> {
        let known = usize::from(self.namespace.load(Ordering::Relaxed)).checked_sub(1);
        let mut last = RpcFailure::MethodNotFound;
        for (index, namespace) in NAMESPACES.into_iter().enumerate() {
            if known.is_some_and(|known| known != index) {
                continue;
            }
            match self.call(method.name(namespace)).await {
                Err(RpcFailure::MethodNotFound) => last = RpcFailure::MethodNotFound,
                Err(failure) => return Err(failure),
                Ok(answer) => {
                    self.namespace.store(u8::try_from(index + 1).unwrap_or(0), Ordering::Relaxed);
                    return Ok(answer);
                }
            }
        }
        Err(last)
    }

    async fn call<T: DeserializeOwned>(&self, method: &'static str) -> Result<T, RpcFailure> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = Request::new(method, &json!([]));
        let answer = self.peer.post(wire::encode_single(id, &request)).await?;
        let raw = match wire::decode_single(id, &request, &answer.body) {
            Err(RpcFailure::Malformed(_)) if answer.status == 401 || answer.status == 403 => {
                return Err(RpcFailure::Unauthorized { status: answer.status });
            }
            Err(RpcFailure::Malformed(_)) if !(200..300).contains(&answer.status) => {
                let text = String::from_utf8_lossy(answer.body.get(..answer.body.len().min(400)).unwrap_or_default());
                return Err(RpcFailure::Http { status: answer.status, text: printable(&text) });
            }
            answer => answer?,
        };
        serde_json::from_str(raw.get())
            .map_err(|_| RpcFailure::Malformed(format!("the answer to {method} has another shape than expected")))
    }
}

/// Numbers come as numbers or as decimal strings.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .ok_or_else(|| serde::de::Error::custom("not a whole number"))
}
