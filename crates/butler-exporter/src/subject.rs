//! Whose memory a file on disk is.

use butler_core::config::NetworkConfig;
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// A network under its name, with its chain and its registry: what was remembered of another one is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NetworkSubject {
    /// The network's name.
    pub(crate) network: String,
    /// Its chain.
    pub(crate) chain_id: u64,
    /// Its registry.
    pub(crate) staking_registry: Address,
}

impl NetworkSubject {
    /// Of this network.
    #[must_use]
    pub(crate) fn of(network: &NetworkConfig) -> Self {
        Self { network: network.name.clone(), chain_id: network.chain_id, staking_registry: network.staking_registry }
    }
}
