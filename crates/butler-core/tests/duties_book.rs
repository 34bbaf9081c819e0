//! Duties that are followed from block to block say what one reading of the whole span says: at every step, over restarts, where logs
//! were heard, where blocks are taken back, where logs and transactions are withheld, and for few requests.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use butler_core::chain::{DutiesBook, DutiesRequest, Following, ReadDuties, read_duties};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::{Done, DutiesSeen, Duty, DutyKind, Fate};
use butler_core::domain::rollup::RollupClock;
use butler_testkit::devnet::{Chain, CheckpointWish, DevnetSpec, ProposedCheckpoint, Way, ensure};
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Getter, Lie, LogKind, When};
use ethers_core::types::Address;

use crate::support;

const PAID: Address = Address::repeat_byte(0x77);

pub(crate) struct Bench {
    pub(crate) chain: Chain,
    pub(crate) client: L1Client,
    pub(crate) own: BTreeSet<Address>,
    /// Where it begins.
    from: BlockRef,
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let client = support::client(&[support::endpoint("devnet", chain.url())]);
        let own = chain.oracle().unwrap().attesters.values().map(|attester| attester.address).collect();
        let from = client.head(BlockTag::Latest, &[]).await.unwrap().block;
        Self { chain, client, own, from }
    }

    pub(crate) fn rollup(&self) -> Address {
        self.chain.oracle().unwrap().contracts.rollup_address
    }

    fn clock(&self) -> RollupClock {
        support::clock(&self.chain)
    }

    async fn head(&self) -> BlockRef {
        self.client.head(BlockTag::Latest, &[]).await.unwrap().block
    }

    pub(crate) async fn propose(&self, wish: CheckpointWish) -> ProposedCheckpoint {
        self.chain.propose_checkpoint(&CheckpointWish { coinbase: PAID, ..wish }).await.unwrap()
    }

    pub(crate) fn book(&self, path: Option<&Path>) -> DutiesBook {
        DutiesBook::open(path, self.client.chain_id(), self.rollup())
    }

    pub(crate) async fn follow(&self, book: &mut DutiesBook, client: &L1Client, pending: Option<u64>) -> DutiesSeen {
        let span = Duration::from_secs(self.head().await.timestamp - self.from.timestamp);
        self.follow_for(span, book, client, pending).await
    }

    async fn follow_for(
        &self,
        span: Duration,
        book: &mut DutiesBook,
        client: &L1Client,
        pending: Option<u64>,
    ) -> DutiesSeen {
        let head = self.head().await;
        let following = Following { clock: self.clock(), own: &self.own, head, pending, heard: None, span };
        book.follow(client, &following, &|_| ()).await.unwrap();
        book.seen().unwrap().clone()
    }

    /// One reading of the whole span.
    async fn whole(&self) -> ReadDuties {
        let head = self.head().await;
        let request = DutiesRequest {
            rollup: self.rollup(),
            clock: self.clock(),
            own: Some(&self.own),
            from: self.from,
            to: head,
            pending: None,
            newest: head,
        };
        read_duties(&self.client, &request, &|_| ()).await.unwrap()
    }

    fn requests(&self) -> u64 {
        self.client.endpoints()[0].peer().counters().requests.load(Ordering::Relaxed)
    }

    /// Slots until the epoch is over.
    pub(crate) async fn end_epoch(&self) {
        let (next, _) = self.chain.next_proposer().await.unwrap();
        for _ in 0..=self.clock().epoch_slots - next % self.clock().epoch_slots {
            self.chain.pass_slot().await.unwrap();
        }
    }
}

/// Duties without those of the epoch that goes on, of which a book reads own proposals only.
fn over(duties: &[Duty], clock: &RollupClock, now: u64) -> Vec<Duty> {
    let running = clock.epoch_at(now).unwrap();
    duties.iter().filter(|duty| clock.epoch_of(duty.slot) < running).copied().collect()
}

#[tokio::test]
async fn what_was_followed_is_what_one_reading_of_the_span_says_at_every_step_and_over_restarts() {
    let bench = Bench::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duties.json");
    let mut book = bench.book(Some(&path));
    let mut made = Vec::new();
    for turn in 0..70_u64 {
        if turn % 7 == 3 {
            bench.chain.pass_slot().await.unwrap();
        } else {
            let absent = bench.own.iter().nth(3).copied().filter(|_| turn % 5 == 1).into_iter().collect();
            let way = if turn % 2 == 0 { Way::Wrapped } else { Way::Direct };
            made.push(bench.propose(CheckpointWish { absent, way, ..CheckpointWish::default() }).await);
        }
        if turn % 11 == 5 {
            book.save().unwrap();
            book = bench.book(Some(&path));
        }
        if turn % 6 == 0 {
            let seen = bench.follow(&mut book, &bench.client, None).await;
            let slots: Vec<(u64, Address)> = seen.proposals.iter().map(|one| (one.slot, one.proposer)).collect();
            let expected: Vec<(u64, Address)> = made.iter().map(|one| (one.slot, one.proposer)).collect();
            assert_eq!(slots, expected, "every proposal is known at once: {:?} {:?}", seen.duties, seen.unread);
            assert!(seen.proposals.iter().all(|one| one.coinbase == PAID));
            let (whole, now) = (bench.whole().await, bench.head().await.timestamp);
            let clock = bench.clock();
            assert_eq!(over(&seen.duties, &clock, now), over(&whole.duties, &clock, now));
        }
    }
    bench.end_epoch().await;
    let seen = bench.follow(&mut book, &bench.client, None).await;
    let whole = bench.whole().await;
    assert_eq!(seen.duties, over(&whole.duties, &bench.clock(), bench.head().await.timestamp));
    let missed = seen.duties.iter().filter(|duty| duty.kind == DutyKind::Attest && duty.done.is_missed()).count();
    assert!(missed > 0 && seen.unread.is_empty() && seen.gap.is_none());
    let rates = seen.network;
    assert_eq!(rates.proposed, u64::try_from(made.len()).unwrap());
    let attested = made.iter().flat_map(|one| &one.committee).filter(|(_, attested)| *attested).count();
    assert_eq!((rates.members, rates.attested), (rates.proposed * 4, u64::try_from(attested).unwrap()));

    // Once it is followed, a look costs one request for logs, and nothing else where nothing happened.
    bench.chain.mine().await.unwrap();
    let head = bench.head().await;
    let before = bench.requests();
    let span = Duration::from_secs(head.timestamp - bench.from.timestamp);
    let following = Following { clock: bench.clock(), own: &bench.own, head, pending: None, heard: None, span };
    book.follow(&bench.client, &following, &|_| ()).await.unwrap();
    assert!(bench.requests() - before <= 2, "{}", bench.requests() - before);
}

#[tokio::test]
async fn blocks_that_are_taken_back_take_their_proposals_with_them() {
    let bench = Bench::start().await;
    let mut book = bench.book(None);
    let kept = bench.propose(CheckpointWish::default()).await;
    let snapshot = bench.chain.rpc("evm_snapshot", serde_json::json!([])).await.unwrap();
    let gone = bench.propose(CheckpointWish::default()).await;
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(seen.proposals.iter().map(|one| one.slot).collect::<Vec<_>>(), [kept.slot, gone.slot]);
    bench.chain.rpc("evm_revert", serde_json::json!([snapshot])).await.unwrap();
    bench.chain.pass_slot().await.unwrap();
    let new = bench.propose(CheckpointWish { coinbase: PAID, ..CheckpointWish::default() }).await;
    let seen = bench.follow(&mut book, &bench.client, None).await;
    let told: Vec<(u64, u64)> = seen.proposals.iter().map(|one| (one.slot, one.number)).collect();
    assert_eq!(told, [(kept.slot, kept.number), (new.slot, new.number)]);
    assert_ne!(new.slot, gone.slot);
}

#[tokio::test]
async fn a_checkpoint_that_is_pruned_or_invalid_is_told_so_and_its_number_is_used_again() {
    let bench = Bench::start().await;
    let mut book = bench.book(None);
    let first = bench.propose(CheckpointWish::default()).await;
    let absent: BTreeSet<Address> = first.committee.iter().map(|(member, _)| *member).take(3).collect();
    let bad = bench.propose(CheckpointWish { absent, ..CheckpointWish::default() }).await;
    bench.follow(&mut book, &bench.client, None).await;
    bench.chain.invalidate(&bad).await.unwrap();
    let again = bench.propose(CheckpointWish::default()).await;
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(again.number, bad.number);
    let fates: Vec<(u64, bool)> =
        seen.proposals.iter().map(|one| (one.slot, matches!(one.fate, Fate::Invalidated(_)))).collect();
    assert_eq!(fates, [(first.slot, false), (bad.slot, true), (again.slot, false)]);
}

#[tokio::test]
async fn a_log_that_is_withheld_is_a_gap_and_nothing_is_called_missed() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    let liar = support::client(&[support::endpoint("liar", &proxy.url())]);
    let mut last = 0;
    for _ in 0..6 {
        last = bench.propose(CheckpointWish::default()).await.number;
    }
    let mut book = bench.book(None);
    let seen = bench.follow(&mut book, &liar, Some(last)).await;
    assert!(seen.gap.is_some(), "{seen:?}");
    assert!(seen.duties.iter().all(|duty| !duty.done.is_missed()), "{:?}", seen.duties);
    assert!(seen.proposals.iter().all(|one| one.fate == Fate::Unknown));
    // All of them left out, with one endpoint and with another one behind it.
    proxy.set(FaultPlan::always(Fault::Lie(Lie::EmptyLogs)));
    let seen = bench.follow(&mut bench.book(None), &liar, Some(last)).await;
    assert!(seen.gap.is_some() && seen.duties.iter().all(|duty| !duty.done.is_missed()), "{seen:?}");
    let two =
        support::client(&[support::endpoint("liar", &proxy.url()), support::endpoint("devnet", bench.chain.url())]);
    let seen = bench.follow(&mut bench.book(None), &two, Some(last)).await;
    assert_eq!((seen.gap, seen.proposals.len()), (None, 6));
    proxy.set(FaultPlan::always(Fault::Lie(Lie::LeftOut(LogKind::Checkpoint))));
    // Somebody who tells it is believed at once.
    let two =
        support::client(&[support::endpoint("liar", &proxy.url()), support::endpoint("devnet", bench.chain.url())]);
    let mut book = bench.book(None);
    let seen = bench.follow(&mut book, &two, Some(last)).await;
    assert_eq!((seen.gap, seen.proposals.len()), (None, 6));
}

#[tokio::test]
async fn a_transaction_that_nobody_has_is_told_as_not_read_and_read_when_somebody_has_it() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::NoTransactions)));
    let liar = support::client(&[support::endpoint("liar", &proxy.url())]);
    let one = bench.propose(CheckpointWish::default()).await;
    bench.end_epoch().await;
    let mut book = bench.book(None);
    let seen = bench.follow(&mut book, &liar, None).await;
    assert_eq!((seen.unread.len(), seen.proposals.len()), (1, 0));
    let here: Vec<Done> = seen.duties.iter().filter(|duty| duty.slot == one.slot).map(|duty| duty.done).collect();
    assert!(!here.is_empty() && here.iter().all(|done| !done.is_missed()), "{here:?}");
    // It is asked for again after some blocks.
    for _ in 0..2 {
        bench.chain.mine().await.unwrap();
    }
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!((seen.unread.len(), seen.proposals.len()), (0, 1));
}

#[tokio::test]
async fn transactions_for_which_nobody_answers_are_told_as_not_read_and_so_is_all_the_rest() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let mut slow = support::endpoint("slow", &proxy.url());
    slow.http.timeout = Duration::from_millis(500);
    let slow = support::client(&[slow]);
    let mut book = bench.book(None);
    let first = bench.propose(CheckpointWish::default()).await;
    bench.follow(&mut book, &slow, None).await;
    proxy.set(FaultPlan::none().with(Fault::Hang, When::ForMethod("eth_getTransactionByHash".to_owned())));
    let second = bench.propose(CheckpointWish::default()).await;
    let seen = bench.follow(&mut book, &slow, None).await;
    assert_eq!(seen.proposals.iter().map(|one| one.slot).collect::<Vec<_>>(), [first.slot]);
    assert_eq!(seen.unread.keys().copied().collect::<Vec<_>>(), [second.played.transaction.unwrap()]);
    assert!(seen.unread.values().all(|why| why.starts_with("no endpoint answers")), "{:?}", seen.unread);
    assert!(seen.duties.iter().all(|duty| !duty.done.is_missed()) && seen.blocks.1 == bench.head().await.number);
    // As soon as somebody answers it is read, however long nobody did.
    for _ in 0..12 {
        bench.chain.mine().await.unwrap();
        bench.follow(&mut book, &slow, None).await;
    }
    proxy.set(FaultPlan::none());
    for _ in 0..2 {
        bench.chain.mine().await.unwrap();
    }
    // So many requests went before that this look may leave it to the next one.
    bench.follow(&mut book, &slow, None).await;
    let seen = bench.follow(&mut book, &slow, None).await;
    assert_eq!((seen.unread.len(), seen.proposals.len()), (0, 2));
}

#[tokio::test]
async fn what_is_withheld_for_longer_than_the_span_is_not_forgotten() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::NoTransactions)));
    let liar = support::client(&[support::endpoint("liar", &proxy.url())]);
    let one = bench.propose(CheckpointWish::default()).await;
    bench.end_epoch().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duties.json");
    let epoch = Duration::from_secs(bench.clock().epoch_slots * bench.clock().slot_seconds);
    let mut book = bench.book(Some(&path));
    for _ in 0..3 {
        let seen = bench.follow_for(epoch * 2, &mut book, &liar, None).await;
        assert_eq!((seen.unread.len(), seen.proposals.len()), (1, 0));
        bench.end_epoch().await;
    }
    book.save().unwrap();
    let mut book = bench.book(Some(&path));
    for _ in 0..16 {
        bench.chain.mine().await.unwrap();
    }
    let seen = bench.follow_for(epoch * 2, &mut book, &bench.client, None).await;
    assert_eq!(seen.proposals.iter().map(|one| one.slot).collect::<Vec<_>>(), [one.slot]);
    // Then the span is what it was, and own proposals stay.
    let seen = bench.follow_for(epoch * 2, &mut book, &bench.client, None).await;
    assert!(seen.slots.0 > one.slot && seen.proposals.len() == 1, "{:?}", seen.slots);
}

#[tokio::test]
async fn who_proposes_in_every_slot_is_read_along_with_the_next_head_and_nothing_is_told_of_what_waits() {
    let bench = Bench::start().await;
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    let bench = Bench { client: support::client(&[support::endpoint("counted", &proxy.url())]), ..bench };
    let mut book = bench.book(None);
    let (mut made, mut at_once) = (Vec::new(), 0);
    for turn in 0..20 {
        if turn == 10 {
            proxy.reset();
        }
        made.push(bench.propose(CheckpointWish::default()).await.slot);
        let seen = bench.follow(&mut book, &bench.client, None).await;
        assert!(seen.unread.is_empty() && seen.gap.is_none());
        let is_trouble = |duty: &Duty| duty.done == Done::Unread || duty.done.is_missed();
        assert!(!seen.duties.iter().any(is_trouble), "{:?}", seen.duties);
        let now: Vec<u64> = seen.proposals.iter().map(|one| one.slot).collect();
        assert!(now == made || now == made[..turn], "all but the newest one is told: {now:?} of {made:?}");
        let mut turns = seen.duties.iter().filter(|duty| duty.kind == DutyKind::Propose);
        assert!(turns.all(|duty| now.contains(&duty.slot)), "a turn counts once it was read");
        at_once += usize::from(now == made && at_once == turn);
    }
    assert!(at_once >= 8, "the first {at_once} were read at once");
    let stats = proxy.stats();
    let calls = |method: &str| stats.calls_by_method[method];
    assert_eq!(calls("eth_getTransactionByHash"), 10, "each is asked for once: {stats:?}");
    let others = stats.http_requests - calls("eth_chainId") - calls("eth_getLogs");
    assert!(others <= 3, "beside heads and logs there are draws, and few exchanges for transactions: {stats:?}");
    bench.chain.pass_slot().await.unwrap();
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(seen.proposals.len(), made.len(), "nothing waits for longer than the next look");

    // Where the head is refused for what travels along it is asked for without, and what did not come is asked for.
    made.push(bench.propose(CheckpointWish::default()).await.slot);
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(seen.proposals.len(), made.len() - 1, "it waits");
    let refused = When::FirstForMethod(1, "eth_getTransactionByHash".to_owned());
    proxy.set(FaultPlan::none().with(Fault::Status { code: 413, retry_after: None, body: String::new() }, refused));
    bench.chain.pass_slot().await.unwrap();
    let seen = bench.follow(&mut book, &bench.client, None).await;
    assert_eq!(seen.proposals.len(), made.len());
}

#[tokio::test]
async fn one_of_two_endpoints_that_does_not_tell_of_a_checkpoint_stops_nothing() {
    let bench = Bench::start().await;
    for _ in 0..2 {
        bench.propose(CheckpointWish::default()).await;
    }
    let from = bench.head().await;
    let mut made = Vec::new();
    for _ in 0..4 {
        made.push(bench.propose(CheckpointWish::default()).await);
    }
    let proxy = FaultProxy::start(bench.chain.url()).await.unwrap();
    proxy.set(FaultPlan::always(Fault::Lie(Lie::Reverted(Getter::Checkpoint))));
    let endpoints = [support::endpoint("liar", &proxy.url()), support::endpoint("devnet", bench.chain.url())];
    let two = support::client(&endpoints);
    let mut book = bench.book(None);
    let span = Duration::from_secs(bench.head().await.timestamp - from.timestamp);
    for _ in 0..4 {
        let pending = made.last().map(|one| one.number);
        let seen = bench.follow_for(span, &mut book, &two, pending).await;
        let slots: Vec<u64> = seen.proposals.iter().map(|one| one.slot).collect();
        let own: Vec<u64> = made.iter().filter(|one| bench.own.contains(&one.proposer)).map(|one| one.slot).collect();
        assert!(!own.is_empty() && own.iter().all(|slot| slots.contains(slot)), "{slots:?} lacks some of {own:?}");
    }
}

#[tokio::test]
async fn a_head_of_another_age_costs_little_and_takes_nothing_away() {
    let bench = Bench::start().await;
    let mut book = bench.book(None);
    bench.propose(CheckpointWish::default()).await;
    let seen = bench.follow(&mut book, &bench.client, None).await;
    let (honest, span) = (bench.head().await, Duration::from_secs(86_400));
    for years in [500, 500_000_000_000] {
        let head = BlockRef { timestamp: honest.timestamp + years * 31_536_000, ..honest };
        let following = Following { clock: bench.clock(), own: &bench.own, head, pending: None, heard: None, span };
        let before = bench.requests();
        // The contracts tell another time, which a liar could make them tell, too.
        book.follow(&bench.client, &following, &|_| ()).await.unwrap_err();
        assert!(bench.requests() - before < 50, "{} requests", bench.requests() - before);
    }
    assert_eq!(bench.follow(&mut book, &bench.client, None).await.proposals, seen.proposals);
}
