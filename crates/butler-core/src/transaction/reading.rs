//! Contract reads that a check needs beside a snapshot, at the snapshot's block.

use ethers_core::abi::{AbiDecode, AbiType};
use ethers_core::types::{Bytes, U256};
use thiserror::Error;

use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::contracts::call::{Call, DecodeError, decode_return};
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// Why something is not known.
#[derive(Debug, Error)]
pub enum ReadingError {
    /// No endpoint answered, or two answer differently.
    #[error("failed to read the chain")]
    Rpc(#[source] RpcError),
    /// Several endpoints are asked, and only this one answered.
    #[error("only {0} told what this is based on")]
    Unconfirmed(String),
    /// An answer that is none.
    #[error("a contract does not answer as it should")]
    Answer(#[source] DecodeError),
}

/// What calls returned, in their order; `None` where one failed. Where several endpoints are configured, two must say it.
///
/// # Errors
/// See [`ReadingError`].
pub(super) async fn read(
    client: &L1Client,
    pin: &BlockRef,
    calls: &[Call],
) -> Result<Vec<Option<Bytes>>, ReadingError> {
    let told = client.calls(pin, calls).await.map_err(ReadingError::Rpc)?;
    if let Some(call) = told.disputed.keys().next().and_then(|place| calls.get(*place)) {
        let names = [Some(told.giver), told.witness].into_iter().flatten();
        let names: Vec<&str> = names.filter_map(|index| client.endpoints().get(index)).map(|one| one.name()).collect();
        let failure = RpcFailure::Disputed { function: call.function.clone().into_owned() };
        let endpoint = names.join(" and ");
        return Err(ReadingError::Rpc(RpcError { endpoint, method: "eth_call", failure }));
    }
    if told.witness.is_none() && client.endpoints().len() > 1 && !calls.is_empty() {
        let name = client.endpoints().get(told.giver).map(|endpoint| endpoint.name().to_owned());
        return Err(ReadingError::Unconfirmed(name.unwrap_or_default()));
    }
    let outcome = |outcome| match outcome {
        Outcome::Returned(data) => Some(data),
        Outcome::Failed(_) => None,
    };
    Ok(told.outcomes.into_iter().map(outcome).collect())
}

/// Decodes what a function must have returned.
///
/// # Errors
/// `Answer` when it failed or returned something else.
pub(super) fn must<R: AbiDecode + AbiType>(function: &'static str, data: Option<&Bytes>) -> Result<R, ReadingError> {
    let data = data.ok_or_else(|| ReadingError::Answer(DecodeError::nonsense(function, "a revert")))?;
    decode_return(function, data).map_err(ReadingError::Answer)
}

/// What an account has, in wei.
///
/// # Errors
/// See [`ReadingError`].
pub async fn balance(
    client: &L1Client,
    pin: &BlockRef,
    account: ethers_core::types::Address,
) -> Result<U256, ReadingError> {
    let answers = read(client, pin, &[Call::balance(account)]).await?;
    must("eth_getBalance", answers.first().and_then(Option::as_ref))
}
