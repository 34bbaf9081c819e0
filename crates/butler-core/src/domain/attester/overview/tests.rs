//! Rows of a small network, each told apart by one fact.

use proptest::prelude::*;

use super::*;
use crate::domain::attester::coinbase::{Deadline, Unverified};
use crate::domain::attester::delegation::Delegation;
use crate::domain::attester::deposit::Winner;
use crate::domain::attester::view::OnChainStatus;
use crate::domain::operator::key_book::CoinbaseFault;
use crate::domain::provider::split::{SplitCheck, Unconfirmed};
use crate::domain::samples::{
    address, coinbase, confirm, delegation, deposit, key_entry, network, provider, provider_id, view,
};

const HOUR: Duration = Duration::from_secs(3_600);

/// Attesters 1 and 2 in the provider queue; 3, 4 and 5 in the entry queue behind a stranger; 6 active; 7 slashed;
/// 8 withdrawn; 9 with a refunded deposit; 10 new.
fn busy() -> (NetworkSnapshot, KeyBook) {
    let mut snapshot = network();
    snapshot.providers.insert(provider_id(1), provider(&[2, 1]));
    snapshot.entry_queue = [900, 5, 4, 3].map(deposit).to_vec();
    snapshot.active_set = vec![address(6)];
    let none = view(OnChainStatus::None, false);
    snapshot.attesters = [1, 2, 3, 4, 5, 9, 10].map(|n| (address(n), none)).into();
    snapshot.attesters.insert(address(6), view(OnChainStatus::Validating, true));
    snapshot.attesters.insert(address(7), view(OnChainStatus::Zombie, true));
    snapshot.attesters.insert(address(8), view(OnChainStatus::None, true));
    snapshot.delegations = [3, 4, 6, 7, 8, 9].map(|n| delegation(n, n, coinbase(100 + n))).to_vec();
    confirm(&mut snapshot);
    snapshot.pending_rewards.insert(coinbase(106), U256::from(42));
    let entry = |n: u64, paid: Option<u64>, index| KeyEntry {
        coinbase: paid.map(coinbase),
        ..key_entry(n, "paris", "paris.json", index)
    };
    let keys = KeyBook {
        entries: vec![entry(3, Some(103), 0), entry(4, Some(999), 1), entry(5, Some(500), 2), entry(6, None, 3)],
        ..KeyBook::default()
    };
    (snapshot, keys)
}

fn rows() -> Vec<AttesterRow> {
    let (snapshot, keys) = busy();
    overview(&snapshot, &keys, &BTreeMap::new(), HOUR)
}

fn row_of(rows: &[AttesterRow], attester: u64) -> &AttesterRow {
    let mut found = rows.iter().filter(|row| row.attester == address(attester));
    found.next().unwrap()
}

#[test]
fn rows_come_by_state_then_queue_place_then_address() {
    let order: Vec<_> = rows().iter().map(|row| (row.state, row.attester.to_low_u64_be())).collect();
    assert_eq!(
        order,
        [
            (State::New, 10),
            (State::InStakingProviderQueue, 2),
            (State::InStakingProviderQueue, 1),
            (State::CoinbaseNeeded, 9),
            (State::InStakingQueue, 5),
            (State::InStakingQueue, 4),
            (State::InStakingQueue, 3),
            (State::Active, 6),
            (State::NoLongerActive, 7),
            (State::NoLongerActive, 8),
        ]
    );
}

#[test]
fn places_count_from_the_head_of_each_queue() {
    let rows = rows();
    let places = |attester| {
        let row = row_of(&rows, attester);
        (row.provider_queue_place, row.entry_queue_place)
    };
    assert_eq!(places(2), (Some(0), None));
    assert_eq!(places(1), (Some(1), None));
    assert_eq!(places(5), (None, Some(1)), "the stranger is before it");
    assert_eq!(places(3), (None, Some(3)));
    assert_eq!(places(6), (None, None));
}

#[test]
fn only_the_entry_queue_has_arrivals() {
    let rows = rows();
    // One flush is left in epoch 5, which ends at 1600; two come with each later epoch.
    let epoch = |attester| row_of(&rows, attester).arrival.map(|arrival| arrival.epoch);
    assert_eq!([epoch(5), epoch(4), epoch(3)], [Some(6), Some(6), Some(7)]);
    assert_eq!([epoch(1), epoch(6), epoch(7)], [None, None, None]);
}

#[test]
fn coinbases_are_compared_with_the_delegation_that_counts() {
    let rows = rows();
    let found = |attester| {
        let row = row_of(&rows, attester);
        (row.coinbase, row.coinbase_severity)
    };
    assert_eq!(found(3), (CoinbaseCheck::Matches, Severity::Ok));
    let wrong = CoinbaseCheck::Wrong { configured: coinbase(999), expected: coinbase(104) };
    assert_eq!(found(4), (wrong, Severity::Critical));
    let direct = CoinbaseCheck::Unverifiable { configured: coinbase(500), why: Unverified::NoDelegation };
    assert_eq!(found(5), (direct, Severity::Ok));
    let overdue = CoinbaseCheck::Missing { deadline: Deadline::Overdue };
    assert_eq!(found(6), (overdue, Severity::Critical));
    assert_eq!(found(9), (CoinbaseCheck::NotApplicable, Severity::Ok), "its stake was refunded: the key is burnt");
    assert_eq!(found(1), (CoinbaseCheck::NotApplicable, Severity::Ok));
    assert_eq!(found(8), (CoinbaseCheck::NotApplicable, Severity::Ok));
}

#[test]
fn a_coinbase_that_the_chain_does_not_confirm_is_never_said_to_be_right() {
    let (mut snapshot, keys) = busy();
    for why in Unconfirmed::ALL {
        for check in snapshot.splits.values_mut() {
            *check = SplitCheck::Unconfirmed(why);
        }
        let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
        assert!(rows.iter().all(|row| row.coinbase_expected.is_none()), "{why:?}");
        for (attester, configured) in [(3, 103), (4, 999)] {
            let row = row_of(&rows, attester);
            let found = CoinbaseCheck::Unverifiable { configured: coinbase(configured), why: why.into() };
            assert_eq!((row.coinbase, row.coinbase_severity), (found, Severity::Warning), "{why:?}");
            assert_eq!(row.coinbase_claimed, Some(coinbase(100 + attester)));
        }
        let missing = row_of(&rows, 6);
        assert_eq!(missing.coinbase, CoinbaseCheck::Missing { deadline: Deadline::Overdue });
        assert_eq!(missing.coinbase_severity, Severity::Critical);
        assert_eq!(missing.coinbase_doubt, Some(why.into()));
    }
    snapshot.splits.clear();
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    assert_eq!(row_of(&rows, 3).coinbase_doubt, Some(Unverified::NoSplitBeside), "what was not read is not confirmed");
}

#[test]
fn an_attester_that_was_taken_out_of_the_queue_and_is_on_the_rollup_is_looked_at() {
    let (mut snapshot, keys) = busy();
    snapshot.dripped = [3, 5, 8].map(address).into();
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    let row = row_of(&rows, 5);
    let found = CoinbaseCheck::Unverifiable { configured: coinbase(500), why: Unverified::Dripped };
    assert_eq!((row.coinbase, row.coinbase_severity), (found, Severity::Warning));
    assert_eq!((row.coinbase_expected, row.coinbase_claimed), (None, None));
    assert_eq!(row_of(&rows, 3).coinbase, CoinbaseCheck::Matches, "its stake made it what it is");
    assert_eq!(row_of(&rows, 8).coinbase, CoinbaseCheck::NotApplicable, "it left");
}

#[test]
fn the_last_delegation_is_the_highest_log_whatever_the_order() {
    let (mut snapshot, keys) = busy();
    let later =
        Delegation { staker: address(77), withdrawer: Some(address(6_000)), ..delegation(90, 3, coinbase(190)) };
    for at in [0, snapshot.delegations.len()] {
        let mut snapshot = snapshot.clone();
        snapshot.delegations.insert(at, later);
        confirm(&mut snapshot);
        let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
        assert_eq!(row_of(&rows, 3).coinbase_expected, Some(coinbase(190)));
        assert_eq!(row_of(&rows, 3).staker, Some(address(77)));
    }
    snapshot.delegations.clear();
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    assert_eq!(row_of(&rows, 3).staker, None);
}

/// Attester 3 staked in blocks 3 and 90, with coinbases 103 and 190.
fn staked_twice(change: impl FnOnce(&mut NetworkSnapshot)) -> AttesterRow {
    let (mut snapshot, _) = busy();
    snapshot.delegations.push(Delegation {
        staker: address(77),
        withdrawer: Some(address(6_000)),
        ..delegation(90, 3, coinbase(190))
    });
    confirm(&mut snapshot);
    change(&mut snapshot);
    let keys = KeyBook {
        entries: vec![KeyEntry { coinbase: Some(coinbase(190)), ..key_entry(3, "paris", "paris.json", 0) }],
        ..KeyBook::default()
    };
    row_of(&overview(&snapshot, &keys, &BTreeMap::new(), HOUR), 3).clone()
}

#[test]
fn of_two_stakes_the_one_that_succeeded_or_can_succeed_first_decides_the_coinbase() {
    let expected = |row: &AttesterRow| (row.coinbase_expected, row.staker, row.coinbase);
    let first = coinbase(103);
    let second = coinbase(190);
    let wrong = CoinbaseCheck::Wrong { configured: second, expected: first };
    let active = |snapshot: &mut NetworkSnapshot| {
        snapshot.attesters.insert(address(3), view(OnChainStatus::Validating, true));
    };

    let waits = staked_twice(active);
    assert_eq!(expected(&waits), (Some(first), Some(address(6_000)), wrong), "success, then a stake that waits");
    let fates: Vec<_> = waits.stakes.iter().map(|stake| (stake.fate.name(), stake.counts)).collect();
    assert_eq!(fates, [("succeeded", true), ("doomed", false)]);

    let both = staked_twice(|snapshot| snapshot.entry_queue.push(deposit(3)));
    assert_eq!(expected(&both), (Some(first), Some(address(6_000)), wrong), "both wait");

    let failed = staked_twice(|_| ());
    let matches = CoinbaseCheck::Matches;
    assert_eq!(expected(&failed), (Some(second), Some(address(77)), matches), "failure, then a stake that waits");

    let decided = |winner: Option<Winner>| {
        staked_twice(|snapshot| {
            active(snapshot);
            snapshot.entry_queue.retain(|deposit| deposit.attester != address(3));
            snapshot.winners.extend(winner.map(|winner| (address(3), winner)));
        })
    };
    let of_block = |block| Winner::Delegation(delegation(block, 3, first).log);
    assert_eq!(expected(&decided(Some(of_block(3)))), (Some(first), Some(address(6_000)), wrong));
    assert_eq!(expected(&decided(Some(of_block(90)))), (Some(second), Some(address(77)), matches));
    for winner in [None, Some(Winner::Unknown)] {
        let row = decided(winner);
        let why = Unverified::SeveralDeposits;
        assert_eq!(row.coinbase, CoinbaseCheck::Unverifiable { configured: second, why }, "nobody guesses");
        assert_eq!((row.coinbase_expected, row.coinbase_doubt), (None, Some(why)));
    }

    let burnt = staked_twice(|snapshot| snapshot.entry_queue.clear());
    assert_eq!(expected(&burnt), (None, Some(address(77)), CoinbaseCheck::NotApplicable), "both were refunded");
    assert!(burnt.deposit_failed);

    let left = staked_twice(|snapshot| {
        snapshot.attesters.insert(address(3), view(OnChainStatus::None, true));
    });
    assert_eq!((left.position, left.state), (Position::EntryQueue, State::NoLongerActive));
    assert_eq!(left.coinbase, CoinbaseCheck::NotApplicable, "it was active once, so this stake will be refunded, too");
}

#[test]
fn a_key_that_is_queued_again_after_a_refund_waits_for_its_next_split() {
    let queued = staked_twice(|snapshot| {
        snapshot.entry_queue.clear();
        snapshot.providers.insert(provider_id(1), provider(&[3]));
    });
    let why = Unverified::NotStakedYet;
    assert_eq!(queued.coinbase, CoinbaseCheck::Unverifiable { configured: coinbase(190), why });
    assert!(!queued.deposit_failed);
}

#[test]
fn whoever_looks_for_the_first_time_says_the_same_state_as_whoever_looked_before() {
    let (mut snapshot, keys) = busy();
    snapshot.dripped.insert(address(10));
    let fresh = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    assert_eq!(row_of(&fresh, 10).state, State::CoinbaseNeeded, "the ledger says that it left the queue");
    assert_eq!(row_of(&fresh, 10).coinbase, CoinbaseCheck::NotApplicable, "and nobody staked it");
    for before in State::ALL {
        let previous = snapshot.attesters.keys().map(|attester| (*attester, before)).collect();
        let rows = overview(&snapshot, &keys, &previous, HOUR);
        assert!(rows.iter().zip(&fresh).all(|(row, fresh)| row.state == fresh.state), "{before}");
    }
}

#[test]
fn with_an_own_coinbase_no_split_is_expected() {
    let (snapshot, keys) = busy();
    let own = CoinbasePolicies { network: CoinbasePolicy::OwnAddress, ..CoinbasePolicies::default() };
    let rules = CoinbaseRules { critical_within: HOUR, policies: own };
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), rules);
    for attester in [3, 4, 5] {
        assert_eq!(row_of(&rows, attester).coinbase, CoinbaseCheck::Matches, "{attester}");
        assert_eq!(row_of(&rows, attester).coinbase_expected, None);
    }
    assert_eq!(row_of(&rows, 6).coinbase, CoinbaseCheck::Missing { deadline: Deadline::Overdue });
    let of_other =
        CoinbasePolicies { by_provider: [(provider_id(2), CoinbasePolicy::OwnAddress)].into(), ..Default::default() };
    let rules = CoinbaseRules { critical_within: HOUR, policies: of_other };
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), rules);
    assert!(matches!(row_of(&rows, 4).coinbase, CoinbaseCheck::Wrong { .. }), "provider 1 has the network's policy");
}

#[test]
fn a_zero_coinbase_is_told_as_such() {
    let (snapshot, mut keys) = busy();
    for entry in &mut keys.entries {
        (entry.coinbase, entry.coinbase_fault) = (None, Some(CoinbaseFault::Zero));
    }
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    assert_eq!(
        (row_of(&rows, 3).coinbase, row_of(&rows, 3).coinbase_severity),
        (CoinbaseCheck::Zero, Severity::Critical)
    );
}

#[test]
fn a_deposit_failed_when_nothing_is_left_of_it_on_this_rollup() {
    let failed: Vec<u64> =
        rows().iter().filter(|row| row.deposit_failed).map(|row| row.attester.to_low_u64_be()).collect();
    assert_eq!(failed, [9]);

    let (mut snapshot, keys) = busy();
    for delegation in &mut snapshot.delegations {
        delegation.rollup = address(9_999);
    }
    let rows = overview(&snapshot, &keys, &BTreeMap::new(), HOUR);
    assert!(!rows.iter().any(|row| row.deposit_failed), "it may wait on the other rollup");
}

#[test]
fn rewards_are_those_of_the_expected_coinbase() {
    let rows = rows();
    assert_eq!(row_of(&rows, 6).pending_rewards, Some(U256::from(42)));
    assert_eq!(row_of(&rows, 3).pending_rewards, None, "not read is not zero");
}

#[test]
fn a_step_is_judged_only_from_a_known_state() {
    let (snapshot, keys) = busy();
    let previous = BTreeMap::from([(address(6), State::InStakingQueue), (address(2), State::Active)]);
    let rows = overview(&snapshot, &keys, &previous, HOUR);
    assert_eq!(row_of(&rows, 6).judgement, Some(Judgement::Documented));
    assert_eq!(row_of(&rows, 2).judgement, Some(Judgement::Contradiction));
    assert_eq!(row_of(&rows, 3).judgement, None);
}

#[test]
fn counts_name_every_state_and_position() {
    let rows = rows();
    assert_eq!(counts_by_state(&rows).len(), State::ALL.len());
    assert_eq!(counts_by_state(&rows)[&State::InStakingQueue], 3);
    assert_eq!(counts_by_position(&rows).len(), Position::ALL.len());
    assert_eq!(counts_by_position(&rows)[&Position::Exiting], 0);
    assert_eq!(counts_by_state(&[])[&State::New], 0);
}

#[test]
fn a_row_serializes_as_reports_print_it() {
    let rows = rows();
    insta::assert_json_snapshot!(row_of(&rows, 4));
}

proptest! {
    #[test]
    fn every_tracked_attester_has_exactly_one_row(
        tracked in prop::collection::btree_set(1_u64..30, 0..20),
        queued in prop::collection::vec(1_u64..30, 0..10),
        deposits in prop::collection::vec(1_u64..30, 0..10),
        timestamp in any::<u64>(),
    ) {
        let mut snapshot = network();
        snapshot.block.timestamp = timestamp;
        snapshot.providers.insert(provider_id(1), provider(&queued));
        snapshot.entry_queue = deposits.into_iter().map(deposit).collect();
        let none = view(OnChainStatus::None, false);
        snapshot.attesters = tracked.iter().map(|n| (address(*n), none)).collect();
        let rows = overview(&snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
        let seen: BTreeSet<u64> = rows.iter().map(|row| row.attester.to_low_u64_be()).collect();
        prop_assert_eq!(rows.len(), tracked.len());
        prop_assert_eq!(seen, tracked);
        prop_assert!(rows.iter().map(|row| row.state).is_sorted());
    }
}
