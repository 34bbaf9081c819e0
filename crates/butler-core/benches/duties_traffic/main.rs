//! What it costs to follow duties for a day: `cargo bench --package butler-core --bench duties_traffic`.
//!
//! A day of a network like mainnet is imagined ([`day`]) and served on loopback, compressed as public endpoints do. A book follows it with a
//! head each minute, for 3 % of the attesters and for all of them; and one call reads the whole day from nothing, 50 ms away. In the exporter
//! logs come along with the snapshot's scan, and what is wanted at each look along with its question for the newest block: exchanges for
//! logs and heads are counted apart here, but for the bytes of what came along.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

#[path = "../../tests/proposals/calls.rs"]
mod calls;
mod day;

use std::collections::{BTreeMap, BTreeSet};
use std::iter::Peekable;
use std::sync::Arc;
use std::time::{Duration, Instant};

use butler_core::chain::{DutiesBook, Following};
use butler_core::client::endpoint::EndpointSettings;
use butler_core::client::http::HttpSettings;
use butler_core::client::l1::{BlockTag, L1Client, Policy};
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::DutiesSeen;
use butler_core::runtime::clock::unix_now;
use butler_testkit::imagined::{ImaginedChain, Served};
use ethers_core::types::Address;
use serde_json::{Value, json};

use self::calls::{CHAIN, GENESIS, ROLLUP};
use self::day::{ATTESTERS, CLOCK, Day, Made, time_of};

/// Attesters of an operator with 3 % of the network.
const OWN: usize = ATTESTERS * 3 / 100;
/// Seconds between two heads.
const LOOK: u64 = 60;
/// The day is followed from here on, in seconds since the first slot: 38 epochs end in it.
const BEGIN: u64 = 20 * 72;
const DAY: u64 = 86_400;
/// What the question for the newest block begins with.
const HEAD: &str = "eth_chainId";

#[tokio::main]
async fn main() {
    let began = Instant::now();
    let made = Arc::new(Made::new());
    let making = began.elapsed();
    let three = made.attesters.iter().take(OWN).copied().collect();
    let all: BTreeSet<Address> = made.attesters.iter().copied().collect();
    let report = json!({
        "attesters": ATTESTERS,
        "checkpoints": made.checkpoints(),
        "calldata_bytes": made.calldata_bytes(),
        "seconds_to_make_the_day": making.as_secs(),
        "own_3_percent": followed(&made, &three, false).await,
        "own_3_percent_with_an_escape_hatch": followed(&made, &three, true).await,
        "whole_network": followed(&made, &all, false).await,
        "backfill_of_3_percent": backfill(&made, &three).await,
        "backfill_of_the_whole_network": backfill(&made, &all).await,
    });
    println!("{report}");
}

fn client(chain: &ImaginedChain) -> L1Client {
    let endpoint = EndpointSettings {
        name: "imagined".to_owned(),
        http: HttpSettings {
            url: chain.url().parse().unwrap(),
            authorization: None,
            api_key: None,
            timeout: Duration::from_secs(30),
            max_response_bytes: 16 << 20,
            ca_file: None,
            clock: unix_now,
        },
        max_concurrency: 16,
        max_batch: 100,
        log_range_blocks: 10_000,
        multicall3: MULTICALL3,
        credits: butler_core::domain::credits::CreditPlan::default(),
    };
    L1Client::new(CHAIN, &[endpoint], Policy { rounds: 1, patience: Duration::from_secs(30) }).unwrap()
}

/// A day with a head each minute.
async fn followed(made: &Arc<Made>, own: &BTreeSet<Address>, has_hatch: bool) -> Value {
    let day = Arc::new(Day::new(Arc::clone(made), has_hatch));
    let chain = ImaginedChain::start(Arc::clone(&day), Duration::ZERO).await.unwrap();
    let client = client(&chain);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("duties.json");
    let mut book = DutiesBook::open(Some(&path), CHAIN, ROLLUP);
    let (mut before, mut plain) = (BTreeMap::new(), 0);
    let mut proposed = made.proposed_by(own).peekable();
    let mut waits = Waits::default();
    for time in (BEGIN..=BEGIN + DAY).step_by(usize::try_from(LOOK).unwrap()) {
        day.at(GENESIS + time);
        client.head(BlockTag::Latest, &[]).await.unwrap();
        follow(&mut book, &client, &day, own, GENESIS + time).await;
        if before.is_empty() {
            let bytes = || chain.served()[HEAD].bytes;
            let others = bytes();
            client.head(BlockTag::Latest, &[]).await.unwrap();
            plain = bytes() - others;
            before = chain.served();
        }
        waits.note(&mut proposed, day.at(GENESIS + time).0, book.seen().unwrap());
    }
    assert!(waits.waiting.values().all(|scrapes| *scrapes == 0), "only what came with the last head may wait");
    book.save().unwrap();
    let seen = book.seen().unwrap();
    assert!(seen.gap.is_none() && seen.unread.is_empty(), "{:?} {:?}", seen.gap, seen.unread);
    let mut report = json!({
        "scrapes": waits.scrapes,
        "own_proposals_by_scrapes_waited": waits.told,
        "scrapes_that_an_own_proposal_waited_at_most": waits.told.keys().next_back(),
        "seconds_from_its_block_until_it_was_told_at_most": waits.seconds,
        "own_proposals": seen.proposals.len(),
        "book_bytes": std::fs::metadata(&path).unwrap().len(),
    });
    let mut sum = Served::default();
    for (method, served) in chain.served() {
        let before = before.get(&method).copied().unwrap_or_default();
        let here = Served {
            requests: served.requests - before.requests,
            bytes: served.bytes - before.bytes,
            unpacked: served.unpacked - before.unpacked,
        };
        report[&method] = figures(&here);
        match method.as_str() {
            "eth_getLogs" => {}
            HEAD => sum.bytes += here.bytes.saturating_sub(here.requests * plain),
            _ => {
                sum.requests += here.requests;
                sum.bytes += here.bytes;
            }
        }
    }
    report["beside_the_snapshot"] = json!({ "requests": sum.requests, "received_bytes": sum.bytes });
    report
}

/// A day from nothing in one call.
async fn backfill(made: &Arc<Made>, own: &BTreeSet<Address>) -> Value {
    let day = Arc::new(Day::new(Arc::clone(made), false));
    let chain = ImaginedChain::start(Arc::clone(&day), Duration::from_millis(50)).await.unwrap();
    let client = client(&chain);
    let mut book = DutiesBook::open(None, CHAIN, ROLLUP);
    let began = Instant::now();
    follow(&mut book, &client, &day, own, GENESIS + BEGIN + DAY).await;
    let seconds = began.elapsed().as_secs_f64();
    let seen = book.seen().unwrap();
    assert!(seen.gap.is_none() && seen.unread.is_empty() && !seen.proposals.is_empty());
    let mut report = json!({ "seconds": (seconds * 100.0).round() / 100.0, "own_proposals": seen.proposals.len() });
    let mut sum = Served::default();
    for (method, served) in chain.served() {
        report[&method] = figures(&served);
        sum.requests += served.requests;
        sum.bytes += served.bytes;
        sum.unpacked += served.unpacked;
    }
    report["all"] = figures(&sum);
    report
}

async fn follow(book: &mut DutiesBook, client: &L1Client, day: &Day, own: &BTreeSet<Address>, time: u64) {
    let (head, pending) = day.at(time);
    let span = Duration::from_secs(DAY);
    let following = Following { clock: CLOCK, own, head, pending, heard: None, span };
    book.follow(client, &following, &|_| ()).await.unwrap();
}

/// How long own proposals waited until they were told: zero scrapes where the first head that has one tells it.
#[derive(Debug, Default)]
struct Waits {
    scrapes: u64,
    /// Slots of those that are on the chain and were not told, with the scrapes since the one that could first see them.
    waiting: BTreeMap<u64, u64>,
    /// How many were told after so many scrapes.
    told: BTreeMap<u64, u64>,
    seconds: u64,
}

impl Waits {
    /// Takes in a scrape at this head; `proposed` are slots and blocks of own proposals that no head had before.
    fn note(&mut self, proposed: &mut Peekable<impl Iterator<Item = (u64, u64)>>, head: BlockRef, seen: &DutiesSeen) {
        self.scrapes += 1;
        self.waiting.values_mut().for_each(|scrapes| *scrapes += 1);
        while let Some((slot, _)) = proposed.next_if(|(_, block)| *block <= head.number) {
            self.waiting.insert(slot, 0);
        }
        for one in &seen.proposals {
            if let Some(scrapes) = self.waiting.remove(&one.slot) {
                *self.told.entry(scrapes).or_default() += 1;
                let is_of_the_day = self.scrapes > 1;
                let seconds = head.timestamp - time_of(one.block);
                self.seconds = self.seconds.max(if is_of_the_day { seconds } else { 0 });
            }
        }
    }
}

fn figures(served: &Served) -> Value {
    json!({ "requests": served.requests, "received_bytes": served.bytes, "unpacked_bytes": served.unpacked })
}
