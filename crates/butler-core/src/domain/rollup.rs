//! The rollup's own figures: its clock, its entry queue's flush rules, its thresholds.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256, U256};
use serde::{Deserialize, Serialize};

use crate::domain::capability::{AttesterExits, Capability, SlasherChange};
use crate::domain::provider::facts::EscrowView;

/// The rollup's clock. `getEpochDuration()` is in slots, `getSlotDuration()` in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupClock {
    /// When slot 0 began, in unix seconds.
    pub genesis_time: u64,
    /// Length of a slot in seconds; never 0.
    pub slot_seconds: u64,
    /// Length of an epoch in slots; never 0.
    pub epoch_slots: u64,
}

impl RollupClock {
    /// The epoch that holds `time` (unix seconds). `None` before genesis, and for a clock without slots or epochs.
    #[must_use]
    pub fn epoch_at(&self, time: u64) -> Option<u64> {
        time.checked_sub(self.genesis_time)?.checked_div(self.slot_seconds)?.checked_div(self.epoch_slots)
    }

    /// The slot that holds `time` (unix seconds). `None` before genesis, and for a clock without slots.
    #[must_use]
    pub fn slot_at(&self, time: u64) -> Option<u64> {
        time.checked_sub(self.genesis_time)?.checked_div(self.slot_seconds)
    }

    /// When `slot` begins, in unix seconds. `None` when that does not fit, and for a clock without slots.
    #[must_use]
    pub fn slot_start(&self, slot: u64) -> Option<u64> {
        if self.slot_seconds == 0 {
            return None;
        }
        self.genesis_time.checked_add(slot.checked_mul(self.slot_seconds)?)
    }

    /// The slots of `epoch`. `None` when they do not fit.
    #[must_use]
    pub fn slots_of(&self, epoch: u64) -> Option<std::ops::Range<u64>> {
        let first = epoch.checked_mul(self.epoch_slots)?;
        Some(first..first.checked_add(self.epoch_slots)?)
    }

    /// The epoch of a slot; the first one, where epochs have no slots.
    #[must_use]
    pub fn epoch_of(&self, slot: u64) -> u64 {
        slot.checked_div(self.epoch_slots).unwrap_or_default()
    }

    /// When `epoch` begins, in unix seconds. `None` when that does not fit, and for a clock without slots or epochs.
    #[must_use]
    pub fn epoch_start(&self, epoch: u64) -> Option<u64> {
        let epoch_seconds = self.slot_seconds.checked_mul(self.epoch_slots)?;
        if epoch_seconds == 0 {
            return None;
        }
        self.genesis_time.checked_add(epoch.checked_mul(epoch_seconds)?)
    }
}

/// How fast the entry queue moves (rollup `StakingLib`, aztec-l1 contracts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlushFacts {
    /// The most deposits that one epoch lets in; 0 while the rollup waits for its bootstrap set.
    pub flush_size: u64,
    /// What is left of the allowance until `next_flushable_epoch`.
    pub available_flushes: u64,
    /// The epoch at which the next flush refreshes the allowance.
    pub next_flushable_epoch: u64,
    /// Whether the bootstrap phase is over.
    pub is_bootstrapped: bool,
}

/// The heads of the rollup's chain as L1 has them. Rollups that count blocks instead of checkpoints do not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointTips {
    /// The newest checkpoint that was proposed to L1; absent where the rollup does not say.
    pub pending: Option<u64>,
    /// The newest checkpoint that was proven on L1; absent where the rollup does not say.
    pub proven: Option<u64>,
}

/// The canonical rollup at one block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupFacts {
    /// The rollup's address, as the Aztec Registry names it at this block.
    pub address: Address,
    /// The rollup's version number.
    pub version: U256,
    /// The governance staking escrow that holds stakes and keys.
    pub gse: Address,
    /// The contract that may slash.
    pub slasher: Address,
    /// The token that is staked.
    pub staking_asset: Address,
    /// The rollup's clock.
    pub clock: RollupClock,
    /// The epoch at this block.
    pub current_epoch: u64,
    /// How far the rollup's chain is.
    pub checkpoints: CheckpointTips,
    /// The entry queue's speed.
    pub flush: FlushFacts,
    /// Stake of one attester, in base units.
    pub activation_threshold: U256,
    /// Below this balance the GSE ejects, in base units.
    pub ejection_threshold: U256,
    /// Below this balance the rollup itself ejects; older rollups do not have it.
    pub local_ejection_threshold: Option<U256>,
    /// How long an exit takes, in seconds.
    pub exit_delay_seconds: u64,
    /// For so many epochs ahead the set of a committee is known, where the rollup says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_lag_epochs: Option<u64>,
    /// What attesters may do themselves; rollups before 6.0 let nobody but withdrawers begin an exit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attester_exits: Option<AttesterExits>,
    /// Who may slash beside the slasher; rollups before 5.0 change it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slasher_change: Option<SlasherChange>,
    /// What is expected of a rollup that does what this one does, and is not there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub missing: BTreeSet<Capability>,
}

impl RollupFacts {
    /// Whether it is known to be of a version that counts checkpoints, as all do since 4: those before count blocks, and tell less.
    #[must_use]
    pub fn counts_checkpoints(&self) -> bool {
        let tips = self.checkpoints;
        let is_newer = self.slasher_change.is_some() || self.attester_exits.is_some();
        tips.pending.is_some() || tips.proven.is_some() || is_newer
    }

    /// Which of its own figures it does not tell, although every rollup of its kind does.
    #[must_use]
    pub fn untold(&self) -> BTreeSet<Capability> {
        let tips = self.checkpoints;
        let untold = [
            (Capability::Checkpoints, tips.pending.is_none() || tips.proven.is_none()),
            (Capability::LocalEjection, self.local_ejection_threshold.is_none()),
            (Capability::SetLag, self.set_lag_epochs.is_none()),
        ];
        let expected = untold.into_iter().filter(|_| self.counts_checkpoints());
        expected.filter_map(|(capability, is_untold)| is_untold.then_some(capability)).collect()
    }
}

/// One deposit that waits in the rollup's entry queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueuedDeposit {
    /// The attester that will be activated.
    pub attester: Address,
    /// Who may withdraw, and who is refunded when the deposit fails.
    pub withdrawer: Address,
    /// Whether the stake follows the canonical rollup.
    pub move_with_latest_rollup: bool,
    /// The compressed BLS public key; `None` when what was deposited is no key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bls_public_key: Option<H256>,
    /// What the staking escrow would make of it; `None` unless it is one of our attesters', or competes with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escrow: Option<EscrowView>,
}

impl QueuedDeposit {
    /// Whether the staking escrow is known to refuse it for its keys.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        self.escrow.is_some_and(|escrow| escrow.is_refusal())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CLOCK: RollupClock = RollupClock { genesis_time: 1_000, slot_seconds: 72, epoch_slots: 32 };

    #[test]
    fn an_epoch_begins_with_its_first_second() {
        assert_eq!(CLOCK.epoch_at(999), None, "before genesis");
        assert_eq!(CLOCK.epoch_at(1_000), Some(0));
        assert_eq!(CLOCK.epoch_at(1_000 + 72 * 32 - 1), Some(0));
        assert_eq!(CLOCK.epoch_at(1_000 + 72 * 32), Some(1));
        assert_eq!(CLOCK.epoch_start(0), Some(1_000));
        assert_eq!(CLOCK.epoch_start(1), Some(1_000 + 72 * 32));
        assert_eq!(CLOCK.epoch_start(u64::MAX), None, "does not fit");
        assert_eq!((CLOCK.slot_at(999), CLOCK.slot_at(1_071), CLOCK.slot_at(1_072)), (None, Some(0), Some(1)));
        assert_eq!((CLOCK.slot_start(2), CLOCK.slot_start(u64::MAX)), (Some(1_144), None));
        assert_eq!((CLOCK.slots_of(2), CLOCK.slots_of(u64::MAX)), (Some(64..96), None));
    }

    #[test]
    fn only_a_rollup_that_counts_checkpoints_is_expected_to_tell_what_these_do() {
        let untold = |change: fn(&mut RollupFacts)| {
            let mut rollup = crate::domain::samples::network().rollup;
            rollup.checkpoints = CheckpointTips { pending: Some(1), proven: Some(1) };
            (rollup.local_ejection_threshold, rollup.set_lag_epochs) = (Some(U256::one()), Some(2));
            change(&mut rollup);
            rollup.untold().into_iter().collect::<Vec<_>>()
        };
        use Capability::{Checkpoints, LocalEjection, SetLag};
        assert_eq!(untold(|_| ()), []);
        assert_eq!(untold(|rollup| rollup.checkpoints.proven = None), [Checkpoints]);
        assert_eq!(untold(|rollup| rollup.local_ejection_threshold = None), [LocalEjection]);
        assert_eq!(untold(|rollup| rollup.set_lag_epochs = None), [SetLag]);
        let counts_blocks = |rollup: &mut RollupFacts| {
            rollup.checkpoints = CheckpointTips::default();
            (rollup.local_ejection_threshold, rollup.set_lag_epochs) = (None, None);
        };
        assert_eq!(untold(counts_blocks), [], "it is of before 4");
        let is_newer = |rollup: &mut RollupFacts| {
            rollup.checkpoints = CheckpointTips::default();
            rollup.slasher_change = Some(SlasherChange::default());
        };
        assert_eq!(untold(is_newer), [Checkpoints], "no rollup of 5 counts blocks");
    }

    #[test]
    fn a_clock_that_stands_still_has_no_epochs() {
        for (slot_seconds, epoch_slots) in [(0, 32), (72, 0), (0, 0), (0, u64::MAX)] {
            let clock = RollupClock { slot_seconds, epoch_slots, ..CLOCK };
            assert_eq!(clock.epoch_at(5_000), None);
            assert_eq!(clock.epoch_start(0), None);
        }
    }

    proptest! {
        #[test]
        fn no_clock_panics_and_every_time_lies_in_its_epoch(
            genesis_time in any::<u64>(),
            slot_seconds in any::<u64>(),
            epoch_slots in any::<u64>(),
            time in any::<u64>(),
        ) {
            let clock = RollupClock { genesis_time, slot_seconds, epoch_slots };
            if let Some(epoch) = clock.epoch_at(time) {
                if let Some(start) = clock.epoch_start(epoch) {
                    prop_assert!(start <= time);
                }
                if let Some(end) = epoch.checked_add(1).and_then(|next| clock.epoch_start(next)) {
                    prop_assert!(time < end);
                }
            }
        }
    }
}
