use std::time::Duration;

use butler_core::config::{SafeConfig, SignerConfig, WantedConfig};
use butler_core::domain::attester::coinbase::CoinbasePolicies;
use butler_core::domain::attester::delegation::{Delegation, LogId};
use butler_core::domain::attester::view::{AttesterView, OnChainStatus};
use butler_core::domain::block::BlockRef;
use butler_core::domain::capability::Capability;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::domain::operator::key_book::{KeyBook, KeyEntry};
use butler_core::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use butler_core::domain::provider::publisher::Minimum;
use butler_core::domain::provider::split::{SplitCheck, SplitRecord, Unconfirmed};
use butler_core::domain::rollup::{CheckpointTips, FlushFacts, QueuedDeposit, RollupClock, RollupFacts};
use ethers_core::types::H256;

use super::*;

pub(super) fn at(number: u64) -> Address {
    Address::from_low_u64_be(number)
}

fn coinbase(number: u64) -> Coinbase {
    Coinbase::try_from(at(number)).unwrap()
}

fn nothing_wanted() -> WantedConfig {
    let interval = Duration::from_secs(60);
    WantedConfig {
        admin: None,
        create_provider: false,
        take_rate_bps: None,
        rewards_recipient: None,
        keys: None,
        drip_bad_keys: false,
        funding: None,
        look_interval: interval,
        service_interval: interval,
    }
}

fn config() -> NetworkConfig {
    NetworkConfig {
        name: "devnet".to_owned(),
        preset: None,
        chain_id: 1,
        aztec_registry: at(1),
        staking_registry: at(2),
        staking_registry_from_block: 0,
        multicall3: at(3),
        provider_ids: Vec::new(),
        provider_admins: Vec::new(),
        l1: Vec::new(),
        aztec_nodes: Vec::new(),
        keystores: Vec::new(),
        safe: SafeConfig { service: None, proposer: None, requests_per_month: 1, stale_after: Duration::from_secs(60) },
        wanted: nothing_wanted(),
        signer: SignerConfig { files: None, max_fee: 1.into(), priority_fee: 1.into(), max_cost: 1.into() },
        hosts: Vec::new(),
        key_files: Vec::new(),
        node_keystores: Vec::new(),
        publisher_files: Vec::new(),
        extra_attesters: Vec::new(),
        labels: Vec::new(),
        server_labels: true,
        replicated_keys: false,
        publisher_minimum: Minimum { per_attester: U256::exp10(17), per_publisher: U256::zero() },
        coinbase_critical: Duration::from_secs(3_600),
        coinbase_policies: CoinbasePolicies::default(),
        log_range_blocks: None,
        start_block: None,
        confirmations: None,
    }
}

fn entry(attester: u64, coinbase: Option<Coinbase>) -> KeyEntry {
    KeyEntry {
        attester: at(attester),
        coinbase,
        coinbase_fault: None,
        publishers: vec![at(500)],
        pays_itself: false,
        bls_public_key: None,
        server: "a".to_owned(),
        file: "a.json".to_owned(),
        index: usize::try_from(attester).unwrap(),
        is_run: true,
    }
}

fn record() -> SplitRecord {
    SplitRecord { provider_recipient: at(3), delegator_recipient: at(8), provider_bps: 1_250 }
}

fn delegation(attester: u64, split: u64) -> Delegation {
    let log = LogId { block_number: attester, log_index: 0, block_hash: H256::zero(), transaction_hash: H256::zero() };
    let provider_id = ProviderId::try_from(1).unwrap();
    Delegation {
        log,
        provider_id,
        rollup: at(9),
        attester: at(attester),
        coinbase: coinbase(split),
        staker: at(8),
        withdrawer: None,
        split: None,
    }
}

/// 10 validates without a coinbase, 11 with a wrong one, 12 waits without one, 13 is in the provider's queue.
pub(super) fn network() -> NetworkSnapshot {
    let view = |status| AttesterView {
        status,
        effective_balance: U256::zero(),
        exit: None,
        withdrawer: None,
        bls_public_key: None,
    };
    let provider = ProviderFacts {
        admin: at(1),
        pending_admin: Some(at(2)),
        take_rate_bps: 1_250,
        rewards_recipient: at(3),
        queue: vec![ProviderQueueEntry::new(4, at(13))],
    };
    NetworkSnapshot {
        chain_id: 1,
        block: BlockRef { number: 500, hash: H256::repeat_byte(5), timestamp: 1_550 },
        rollup: RollupFacts {
            address: at(9),
            version: U256::one(),
            gse: at(1),
            slasher: at(1),
            staking_asset: at(1),
            clock: RollupClock { genesis_time: 1_000, slot_seconds: 10, epoch_slots: 10 },
            current_epoch: 5,
            checkpoints: CheckpointTips { pending: Some(40), proven: Some(30) },
            flush: FlushFacts { flush_size: 2, available_flushes: 0, next_flushable_epoch: 6, is_bootstrapped: true },
            activation_threshold: U256::one(),
            ejection_threshold: U256::one(),
            local_ejection_threshold: None,
            exit_delay_seconds: 1,
            set_lag_epochs: None,
            attester_exits: None,
            slasher_change: None,
            missing: std::collections::BTreeSet::new(),
        },
        providers: BTreeMap::from([(ProviderId::try_from(1).unwrap(), provider)]),
        other_providers: BTreeMap::new(),
        entry_queue: [99, 98, 12]
            .map(|attester| QueuedDeposit {
                attester: at(attester),
                withdrawer: at(8),
                move_with_latest_rollup: true,
                bls_public_key: None,
                escrow: None,
            })
            .into(),
        active_set: vec![at(10), at(11), at(97)],
        former_rollups: Vec::new(),
        attesters: BTreeMap::from([
            (at(10), view(OnChainStatus::Validating)),
            (at(11), view(OnChainStatus::Validating)),
            (at(12), view(OnChainStatus::None)),
            (at(13), view(OnChainStatus::None)),
        ]),
        delegations: vec![delegation(10, 110), delegation(11, 111), delegation(12, 112)],
        splits: [110, 111, 112].map(|split| (coinbase(split), SplitCheck::Confirmed(record()))).into(),
        winners: BTreeMap::new(),
        dripped: BTreeSet::new(),
        publisher_balances: BTreeMap::from([(at(500), U256::exp10(17))]),
        pending_rewards: BTreeMap::from([(coinbase(110), U256::exp10(18) * 3 / 2)]),
        zombie_causes: BTreeMap::new(),
        withdrawal_delay_seconds: None,
        unconfirmed: None,
    }
}

pub(super) fn keys() -> KeyFilesReport {
    let entries = vec![entry(10, None), entry(11, Some(coinbase(110))), entry(12, None), entry(13, None)];
    KeyFilesReport { book: KeyBook { entries, ..KeyBook::default() }, ..KeyFilesReport::default() }
}

fn readings_of(keys: &KeyFilesReport, previous: &BTreeMap<Address, State>) -> ChainReadings {
    chain_readings(&config(), keys, &network(), previous).unwrap()
}

#[test]
fn a_coinbase_that_is_not_confirmed_is_told_with_its_reason_and_judged_neither_right_nor_wrong() {
    let mut snapshot = network();
    snapshot.splits.insert(coinbase(111), SplitCheck::Unconfirmed(Unconfirmed::SharedCoinbase));
    let attester = address(at(11));
    for (keys, server) in [(keys(), "a"), (KeyFilesReport::default(), "")] {
        let readings = chain_readings(&config(), &keys, &snapshot, &BTreeMap::new()).unwrap().readings;
        assert_eq!(readings.get(&catalogue::COINBASE_UNVERIFIABLE, &[&attester, "shared_coinbase", server]), Some(1.0));
        assert_eq!(readings.get(&catalogue::COINBASE_WRONG, &[&attester, server]), None);
        let told = readings.0.iter().filter(|sample| sample.family == &catalogue::COINBASE_UNVERIFIABLE);
        assert_eq!(told.count(), 1);
    }
}

#[test]
fn a_snapshot_becomes_these_readings() {
    let readings = readings_of(&keys(), &BTreeMap::new()).readings;
    let get = |family: &catalogue::Family, labels: &[&str]| readings.get(family, labels);
    let [late, wrong, waiting, publisher, split] = [10, 11, 12, 500, 110].map(|number| address(at(number)));
    let table: [(&catalogue::Family, Vec<&str>, Option<f64>); 31] = [
        (&catalogue::SNAPSHOT_BLOCK_NUMBER, vec![], Some(500.0)),
        (&catalogue::SNAPSHOT_BLOCK_TIMESTAMP, vec![], Some(1_550.0)),
        (&catalogue::ACTIVE_ATTESTERS, vec![], Some(3.0)),
        (&catalogue::EPOCH, vec![], Some(5.0)),
        (&catalogue::ENTRY_QUEUE_LENGTH, vec![], Some(3.0)),
        (&catalogue::ENTRY_QUEUE_OWN, vec![], Some(1.0)),
        (&catalogue::ENTRY_QUEUE_FLUSH_SIZE, vec![], Some(2.0)),
        (&catalogue::ENTRY_QUEUE_AVAILABLE, vec![], Some(0.0)),
        // Two are before it: the second epoch from now.
        (&catalogue::ENTRY_QUEUE_NEXT, vec![], Some(1_700.0)),
        (&catalogue::ENTRY_QUEUE_LAST, vec![], Some(1_700.0)),
        (&catalogue::ATTESTERS, vec!["ACTIVE"], Some(2.0)),
        (&catalogue::ATTESTERS, vec!["COINBASE_NEEDED"], Some(1.0)),
        (&catalogue::ATTESTERS, vec!["NO_LONGER_ACTIVE"], Some(0.0)),
        (&catalogue::ATTESTERS_AT_POSITION, vec!["provider_queue"], Some(1.0)),
        (&catalogue::COINBASE_MISSING, vec![&late, "a"], Some(1.0)),
        (&catalogue::COINBASE_DEADLINE, vec![&late, "a"], Some(1_550.0)),
        (&catalogue::COINBASE_MISSING, vec![&waiting, "a"], Some(1.0)),
        (&catalogue::COINBASE_DEADLINE, vec![&waiting, "a"], Some(1_700.0)),
        (&catalogue::COINBASE_MISSING, vec![&wrong, "a"], None),
        (&catalogue::COINBASE_WRONG, vec![&wrong, "a"], Some(1.0)),
        (&catalogue::DUPLICATES, vec!["own_queue_twice"], Some(0.0)),
        (&catalogue::KEY_FILE_FAULTS, vec![], Some(0.0)),
        (&catalogue::PROVIDER_QUEUE_LENGTH, vec!["1"], Some(1.0)),
        (&catalogue::PROVIDER_TAKE_RATE, vec!["1"], Some(0.125)),
        (&catalogue::PROVIDER_ADMIN_CHANGE, vec!["1"], Some(1.0)),
        (&catalogue::PROVIDER_DELEGATIONS, vec!["1"], Some(3.0)),
        (&catalogue::PUBLISHER_LOAD, vec![&publisher], Some(4.0)),
        (&catalogue::PUBLISHER_REQUIRED, vec![&publisher], Some(0.4)),
        (&catalogue::PUBLISHER_BALANCE, vec![&publisher], Some(0.1)),
        (&catalogue::PUBLISHER_TOP_UP, vec![&publisher], Some(0.3)),
        (&catalogue::REWARDS_PENDING, vec![&split], Some(1.5)),
    ];
    for (family, labels, value) in table {
        assert_eq!(get(family, &labels), value, "{} {labels:?}", family.name);
    }
}

#[test]
fn whatever_is_missing_is_served_and_found_and_nothing_else() {
    for capability in Capability::ALL {
        let mut snapshot = network();
        snapshot.rollup.missing = BTreeSet::from([capability]);
        let read = chain_readings(&config(), &keys(), &snapshot, &BTreeMap::new()).unwrap();
        for other in Capability::ALL {
            let told = read.readings.get(&catalogue::CAPABILITY_MISSING, &["1", other.name()]);
            assert_eq!(told, (other == capability).then_some(1.0), "{capability:?}, {other:?}");
        }
        let is_its = |finding: &&Finding| finding.kind == FindingKind::CapabilityMissing;
        assert_eq!(read.findings.iter().filter(is_its).count(), 1, "{capability:?}");
    }
}

#[test]
fn without_keys_no_coinbase_is_judged() {
    let readings = readings_of(&KeyFilesReport::default(), &BTreeMap::new()).readings;
    let judged = [&catalogue::COINBASE_MISSING, &catalogue::COINBASE_WRONG, &catalogue::COINBASE_DEADLINE];
    assert!(!readings.0.iter().any(|sample| judged.contains(&sample.family)));
}

#[test]
fn steps_are_judged_and_what_is_unchanged_or_new_is_not_counted() {
    let first = readings_of(&keys(), &BTreeMap::new());
    assert_eq!(first.steps, []);
    assert_eq!(readings_of(&keys(), &first.states).steps, []);
    let previous =
        BTreeMap::from([(at(10), State::InStakingQueue), (at(11), State::New), (at(13), State::NoLongerActive)]);
    let steps = readings_of(&keys(), &previous).steps;
    let mut judgements: Vec<_> = steps.iter().map(|step| (step.attester, step.judgement)).collect();
    judgements.sort_unstable();
    assert_eq!(
        judgements,
        [
            (at(10), CountedJudgement::Documented),
            (at(11), CountedJudgement::CaughtUp),
            (at(13), CountedJudgement::Contradiction)
        ]
    );
}

#[test]
fn whole_numbers_are_exact() {
    for value in [0, 1, u64::from(u32::MAX), 1 << 32, (1 << 53) - 1] {
        assert_eq!(format!("{:.0}", number(value)), value.to_string());
    }
}
