//! Who told something that cannot change, and for how long that is believed without asking again.

use serde::{Deserialize, Serialize};

use crate::client::l1::L1Client;

/// What the only endpoint told is asked again after so many blocks: about a day.
pub(in crate::chain) const ALONE: u64 = 7_200;
/// What one of several endpoints told is asked again after so many blocks: about ten minutes.
const ONE_OF_SEVERAL: u64 = 50;

/// Who told something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::chain) enum Told {
    /// Two endpoints that agree.
    ByTwo,
    /// One, by its name, when the chain was at that block.
    ByOne { endpoint: String, block: u64 },
}

impl Told {
    /// By the endpoint with that index alone, at block `number`.
    pub(in crate::chain) fn by_one(client: &L1Client, endpoint: usize, number: u64) -> Self {
        let name = client.endpoints().get(endpoint).map(|known| known.name().to_owned());
        Self::ByOne { endpoint: name.unwrap_or_default(), block: number }
    }

    /// Whether it is believed at block `number` without asking again.
    pub(in crate::chain) fn holds(&self, client: &L1Client, number: u64) -> bool {
        match self {
            Self::ByTwo => true,
            Self::ByOne { endpoint, block } => {
                let is_only_witness = client.endpoints().iter().all(|known| known.name() == endpoint);
                let patience = if is_only_witness { ALONE } else { ONE_OF_SEVERAL };
                (*block..block.saturating_add(patience)).contains(&number)
            }
        }
    }
}
