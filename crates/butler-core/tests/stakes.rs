//! Keys that are staked twice in every order, keys in a queue that are of no use, and dripped keys, on the real contracts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use butler_core::chain::{LedgerCache, SnapshotReader};
use butler_core::domain::attester::coinbase::CoinbaseCheck;
use butler_core::domain::attester::deposit::Winner;
use butler_core::domain::attester::fate::Fate;
use butler_core::domain::attester::overview::overview;
use butler_core::domain::attester::queue_key::{Effect, Obstacle, bad_queue_keys};
use butler_core::domain::attester::state::State;
use butler_core::domain::findings::{Subject, staking};
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{
    Chain, DevnetSpec, KeyStore, Move, Told, ToldOfRival, ToldOfStranger, ensure, with_wrong_proof,
};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie, LogKind};
use ethers_core::types::Address;

use crate::support;

const HOUR: Duration = Duration::from_secs(3_600);

fn assert_told(snapshot: &NetworkSnapshot, told: &[Told]) {
    let rows = overview(snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
    for Told { story, attester, coinbases } in told {
        let name = story.name;
        let row = rows.iter().find(|row| row.attester == *attester).unwrap();
        let fates: Vec<&str> = row.stakes.iter().map(|stake| stake.fate.name()).collect();
        assert_eq!(fates, story.fates, "{name}");
        let splits: Vec<Address> = row.stakes.iter().map(|stake| stake.coinbase.address()).collect();
        assert_eq!(splits, coinbases, "{name}");
        let expected = row.coinbase_expected.map(|coinbase| coinbase.address());
        assert_eq!(expected, story.counts.map(|place| coinbases[place]), "{name}");
        match story.counts {
            Some(_) => assert!(matches!(row.coinbase, CoinbaseCheck::Missing { .. }), "{name}: {:?}", row.coinbase),
            None => assert_eq!(row.coinbase, CoinbaseCheck::NotApplicable, "{name}"),
        }
        assert_eq!(row.deposit_failed, story.fates == ["refunded", "refunded"], "{name}");
    }
}

#[tokio::test]
async fn the_stake_that_succeeded_or_can_succeed_first_counts_in_every_order() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let told = chain.stake_twice().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devnet-ledger.json");
    let request = support::request(oracle);
    let requests = |reader: &SnapshotReader| reader.client().endpoints()[0].peer().counters().requests.load(Relaxed);
    let reader = || {
        let ledger = LedgerCache::load(&path, support::key(oracle));
        SnapshotReader::new(support::client(&[support::endpoint("devnet", chain.url())]), ledger)
    };

    let mut first = reader();
    let snapshot = first.read(&request, &|_| ()).await.unwrap();
    assert_told(&snapshot, &told);
    // Only where the state leaves it open were events read, and each told of one deposit.
    let decided = told.iter().filter(|told| {
        told.story.fates == ["succeeded", "refunded"]
            || told.story.name.contains("refund, then success")
            || told.story.name.contains("the second succeeded")
    });
    let mut winners: Vec<Address> = decided.map(|told| told.attester).collect();
    winners.sort();
    assert_eq!(snapshot.winners.keys().copied().collect::<Vec<_>>(), winners);
    assert!(snapshot.winners.values().all(|winner| matches!(winner, Winner::Delegation(_))));

    // What is settled is kept with the ledger, and not read again.
    for _ in 0..64 {
        chain.play(Move::Mine).await.unwrap();
    }
    first.read(&request, &|_| ()).await.unwrap();
    first.save_ledger().unwrap();
    let mut second = reader();
    let again = second.read(&request, &|_| ()).await.unwrap();
    assert_told(&again, &told);
    let warm = requests(&second);
    let mut third = reader();
    third.forget_ledger();
    third.read(&request, &|_| ()).await.unwrap();
    assert!(warm < requests(&third), "{warm} requests with what was kept, {} without", requests(&third));
}

#[tokio::test]
async fn three_endpoints_agree_on_whose_deposit_it_was() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let told = chain.stake_twice().await.unwrap();
    let endpoints = ["a", "b", "c"].map(|name| support::endpoint(name, chain.url()));
    let mut reader = support::reader_at(oracle, &endpoints);
    let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
    assert_told(&snapshot, &told);
}

#[tokio::test]
async fn a_strangers_deposit_of_our_key_decides_in_every_order_whether_our_stake_counts() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let told = chain.meet_strangers().await.unwrap();
    let mut reader = support::reader(oracle, chain.url());
    for _ in 0..2 {
        let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
        let rows = overview(&snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
        let found = staking::of_snapshot(&snapshot, &KeyBook::default(), &rows);
        for ToldOfStranger { story, attester, coinbase } in &told {
            let name = story.name;
            let row = rows.iter().find(|row| row.attester == *attester).unwrap();
            let fates: Vec<&str> = row.stakes.iter().map(|stake| stake.fate.name()).collect();
            assert_eq!(fates, Vec::from_iter(story.fate), "{name}");
            let expected = row.coinbase_expected.map(|coinbase| coinbase.address());
            assert_eq!(expected, story.counts.then_some(*coinbase), "{name}");
            let is_missing = matches!(row.coinbase, CoinbaseCheck::Missing { .. });
            assert_eq!(is_missing, story.counts, "{name}");
            assert!(is_missing || row.coinbase == CoinbaseCheck::NotApplicable, "{name}: {:?}", row.coinbase);
            let about = found.iter().filter(|finding| finding.subject == Subject::Attester(*attester));
            let mut found_kinds: Vec<_> = about.map(|finding| (finding.kind.code(), finding.severity.name())).collect();
            found_kinds.sort_unstable();
            assert_eq!(found_kinds, story.findings, "{name}");
        }
        // Later nothing but what was kept is known of who withdraws.
        for _ in 0..64 {
            chain.play(Move::Mine).await.unwrap();
        }
    }
}

fn assert_told_of_rivals(snapshot: &NetworkSnapshot, told: &[ToldOfRival], when: &str) {
    let rows = overview(snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
    let found = staking::of_snapshot(snapshot, &KeyBook::default(), &rows);
    for ToldOfRival { story, attester, coinbases } in told {
        let name = format!("{}, {when}", story.name);
        let row = rows.iter().find(|row| row.attester == *attester).unwrap();
        let fates: Vec<&str> = row.stakes.iter().map(|stake| stake.fate.name()).collect();
        let is_plain = story.fates == ["succeeded"];
        assert_eq!(fates, if is_plain { &[] } else { story.fates }, "{name}");
        let expected = row.coinbase_expected.map(|coinbase| coinbase.address());
        assert_eq!(expected, story.counts.map(|place| coinbases[place]), "{name}");
        let is_missing = matches!(row.coinbase, CoinbaseCheck::Missing { .. });
        assert_eq!(is_missing, story.counts.is_some(), "{name}: {:?}", row.coinbase);
        let about = found.iter().filter(|finding| finding.subject == Subject::Attester(*attester));
        let found_kinds: BTreeSet<&str> = about.map(|finding| finding.kind.code()).collect();
        assert_eq!(found_kinds.contains("stranger_deposit"), story.counts.is_none(), "{name}");
        assert_eq!(found_kinds.contains("stake_refunded"), story.fates.contains(&"refunded"), "{name}");
    }
}

#[tokio::test]
async fn a_refunded_stake_is_told_though_the_deposit_that_got_in_has_the_same_withdrawer() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let told = chain.meet_rivals().await.unwrap();
    let request = support::request(oracle);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devnet-ledger.json");
    let reader = |count: usize| {
        let names = ["a", "b"].iter().take(count);
        let endpoints: Vec<_> = names.map(|name| support::endpoint(name, chain.url())).collect();
        SnapshotReader::new(support::client(&endpoints), LedgerCache::load(&path, support::key(oracle)))
    };
    for count in [2, 1] {
        let mut first = reader(count);
        first.forget_ledger();
        assert_told_of_rivals(&first.read(&request, &|_| ()).await.unwrap(), &told, "anew");
        assert_told_of_rivals(&first.read(&request, &|_| ()).await.unwrap(), &told, "again");
        first.save_ledger().unwrap();
        assert_told_of_rivals(&reader(count).read(&request, &|_| ()).await.unwrap(), &told, "from the file");
        for _ in 0..64 {
            chain.play(Move::Mine).await.unwrap();
        }
        assert_told_of_rivals(&first.read(&request, &|_| ()).await.unwrap(), &told, "later");
    }
}

#[tokio::test]
async fn one_endpoint_that_hides_refunds_or_makes_them_up_points_no_coinbase_at_a_refunded_stake() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let told = chain.meet_rivals().await.unwrap();
    let request = support::request(oracle);
    let proxies = [FaultProxy::start(chain.url()).await.unwrap(), FaultProxy::start(chain.url()).await.unwrap()];
    let urls = [proxies[0].url(), proxies[1].url(), chain.url().to_owned()];
    for lie in [Lie::LeftOut(LogKind::Refunds), Lie::ExtraRefund] {
        for (liar, count) in [(0, 2), (1, 2), (0, 3), (1, 3)] {
            proxies.iter().for_each(|proxy| proxy.set(FaultPlan::none()));
            proxies[liar].set(FaultPlan::always(Fault::Lie(lie)));
            let names = ["a", "b", "c"].iter().zip(&urls).take(count);
            let endpoints: Vec<_> = names.map(|(name, url)| support::endpoint(name, url)).collect();
            let snapshot = support::reader_at(oracle, &endpoints).read(&request, &|_| ()).await.unwrap();
            let when = format!("{lie} at {liar} of {count}");
            if count == 3 {
                assert_told_of_rivals(&snapshot, &told, &when);
                continue;
            }
            let rows = overview(&snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
            for ToldOfRival { story, attester, coinbases } in &told {
                let row = rows.iter().find(|row| row.attester == *attester).unwrap();
                let right = story.counts.map(|place| coinbases[place]);
                let expected = row.coinbase_expected.map(|coinbase| coinbase.address());
                assert!(expected.is_none() || expected == right, "{}, {when}: {:?}", story.name, row.coinbase);
                assert!(
                    expected.is_some() || row.coinbase_doubt.is_some() || right.is_none(),
                    "{}, {when}",
                    story.name
                );
            }
        }
    }
}

/// What is found in provider 1's queue: place, obstacles, effect.
fn queue(snapshot: &NetworkSnapshot) -> Vec<(u64, Vec<Obstacle>, Effect)> {
    let found = bad_queue_keys(snapshot).into_iter();
    found.map(|bad| (bad.place, bad.obstacles.clone(), bad.effect())).collect()
}

#[tokio::test]
async fn each_key_that_is_of_no_use_in_a_queue_is_found_with_its_reason() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let request = support::request(oracle);
    let read = async |reader: &mut SnapshotReader| queue(&reader.read(&request, &|_| ()).await.unwrap());
    assert_eq!(read(&mut reader).await, [], "A8 and A9 are good keys");

    let attester = |name| oracle.attester(name).unwrap().address;
    let spare = |place: usize| oracle.spare_keys[place].clone();
    let as_if = |place: usize, attester: Address| KeyStore { attester, ..spare(place) };
    // Somebody else registers our key first, under another address; and another provider has one in its queue.
    let stolen = spare(0);
    let thief = KeyStore { attester: spare(10).attester, ..stolen.clone() };
    chain.play(Move::DepositKey { key: thief }).await.unwrap();
    chain.play(Move::Flush).await.unwrap();
    chain.play(Move::DepositKey { key: spare(1) }).await.unwrap();
    chain.play(Move::AddKeys { provider: 2, keys: vec![spare(2)] }).await.unwrap();
    let bad = [
        as_if(11, attester("S0")),
        as_if(12, attester("S3")),
        as_if(13, attester("A0")),
        as_if(14, attester("S1")),
        stolen,
        spare(1),
        spare(2),
        with_wrong_proof(&spare(3)),
        spare(4),
        spare(4),
        spare(5),
    ];
    chain.play(Move::AddKeys { provider: 1, keys: bad.to_vec() }).await.unwrap();
    let (own, other) = (1.try_into().unwrap(), 2.try_into().unwrap());
    let found = read(&mut reader).await;
    let waits = oracle.entry_queue.len(); // The flush took all of them.
    assert!(waits > 0);
    let first_index = 9; // A8's, of ten keys that were added first.
    let expected = [
        (2, vec![Obstacle::Exiting], Effect::Blocks),
        (3, vec![Obstacle::Zombie], Effect::Blocks),
        (4, vec![Obstacle::Active], Effect::Burns),
        (5, vec![Obstacle::AddressUsed], Effect::Burns),
        (6, vec![Obstacle::BlsKeyUsed], Effect::Burns),
        (7, vec![Obstacle::Deposited { place: 0 }], Effect::Burns),
        (8, vec![Obstacle::Copied { provider: other, index: 3 }], Effect::MayBurn),
        (9, vec![Obstacle::ProofWrong], Effect::Burns),
        (11, vec![Obstacle::Repeated { provider: own, index: first_index + 10 }], Effect::Burns),
    ];
    assert_eq!(found, expected);

    // Governance lowers the cap: every right proof is too dear now.
    let cap = 100_000;
    chain.play(Move::SetProofGasLimit { gas: cap }).await.unwrap();
    let found = read(&mut reader).await;
    let dear =
        |place: u64| found.iter().any(|(at, why, _)| *at == place && why.contains(&Obstacle::ProofTooDear { cap }));
    assert!([0, 1, 10, 11, 12].into_iter().all(dear), "{found:?}");
    assert!(!dear(9), "a wrong proof is wrong at any price");
}

#[tokio::test]
async fn a_verdict_on_a_proof_is_asked_for_once() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("devnet-ledger.json");
    let request = support::request(oracle);
    let mut counts = Vec::new();
    for _ in 0..3 {
        let ledger = LedgerCache::load(&path, support::key(oracle));
        let mut reader = SnapshotReader::new(support::client(&[support::endpoint("devnet", chain.url())]), ledger);
        reader.read(&request, &|_| ()).await.unwrap();
        reader.save_ledger().unwrap();
        counts.push(reader.client().endpoints()[0].peer().counters().requests.load(Relaxed));
    }
    // With the queues of others and own keys that wait, for which there is one request more each, as there is once for refunds.
    assert!(counts[0] <= 9 && counts[1] < counts[0] && counts[1] == counts[2], "{counts:?}");
}

#[tokio::test]
async fn a_dripped_key_is_told_at_first_sight() {
    let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
    let oracle = chain.oracle().unwrap();
    let mut reader = support::reader(oracle, chain.url());
    let snapshot = reader.read(&support::request(oracle), &|_| ()).await.unwrap();
    let rows = overview(&snapshot, &KeyBook::default(), &BTreeMap::new(), HOUR);
    let row = |name| {
        let attester = oracle.attester(name).unwrap().address;
        rows.iter().find(|row| row.attester == attester).unwrap()
    };
    assert_eq!((row("A5").state, row("A5").coinbase), (State::CoinbaseNeeded, CoinbaseCheck::NotApplicable));
    assert_eq!(row("BADPOP").state, State::New, "it was deposited directly, and no ledger of ours tells of it");
    assert!(rows.iter().flat_map(|row| &row.stakes).all(|stake| stake.fate != Fate::Unknown));
}
