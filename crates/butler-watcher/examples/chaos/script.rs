//! What a child does: the same calls in the same order, so that the state after each of them is known.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Goal, Part, Phase, Place, Policy, Priority, Schema,
};
use butler_watcher::journal::{
    Batch, Claim, Clock, Cursor, CursorMove, Decision, Durability, Journal as _, JournalError, Keeper, Leased, Outcome,
    Plan, Query, Renewal, Retraction, Rules, Settings, Settlement, Verdict, Work,
};
use ethers_core::types::{Address, H256};

/// Milliseconds at which everything begins.
pub(crate) const BEGIN: u64 = 1_700_000_000_000;

/// A clock that goes on when it is told to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hand(Arc<AtomicU64>);

impl Hand {
    pub(crate) fn pass(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn wall(&self) -> u64 {
        BEGIN
    }

    fn running(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How a child, and whoever looks after it, opens the journal.
pub(crate) fn settings(durability: Durability, hand: &Hand) -> Settings {
    let rules = Rules { tries: 50, looks: 50, jitter: |_| 0, ..Rules::default() };
    let clock = Box::new(hand.clone());
    Settings { rules, clock, durability, file_limit: 3_000, history_limit: 8_000, adopt: false }
}

/// What a child is made to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// A first start, and a commit.
    Make,
    /// A start after a kill.
    Open,
    /// Ranges with actions.
    Commit,
    /// Claims, an intent, an effect, its outcome, a decision.
    Work,
    /// So many commits that the history rolls over and its oldest part goes.
    Roll,
    /// The store is replaced.
    Compact,
    /// All of it.
    All,
    /// So much that the store uses its file again.
    Long,
}

impl Scenario {
    pub(crate) const SWEPT: [Self; 6] = [Self::Make, Self::Open, Self::Commit, Self::Work, Self::Roll, Self::Compact];

    /// What was done, and broken off by a kill, before it begins.
    pub(crate) fn begins_empty(self) -> bool {
        matches!(self, Self::Make | Self::All | Self::Long)
    }

    pub(crate) fn steps(self) -> Vec<Step> {
        let ranges = |count| (1..=count).map(Step::Range);
        match self {
            Self::Make => vec![Step::Range(1)],
            Self::Open => Vec::new(),
            Self::Commit => ranges(3).chain([Step::Retract]).collect(),
            Self::Work => WORK.to_vec(),
            Self::Roll => ranges(18).collect(),
            Self::Compact => vec![Step::Compact, Step::Range(1), Step::Compact],
            Self::Long => [Step::Range(1), Step::Claim].into_iter().chain([Step::Wide; 120]).collect(),
            Self::All => {
                let mut steps: Vec<Step> = ranges(4).collect();
                steps.extend(WORK);
                steps.push(Step::Compact);
                steps.extend(ranges(14));
                steps.extend(WORK);
                steps.push(Step::Retract);
                steps
            }
        }
    }
}

const WORK: [Step; 10] = [
    Step::Claim,
    Step::Intend,
    Step::Effect,
    Step::Settle,
    Step::Claim,
    Step::Refuse,
    Step::Decide,
    Step::Ask,
    Step::Approve,
    Step::Approve,
];
/// How long an approval counts: longer than everything here takes.
const DAY: Duration = Duration::from_secs(86_400);
/// Persons who must approve what waits.
const PERSONS: usize = 2;

/// One call, or one effect on the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The next range, with so many actions more than one or two.
    Range(u64),
    /// The newest action is not wanted any more.
    Retract,
    /// The next due one.
    Claim,
    /// What will be done to the world is made durable.
    Intend,
    /// The same, with much to say.
    Wide,
    /// It is done to the world.
    Effect,
    /// It is done.
    Settle,
    /// It cannot be done.
    Refuse,
    /// A person wants the parked one tried again.
    Decide,
    /// Something is planned that persons must approve.
    Ask,
    /// One of them does.
    Approve,
    /// The store is replaced.
    Compact,
}

/// A child's memory between its steps.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    leased: Option<Leased>,
}

pub(crate) fn action(number: u64) -> Action {
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
        why: format!("something happened: {number}"),
        evidence: Vec::new(),
        assurance: Assurance::TwoEndpoints,
        edits: Vec::new(),
    }
}

/// The next range after the cursor, with some actions.
pub(crate) fn range(keeper: &Keeper, count: u64) -> Result<Batch, JournalError> {
    let expected = keeper.cursor("l1")?;
    let block = expected.map_or(0, |cursor| cursor.block).saturating_add(1);
    let to = Cursor { block, hash: H256::from_low_u64_be(block), time: block };
    let numbers = (0..count % 3).map(|offset| block.saturating_mul(10).saturating_add(offset));
    let plans = numbers.map(|number| Plan { action: action(number), policy: Policy::Auto }).collect();
    let cursor = Some(CursorMove { name: "l1".to_owned(), expected, to });
    Ok(Batch { cursor, plans, ..Batch::default() })
}

pub(crate) fn claim() -> Claim {
    Claim { limit: 1, lease: Duration::from_secs(60), chain_time: 0, holds: false, work: Work::Tell }
}

/// Makes one call; answers the key of what is done to the world, for an effect.
pub(crate) fn take(keeper: &Keeper, step: Step, memory: &mut Memory) -> Result<Option<String>, JournalError> {
    let settle = |outcome: Outcome, memory: &mut Memory| {
        let Some(leased) = memory.leased.take() else { return Ok(()) };
        keeper.settle(&[Settlement { lease: leased.lease, outcome }]).map(drop)
    };
    match step {
        Step::Range(count) => {
            keeper.commit(&range(keeper, count)?)?;
        }
        Step::Retract => {
            let block = keeper.cursor("l1")?.map_or(0, |cursor| cursor.block);
            let retraction = Retraction { key: action(block.saturating_mul(10)).key, reason: "a reorg".to_owned() };
            keeper.commit(&Batch { retractions: vec![retraction], ..Batch::default() })?;
        }
        Step::Claim => memory.leased = keeper.claim(&claim())?.pop(),
        Step::Intend | Step::Wide => {
            if let Some(leased) = &mut memory.leased {
                let repeat = if step == Step::Wide { 800 } else { 1 };
                let intent = Some(format!("nonce of {} ", leased.lease.key).repeat(repeat).into());
                leased.lease = keeper
                    .renew(&leased.lease, &Renewal { lease: Duration::from_secs(60), intent, ..Renewal::default() })?;
            }
        }
        Step::Effect => return Ok(memory.leased.as_ref().map(|leased| leased.lease.key.to_string())),
        Step::Settle => settle(Outcome::Proven { proof: None }, memory)?,
        Step::Refuse => settle(Outcome::Refused { reason: "no".to_owned() }, memory)?,
        Step::Decide => {
            let page = keeper.read(&Query { phase: Some(Phase::Parked), after: None, limit: 1 })?;
            if let Some(entry) = page.live.first() {
                let (key, version) = (entry.action.key.clone(), entry.standing.version);
                let decision = Decision::Revive { policy: Policy::Auto, approval: DAY };
                keeper.decide(&Verdict { key, version, decision, actor: "chaos".to_owned(), reason: None })?;
            }
        }
        Step::Ask => {
            let block = keeper.cursor("l1")?.map_or(0, |cursor| cursor.block);
            let action = action(block.saturating_mul(10).saturating_add(9));
            let plans = vec![Plan { action, policy: Policy::Approve }];
            keeper.commit(&Batch { plans, approval: Some(DAY), ..Batch::default() })?;
        }
        Step::Approve => {
            let page = keeper.read(&Query { phase: Some(Phase::AwaitingApproval), after: None, limit: 1 })?;
            if let Some(entry) = page.live.first() {
                let (key, version) = (entry.action.key.clone(), entry.standing.version);
                let actor = format!("person {}", entry.standing.approved_by.len());
                let decision = Decision::Approve { persons: PERSONS, lasts: DAY };
                keeper.decide(&Verdict { key, version, decision, actor, reason: None })?;
            }
        }
        Step::Compact => {
            keeper.compact()?;
        }
    }
    Ok(None)
}
