//! Where the chain ends: its final block, and the newest one where there is something to read. One exchange while nothing is new.

use butler_core::client::l1::{BlockTag, Head, L1Client};
use butler_core::domain::block::BlockRef;

use super::checkpoint::Checkpoint;
use super::error::{FollowError, same_history};

/// Where the chain ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// The final block.
    pub last: BlockRef,
    /// The newest block, with those at the heights that were asked for; absent when nothing is final that was not before.
    pub(super) head: Option<Head>,
}

/// Asks where the chain ends, which blocks it has at `anchors`, and whether it has the checkpoint.
pub(super) async fn tip(
    client: &L1Client,
    checkpoint: &Checkpoint,
    confirmations: Option<u64>,
    anchors: Vec<u64>,
) -> Result<Tip, FollowError> {
    let count = anchors.len();
    let mut also = anchors;
    also.extend(checkpoint.hash.map(|_| checkpoint.number));
    let verified = |head: &Head, place: usize| match (checkpoint.hash, head.known.get(place)) {
        (Some(hash), Some(Some(theirs))) => same_history((checkpoint.number, hash), theirs).map(|()| Some(*theirs)),
        (Some(_), Some(None) | None) | (None, _) => Ok(None),
    };
    let tips = client.tips(&also).await.map_err(FollowError::Rpc)?;
    let last = match confirmations {
        None => {
            let last = tips.finalized().await.map_err(FollowError::Rpc)?;
            verified(&last, count)?;
            last.block
        }
        Some(blocks) => {
            let newest = tips.latest().await.map_err(FollowError::Rpc)?;
            let number = newest.block.number.saturating_sub(blocks);
            match verified(&newest, count)? {
                // Nothing is final that was not before.
                Some(known) if number <= known.number => return Ok(Tip { last: known, head: None }),
                Some(_) | None => {}
            }
            let known: Vec<u64> = checkpoint.hash.map(|_| checkpoint.number).into_iter().collect();
            let last = client.head(BlockTag::Number(number), &known).await.map_err(FollowError::Rpc)?;
            verified(&last, 0)?;
            last.block
        }
    };
    if last.number <= checkpoint.number {
        return Ok(Tip { last, head: None });
    }
    let mut head = tips.latest().await.map_err(FollowError::Rpc)?;
    head.known.truncate(count);
    Ok(Tip { last, head: Some(head) })
}
