//! Blocks: final ones of a network's chain, and those of Aztec that its nodes have as proven or final.

use butler_core::client::aztec_node::AztecNode;
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::runtime::report::one_line;
use futures_util::future::join_all;

use super::error::TriggerError;

/// Final blocks of a network's chain, by the endpoints that agree.
#[derive(Debug)]
pub struct L1Blocks {
    /// The chain.
    pub client: L1Client,
}

/// Up to which block of Aztec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tip {
    /// Blocks whose proof is final on L1.
    Finalized,
    /// Blocks that are proven.
    Proven,
}

/// Blocks of Aztec, by the nodes that agree: two of them, or the one that there is.
#[derive(Debug)]
pub struct L2Blocks {
    /// Whom to ask.
    pub nodes: Vec<AztecNode>,
    /// Up to which block.
    pub tip: Tip,
}

impl L1Blocks {
    /// The newest final block.
    ///
    /// # Errors
    /// See [`TriggerError`].
    pub async fn newest(&self) -> Result<u64, TriggerError> {
        let head = self.client.head(BlockTag::Finalized, &[]).await.map_err(TriggerError::L1)?;
        Ok(head.block.number)
    }
}

impl L2Blocks {
    /// The newest block.
    ///
    /// # Errors
    /// See [`TriggerError`].
    pub async fn newest(&self) -> Result<u64, TriggerError> {
        let answers = join_all(self.nodes.iter().map(|node| async move { (node.name(), node.l2_tips().await) })).await;
        let (mut told, mut silent) = (Vec::new(), Vec::new());
        for (name, answer) in answers {
            match answer {
                Ok(tips) => told.push(match self.tip {
                    Tip::Finalized => tips.finalized,
                    Tip::Proven => tips.proven,
                }),
                Err(failure) => silent.push(format!("{name}: {}", one_line(&failure))),
            }
        }
        let (asked, count) = (self.nodes.len(), told.len());
        let agreeing = asked.clamp(1, 2);
        had_by(told, agreeing).ok_or_else(|| TriggerError::Unagreed {
            asked,
            told: count,
            agreeing,
            why: silent.join("; "),
        })
    }
}

/// The highest number that so many have.
fn had_by(mut told: Vec<u64>, agreeing: usize) -> Option<u64> {
    told.sort_unstable();
    told.into_iter().rev().nth(agreeing.checked_sub(1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_that_enough_have() {
        assert_eq!(had_by(vec![], 1), None);
        assert_eq!(had_by(vec![7], 1), Some(7));
        assert_eq!(had_by(vec![7], 2), None);
        assert_eq!(had_by(vec![7, u64::MAX], 2), Some(7));
        assert_eq!(had_by(vec![7, u64::MAX, 8], 2), Some(8));
        assert_eq!(had_by(vec![7, 0, 8], 2), Some(7));
    }
}
