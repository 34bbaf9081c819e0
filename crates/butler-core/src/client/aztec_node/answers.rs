//! What an Aztec node answers, as values. Fields that nobody decides by are not read.

use std::fmt;

use ethers_core::types::{Address, U256};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::client::error::RpcFailure;
use crate::domain::offence::{Offence, OffenceKind};

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

/// The heads of the node's chain. The first three are block numbers, the others checkpoint numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct L2Tips {
    /// Proposed.
    pub proposed: u64,
    /// Proven.
    pub proven: u64,
    /// Finalized on L1.
    pub finalized: u64,
    /// The newest checkpoint that the node saw on L1. For nodes that know no checkpoints, the newest block.
    pub pending_checkpoint: u64,
    /// The newest proven checkpoint. For nodes that know no checkpoints, the newest proven block.
    pub proven_checkpoint: u64,
}

/// Reads the tips in any version's form.
pub(super) fn tips(tips: &Value) -> Result<L2Tips, RpcFailure> {
    let whole = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    // Version 4 nests all but `proposed` under `block`; older versions nest nothing and say `latest`.
    let tip = |name: &str| {
        let tip = tips.get(name)?;
        whole(tip.pointer("/block/number").or_else(|| tip.get("number"))?)
    };
    let named = |name: &str| {
        tip(name).ok_or_else(|| RpcFailure::Malformed(format!("no `{name}` block number in the node's tips")))
    };
    let checkpoint = |name: &str| whole(tips.get(name)?.pointer("/checkpoint/number")?);
    let (proposed, proven) = (tip("proposed").map_or_else(|| named("latest"), Ok)?, named("proven")?);
    Ok(L2Tips {
        proposed,
        proven,
        finalized: named("finalized")?,
        pending_checkpoint: checkpoint("checkpointed").unwrap_or(proposed),
        proven_checkpoint: checkpoint("proven").unwrap_or(proven),
    })
}

/// The state of a node's world, as far as it is synchronised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorldState {
    /// The newest block in it.
    #[serde(deserialize_with = "number")]
    pub latest_block_number: u64,
    /// Whether its trees belong to the same block.
    pub trees_are_synched: bool,
}

/// A node's peers, counted by what the node says of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PeerCounts {
    /// Connected.
    pub connected: u64,
    /// Being dialled.
    pub dialing: u64,
    /// Known, and to be dialled later.
    pub cached: u64,
    /// Anything else.
    pub other: u64,
}

impl PeerCounts {
    /// Every status with its count.
    #[must_use]
    pub fn by_status(self) -> [(&'static str, u64); 4] {
        [("connected", self.connected), ("dialing", self.dialing), ("cached", self.cached), ("other", self.other)]
    }

    fn count(&mut self, status: &str) {
        let counted = match status {
            "connected" => &mut self.connected,
            "dialing" => &mut self.dialing,
            "cached" => &mut self.cached,
            _ => &mut self.other,
        };
        *counted = counted.saturating_add(1);
    }
}

#[derive(Deserialize)]
struct PeerText {
    status: String,
}

impl<'de> Deserialize<'de> for PeerCounts {
    /// Counts while it reads, and keeps no peer.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Counter;
        impl<'de> Visitor<'de> for Counter {
            type Value = PeerCounts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of peers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut peers: A) -> Result<PeerCounts, A::Error> {
                let mut counts = PeerCounts::default();
                while let Some(peer) = peers.next_element::<PeerText>()? {
                    counts.count(&peer.status);
                }
                Ok(counts)
            }
        }
        deserializer.deserialize_seq(Counter)
    }
}

/// One offence as the node writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OffenceText {
    validator: Address,
    #[serde(deserialize_with = "amount")]
    amount: U256,
    #[serde(deserialize_with = "number")]
    offense_type: u64,
    #[serde(deserialize_with = "number")]
    epoch_or_slot: u64,
}

impl From<OffenceText> for Offence {
    fn from(text: OffenceText) -> Self {
        Self {
            attester: text.validator,
            kind: OffenceKind::of_number(text.offense_type),
            epoch_or_slot: text.epoch_or_slot,
            amount: text.amount,
        }
    }
}

/// Numbers come as numbers or as decimal strings.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    value
        .as_u64()
        .or_else(|| value.as_str()?.parse().ok())
        .ok_or_else(|| serde::de::Error::custom("not a whole number"))
}

/// As `number`, for what may not fit into 64 bits.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let text = value.as_str();
    value
        .as_u64()
        .map(U256::from)
        .or_else(|| U256::from_dec_str(text.filter(|text| text.len() <= 78 && !text.is_empty())?).ok())
        .ok_or_else(|| serde::de::Error::custom("not an amount"))
}
