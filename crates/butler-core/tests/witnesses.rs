//! What is said of coinbases while something that speaks for them cannot be read, or is told by one of several endpoints alone.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use butler_core::chain::{LedgerCache, SnapshotReader, SnapshotRequest, event_sources};
use butler_core::client::l1::BlockTag;
use butler_core::contracts::deposit_events::refund_topics;
use butler_core::domain::attester::coinbase::Unverified;
use butler_core::domain::attester::fate::Fate;
use butler_core::domain::attester::overview::{AttesterRow, overview};
use butler_core::domain::attester::position::Position;
use butler_core::domain::ids::Coinbase;
use butler_core::domain::operator::key_book::KeyBook;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::{Chain, DevnetSpec, Move, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, ForgedCoinbase, Getter, Lie, SplitEvent, When};
use ethers_core::types::Address;

use crate::support;

struct Setting {
    chain: Chain,
    proxies: Vec<FaultProxy>,
    folder: tempfile::TempDir,
}

impl Setting {
    async fn start(endpoints: usize) -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let mut proxies = Vec::new();
        for _ in 0..endpoints {
            proxies.push(FaultProxy::start(chain.url()).await.unwrap());
        }
        Self { chain, proxies, folder: tempfile::tempdir().unwrap() }
    }

    fn ledger(&self) -> PathBuf {
        self.folder.path().join("devnet-ledger.json")
    }

    /// A new reader with what the last one saved.
    fn reader(&self) -> SnapshotReader {
        let endpoint = |(index, proxy): (usize, &FaultProxy)| support::endpoint(&format!("e{index}"), &proxy.url());
        let endpoints: Vec<_> = self.proxies.iter().enumerate().map(endpoint).collect();
        let ledger = LedgerCache::load(&self.ledger(), support::key(self.chain.oracle().unwrap()));
        SnapshotReader::new(support::client(&endpoints), ledger)
    }

    /// As `status` asks.
    fn request(&self) -> SnapshotRequest {
        let request = support::request(self.chain.oracle().unwrap());
        SnapshotRequest { with_other_providers: false, with_queue_proofs: false, ..request }
    }

    async fn read(&self, reader: &mut SnapshotReader) -> NetworkSnapshot {
        reader.read(&self.request(), &|_| ()).await.unwrap()
    }

    fn set(&self, index: usize, fault: Fault) {
        self.proxies[index].set(FaultPlan::always(fault));
    }

    fn reset(&self) {
        self.proxies.iter().for_each(|proxy| proxy.set(FaultPlan::none()));
    }
}

fn requests(reader: &SnapshotReader) -> u64 {
    reader.client().endpoints().iter().map(|known| known.peer().counters().requests.load(Relaxed)).sum()
}

fn rows(snapshot: &NetworkSnapshot) -> Vec<AttesterRow> {
    overview(snapshot, &KeyBook::default(), &BTreeMap::new(), Duration::from_secs(3_600))
}

/// The attesters whose coinbase is known, and the reasons of the others that should have one, of those that validate or wait.
fn coinbases(snapshot: &NetworkSnapshot) -> (usize, Vec<Unverified>) {
    let rows = rows(snapshot);
    let earning = rows.iter().filter(|row| matches!(row.position, Position::Validating | Position::EntryQueue));
    let known = earning.clone().filter(|row| row.coinbase_expected.is_some()).count();
    (known, earning.filter_map(|row| row.coinbase_doubt).collect())
}

fn refused_refunds() -> Fault {
    Fault::RefuseLogs(format!("{:#x}", refund_topics()[0]))
}

#[tokio::test]
async fn a_cold_reading_for_status_takes_six_requests() {
    let setting = Setting::start(1).await;
    let mut reader = setting.reader();
    let cold = setting.read(&mut reader).await;
    let asked = "head, registries, ledger, rollup with what it may lack, splits with refunds, queues";
    assert_eq!(requests(&reader), 6, "{asked}");
    assert!(coinbases(&cold).0 > 0 && coinbases(&cold).1.is_empty());
    let before = requests(&reader);
    setting.read(&mut reader).await;
    assert!(requests(&reader) - before <= 7, "{} warm", requests(&reader) - before);
}

#[tokio::test]
async fn one_liar_of_three_changes_nothing_however_long_one_of_the_others_takes() {
    let setting = Setting::start(3).await;
    let truth = setting.read(&mut setting.reader()).await;
    let _ = std::fs::remove_dir_all(setting.folder.path()).and_then(|()| std::fs::create_dir(setting.folder.path()));
    // Longer than anybody is waited for where nothing depends on it.
    let slow = Fault::Latency(Duration::from_millis(1_100));
    setting.set(0, Fault::Lie(Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged)));
    setting.set(1, slow);
    let mut reader = setting.reader();
    let told = setting.read(&mut reader).await;
    assert_eq!((told.unconfirmed.clone(), coinbases(&told)), (None, coinbases(&truth)));
    assert!(told == truth);
}

#[tokio::test]
async fn where_nobody_tells_refunds_what_rests_on_a_withdrawer_is_unverifiable_and_costs_few_requests() {
    let setting = Setting::start(1).await;
    let truth = setting.read(&mut setting.reader()).await;
    let known = coinbases(&truth).0;
    setting.set(0, refused_refunds());
    let mut reader = setting.reader();
    let blind = setting.read(&mut reader).await;
    assert!(requests(&reader) <= 6 + 3 * 3, "{} requests", requests(&reader));
    let (waiting, doubts) = coinbases(&blind);
    assert!(!doubts.is_empty() && doubts.iter().all(|why| *why == Unverified::RefundsUnread), "{doubts:?}");
    assert_eq!(waiting + doubts.len(), known);
    for row in rows(&blind).iter().filter(|row| row.coinbase_doubt.is_some()) {
        let split = rows(&truth).iter().find(|told| told.attester == row.attester).unwrap().coinbase_expected;
        assert_eq!((row.coinbase_claimed, row.split), (split, None));
        assert_eq!(row.stakes.iter().map(|stake| stake.fate).collect::<Vec<_>>(), [Fate::Unknown]);
    }
    // It is told once, and that is enough: also for whoever begins with the file.
    setting.reset();
    assert_eq!(coinbases(&setting.read(&mut reader).await), (known, vec![]));
    setting.set(0, refused_refunds());
    assert_eq!(coinbases(&setting.read(&mut reader).await), (known, vec![]));
    reader.save_ledger().unwrap();
    assert_eq!(coinbases(&setting.read(&mut setting.reader()).await), (known, vec![]));
}

#[tokio::test]
async fn of_three_endpoints_one_that_tells_no_refunds_is_replaced() {
    let setting = Setting::start(3).await;
    setting.set(0, refused_refunds());
    let snapshot = setting.read(&mut setting.reader()).await;
    assert!(coinbases(&snapshot).1.is_empty() && snapshot.unconfirmed.is_none(), "{:?}", coinbases(&snapshot));
}

fn down() -> Fault {
    Fault::Status { code: 502, retry_after: None, body: String::new() }
}

#[tokio::test]
async fn a_coinbase_that_one_of_two_endpoints_tells_alone_is_unverifiable_until_both_told_it_once() {
    let setting = Setting::start(2).await;
    setting.set(1, down());
    let mut reader = setting.reader();
    let alone = setting.read(&mut reader).await;
    assert_eq!(alone.unconfirmed.as_deref(), Some("e0"));
    let (known, doubts) = coinbases(&alone);
    assert!(known == 0 && doubts.iter().all(|why| *why == Unverified::OneEndpoint), "{known} {doubts:?}");
    assert!(alone.delegations.iter().all(|delegation| delegation.split.is_none()));
    reader.save_ledger().unwrap();

    setting.reset();
    let mut reader = setting.reader();
    let both = setting.read(&mut reader).await;
    assert_eq!((both.unconfirmed.as_ref(), coinbases(&both)), (None, (doubts.len(), vec![])));
    reader.save_ledger().unwrap();

    // One of both goes: nothing that is known becomes unknown, and what is new waits for it.
    setting.set(1, down());
    for mut reader in [reader, setting.reader()] {
        let after = setting.read(&mut reader).await;
        assert_eq!((after.unconfirmed.as_deref(), coinbases(&after)), (Some("e0"), (doubts.len(), vec![])));
    }
    setting.chain.play(Move::Stake { provider: 1 }).await.unwrap();
    let mut reader = setting.reader();
    let newer = setting.read(&mut reader).await;
    assert_eq!(coinbases(&newer), (doubts.len(), vec![Unverified::OneEndpoint]));
    reader.save_ledger().unwrap();
    setting.reset();
    assert_eq!(coinbases(&setting.read(&mut setting.reader()).await), (doubts.len() + 1, vec![]));
}

#[tokio::test]
async fn an_endpoint_that_refuses_all_logs_is_no_witness_of_them_and_its_absence_makes_no_coinbase_unknown() {
    let setting = Setting::start(2).await;
    let truth = expected(&setting.read(&mut setting.reader()).await);
    for (code, message) in [
        (-32600, "Block range limit exceeded. Upgrade your plan."),
        (-32005, "query exceeds max block range 0"),
        (-32601, "the method eth_getLogs does not exist/is not available"),
    ] {
        setting.set(0, Fault::RefuseAllLogs { code, message: message.to_owned() });
        let mut reader = setting.reader();
        for reading in 1..=3 {
            let told = setting.read(&mut reader).await;
            let found = (expected(&told), told.unconfirmed.as_deref());
            assert_eq!(found, (truth.clone(), Some("e1")), "{message}, reading {reading}");
        }
        // It is no word of two either: once the teller is all that answers calls, too, nothing is certain.
        reader.save_ledger().unwrap();
        setting.set(0, down());
        assert!(expected(&setting.read(&mut setting.reader()).await).is_empty(), "{message}");
        for entry in std::fs::read_dir(setting.folder.path()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
    }
    // Where it gives them again, it is one.
    setting.reset();
    let told = setting.read(&mut setting.reader()).await;
    assert_eq!((expected(&told), told.unconfirmed), (truth, None));
}

#[tokio::test]
async fn a_liar_whose_only_witness_is_silent_points_no_coinbase_at_anybody() {
    let setting = Setting::start(2).await;
    let truth = rows(&setting.read(&mut setting.reader()).await);
    for lie in [
        Lie::Coinbase(ForgedCoinbase::OfAnother, SplitEvent::Forged),
        Lie::Coinbase(ForgedCoinbase::Stranger, SplitEvent::Forged),
        Lie::Attester,
        Lie::Staker,
    ] {
        let plan = FaultPlan::always(Fault::Lie(lie));
        setting.proxies[0].set(plan);
        setting.proxies[1].set(FaultPlan::none().with(down(), When::Always));
        let Ok(told) = setting.reader().read(&setting.request(), &|_| ()).await else { continue };
        for row in rows(&told) {
            let right = truth.iter().find(|right| right.attester == row.attester).and_then(|row| row.coinbase_expected);
            assert!(row.coinbase_expected.is_none() || row.coinbase_expected == right, "{lie}: {row:?}");
        }
        setting.reset();
    }
}

/// Coinbases that earning attesters should have, as the snapshot is sure of them.
fn expected(snapshot: &NetworkSnapshot) -> BTreeMap<Address, Coinbase> {
    rows(snapshot).iter().filter_map(|row| Some((row.attester, row.coinbase_expected?))).collect()
}

#[tokio::test]
async fn a_coinbase_that_two_told_makes_no_other_one_certain_that_a_liar_tells_alone_later() {
    let setting = Setting::start(2).await;
    let mut reader = setting.reader();
    let truth = expected(&setting.read(&mut reader).await);
    reader.save_ledger().unwrap();
    let (attester, real) = truth.iter().next().map(|(attester, coinbase)| (*attester, *coinbase)).unwrap();
    let told = Coinbase::try_from(Address::repeat_byte(0x66)).unwrap();
    let digits = |coinbase: Coinbase| format!("{:x}", coinbase.address());
    setting.set(0, Fault::Renamed { real: digits(real), told: digits(told) });
    setting.set(1, down());
    // With the ledger, the daemon's own and the file's; and where only the memory of what was checked is left.
    let from_files = setting.reader();
    std::fs::remove_file(setting.ledger()).unwrap();
    for (what, mut reader, why) in [
        ("a daemon", reader, Unverified::EndpointsDisagree),
        ("the next process", from_files, Unverified::EndpointsDisagree),
        ("without the ledger", setting.reader(), Unverified::OneEndpoint),
    ] {
        for reading in 1..=2 {
            let lied_to = setting.read(&mut reader).await;
            for row in rows(&lied_to) {
                let right = truth.get(&row.attester).filter(|_| row.attester != attester);
                assert_eq!(row.coinbase_expected.as_ref(), right, "{what}, reading {reading}: {}", row.attester);
                assert!(
                    row.attester != attester || row.coinbase_doubt == Some(why),
                    "{what}: {:?}",
                    row.coinbase_doubt
                );
            }
        }
        // What it leaves behind does no harm when there is a second one again: with the ledger, one of two is outvoted.
        reader.save_ledger().unwrap();
        setting.proxies[1].set(FaultPlan::none());
        let right = truth.iter().filter(|(known, _)| **known != attester || why == Unverified::EndpointsDisagree);
        let right: BTreeMap<_, _> = right.map(|(attester, coinbase)| (*attester, *coinbase)).collect();
        assert_eq!(expected(&setting.read(&mut setting.reader()).await), right, "{what}: beside an honest one");
        setting.set(1, down());
    }
    setting.reset();
    assert_eq!(expected(&setting.read(&mut setting.reader()).await), truth);
}

#[tokio::test]
async fn of_two_one_that_lies_about_a_splits_hash_makes_coinbases_disputed_and_not_wrong() {
    let setting = Setting::start(2).await;
    let earning = coinbases(&setting.read(&mut setting.reader()).await).0;
    for lie in [Lie::OneMore(Getter::SplitHash), Lie::Zero(Getter::SplitHash)] {
        for liar in 0..2 {
            setting.set(liar, Fault::Lie(lie));
            let (known, doubts) = coinbases(&setting.read(&mut setting.reader()).await);
            assert_eq!((known, doubts), (0, vec![Unverified::EndpointsDisagree; earning]), "{lie}, endpoint {liar}");
            setting.reset();
        }
    }
}

#[tokio::test]
async fn contracts_that_one_of_two_endpoints_tells_alone_are_told_as_that() {
    let setting = Setting::start(2).await;
    let request = setting.request();
    for (is_down, teller) in [(false, None), (true, Some("e0"))] {
        setting.reset();
        if is_down {
            setting.set(1, down());
        }
        let reader = setting.reader();
        let pin = reader.client().head(BlockTag::Latest, &[]).await.unwrap().block;
        let sources =
            event_sources(reader.client(), &pin, request.aztec_registry, request.staking_registry).await.unwrap();
        assert_eq!(sources.unconfirmed.as_deref(), teller);
    }
}
