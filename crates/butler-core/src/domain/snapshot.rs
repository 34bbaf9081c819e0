//! One network at one block: everything that the three programs decide from.
//!
//! A snapshot is complete or it does not exist: a read that failed is an error of the reader, never a gap in here.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use super::block::BlockRef;
use super::ids::{Coinbase, ProviderId};
use super::rollup::{QueuedDeposit, RollupFacts};
use super::rollups::{FormerRollup, RewardsLeft, RollupId};
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::capability::Capability;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::provider::split::SplitCheck;

/// Facts of one network, all read at `block`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSnapshot {
    /// The L1 chain.
    pub chain_id: u64,
    /// The block that every fact belongs to.
    pub block: BlockRef,
    /// The canonical rollup.
    pub rollup: RollupFacts,
    /// Our providers, with their queues.
    pub providers: BTreeMap<ProviderId, ProviderFacts>,
    /// All providers that are not ours; empty unless they were asked for.
    pub other_providers: BTreeMap<ProviderId, ProviderFacts>,
    /// The rollup's entry queue, head first.
    pub entry_queue: Vec<QueuedDeposit>,
    /// The rollup's active attesters, in the contract's order.
    pub active_set: Vec<Address>,
    /// Rollups that were canonical before, in the order of Aztec's registry, with what of ours they hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub former_rollups: Vec<FormerRollup>,
    /// The view of every tracked attester, of the rollup where it stands.
    pub attesters: BTreeMap<Address, AttesterView>,
    /// Every `StakedWithProvider` of our providers up to `block`, oldest first.
    pub delegations: Vec<Delegation>,
    /// What is known of the split of every coinbase that a delegation names.
    pub splits: BTreeMap<Coinbase, SplitCheck>,
    /// Whose deposit succeeded, of attesters where the state of this block alone leaves that open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub winners: BTreeMap<Address, Winner>,
    /// Attesters that the logs say our providers took out of their queues, and that were not delegated since.
    pub dripped: BTreeSet<Address>,
    /// Balance of each publisher in wei.
    pub publisher_balances: BTreeMap<Address, U256>,
    /// Sequencer rewards that wait for each coinbase at all rollups, in base units of the fee asset.
    pub pending_rewards: BTreeMap<Coinbase, U256>,
    /// Why zombies are zombies, by what events tell, where their amounts do not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zombie_causes: BTreeMap<Address, ZombieCause>,
    /// How long governance keeps what begins to leave at this block, in seconds; `None` where it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal_delay_seconds: Option<u64>,
    /// The endpoint that told some of it alone, although several are configured; `None` when a second one confirmed all that
    /// contracts answered, and where there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unconfirmed: Option<String>,
}

impl NetworkSnapshot {
    /// The canonical rollup.
    #[must_use]
    pub fn canonical(&self) -> RollupId {
        RollupId { address: self.rollup.address, version: self.rollup.version }
    }

    /// The rollup at an address; `None` for one of which nothing is known.
    #[must_use]
    pub fn rollup_id(&self, address: Address) -> Option<RollupId> {
        let known = self.former_rollups.iter().map(|former| former.id).chain([self.canonical()]);
        known.into_iter().find(|rollup| rollup.address == address)
    }

    /// The rollup that has an attester which validates, is a zombie or exits.
    #[must_use]
    pub fn stands_at(&self, attester: Address) -> Option<RollupId> {
        let view = self.attesters.get(&attester).filter(|view| view.status != OnChainStatus::None)?;
        let former = self.former_rollups.iter().find(|rollup| rollup.attesters.get(&attester) == Some(view));
        Some(former.map_or_else(|| self.canonical(), |rollup| rollup.id))
    }

    /// The former rollup that may have an attester and does not tell whether it has; `None` where it is known where it stands.
    #[must_use]
    pub fn may_stand_at(&self, attester: Address) -> Option<&FormerRollup> {
        let view = self.attesters.get(&attester)?;
        self.former_rollups.iter().find(|former| former.may_have(attester, view))
    }

    /// Why it is not known where an attester stands; `None` where it is.
    #[must_use]
    pub fn position_doubt(&self, attester: Address) -> Option<String> {
        if let Some(former) = self.may_stand_at(attester) {
            return Some(former.silence());
        }
        let view = self.attesters.get(&attester)?;
        let may_be_newer = self.rollup.missing.contains(&Capability::LatestRollup);
        let is_nowhere = view.status == OnChainStatus::None && view.was_active_once();
        (may_be_newer && is_nowhere).then(|| Capability::LatestRollup.told("rollup"))
    }

    /// Why an attester is a zombie; `None` for one that is none.
    #[must_use]
    pub fn zombie_cause(&self, attester: Address) -> Option<ZombieCause> {
        let at = self.stands_at(attester)?;
        let cause = ZombieCause::of(
            self.attesters.get(&attester)?,
            self.figures_of(at.address),
            self.rollup.activation_threshold,
        )?;
        let told = self.zombie_causes.get(&attester).filter(|_| cause == ZombieCause::Unclear);
        Some(told.copied().unwrap_or(cause))
    }

    /// What is missing at the canonical rollup, at the contracts that all rollups share, and at former rollups that hold stakes of
    /// ours: by the rollup's name in a sentence.
    #[must_use]
    pub fn missing(&self) -> Vec<(String, Capability)> {
        let canonical = (self.rollup.version, Some(&self.rollup), "rollup");
        let former = self.former_rollups.iter().filter(|former| former.holds_stakes());
        let former = former.map(|former| (former.id.version, former.figures.as_deref(), "former rollup"));
        let mut missing = Vec::new();
        for (version, figures, which) in std::iter::once(canonical).chain(former) {
            let which = format!("{which} (version {version})");
            match figures {
                Some(figures) => missing.extend(figures.missing.iter().map(|what| (which.clone(), *what))),
                None => missing.push((which, Capability::Figures)),
            }
        }
        missing
    }

    /// The figures of a rollup, where it tells them: of the canonical one for any that is no former one.
    #[must_use]
    pub fn figures_of(&self, rollup: Address) -> Option<&RollupFacts> {
        match self.former_rollups.iter().find(|former| former.id.address == rollup) {
            Some(former) => former.figures.as_deref(),
            None => Some(&self.rollup),
        }
    }

    /// What waits for a coinbase at former rollups.
    #[must_use]
    pub fn rewards_left(&self, coinbase: Coinbase) -> Vec<RewardsLeft> {
        let left = |rollup: &FormerRollup| {
            let amount = *rollup.pending_rewards.get(&coinbase)?;
            Some(RewardsLeft { rollup: rollup.id, amount })
        };
        self.former_rollups.iter().filter_map(left).collect()
    }
}
