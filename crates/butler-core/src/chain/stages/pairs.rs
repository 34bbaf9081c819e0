//! Getters of different contracts that must say the same, beyond those that are read anyway.
//!
//! One endpoint can forge the answer of any getter, and each of these is believed alone: so whatever another contract says of
//! it, too, is asked there beside other reads, and what differs is nobody's fact. A whole chain that is simulated
//! consistently is not found by this.

use ethers_core::types::{Address, U256};

use super::limits::ENTRY_GAS;
use super::providers::RegistryFacts;
use super::rollup::RollupHead;
use crate::chain::error::{Contract, Giver, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::{gse, rollup};
use crate::contracts::call::GETTER_GAS;

/// What the registries say that others say, too.
#[derive(Debug)]
pub(in crate::chain) struct Claims {
    governance: Option<Address>,
    staking_asset: Option<Address>,
    names_registry: bool,
    giver: Option<Giver>,
}

/// What holding both halves of each pair against each other came to.
#[derive(Debug, Clone, Copy)]
pub(in crate::chain) struct Agreement {
    /// Whether the governance of the registry is the one that stakes are held by: exits open withdrawals of that one
    /// (`GSE.withdraw`). That may differ for a while when the governance is replaced.
    pub(in crate::chain) is_one_governance: bool,
    /// Whether the escrow's latest rollup is the registry's newest one, as far as the escrow tells: governance registers a
    /// rollup at each of them with a call of its own.
    pub(in crate::chain) is_one_latest: bool,
    /// Whether both halves of every pair were there.
    pub(in crate::chain) is_whole: bool,
}

impl Claims {
    pub(in crate::chain) fn of(facts: &RegistryFacts) -> Self {
        let (governance, staking_asset, giver) = (facts.governance, facts.staking_asset, facts.giver.clone());
        Self { governance, staking_asset, names_registry: facts.names_registry, giver }
    }
}

/// Reads of the other half of each pair.
pub(in crate::chain) struct PairReads {
    asset: Slot<Address>,
    latest: Slot<Address>,
    governance: Slot<Address>,
    active_count: Slot<U256>,
    /// The place behind the last one of the entry queue.
    behind_queue: Slot<rollup::GetEntryQueueAtReturn>,
}

impl PairReads {
    /// `timestamp` is the pinned block's.
    pub(in crate::chain) fn plan(reads: &mut Reads, head: &RollupHead, timestamp: u64) -> Self {
        let (rollup, gse) = (head.facts.address, head.facts.gse);
        let count = gse::GetAttesterCountAtTimeCall { instance: rollup, timestamp: timestamp.into() };
        let behind = rollup::GetEntryQueueAtCall { index: head.queue_length.into() };
        Self {
            asset: reads.push_if_supported(Contract::Gse, gse, GETTER_GAS, gse::AssetCall),
            latest: reads.push_if_supported(Contract::Gse, gse, GETTER_GAS, gse::GetLatestRollupCall),
            governance: reads.push_if_supported(Contract::Gse, gse, GETTER_GAS, gse::GetGovernanceCall),
            active_count: reads.push_if_supported(Contract::Gse, gse, GETTER_GAS, count),
            behind_queue: reads.push_if_supported(Contract::Rollup, rollup, ENTRY_GAS, behind),
        }
    }

    /// What differs is nonsense, but for the governance.
    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
        head: &RollupHead,
        claims: &Claims,
        is_alone: bool,
    ) -> Result<Agreement, SnapshotError> {
        let differs = |contract: (Contract, Address), function: &'static str, problem: String| {
            answers.contradicts(claims.giver.as_ref(), contract, function, problem)
        };
        let rollup = (Contract::Rollup, head.facts.address);
        let asset = head.facts.staking_asset;
        let escrow_asset = said(answers.get(&self.asset))?;
        if [escrow_asset, claims.staking_asset].into_iter().flatten().any(|other| other != asset) {
            let problem = "another token than the staking registry or the staking escrow names".to_owned();
            return Err(differs(rollup, "getStakingAsset", problem));
        }
        // An escrow that counts nobody of it does not know this rollup, and contradicts nothing.
        let counted = said(answers.get(&self.active_count))?;
        if let Some(count) = counted.filter(|count| !count.is_zero())
            && count != head.active_count.into()
        {
            let problem = format!("{}, and the staking escrow counts {count}", head.active_count);
            return Err(differs(rollup, "getActiveAttesterCount", problem));
        }
        let behind = said(answers.get(&self.behind_queue))?;
        if behind.as_ref().is_some_and(|behind| !behind.0.attester.is_zero()) {
            let problem = format!("{}, and more wait behind these", head.queue_length);
            return Err(differs(rollup, "getEntryQueueLength", problem));
        }
        let governance = said(answers.get(&self.governance))?;
        let is_one = governance.is_none() || claims.governance.is_none() || governance == claims.governance;
        let is_one_word = answers.only_giver().is_some() || claims.giver.is_some();
        if !is_one && is_one_word && !is_alone {
            let problem = "another governance than Aztec's registry names".to_owned();
            return Err(differs((Contract::Gse, head.facts.gse), "getGovernance", problem));
        }
        let pairs = [
            (escrow_asset.is_some(), claims.staking_asset.is_some()),
            (counted.is_some(), behind.is_some()),
            (governance.is_some(), claims.names_registry),
        ];
        let is_one_latest = said(answers.get(&self.latest))?.is_none_or(|latest| latest == head.facts.address);
        Ok(Agreement {
            is_one_governance: is_one,
            is_one_latest,
            is_whole: pairs.iter().all(|pair| *pair == (true, true)),
        })
    }
}

/// What was answered, by contracts that have the getter.
fn said<T>(answer: Result<T, SnapshotError>) -> Result<Option<T>, SnapshotError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
