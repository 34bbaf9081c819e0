//! When blocks were made, from a few whose times are known; and the block of a time.

use std::ops::RangeInclusive;

use super::request::DutiesRequest;
use crate::chain::error::SnapshotError;
use crate::client::l1::{BlockTag, L1Client};
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupClock;

/// Seconds between two blocks of Ethereum at least: each slot of 12 s has at most one.
const ETHEREUM: u64 = 12;
/// Chains with that pace: mainnet, Sepolia, Hoodi.
const PACED: [u64; 3] = [1, 11_155_111, 560_048];

/// Blocks whose times are known.
#[derive(Debug)]
pub(super) struct Times {
    anchors: Vec<BlockRef>,
    pace: u64,
}

impl Times {
    /// Of these blocks, in any order.
    pub(super) fn new(anchors: &[BlockRef], chain_id: u64) -> Self {
        let mut anchors = anchors.to_vec();
        anchors.sort_unstable_by_key(|anchor| (anchor.number, anchor.timestamp));
        anchors.dedup_by_key(|anchor| (anchor.number, anchor.timestamp));
        // Those between come from whoever told logs, and nothing binds their times but the first and the last one.
        if let [first, .., last] = anchors.as_slice() {
            let possible = first.timestamp..=last.timestamp;
            let is_possible = |anchor: &BlockRef| possible.is_empty() || possible.contains(&anchor.timestamp);
            anchors.retain(is_possible);
        }
        Self { anchors, pace: if PACED.contains(&chain_id) { ETHEREUM } else { 1 } }
    }

    /// The first and the last second at which a block of the range can have been made.
    fn of(&self, block: u64) -> (u64, u64) {
        let place = self.anchors.partition_point(|anchor| anchor.number <= block);
        let before = place.checked_sub(1).and_then(|place| self.anchors.get(place));
        if let Some(anchor) = before.filter(|anchor| anchor.number == block) {
            return (anchor.timestamp, anchor.timestamp);
        }
        let after = self.anchors.get(place);
        let first = before.map_or(0, |anchor| {
            anchor.timestamp.saturating_add(block.saturating_sub(anchor.number).saturating_mul(self.pace))
        });
        let last = after.map_or(u64::MAX, |anchor| {
            anchor.timestamp.saturating_sub(anchor.number.saturating_sub(block).saturating_mul(self.pace))
        });
        (first.min(last), first.max(last))
    }

    /// The first and the last slot in which a block of the range can have been made: a checkpoint is of the slot of its block.
    pub(super) fn slots(&self, clock: &RollupClock, block: u64) -> (u64, u64) {
        let (first, last) = self.of(block);
        let slot = |time| clock.slot_at(time).unwrap_or_default();
        (slot(first), slot(last))
    }

    /// The epochs that the range touches.
    pub(super) fn epochs(&self, request: &DutiesRequest<'_>) -> RangeInclusive<u64> {
        let epoch = |block: &BlockRef| request.clock.epoch_at(block.timestamp).unwrap_or_default();
        epoch(&request.from)..=epoch(&request.to)
    }

    /// The first and the last slot all of whose blocks are in the range. The one of the range's first block may have begun before it.
    pub(super) fn read_slots(&self, request: &DutiesRequest<'_>) -> (u64, u64) {
        let slot = |block: &BlockRef| request.clock.slot_at(block.timestamp).unwrap_or_default();
        (slot(&request.from).saturating_add(1), slot(&request.to).saturating_sub(1))
    }
}

/// The first block that was made at `time`, in unix seconds, or after it; `newest` where all were made before.
///
/// # Errors
/// See [`SnapshotError`].
pub async fn first_block_at(client: &L1Client, time: u64, newest: &BlockRef) -> Result<BlockRef, SnapshotError> {
    let at = async |number: u64| {
        let head = client.head(BlockTag::Number(number), &[]).await.map_err(SnapshotError::Rpc)?;
        Ok::<_, SnapshotError>(head.block)
    };
    if newest.timestamp <= time {
        return Ok(*newest);
    }
    let (mut low, mut high) = (at(0).await?, *newest);
    if low.timestamp >= time {
        return Ok(low);
    }
    // Blocks come at an even pace but for some: half of the steps go by it, and half by halves.
    let mut by_pace = true;
    while high.number.saturating_sub(low.number) > 1 {
        let (blocks, seconds) = (high.number - low.number, high.timestamp.saturating_sub(low.timestamp).max(1));
        let share = u128::from(blocks) * u128::from(time.saturating_sub(low.timestamp)) / u128::from(seconds);
        let guess = if by_pace { u64::try_from(share).unwrap_or(blocks / 2) } else { blocks / 2 };
        by_pace = !by_pace;
        let block = at(low.number + guess.clamp(1, blocks - 1)).await?;
        if block.timestamp >= time {
            high = block;
        } else {
            low = block;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;

    #[test]
    fn a_time_that_cannot_be_between_the_first_and_the_last_says_nothing_of_any_block() {
        let anchor = |number, timestamp| BlockRef { number, timestamp, hash: H256::zero() };
        let of = |between: Option<u64>, block| {
            let anchors: Vec<BlockRef> = [anchor(30, 2_000), anchor(10, 1_000)]
                .into_iter()
                .chain(between.map(|time| anchor(20, time)))
                .collect();
            Times::new(&anchors, 1).of(block)
        };
        assert_eq!(of(None, 15), (1_060, 1_820));
        assert_eq!(of(Some(1_500), 15), (1_060, 1_440));
        for impossible in [u64::MAX, 2_001, 999, 0] {
            assert_eq!(of(Some(impossible), 15), of(None, 15), "{impossible}");
        }
        // Where the ends contradict each other it is bounded all the same.
        let turned = [anchor(10, 5_000), anchor(30, 1_000)];
        assert_eq!(Times::new(&turned, 31_337).of(20), (990, 5_010));
    }
}
