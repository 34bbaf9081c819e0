//! Shapes that several reports share. Addresses carry their checksum, amounts are decimal strings in base units (wei),
//! moments are unix seconds, absence is `null`.

use std::collections::BTreeSet;

use butler_core::domain::block::BlockRef;
use butler_core::domain::capability::Capability;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::rollups::{RewardsLeft, RollupId};
use butler_core::text::address::checksummed;
use ethers_core::types::{Address, U256};
use serde::{Serialize, Serializer};

/// An address with its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JsonAddress(pub Address);

impl Serialize for JsonAddress {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&checksummed(&self.0))
    }
}

impl From<Address> for JsonAddress {
    fn from(address: Address) -> Self {
        Self(address)
    }
}

impl From<Coinbase> for JsonAddress {
    fn from(coinbase: Coinbase) -> Self {
        Self(coinbase.address())
    }
}

/// An amount in base units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct JsonAmount(pub U256);

impl Serialize for JsonAmount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Dividing 256 bits for each digit takes twenty times as long.
        match u128::try_from(self.0) {
            Ok(amount) => serializer.collect_str(&amount),
            Err(_) => serializer.collect_str(&self.0),
        }
    }
}

impl From<U256> for JsonAmount {
    fn from(amount: U256) -> Self {
        Self(amount)
    }
}

/// A rollup.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct JsonRollup {
    /// Its address.
    pub address: JsonAddress,
    /// The version that Aztec's registry has it under.
    pub version: JsonAmount,
    /// Whether it is the canonical one.
    pub is_canonical: bool,
}

impl JsonRollup {
    /// The rollup, where `canonical` is the canonical one.
    pub(crate) fn new(rollup: RollupId, canonical: RollupId) -> Self {
        Self { address: rollup.address.into(), version: rollup.version.into(), is_canonical: rollup == canonical }
    }
}

/// Rewards that wait at a former rollup.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct JsonRewardsLeft {
    /// Where.
    pub rollup: JsonAddress,
    /// The version of that rollup.
    pub version: JsonAmount,
    /// How much.
    pub amount: JsonAmount,
}

impl From<RewardsLeft> for JsonRewardsLeft {
    fn from(left: RewardsLeft) -> Self {
        let RollupId { address, version } = left.rollup;
        Self { rollup: address.into(), version: version.into(), amount: left.amount.into() }
    }
}

/// What every report on a chain begins with.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Scope {
    /// The network's name in the configuration.
    pub network: String,
    /// The L1 chain.
    pub chain_id: u64,
    /// The block that everything in the report belongs to.
    pub block: BlockRef,
    /// The canonical rollup at that block.
    pub rollup: JsonAddress,
    /// The endpoint that told some of it alone, although several are configured; in JSON only whether there is one.
    #[serde(serialize_with = "is_some")]
    pub unconfirmed: Option<String>,
    /// What is expected of a rollup, or of a contract beside it, and is not there; in JSON without whose it is.
    #[serde(serialize_with = "names_only")]
    pub missing: Vec<(String, Capability)>,
}

fn names_only<S: Serializer>(missing: &[(String, Capability)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(missing.iter().map(|(_, capability)| capability).collect::<BTreeSet<_>>())
}

fn is_some<S: Serializer>(value: &Option<String>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(value.is_some())
}
