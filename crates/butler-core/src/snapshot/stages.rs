//! The three stages of pinned reads, each a list of calls and what its answers mean.
//!
//! `Registries` finds the rollup and the providers, `RollupStage` reads the rollup's figures and every attester known by
//! then, `QueueStage` the queues' entries, the active set and the attesters that only the queues named.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::error::{Contract, SnapshotError};
use super::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::{aztec_registry, gse, rollup, staking_registry};
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::{ProviderFacts, ProviderQueueEntry};
use crate::domain::rollup::{FlushFacts, QueuedDeposit, RollupClock, RollupFacts};
use crate::domain::view::AttesterView;

/// The most entries of one queue and of the active set that are believed: mainnet has some thousands.
const LENGTH_LIMIT: u64 = 200_000;
/// The most providers that are believed.
const PROVIDER_LIMIT: u64 = 100_000;
/// Gas of one `getAttesterView`: ten cold slots behind four delegate calls.
const VIEW_GAS: u64 = 55_000;
/// Gas of one `getSequencerRewards`.
const REWARDS_GAS: u64 = 15_000;
/// Gas of one entry of a queue: ten to twelve cold slots.
const ENTRY_GAS: u64 = 42_000;
/// Gas of one index of `getAttestersFromIndicesAtTime`, and how many are asked for in one call.
const INDEX_GAS: u64 = 8_000;
const INDICES_PER_CALL: u64 = 500;

/// Where the answers about one provider are.
struct ProviderSlots {
    configuration: Slot<staking_registry::ProviderConfigurationsReturn>,
    queue: Slot<staking_registry::ProviderQueuesReturn>,
    pending_admin: Slot<Address>,
}

/// A provider with the indices of its queue.
pub(super) struct ProviderHead {
    pub(super) facts: ProviderFacts,
    pub(super) indices: std::ops::Range<u64>,
}

fn push_provider(reads: &mut Reads, registry: Address, id: ProviderId) -> ProviderSlots {
    let provider_identifier = U256::from(id);
    let contract = Contract::StakingRegistry;
    ProviderSlots {
        configuration: reads.push(
            contract,
            registry,
            GETTER_GAS,
            staking_registry::ProviderConfigurationsCall { provider_identifier },
        ),
        queue: reads.push(contract, registry, GETTER_GAS, staking_registry::ProviderQueuesCall { provider_identifier }),
        pending_admin: reads.push(
            contract,
            registry,
            GETTER_GAS,
            staking_registry::PendingProviderAdminsCall { provider_identifier },
        ),
    }
}

fn take_provider(answers: &Answers, slots: &ProviderSlots) -> Result<Option<ProviderHead>, SnapshotError> {
    let pending_admin = answers.get(&slots.pending_admin)?;
    let facts =
        answers.checked(&slots.configuration, |configuration| decode::provider(&configuration, pending_admin))?;
    let indices = answers.checked(&slots.queue, |queue| decode::queue_indices(&queue, LENGTH_LIMIT))?;
    Ok(facts.map(|facts| ProviderHead { facts, indices }))
}

/// Stage one: the registries and the publishers' balances.
pub(super) struct Registries {
    rollup: Slot<Address>,
    next_provider: Slot<U256>,
    providers: BTreeMap<ProviderId, ProviderSlots>,
    balances: BTreeMap<Address, Slot<U256>>,
}

/// What stage one found.
pub(super) struct RegistryFacts {
    pub(super) rollup: Address,
    pub(super) next_provider: u64,
    pub(super) providers: BTreeMap<ProviderId, ProviderHead>,
    pub(super) balances: BTreeMap<Address, U256>,
}

impl Registries {
    pub(super) fn plan(
        reads: &mut Reads,
        aztec_registry: Address,
        staking_registry: Address,
        providers: &BTreeSet<ProviderId>,
        publishers: &BTreeSet<Address>,
    ) -> Self {
        Self {
            rollup: reads.push(
                Contract::AztecRegistry,
                aztec_registry,
                GETTER_GAS,
                aztec_registry::GetCanonicalRollupCall,
            ),
            next_provider: reads.push(
                Contract::StakingRegistry,
                staking_registry,
                GETTER_GAS,
                staking_registry::NextProviderIdentifierCall,
            ),
            providers: providers.iter().map(|id| (*id, push_provider(reads, staking_registry, *id))).collect(),
            balances: publishers.iter().map(|account| (*account, reads.push_balance(*account))).collect(),
        }
    }

    pub(super) fn take(&self, answers: &Answers) -> Result<RegistryFacts, SnapshotError> {
        let rollup = answers.checked(&self.rollup, |address| decode::present("getCanonicalRollup", address))?;
        let next_provider = answers
            .checked(&self.next_provider, |next| decode::length("nextProviderIdentifier", next, PROVIDER_LIMIT))?;
        let mut providers = BTreeMap::new();
        for (id, slots) in &self.providers {
            let head = take_provider(answers, slots)?.ok_or(SnapshotError::UnknownProvider(*id))?;
            providers.insert(*id, head);
        }
        let balances =
            self.balances.iter().map(|(account, slot)| Ok((*account, answers.get(slot)?))).collect::<Result<_, _>>()?;
        Ok(RegistryFacts { rollup, next_provider, providers, balances })
    }
}

/// Reads providers that the configuration does not name: for their admins, or for duplicates in their queues.
pub(super) struct OtherProviders(BTreeMap<ProviderId, ProviderSlots>);

impl OtherProviders {
    pub(super) fn plan(reads: &mut Reads, registry: Address, ids: impl Iterator<Item = ProviderId>) -> Self {
        Self(ids.map(|id| (id, push_provider(reads, registry, id))).collect())
    }

    pub(super) fn take(&self, answers: &Answers) -> Result<BTreeMap<ProviderId, ProviderHead>, SnapshotError> {
        let mut heads = BTreeMap::new();
        for (id, slots) in &self.0 {
            if let Some(head) = take_provider(answers, slots)? {
                heads.insert(*id, head);
            }
        }
        Ok(heads)
    }
}

/// Views and rewards of attesters, and the entries of providers' queues.
pub(super) struct AttesterReads {
    views: BTreeMap<Address, Slot<rollup::GetAttesterViewReturn>>,
    rewards: BTreeMap<Coinbase, Slot<U256>>,
    entries: Vec<(ProviderId, u64, Slot<staking_registry::GetValueAtIndexInQueueReturn>)>,
}

impl AttesterReads {
    pub(super) fn plan<'a>(
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

    pub(super) fn views(&self, answers: &Answers) -> Result<BTreeMap<Address, AttesterView>, SnapshotError> {
        self.views
            .iter()
            .map(|(attester, slot)| {
                let view = answers.checked(slot, |answer| decode::attester_view(&answer.0))?;
                Ok((*attester, view))
            })
            .collect()
    }

    pub(super) fn rewards(&self, answers: &Answers) -> Result<BTreeMap<Coinbase, U256>, SnapshotError> {
        self.rewards.iter().map(|(coinbase, slot)| Ok((*coinbase, answers.get(slot)?))).collect()
    }

    pub(super) fn queues(
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

/// The rollup's own figures.
pub(super) struct RollupFigures {
    address: Address,
    addresses: [Slot<Address>; 3],
    version: Slot<U256>,
    genesis_time: Slot<U256>,
    slot_seconds: Slot<U256>,
    epoch_slots: Slot<U256>,
    current_epoch: Slot<U256>,
    flush_size: Slot<U256>,
    available_flushes: Slot<U256>,
    next_flushable_epoch: Slot<U256>,
    is_bootstrapped: Slot<bool>,
    activation_threshold: Slot<U256>,
    ejection_threshold: Slot<U256>,
    local_ejection_threshold: Slot<U256>,
    exit_delay: Slot<U256>,
    active_count: Slot<U256>,
    queue_length: Slot<U256>,
}

/// The rollup's figures, and the lengths of its lists.
pub(super) struct RollupHead {
    pub(super) facts: RollupFacts,
    pub(super) active_count: u64,
    pub(super) queue_length: u64,
}

impl RollupFigures {
    pub(super) fn plan(reads: &mut Reads, address: Address) -> Self {
        macro_rules! figure {
            ($call:ident) => {
                reads.push(Contract::Rollup, address, GETTER_GAS, rollup::$call)
            };
        }
        Self {
            address,
            addresses: [figure!(GetGSECall), figure!(GetSlasherCall), figure!(GetStakingAssetCall)],
            version: figure!(GetVersionCall),
            genesis_time: figure!(GetGenesisTimeCall),
            slot_seconds: figure!(GetSlotDurationCall),
            epoch_slots: figure!(GetEpochDurationCall),
            current_epoch: figure!(GetCurrentEpochCall),
            flush_size: figure!(GetEntryQueueFlushSizeCall),
            available_flushes: figure!(GetAvailableValidatorFlushesCall),
            next_flushable_epoch: figure!(GetNextFlushableEpochCall),
            is_bootstrapped: figure!(GetIsBootstrappedCall),
            activation_threshold: figure!(GetActivationThresholdCall),
            ejection_threshold: figure!(GetEjectionThresholdCall),
            local_ejection_threshold: figure!(GetLocalEjectionThresholdCall),
            exit_delay: figure!(GetExitDelayCall),
            active_count: figure!(GetActiveAttesterCountCall),
            queue_length: figure!(GetEntryQueueLengthCall),
        }
    }

    pub(super) fn take(&self, answers: &Answers) -> Result<RollupHead, SnapshotError> {
        let number = |slot, name| answers.checked(slot, |value| decode::small(name, value));
        let positive = |slot, name| {
            answers.checked(slot, |value| match decode::small(name, value)? {
                0 => Err(crate::contracts::call::DecodeError::nonsense(name, "zero")),
                value => Ok(value),
            })
        };
        let length = |slot, name| answers.checked(slot, |value| decode::length(name, value, LENGTH_LIMIT));
        let [gse, slasher, staking_asset] = &self.addresses;
        let facts = RollupFacts {
            address: self.address,
            version: answers.get(&self.version)?,
            gse: answers.checked(gse, |address| decode::present("getGSE", address))?,
            slasher: answers.get(slasher)?,
            staking_asset: answers.checked(staking_asset, |address| decode::present("getStakingAsset", address))?,
            clock: RollupClock {
                genesis_time: number(&self.genesis_time, "getGenesisTime")?,
                slot_seconds: positive(&self.slot_seconds, "getSlotDuration")?,
                epoch_slots: positive(&self.epoch_slots, "getEpochDuration")?,
            },
            current_epoch: number(&self.current_epoch, "getCurrentEpoch")?,
            flush: FlushFacts {
                flush_size: number(&self.flush_size, "getEntryQueueFlushSize")?,
                available_flushes: number(&self.available_flushes, "getAvailableValidatorFlushes")?,
                next_flushable_epoch: number(&self.next_flushable_epoch, "getNextFlushableEpoch")?,
                is_bootstrapped: answers.get(&self.is_bootstrapped)?,
            },
            activation_threshold: answers.get(&self.activation_threshold)?,
            ejection_threshold: answers.get(&self.ejection_threshold)?,
            local_ejection_threshold: answers.get_if_supported(&self.local_ejection_threshold)?,
            exit_delay_seconds: number(&self.exit_delay, "getExitDelay")?,
        };
        Ok(RollupHead {
            facts,
            active_count: length(&self.active_count, "getActiveAttesterCount")?,
            queue_length: length(&self.queue_length, "getEntryQueueLength")?,
        })
    }
}

/// The rollup's entry queue and active set.
pub(super) struct RollupLists {
    queue: Vec<Slot<rollup::GetEntryQueueAtReturn>>,
    active: Vec<(usize, Slot<gse::GetAttestersFromIndicesAtTimeReturn>)>,
}

impl RollupLists {
    /// `timestamp` is the pinned block's: the GSE keeps its sets by time, and the set of that moment is the block's.
    pub(super) fn plan(reads: &mut Reads, head: &RollupHead, timestamp: u64) -> Self {
        let queue = (0..head.queue_length)
            .map(|index| {
                let call = rollup::GetEntryQueueAtCall { index: index.into() };
                reads.push(Contract::Rollup, head.facts.address, ENTRY_GAS, call)
            })
            .collect();
        let mut active = Vec::new();
        let mut first = 0;
        while first < head.active_count {
            let last = first.saturating_add(INDICES_PER_CALL).min(head.active_count);
            let indices: Vec<U256> = (first..last).map(U256::from).collect();
            let gas = INDEX_GAS.saturating_mul(last - first).saturating_add(GETTER_GAS);
            let count = indices.len();
            let call = gse::GetAttestersFromIndicesAtTimeCall {
                instance: head.facts.address,
                timestamp: timestamp.into(),
                indices,
            };
            active.push((count, reads.push(Contract::Gse, head.facts.gse, gas, call)));
            first = last;
        }
        Self { queue, active }
    }

    pub(super) fn take(&self, answers: &Answers) -> Result<(Vec<QueuedDeposit>, Vec<Address>), SnapshotError> {
        const FUNCTION: &str = "getAttestersFromIndicesAtTime";
        let queue = self
            .queue
            .iter()
            .map(|slot| answers.checked(slot, |answer| decode::queued_deposit(&answer.0)))
            .collect::<Result<_, _>>()?;
        let mut active = Vec::new();
        for (count, slot) in &self.active {
            active.extend(answers.checked(slot, |answer| {
                if answer.0.len() != *count {
                    let problem = format!("{} attesters for {count} indices", answer.0.len());
                    return Err(crate::contracts::call::DecodeError::nonsense(FUNCTION, problem));
                }
                answer.0.into_iter().map(|address| decode::present(FUNCTION, address)).collect::<Result<Vec<_>, _>>()
            })?);
        }
        Ok((queue, active))
    }
}
