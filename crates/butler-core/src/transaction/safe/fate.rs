//! What became of a proposal, from the chain's own word first.

use std::time::Duration;

use ethers_core::types::H256;
use serde::Serialize;

use crate::contracts::safe::Outcome;

/// What is known of one proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalFacts {
    /// Its nonce.
    pub nonce: u64,
    /// How it ended, by a log of the Safe.
    pub executed: Option<Outcome>,
    /// The Safe's nonce, at a final block up to which its logs were read.
    pub chain_nonce: u64,
    /// What was executed with its nonce instead, and whether that only rejects, where that is known.
    pub instead: Option<(H256, bool)>,
    /// Whether the service has it; `None` where it could not be asked.
    pub is_listed: Option<bool>,
    /// The nonce nearest before it that nothing waits for, where there is one.
    pub gap: Option<u64>,
    /// Whether it would revert now, where that was tried: then it cannot be executed.
    pub reverts: Option<bool>,
    /// How long ago it was proposed.
    pub age: Duration,
    /// After how long it is stale.
    pub stale_after: Duration,
}

/// Why a proposal cannot be executed, although its nonce is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standstill {
    /// What it calls reverts.
    Reverts,
    /// Nothing waits for this nonce, which comes first.
    Gap(u64),
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It waits for signatures, or to be executed.
    Pending,
    /// It was executed, and did what it was for.
    Executed,
    /// It was executed, and what it called reverted: its nonce is used, and nothing happened.
    Failed,
    /// Another transaction was executed with its nonce.
    Replaced(Option<H256>),
    /// Its owners executed a rejection with its nonce.
    Rejected(H256),
    /// The service does not have it any more, and nothing has used its nonce: somebody deleted it.
    Deleted,
    /// It waits for longer than the operator wants.
    Stale,
    /// It cannot be executed as things are.
    Dead(Standstill),
}

impl Fate {
    /// Whether it stays so, whatever happens: its nonce is used.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Executed | Self::Failed | Self::Replaced(_) | Self::Rejected(_) => true,
            Self::Pending | Self::Deleted | Self::Stale | Self::Dead(_) => false,
        }
    }

    /// The word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Executed => "executed",
            Self::Failed => "failed",
            Self::Replaced(_) => "replaced",
            Self::Rejected(_) => "rejected",
            Self::Deleted => "deleted",
            Self::Stale => "stale",
            Self::Dead(_) => "dead",
        }
    }
}

/// What became of it. A log counts before everything else, and a used nonce before what a service says.
#[must_use]
pub fn fate_of(facts: &ProposalFacts) -> Fate {
    match facts.executed {
        Some(Outcome::Success) => return Fate::Executed,
        Some(Outcome::Failure) => return Fate::Failed,
        None => {}
    }
    if facts.chain_nonce > facts.nonce {
        return match facts.instead {
            Some((hash, true)) => Fate::Rejected(hash),
            Some((hash, false)) => Fate::Replaced(Some(hash)),
            None => Fate::Replaced(None),
        };
    }
    if facts.is_listed == Some(false) {
        return Fate::Deleted;
    }
    if facts.reverts == Some(true) {
        return Fate::Dead(Standstill::Reverts);
    }
    if let Some(gap) = facts.gap {
        return Fate::Dead(Standstill::Gap(gap));
    }
    if facts.age >= facts.stale_after { Fate::Stale } else { Fate::Pending }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: H256 = H256::repeat_byte(1);

    fn waiting() -> ProposalFacts {
        ProposalFacts {
            nonce: 7,
            executed: None,
            chain_nonce: 7,
            instead: None,
            is_listed: Some(true),
            gap: None,
            reverts: None,
            age: Duration::ZERO,
            stale_after: Duration::from_secs(60),
        }
    }

    #[test]
    fn each_state_has_its_facts() {
        let waiting = waiting();
        let used = ProposalFacts { chain_nonce: 8, ..waiting.clone() };
        let old = ProposalFacts { age: waiting.stale_after, ..waiting.clone() };
        for (facts, fate) in [
            (waiting.clone(), Fate::Pending),
            (ProposalFacts { chain_nonce: 3, is_listed: None, ..waiting.clone() }, Fate::Pending),
            (ProposalFacts { executed: Some(Outcome::Success), ..used.clone() }, Fate::Executed),
            (ProposalFacts { executed: Some(Outcome::Failure), ..used.clone() }, Fate::Failed),
            (used.clone(), Fate::Replaced(None)),
            (ProposalFacts { instead: Some((ONE, false)), ..used.clone() }, Fate::Replaced(Some(ONE))),
            (ProposalFacts { instead: Some((ONE, true)), ..used }, Fate::Rejected(ONE)),
            (ProposalFacts { is_listed: Some(false), ..old.clone() }, Fate::Deleted),
            (ProposalFacts { reverts: Some(true), ..old.clone() }, Fate::Dead(Standstill::Reverts)),
            (ProposalFacts { gap: Some(6), reverts: Some(false), ..old.clone() }, Fate::Dead(Standstill::Gap(6))),
            (old, Fate::Stale),
        ] {
            assert_eq!(fate_of(&facts), fate, "{facts:?}");
        }
    }

    #[test]
    fn a_log_counts_before_whatever_else_is_said() {
        let facts = ProposalFacts {
            executed: Some(Outcome::Success),
            is_listed: Some(false),
            reverts: Some(true),
            ..waiting()
        };
        assert!(fate_of(&facts).is_final());
        assert_eq!(fate_of(&facts).name(), "executed");
    }
}
