//! Which coinbase is right: the split of the delegation that counts, or the operator's own address.
//!
//! Providers who collect rewards themselves and pay their delegators from their own books have one address of their own in
//! every key file. To them no split is missing, and none is expected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::ids::ProviderId;

/// What an attester's coinbase must be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CoinbasePolicy {
    /// The split of the delegation that counts.
    #[default]
    Split,
    /// An address of the operator's own, the same in every file that has the attester.
    #[serde(rename = "own")]
    #[strum(serialize = "own")]
    OwnAddress,
}

/// The policies of one network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoinbasePolicies {
    /// Of every attester whose provider has no policy of its own.
    pub network: CoinbasePolicy,
    /// Of providers that have one.
    pub by_provider: BTreeMap<ProviderId, CoinbasePolicy>,
}

impl CoinbasePolicies {
    /// The policy for an attester of that provider, or of none.
    #[must_use]
    pub fn of(&self, provider: Option<ProviderId>) -> CoinbasePolicy {
        provider.and_then(|id| self.by_provider.get(&id)).copied().unwrap_or(self.network)
    }
}
