//! The handlers, and what holds of every plan.

mod conditions;
mod proofs;
mod reloads;
mod rollup_proofs;
mod rollup_sequences;
mod terms;

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::action::{ActionKind, ActionSubject, EffectKey, Goal, Priority};
use butler_core::domain::attester::coinbase::{CoinbasePolicies, CoinbasePolicy};
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::{Address, H256, U256};
use proptest::prelude::*;

use super::*;

const REGISTRY: u8 = 0xf0;
const ROLLUP: u8 = 0xe0;
const AZTEC: u8 = 0xd0;

fn address(byte: u8) -> Address {
    Address::repeat_byte(byte)
}

fn provider(id: u64) -> ProviderId {
    ProviderId::try_from(id).unwrap()
}

fn coinbase(byte: u8) -> Coinbase {
    Coinbase::try_from(address(byte)).unwrap()
}

fn confirmed(byte: u8) -> Option<Coinbase> {
    Some(coinbase(byte))
}

fn setting() -> Setting {
    Setting {
        chain_id: 1,
        staking_registry: address(REGISTRY),
        providers: BTreeSet::from([provider(1), provider(2)]),
        admins: BTreeSet::from([address(0xa0)]),
        policies: CoinbasePolicies::default(),
        attesters: BTreeSet::from([address(7)]),
        clocks: BTreeMap::from([(address(ROLLUP), RollupClock { genesis_time: 0, slot_seconds: 10, epoch_slots: 10 })]),
    }
}

/// One transaction: contract and event of each log.
type Transaction = Vec<(u8, Happened)>;

/// The chain that these transactions make, in blocks of that many; `shift` is by how many blocks a reorg moved them.
fn chain(transactions: &[Transaction], per_block: usize, shift: u64) -> Vec<Vec<Occurred>> {
    let mut blocks: Vec<Vec<Occurred>> = Vec::new();
    for (index, transaction) in transactions.iter().enumerate() {
        if index % per_block == 0 {
            blocks.push(Vec::new());
        }
        let number = shift + u64::try_from(blocks.len()).unwrap();
        let block = blocks.last_mut().unwrap();
        for (contract, what) in transaction {
            let log = LogId {
                block_number: number,
                log_index: u64::try_from(block.len()).unwrap(),
                block_hash: H256::from_low_u64_be(number),
                transaction_hash: H256::from_low_u64_be(u64::try_from(index).unwrap() + 1_000),
            };
            block.push(Occurred { log, time: number * 12, contract: address(*contract), what: what.clone() });
        }
    }
    blocks
}

fn plan_of(events: &[Occurred], known: &mut Known) -> Plans {
    plan(&setting(), known, events, Assurance::TwoEndpoints)
}

fn of(transactions: &[Transaction]) -> Plans {
    plan_of(&chain(transactions, 1, 0).concat(), &mut Known::default())
}

fn kinds(plans: &Plans) -> Vec<ActionKind> {
    plans.actions.iter().map(|action| action.kind).collect()
}

fn added(key: u8) -> Transaction {
    vec![(REGISTRY, Happened::KeysAdded { provider: provider(1), attesters: vec![address(key)] })]
}

/// A delegation as the contracts tell it: the deposit first.
fn stake(id: u64, key: u8, split: u8) -> Transaction {
    let (attester, rollup) = (address(key), address(ROLLUP));
    vec![
        (ROLLUP, Happened::Queued { attester, withdrawer: address(0x99) }),
        (REGISTRY, Happened::Staked { provider: provider(id), rollup, attester, coinbase: confirmed(split) }),
    ]
}

#[test]
fn with_a_coinbase_of_the_operators_own_a_delegation_asks_for_no_split() {
    let own = |policies| Setting { policies, ..setting() };
    let network = CoinbasePolicies { network: CoinbasePolicy::OwnAddress, ..CoinbasePolicies::default() };
    let one = CoinbasePolicies {
        by_provider: BTreeMap::from([(provider(1), CoinbasePolicy::OwnAddress)]),
        ..CoinbasePolicies::default()
    };
    for (policies, wanted) in [(CoinbasePolicies::default(), 2), (network, 0), (one, 1)] {
        let events = chain(&[stake(1, 5, 0xc5), stake(2, 6, 0xc6)], 1, 0).concat();
        let plans = plan(&own(policies), &mut Known::default(), &events, Assurance::TwoEndpoints);
        let count = plans.actions.iter().filter(|action| action.kind == ActionKind::ConfigureCoinbase).count();
        assert_eq!(count, wanted);
    }
}

#[test]
fn a_delegation_asks_for_its_coinbase_before_the_next_epoch() {
    let plans = of(&[added(5), stake(1, 5, 0xc5)]);
    assert_eq!(kinds(&plans), [ActionKind::KeysAdded, ActionKind::DepositQueued, ActionKind::ConfigureCoinbase]);
    let action = &plans.actions[2];
    assert_eq!(action.subject, ActionSubject::Attester(address(5)));
    let goal = Goal::CoinbaseConfigured { provider_id: provider(1), rollup: address(ROLLUP), coinbase: coinbase(0xc5) };
    assert_eq!((action.goal.clone(), action.until, action.priority), (goal, Some(100), Priority::Urgent));
    assert!(plans.retractions.is_empty());
}

#[test]
fn a_coinbase_that_the_chain_does_not_confirm_is_asked_of_nobody() {
    let (attester, rollup) = (address(5), address(ROLLUP));
    let staked = Happened::Staked { provider: provider(1), rollup, attester, coinbase: None };
    assert_eq!(kinds(&of(&[added(5), vec![(REGISTRY, staked)]])), [ActionKind::KeysAdded]);
}

#[test]
fn what_strangers_do_is_nobodys_business() {
    let (attester, rollup) = (address(9), address(ROLLUP));
    let staked = Happened::Staked { provider: provider(3), rollup, attester, coinbase: confirmed(0xc9) };
    let plans = of(&[
        vec![(REGISTRY, Happened::KeysAdded { provider: provider(3), attesters: vec![attester] })],
        vec![(ROLLUP, Happened::Queued { attester, withdrawer: address(1) }), (REGISTRY, staked.clone())],
        vec![(ROLLUP, Happened::Slashed { attester, amount: U256::one() })],
        vec![(REGISTRY, Happened::TakeRateChanged { provider: provider(3), bps: 1 })],
        // Another contract that says what only the registry can say.
        vec![(AZTEC, Happened::Staked { provider: provider(1), rollup, attester, coinbase: confirmed(0xc9) })],
        vec![(AZTEC, Happened::AdminChanged { provider: provider(1), admin: address(1) })],
    ]);
    assert_eq!(plans, Plans::default());
}

#[test]
fn a_waiting_key_that_somebody_else_deposits_is_told_and_our_own_delegation_is_not() {
    let queued = Happened::Queued { attester: address(5), withdrawer: address(0x99) };
    let plans = of(&[added(5), vec![(ROLLUP, queued)]]);
    assert_eq!(kinds(&plans), [ActionKind::KeysAdded, ActionKind::QueuedKeyTaken, ActionKind::DepositQueued]);
    assert!(!kinds(&of(&[added(5), stake(1, 5, 0xc5)])).contains(&ActionKind::QueuedKeyTaken));
    // A delegation through another provider, which had the same key.
    assert!(kinds(&of(&[added(5), stake(3, 5, 0xc5)])).contains(&ActionKind::QueuedKeyTaken));
}

#[test]
fn an_end_takes_back_what_was_planned_and_a_refund_that_of_its_own_delegation_alone() {
    let refund = |splits: Vec<Coinbase>| {
        let refund = Happened::Refunded { attester: address(5), withdrawer: address(0x99), splits };
        of(&[added(5), stake(1, 5, 0xc5), stake(1, 5, 0xc6), vec![(ROLLUP, refund)]])
    };
    // Perhaps a stranger's.
    let plans = refund(Vec::new());
    assert!(kinds(&plans).contains(&ActionKind::DepositRefunded) && plans.retractions.is_empty());
    let plans = refund(confirmed(0xc5).into_iter().collect());
    let asked = plans.actions.iter().find_map(|action| match action.goal {
        Goal::CoinbaseConfigured { coinbase, .. } => (Some(coinbase) == confirmed(0xc5)).then(|| action.key.clone()),
        Goal::Told | Goal::KeystoreLoaded { .. } | Goal::Executed(_) | Goal::JobDone { .. } => None,
    });
    assert_eq!(plans.retractions.iter().map(|back| Some(back.key.clone())).collect::<Vec<_>>(), [asked]);
    let over = Happened::ExitFinalized { attester: address(5), recipient: address(1), amount: U256::one() };
    let plans = of(&[added(5), stake(1, 5, 0xc5), vec![(ROLLUP, over)]]);
    assert_eq!(plans.retractions.len(), 1);
}

#[test]
fn an_admin_that_is_not_ours_is_urgent() {
    let urgency = |admin: u8| {
        let plans = of(&[vec![(REGISTRY, Happened::AdminChanged { provider: provider(1), admin: address(admin) })]]);
        plans.actions[0].priority
    };
    assert_eq!((urgency(0xa0), urgency(0xa1)), (Priority::Normal, Priority::Urgent));
}

#[test]
fn two_slashes_in_one_transaction_are_two_and_a_cut_over_is_one() {
    let slashed = (ROLLUP, Happened::Slashed { attester: address(7), amount: U256::exp10(18) });
    let plans = of(&[vec![slashed.clone(), slashed]]);
    assert_eq!(kinds(&plans), [ActionKind::Slashed, ActionKind::Slashed]);
    assert_ne!(plans.actions[0].key, plans.actions[1].key);
    let changed = || vec![(AZTEC, Happened::RollupChanged { rollup: address(ROLLUP), version: U256::from(2) })];
    let plans = of(&[changed(), changed()]);
    assert_eq!(plans.actions[0].key, plans.actions[1].key);
}

fn events() -> impl Strategy<Value = Transaction> {
    let (keys, splits, ids) = (1..9_u8, 0x40..0x60_u8, 1..4_u64);
    let one = (0..13_u8, keys, splits, ids).prop_map(|(kind, key, split, id)| {
        let (attester, provider, rollup) = (address(key), provider(id), address(ROLLUP));
        let (withdrawer, amount) = (address(0x99), U256::from(key));
        match kind {
            0 | 1 => vec![(REGISTRY, Happened::KeysAdded { provider, attesters: vec![attester, address(key + 1)] })],
            2 | 3 => stake(id, key, split),
            4 => vec![(REGISTRY, Happened::Dripped { provider, attester })],
            5 => vec![(ROLLUP, Happened::Accepted { attester })],
            6 => vec![(ROLLUP, Happened::Refunded { attester, withdrawer, splits: Vec::new() })],
            7 => vec![(ROLLUP, Happened::Slashed { attester, amount }); 2],
            8 => vec![(ROLLUP, Happened::ExitFinalized { attester, recipient: withdrawer, amount })],
            9 => vec![(REGISTRY, Happened::AdminChanged { provider, admin: attester })],
            10 => vec![(AZTEC, Happened::RollupChanged { rollup, version: amount })],
            11 => vec![(ROLLUP, Happened::Queued { attester, withdrawer })],
            _ => vec![(ROLLUP, Happened::SlasherChanged { old: attester, new: withdrawer })],
        }
    });
    proptest::collection::vec(one, 1..3).prop_map(|parts| parts.concat())
}

/// What a restart makes of the ledger up to a block.
fn known_after(blocks: &[Vec<Occurred>]) -> Known {
    let mut known = Known::default();
    blocks.iter().flatten().for_each(|event| known.note(&setting(), event));
    known
}

proptest! {
    #[test]
    fn any_split_into_ranges_with_restarts_and_replays_plans_what_one_pass_does(
        transactions in proptest::collection::vec(events(), 1..30),
        per_block in 1..4_usize,
        cuts in proptest::collection::vec((0..30_usize, any::<bool>(), 0..4_usize), 0..6),
    ) {
        let blocks = chain(&transactions, per_block, 0);
        let whole = plan_of(&blocks.concat(), &mut Known::default());
        let mut cuts: Vec<_> = cuts.into_iter().map(|(at, restart, again)| (at.min(blocks.len()), restart, again)).collect();
        cuts.push((blocks.len(), false, 0));
        cuts.sort_unstable();
        let (mut pieces, mut known, mut from) = (Plans::default(), Known::default(), 0);
        let mut replayed = Plans::default();
        for (to, restart, again) in cuts {
            if restart {
                known = known_after(&blocks[..from]);
            }
            let plans = plan_of(&blocks[from..to].concat(), &mut known);
            pieces.actions.extend(plans.actions);
            pieces.retractions.extend(plans.retractions);
            // Reading some of it once more adds nothing.
            let begin = to.saturating_sub(again);
            let plans = plan_of(&blocks[begin..to].concat(), &mut known_after(&blocks[..begin]));
            replayed.actions.extend(plans.actions);
            from = to;
        }
        prop_assert!(replayed.actions.iter().all(|action| whole.actions.contains(action)));
        prop_assert_eq!(pieces, whole);
    }

    #[test]
    fn a_reorg_that_moves_transactions_moves_no_key(
        transactions in proptest::collection::vec(events(), 1..20),
        per_block in (1..4_usize, 1..4_usize),
        shift in 0..5_u64,
    ) {
        let keys = |blocks: Vec<Vec<Occurred>>| -> Vec<EffectKey> {
            plan_of(&blocks.concat(), &mut Known::default()).actions.into_iter().map(|action| action.key).collect()
        };
        prop_assert_eq!(keys(chain(&transactions, per_block.0, 0)), keys(chain(&transactions, per_block.1, shift)));
    }
}
