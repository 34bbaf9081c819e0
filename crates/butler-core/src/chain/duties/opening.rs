//! Whether a span of logs begins where it must: numbers tell of a log that is missing between two, and the rollup tells of which slot the
//! checkpoint before the first one is.

use ethers_core::types::Address;

use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::Reads;
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::bindings::rollup::{CheckpointLog, GetCheckpointCall};
use crate::contracts::call::GETTER_GAS;
use crate::contracts::checkpoint_events::CheckpointEvent;
use crate::domain::attester::delegation::LogId;
use crate::domain::block::BlockRef;
use crate::domain::duties::Gap;
use crate::domain::rollup::RollupClock;
use crate::runtime::report::Chain;

/// Where a log is missing before the first one of a span, or instead of all of them. `first` is the span's first block, `pending` the
/// newest checkpoint at `newest`. Of a checkpoint that the rollup does not remember any more nothing is said.
///
/// # Errors
/// See [`SnapshotError`].
pub(super) async fn missing_before(
    client: &L1Client,
    (rollup, clock): (Address, &RollupClock),
    events: &[(LogId, CheckpointEvent)],
    (first, newest): (&BlockRef, &BlockRef),
    pending: Option<u64>,
) -> Result<Option<Gap>, SnapshotError> {
    let Some((before, found, block)) = before(events, pending, newest.number) else { return Ok(None) };
    let gap = Gap { last: before.saturating_sub(1), found, block };
    let told = match told(client, rollup, before, newest).await {
        Ok(told) => told,
        // Whoever of two is right: that nothing is missing is not known, and the rest is read all the same.
        Err(SnapshotError::Rpc(RpcError { failure: RpcFailure::Disputed { .. }, .. })) => return Ok(Some(gap)),
        Err(error @ SnapshotError::Rpc(_)) => return Err(error),
        Err(error) => {
            tracing::debug!("the slot of checkpoint {before} is not known: {}", Chain(&error));
            None
        }
    };
    let of_slot = told.and_then(|told| u64::try_from(told.slot_number).ok());
    // The slot of the span's first block may have begun before it.
    let is_within = of_slot.is_some_and(|slot| clock.slot_at(first.timestamp).is_some_and(|first| slot > first));
    Ok(is_within.then_some(gap))
}

async fn told(
    client: &L1Client,
    rollup: Address,
    number: u64,
    newest: &BlockRef,
) -> Result<Option<CheckpointLog>, SnapshotError> {
    let mut reads = Reads::default();
    let call = GetCheckpointCall { checkpoint_number: number.into() };
    let slot = reads.push_if_supported(Contract::Rollup, rollup, 2 * GETTER_GAS, call);
    reads.fetch(client, newest).await?.get_if_supported(&slot)
}

/// The number of the checkpoint that was the newest one before the first log, what is told instead, and the block of that.
fn before(events: &[(LogId, CheckpointEvent)], pending: Option<u64>, newest: u64) -> Option<(u64, u64, u64)> {
    let (number, found, block) = match events.first() {
        None => (pending?, pending?, newest),
        Some((log, event)) => match *event {
            CheckpointEvent::Proposed(checkpoint) => {
                (checkpoint.number.checked_sub(1)?, checkpoint.number, log.block_number)
            }
            CheckpointEvent::Pruned { pending, .. } => (pending, pending, log.block_number),
            // How many stood upon it is not told.
            CheckpointEvent::Invalidated(_) => return None,
        },
    };
    // One that was proposed again since has the slot of that.
    let is_again =
        events.iter().any(|(_, event)| matches!(event, CheckpointEvent::Proposed(one) if one.number == number));
    (number > 0 && !is_again).then_some((number, found, block))
}
