//! The operator's view of an attester: the six documented states, which also know whether a coinbase is configured.
//!
//! `state` is total and believes the chain and the files, and remembers nothing: whoever looks for the first time and
//! whoever looked before say the same. Whether the step from one state to the next is a documented one is `transition`'s
//! question.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};
use thiserror::Error;

use crate::domain::attester::view::OnChainStatus;
use crate::text::closed::every;

/// A state of the documented life cycle. The order is the order of an attester's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// The keys exist; nothing is registered or configured.
    New,
    /// Waiting in a provider's queue to be taken by a delegation.
    InStakingProviderQueue,
    /// Taken from the queue, and the node does not know where its rewards go.
    CoinbaseNeeded,
    /// A coinbase is configured; waiting to become active.
    InStakingQueue,
    /// Validating on the rollup.
    Active,
    /// Slashed out, leaving or gone.
    NoLongerActive,
}

/// A text that names no state.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a state of an attester")]
pub struct UnknownState(pub String);

impl State {
    /// Every state, in the order of an attester's life.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that the diagram, reports, labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        Self::ALL.into_iter().find(|state| state.name() == text).ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// What `state` decides from. All of it belongs to one block and one set of key files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateFacts {
    /// The rollup's own verdict.
    pub status: OnChainStatus,
    /// Whether the attester was ever activated.
    pub was_active_once: bool,
    /// Whether a key file names a coinbase for it.
    pub coinbase_configured: bool,
    /// Whether one of our providers' queues holds it.
    pub in_provider_queue: bool,
    /// Whether the rollup's entry queue holds it.
    pub in_entry_queue: bool,
    /// Whether a `StakedWithProvider` names it.
    pub staked_with_provider: bool,
    /// Whether the ledger says that its provider took it out of the queue, and nobody staked it since.
    pub dripped: bool,
}

/// The state that the facts put the attester in.
#[must_use]
pub fn state(facts: StateFacts) -> State {
    match facts.status {
        OnChainStatus::Zombie | OnChainStatus::Exiting => State::NoLongerActive,
        // A missing coinbase of an active attester is a finding (`coinbase`), not a state.
        OnChainStatus::Validating => State::Active,
        OnChainStatus::None => state_without_status(facts),
    }
}

/// The state of an attester that the rollup gives no status.
fn state_without_status(facts: StateFacts) -> State {
    if facts.was_active_once {
        State::NoLongerActive
    } else if facts.coinbase_configured {
        State::InStakingQueue
    } else if facts.in_provider_queue {
        State::InStakingProviderQueue
    } else if facts.in_entry_queue || facts.staked_with_provider || facts.dripped {
        // It left the provider queue, wherever to: the diagram's own arrow.
        State::CoinbaseNeeded
    } else {
        State::New
    }
}

#[cfg(test)]
mod tests;
