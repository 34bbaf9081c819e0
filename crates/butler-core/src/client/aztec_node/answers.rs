//! What an Aztec node answers, as values. Fields that nobody decides by are not read.

use std::fmt;

use ethers_core::types::{Address, U256};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::client::error::RpcFailure;
use crate::domain::rollups::RollupId;
use crate::domain::slashing::inactivity::InactivityRule;
use crate::domain::slashing::offence::NotedOffence;

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

impl NodeInfo {
    /// The rollup that the node follows.
    #[must_use]
    pub fn rollup(&self) -> RollupId {
        RollupId { address: self.l1_contract_addresses.rollup_address, version: self.rollup_version.into() }
    }
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

/// The tips in any version's form: version 4 nests all but `proposed` under `block`, older versions nest nothing and say
/// `latest`. Whatever else a node says of them is skipped while reading.
#[derive(Deserialize)]
pub(crate) struct TipsText {
    proposed: Option<TipText>,
    latest: Option<TipText>,
    checkpointed: Option<TipText>,
    proven: Option<TipText>,
    finalized: Option<TipText>,
}

#[derive(Deserialize)]
struct TipText {
    number: Option<Number>,
    block: Option<NumberText>,
    checkpoint: Option<NumberText>,
}

#[derive(Deserialize)]
struct NumberText {
    number: Option<Number>,
}

/// Reads the tips.
pub(crate) fn tips(tips: &TipsText) -> Result<L2Tips, RpcFailure> {
    let whole = |number: &Option<NumberText>| number.as_ref()?.number.as_ref().map(|number| number.0);
    let tip = |tip: &Option<TipText>| {
        let tip = tip.as_ref()?;
        whole(&tip.block).or(tip.number.as_ref().map(|number| number.0))
    };
    let named = |text: &Option<TipText>, name: &str| {
        tip(text).ok_or_else(|| RpcFailure::Malformed(format!("no `{name}` block number in the node's tips")))
    };
    let checkpoint = |tip: &Option<TipText>| whole(&tip.as_ref()?.checkpoint);
    let proposed = tip(&tips.proposed).map_or_else(|| named(&tips.latest, "latest"), Ok)?;
    let proven = named(&tips.proven, "proven")?;
    Ok(L2Tips {
        proposed,
        proven,
        finalized: named(&tips.finalized, "finalized")?,
        pending_checkpoint: checkpoint(&tips.checkpointed).unwrap_or(proposed),
        proven_checkpoint: checkpoint(&tips.proven).unwrap_or(proven),
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

    /// Every status.
    #[must_use]
    pub fn statuses() -> Vec<&'static str> {
        Self::default().by_status().map(|(status, _)| status).into()
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

/// The current fees: an object, of which nothing is read.
#[derive(Deserialize)]
pub(crate) struct FeesText {}

/// One offence as the node writes it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OffenceText {
    validator: Address,
    #[serde(deserialize_with = "amount")]
    amount: U256,
    #[serde(deserialize_with = "number")]
    offense_type: u64,
    #[serde(deserialize_with = "number")]
    epoch_or_slot: u64,
}

impl From<OffenceText> for NotedOffence {
    fn from(text: OffenceText) -> Self {
        Self {
            attester: text.validator,
            number: text.offense_type,
            epoch_or_slot: text.epoch_or_slot,
            amount: text.amount,
        }
    }
}

/// The settings of a node by which it judges others, as it writes them. It tells many more, which are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SettingsText {
    slash_inactivity_target_percentage: Option<f64>,
    slash_inactivity_consecutive_epoch_threshold: Option<Number>,
}

impl SettingsText {
    /// When an attester counts as inactive; `None` for a node that does not say, or says what cannot be.
    pub(crate) fn inactivity(self) -> Option<InactivityRule> {
        // Called a percentage, it is a share of one. Whole percents are taken for what they can only be.
        let told = self.slash_inactivity_target_percentage.filter(|share| *share > 0.0 && *share <= 100.0)?;
        let share = if told > 1.0 { told / 100.0 } else { told };
        let missed_permille = format!("{:.0}", share * 1_000.0).parse().ok()?;
        let epochs = self.slash_inactivity_consecutive_epoch_threshold.map_or(1, |epochs| epochs.0).max(1);
        Some(InactivityRule { missed_permille, epochs })
    }
}

/// A number that is written as such or as text.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct Number(#[serde(deserialize_with = "number")] pub(super) u64);

/// Numbers come as numbers or as decimal strings.
pub(super) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Digits { what: "a whole number", read: |text| text.parse().ok() })
}

/// As `number`, for what may not fit into 64 bits.
fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    let read = |text: &str| U256::from_dec_str(Some(text).filter(|text| text.len() <= 78 && !text.is_empty())?).ok();
    deserializer.deserialize_any(Digits { what: "an amount", read })
}

/// Takes a number or its digits and nothing else, so that whatever else stands there ends the reading at once.
struct Digits<T> {
    what: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T: From<u64>> Visitor<'_> for Digits<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<T, E> {
        Ok(T::from(number))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text).ok_or_else(|| E::invalid_value(serde::de::Unexpected::Other("another text"), &self))
    }
}
