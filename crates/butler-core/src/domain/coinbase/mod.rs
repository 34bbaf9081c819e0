//! Whether the node pays an attester's rewards to the right contract, and how urgent it is when it does not.
//!
//! The right coinbase is the split of the attester's last `StakedWithProvider`. Where no such event is known there is
//! nothing to compare with, and this module says so: it never invents a fallback. (One provider proposed for two months
//! with wrong coinbases because a fallback had silenced every alarm.)

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::ids::Coinbase;
use super::position::Position;

/// What is found about one attester's coinbase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum CoinbaseCheck {
    /// No coinbase is needed here yet, or none is needed any more.
    NotApplicable,
    /// Every key file names the expected coinbase.
    Matches,
    /// No key file names a coinbase.
    Missing {
        /// When it is needed.
        deadline: Deadline,
    },
    /// A key file names another coinbase than the expected one.
    Wrong {
        /// What the key file says; the lowest address when several are wrong.
        configured: Coinbase,
        /// The split that receives this attester's rewards.
        expected: Coinbase,
    },
    /// A coinbase is configured, and nothing on chain says which one is right.
    Unverifiable {
        /// What the key file says; the lowest address when there are several.
        configured: Coinbase,
        /// Why there is nothing to compare with.
        why: Unverified,
    },
}

/// When a missing coinbase is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deadline {
    /// The attester is validating without it.
    Overdue,
    /// The attester can become active then.
    Arrival(Arrival),
    /// The chain does not say.
    Unknown,
}

/// Why a configured coinbase can not be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    /// Still in the provider queue: its split does not exist yet, so what is configured can not be it.
    NotStakedYet,
    /// No delegation is known: deposited directly, or not deposited at all.
    NoDelegation,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing to do.
    Ok,
    /// Somebody should look, in working hours.
    Warning,
    /// Rewards go astray now, or soon.
    Critical,
}

/// What `check_coinbase` decides from.
#[derive(Debug, Clone)]
pub struct CoinbaseFacts {
    /// Every coinbase that some key file names for the attester.
    pub configured: BTreeSet<Coinbase>,
    /// The split of the attester's last `StakedWithProvider`.
    pub expected: Option<Coinbase>,
    /// Where the chain has the attester.
    pub position: Position,
    /// When it can become active, where that is known.
    pub arrival: Option<Arrival>,
}

/// Whether a coinbase decides where somebody's rewards go: now, or at the next flush.
fn earns(position: Position) -> bool {
    match position {
        Position::Validating | Position::EntryQueue => true,
        Position::Unregistered
        | Position::ProviderQueue
        | Position::Zombie
        | Position::Exiting
        | Position::Withdrawn => false,
    }
}

/// Compares what is configured with what the chain says.
#[must_use]
pub fn check_coinbase(facts: &CoinbaseFacts) -> CoinbaseCheck {
    let why = match facts.position {
        Position::Zombie | Position::Exiting | Position::Withdrawn => {
            return CoinbaseCheck::NotApplicable;
        }
        Position::ProviderQueue => Unverified::NotStakedYet,
        Position::Validating | Position::EntryQueue | Position::Unregistered => Unverified::NoDelegation,
    };
    let Some(first) = facts.configured.first().copied() else {
        return if facts.expected.is_some() || earns(facts.position) {
            let deadline = deadline(facts.position, facts.arrival);
            CoinbaseCheck::Missing { deadline }
        } else {
            CoinbaseCheck::NotApplicable
        };
    };
    let Some(expected) = facts.expected else {
        return CoinbaseCheck::Unverifiable { configured: first, why };
    };
    let wrong = facts.configured.iter().find(|coinbase| **coinbase != expected);
    wrong.map_or(CoinbaseCheck::Matches, |configured| CoinbaseCheck::Wrong { configured: *configured, expected })
}

fn deadline(position: Position, arrival: Option<Arrival>) -> Deadline {
    match position {
        Position::Validating => Deadline::Overdue,
        Position::EntryQueue => arrival.map_or(Deadline::Unknown, Deadline::Arrival),
        Position::Unregistered
        | Position::ProviderQueue
        | Position::Zombie
        | Position::Exiting
        | Position::Withdrawn => Deadline::Unknown,
    }
}

impl CoinbaseCheck {
    /// How much the finding matters for an attester at `position`, seen from `now` (unix seconds). A missing coinbase
    /// becomes critical when the attester may be active within `critical_within`.
    #[must_use]
    pub fn severity(&self, position: Position, now: u64, critical_within: Duration) -> Severity {
        match self {
            Self::NotApplicable | Self::Matches => Severity::Ok,
            Self::Missing { deadline } => match deadline {
                Deadline::Overdue => Severity::Critical,
                Deadline::Arrival(arrival) if arrival.earliest.saturating_sub(now) <= critical_within.as_secs() => {
                    Severity::Critical
                }
                Deadline::Arrival(_) | Deadline::Unknown => Severity::Warning,
            },
            Self::Wrong { .. } if earns(position) => Severity::Critical,
            Self::Wrong { .. } => Severity::Warning,
            Self::Unverifiable { why, .. } => match why {
                Unverified::NotStakedYet => Severity::Warning,
                // Nobody can do anything about it; a warning that never ends teaches to ignore warnings.
                Unverified::NoDelegation => Severity::Ok,
            },
        }
    }
}

#[cfg(test)]
mod tests;
