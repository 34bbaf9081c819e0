//! Attesters: how the rollup sees each, what rewards wait, and which keys stand in providers' queues.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::limits::ENTRY_GAS;
use super::providers::ProviderHead;
use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::{rollup, staking_registry};
use crate::contracts::decode;
use crate::contracts::proof::ProvenKey;
use crate::domain::attester::view::AttesterView;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::facts::ProviderQueueEntry;

/// Gas of one `getAttesterView`: ten cold slots behind four delegate calls.
pub(in crate::chain) const VIEW_GAS: u64 = 55_000;
/// Gas of one `getSequencerRewards`.
pub(in crate::chain) const REWARDS_GAS: u64 = 15_000;

/// Views and rewards of attesters, and the entries of providers' queues.
pub(in crate::chain) struct AttesterReads {
    views: BTreeMap<Address, Slot<rollup::GetAttesterViewReturn>>,
    rewards: BTreeMap<Coinbase, Slot<U256>>,
    entries: Vec<(ProviderId, u64, Slot<staking_registry::GetValueAtIndexInQueueReturn>)>,
}

impl AttesterReads {
    pub(in crate::chain) fn plan<'a>(
        reads: &mut Reads,
        rollup: Address,
        registry: Address,
        attesters: impl IntoIterator<Item = Address>,
        coinbases: impl IntoIterator<Item = Coinbase>,
        queues: impl IntoIterator<Item = (&'a ProviderId, &'a ProviderHead)>,
    ) -> Self {
        let views = attesters
            .into_iter()
            .map(|attester| {
                let call = rollup::GetAttesterViewCall { attester };
                (attester, reads.push(Contract::Rollup, rollup, VIEW_GAS, call))
            })
            .collect();
        let rewards = coinbases
            .into_iter()
            .map(|coinbase| {
                let call = rollup::GetSequencerRewardsCall { coinbase: coinbase.address() };
                (coinbase, reads.push(Contract::Rollup, rollup, REWARDS_GAS, call))
            })
            .collect();
        let mut entries = Vec::new();
        for (id, head) in queues {
            for index in head.indices.clone() {
                let call = staking_registry::GetValueAtIndexInQueueCall {
                    provider_identifier: U256::from(*id),
                    index: index.into(),
                };
                entries.push((*id, index, reads.push(Contract::StakingRegistry, registry, ENTRY_GAS, call)));
            }
        }
        Self { views, rewards, entries }
    }

    pub(in crate::chain) fn views(&self, answers: &Answers) -> Result<BTreeMap<Address, AttesterView>, SnapshotError> {
        self.views
            .iter()
            .map(|(attester, slot)| {
                let view = answers.checked(slot, |answer| decode::attester_view(&answer.0))?;
                Ok((*attester, view))
            })
            .collect()
    }

    pub(in crate::chain) fn rewards(&self, answers: &Answers) -> Result<BTreeMap<Coinbase, U256>, SnapshotError> {
        self.rewards.iter().map(|(coinbase, slot)| Ok((*coinbase, answers.get(slot)?))).collect()
    }

    /// Keys and proofs that stand in the queues of these providers, front first, by provider and index.
    pub(in crate::chain) fn proven_keys(
        &self,
        answers: &Answers,
        providers: &BTreeSet<ProviderId>,
    ) -> Result<BTreeMap<(ProviderId, u64), ProvenKey>, SnapshotError> {
        let own = self.entries.iter().filter(|(id, _, _)| providers.contains(id));
        own.map(|(id, index, slot)| Ok(((*id, *index), ProvenKey::from(&answers.get(slot)?.0)))).collect()
    }

    pub(in crate::chain) fn queues(
        &self,
        answers: &Answers,
    ) -> Result<BTreeMap<ProviderId, Vec<ProviderQueueEntry>>, SnapshotError> {
        let mut queues: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, index, slot) in &self.entries {
            let entry = answers.checked(slot, |answer| decode::provider_queue_entry(*index, &answer.0))?;
            queues.entry(*id).or_default().push(entry);
        }
        Ok(queues)
    }
}
