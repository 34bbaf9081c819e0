//! Reading at the newest block. When it is reorged away meanwhile, reading begins again at the block that took its place, a few
//! times at most: the one place where that is decided.

use crate::chain::error::SnapshotError;
use crate::client::error::{ErrorKind, RpcError};
use crate::client::l1::{BlockTag, L1Client};
use crate::domain::block::BlockRef;

/// How often a reading is begun before it fails.
const ATTEMPTS: u32 = 3;

/// How often the block of one reading was gone.
#[derive(Debug, Default)]
pub(super) struct Reorgs(u32);

impl Reorgs {
    /// An endpoint does not know the block any more.
    ///
    /// # Errors
    /// `Reorganised` when it is not worth to begin again.
    pub(super) fn begin_again(&mut self, block: &BlockRef, endpoint: &str) -> Result<(), SnapshotError> {
        self.0 += 1;
        if self.0 >= ATTEMPTS {
            return Err(SnapshotError::Reorganised { endpoint: endpoint.to_owned(), attempts: self.0 });
        }
        tracing::warn!(block = block.number, "block {} is gone: beginning again", block.number);
        Ok(())
    }
}

/// A failure of what is read at one block.
pub trait BlockReadFailure: From<SnapshotError> {
    /// The endpoint that does not know the block any more, when that is what failed.
    fn gone_at(&self) -> Option<&str>;
}

impl BlockReadFailure for SnapshotError {
    fn gone_at(&self) -> Option<&str> {
        let Self::Rpc(RpcError { endpoint, failure, .. }) = self else { return None };
        (failure.kind() == ErrorKind::BlockUnknown).then_some(endpoint)
    }
}

/// One reading at the newest block, or at a newer one when that is gone:
///
/// ```text
/// loop {
///     let block = at_head.block().await?;
///     if let Some(found) = at_head.settle(&block, read(block).await)? { break found; }
/// }
/// ```
#[derive(Debug)]
pub struct AtHead<'c> {
    client: &'c L1Client,
    reorgs: Reorgs,
}

impl<'c> AtHead<'c> {
    /// A reading that has not begun.
    #[must_use]
    pub fn new(client: &'c L1Client) -> Self {
        Self { client, reorgs: Reorgs::default() }
    }

    /// The newest block now.
    ///
    /// # Errors
    /// `Rpc` when no endpoint tells it.
    pub async fn block(&self) -> Result<BlockRef, SnapshotError> {
        Ok(self.client.head(BlockTag::Latest, &[]).await.map_err(SnapshotError::Rpc)?.block)
    }

    /// What was read at `block`; `None` when that is gone, and reading begins again.
    ///
    /// # Errors
    /// What reading failed with, or `Reorganised` when block after block was gone.
    pub fn settle<T, E: BlockReadFailure>(&mut self, block: &BlockRef, result: Result<T, E>) -> Result<Option<T>, E> {
        match result {
            Ok(found) => Ok(Some(found)),
            Err(failure) => match failure.gone_at() {
                Some(endpoint) => Ok(self.reorgs.begin_again(block, endpoint).map(|()| None)?),
                None => Err(failure),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;
    use crate::client::error::RpcFailure;
    use crate::client::l1::Policy;

    #[test]
    fn a_block_that_is_gone_is_no_failure_twice_and_anything_else_is_one_at_once() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        let block = BlockRef { number: 7, hash: H256::zero(), timestamp: 70 };
        let failed = |failure| Err(SnapshotError::Rpc(RpcError { endpoint: "one".to_owned(), method: "m", failure }));
        let mut at_head = AtHead::new(&client);
        let mut gone = || at_head.settle::<u8, SnapshotError>(&block, failed(RpcFailure::BlockUnknown));
        assert!(matches!((gone(), gone()), (Ok(None), Ok(None))));
        assert!(matches!(gone(), Err(SnapshotError::Reorganised { endpoint, attempts: 3 }) if endpoint == "one"));
        let mut at_head = AtHead::new(&client);
        assert_eq!(at_head.settle::<u8, SnapshotError>(&block, Ok(1)).unwrap(), Some(1));
        let other = at_head.settle::<u8, SnapshotError>(&block, failed(RpcFailure::OutOfGas));
        assert!(matches!(other, Err(SnapshotError::Rpc(_))));
    }
}
