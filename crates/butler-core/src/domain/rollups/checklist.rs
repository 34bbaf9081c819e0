//! What is left to do after a cut-over, or would be after the next one: one entry for each kind of thing at each rollup.
//!
//! Nothing here says who has to act in the operator's house; it says what the chain waits for.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::Serialize;

use super::RollupId;
use super::cut_over::duties_until;
use crate::domain::attester::overview::AttesterRow;
use crate::domain::attester::position::Position;
use crate::domain::attester::view::{Exit, ExitStep};
use crate::domain::snapshot::NetworkSnapshot;

/// What is to be done, or was done by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// They validate at the canonical rollup: nothing.
    Moved,
    /// They moved, and committees of the former rollup that were sampled before still have them: keep its nodes.
    Duties,
    /// They validate at a former rollup: keep the node for it; their withdrawers take them out there.
    LeftBehind,
    /// They wait at a former rollup and move along: the stake comes back, and must be staked again.
    Refund,
    /// Their stakes came back from a former rollup: they must be staked again, and their keys may be queued again.
    Refunded,
    /// They wait at a former rollup and do not move along: they will validate there.
    Arrives,
    /// Zombies at a former rollup: their withdrawers initiate the withdrawal there.
    Zombie,
    /// They exit at a former rollup, and may not be finalized yet.
    Exiting,
    /// They exit at a former rollup, and no delay is known to keep them: anybody finalizes there.
    Exitable,
    /// Rewards wait at a former rollup: anybody claims them there.
    Rewards,
    /// A former rollup that does not tell what it holds.
    Unread,
    /// They wait at the canonical rollup and move along: they would be refunded, should the next one become canonical first.
    AtRisk,
}

impl Task {
    /// The name that JSON uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::Duties => "duties",
            Self::LeftBehind => "left_behind",
            Self::Refund => "refund",
            Self::Refunded => "refunded",
            Self::Arrives => "arrives",
            Self::Zombie => "zombie",
            Self::Exiting => "exiting",
            Self::Exitable => "exitable",
            Self::Rewards => "rewards",
            Self::Unread => "unread",
            Self::AtRisk => "at_risk",
        }
    }

    /// Whether somebody has to do something now.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Moved | Self::Arrives | Self::Exiting | Self::AtRisk => false,
            Self::Duties
            | Self::LeftBehind
            | Self::Refund
            | Self::Refunded
            | Self::Zombie
            | Self::Exitable
            | Self::Rewards
            | Self::Unread => true,
        }
    }

    /// What to do, in a sentence without a capital and a period.
    #[must_use]
    pub fn what_to_do(self) -> &'static str {
        match self {
            Self::Moved => "nothing: they validate here since the block of the cut-over",
            Self::Duties => {
                "keep a node for that rollup until then, and until its last epoch is proven: missing these duties is slashed"
            }
            Self::LeftBehind => {
                "keep their node for that rollup, where they can be slashed; their withdrawers call `initiateWithdraw` there"
            }
            Self::Refund => {
                "tell their delegators: at that rollup's next flush the stake comes back, and has to be staked again for the canonical one; the keys may be added to the provider's queue again"
            }
            Self::Refunded => {
                "tell their delegators that the stake came back and has to be staked again; add the keys that those stakes ate to the provider's queue again"
            }
            Self::Arrives => "run their node for that rollup, with their coinbases: they will validate there",
            Self::Zombie => {
                "their withdrawers call `initiateWithdraw` there, which restarts no delay, then anybody `finalizeWithdraw` once both delays are over"
            }
            Self::Exiting => "nothing yet: anybody calls `finalizeWithdraw` there when it is time",
            Self::Exitable => "anybody calls `finalizeWithdraw` there",
            Self::Rewards => "anybody calls `claimSequencerRewards` there for each coinbase; it pays the coinbase",
            Self::Unread => "ask another L1 endpoint, or a newer release of Butler",
            Self::AtRisk => {
                "nothing now: should another rollup become canonical before they are let in, their stakes come back"
            }
        }
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What.
    pub task: Task,
    /// Where.
    pub rollup: RollupId,
    /// Whose; for rewards, those whose coinbases have some, as far as they are known.
    pub attesters: BTreeSet<Address>,
    /// How much stake leaves, or how many rewards wait, in base units.
    pub amount: Option<U256>,
    /// The first moment at which one of them may go on, or what is told ends, in unix seconds.
    pub earliest: Option<u64>,
}

/// The whole list, what was done first.
#[must_use]
pub fn checklist(snapshot: &NetworkSnapshot, rows: &[AttesterRow]) -> Vec<Entry> {
    let now = snapshot.block.timestamp;
    let has_former = !snapshot.former_rollups.is_empty();
    let mut entries = BTreeMap::<(Task, RollupId), Entry>::new();
    let mut put = |task, rollup, attester, amount: Option<U256>, earliest: Option<u64>| {
        let new = || Entry { task, rollup, attesters: BTreeSet::new(), amount: None, earliest: None };
        let entry = entries.entry((task, rollup)).or_insert_with(new);
        entry.attesters.extend(attester);
        entry.amount = match (entry.amount, amount) {
            (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
            (sum, more) => sum.or(more),
        };
        entry.earliest = [entry.earliest, earliest].into_iter().flatten().min();
    };
    let newcomers = newcomers(snapshot, rows);
    for row in rows {
        let Some(rollup) = row.rollup else { continue };
        let is_newcomer = newcomers.contains(&row.attester);
        let moved = has_former && !is_newcomer;
        if let Some(task) = task_of(row, now, moved, moves_along(snapshot, row, rollup)) {
            let leaves = |exit: Exit| exit.finalizable_at().unwrap_or(exit.exitable_at);
            let exit = row.view.exit.map(leaves).filter(|_| matches!(task, Task::Exiting | Task::Zombie));
            let arrival = row.arrival.map(|arrival| arrival.earliest).filter(|_| task == Task::Arrives);
            let amount = row.view.exit.map(|exit| exit.amount);
            put(task, rollup, Some(row.attester), amount, exit.or(arrival));
        }
        for left in &row.rewards_left {
            put(Task::Rewards, left.rollup, Some(row.attester), None, None);
        }
    }
    for former in &snapshot.former_rollups {
        for amount in former.pending_rewards.values() {
            put(Task::Rewards, former.id, None, Some(*amount), None);
        }
        if former.unread.is_some() {
            put(Task::Unread, former.id, None, None, None);
        }
    }
    for (former, until) in
        snapshot.former_rollups.iter().filter_map(|former| Some((former, duties_until(former, snapshot)?)))
    {
        let moved = |row: &&AttesterRow| {
            let is_elsewhere = row.position == Position::Validating && row.rollup != Some(former.id);
            is_elsewhere && !newcomers.contains(&row.attester)
        };
        for row in rows.iter().filter(moved) {
            put(Task::Duties, former.id, Some(row.attester), None, Some(until));
        }
    }
    // Rewards of attesters that are at no rollup are told, too.
    for row in rows.iter().filter(|row| row.rollup.is_none()) {
        if let Some(rollup) = row.refunded_at() {
            put(Task::Refunded, rollup, Some(row.attester), None, None);
        }
        for left in &row.rewards_left {
            put(Task::Rewards, left.rollup, Some(row.attester), None, None);
        }
    }
    entries.into_values().collect()
}

/// Whether the deposit by which an attester waits at a rollup moves along with the latest one.
fn moves_along(snapshot: &NetworkSnapshot, row: &AttesterRow, rollup: RollupId) -> bool {
    let former = snapshot.former_rollups.iter().find(|former| former.id == rollup);
    let queue = former.map_or(&snapshot.entry_queue, |former| &former.entry_queue);
    let place = row.entry_queue_place.and_then(|place| usize::try_from(place).ok());
    place.and_then(|place| queue.get(place)).is_some_and(|deposit| deposit.move_with_latest_rollup)
}

/// Attesters that the canonical rollup let in itself: whoever counts there by a stake that was made for it was never at another.
fn newcomers(snapshot: &NetworkSnapshot, rows: &[AttesterRow]) -> BTreeSet<Address> {
    let mut made_for = BTreeMap::<Address, Vec<Address>>::new();
    for delegation in &snapshot.delegations {
        made_for.entry(delegation.attester).or_default().push(delegation.rollup);
    }
    let is_newcomer = |row: &&AttesterRow| {
        let counting = row.stakes.iter().find(|stake| stake.counts).and_then(|stake| stake.rollup);
        match (made_for.get(&row.attester).map(Vec::as_slice), counting) {
            (Some([only]), _) => *only == snapshot.rollup.address,
            (Some(_), counting) => counting == Some(snapshot.canonical()),
            (None, _) => false,
        }
    };
    rows.iter()
        .filter(|row| row.position == Position::Validating && !row.is_strangers)
        .filter(is_newcomer)
        .map(|row| row.attester)
        .collect()
}

fn task_of(row: &AttesterRow, now: u64, may_have_moved: bool, moves_along: bool) -> Option<Task> {
    match (row.position, row.at_former) {
        (Position::Validating, false) if may_have_moved => Some(Task::Moved),
        (Position::Validating, true) => Some(Task::LeftBehind),
        (Position::EntryQueue, true) if moves_along => Some(Task::Refund),
        (Position::EntryQueue, true) => Some(Task::Arrives),
        (Position::EntryQueue, false) if moves_along => Some(Task::AtRisk),
        (Position::Zombie, true) => Some(Task::Zombie),
        (Position::Exiting, true) => {
            let waits = row.view.exit.is_none_or(|exit| exit.next_step(now) == ExitStep::Wait);
            Some(if waits { Task::Exiting } else { Task::Exitable })
        }
        (Position::EntryQueue | Position::Validating | Position::Zombie | Position::Exiting, false)
        | (Position::Unregistered | Position::ProviderQueue | Position::Withdrawn | Position::Unknown, _) => None,
    }
}
