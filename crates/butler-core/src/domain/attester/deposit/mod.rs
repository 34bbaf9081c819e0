//! Which deposits of an attester are those of its delegations, and which made it a validator, as the rollup's own events tell.
//!
//! The rollup keeps deposits in order and lets them in in that order, so the events of one attester can be laid beside each
//! other: the first that was queued is the first that was decided. What does not fit together proves nothing.

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::domain::attester::delegation::{Delegation, LogId};

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
    /// It has the withdrawer of its only delegation, and whether that one was refunded cannot be read.
    Unread,
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

/// What the rollups told of one attester.
#[derive(Debug, Clone, Copy)]
pub struct DepositEvidence<'a> {
    /// Its delegations, oldest first.
    pub delegations: &'a [&'a Delegation],
    /// Every event since the first of them, in the chain's order.
    pub events: &'a [DepositEvent],
    /// The withdrawer in the staking escrow; `None` of one that was never a validator.
    pub withdrawer: Option<Address>,
    /// The canonical rollup, and the withdrawers of the attester's deposits that wait there now, head first.
    pub waiting: (Address, &'a [Address]),
}

/// What events settle of one attester.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Whose deposit made it a validator; `None` of one that never was one.
    pub winner: Option<Winner>,
    /// Who may withdraw what was staked by each delegation whose deposit is told.
    pub withdrawers: Vec<(LogId, Address)>,
}

/// Whose deposits they are.
///
/// # Errors
/// What does not fit.
pub fn settle(evidence: &DepositEvidence<'_>) -> Result<Settled, Unsettled> {
    let accepted: Vec<&DepositEvent> =
        evidence.events.iter().filter(|event| event.step == DepositStep::Accepted).collect();
    let winner = match (evidence.withdrawer, accepted.as_slice()) {
        (None, []) => None,
        (Some(withdrawer), [accepted]) => Some(winner(evidence, withdrawer, accepted)?),
        // It was accepted before anything of it was delegated.
        (Some(_), []) if all_are_refunded(evidence) => Some(Winner::Stranger),
        (None | Some(_), _) => return Err(Unsettled::Accepted(accepted.len())),
    };
    let (canonical, waiting) = evidence.waiting;
    let here = on_rollup(evidence.events, canonical);
    let queued: Vec<Address> = here.queued.iter().map(|event| event.withdrawer).collect();
    // Those that were queued before the first delegation were decided first, or wait before the others.
    let told = queued.len().min(waiting.len());
    let is_whole = here.decided.len().saturating_add(waiting.len()) >= queued.len();
    if !is_whole || queued.get(queued.len() - told..) != waiting.get(waiting.len() - told..) {
        return Err(Unsettled::Order);
    }
    let rollups: BTreeSet<Address> = evidence.delegations.iter().map(|delegation| delegation.rollup).collect();
    let mut withdrawers = Vec::new();
    for rollup in rollups {
        let queued = on_rollup(evidence.events, rollup).queued;
        let deposits = own_deposits(evidence.delegations, &queued, rollup);
        withdrawers.extend(deposits.iter().map(|(deposit, delegation)| (delegation.log, deposit.withdrawer)));
    }
    Ok(Settled { winner, withdrawers })
}

/// The events of one rollup, in the chain's order.
struct OnRollup<'a> {
    queued: Vec<&'a DepositEvent>,
    decided: Vec<&'a DepositEvent>,
}

fn on_rollup(events: &[DepositEvent], rollup: Address) -> OnRollup<'_> {
    let here = events.iter().filter(|event| event.rollup == rollup);
    let (queued, decided) = here.partition(|event| event.step == DepositStep::Queued);
    OnRollup { queued, decided }
}

/// Whether each delegation's deposit is told, and as many refunds as deposits that wait no more.
fn all_are_refunded(evidence: &DepositEvidence<'_>) -> bool {
    let rollups: BTreeSet<Address> = evidence.delegations.iter().map(|delegation| delegation.rollup).collect();
    let (canonical, waiting) = evidence.waiting;
    rollups.into_iter().all(|rollup| {
        let OnRollup { queued, decided } = on_rollup(evidence.events, rollup);
        let here = evidence.delegations.iter().filter(|delegation| delegation.rollup == rollup).count();
        let waiting = if rollup == canonical { waiting.len() } else { 0 };
        own_deposits(evidence.delegations, &queued, rollup).len() == here
            && decided.len().saturating_add(waiting) >= queued.len()
    })
}

/// Whose deposit was accepted.
fn winner(evidence: &DepositEvidence<'_>, withdrawer: Address, accepted: &DepositEvent) -> Result<Winner, Unsettled> {
    if accepted.withdrawer != withdrawer {
        return Err(Unsettled::Withdrawer);
    }
    let OnRollup { queued, decided } = on_rollup(evidence.events, accepted.rollup);
    let mine = own_deposits(evidence.delegations, &queued, accepted.rollup);
    let here = evidence.delegations.iter().filter(|delegation| delegation.rollup == accepted.rollup);
    // What came after the one that was accepted does not matter here.
    if here
        .filter(|delegation| delegation.log < accepted.log)
        .any(|delegation| !mine.iter().any(|(_, of)| of.log == delegation.log))
    {
        return Err(Unsettled::Missing);
    }
    // Those that were queued before the first delegation were decided first.
    let (canonical, waiting) = evidence.waiting;
    let earlier = if accepted.rollup == canonical {
        (decided.len() + waiting.len()).checked_sub(queued.len()).ok_or(Unsettled::Order)?
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
    let own = mine.iter().find(|(mine, _)| mine.log == deposit.log);
    Ok(own.map_or(Winner::Stranger, |(_, delegation)| Winner::Delegation(delegation.log)))
}

/// The deposit of each delegation to a rollup, where it is told: the last one before it in its own transaction.
fn own_deposits<'a, 'e>(
    delegations: &[&'a Delegation],
    queued: &[&'e DepositEvent],
    rollup: Address,
) -> Vec<(&'e DepositEvent, &'a Delegation)> {
    let mut taken = BTreeSet::new();
    let mut mine = Vec::new();
    for delegation in delegations.iter().filter(|delegation| delegation.rollup == rollup) {
        let deposit = queued.iter().rev().find(|event| {
            event.log.transaction_hash == delegation.log.transaction_hash
                && event.log < delegation.log
                && !taken.contains(&event.log)
        });
        if let Some(event) = deposit {
            taken.insert(event.log);
            mine.push((*event, *delegation));
        }
    }
    mine
}

#[cfg(test)]
mod tests;
