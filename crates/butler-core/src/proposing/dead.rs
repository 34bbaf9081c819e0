//! Transactions of a Safe that are not executed as things are: the next one where it reverts, and what somebody deleted.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256};
use thiserror::Error;

use crate::client::error::RpcError;
use crate::client::l1::L1Client;
use crate::client::safe::{ListedTransaction, SafeService, ServiceError};
use crate::client::trial::{Message, Order, Tried};
use crate::contracts::safe::SafeState;
use crate::domain::block::BlockRef;
use crate::transaction::safe::{KeptProposal, contents_of};

/// Why that is not known.
#[derive(Debug, Error)]
pub enum NotKnown {
    /// No endpoint tried it.
    #[error("failed to try what waits")]
    Rpc(#[source] RpcError),
    /// The service does not say.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

/// Those that are not executed as things are. Whether later ones revert is only known when those before them are executed.
///
/// # Errors
/// See [`NotKnown`].
pub async fn dead_of(
    (client, block): (&L1Client, &BlockRef),
    service: &SafeService,
    state: &SafeState,
    listed: &[ListedTransaction],
    kept: &[KeptProposal],
) -> Result<BTreeSet<H256>, NotKnown> {
    let mut dead = BTreeSet::new();
    for one in listed.iter().filter(|one| one.executed.is_none() && one.transaction.nonce == state.nonce) {
        let from = service.safe().address;
        if reverts((client, block), from, state, one).await.map_err(NotKnown::Rpc)? {
            dead.insert(one.hash);
        }
    }
    let is_listed = |hash: H256| listed.iter().any(|one| one.hash == hash);
    for kept in kept.iter().filter(|one| one.has_arrived) {
        let (hash, nonce) = (kept.proposal.hash, kept.proposal.nonce);
        // A list may lag, and the answer about one transaction does not.
        if nonce >= state.nonce && !is_listed(hash) && service.transaction(hash).await?.is_none() {
            dead.insert(hash);
        }
    }
    Ok(dead)
}

/// Whether what it calls reverts now, and with it all of it.
async fn reverts(
    (client, block): (&L1Client, &BlockRef),
    from: Address,
    state: &SafeState,
    one: &ListedTransaction,
) -> Result<bool, RpcError> {
    let refund = &one.transaction.refund;
    let Ok(version) = state.version.clone() else { return Ok(false) };
    let contents = contents_of(&one.transaction, version);
    // With gas of its own it is executed all the same, and uses its nonce up.
    let is_whole = refund.safe_tx_gas.is_zero() && refund.gas_price.is_zero();
    if !is_whole || contents.danger.is_some() || contents.calls.is_empty() {
        return Ok(false);
    }
    let messages: Vec<Message> = contents
        .calls
        .into_iter()
        .map(|call| Message { from, to: call.to, value: call.value, data: call.data })
        .collect();
    let tried = client.try_messages(block, &messages, Order::Together).await?.tried;
    Ok(tried.iter().any(|tried| matches!(tried, Tried::Reverted { .. })))
}
