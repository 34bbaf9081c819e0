//! Whether the node pays an attester's rewards to the right contract, and how urgent it is when it does not.
//!
//! The right coinbase is the split of the delegation that counts (`fate`), as far as the chain confirms that split, or where
//! the operator says so an address of the operator's own. Where there is no such delegation, or where only a log says so,
//! there is nothing to compare with, and this module says that: it never invents a fallback. (One provider proposed for two
//! months with wrong coinbases because a fallback had silenced every alarm.)

mod expectation;
mod policy;
mod unverified;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::attester::arrival::Arrival;
use crate::domain::attester::position::Position;
use crate::domain::ids::Coinbase;

pub use self::expectation::Expectation;
pub use self::policy::{CoinbasePolicies, CoinbasePolicy};
pub use self::unverified::Unverified;

/// What is found about one attester's coinbase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum CoinbaseCheck {
    /// No coinbase is needed here yet, or none is needed any more.
    NotApplicable,
    /// Every key file names the expected coinbase, or the same address of the operator's own where that is the policy.
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
    /// A key file names the zero address: what is paid there is nobody's.
    Zero,
    /// Key files name several addresses of the operator's own for one attester.
    Differs {
        /// The lowest of them.
        configured: Coinbase,
        /// The next one.
        other: Coinbase,
    },
    /// It needs a coinbase, and what the key files name cannot be read.
    Unknown,
    /// A coinbase is configured, and the chain confirms none to be the right one.
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
    /// Whether some key file names the zero address.
    pub names_zero: bool,
    /// What is known of the right one.
    pub expected: Expectation,
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
        | Position::Withdrawn
        | Position::Unknown => false,
    }
}

/// Compares what is configured with what the chain says.
#[must_use]
pub fn check_coinbase(facts: &CoinbaseFacts) -> CoinbaseCheck {
    let without = match facts.position {
        Position::Zombie | Position::Exiting | Position::Withdrawn | Position::Unknown => {
            return CoinbaseCheck::NotApplicable;
        }
        Position::ProviderQueue => Unverified::NotStakedYet,
        Position::Validating | Position::EntryQueue | Position::Unregistered => Unverified::NoDelegation,
    };
    if facts.expected == Expectation::Burnt {
        return CoinbaseCheck::NotApplicable;
    }
    if facts.names_zero {
        return CoinbaseCheck::Zero;
    }
    let mut configured = facts.configured.iter().copied();
    let Some(first) = configured.next() else {
        let is_staked = !matches!(facts.expected, Expectation::Nothing | Expectation::OwnAddress);
        let is_owed = facts.expected != Expectation::Strangers;
        return if is_owed && (is_staked || earns(facts.position)) {
            let deadline = deadline(facts.position, facts.arrival);
            CoinbaseCheck::Missing { deadline }
        } else {
            CoinbaseCheck::NotApplicable
        };
    };
    let expected = match facts.expected {
        Expectation::Confirmed(expected) => expected,
        Expectation::OwnAddress | Expectation::Burnt => {
            let other = configured.next();
            return other.map_or(CoinbaseCheck::Matches, |other| CoinbaseCheck::Differs { configured: first, other });
        }
        Expectation::Nothing | Expectation::Strangers => {
            return CoinbaseCheck::Unverifiable { configured: first, why: without };
        }
        Expectation::Unconfirmed { why, .. } => return CoinbaseCheck::Unverifiable { configured: first, why },
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
        | Position::Withdrawn
        | Position::Unknown => Deadline::Unknown,
    }
}

impl CoinbaseCheck {
    /// How much the finding matters for an attester at `position`, seen from `now` (unix seconds). A missing coinbase
    /// becomes critical when the attester may be active within `critical_within`.
    #[must_use]
    pub fn severity(&self, position: Position, now: u64, critical_within: Duration) -> Severity {
        match self {
            Self::NotApplicable | Self::Matches => Severity::Ok,
            Self::Unknown => Severity::Warning,
            Self::Missing { deadline } => match deadline {
                Deadline::Overdue => Severity::Critical,
                Deadline::Arrival(arrival) if arrival.earliest.saturating_sub(now) <= critical_within.as_secs() => {
                    Severity::Critical
                }
                Deadline::Arrival(_) | Deadline::Unknown => Severity::Warning,
            },
            Self::Wrong { .. } | Self::Zero | Self::Differs { .. } if earns(position) => Severity::Critical,
            Self::Wrong { .. } | Self::Zero | Self::Differs { .. } => Severity::Warning,
            Self::Unverifiable { why: Unverified::NotStakedYet, .. } => Severity::Warning,
            Self::Unverifiable { why, .. } if why.is_suspect() && earns(position) => Severity::Warning,
            // Nobody can do anything about it; a warning that never ends teaches to ignore warnings.
            Self::Unverifiable { .. } => Severity::Ok,
        }
    }
}

#[cfg(test)]
mod tests;
