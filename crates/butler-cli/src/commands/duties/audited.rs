//! What `audit` says of proposals and duties, by L1 alone.
//!
//! An endpoint that does not tell them makes a finding, and not a failure: the rest of `audit` is as good without.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::chain::{DutiesRequest, SnapshotError, first_block_at, read_duties};
use butler_core::domain::attester::overview::AttesterRow;
use butler_core::domain::attester::position::Position;
use butler_core::domain::duties::{DutiesSeen, expected};
use butler_core::domain::findings::Finding;
use butler_core::domain::findings::duties::{of_failure, of_seen};
use butler_core::runtime::report::Chain;
use ethers_core::types::Address;

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

/// Reads the duties of the last `span` before the snapshot's block. Where none of ours can have one nothing is read.
///
/// # Errors
/// When it was stopped.
pub(in crate::commands) async fn on_l1(
    gathered: &Gathered,
    rows: &[AttesterRow],
    span: Duration,
) -> Result<OnL1, CliError> {
    let of_position = |is: fn(Position) -> bool| {
        let there = rows.iter().filter(move |row| !row.at_former && is(row.position));
        there.map(|row| row.attester).collect::<BTreeSet<Address>>()
    };
    let own = of_position(had_duties);
    if own.is_empty() || span.is_zero() {
        return Ok(OnL1::default());
    }
    let read = async |waiting: &Waiting| Ok(read(gathered, &own, span.as_secs(), waiting).await);
    let seen = match Box::pin(beside(read)).await? {
        Ok(seen) => seen,
        Err(error) => return Ok(OnL1 { read: None, findings: vec![of_failure(&Chain(&error).to_string())] }),
    };
    let expected = expected(rows, &gathered.snapshot.delegations);
    let validating = of_position(|position| position == Position::Validating);
    let findings = of_seen(&seen, &expected, &validating, &gathered.network.config.thresholds());
    Ok(OnL1 { read: Some((seen.proposals.len(), seen.duties.len())), findings })
}

/// Whether an attester there may have had duties of late.
fn had_duties(position: Position) -> bool {
    match position {
        Position::Validating | Position::Zombie | Position::Exiting | Position::Withdrawn | Position::Unknown => true,
        Position::Unregistered | Position::ProviderQueue | Position::EntryQueue => false,
    }
}

async fn read(
    gathered: &Gathered,
    own: &BTreeSet<Address>,
    span: u64,
    waiting: &Waiting,
) -> Result<DutiesSeen, SnapshotError> {
    let (snapshot, client) = (&gathered.snapshot, gathered.network.reader.client());
    let (newest, clock) = (snapshot.block, snapshot.rollup.clock);
    let first = newest.timestamp.saturating_sub(span).max(clock.genesis_time);
    let request = DutiesRequest {
        rollup: snapshot.rollup.address,
        clock,
        own: Some(own),
        from: first_block_at(client, first, &newest).await?,
        to: newest,
        pending: snapshot.rollup.checkpoints.pending,
        newest,
    };
    let read = read_duties(client, &request, &|progress| waiting.note(progress)).await?;
    Ok(read.seen(&request))
}
