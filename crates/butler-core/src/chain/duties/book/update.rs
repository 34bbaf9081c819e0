//! Reading on: logs, draws, transactions.

use std::collections::BTreeSet;

use ethers_core::types::{Address, Log};

use super::content::{Content, Entry, Reading};
use super::following::Following;
use super::pace::Pace;
use crate::chain::duties::draws::read_draws;
use crate::chain::duties::logs::{Logged, Placed, checkpoints, filter, read_events, scan};
use crate::chain::duties::proposals::{AT_ONCE, Held, place, read_proposals};
use crate::chain::duties::request::DutiesRequest;
use crate::chain::duties::span::epochs_with;
use crate::chain::duties::times::{Times, first_block_at};
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::l1::L1Client;
use crate::contracts::checkpoint_events::decode_checkpoint_event;
use crate::domain::block::BlockRef;
use crate::domain::duties::Gap;
use crate::domain::proposers::proposer;

/// The last blocks are taken anew each time: endpoints index late, and blocks are reorganized.
const AGAIN: u64 = 64;
/// A gap that all endpoints left is asked about again after so many blocks: half an hour.
const GAP_AGAIN: u64 = 150;
/// A longer span than what was followed means reading it anew; a clock that goes back a little does not.
const LONGER: u64 = 3_600;

/// What was read before.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    pub(super) content: &'a mut Option<Content>,
    /// The gap that all endpoints left, and the block at which they were asked.
    pub(super) gap: &'a mut Option<(Gap, u64)>,
    pub(super) pace: &'a mut Pace,
}

/// Reads on, and says where a log is missing.
pub(super) async fn update(
    client: &L1Client,
    rollup: Address,
    memory: Memory<'_>,
    following: &Following<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Gap>, SnapshotError> {
    let Memory { content: held, gap: known, pace } = memory;
    let head = following.head;
    let since = head.timestamp.saturating_sub(following.span.as_secs()).max(following.clock.genesis_time);
    let fits = |content: &Content| {
        let is_long_enough = content.since <= since.saturating_add(LONGER);
        is_long_enough && content.first().is_some_and(|first| first.number <= head.number)
    };
    if !held.as_ref().is_some_and(fits) {
        let first = first_block_at(client, since, &head).await?;
        let proposals = held.take().map(|content| content.proposals).unwrap_or_default();
        *held = Some(Content { proposals, ..Content::new(since, first) });
    }
    let Some(content) = held else { return Ok(None) };
    read_logs(client, content, rollup, following, progress).await?;
    let gap = fill_gap(client, content, rollup, following, known, progress).await?;
    content.forget_before(since.max(content.since), &following.clock);
    read_missing_draws(client, content, rollup, following).await?;
    if pace.is_open(head.timestamp) && read_transactions(client, content, rollup, following, progress).await? {
        pace.note(head.timestamp);
    }
    Ok(gap)
}

/// Takes in the logs up to the head: those that were heard, and the others as an endpoint tells them.
async fn read_logs(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    following: &Following<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(), SnapshotError> {
    let head = following.head;
    let (Some(first), Some(last)) = (content.first().copied(), content.last().copied()) else { return Ok(()) };
    let is_begun = content.anchors.len() > 1;
    // A block that is not there any more was not read.
    content.entries.retain(|entry| entry.log.block_number <= head.number);
    let next = if is_begun { last.number.min(head.number).saturating_add(1) } else { first.number };
    let again = next.saturating_sub(AGAIN).max(first.number);
    let (heard, unheard) = match following.heard {
        Some(heard) => heard.of(None, (first.number, head.number)),
        None => (Vec::new(), vec![(first.number, head.number)]),
    };
    let wanted = filter(rollup);
    let topics = wanted.topics.concat();
    let is_ours = |log: &Log| log.address == rollup && log.topics.first().is_some_and(|topic| topics.contains(topic));
    let mut events: Vec<Placed> = Vec::new();
    for log in heard.into_iter().filter(|log| is_ours(log)) {
        events.push(decode_checkpoint_event(log).map_err(SnapshotError::Ledger)?);
    }
    let mut anchors = vec![first, head];
    anchors.extend(content.anchors.iter().copied());
    for (from, to) in &unheard {
        let from = (*from).max(again);
        if from > *to {
            continue;
        }
        let told = scan(client, rollup, (from, *to), head, &BTreeSet::new(), progress).await?;
        events.extend(told.events);
        anchors.extend(told.anchors);
    }
    // What was neither heard nor asked for stays as it is.
    let mut replaced = vec![(first.number, head.number)];
    for (from, to) in unheard.iter().filter(|(from, _)| *from < again) {
        let kept = (*from, (*to).min(again.saturating_sub(1)));
        replaced = replaced.into_iter().flat_map(|range| without(range, kept)).collect();
    }
    let times = Times::new(&anchors, client.chain_id());
    content.replace(&replaced, entries(&events, &times, following));
    content.note_last(head);
    Ok(())
}

/// A range without another one.
fn without((from, to): (u64, u64), (first, last): (u64, u64)) -> Vec<(u64, u64)> {
    if last < from || to < first {
        return vec![(from, to)];
    }
    let before = first.checked_sub(1).filter(|before| *before >= from).map(|before| (from, before));
    let after = last.checked_add(1).filter(|after| *after <= to).map(|after| (after, to));
    before.into_iter().chain(after).collect()
}

fn entries(events: &[Placed], times: &Times, following: &Following<'_>) -> Vec<Entry> {
    let entry = |(log, event): &Placed| Entry {
        log: *log,
        event: *event,
        slots: times.slots(&following.clock, log.block_number),
        reading: Reading::Not,
    };
    events.iter().map(entry).collect()
}

/// Holds the logs against their own numbers, and reads all of them anew where one is missing.
async fn fill_gap(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    following: &Following<'_>,
    known: &mut Option<(Gap, u64)>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Gap>, SnapshotError> {
    let head = following.head;
    let after = following.pending.map(|pending| (pending, head.number));
    let events: Vec<Placed> = content.entries.iter().map(|entry| (entry.log, entry.event)).collect();
    let Err(gap) = checkpoints(&events, after) else {
        *known = None;
        return Ok(None);
    };
    let asked = known.filter(|(_, at)| head.number < at.saturating_add(GAP_AGAIN) && head.number >= *at);
    // What the rollup's own word contradicts is another gap with each block, and the same log is missing.
    if asked.is_some_and(|(asked, _)| asked.last == gap.last) {
        return Ok(Some(gap));
    }
    let Some(from) = content.first().copied() else { return Ok(Some(gap)) };
    let request = DutiesRequest {
        rollup,
        clock: following.clock,
        own: Some(following.own),
        from,
        to: head,
        pending: following.pending,
        newest: head,
    };
    let (told, gap) = read_events(client, &request, progress).await?;
    let mut anchors = content.anchors.clone();
    anchors.extend(told.anchors);
    let times = Times::new(&anchors, client.chain_id());
    content.replace(&[(from.number, head.number)], entries(&told.events, &times, following));
    *known = gap.map(|gap| (gap, head.number));
    Ok(gap)
}

/// Asks for the draws of epochs that are not known.
async fn read_missing_draws(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    following: &Following<'_>,
) -> Result<(), SnapshotError> {
    let clock = following.clock;
    let epoch = |block: &BlockRef| clock.epoch_at(block.timestamp).unwrap_or_default();
    let first = content.first().map(epoch).unwrap_or_default();
    let missing: Vec<u64> =
        (first..=epoch(&following.head)).filter(|epoch| !content.draws.contains_key(epoch)).collect();
    if !missing.is_empty() {
        let draws = read_draws(client, rollup, &clock, &following.head, missing, &mut content.hatch).await?;
        content.draws.extend(draws);
    }
    Ok(())
}

/// Reads transactions that matter and were not read, and says whether there were any.
async fn read_transactions(
    client: &L1Client,
    content: &mut Content,
    rollup: Address,
    following: &Following<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<bool, SnapshotError> {
    let wanted = wanted(content, following);
    if wanted.is_empty() {
        return Ok(false);
    }
    progress(Progress::Transactions { count: wanted.len() });
    let mut doubted = BTreeSet::new();
    for some in wanted.chunks(AT_ONCE) {
        let held = Held { rollup, clock: following.clock, draws: &content.draws };
        let (read, unread) = read_proposals(client, &held, some.iter().collect()).await?;
        let places: BTreeSet<(u64, u64)> = some.iter().map(place).collect();
        for entry in content.entries.iter_mut().filter(|entry| places.contains(&entry.place())) {
            if let Some((slot, carried)) = read.get(&entry.place()) {
                entry.reading = Reading::of(*slot, carried.as_ref());
            } else {
                let why = unread.get(&entry.log.transaction_hash).cloned().unwrap_or_default();
                entry.reading =
                    Reading::Failed { tries: entry.tries().saturating_add(1), at: following.head.number, why };
                doubted.extend(following.clock.epoch_of(entry.slots.0)..=following.clock.epoch_of(entry.slots.1));
            }
        }
    }
    // Perhaps it is the draw that was told wrongly.
    if !doubted.is_empty() {
        let hatch = &mut content.hatch;
        for (epoch, draw) in read_draws(client, rollup, &following.clock, &following.head, doubted, hatch).await? {
            content.note_draw(epoch, draw, &following.clock);
        }
    }
    Ok(true)
}

/// Proposals whose transactions are to be read now.
fn wanted(content: &Content, following: &Following<'_>) -> Vec<Logged> {
    let Following { clock, own, head, .. } = *following;
    let ours = epochs_with(&content.draws, Some(own));
    let running = clock.epoch_at(head.timestamp).unwrap_or_default();
    let is_own_turn = |slot: u64| {
        let epoch = clock.epoch_of(slot);
        let draw = content.draws.get(&epoch).filter(|_| ours.contains(&epoch));
        let turn = draw.and_then(|draw| proposer(&draw.draw.committee, draw.draw.seed, epoch, slot));
        turn.is_some_and(|attester| own.contains(&attester))
    };
    let is_wanted = |entry: &&Entry| {
        let (first, last) = entry.slots;
        let mut epochs = ours.range(clock.epoch_of(first)..=clock.epoch_of(last)).peekable();
        let is_over = clock.epoch_of(last) < running;
        epochs.peek().is_some() && (is_over || (first..=last).any(is_own_turn))
    };
    let due = content.entries.iter().filter(|entry| entry.is_due(head.number));
    due.filter(is_wanted).filter_map(Entry::logged).collect()
}
