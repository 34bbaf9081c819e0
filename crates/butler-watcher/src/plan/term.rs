//! A term of a provider, as an event tells it and as the registry answers it.

use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::ProviderFacts;
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::event::Happened;

/// One thing that the registry says of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Who may change it.
    Admin(Address),
    /// Who receives its share of future delegations.
    Recipient(Address),
    /// That share in basis points.
    TakeRate(u16),
}

impl Term {
    /// All of a provider.
    pub(super) fn all(facts: &ProviderFacts) -> [Self; 3] {
        [Self::Admin(facts.admin), Self::Recipient(facts.rewards_recipient), Self::TakeRate(facts.take_rate_bps)]
    }

    /// What an event says of a provider's terms.
    pub(super) fn of_event(what: &Happened) -> Option<(ProviderId, Self)> {
        match what {
            Happened::AdminChanged { provider, admin } => Some((*provider, Self::Admin(*admin))),
            Happened::RecipientChanged { provider, recipient } => Some((*provider, Self::Recipient(*recipient))),
            Happened::TakeRateChanged { provider, bps } => Some((*provider, Self::TakeRate(*bps))),
            Happened::Staked { .. }
            | Happened::KeysAdded { .. }
            | Happened::Dripped { .. }
            | Happened::AdminChangeBegun { .. }
            | Happened::Queued { .. }
            | Happened::Accepted { .. }
            | Happened::Refunded { .. }
            | Happened::Slashed { .. }
            | Happened::ExitByWithdrawer { .. }
            | Happened::ExitByAttester { .. }
            | Happened::ExitFinalized { .. }
            | Happened::RollupChanged { .. }
            | Happened::SlasherChanged { .. }
            | Happened::SlashingPaused { .. }
            | Happened::SlashVetoed { .. } => None,
        }
    }

    /// The event that would have told it.
    pub(super) fn event(self, provider: ProviderId) -> Happened {
        match self {
            Self::Admin(admin) => Happened::AdminChanged { provider, admin },
            Self::Recipient(recipient) => Happened::RecipientChanged { provider, recipient },
            Self::TakeRate(bps) => Happened::TakeRateChanged { provider, bps },
        }
    }

    /// Whether both are values of the same thing.
    pub(super) fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// Its value as a part of a key.
    pub(super) fn part(self) -> String {
        match self {
            Self::Admin(address) | Self::Recipient(address) => format!("{address:?}"),
            Self::TakeRate(bps) => bps.to_string(),
        }
    }
}
