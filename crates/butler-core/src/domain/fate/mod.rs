//! What became of each delegation of one attester, and which of them counts: whose split receives the rewards.
//!
//! The one that counts is the one whose deposit succeeded, or else the first that can still succeed. An address is let in
//! once for ever, so after a success every later deposit fails; a deposit that failed registered nothing, so the key may be
//! staked again. Where the state of one block leaves two possibilities, the rollup's events decide (`deposit`).

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::delegation::Delegation;
use super::deposit::Winner;
use super::rollup::QueuedDeposit;
use super::view::AttesterView;

/// What became of the deposit of one delegation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// It was made on another rollup than the canonical one, and nothing more is known.
    Elsewhere,
    /// It cannot be told from others which of them succeeded.
    Unknown,
}

impl Fate {
    /// The name that reports and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Waiting => "waiting",
            Self::Doomed => "doomed",
            Self::Refunded => "refunded",
            Self::Elsewhere => "elsewhere",
            Self::Unknown => "unknown",
        }
    }
}

/// What fates are decided from. All of it belongs to one attester and one block.
#[derive(Debug, Clone, Copy)]
pub struct FateFacts<'a> {
    /// The canonical rollup.
    pub rollup: Address,
    /// Its delegations, oldest first.
    pub delegations: &'a [&'a Delegation],
    /// The rollup's view of it.
    pub view: &'a AttesterView,
    /// Its deposits in the rollup's entry queue, head first.
    pub waiting: &'a [&'a QueuedDeposit],
    /// What the rollup's events say; `None` where they were not needed.
    pub winner: Option<Winner>,
}

impl<'a> FateFacts<'a> {
    /// The deposits of the delegations that wait. Anybody can deposit anybody's address, so those of other withdrawers than
    /// the stakers are left out, unless nothing shows that the stakers are the withdrawers.
    fn own_waiting(&self) -> Vec<&'a QueuedDeposit> {
        let is_staker = |withdrawer: Address| self.delegations.iter().any(|delegation| delegation.staker == withdrawer);
        let own = self.waiting.iter().copied().filter(|deposit| is_staker(deposit.withdrawer));
        let own: Vec<&QueuedDeposit> = own.collect();
        // Whose stakers withdraw themselves has no other deposits.
        let is_known = self.view.withdrawer.is_some_and(is_staker);
        if own.is_empty() && !is_known { self.waiting.to_vec() } else { own }
    }

    /// How many of the delegations wait: those are the newest ones.
    fn waiting(&self) -> usize {
        let here = self.delegations.iter().filter(|delegation| delegation.rollup == self.rollup).count();
        here.min(self.own_waiting().len())
    }

    /// Whether the state of one block leaves open whose deposit succeeded.
    #[must_use]
    pub fn needs_events(&self) -> bool {
        let Some(withdrawer) = self.view.withdrawer.filter(|_| !self.delegations.is_empty()) else { return false };
        let decided = self.delegations.len() - self.waiting();
        // Whoever stakes is the withdrawer as a rule; where not, it may have been somebody else's deposit.
        let is_stakers = self.delegations.iter().any(|delegation| delegation.staker == withdrawer);
        decided > 1 || (decided == 1 && !is_stakers)
    }
}

/// What became of each delegation, in their order.
#[must_use]
pub fn fates(facts: &FateFacts<'_>) -> Vec<Fate> {
    let was_active = facts.view.was_active_once();
    let waiting = facts.waiting();
    let here = facts.delegations.iter().filter(|delegation| delegation.rollup == facts.rollup).count();
    let decided = facts.delegations.len() - waiting;
    let own = facts.own_waiting();
    let mut entries = own.iter().skip(own.len() - waiting);
    let mut left = here - waiting;
    let one = |delegation: &&Delegation| {
        let is_here = delegation.rollup == facts.rollup;
        if is_here && left == 0 {
            let is_refused = entries.next().is_some_and(|entry| entry.is_refused());
            return if was_active || is_refused { Fate::Doomed } else { Fate::Waiting };
        }
        left -= usize::from(is_here);
        if !was_active {
            return if is_here { Fate::Refunded } else { Fate::Elsewhere };
        }
        match facts.winner {
            Some(Winner::Delegation(log)) if log == delegation.log => Fate::Succeeded,
            Some(Winner::Delegation(_) | Winner::Stranger) if is_here => Fate::Refunded,
            Some(Winner::Delegation(_) | Winner::Stranger) => Fate::Doomed,
            // Nothing speaks against the only one.
            None | Some(Winner::Unknown) if decided == 1 => Fate::Succeeded,
            None | Some(Winner::Unknown) => Fate::Unknown,
        }
    };
    facts.delegations.iter().map(one).collect()
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
