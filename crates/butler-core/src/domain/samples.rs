//! Small facts that the domain's own tests are built from.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256, U256};

use super::block::BlockRef;
use super::ids::{Coinbase, ProviderId};
use super::rollup::{CheckpointTips, FlushFacts, QueuedDeposit, RollupClock, RollupFacts};
use super::snapshot::NetworkSnapshot;
use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::domain::operator::key_book::KeyEntry;
use crate::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use crate::domain::provider::split::{SplitCheck, SplitRecord};

pub(crate) fn address(number: u64) -> Address {
    Address::from_low_u64_be(number)
}

pub(crate) fn coinbase(number: u64) -> Coinbase {
    Coinbase::try_from(address(number)).unwrap()
}

pub(crate) fn provider_id(number: u64) -> ProviderId {
    ProviderId::try_from(number).unwrap()
}

/// A view with this status, of an attester that was active before if it says so. Whoever stakes withdraws.
pub(crate) fn view(status: OnChainStatus, was_active: bool) -> AttesterView {
    AttesterView {
        status,
        effective_balance: U256::zero(),
        exit: None,
        withdrawer: was_active.then(|| address(6_000)),
        bls_public_key: None,
    }
}

/// A provider whose queue starts at absolute index 1.
pub(crate) fn provider(queue: &[u64]) -> ProviderFacts {
    ProviderFacts {
        admin: address(8_000),
        pending_admin: None,
        take_rate_bps: 1_000,
        rewards_recipient: address(8_001),
        queue: (1..).zip(queue).map(|(index, attester)| ProviderQueueEntry::new(index, address(*attester))).collect(),
    }
}

pub(crate) fn deposit(attester: u64) -> QueuedDeposit {
    QueuedDeposit {
        attester: address(attester),
        withdrawer: address(6_000),
        move_with_latest_rollup: true,
        bls_public_key: None,
        escrow: None,
    }
}

/// A delegation on the sample's rollup: provider 1, staker 6000, in this block.
pub(crate) fn delegation(block_number: u64, attester: u64, coinbase: Coinbase) -> Delegation {
    Delegation {
        log: LogId {
            block_number,
            log_index: 0,
            block_hash: H256::from_low_u64_be(block_number),
            transaction_hash: H256::zero(),
        },
        provider_id: provider_id(1),
        rollup: address(9_000),
        attester: address(attester),
        coinbase,
        staker: address(6_000),
        withdrawer: None,
        split: None,
    }
}

/// Makes the chain confirm every coinbase that a delegation names.
pub(crate) fn confirm(snapshot: &mut NetworkSnapshot) {
    let confirmed = |delegation: &Delegation| (delegation.coinbase, SplitCheck::Confirmed(record()));
    snapshot.splits = snapshot.delegations.iter().map(confirmed).collect();
}

/// A split of provider 1's present terms.
pub(crate) fn record() -> SplitRecord {
    SplitRecord { provider_recipient: address(8_001), delegator_recipient: address(6_001), provider_bps: 1_000 }
}

pub(crate) fn key_entry(attester: u64, server: &str, file: &str, index: usize) -> KeyEntry {
    KeyEntry {
        attester: address(attester),
        coinbase: None,
        coinbase_fault: None,
        publishers: Vec::new(),
        pays_itself: false,
        bls_public_key: None,
        server: server.to_owned(),
        file: file.to_owned(),
        index,
        is_run: true,
    }
}

/// A network without attesters. Epochs of 100 seconds; epoch 0 began at 1000, and it is epoch 5.
pub(crate) fn network() -> NetworkSnapshot {
    NetworkSnapshot {
        chain_id: 1,
        block: BlockRef { number: 500, hash: H256::repeat_byte(5), timestamp: 1_550 },
        rollup: RollupFacts {
            address: address(9_000),
            version: U256::one(),
            gse: address(9_001),
            slasher: address(9_002),
            staking_asset: address(9_003),
            clock: RollupClock { genesis_time: 1_000, slot_seconds: 10, epoch_slots: 10 },
            current_epoch: 5,
            checkpoints: CheckpointTips { pending: Some(40), proven: Some(30) },
            flush: FlushFacts { flush_size: 2, available_flushes: 1, next_flushable_epoch: 6, is_bootstrapped: true },
            activation_threshold: U256::exp10(23),
            ejection_threshold: U256::exp10(22),
            local_ejection_threshold: None,
            exit_delay_seconds: 86_400,
            set_lag_epochs: None,
            attester_exits: None,
            slasher_change: None,
            missing: BTreeSet::new(),
        },
        providers: BTreeMap::new(),
        other_providers: BTreeMap::new(),
        entry_queue: Vec::new(),
        active_set: Vec::new(),
        former_rollups: Vec::new(),
        attesters: BTreeMap::new(),
        delegations: Vec::new(),
        splits: BTreeMap::new(),
        winners: BTreeMap::new(),
        dripped: BTreeSet::new(),
        publisher_balances: BTreeMap::new(),
        pending_rewards: BTreeMap::new(),
        zombie_causes: BTreeMap::new(),
        withdrawal_delay_seconds: None,
        unconfirmed: None,
    }
}
