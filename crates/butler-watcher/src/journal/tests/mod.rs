//! The journal on a real disk, with a clock that the tests set.

mod approvals;
mod damage;
mod jobs;
mod life;
mod model;
mod opening;
mod speed;
mod transfer;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, CoinbaseBefore, EffectKey, Goal, KeystoreEdit, Part, Place, Policy,
    Priority, Schema,
};
use ethers_core::types::{Address, H256};

use super::*;

/// Milliseconds at which every test begins.
const BEGIN: u64 = 1_700_000_000_000;
const HOUR: Duration = Duration::from_secs(3600);

/// A clock that stands until it is set.
#[derive(Debug, Clone)]
struct Hand(Arc<[AtomicU64; 2]>);

impl Default for Hand {
    fn default() -> Self {
        Self(Arc::new([AtomicU64::new(BEGIN), AtomicU64::new(0)]))
    }
}

impl Hand {
    /// Lets time pass, in milliseconds.
    fn pass(&self, millis: u64) {
        self.0[0].fetch_add(millis, Ordering::Relaxed);
        self.0[1].fetch_add(millis, Ordering::Relaxed);
    }

    /// Sets the time of day and nothing else.
    fn step_wall(&self, to: u64) {
        self.0[0].store(to, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn wall(&self) -> u64 {
        self.0[0].load(Ordering::Relaxed)
    }

    fn running(&self) -> u64 {
        self.0[1].load(Ordering::Relaxed)
    }
}

fn rules() -> Rules {
    Rules { tries: 2, looks: 2, least_pause: Duration::from_millis(10), jitter: |_| 0, ..Rules::default() }
}

fn settings(hand: &Hand) -> Settings {
    Settings { rules: rules(), clock: Box::new(hand.clone()), ..Settings::default() }
}

fn open(path: &Path, hand: &Hand) -> Result<Keeper, JournalError> {
    Keeper::open(path, settings(hand))
}

/// A journal in a folder that goes with the test.
fn fresh() -> (tempfile::TempDir, Hand, Keeper) {
    let folder = tempfile::tempdir().unwrap();
    let hand = Hand::default();
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    (folder, hand, keeper)
}

fn action(number: u64) -> Action {
    let place = Place { chain_id: 1, contract: Address::repeat_byte(0xee) };
    Action {
        schema: Schema,
        key: EffectKey::new(ActionKind::KeysAdded, &place, &[Part::Number(number)]),
        kind: ActionKind::KeysAdded,
        place,
        subject: ActionSubject::Network,
        goal: Goal::Told,
        priority: Priority::Normal,
        until: None,
        why: format!("test {number}"),
        evidence: Vec::new(),
        assurance: Assurance::TwoEndpoints,
        edits: Vec::new(),
    }
}

fn plan(action: Action) -> Plan {
    Plan { action, policy: Policy::Auto }
}

fn plans(actions: impl IntoIterator<Item = Action>) -> Batch {
    Batch { plans: actions.into_iter().map(plan).collect(), ..Batch::default() }
}

fn at(block: u64) -> Cursor {
    Cursor { block, hash: H256::from_low_u64_be(block), time: block * 12 }
}

/// A batch that moves the cursor and plans the actions of these numbers.
fn range(from: Option<u64>, to: u64, numbers: &[u64]) -> Batch {
    let cursor = CursorMove { name: "l1".to_owned(), expected: from.map(at), to: at(to) };
    Batch { cursor: Some(cursor), ..plans(numbers.iter().copied().map(action)) }
}

fn ask(limit: usize) -> Claim {
    Claim { limit, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell }
}

fn keys(leased: &[Leased]) -> Vec<String> {
    leased.iter().map(|leased| leased.entry.action.why.clone()).collect()
}

/// The one that is claimed, which must be there.
fn claim_one(keeper: &Keeper) -> Leased {
    let mut leased = keeper.claim(&ask(1)).unwrap();
    leased.pop().expect("something is due")
}

fn settle(keeper: &Keeper, leased: &Leased, outcome: Outcome) -> Settled {
    let mut settled = keeper.settle(&[Settlement { lease: leased.lease.clone(), outcome }]).unwrap();
    settled.pop().unwrap()
}

/// Nothing is wrong with it.
fn assert_sound(keeper: &Keeper) {
    assert_eq!(keeper.verify().unwrap().faults, Vec::<String>::new());
}

fn exported(keeper: &Keeper) -> String {
    let mut text = Vec::new();
    keeper.export(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}
