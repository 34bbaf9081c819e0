//! Reading on: logs, then draws, then transactions.

use std::collections::BTreeSet;

use ethers_core::types::{Address, Log};

use super::asked::Asked;
use super::content::{Content, Entry, LONGEST, Reading};
use super::following::Following;
use super::transactions::{read_transactions, take_in, wanted};
use crate::chain::duties::draws::read_draws;
use crate::chain::duties::logs::{Placed, checkpoints, filter, read_events, scan};
use crate::chain::duties::opening::missing_before;
use crate::chain::duties::request::DutiesRequest;
use crate::chain::duties::times::{Times, first_block_at};
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::l1::{BlockTag, L1Client};
use crate::contracts::checkpoint_events::decode_checkpoint_event;
use crate::domain::block::BlockRef;
use crate::domain::duties::Gap;

/// The last blocks are taken anew each time: endpoints index late, and blocks are reorganized.
const AGAIN: u64 = 64;
/// A longer span than what was followed means reading it anew; a clock that goes back a little does not.
const LONGER: u64 = 3_600;

/// Reads on, and says where a log is missing. `asked` is what was asked before.
pub(super) async fn update(
    client: &L1Client,
    rollup: Address,
    held: &mut Option<Content>,
    asked: &mut Asked,
    following: &Following<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Gap>, SnapshotError> {
    let head = following.head;
    let since = head.timestamp.saturating_sub(following.span.as_secs()).max(following.clock.genesis_time);
    let fits = |content: &Content| {
        let is_long_enough = content.since <= since.saturating_add(LONGER);
        // After longer, by a long sleep or a clock that lies, what lies between is not made up for epoch by epoch.
        let is_near = content.last().is_some_and(|last| head.timestamp <= last.timestamp.saturating_add(LONGEST));
        is_long_enough && is_near && content.first().is_some_and(|first| first.number <= head.number)
    };
    // What was kept before this program began may be of blocks that are gone.
    let is_there = match held.as_ref().and_then(|content| content.last_up_to(head.number)).filter(|_| !asked.is_there) {
        Some(last) => {
            let told = client.head(BlockTag::Number(last.number), &[]).await.map_err(SnapshotError::Rpc)?;
            told.block.hash == last.hash
        }
        None => true,
    };
    if !is_there || !held.as_ref().is_some_and(fits) {
        let first = first_block_at(client, since, &head).await?;
        let proposals = held.take().map(|content| content.proposals).unwrap_or_default();
        *held = Some(Content { proposals, ..Content::new(since, first) });
    }
    asked.is_there = true;
    let Some(content) = held else { return Ok(None) };
    read_logs(client, content, rollup, following, progress).await?;
    let gap = fill_gap(client, content, rollup, following, asked, progress).await?;
    content.forget_before(since.max(content.since), &following.clock, following.own);
    read_missing_draws(client, content, rollup, following).await?;
    let wanted = take_in(client, content, rollup, wanted(content, following), following.clock);
    let hashes = || wanted.iter().map(|one| one.log.transaction_hash);
    if asked.pace.is_now(head.timestamp, hashes()) {
        let is_all = read_transactions(client, content, rollup, &wanted, following, progress).await?;
        asked.pace.note(head.timestamp, if is_all { Vec::new() } else { hashes().collect() });
    } else {
        client.send_along(hashes());
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
    let wanted = filter([rollup]);
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
    asked: &mut Asked,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Option<Gap>, SnapshotError> {
    let head = following.head;
    let after = following.pending.map(|pending| (pending, head.number));
    let events: Vec<Placed> = content.entries.iter().map(|entry| (entry.log, entry.event)).collect();
    asked.pending = after.or(asked.pending);
    // What the rollup said last holds for the logs up to then, also where it was not asked now: a gap is not over for want of its word.
    let said = asked.pending.filter(|_| after.is_none());
    let short = |(pending, block): (u64, u64)| {
        let until: Vec<Placed> = events.iter().filter(|(log, _)| log.block_number <= block).copied().collect();
        checkpoints(&until, Some((pending, block))).err()
    };
    let told = match checkpoints(&events, after).err().or_else(|| said.and_then(short)) {
        Some(gap) => Some(gap),
        // What lies before the first log is asked about at the beginning, and while there is none.
        None if asked.is_opened(!events.is_empty(), head.number) => None,
        None => {
            let (subject, first) = ((rollup, &following.clock), content.first().copied().unwrap_or(head));
            missing_before(client, subject, &events, (&first, &head), following.pending).await?
        }
    };
    let Some(gap) = told else {
        asked.gap = None;
        if !asked.is_opened(!events.is_empty(), head.number) {
            asked.opened = Some(head.number);
        }
        return Ok(None);
    };
    if asked.has_asked(&gap, head.number) {
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
    asked.gap = gap.map(|gap| (gap, head.number));
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
    let missing: Vec<u64> = (first..=epoch(&following.head)).filter(|epoch| !content.is_settled(*epoch)).collect();
    // The one before is asked for once more in the same exchange: what was told wrongly once hides nothing for good.
    let again = missing.first().and_then(|first| first.checked_sub(1)).filter(|one| content.draws.contains_key(one));
    if !missing.is_empty() {
        let asked: Vec<u64> = again.into_iter().chain(missing).collect();
        let epochs = asked.iter().copied();
        let (draws, alone) = read_draws(client, rollup, &clock, &following.head, epochs, &mut content.hatch).await?;
        content.alone.retain(|epoch| !asked.contains(epoch));
        content.alone.extend(alone);
        for (epoch, draw) in draws {
            // Calldata that the rollup took had the same committee.
            if !content.has_read(epoch, &clock) {
                content.note_draw(epoch, draw, &clock);
            }
        }
    }
    Ok(())
}
