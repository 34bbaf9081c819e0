//! What `audit` says of proposals and duties, by L1 alone.
//!
//! An endpoint that does not tell them makes a finding, and not a failure: the rest of `audit` is as good without.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::chain::{DutiesRequest, SnapshotError, first_block_at, read_duties};
use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::position::Position;
use butler_core::domain::duties::{DutiesSeen, FormerDuties, expected};
use butler_core::domain::findings::Finding;
use butler_core::domain::findings::duties::{of_failure, of_rollups};
use butler_core::domain::rollups::followed::{may_draw_besides, with_duties_since};
use butler_core::runtime::report::{Chain, one_line};
use ethers_core::types::Address;

use super::reading::{Readable, canonical};
use super::rollups::readable;
use crate::error::CliError;
use crate::gather::{Gathered, beside};
use crate::progress::Waiting;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub(in crate::commands) struct OnL1 {
    /// Own proposals and own duties that were read; nothing where they were not.
    pub(in crate::commands) read: Option<(usize, usize)>,
    pub(in crate::commands) findings: Vec<Finding>,
}

/// Reads the duties of the last `span` before the snapshot's block, at each rollup at which any of ours can have had some. Where none of ours
/// can have one nothing is read.
///
/// # Errors
/// When it was stopped.
pub(in crate::commands) async fn on_l1(
    gathered: &Gathered,
    rows: &[AttesterRow],
    span: Duration,
) -> Result<OnL1, CliError> {
    let of_position = |is: fn(&AttesterRow) -> bool| {
        rows.iter().filter(|row| is(row)).map(|row| row.attester).collect::<BTreeSet<Address>>()
    };
    let own = of_position(|row| had_duties(row.position));
    if own.is_empty() || span.is_zero() {
        return Ok(OnL1::default());
    }
    let read = async |waiting: &Waiting| Ok(read(gathered, &own, span.as_secs(), waiting).await);
    let (seen, former) = match Box::pin(beside(read)).await? {
        Ok(read) => read,
        Err(error) => return Ok(OnL1 { read: None, findings: vec![of_failure(&Chain(&error).to_string())] }),
    };
    let expected = expected(rows, &gathered.snapshot.delegations);
    let validating = of_position(|row| row.position == Position::Validating && !row.at_former);
    let thresholds = gathered.network.config.thresholds();
    let findings = of_rollups((&seen, &former), &expected, &validating, &thresholds);
    let all = former.iter().filter_map(|one| one.seen.as_ref()).chain([&seen]);
    let count = all.fold((0_usize, 0_usize), |(proposals, duties), seen| {
        (proposals.saturating_add(seen.proposals.len()), duties.saturating_add(seen.duties.len()))
    });
    Ok(OnL1 { read: Some(count), findings })
}

/// Whether an attester there may have had duties of late.
fn had_duties(position: Position) -> bool {
    match position {
        Position::Validating | Position::Zombie | Position::Exiting | Position::Withdrawn | Position::Unknown => true,
        Position::Unregistered | Position::ProviderQueue | Position::EntryQueue => false,
    }
}

/// What was seen at the canonical rollup and at former ones.
async fn read(
    gathered: &Gathered,
    own: &BTreeSet<Address>,
    span: u64,
    waiting: &Waiting,
) -> Result<(DutiesSeen, Vec<FormerDuties>), SnapshotError> {
    let snapshot = &gathered.snapshot;
    let first = snapshot.block.timestamp.saturating_sub(span);
    let seen = read_at(gathered, own, &canonical(gathered), first, waiting).await?;
    let mut all = Vec::new();
    for former in with_duties_since(snapshot, first) {
        let read = match readable(gathered, former).await {
            Ok(rollup) => read_at(gathered, own, &rollup, first, waiting).await.map_err(|error| one_line(&error)),
            Err(error) => Err(one_line(&error)),
        };
        let (seen, failed) = match read {
            Ok(seen) => (Some(seen), None),
            Err(why) => (None, Some(why)),
        };
        all.push(FormerDuties {
            id: former.id,
            proposals: seen.iter().flat_map(|seen| &seen.proposals).copied().collect(),
            seen,
            validating: former.validating().collect(),
            may_draw_besides: may_draw_besides(former, snapshot),
            failed,
        });
    }
    Ok((seen, all))
}

async fn read_at(
    gathered: &Gathered,
    own: &BTreeSet<Address>,
    rollup: &Readable,
    first: u64,
    waiting: &Waiting,
) -> Result<DutiesSeen, SnapshotError> {
    let (newest, client) = (gathered.snapshot.block, gathered.network.reader.client());
    let Readable { id, clock, pending } = *rollup;
    let request = DutiesRequest {
        rollup: id.address,
        clock,
        own: Some(own),
        from: first_block_at(client, first.max(clock.genesis_time), &newest).await?,
        to: newest,
        pending,
        newest,
    };
    let read = read_duties(client, &request, &|progress| waiting.note(progress)).await?;
    Ok(read.seen(&request))
}
