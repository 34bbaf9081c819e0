//! Single transactions, as far as anybody needs them: where each went, and what it carried.
//!
//! Nothing here proves that a transaction did what it carries: that is held against its logs by whoever asked.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;
use futures_util::FutureExt as _;

use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
pub use super::sent::Sent;
use super::sent::{METHOD, request, sent};
use super::wire::Request;

/// Transactions that are asked for in one exchange: a proposal of 48 attesters takes some 12 kB.
const AT_ONCE: usize = 100;

impl L1Client {
    /// Transactions by their hashes, as one endpoint has them that is not among `beside`; and its index among the client's. One that
    /// it does not have, not in a block, or answers wrongly among others, is missing.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered; also when there is no other endpoint.
    pub async fn transactions(
        &self,
        hashes: &[H256],
        beside: &BTreeSet<usize>,
    ) -> Result<(usize, BTreeMap<H256, Sent>), RpcError> {
        let order = || self.order().into_iter().filter(|endpoint| !beside.contains(&endpoint.index())).collect();
        let (giver, found) = self.in_rounds(METHOD, order, |endpoint, _| read(endpoint, hashes).boxed()).await?;
        Ok((giver, found.into_iter().collect()))
    }
}

/// Those of the transactions that the endpoint has.
async fn read(endpoint: &Endpoint, hashes: &[H256]) -> Result<Vec<(H256, Sent)>, RpcFailure> {
    let mut found = Vec::with_capacity(hashes.len());
    let (mut rest, mut size) = (hashes, AT_ONCE);
    let (mut failed, mut is_answered) = (None, false);
    while !rest.is_empty() {
        let (some, after) = rest.split_at(size.min(rest.len()));
        let requests: Vec<Request> = some.iter().map(request).collect();
        match endpoint.exchange(&requests).await {
            Ok(answers) => {
                for (hash, answer) in some.iter().zip(answers) {
                    match answer.and_then(|answer| sent(answer.get(), *hash)) {
                        Ok(sent) => {
                            is_answered = true;
                            found.extend(sent.map(|sent| (*hash, sent)));
                        }
                        Err(failure) => failed = Some(failure),
                    }
                }
                rest = after;
            }
            Err(failure) if some.len() > 1 && failure.kind().may_mean_too_much() => size = some.len() / 2,
            Err(failure) => return Err(failure),
        }
    }
    // What is wrong with one hides none of the others: it is as if the endpoint did not have it.
    match failed {
        Some(failure) if !is_answered => Err(failure),
        Some(_) | None => Ok(found),
    }
}
