//! What was done in a span at every rollup at which own attesters can have had duties, or at the one that is asked for.
//!
//! Each is read by its own clock. A former rollup that cannot be read is told with its reason, and hides nothing of the others; the one that
//! is asked for, and the canonical one, must be read.

use butler_core::chain::event_sources;
use butler_core::domain::rollup::RollupClock;
use butler_core::domain::rollups::followed::with_duties_since;
use butler_core::domain::rollups::{FormerRollup, RollupId};
use butler_core::runtime::report::one_line;

use super::reading::{ReadAt, Readable, canonical, read_at, span};
use super::whose::{Whose, whose};
use crate::args::{Global, RollupsArgs, WhichRollup};
use crate::error::CliError;
use crate::gather::{Gathered, beside};
use crate::progress::Waiting;

/// What was read.
#[derive(Debug)]
pub(super) struct FoundAll {
    pub(super) whose: Whose,
    /// Rollups that were read: the canonical one or the one that was asked for, then former ones, newest first. There is one at least.
    pub(super) rollups: Vec<ReadAt>,
    /// Former rollups that could not be read, each with the reason.
    pub(super) unread: Vec<(RollupId, String)>,
}

/// Reads what the arguments ask for.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn read_all(global: &Global, args: &RollupsArgs) -> Result<FoundAll, CliError> {
    let whose = whose(global, &args.duties).await?;
    let read = async |waiting: &Waiting| match args.rollup {
        Some(which) => read_one(&whose, args, which, waiting).await.map(|read| (vec![read], Vec::new())),
        None => read_each(&whose, args, waiting).await,
    };
    let (rollups, unread) = Box::pin(beside(read)).await?;
    Ok(FoundAll { whose, rollups, unread })
}

async fn read_one(
    whose: &Whose,
    args: &RollupsArgs,
    which: WhichRollup,
    waiting: &Waiting,
) -> Result<ReadAt, CliError> {
    let snapshot = &whose.gathered.snapshot;
    let is_it = |id: RollupId| match which {
        WhichRollup::Version(version) => id.version == version,
        WhichRollup::Address(address) => id.address == address,
    };
    let former = snapshot.former_rollups.iter().find(|former| is_it(former.id));
    let rollup = match former {
        Some(former) => readable(&whose.gathered, former).await?,
        None if is_it(snapshot.canonical()) => canonical(&whose.gathered),
        None => {
            let all = snapshot.former_rollups.iter().map(|former| former.id).chain([snapshot.canonical()]);
            return Err(CliError::NoSuchRollup { known: all.map(|id| id.version.to_string()).collect() });
        }
    };
    let span = span(&args.duties, &rollup.clock, snapshot.block.timestamp)?;
    read_at(whose, &rollup, span, waiting).await
}

/// What was read, and what could not be.
type Told = (Vec<ReadAt>, Vec<(RollupId, String)>);

async fn read_each(whose: &Whose, args: &RollupsArgs, waiting: &Waiting) -> Result<Told, CliError> {
    let (snapshot, newest) = (&whose.gathered.snapshot, canonical(&whose.gathered));
    let span = span(&args.duties, &newest.clock, snapshot.block.timestamp)?;
    let (mut read, mut unread) = (Vec::new(), Vec::new());
    // What a span lacks that is over before a rollup began is told by the others.
    let mut lacks = None;
    match read_at(whose, &newest, span, waiting).await {
        Ok(told) => read.push(told),
        Err(error @ CliError::EmptySpan) => lacks = Some(error),
        Err(error) => return Err(error),
    }
    for former in with_duties_since(snapshot, span.0).into_iter().rev() {
        let told = match readable(&whose.gathered, former).await {
            Ok(rollup) => read_at(whose, &rollup, span, waiting).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(told) => read.push(told),
            Err(CliError::EmptySpan) => {}
            Err(error) => unread.push((former.id, one_line(&error))),
        }
    }
    match lacks {
        Some(lacks) if read.is_empty() => Err(lacks),
        Some(_) | None => Ok((read, unread)),
    }
}

/// A former rollup with its clock. The snapshot has that of those that hold something, or were canonical lately.
pub(super) async fn readable(gathered: &Gathered, former: &FormerRollup) -> Result<Readable, CliError> {
    let (clock, pending) = match &former.figures {
        Some(figures) => (figures.clock, figures.checkpoints.pending),
        None => (clock(gathered, former).await?, None),
    };
    Ok(Readable { id: former.id, clock, pending })
}

async fn clock(gathered: &Gathered, former: &FormerRollup) -> Result<RollupClock, CliError> {
    let (config, client) = (&gathered.network.config, gathered.network.reader.client());
    let (aztec, staking) = (config.aztec_registry, config.staking_registry);
    let sources = event_sources(client, &gathered.snapshot.block, aztec, staking).await?;
    let clock = sources.clocks.get(&former.id.address).copied();
    clock.ok_or_else(|| CliError::NoClock { version: former.id.version.to_string() })
}
