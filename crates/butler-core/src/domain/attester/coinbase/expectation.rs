//! What is known of the coinbase that an attester must have, before anybody looks at key files.

use serde::{Deserialize, Serialize};

use super::unverified::Unverified;
use crate::domain::ids::Coinbase;

/// What is known of the coinbase that an attester must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// No delegation is known.
    Nothing,
    /// Somebody else's deposit made it a validator: no delegation earns anything, and none is owed a coinbase.
    Strangers,
    /// Nothing will ever be earned: its stakes were refunded, or will be.
    Burnt,
    /// An address of the operator's own, as the policy says.
    OwnAddress,
    /// The split of the delegation that counts, which the chain confirms.
    Confirmed(Coinbase),
    /// There should be one, and it cannot be told which.
    Unconfirmed {
        /// What the log of the delegation that counts names; `None` without such a log.
        claimed: Option<Coinbase>,
        /// Why that is not believed.
        why: Unverified,
    },
}

impl Expectation {
    /// The coinbase, where it is confirmed.
    #[must_use]
    pub fn confirmed(self) -> Option<Coinbase> {
        match self {
            Self::Confirmed(coinbase) => Some(coinbase),
            Self::Nothing | Self::Strangers | Self::Burnt | Self::OwnAddress | Self::Unconfirmed { .. } => None,
        }
    }

    /// What a log names and the chain does not confirm.
    #[must_use]
    pub fn claimed(self) -> Option<Coinbase> {
        match self {
            Self::Unconfirmed { claimed, .. } => claimed,
            Self::Nothing | Self::Strangers | Self::Burnt | Self::OwnAddress | Self::Confirmed(_) => None,
        }
    }

    /// Why nothing is confirmed, where something should be.
    #[must_use]
    pub fn doubt(self) -> Option<Unverified> {
        match self {
            Self::Unconfirmed { why, .. } => Some(why),
            Self::Nothing | Self::Strangers | Self::Burnt | Self::OwnAddress | Self::Confirmed(_) => None,
        }
    }
}
