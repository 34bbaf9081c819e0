//! What own attesters propose on a chain that takes it, and a watcher that saw it.

use std::collections::BTreeSet;

use butler_testkit::devnet::{CheckpointWish, ProposedCheckpoint};
use ethers_core::types::Address;

use super::{Bench, Watcher};

/// A coinbase that nobody must have.
pub(crate) const WRONG: Address = Address::repeat_byte(0x77);

/// Somebody of those proposes with that coinbase; slots of others pass.
pub(crate) async fn propose(bench: &Bench, who: &BTreeSet<Address>, coinbase: Option<Address>) -> ProposedCheckpoint {
    for _ in 0..200 {
        let (_, proposer) = bench.chain.next_proposer().await.unwrap();
        if !who.contains(&proposer) {
            bench.chain.pass_slot().await.unwrap();
            continue;
        }
        let coinbase = coinbase.unwrap_or_else(|| bench.oracle().coinbases()[&proposer]);
        let wish = CheckpointWish { coinbase, ..CheckpointWish::default() };
        let made = bench.chain.propose_checkpoint(&wish).await.unwrap();
        bench.settle().await;
        return made;
    }
    panic!("none of them ever proposes");
}

async fn looks(watcher: &Watcher) -> f64 {
    watcher.metric("butler_watcher_looks_total{network=\"devnet\",result=\"success\"}").await.unwrap()
}

/// Waits until two looks began and ended since now.
pub(crate) async fn two_looks(watcher: &Watcher) {
    let before = looks(watcher).await;
    // One may have begun before.
    watcher.until("two looks", async || (looks(watcher).await >= before + 3.0).then_some(())).await;
}
