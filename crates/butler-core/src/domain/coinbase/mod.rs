//! Whether the node pays an attester's rewards to the right contract, and how urgent it is when it does not.
//!
//! The right coinbase is the split of the delegation that counts (`fate`), as far as the chain confirms that split, or where
//! the operator says so an address of the operator's own. Where there is no such delegation, or where only a log says so,
//! there is nothing to compare with, and this module says that: it never invents a fallback. (One provider proposed for two
//! months with wrong coinbases because a fallback had silenced every alarm.)

mod policy;

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arrival::Arrival;
use super::ids::Coinbase;
use super::position::Position;
use super::split::Unconfirmed;

pub use self::policy::{CoinbasePolicies, CoinbasePolicy};

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
    /// It was staked several times, and what the rollup tells does not say which deposit succeeded.
    SeveralDeposits,
    /// Somebody else than its staker can withdraw, and what the rollup tells does not say whose deposit that is.
    OtherWithdrawer,
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
    pub const ALL: [Self; 11] = [
        Self::NotStakedYet,
        Self::NoDelegation,
        Self::Dripped,
        Self::SeveralDeposits,
        Self::OtherWithdrawer,
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
            Self::SeveralDeposits => {
                "it was staked several times, and the rollup does not tell which of the deposits succeeded"
            }
            Self::OtherWithdrawer => {
                "somebody else than its staker can withdraw a deposit of its key, and the rollup does not tell whose that is"
            }
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
            Self::SeveralDeposits => "several_deposits",
            Self::OtherWithdrawer => "other_withdrawer",
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
            | Self::SeveralDeposits
            | Self::OtherWithdrawer
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
    /// Somebody else's deposit made it a validator: no delegation earns anything, and none is owed a coinbase.
    Strangers,
    /// Nothing will ever be earned: its stakes were refunded, or will be.
    Burnt,
    /// An address of the operator's own, as the policy says.
    Own,
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
            Self::Nothing | Self::Strangers | Self::Burnt | Self::Own | Self::Unconfirmed { .. } => None,
        }
    }

    /// What a log names and the chain does not confirm.
    #[must_use]
    pub fn claimed(self) -> Option<Coinbase> {
        match self {
            Self::Unconfirmed { claimed, .. } => claimed,
            Self::Nothing | Self::Strangers | Self::Burnt | Self::Own | Self::Confirmed(_) => None,
        }
    }

    /// Why nothing is confirmed, where something should be.
    #[must_use]
    pub fn doubt(self) -> Option<Unverified> {
        match self {
            Self::Unconfirmed { why, .. } => Some(why),
            Self::Nothing | Self::Strangers | Self::Burnt | Self::Own | Self::Confirmed(_) => None,
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
    if facts.expected == Expectation::Burnt {
        return CoinbaseCheck::NotApplicable;
    }
    if facts.names_zero {
        return CoinbaseCheck::Zero;
    }
    let mut configured = facts.configured.iter().copied();
    let Some(first) = configured.next() else {
        let is_staked = !matches!(facts.expected, Expectation::Nothing | Expectation::Own);
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
        Expectation::Own | Expectation::Burnt => {
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
