//! A thousand delegations in one block are planned in one commit, each once, and begun within the budget of their kind.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use butler_core::domain::action::{ActionKind, Assurance, Policy};
use butler_core::domain::attester::coinbase::CoinbasePolicies;
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::ids::{Coinbase, ProviderId};
use butler_watcher::journal::{
    Batch, Claim, Cursor, CursorMove, Journal as _, Keeper, Outcome, Plan, Query, Rules, Settings, Settlement, Work,
};
use butler_watcher::plan::{Happened, Known, Occurred, Setting, plan};
use ethers_core::types::{Address, H256};

const FLOOD: u64 = 1_000;
/// Of a kind in an hour.
const BUDGET: u32 = 300;
const ROLLUP: u64 = 0xe0;
const REGISTRY: u64 = 0xf0;

fn address(number: u64) -> Address {
    Address::from_low_u64_be(number)
}

/// One block in which each key of a queue is taken.
fn flood(provider: ProviderId) -> Vec<Occurred> {
    let (rollup, withdrawer) = (address(ROLLUP), address(0x99));
    let told = (0..FLOOD).flat_map(|index| {
        let attester = address(0x1_0000 + index);
        let coinbase = Coinbase::try_from(address(0x2_0000 + index)).unwrap();
        [
            (index, rollup, Happened::Queued { attester, withdrawer }),
            (index, address(REGISTRY), Happened::Staked { provider, rollup, attester, coinbase: Some(coinbase) }),
        ]
    });
    (0..)
        .zip(told)
        .map(|(log_index, (transaction, contract, what))| {
            let transaction_hash = H256::from_low_u64_be(0x7000 + transaction);
            let log = LogId { block_number: 10, log_index, block_hash: H256::from_low_u64_be(10), transaction_hash };
            Occurred { log, time: 120, contract, what }
        })
        .collect()
}

#[test]
fn a_thousand_delegations_in_a_block_are_planned_once_and_begun_within_the_budget() {
    let provider = ProviderId::try_from(1_u64).unwrap();
    let setting = Setting {
        chain_id: 1,
        staking_registry: address(REGISTRY),
        providers: BTreeSet::from([provider]),
        admins: BTreeSet::new(),
        policies: CoinbasePolicies::default(),
        attesters: BTreeSet::new(),
        clocks: BTreeMap::new(),
    };
    let mut known = Known::default();
    let attesters = (0..FLOOD).map(|index| address(0x1_0000 + index)).collect();
    known.note_change(&setting.providers, &Happened::KeysAdded { provider, attesters });
    let before = known.clone();
    let plans = plan(&setting, &mut known, &flood(provider), Assurance::TwoEndpoints);
    let folder = tempfile::tempdir().unwrap();
    let rules = Rules { hourly: |_| Some(BUDGET), ..Rules::default() };
    let keeper = Keeper::open(&folder.path().join("journal"), Settings { rules, ..Settings::default() }).unwrap();
    let to = Cursor { block: 10, hash: H256::from_low_u64_be(10), time: 120 };
    let batch = |expected, plans: Vec<_>| Batch {
        cursor: Some(CursorMove { name: "l1".to_owned(), expected, to }),
        plans: plans.into_iter().map(|action| Plan { action, policy: Policy::Notify }).collect(),
        ..Batch::default()
    };
    let done = keeper.commit(&batch(None, plans.actions.clone())).unwrap();
    // A deposit and a coinbase for each.
    assert_eq!(u64::try_from(done.planned.len()).unwrap(), 2 * FLOOD);

    // The same block once more plans nothing.
    let again = plan(&setting, &mut before.clone(), &flood(provider), Assurance::TwoEndpoints);
    assert_eq!(again, plans);
    assert!(keeper.commit(&batch(Some(to), again.actions)).unwrap().planned.is_empty());

    let ask = Claim { limit: 10_000, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell };
    let claimed = keeper.claim(&ask).unwrap();
    let mut kinds = BTreeMap::<ActionKind, u32>::new();
    claimed.iter().for_each(|leased| *kinds.entry(leased.entry.action.kind).or_default() += 1);
    let within = BTreeMap::from([(ActionKind::ConfigureCoinbase, BUDGET), (ActionKind::DepositQueued, BUDGET)]);
    assert_eq!(kinds, within);
    // What costs money while it waits comes first.
    assert!(claimed.iter().take(300).all(|leased| leased.entry.action.kind == ActionKind::ConfigureCoinbase));
    let settlements: Vec<_> = claimed
        .into_iter()
        .map(|leased| Settlement { lease: leased.lease, outcome: Outcome::Proven { proof: None } })
        .collect();
    keeper.settle(&settlements).unwrap();
    // The rest waits for the next hour, and is not lost.
    assert!(keeper.claim(&ask).unwrap().is_empty());
    let live = keeper.read(&Query { phase: None, after: None, limit: 10_000 }).unwrap().live.len();
    assert_eq!(live, 1_400);
    assert!(keeper.verify().unwrap().faults.is_empty());
}

#[test]
fn without_a_word_of_the_operator_no_kind_is_begun_without_a_bound_and_a_flood_passes_at_once() {
    let most = (Rules::default().hourly)(ActionKind::ConfigureCoinbase).unwrap();
    assert!(u64::from(most) >= FLOOD);
}
