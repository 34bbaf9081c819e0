//! Which nonce a new proposal takes: the first that nothing alive waits for, so that it never waits for what will never come.

use std::collections::BTreeSet;

use ethers_core::types::H256;
use thiserror::Error;

/// A transaction that the service has, or that was proposed from here and is not seen there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuedTransaction {
    /// Its hash.
    pub hash: H256,
    /// Its nonce.
    pub nonce: u64,
    /// Whether the service says that it was executed.
    pub is_executed: bool,
    /// Whether it will never be executed: it reverts, or its time is over.
    pub is_dead: bool,
}

/// The nonce of a new proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeNonce {
    /// It.
    pub nonce: u64,
    /// Dead transactions of the same nonce, which the new one replaces once it is executed.
    pub replaces: BTreeSet<H256>,
}

/// Somebody has seen an execution that the chain's answer does not have: a nonce from it may be used already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error(
    "the service says that transaction {transaction:?} of nonce {nonce} was executed, and the chain was read before that"
)]
pub struct ChainBehind {
    /// What was executed.
    pub transaction: H256,
    /// Its nonce.
    pub nonce: u64,
}

/// The first nonce from the chain's on that nothing alive has. A gap is filled, since all behind it waits for that.
///
/// # Errors
/// See [`ChainBehind`].
pub fn free_nonce(chain_nonce: u64, queued: &[QueuedTransaction]) -> Result<FreeNonce, ChainBehind> {
    if let Some(ahead) = queued.iter().find(|one| one.is_executed && one.nonce >= chain_nonce) {
        return Err(ChainBehind { transaction: ahead.hash, nonce: ahead.nonce });
    }
    let taken: BTreeSet<u64> = queued.iter().filter(|one| !one.is_dead).map(|one| one.nonce).collect();
    let mut nonce = chain_nonce;
    while taken.contains(&nonce) {
        nonce = nonce.saturating_add(1);
    }
    let replaces = queued.iter().filter(|one| one.nonce == nonce).map(|one| one.hash).collect();
    Ok(FreeNonce { nonce, replaces })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn queued(nonces: &[u64]) -> Vec<QueuedTransaction> {
        nonces.iter().map(|nonce| one(*nonce)).collect()
    }

    fn one(nonce: u64) -> QueuedTransaction {
        QueuedTransaction { hash: H256::from_low_u64_be(nonce), nonce, is_executed: false, is_dead: false }
    }

    #[test]
    fn the_first_free_nonce_is_taken() {
        for (nonces, expected) in
            [(&[][..], 5), (&[5], 6), (&[6], 5), (&[5, 6, 8], 7), (&[7, 5, 6], 8), (&[1, 2, 4], 5), (&[5, 5], 6)]
        {
            assert_eq!(free_nonce(5, &queued(nonces)).unwrap().nonce, expected, "{nonces:?}");
        }
    }

    #[test]
    fn nothing_goes_behind_a_dead_one() {
        let dead = QueuedTransaction { is_dead: true, ..one(6) };
        let free = free_nonce(5, &[one(5), dead, one(7)]).unwrap();
        assert_eq!(free, FreeNonce { nonce: 6, replaces: BTreeSet::from([dead.hash]) });
        // Somebody replaced it already.
        let alive = QueuedTransaction { hash: H256::repeat_byte(9), ..one(6) };
        assert_eq!(free_nonce(5, &[one(5), dead, alive]).unwrap().nonce, 7);
    }

    #[test]
    fn a_chain_that_is_behind_gives_no_nonce() {
        let executed = QueuedTransaction { is_executed: true, ..one(5) };
        assert_eq!(free_nonce(5, &[executed]), Err(ChainBehind { transaction: executed.hash, nonce: 5 }));
        assert_eq!(free_nonce(6, &[executed]).unwrap().nonce, 6);
    }

    proptest! {
        #[test]
        fn all_before_a_free_nonce_is_alive(chain in 0..5_u64, all in prop::collection::vec((0..12_u64, any::<bool>()), 0..12)) {
            let queued: Vec<_> = all.into_iter().map(|(nonce, is_dead)| QueuedTransaction { is_dead, ..one(nonce) }).collect();
            let nonce = free_nonce(chain, &queued).unwrap().nonce;
            let is_alive = |nonce| queued.iter().any(|one| one.nonce == nonce && !one.is_dead);
            prop_assert!(nonce >= chain && !is_alive(nonce) && (chain..nonce).all(is_alive));
        }
    }
}
