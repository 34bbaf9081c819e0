//! Snapshots of a network that has had a cut-over equal the oracles of both rollups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use butler_core::chain::SnapshotReader;
use butler_core::contracts::bindings::aztec_registry::CanonicalRollupUpdatedFilter;
use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::rollups::cut_over::duties_until;
use butler_core::domain::rollups::untold::LastTold;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, DevnetState, Move, Oracle, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy};
use ethers_contract::EthEvent as _;
use ethers_core::types::{Address, U256};
use ethers_core::utils::{hex, id};
use serde_json::json;

use crate::support;

fn state() -> DevnetState {
    ensure(&DevnetSpec::scenario()).unwrap().upgrade()
}

async fn read(reader: &mut SnapshotReader, oracle: &Oracle) -> (NetworkSnapshot, u64) {
    let requests = || reader.client().endpoints()[0].peer().counters().requests.load(Ordering::Relaxed);
    let before = requests();
    let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
    let requests = reader.client().endpoints()[0].peer().counters().requests.load(Ordering::Relaxed);
    (snapshot, requests - before)
}

/// The rows of the named attesters.
fn rows(
    snapshot: &NetworkSnapshot,
    oracle: &Oracle,
    before: &BTreeMap<Address, State>,
) -> BTreeMap<String, AttesterRow> {
    let rows = overview(snapshot, &KeyBook::default(), before, Duration::from_secs(3_600));
    let names = oracle.attesters.iter().map(|(name, attester)| (attester.address, name.clone()));
    let names: BTreeMap<Address, String> = names.collect();
    rows.into_iter().filter_map(|row| Some((names.get(&row.attester)?.clone(), row))).collect()
}

/// Position, version of the rollup and place of the named ones.
fn places(rows: &BTreeMap<String, AttesterRow>) -> BTreeMap<&str, (Position, Option<u64>, Option<u64>)> {
    let place = |row: &AttesterRow| row.entry_queue_place.or(row.provider_queue_place);
    let one = |(name, row): (&'static str, &AttesterRow)| {
        (name, (row.position, row.rollup.map(|rollup| rollup.version.as_u64()), place(row)))
    };
    let names = ["A0", "A8", "A9", "D0", "D1", "D2", "D3"];
    names.into_iter().filter_map(|name| Some(one((name, rows.get(name)?)))).collect()
}

#[tokio::test]
async fn every_row_of_the_cut_over_is_told_before_and_afterwards() {
    let state = state();
    let mut chain = Chain::start(&state).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let sides = oracle.upgrade.clone().unwrap();
    let (old, new) = (sides.former.version, sides.next.version);
    let split = |name: &str| Coinbase::try_from(oracle.coinbases()[&oracle.attesters[name].address]).unwrap();
    let tokens = |tokens: u64| U256::from(tokens) * U256::exp10(18);

    let mut reader = support::reader(&oracle, chain.url());
    let (snapshot, _) = read(&mut reader, &oracle).await;
    let before = rows(&snapshot, &oracle, &BTreeMap::new());
    use Position::{EntryQueue, Exiting, ProviderQueue, Validating, Zombie};
    let expected = BTreeMap::from([
        ("A0", (Validating, Some(old), None)),
        ("A8", (Validating, Some(old), None)),
        ("A9", (Exiting, Some(old), None)),
        ("D0", (Zombie, Some(old), None)),
        ("D1", (EntryQueue, Some(old), Some(0))),
        ("D2", (EntryQueue, Some(old), Some(1))),
        ("D3", (ProviderQueue, None, Some(0))),
    ]);
    assert_eq!(places(&before), expected);
    assert!(snapshot.former_rollups.is_empty());
    let (_, warm_before) = read(&mut reader, &oracle).await;

    chain.cut_over(&state).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let states = before.values().map(|row| (row.attester, row.state)).collect();
    let (snapshot, first) = read(&mut reader, &oracle).await;
    let after = rows(&snapshot, &oracle, &states);
    let moved = BTreeMap::from([("A0", (Validating, Some(new), None))]);
    let expected: BTreeMap<_, _> = expected.into_iter().chain(moved).collect();
    assert_eq!(places(&after), expected, "the first reading is right already");
    for row in after.values() {
        assert_eq!(row.at_former, row.rollup.is_some_and(|rollup| rollup.version == old.into()));
        let judgement = row.judgement.as_ref().map(|judgement| format!("{judgement:?}"));
        assert_eq!(judgement.as_deref().unwrap_or("Unchanged"), "Unchanged", "{:?}", row.attester);
    }
    assert_eq!(after["A9"].view.exit, before["A9"].view.exit);
    assert!(after["D1"].arrival.is_none() && after["D2"].arrival.is_some());
    assert_eq!(after["D1"].stakes[0].fate.name(), "doomed");
    assert_eq!(after["D1"].stakes[0].refusal.unwrap().name(), "rollup_replaced");
    let former = &snapshot.former_rollups[0];
    let genesis = state.oracle().unwrap().rollup.genesis_time;
    assert_eq!(former.id.version, old.into());
    assert_eq!(former.figures.as_ref().unwrap().clock.genesis_time, genesis);
    assert_eq!(snapshot.pending_rewards[&split("A0")], tokens(1_000));
    assert_eq!(after["A0"].rewards_left[0].amount, tokens(1_000));
    assert_eq!(after["A9"].pending_rewards, Some(tokens(70)));

    // What is earned afterwards is added up.
    chain.play(Move::SetRewards { coinbase: split("A0").address(), tokens: 5 }).await.unwrap();
    let (snapshot, warm) = read(&mut reader, &oracle).await;
    assert_eq!(snapshot.pending_rewards[&split("A0")], tokens(1_005));
    assert_eq!(snapshot.rewards_left(split("A0"))[0].amount, tokens(1_000));
    assert_eq!((first, warm), (warm_before, warm_before), "a former rollup that holds something costs no request");

    // The next flush there refunds the one and lets the other in.
    chain.play_at(sides.former.address, Move::Flush).await.unwrap();
    let (snapshot, _) = read(&mut reader, &oracle).await;
    let flushed = rows(&snapshot, &oracle, &BTreeMap::new());
    assert_eq!((flushed["D1"].position, flushed["D1"].deposit_failed), (Position::Unregistered, true));
    assert_eq!((flushed["D2"].position, flushed["D2"].at_former), (Validating, true));
    assert_eq!(flushed["D2"].rollup.unwrap().version, old.into());
}

#[tokio::test]
async fn whoever_comes_after_the_cut_over_is_told_by_its_event_when_it_was() {
    let state = state();
    let mut chain = Chain::start(&state).await.unwrap();
    let played = chain.cut_over(&state).await.unwrap();
    let block = chain.rpc("eth_getBlockByNumber", json!([format!("{:#x}", played.block), false])).await.unwrap();
    let at = u64::from_str_radix(block["timestamp"].as_str().unwrap().trim_start_matches("0x"), 16).unwrap();
    chain.play(Move::JumpSeconds(3_600)).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let mut request = support::request(&oracle);
    let proxy = FaultProxy::start(chain.url()).await.unwrap();
    let since = |snapshot: &NetworkSnapshot| snapshot.former_rollups[0].since;
    let requests =
        |reader: &SnapshotReader| reader.client().endpoints()[0].peer().counters().requests.load(Ordering::Relaxed);

    // Who does not need it does not ask.
    let mut reader = support::reader(&oracle, &proxy.url());
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    assert_eq!(since(&snapshot), snapshot.block.timestamp);
    let before = requests(&reader);
    reader.read(&request, &|_| ()).await.unwrap();
    let warm = requests(&reader) - before;

    request.with_cut_over_time = true;
    let before = requests(&reader);
    let snapshot = reader.read(&request, &|_| ()).await.unwrap();
    assert_eq!(since(&snapshot), at);
    assert_eq!(requests(&reader) - before, warm + 2, "the event, and its block");
    let before = requests(&reader);
    assert_eq!(since(&reader.read(&request, &|_| ()).await.unwrap()), at);
    assert_eq!(requests(&reader) - before, warm, "it is known");
    let clock = &snapshot.former_rollups[0].figures.as_ref().unwrap().clock;
    let ends = clock.epoch_start(clock.epoch_at(at).unwrap() + 3);
    assert_eq!(
        duties_until(&snapshot.former_rollups[0], &snapshot),
        ends.filter(|end| *end > snapshot.block.timestamp)
    );

    // That no event is told proves nothing, and one of two is not believed.
    proxy.set(FaultPlan::always(Fault::RefuseLogs(format!("{:#x}", CanonicalRollupUpdatedFilter::signature()))));
    let (liar, honest) = (support::endpoint("liar", &proxy.url()), support::endpoint("honest", chain.url()));
    for (endpoints, is_known) in
        [(vec![liar.clone()], false), (vec![liar, honest.clone()], false), (vec![honest], true)]
    {
        let snapshot = support::reader_at(&oracle, &endpoints).read(&request, &|_| ()).await.unwrap();
        assert_eq!(since(&snapshot) == at, is_known, "{} endpoints", endpoints.len());
    }
}

#[tokio::test]
async fn a_former_rollup_with_nothing_of_ours_costs_nothing() {
    let state = state();
    let mut chain = Chain::start(&state).await.unwrap();
    let before = chain.oracle().unwrap().clone();
    let mut request = support::request(&before);
    request.provider_ids = BTreeSet::from([2.try_into().unwrap()]);
    request.attesters.clear();
    let mut reader = support::reader(&before, chain.url());
    let requests =
        |reader: &SnapshotReader| reader.client().endpoints()[0].peer().counters().requests.load(Ordering::Relaxed);
    let mut each = Vec::new();
    for round in 0..5 {
        if round == 2 {
            chain.cut_over(&state).await.unwrap();
        }
        let start = requests(&reader);
        let snapshot = reader.read(&request, &|_| ()).await.unwrap();
        each.push(requests(&reader) - start);
        assert!(snapshot.former_rollups.iter().all(butler_core::domain::rollups::FormerRollup::is_empty));
        assert_eq!(snapshot.former_rollups.len(), usize::from(round >= 2));
    }
    assert!(each[2..].iter().all(|requests| *requests == each[1]), "{each:?}");

    // Nor does it cost whoever looks for the first time, and asks for what it holds.
    let cold = async |oracle: &Oracle, url: &str| {
        let mut reader = support::reader(oracle, url);
        read(&mut reader, oracle).await.1
    };
    let after = chain.oracle().unwrap().clone();
    let was = Chain::start(&state).await.unwrap();
    assert_eq!(cold(&after, chain.url()).await, cold(&before, was.url()).await);
}

#[tokio::test]
async fn whoever_waits_at_a_former_rollup_is_seen_as_soon_as_it_is_let_in() {
    let state = state();
    let mut chain = Chain::start(&state).await.unwrap();
    chain.cut_over(&state).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    // What two say is not asked again for some time.
    let endpoints = ["one", "two"].map(|name| support::endpoint(name, chain.url()));
    let mut reader = support::reader_at(&oracle, &endpoints);
    for _ in 0..2 {
        let (snapshot, _) = read(&mut reader, &oracle).await;
        assert_eq!(rows(&snapshot, &oracle, &BTreeMap::new())["D2"].position, Position::EntryQueue);
    }
    chain.play_at(oracle.upgrade.clone().unwrap().former.address, Move::Flush).await.unwrap();
    let (snapshot, _) = read(&mut reader, &oracle).await;
    let row = &rows(&snapshot, &oracle, &BTreeMap::new())["D2"];
    assert_eq!((row.position, row.at_former), (Position::Validating, true));
}

/// The code of a contract that passes everything on to `inner` but one function, to which `answer` is its answer.
fn all_but(selector: &str, answer: &str, inner: Address) -> String {
    format!(
        "0x60003560e01c63{selector}14604257366000803760008036600073{inner:x}5af43d6000803e603d573d6000fd5b3d6000f35b{answer}"
    )
}

#[tokio::test]
async fn one_function_that_a_former_rollup_does_not_answer_hides_no_more_than_it_tells() {
    use Position::{EntryQueue, Exiting, Unknown, Validating, Zombie};
    let state = state();
    let mut chain = Chain::start(&state).await.unwrap();
    chain.cut_over(&state).await.unwrap();
    let oracle = chain.oracle().unwrap().clone();
    let (former, inner) = (oracle.upgrade.clone().unwrap().former.address, Address::repeat_byte(0x77));
    let code = chain.rpc("eth_getCode", json!([former, "latest"])).await.unwrap();
    chain.rpc("anvil_setCode", json!([inner, code])).await.unwrap();
    let (mut truth, _) = read(&mut support::reader(&oracle, chain.url()), &oracle).await;
    let all = [Validating, Exiting, Zombie, EntryQueue, EntryQueue];
    let (active, waiting) =
        ([Unknown, Unknown, Unknown, EntryQueue, EntryQueue], [Validating, Exiting, Zombie, Unknown, Unknown]);
    let (revert, nothing, short, most) = ("600080fd", "00", "60016000f3", "60001960005260206000f3");
    let mut wrong = Vec::new();
    for (function, expected) in [
        ("getVersion()", all),
        ("getSequencerRewards(address)", all),
        ("getAttesterView(address)", active),
        ("getEntryQueueLength()", waiting),
        ("getEntryQueueAt(uint256)", waiting),
    ] {
        for how in [revert, nothing, short, most] {
            // Of a rollup of another version nobody knows whose answers those are.
            let expected = if (function, how) == ("getVersion()", most) { [Unknown; 5] } else { expected };
            let code = all_but(&hex::encode(id(function)), how, inner);
            chain.rpc("anvil_setCode", json!([former, code])).await.unwrap();
            chain.mine().await.unwrap();
            let mut reader = support::reader(&oracle, chain.url());
            let mut snapshot = match reader.read(&support::request(&oracle), &|_| ()).await {
                Ok(snapshot) => snapshot,
                Err(error) => {
                    wrong.push(format!("{function} {how}: {error:?}"));
                    continue;
                }
            };
            let places = |snapshot: &NetworkSnapshot| {
                let rows = rows(snapshot, &oracle, &BTreeMap::new());
                ["A8", "A9", "D0", "D1", "D2"].map(|name| rows[name].position)
            };
            let (told, unread) = (places(&snapshot), snapshot.former_rollups[0].unread.clone());
            if told != expected || unread.as_deref() != function.split('(').next() {
                wrong.push(format!("{function} {how}: {told:?} {unread:?}"));
            }
            let mut last = LastTold::default();
            last.lend(&mut truth);
            last.lend(&mut snapshot);
            let lent = (places(&snapshot), &snapshot.pending_rewards);
            if lent != (all, &truth.pending_rewards) {
                wrong.push(format!("{function} {how}, lent: {lent:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
