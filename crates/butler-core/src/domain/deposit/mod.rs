//! Which deposit of an attester made it a validator, as the rollup's own events tell.
//!
//! The rollup keeps deposits in order and lets them in in that order, so the events of one attester can be laid beside each
//! other: the first that was queued is the first that was decided. What does not fit together proves nothing.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::delegation::{Delegation, LogId};

/// What happened to a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DepositStep {
    /// `ValidatorQueued`: it entered the rollup's entry queue.
    Queued,
    /// `Deposit`: a flush let it in.
    Accepted,
    /// `FailedDeposit`: a flush refunded it.
    Refunded,
}

/// One event of a rollup about a deposit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositEvent {
    /// Where it stands.
    pub log: LogId,
    /// The rollup that tells it.
    pub rollup: Address,
    /// The attester.
    pub attester: Address,
    /// Who may withdraw, and whom a refund goes to.
    pub withdrawer: Address,
    /// What happened.
    pub step: DepositStep,
}

/// Whose deposit made an attester a validator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Winner {
    /// That of the delegation whose `StakedWithProvider` stands there.
    Delegation(LogId),
    /// None of our providers': somebody deposited it in another way.
    Stranger,
    /// Its events cannot be read, or contradict the rollup or each other.
    Unknown,
}

/// Why events do not say who it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unsettled {
    /// No deposit was accepted, or several were: an attester is accepted once.
    #[error("{0} accepted deposits are told of an attester that was accepted once")]
    Accepted(usize),
    /// The accepted deposit is of another withdrawer than the staking escrow has.
    #[error("the accepted deposit is not that of the withdrawer whom the staking escrow has")]
    Withdrawer,
    /// More deposits were decided than were queued, or others.
    #[error("the deposits that were queued are not those that were decided")]
    Order,
    /// A delegation's own deposit is not told.
    #[error("a delegation without its deposit")]
    Missing,
}

/// What the rollups told of one attester that was a validator once.
#[derive(Debug, Clone, Copy)]
pub struct DepositEvidence<'a> {
    /// Its delegations, oldest first.
    pub delegations: &'a [&'a Delegation],
    /// Every event since the first of them, in the chain's order.
    pub events: &'a [DepositEvent],
    /// The withdrawer in the staking escrow.
    pub withdrawer: Address,
    /// The canonical rollup, and how many deposits of the attester wait there now.
    pub waiting: (Address, usize),
}

/// Whose deposit it was.
///
/// # Errors
/// What does not fit.
pub fn winner(evidence: &DepositEvidence<'_>) -> Result<Winner, Unsettled> {
    let accepted: Vec<&DepositEvent> =
        evidence.events.iter().filter(|event| event.step == DepositStep::Accepted).collect();
    let [accepted] = accepted.as_slice() else { return Err(Unsettled::Accepted(accepted.len())) };
    if accepted.withdrawer != evidence.withdrawer {
        return Err(Unsettled::Withdrawer);
    }
    let here: Vec<&DepositEvent> = evidence.events.iter().filter(|event| event.rollup == accepted.rollup).collect();
    let (queued, decided): (Vec<&DepositEvent>, Vec<&DepositEvent>) =
        here.into_iter().partition(|event| event.step == DepositStep::Queued);
    let mine = own_deposits(evidence.delegations, &queued, accepted)?;
    // Those that were queued before the first delegation were decided first.
    let (canonical, waiting) = evidence.waiting;
    let earlier = if accepted.rollup == canonical {
        (decided.len() + waiting).checked_sub(queued.len()).ok_or(Unsettled::Order)?
    } else {
        decided.len().saturating_sub(queued.len())
    };
    let mut pairs = decided.iter().skip(earlier).zip(&queued);
    if !pairs.all(|(decided, queued)| decided.withdrawer == queued.withdrawer && queued.log < decided.log) {
        return Err(Unsettled::Order);
    }
    let place = decided.iter().position(|event| event.log == accepted.log).ok_or(Unsettled::Order)?;
    let Some(place) = place.checked_sub(earlier) else { return Ok(Winner::Stranger) };
    let deposit = queued.get(place).ok_or(Unsettled::Order)?;
    let own = mine.iter().find(|(log, _)| *log == deposit.log);
    Ok(own.map_or(Winner::Stranger, |(_, delegation)| Winner::Delegation(delegation.log)))
}

/// The deposit of each delegation to the rollup where one was accepted: the last one before it in its own transaction.
fn own_deposits<'a>(
    delegations: &[&'a Delegation],
    queued: &[&DepositEvent],
    accepted: &DepositEvent,
) -> Result<Vec<(LogId, &'a Delegation)>, Unsettled> {
    let mut taken = BTreeSet::new();
    let mut mine = Vec::new();
    for delegation in delegations.iter().filter(|delegation| delegation.rollup == accepted.rollup) {
        let deposit = queued.iter().rev().find(|event| {
            event.log.transaction_hash == delegation.log.transaction_hash
                && event.log < delegation.log
                && !taken.contains(&event.log)
        });
        match deposit {
            Some(event) => {
                taken.insert(event.log);
                mine.push((event.log, *delegation));
            }
            // What came after the one that was accepted does not matter here.
            None if delegation.log < accepted.log => return Err(Unsettled::Missing),
            None => {}
        }
    }
    Ok(mine)
}

#[cfg(test)]
mod tests;
