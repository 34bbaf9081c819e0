//! Whether the node pays an attester's rewards to the right contract, and how urgent it is when it does not.
//!
//! The right coinbase is the split of the attester's last `StakedWithProvider`, as far as the chain confirms that split.
//! Where there is no such event, or where only a log says so, there is nothing to compare with, and this module says that:
//! it never invents a fallback. (One provider proposed for two months with wrong coinbases because a fallback had silenced
//! every alarm.)

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::ids::Coinbase;
use super::position::Position;
use super::split::Unconfirmed;

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

/// Why a configured coinbase can not be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unverified {
    /// Still in the provider queue: its split does not exist yet, so what is configured can not be it.
    NotStakedYet,
    /// No delegation is known: deposited directly, or not deposited at all.
    NoDelegation,
    /// The logs say that its provider took it out of the queue, and the rollup has it all the same.
    Dripped,
    /// As [`Unconfirmed::NoSplitBeside`].
    NoSplitBeside,
    /// As [`Unconfirmed::OtherHash`].
    OtherHash,
    /// As [`Unconfirmed::OtherTerms`].
    OtherTerms,
    /// As [`Unconfirmed::TermsUnknown`].
    TermsUnknown,
    /// As [`Unconfirmed::SharedCoinbase`].
    SharedCoinbase,
    /// As [`Unconfirmed::EndpointsDisagree`].
    EndpointsDisagree,
}

impl Unverified {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NotStakedYet,
        Self::NoDelegation,
        Self::Dripped,
        Self::NoSplitBeside,
        Self::OtherHash,
        Self::OtherTerms,
        Self::TermsUnknown,
        Self::SharedCoinbase,
        Self::EndpointsDisagree,
    ];
}

impl From<Unconfirmed> for Unverified {
    fn from(why: Unconfirmed) -> Self {
        match why {
            Unconfirmed::NoSplitBeside => Self::NoSplitBeside,
            Unconfirmed::OtherHash => Self::OtherHash,
            Unconfirmed::OtherTerms => Self::OtherTerms,
            Unconfirmed::TermsUnknown => Self::TermsUnknown,
            Unconfirmed::SharedCoinbase => Self::SharedCoinbase,
            Unconfirmed::EndpointsDisagree => Self::EndpointsDisagree,
        }
    }
}

impl Unverified {
    /// The reason in words, to follow "because".
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::NotStakedYet => "it is not staked yet, so its split does not exist",
            Self::NoDelegation => "no delegation is known",
            Self::Dripped => "the logs say that it was taken out of the queue, and the rollup has it all the same",
            Self::NoSplitBeside => Unconfirmed::NoSplitBeside.words(),
            Self::OtherHash => Unconfirmed::OtherHash.words(),
            Self::OtherTerms => Unconfirmed::OtherTerms.words(),
            Self::TermsUnknown => Unconfirmed::TermsUnknown.words(),
            Self::SharedCoinbase => Unconfirmed::SharedCoinbase.words(),
            Self::EndpointsDisagree => Unconfirmed::EndpointsDisagree.words(),
        }
    }

    /// The name that labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotStakedYet => "not_staked_yet",
            Self::NoDelegation => "no_delegation",
            Self::Dripped => "dripped",
            Self::NoSplitBeside => "no_split_beside",
            Self::OtherHash => "other_hash",
            Self::OtherTerms => "other_terms",
            Self::TermsUnknown => "terms_unknown",
            Self::SharedCoinbase => "shared_coinbase",
            Self::EndpointsDisagree => "endpoints_disagree",
        }
    }

    /// Whether somebody can do something about it: what is known contradicts itself, or is not enough to believe it.
    #[must_use]
    pub fn is_suspect(self) -> bool {
        match self {
            Self::NotStakedYet | Self::NoDelegation => false,
            Self::Dripped
            | Self::NoSplitBeside
            | Self::OtherHash
            | Self::OtherTerms
            | Self::TermsUnknown
            | Self::SharedCoinbase
            | Self::EndpointsDisagree => true,
        }
    }
}

/// What is known of the coinbase that an attester must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// No delegation is known.
    Nothing,
    /// The split of its last delegation, which the chain confirms.
    Confirmed(Coinbase),
    /// There should be one, and it cannot be told which.
    Unconfirmed {
        /// What the log of its last delegation names; `None` without such a log.
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
            Self::Nothing | Self::Unconfirmed { .. } => None,
        }
    }

    /// What a log names and the chain does not confirm.
    #[must_use]
    pub fn claimed(self) -> Option<Coinbase> {
        match self {
            Self::Unconfirmed { claimed, .. } => claimed,
            Self::Nothing | Self::Confirmed(_) => None,
        }
    }

    /// Why nothing is confirmed, where something should be.
    #[must_use]
    pub fn doubt(self) -> Option<Unverified> {
        match self {
            Self::Unconfirmed { why, .. } => Some(why),
            Self::Nothing | Self::Confirmed(_) => None,
        }
    }
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
        | Position::Withdrawn => false,
    }
}

/// Compares what is configured with what the chain says.
#[must_use]
pub fn check_coinbase(facts: &CoinbaseFacts) -> CoinbaseCheck {
    let without = match facts.position {
        Position::Zombie | Position::Exiting | Position::Withdrawn => {
            return CoinbaseCheck::NotApplicable;
        }
        Position::ProviderQueue => Unverified::NotStakedYet,
        Position::Validating | Position::EntryQueue | Position::Unregistered => Unverified::NoDelegation,
    };
    let Some(first) = facts.configured.first().copied() else {
        return if facts.expected != Expectation::Nothing || earns(facts.position) {
            let deadline = deadline(facts.position, facts.arrival);
            CoinbaseCheck::Missing { deadline }
        } else {
            CoinbaseCheck::NotApplicable
        };
    };
    let expected = match facts.expected {
        Expectation::Confirmed(expected) => expected,
        Expectation::Nothing => return CoinbaseCheck::Unverifiable { configured: first, why: without },
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
            Self::Unverifiable { why: Unverified::NotStakedYet, .. } => Severity::Warning,
            Self::Unverifiable { why, .. } if why.is_suspect() && earns(position) => Severity::Warning,
            // Nobody can do anything about it; a warning that never ends teaches to ignore warnings.
            Self::Unverifiable { .. } => Severity::Ok,
        }
    }
}

#[cfg(test)]
mod tests;
