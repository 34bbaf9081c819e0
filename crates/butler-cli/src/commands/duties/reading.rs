//! From a span of time to what was done in it at one rollup.

use std::collections::BTreeSet;

use butler_core::chain::{DutiesRequest, ReadDuties, first_block_at, read_duties};
use butler_core::client::l1::BlockTag;
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::Expected;
use butler_core::domain::rollup::RollupClock;
use butler_core::domain::rollups::RollupId;
use ethers_core::types::Address;

use super::whose::{Whose, whose};
use crate::args::{DutiesArgs, Global, When};
use crate::error::CliError;
use crate::gather::{Gathered, beside};
use crate::progress::Waiting;

/// A span without another end is a day.
const DAY: u64 = 86_400;

/// What was read of the canonical rollup, with what it is held against.
#[derive(Debug)]
pub(in crate::commands) struct Found {
    pub(in crate::commands) gathered: Gathered,
    pub(in crate::commands) read: ReadDuties,
    /// Whose duties are shown; everybody's where it is `None`.
    pub(in crate::commands) own: Option<BTreeSet<Address>>,
    /// What the coinbases are held against.
    pub(in crate::commands) expected: Expected,
    /// The first and the last block that was read.
    pub(in crate::commands) blocks: (BlockRef, BlockRef),
}

/// A rollup that can be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Readable {
    pub(super) id: RollupId,
    pub(super) clock: RollupClock,
    /// Its newest checkpoint by its own word, where that is known.
    pub(super) pending: Option<u64>,
}

/// What was read of a rollup.
#[derive(Debug)]
pub(super) struct ReadAt {
    pub(super) id: RollupId,
    pub(super) clock: RollupClock,
    pub(super) read: ReadDuties,
    /// The first and the last block that was read.
    pub(super) blocks: (BlockRef, BlockRef),
}

/// Reads what the arguments ask for at the canonical rollup.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn read(global: &Global, args: &DutiesArgs) -> Result<Found, CliError> {
    let whose = whose(global, args).await?;
    let rollup = canonical(&whose.gathered);
    let span = span(args, &rollup.clock, whose.gathered.snapshot.block.timestamp)?;
    let read = async |waiting: &Waiting| read_at(&whose, &rollup, span, waiting).await;
    let ReadAt { read, blocks, .. } = Box::pin(beside(read)).await?;
    let Whose { gathered, own, expected } = whose;
    Ok(Found { gathered, read, own, expected, blocks })
}

/// The canonical rollup.
pub(super) fn canonical(gathered: &Gathered) -> Readable {
    let (snapshot, rollup) = (&gathered.snapshot, &gathered.snapshot.rollup);
    Readable { id: snapshot.canonical(), clock: rollup.clock, pending: rollup.checkpoints.pending }
}

/// Reads a span at a rollup.
///
/// # Errors
/// See [`CliError`]; `EmptySpan` where the rollup had not begun by its end.
pub(super) async fn read_at(
    whose: &Whose,
    rollup: &Readable,
    (first, end): (u64, u64),
    waiting: &Waiting,
) -> Result<ReadAt, CliError> {
    let (newest, client) = (whose.gathered.snapshot.block, whose.gathered.network.reader.client());
    let Readable { id, clock, pending } = *rollup;
    if first >= end || first > newest.timestamp || end <= clock.genesis_time {
        return Err(CliError::EmptySpan);
    }
    let from = first_block_at(client, first.max(clock.genesis_time), &newest).await?;
    let is_now = end > newest.timestamp;
    let to = if is_now {
        newest
    } else {
        let after = first_block_at(client, end, &newest).await?.number;
        client.head(BlockTag::Number(after.saturating_sub(1)), &[]).await.map_err(CliError::Rpc)?.block
    };
    if from.number > to.number {
        return Err(CliError::EmptySpan);
    }
    let (own, pending) = (whose.own.as_ref(), pending.filter(|_| is_now));
    let request = DutiesRequest { rollup: id.address, clock, own, from, to, pending, newest };
    let read = read_duties(client, &request, &|progress| waiting.note(progress)).await?;
    Ok(ReadAt { id, clock, read, blocks: (from, to) })
}

/// The first second of the span, and the first one behind it. Epochs are those of `clock`.
pub(super) fn span(args: &DutiesArgs, clock: &RollupClock, now: u64) -> Result<(u64, u64), CliError> {
    let begins = |epoch: u64| clock.epoch_start(epoch).ok_or(CliError::NoSuchEpoch { epoch });
    let (from, to) = match args.epoch {
        Some(epoch) => (Some(When::Epoch(epoch)), Some(When::Epoch(epoch))),
        None => (args.from, args.to),
    };
    let end = match to {
        Some(When::Epoch(epoch)) => begins(epoch.checked_add(1).ok_or(CliError::NoSuchEpoch { epoch })?)?,
        Some(When::Time(time)) => time.saturating_add(1),
        None => now.saturating_add(1),
    };
    let first = match from {
        Some(When::Epoch(epoch)) => begins(epoch)?,
        Some(When::Time(time)) => time,
        None => end.min(now).saturating_sub(DAY),
    };
    Ok((first, end))
}
