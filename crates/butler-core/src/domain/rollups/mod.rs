//! Rollups that were canonical once, and what of ours they still hold: when a new rollup becomes canonical, attesters that move
//! along are on the new one at once; exits, zombies, deposits that wait, rewards and attesters that do not move stay.
//!
//! Nothing of ours is on two rollups at a time but rewards, which wait wherever they were earned.

pub mod checklist;
pub mod cut_over;
pub mod followed;
pub mod untold;

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use super::ids::Coinbase;
use super::rollup::{QueuedDeposit, RollupFacts};
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::text::address::checksummed;

/// A rollup by its address and its version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RollupId {
    /// Its address.
    pub address: Address,
    /// The version that Aztec's registry has it under.
    pub version: U256,
}

/// A rollup that is not the canonical one any more, with what of ours is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerRollup {
    /// Which it is.
    pub id: RollupId,
    /// When it was first seen as a former one, in unix seconds: no sooner than it became one.
    pub since: u64,
    /// Its figures; `None` where it holds nothing and was not canonical lately, or does not tell them all.
    pub figures: Option<Box<RollupFacts>>,
    /// Attesters of ours that it has: those that validate, are zombies or exit there.
    pub attesters: BTreeMap<Address, AttesterView>,
    /// Its entry queue, head first, where one of our attesters waits in it; else empty.
    pub entry_queue: Vec<QueuedDeposit>,
    /// What waits there for each of our coinbases that has something.
    pub pending_rewards: BTreeMap<Coinbase, U256>,
    /// The first function that it does not answer in a form that is known, so that it is not known whether it holds more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unread: Option<String>,
    /// Attesters of ours of which it does not tell whether they are there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untold_attesters: BTreeSet<Address>,
    /// Whether it does not tell who waits in its entry queue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_queue_untold: bool,
    /// Coinbases of ours of which it does not tell what waits there for them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub untold_rewards: BTreeSet<Coinbase>,
}

impl FormerRollup {
    /// A rollup that holds nothing of ours.
    #[must_use]
    pub fn empty(id: RollupId, since: u64) -> Self {
        Self {
            id,
            since,
            figures: None,
            attesters: BTreeMap::new(),
            entry_queue: Vec::new(),
            pending_rewards: BTreeMap::new(),
            unread: None,
            untold_attesters: BTreeSet::new(),
            is_queue_untold: false,
            untold_rewards: BTreeSet::new(),
        }
    }

    /// Attesters of ours that validate there.
    pub fn validating(&self) -> impl Iterator<Item = Address> {
        let is_validating = |view: &AttesterView| view.status == OnChainStatus::Validating;
        self.attesters.iter().filter(move |(_, view)| is_validating(view)).map(|(attester, _)| *attester)
    }

    /// Whether attesters of ours have, or will have, a stake there that can be lost.
    #[must_use]
    pub fn holds_stakes(&self) -> bool {
        !self.attesters.is_empty() || !self.entry_queue.is_empty()
    }

    /// Whether attesters of ours may be there of which it does not tell.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.is_queue_untold || !self.untold_attesters.is_empty()
    }

    /// Whether it does not tell if an attester with this view of the canonical rollup's is there. Whoever was never let in
    /// anywhere can only wait there, and whoever was is let in nowhere else.
    #[must_use]
    pub fn may_have(&self, attester: Address, view: &AttesterView) -> bool {
        match (view.status, view.was_active_once()) {
            (OnChainStatus::None, true) => self.untold_attesters.contains(&attester),
            (OnChainStatus::None, false) => self.is_queue_untold,
            (OnChainStatus::Validating | OnChainStatus::Zombie | OnChainStatus::Exiting, _) => false,
        }
    }

    /// What it does not tell, in a sentence without a capital and a period.
    #[must_use]
    pub fn silence(&self) -> String {
        let function = self.unread.as_deref().unwrap_or("what it is asked");
        format!(
            "the former rollup {} (version {}) does not answer {function}",
            checksummed(&self.id.address),
            self.id.version
        )
    }

    /// Whether nothing of ours is there, as far as it tells.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attesters.is_empty() && self.entry_queue.is_empty() && self.pending_rewards.is_empty()
    }
}

/// Rewards that wait at a former rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RewardsLeft {
    /// Where.
    pub rollup: RollupId,
    /// How much, in base units of the fee asset.
    pub amount: U256,
}

/// Puts each attester that the canonical rollup does not have where it stands.
pub fn settle_views(attesters: &mut BTreeMap<Address, AttesterView>, former: &[FormerRollup]) {
    for (attester, view) in former.iter().flat_map(|rollup| &rollup.attesters) {
        if let Some(known) = attesters.get_mut(attester).filter(|known| known.status == OnChainStatus::None) {
            *known = *view;
        }
    }
}

/// Adds what waits at former rollups to what waits at the canonical one. `None` when a sum does not fit.
#[must_use]
pub fn sum_rewards(pending: &mut BTreeMap<Coinbase, U256>, former: &[FormerRollup]) -> Option<()> {
    for (coinbase, amount) in former.iter().flat_map(|rollup| &rollup.pending_rewards) {
        let sum = pending.entry(*coinbase).or_default();
        *sum = sum.checked_add(*amount)?;
    }
    Some(())
}

#[cfg(test)]
mod tests;
