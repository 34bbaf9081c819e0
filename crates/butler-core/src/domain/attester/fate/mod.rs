//! What became of each delegation of one attester, and which of them counts: whose split receives the rewards.
//!
//! The one that counts is the one whose deposit succeeded, or else the first that can still succeed. An address is let in
//! once for ever, so after a success every later deposit fails, also after that of a stranger who deposited the same key; a
//! deposit that failed registered nothing, so the key may be staked again. Where the state of one block leaves two
//! possibilities, the rollup's events decide (`deposit`).

use std::collections::BTreeSet;

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::entry_queue::Refusal;
use crate::domain::attester::view::AttesterView;
use crate::domain::rollup::QueuedDeposit;

/// What became of the deposit of one delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It made the attester a validator.
    Succeeded,
    /// It waits in the entry queue, and nothing is known that speaks against it.
    Waiting,
    /// It waits in the entry queue, and will be refunded.
    Doomed,
    /// It was refunded.
    Refunded,
    /// It was made on a rollup of which nothing is known.
    Elsewhere,
    /// It cannot be told from others which of them succeeded.
    Unknown,
}

impl Fate {
    /// The name that reports and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A deposit of an attester that waits in a rollup's entry queue.
#[derive(Debug, Clone, Copy)]
pub struct WaitingDeposit<'a> {
    /// The rollup.
    pub rollup: Address,
    /// How many deposits are before it.
    pub place: u64,
    /// The deposit.
    pub deposit: &'a QueuedDeposit,
    /// Why it will be refunded, where something speaks against it.
    pub refusal: Option<Refusal>,
}

/// What fates are decided from. All of it belongs to one attester and one block.
#[derive(Debug, Clone, Copy)]
pub struct FateFacts<'f, 'a> {
    /// The canonical rollup.
    pub rollup: Address,
    /// Rollups that were canonical before, and whose entry queues are known as far as they concern the attester.
    pub former: &'f [Address],
    /// Its delegations, oldest first.
    pub delegations: &'f [&'a Delegation],
    /// The rollup's view of it.
    pub view: &'f AttesterView,
    /// Its deposits in entry queues, each queue's head first, whoever made them.
    pub waiting: &'f [WaitingDeposit<'a>],
    /// What the rollup's events say; `None` where they were not needed.
    pub winner: Option<Winner>,
}

impl<'a> FateFacts<'_, 'a> {
    /// The waiting deposit of each delegation, in the delegations' order. Anybody can deposit anybody's address: what another
    /// withdrawer than the delegation's has deposited is not the delegation's. Who withdraws is the staker where no event was
    /// read. Of several with one withdrawer the newest delegations are those that still wait.
    #[must_use]
    pub fn waiting_of_each(&self) -> Vec<Option<WaitingDeposit<'a>>> {
        let mut left: Vec<&WaitingDeposit<'a>> = self.waiting.iter().collect();
        let mut found: Vec<Option<WaitingDeposit<'a>>> = Vec::with_capacity(self.delegations.len());
        for delegation in self.delegations.iter().rev() {
            let is_its = |waiting: &&WaitingDeposit<'_>| {
                waiting.rollup == delegation.rollup && waiting.deposit.withdrawer == withdrawer(delegation)
            };
            let place = left.iter().rposition(is_its);
            found.push(place.map(|place| *left.remove(place)));
        }
        found.reverse();
        found
    }

    /// Whether the deposit of a delegation that is not found among those that wait may all the same be one of them: one that
    /// another than the staker can withdraw.
    fn may_wait(&self, delegation: &Delegation, found: &[Option<WaitingDeposit<'_>>]) -> bool {
        let at_its_rollup = |waiting: &&WaitingDeposit<'_>| waiting.rollup == delegation.rollup;
        let is_open = self.knows(delegation.rollup) && delegation.withdrawer.is_none();
        let all_found = found.iter().flatten();
        is_open && all_found.filter(at_its_rollup).count() < self.waiting.iter().filter(at_its_rollup).count()
    }

    fn knows(&self, rollup: Address) -> bool {
        rollup == self.rollup || self.former.contains(&rollup)
    }

    /// Whether the escrow's withdrawer is the one of this delegation; `None` where another one may be the delegation's, too.
    fn is_by_its_withdrawer(&self, delegation: &Delegation) -> Option<bool> {
        let Some(known) = self.view.withdrawer else { return Some(true) };
        if withdrawer(delegation) == known { Some(true) } else { delegation.withdrawer.map(|_| false) }
    }

    /// Whether the state of one block leaves open which deposits are those of the delegations, or whose succeeded.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        let found = self.waiting_of_each();
        let decided: Vec<&Delegation> = self.decided(&found);
        if self.view.withdrawer.is_none() {
            return decided.iter().any(|delegation| self.may_wait(delegation, &found));
        }
        match decided.as_slice() {
            [] => false,
            [only] => self.is_by_its_withdrawer(only).is_none(),
            [_, _, ..] => true,
        }
    }

    /// The delegation for whose success nothing but its withdrawer speaks, without events: somebody else may have deposited
    /// the same key for the same withdrawer.
    #[must_use]
    pub fn resting(&self) -> Option<&'a Delegation> {
        self.view.withdrawer?;
        match self.decided(&self.waiting_of_each()).as_slice() {
            [only] if self.is_by_its_withdrawer(only) == Some(true) => Some(*only),
            [] | [_] | [_, _, ..] => None,
        }
    }

    /// The delegations whose deposits do not wait, as far as it is known.
    fn decided(&self, found: &[Option<WaitingDeposit<'_>>]) -> Vec<&'a Delegation> {
        let pairs = self.delegations.iter().zip(found);
        pairs.filter(|(_, waiting)| waiting.is_none()).map(|(delegation, _)| *delegation).collect()
    }
}

/// Who may withdraw what was staked.
fn withdrawer(delegation: &Delegation) -> Address {
    delegation.withdrawer.unwrap_or(delegation.staker)
}

/// What became of each delegation, in their order.
#[must_use]
pub fn fates(facts: &FateFacts<'_, '_>) -> Vec<Fate> {
    let found = facts.waiting_of_each();
    let own: BTreeSet<(Address, u64)> = found.iter().flatten().map(|waiting| (waiting.rollup, waiting.place)).collect();
    let decided = facts.decided(&found).len();
    let was_active = facts.view.was_active_once();
    let one = |(delegation, waiting): (&&Delegation, &Option<WaitingDeposit<'_>>)| {
        if let Some(waiting) = waiting {
            return match waiting.refusal {
                None => Fate::Waiting,
                // The one before it is the attester's own, too, and may still fail.
                Some(Refusal::Overtaken { place }) if own.contains(&(waiting.rollup, place)) => Fate::Waiting,
                Some(_) => Fate::Doomed,
            };
        }
        let is_here = facts.knows(delegation.rollup);
        let lost = if is_here { Fate::Refunded } else { Fate::Doomed };
        if !was_active {
            return match (is_here, facts.may_wait(delegation, &found)) {
                (false, _) => Fate::Elsewhere,
                (true, true) => Fate::Unknown,
                (true, false) => Fate::Refunded,
            };
        }
        match facts.winner {
            Some(Winner::Delegation(log)) if log == delegation.log => Fate::Succeeded,
            Some(Winner::Delegation(_) | Winner::Stranger) => lost,
            None | Some(Winner::Unknown | Winner::Unread) if decided == 1 => {
                match (facts.is_by_its_withdrawer(delegation), facts.winner.is_some()) {
                    (Some(false), _) => lost,
                    // Nothing speaks against the only one.
                    (Some(true), false) => Fate::Succeeded,
                    // Something does, or its withdrawer is not known, and events do not tell.
                    (Some(true), true) | (None, _) => Fate::Unknown,
                }
            }
            None | Some(Winner::Unknown | Winner::Unread) => Fate::Unknown,
        }
    };
    facts.delegations.iter().zip(&found).map(one).collect()
}

/// Which delegation of an attester counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// There is none.
    NoDelegation,
    /// This one, by its place.
    Delegation(usize),
    /// Somebody else made it a validator: no delegation of our providers earns anything.
    Stranger,
    /// Every stake was refunded, or will be: the attester earns nothing for anybody.
    Burnt,
    /// It cannot be told.
    Unknown,
}

/// Which delegation counts, by the fates of all of them.
#[must_use]
pub fn counting(fates: &[Fate], was_active: bool) -> Counting {
    let first = |fate| fates.iter().position(|each| *each == fate);
    if fates.is_empty() {
        return Counting::NoDelegation;
    }
    if let Some(place) = first(Fate::Succeeded) {
        return Counting::Delegation(place);
    }
    if first(Fate::Unknown).is_some() {
        return Counting::Unknown;
    }
    if was_active {
        return Counting::Stranger;
    }
    let can_succeed = first(Fate::Waiting).or_else(|| first(Fate::Elsewhere));
    can_succeed.map_or(Counting::Burnt, Counting::Delegation)
}

#[cfg(test)]
mod tests;
