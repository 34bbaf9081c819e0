//! What the journal takes, in time and room: `cargo bench --package butler-watcher --bench journal -- FOLDER`.
//!
//! Prints one JSON object. FOLDER is left with a journal of 100,000 finished actions, for whoever starts a watcher on it.
//! Content is what `state export` writes: all that is live and every key that is done, as lines of JSON.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use butler_core::contracts::events::Source;
use butler_core::domain::action::{Action, Assurance, Phase, Policy};
use butler_core::domain::attester::coinbase::CoinbasePolicies;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::rollup::RollupClock;
use butler_watcher::follower::happened;
use butler_watcher::journal::{
    Batch, Claim, Cursor, CursorMove, Journal as _, Keeper, Outcome, Plan, Query, Rules, Settings, Settlement, Work,
};
use butler_watcher::plan::{Known, Occurred, Setting, plan};
use ethers_core::abi::{Token, encode};
use ethers_core::types::{Address, H256, Log, U256};
use serde_json::{Value, json};

/// Events of one commit, as the watcher takes them.
const BATCH: u64 = 5_000;
const BATCHES: u64 = 16;
const PENDING: u64 = 10_000;
const FINISHED: u64 = 100_000;
/// Events of one block: half as many transactions.
const IN_A_BLOCK: u64 = 20;

const REGISTRY: Address = Address::repeat_byte(0xf0);
const ROLLUP: Address = Address::repeat_byte(0xe0);

fn main() {
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let events = events(&at("events"));
    let pending = pending(&at("pending"));
    let finished = finished(&named.map_or_else(|| at("finished"), PathBuf::from));
    println!("{}", json!({ "events": events, "pending": pending, "finished": finished }));
}

/// Decodes, plans and commits in batches.
fn events(path: &Path) -> Value {
    let keeper = Keeper::open(path, unbounded()).unwrap();
    let batches: Vec<Vec<Log>> = (0..BATCHES).map(|batch| logs(batch * BATCH, BATCH)).collect();
    let setting = setting();
    let (mut known, mut cursor) = (Known::default(), None);
    let began = Instant::now();
    let mut slowest = Duration::ZERO;
    for logs in &batches {
        let began = Instant::now();
        let events: Vec<Occurred> = logs.iter().map(occurred).collect();
        let plans = plan(&setting, &mut known, &events, Assurance::TwoEndpoints);
        let last = events.last().unwrap();
        let to = Cursor { block: last.log.block_number, hash: last.log.block_hash, time: last.time };
        keeper.commit(&batch(cursor, to, plans.actions)).unwrap();
        cursor = Some(to);
        slowest = slowest.max(began.elapsed());
    }
    let took = began.elapsed();
    let actions: u64 = keeper.status().unwrap().counts.values().flat_map(BTreeMap::values).sum();
    json!({
        "events": BATCH * BATCHES,
        "actions": actions,
        "events_per_second": rounded(float(BATCH * BATCHES) / took.as_secs_f64()),
        "slowest_batch_ms": millis(slowest),
        "store_bytes": keeper.status().unwrap().store_bytes,
    })
}

/// A start with so many actions that are due, until all of them are handed out.
fn pending(path: &Path) -> Value {
    let keeper = Keeper::open(path, unbounded()).unwrap();
    let actions = actions(0, PENDING);
    let began = Instant::now();
    keeper.commit(&batch(None, at(1), actions)).unwrap();
    let planned = began.elapsed();
    let before = keeper.status().unwrap().store_bytes;
    let began = Instant::now();
    keeper.compact().unwrap();
    let compacted = began.elapsed();
    let (store, content) = (keeper.status().unwrap().store_bytes, content(&keeper));
    drop(keeper);
    let began = Instant::now();
    let keeper = Keeper::open(path, unbounded()).unwrap();
    let mut left = PENDING;
    while left > 0 {
        left -= u64::try_from(keeper.claim(&ask(1_000)).unwrap().len()).unwrap();
    }
    let replayed = began.elapsed();
    json!({
        "actions": PENDING,
        "plan_10k_ms": millis(planned),
        "replay_10k_pending_ms": millis(replayed),
        "compact_ms": millis(compacted),
        "store_bytes_before": before,
        "store_bytes": store,
        "content_bytes": content,
        "store_by_content": rounded(float(store) / float(content)),
    })
}

/// Everything planned, claimed and done; then compacted.
fn finished(path: &Path) -> Value {
    let keeper = Keeper::open(path, unbounded()).unwrap();
    let rounds = FINISHED / PENDING;
    let began = Instant::now();
    for round in 0..rounds {
        let before = round.checked_sub(1).map(|before| at(before + 1));
        keeper.commit(&batch(before, at(round + 1), actions(round * PENDING, PENDING))).unwrap();
        loop {
            let leased = keeper.claim(&ask(1_000)).unwrap();
            if leased.is_empty() {
                break;
            }
            let done = |leased: butler_watcher::journal::Leased| Settlement {
                lease: leased.lease,
                outcome: Outcome::Proven { proof: None },
            };
            keeper.settle(&leased.into_iter().map(done).collect::<Vec<_>>()).unwrap();
        }
    }
    let lived = began.elapsed();
    let before = keeper.status().unwrap().store_bytes;
    let began = Instant::now();
    keeper.compact().unwrap();
    let compacted = began.elapsed();
    let (status, content) = (keeper.status().unwrap(), content(&keeper));
    drop(keeper);
    let began = Instant::now();
    let keeper = Keeper::open(path, unbounded()).unwrap();
    let opened = began.elapsed();
    let done = keeper.read(&Query { phase: Some(Phase::Done), after: None, limit: 1 }).unwrap();
    assert_eq!(done.finished.len(), 1);
    json!({
        "actions": FINISHED,
        "lives_per_second": rounded(float(FINISHED) / lived.as_secs_f64()),
        "open_ms": millis(opened),
        "compact_ms": millis(compacted),
        "store_bytes_before": before,
        "store_bytes": status.store_bytes,
        "content_bytes": content,
        "store_by_content": rounded(float(status.store_bytes) / float(content)),
        "history_bytes": status.history_bytes,
    })
}

/// Without a budget for each hour.
fn unbounded() -> Settings {
    Settings { rules: Rules { hourly: |_| None, ..Rules::default() }, ..Settings::default() }
}

fn setting() -> Setting {
    let clock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
    Setting {
        chain_id: 1,
        staking_registry: REGISTRY,
        providers: BTreeSet::from([ProviderId::try_from(1).unwrap()]),
        admins: BTreeSet::new(),
        policies: CoinbasePolicies::default(),
        attesters: BTreeSet::new(),
        clocks: BTreeMap::from([(ROLLUP, clock)]),
    }
}

/// What these events plan.
fn actions(from: u64, count: u64) -> Vec<Action> {
    let events: Vec<Occurred> = logs(from, count).iter().map(occurred).collect();
    plan(&setting(), &mut Known::default(), &events, Assurance::TwoEndpoints).actions
}

/// Delegations, each with a deposit: two logs of one transaction. On the chain the deposit comes first; here it comes second, so
/// that its attester is known to be ours, as if its key had been added to a queue before.
fn logs(from: u64, count: u64) -> Vec<Log> {
    let topic = |source: Source, name: &str| source.abi().event(name).unwrap().signature();
    let staked = topic(Source::StakingRegistry, "StakedWithProvider");
    let queued = topic(Source::Rollup, "ValidatorQueued");
    let log = |number: u64| {
        let transaction = number / 2;
        let attester = H256::from(address(transaction, 0xa1));
        let (address, topics, data) = if number.is_multiple_of(2) {
            let data = encode(&[Token::Address(address(transaction, 0xc0)), Token::Address(Address::repeat_byte(9))]);
            (REGISTRY, vec![staked, H256::from_low_u64_be(1), H256::from(ROLLUP), attester], data)
        } else {
            (ROLLUP, vec![queued, attester, H256::from(Address::repeat_byte(8))], Vec::new())
        };
        Log {
            address,
            topics,
            data: data.into(),
            block_number: Some((1 + number / IN_A_BLOCK).into()),
            block_hash: Some(hash(number / IN_A_BLOCK, 1)),
            transaction_hash: Some(hash(transaction, 2)),
            log_index: Some(U256::from(number % IN_A_BLOCK)),
            ..Log::default()
        }
    };
    (from..from + count).map(log).collect()
}

fn occurred(log: &Log) -> Occurred {
    let source = if log.address == REGISTRY { Source::StakingRegistry } else { Source::Rollup };
    let (id, what) = happened(source, log).unwrap().unwrap();
    Occurred { log: id, time: 1_760_000_000 + id.block_number * 12, contract: log.address, what }
}

/// As strange as real ones are.
fn hash(number: u64, salt: u8) -> H256 {
    H256(ethers_core::utils::keccak256([&number.to_be_bytes()[..], &[salt]].concat()))
}

fn address(number: u64, salt: u8) -> Address {
    Address::from(hash(number, salt))
}

fn at(block: u64) -> Cursor {
    Cursor { block, hash: hash(block, 3), time: 1_760_000_000 + block * 12 }
}

fn batch(expected: Option<Cursor>, to: Cursor, actions: Vec<Action>) -> Batch {
    let cursor = CursorMove { name: "mainnet".to_owned(), expected, to };
    let plans = actions.into_iter().map(|action| Plan { action, policy: Policy::Notify }).collect();
    Batch { cursor: Some(cursor), plans, ..Batch::default() }
}

fn ask(limit: usize) -> Claim {
    Claim { limit, lease: Duration::from_secs(600), chain_time: 0, holds: false, work: Work::Tell }
}

fn content(keeper: &Keeper) -> u64 {
    let mut text = Vec::new();
    keeper.export(&mut text).unwrap();
    u64::try_from(text.len()).unwrap()
}

fn float(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

fn millis(duration: Duration) -> f64 {
    rounded(duration.as_secs_f64() * 1000.0)
}

fn rounded(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
