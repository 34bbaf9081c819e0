//! A Safe as the chain has it at one block: believed when two endpoints say the same, where there are two.

use ethers_core::types::{Address, H256};
use thiserror::Error;

use crate::client::error::RpcError;
use crate::client::l1::L1Client;
use crate::client::opinion::Told;
use crate::contracts::call::{Call, DecodeError, decode_return};
use crate::contracts::multicall::Outcome;
use crate::contracts::safe::{SafeState, SafeTransaction, safe_questions, state_of_answers, transaction_question};
use crate::domain::block::BlockRef;
use crate::text::address::checksummed;

/// A Safe that is not known.
#[derive(Debug, Error)]
pub enum SafeReadError {
    /// No endpoint answered.
    #[error("the Safe could not be read")]
    Rpc(#[source] RpcError),
    /// Endpoints say different things of it.
    #[error("the endpoints disagree about the Safe {}", checksummed(.0))]
    Disputed(Address),
    /// What is there is no Safe.
    #[error("there is no Safe at {}", checksummed(.0))]
    NotASafe(Address),
    /// What it says cannot be.
    #[error("the Safe's answers cannot be read")]
    Decode(#[source] DecodeError),
}

/// Reads a Safe at the block `pin`.
///
/// # Errors
/// See [`SafeReadError`].
pub async fn fetch_safe(client: &L1Client, pin: &BlockRef, safe: Address) -> Result<SafeState, SafeReadError> {
    let answers = ask(client, pin, safe, &safe_questions(safe)).await?;
    let [version, owners, threshold, nonce] = answers.as_slice() else { return Err(SafeReadError::NotASafe(safe)) };
    state_of_answers([version, owners, threshold, nonce]).map_err(|error| match error {
        DecodeError::Empty { .. } => SafeReadError::NotASafe(safe),
        DecodeError::Abi { .. } | DecodeError::Nonsense { .. } => SafeReadError::Decode(error),
    })
}

/// The hash of a transaction as the Safe itself says it: what is signed must be the same.
///
/// # Errors
/// See [`SafeReadError`].
pub async fn fetch_transaction_hash(
    client: &L1Client,
    pin: &BlockRef,
    safe: Address,
    transaction: &SafeTransaction,
) -> Result<H256, SafeReadError> {
    let answers = ask(client, pin, safe, &[transaction_question(safe, transaction)]).await?;
    let answer = answers.first().map(Vec::as_slice).unwrap_or_default();
    decode_return::<[u8; 32]>("getTransactionHash", answer).map(H256).map_err(SafeReadError::Decode)
}

async fn ask(client: &L1Client, pin: &BlockRef, safe: Address, calls: &[Call]) -> Result<Vec<Vec<u8>>, SafeReadError> {
    let Told { outcomes, disputed, .. } = client.calls(pin, calls).await.map_err(SafeReadError::Rpc)?;
    if !disputed.is_empty() {
        return Err(SafeReadError::Disputed(safe));
    }
    let returned = |outcome: &Outcome| match outcome {
        Outcome::Returned(data) => Ok(data.to_vec()),
        Outcome::Failed(_) => Err(SafeReadError::NotASafe(safe)),
    };
    outcomes.iter().map(returned).collect()
}
