//! The rollup's logs of checkpoints, held against their own numbers: who leaves one out is asked no more.

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::opening::missing_before;
use super::request::DutiesRequest;
use crate::chain::error::SnapshotError;
use crate::chain::request::Progress;
use crate::client::error::RpcFailure;
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::checkpoint_events::{CheckpointEvent, checkpoint_topics, decode_checkpoint_event};
use crate::domain::attester::delegation::LogId;
use crate::domain::block::BlockRef;
use crate::domain::duties::{Fate, Gap, Happened, fates};
use crate::domain::proposals::LoggedCheckpoint;
use crate::runtime::report::Chain;

/// One checkpoint as its log has it.
#[derive(Debug, Clone)]
pub(super) struct Logged {
    pub(super) log: LogId,
    pub(super) checkpoint: LoggedCheckpoint,
    pub(super) fate: Fate,
}

/// The checkpoints of a range.
#[derive(Debug, Default)]
pub(super) struct Logs {
    pub(super) logged: Vec<Logged>,
    /// Blocks whose times are known, oldest first.
    pub(super) anchors: Vec<BlockRef>,
    pub(super) gap: Option<Gap>,
}

/// An event, and where it stands.
pub(super) type Placed = (LogId, CheckpointEvent);

/// What endpoints told of a range.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) events: Vec<Placed>,
    /// Blocks whose times are known, oldest first.
    pub(super) anchors: Vec<BlockRef>,
    /// Ranges of blocks, each with the endpoint that told its logs.
    givers: Vec<(u64, u64, usize)>,
}

/// Reads the checkpoints of a range.
pub(super) async fn read_logs(
    client: &L1Client,
    request: &DutiesRequest<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Logs, SnapshotError> {
    let (told, gap) = read_events(client, request, progress).await?;
    let after = after(request);
    let logged = checkpoints(&told.events, after).unwrap_or_else(|_| unknown(&told.events));
    Ok(Logs { logged, anchors: told.anchors, gap })
}

/// The rollup's own word for the newest checkpoint behind the last log.
fn after(request: &DutiesRequest<'_>) -> Option<(u64, u64)> {
    request.pending.map(|pending| (pending, request.to.number))
}

/// The checkpoints among events that follow one another, and what became of each.
///
/// # Errors
/// [`Gap`], where a log is missing.
pub(super) fn checkpoints(events: &[Placed], after: Option<(u64, u64)>) -> Result<Vec<Logged>, Gap> {
    let happened: Vec<(u64, Happened)> =
        events.iter().map(|(log, event)| (log.block_number, happening(event))).collect();
    let fates = fates(&happened, None, after)?;
    Ok(unknown(events).into_iter().zip(fates).map(|(one, fate)| Logged { fate, ..one }).collect())
}

/// The same where a log is missing: nobody knows what became of them.
pub(super) fn unknown(events: &[Placed]) -> Vec<Logged> {
    let proposed = events.iter().filter_map(|(log, event)| match *event {
        CheckpointEvent::Proposed(checkpoint) => Some(Logged { log: *log, checkpoint, fate: Fate::Unknown }),
        CheckpointEvent::Pruned { .. } | CheckpointEvent::Invalidated(_) => None,
    });
    proposed.collect()
}

/// What an event says of the order of checkpoints.
fn happening(event: &CheckpointEvent) -> Happened {
    match *event {
        CheckpointEvent::Proposed(checkpoint) => Happened::Proposed(checkpoint.number),
        CheckpointEvent::Pruned { proven, pending } => Happened::Pruned(proven, pending),
        CheckpointEvent::Invalidated(number) => Happened::Invalidated(number),
    }
}

/// Reads the events of a range. An endpoint that leaves a gap stands back, and the others are asked; where all leave one, the last word
/// stands with it.
pub(super) async fn read_events(
    client: &L1Client,
    request: &DutiesRequest<'_>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<(Told, Option<Gap>), SnapshotError> {
    let range = (request.from.number, request.to.number);
    let mut beside = BTreeSet::new();
    let mut before: Option<(Told, Option<Gap>)> = None;
    loop {
        let mut told = match scan(client, request.rollup, range, request.to, &beside, progress).await {
            Ok(told) => told,
            Err(error) => {
                // The others do not answer: what was told stands as it is, with its gap.
                let Some(before) = before else { return Err(error) };
                tracing::debug!("nobody else tells the checkpoints: {}", Chain(&error));
                return Ok(before);
            }
        };
        told.anchors.insert(0, request.from);
        let gap = match checkpoints(&told.events, after(request)) {
            Err(gap) => gap,
            Ok(_) => {
                let (subject, span) = ((request.rollup, &request.clock), (&request.from, &request.newest));
                match missing_before(client, subject, &told.events, span, request.pending).await? {
                    Some(gap) => gap,
                    None => return Ok((told, None)),
                }
            }
        };
        let givers = &told.givers;
        let giver = givers.iter().find(|(from, to, _)| (*from..=*to).contains(&gap.block)).map(|(_, _, giver)| *giver);
        beside.extend(giver);
        let is_last = giver.is_none() || beside.len() >= client.endpoints().len();
        if let Some(giver) = giver.filter(|_| client.endpoints().len() > 1) {
            client.distrust(giver, &RpcFailure::Incomplete(gap.to_string()));
        }
        if is_last {
            return Ok((told, Some(gap)));
        }
        before = Some((told, Some(gap)));
    }
}

/// What is asked of rollups.
pub(super) fn filter(rollups: impl IntoIterator<Item = Address>) -> LogFilter {
    LogFilter { addresses: rollups.into_iter().collect(), topics: vec![checkpoint_topics()] }
}

/// Reads the events of a range once, of endpoints that are not among `beside`. `pin` is a block at the end of the range, or behind it.
pub(super) async fn scan(
    client: &L1Client,
    rollup: Address,
    (from, to): (u64, u64),
    pin: BlockRef,
    beside: &BTreeSet<usize>,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Told, SnapshotError> {
    let filter = filter([rollup]);
    let pin = (pin.number == to).then_some(pin);
    let mut scan = client.log_scan(&filter, (from, to), pin, beside.clone());
    let mut told = Told::default();
    while let Some(step) = scan.next().await.map_err(SnapshotError::Rpc)? {
        for log in &step.logs {
            told.events.push(decode_checkpoint_event(log).map_err(SnapshotError::Ledger)?);
        }
        progress(Progress::Checkpoints { block: step.to.number, last: to });
        told.givers.push((step.from, step.to.number, step.endpoint));
        told.anchors.push(step.to);
    }
    Ok(told)
}
