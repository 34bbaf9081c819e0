//! From a span of time to what was done in it.

use std::collections::BTreeSet;

use butler_core::chain::{DutiesRequest, ReadDuties, first_block_at, read_duties};
use butler_core::client::l1::BlockTag;
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::{Expected, expected};
use butler_core::domain::operator::labels::by_label;
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::Address;

use crate::args::{DutiesArgs, Global, When};
use crate::commands::rows::{attesters, rows};
use crate::error::{CliError, Named};
use crate::gather::{Gathered, Look, beside, gather};
use crate::progress::Waiting;

/// A span without another end is a day.
const DAY: u64 = 86_400;

/// What was read, with what it is held against.
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

/// Reads what the arguments ask for.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn read(global: &Global, args: &DutiesArgs) -> Result<Found, CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let all = rows(&gathered);
    let config = &gathered.network.config;
    let labels = by_label(&config.labels, config.server_labels, &all);
    if let Some(unknown) = args.label.iter().find(|label| !labels.contains_key(*label)) {
        let known = labels.keys().cloned().collect();
        return Err(CliError::Unknown { kind: Named::Label, name: unknown.clone(), known });
    }
    let labelled: BTreeSet<Address> =
        args.label.iter().filter_map(|label| labels.get(label)).flatten().map(|row| row.attester).collect();
    let mut own: BTreeSet<Address> = all.iter().map(|row| row.attester).collect();
    if args.attester.is_empty() && !args.label.is_empty() {
        own.retain(|attester| labelled.contains(attester));
    }
    if !args.attester.is_empty() {
        own = attesters(&args.attester, &own)?;
    }
    let own = if args.all && args.attester.is_empty() && args.label.is_empty() { None } else { Some(own) };
    let expected = expected(&all, &gathered.snapshot.delegations);
    let read = async |waiting: &Waiting| read_span(&gathered, args, own.as_ref(), waiting).await;
    let (read, blocks) = Box::pin(beside(read)).await?;
    Ok(Found { gathered, read, own, expected, blocks })
}

async fn read_span(
    gathered: &Gathered,
    args: &DutiesArgs,
    own: Option<&BTreeSet<Address>>,
    waiting: &Waiting,
) -> Result<(ReadDuties, (BlockRef, BlockRef)), CliError> {
    let (snapshot, client) = (&gathered.snapshot, gathered.network.reader.client());
    let (newest, clock) = (snapshot.block, snapshot.rollup.clock);
    let (first, end) = span(args, &clock, newest.timestamp)?;
    if first >= end || first > newest.timestamp || end <= clock.genesis_time {
        return Err(CliError::EmptySpan);
    }
    let from = first_block_at(client, first, &newest).await?;
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
    let request = DutiesRequest {
        rollup: snapshot.rollup.address,
        clock,
        own,
        from,
        to,
        pending: snapshot.rollup.checkpoints.pending.filter(|_| is_now),
        newest,
    };
    let read = read_duties(client, &request, &|progress| waiting.note(progress)).await?;
    Ok((read, (from, to)))
}

/// The first second of the span, and the first one behind it.
fn span(args: &DutiesArgs, clock: &RollupClock, now: u64) -> Result<(u64, u64), CliError> {
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
        None => end.min(now).saturating_sub(DAY).max(clock.genesis_time),
    };
    Ok((first, end))
}
