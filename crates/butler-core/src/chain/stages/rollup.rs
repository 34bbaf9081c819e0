//! The rollup: its figures, and the lists whose lengths they give.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::capabilities::hear;
use super::limits::{ENTRY_GAS, LENGTH_LIMIT};
use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::{gse, rollup};
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::contracts::proof::ProvenKey;
use crate::domain::rollup::{CheckpointTips, FlushFacts, QueuedDeposit, RollupClock, RollupFacts};

/// Gas of one index of `getAttestersFromIndicesAtTime`, and how many are asked for in one call.
const INDEX_GAS: u64 = 8_000;
const INDICES_PER_CALL: u64 = 500;

/// The rollup's own figures.
pub(in crate::chain) struct RollupFigures {
    address: Address,
    addresses: [Slot<Address>; 3],
    version: Slot<U256>,
    genesis_time: Slot<U256>,
    slot_seconds: Slot<U256>,
    epoch_slots: Slot<U256>,
    current_epoch: Slot<U256>,
    pending_checkpoint: Slot<U256>,
    proven_checkpoint: Slot<U256>,
    flush_size: Slot<U256>,
    available_flushes: Slot<U256>,
    next_flushable_epoch: Slot<U256>,
    is_bootstrapped: Slot<bool>,
    activation_threshold: Slot<U256>,
    ejection_threshold: Slot<U256>,
    local_ejection_threshold: Slot<U256>,
    exit_delay: Slot<U256>,
    set_lag: Slot<U256>,
    active_count: Slot<U256>,
    queue_length: Slot<U256>,
}

/// Which figures must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    All,
    Perhaps,
}

/// The rollup's figures, and the lengths of its lists.
pub(in crate::chain) struct RollupHead {
    pub(in crate::chain) facts: RollupFacts,
    pub(in crate::chain) active_count: u64,
    pub(in crate::chain) queue_length: u64,
}

impl RollupFigures {
    pub(in crate::chain) fn plan(reads: &mut Reads, address: Address) -> Self {
        Self::plan_as(reads, address, Expected::All)
    }

    /// Of a rollup that may lack some of them.
    pub(in crate::chain) fn plan_if_supported(reads: &mut Reads, address: Address) -> Self {
        Self::plan_as(reads, address, Expected::Perhaps)
    }

    fn plan_as(reads: &mut Reads, address: Address, expected: Expected) -> Self {
        macro_rules! figure {
            ($call:ident) => {
                match expected {
                    Expected::All => reads.push(Contract::Rollup, address, GETTER_GAS, rollup::$call),
                    Expected::Perhaps => reads.push_if_supported(Contract::Rollup, address, GETTER_GAS, rollup::$call),
                }
            };
            ($call:ident if supported) => {
                reads.push_if_supported(Contract::Rollup, address, GETTER_GAS, rollup::$call)
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
            pending_checkpoint: figure!(GetPendingCheckpointNumberCall if supported),
            proven_checkpoint: figure!(GetProvenCheckpointNumberCall if supported),
            flush_size: figure!(GetEntryQueueFlushSizeCall),
            available_flushes: figure!(GetAvailableValidatorFlushesCall),
            next_flushable_epoch: figure!(GetNextFlushableEpochCall),
            is_bootstrapped: figure!(GetIsBootstrappedCall),
            activation_threshold: figure!(GetActivationThresholdCall),
            ejection_threshold: figure!(GetEjectionThresholdCall),
            local_ejection_threshold: figure!(GetLocalEjectionThresholdCall if supported),
            exit_delay: figure!(GetExitDelayCall),
            set_lag: figure!(GetLagInEpochsForValidatorSetCall if supported),
            active_count: figure!(GetActiveAttesterCountCall),
            queue_length: figure!(GetEntryQueueLengthCall),
        }
    }

    /// An answer to a read that some versions lack, and that cannot be, is the rollup's own where nobody else can be heard
    /// (`is_alone`), or where two say it: then the figure is missing.
    pub(in crate::chain) fn take(&self, answers: &Answers, is_alone: bool) -> Result<RollupHead, SnapshotError> {
        let number = |slot, name| answers.checked(slot, |value| decode::small(name, value));
        let positive = |slot, name| {
            answers.checked(slot, |value| match decode::small(name, value)? {
                0 => Err(DecodeError::nonsense(name, "zero")),
                value => Ok(value),
            })
        };
        let number_if_supported = |slot, name| {
            let heard = hear(answers, Some(slot), is_alone, |value| decode::small(name, value))?;
            Ok::<_, SnapshotError>(heard.told())
        };
        let activation_threshold = answers.get(&self.activation_threshold)?;
        let local_ejection_threshold = hear(answers, Some(&self.local_ejection_threshold), is_alone, |threshold| {
            // Nobody has more than the whole stake.
            if threshold > activation_threshold {
                return Err(DecodeError::nonsense("getLocalEjectionThreshold", "more than the whole stake"));
            }
            Ok(threshold)
        })?;
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
            checkpoints: CheckpointTips {
                pending: number_if_supported(&self.pending_checkpoint, "getPendingCheckpointNumber")?,
                proven: number_if_supported(&self.proven_checkpoint, "getProvenCheckpointNumber")?,
            },
            flush: FlushFacts {
                flush_size: number(&self.flush_size, "getEntryQueueFlushSize")?,
                available_flushes: number(&self.available_flushes, "getAvailableValidatorFlushes")?,
                next_flushable_epoch: number(&self.next_flushable_epoch, "getNextFlushableEpoch")?,
                is_bootstrapped: answers.get(&self.is_bootstrapped)?,
            },
            activation_threshold,
            ejection_threshold: answers.get(&self.ejection_threshold)?,
            local_ejection_threshold: local_ejection_threshold.told(),
            exit_delay_seconds: number(&self.exit_delay, "getExitDelay")?,
            set_lag_epochs: number_if_supported(&self.set_lag, "getLagInEpochsForValidatorSet")?,
            attester_exits: None,
            slasher_change: None,
            missing: BTreeSet::new(),
        };
        Ok(RollupHead {
            facts,
            active_count: length(&self.active_count, "getActiveAttesterCount")?,
            queue_length: length(&self.queue_length, "getEntryQueueLength")?,
        })
    }
}

/// The rollup's entry queue and active set.
pub(in crate::chain) struct RollupLists {
    queue: Vec<Slot<rollup::GetEntryQueueAtReturn>>,
    active: Vec<(usize, Slot<gse::GetAttestersFromIndicesAtTimeReturn>)>,
}

impl RollupLists {
    /// `timestamp` is the pinned block's: the GSE keeps its sets by time, and the set of that moment is the block's.
    pub(in crate::chain) fn plan(reads: &mut Reads, head: &RollupHead, timestamp: u64) -> Self {
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

    /// Keys and proofs of the deposits at these places of the entry queue.
    pub(in crate::chain) fn proven_keys(
        &self,
        answers: &Answers,
        places: &BTreeSet<usize>,
    ) -> Result<BTreeMap<usize, ProvenKey>, SnapshotError> {
        let slots = places.iter().filter_map(|place| Some((*place, self.queue.get(*place)?)));
        slots.map(|(place, slot)| Ok((place, ProvenKey::from(&answers.get(slot)?.0)))).collect()
    }

    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
    ) -> Result<(Vec<QueuedDeposit>, Vec<Address>), SnapshotError> {
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
                    return Err(DecodeError::nonsense(FUNCTION, problem));
                }
                answer.0.into_iter().map(|address| decode::present(FUNCTION, address)).collect::<Result<Vec<_>, _>>()
            })?);
        }
        Ok((queue, active))
    }
}
