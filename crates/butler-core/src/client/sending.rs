//! Transactions that were signed here: sent, and looked for.
//!
//! Sending the same bytes again is always safe: they have one nonce. So whatever an endpoint answers is a hint, and what became of a transaction
//! is told by blocks and nonces alone.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, Bytes, H256, U64, U256};
use futures_util::future::join_all;
use serde::Deserialize;
use serde_json::json;

use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use super::send_reply::Reply;
use super::wire::{Answer, Request};
use crate::domain::block::BlockRef;
use crate::text::fixed::Fixed;

const SEND: &str = "eth_sendRawTransaction";
const COUNT: &str = "eth_getTransactionCount";
const RECEIPT: &str = "eth_getTransactionReceipt";
const LOOK: &str = "eth_getTransactionByHash";

/// An account's next nonces, as endpoints tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextNonces {
    /// At each of the blocks that were asked about, in their order.
    pub at: Vec<u64>,
    /// Behind all that waits at whichever endpoint has most.
    pub pending: u64,
    /// The only endpoint that told, where several are configured: then nothing confirms it.
    pub only: Option<String>,
}

/// What a block has of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinedTransaction {
    /// Whether it did not revert.
    pub succeeded: bool,
    /// The block's number.
    pub block: u64,
    /// The block's hash.
    pub block_hash: H256,
    /// The gas that it used.
    pub gas_used: U256,
    /// What was paid for each unit of it, in wei.
    pub gas_price: U256,
}

/// What endpoints have of some transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// In blocks; where endpoints have different ones, all of them.
    pub mined: BTreeMap<H256, Vec<MinedTransaction>>,
    /// Anywhere: in blocks or waiting.
    pub known: BTreeSet<H256>,
    /// Whether every endpoint that is configured answered.
    pub is_complete: bool,
}

/// To whom a transaction is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spread {
    /// To one endpoint after the other, until one has it.
    UntilTaken,
    /// To all of them: whoever says that it has it may keep it to itself.
    Everybody,
}

/// What endpoints said to a transaction.
#[derive(Debug, Default)]
struct Heard {
    /// The first that has it.
    arrived: Option<Reply>,
    /// The first that refused it.
    refused: Option<Reply>,
    /// One of which nobody knows whether it has it.
    lost: Option<RpcError>,
}

impl Heard {
    fn takes(&mut self, reply: Reply) {
        let place = if reply.has_arrived() { &mut self.arrived } else { &mut self.refused };
        if place.is_none() {
            *place = Some(reply);
        }
    }

    /// A refusal counts only where nobody's reply is lost.
    fn verdict(self) -> Result<Reply, RpcError> {
        match (self.arrived, self.lost, self.refused) {
            (Some(reply), _, _) | (None, None, Some(reply)) => Ok(reply),
            (None, Some(error), _) => Err(error),
            (None, None, None) => Err(nobody(SEND)),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptText {
    transaction_hash: Fixed<32>,
    block_hash: Fixed<32>,
    block_number: U64,
    status: U64,
    #[serde(default)]
    gas_used: U256,
    #[serde(default)]
    effective_gas_price: U256,
}

impl L1Client {
    /// Sends a signed transaction; what the first said that refused it, where none has it.
    ///
    /// # Errors
    /// When none says that it has it, and one did not answer: it may have it all the same.
    pub async fn send_signed(&self, raw: &Bytes, hash: H256, spread: Spread) -> Result<Reply, RpcError> {
        let request = Request::new(SEND, &json!([raw]));
        let mut heard = Heard::default();
        for endpoint in self.order() {
            let reply = one(endpoint, &request).await.and_then(|answer| is_hash(answer.get(), hash));
            match reply {
                Ok(()) => {
                    self.answered(endpoint);
                    heard.takes(Reply::Taken);
                }
                Err(failure) => match Reply::of(&failure) {
                    Some(reply) => heard.takes(reply),
                    None => {
                        endpoint.blame_for(&failure);
                        heard.lost = Some(failure_of(endpoint, SEND, failure));
                    }
                },
            }
            if spread == Spread::UntilTaken && heard.arrived.is_some() {
                break;
            }
        }
        heard.verdict()
    }

    /// An account's next nonce at these blocks and behind all that waits. Every endpoint is asked, and those that answer must agree about blocks.
    ///
    /// # Errors
    /// When none answers, or two disagree.
    pub async fn next_nonces(&self, account: Address, blocks: &[BlockRef]) -> Result<NextNonces, RpcError> {
        let mut requests: Vec<Request> =
            blocks.iter().map(|block| Request::new(COUNT, &json!([account, { "blockHash": block.hash }]))).collect();
        requests.push(Request::new(COUNT, &json!([account, "pending"])));
        let mut voices = Vec::new();
        let mut failed = None;
        for (endpoint, answers) in self.everybody(&requests).await {
            match answers.and_then(voice) {
                Ok((at, pending)) => voices.push((endpoint.name(), at, pending)),
                Err(failure) => {
                    endpoint.blame_for(&failure);
                    failed = Some(failure_of(endpoint, COUNT, failure));
                }
            }
        }
        if voices.is_empty() {
            return Err(failed.unwrap_or_else(|| nobody(COUNT)));
        }
        agreed(&voices, self.endpoints().len())
    }

    /// Looks for transactions at every endpoint.
    ///
    /// # Errors
    /// When none answers.
    pub async fn find_signed(&self, hashes: &[H256]) -> Result<Found, RpcError> {
        let requests: Vec<Request> = hashes
            .iter()
            .flat_map(|hash| [Request::new(RECEIPT, &json!([hash])), Request::new(LOOK, &json!([hash]))])
            .collect();
        let mut found: Option<Found> = None;
        let mut failed = None;
        let mut answered = 0_usize;
        for (endpoint, answers) in self.everybody(&requests).await {
            let looked = answers.and_then(|answers| gathered(hashes, answers, found.clone().unwrap_or_default()));
            match looked {
                Ok(looked) => {
                    answered = answered.saturating_add(1);
                    found = Some(Found { is_complete: answered == self.endpoints().len(), ..looked });
                }
                Err(failure) => {
                    endpoint.blame_for(&failure);
                    failed = Some(failure_of(endpoint, RECEIPT, failure));
                }
            }
        }
        found.ok_or_else(|| failed.unwrap_or_else(|| nobody(RECEIPT)))
    }

    /// Asks all endpoints at once that do not stand back, or all where fewer than two are left: one voice confirms nothing.
    async fn everybody(&self, requests: &[Request]) -> Vec<(&Endpoint, Result<Vec<Answer>, RpcFailure>)> {
        let able: Vec<&Endpoint> = self.order().into_iter().filter(|endpoint| !endpoint.is_quarantined()).collect();
        let able = if able.len() < 2 { self.order() } else { able };
        join_all(able.into_iter().map(|endpoint| async move { (endpoint, endpoint.exchange(requests).await) })).await
    }
}

async fn one(endpoint: &Endpoint, request: &Request) -> Answer {
    let answers = endpoint.exchange(std::slice::from_ref(request)).await?;
    answers.into_iter().next().unwrap_or_else(|| Err(malformed(request.method)))
}

fn is_hash(json: &str, hash: H256) -> Result<(), RpcFailure> {
    match serde_json::from_str::<Fixed<32>>(json) {
        Ok(told) if told.0 == hash.0 => Ok(()),
        Ok(_) | Err(_) => Err(RpcFailure::Malformed(format!("the answer to {SEND} is not the transaction's hash"))),
    }
}

fn gathered(hashes: &[H256], answers: Vec<Answer>, mut found: Found) -> Result<Found, RpcFailure> {
    let mut answers = answers.into_iter();
    for hash in hashes {
        let mut next = || answers.next().unwrap_or_else(|| Err(malformed(RECEIPT)));
        let (receipt, looked) = (next()?, next()?);
        let receipt: Option<ReceiptText> = serde_json::from_str(receipt.get()).map_err(|_| malformed(RECEIPT))?;
        if let Some(receipt) = receipt {
            if receipt.transaction_hash.0 != hash.0 {
                return Err(malformed(RECEIPT));
            }
            let block = u64::try_from(receipt.block_number).map_err(|_| malformed(RECEIPT))?;
            let mined = MinedTransaction {
                succeeded: receipt.status == U64::one(),
                block,
                block_hash: H256::from(receipt.block_hash),
                gas_used: receipt.gas_used,
                gas_price: receipt.effective_gas_price,
            };
            let list = found.mined.entry(*hash).or_default();
            if !list.contains(&mined) {
                list.push(mined);
            }
            found.known.insert(*hash);
        }
        // Only whether there is one matters.
        if looked.get() != "null" {
            found.known.insert(*hash);
        }
    }
    Ok(found)
}

/// The nonces at blocks, and behind all that waits.
fn voice(answers: Vec<Answer>) -> Result<(Vec<u64>, u64), RpcFailure> {
    let mut at = answers.into_iter().map(|answer| number(answer?.get())).collect::<Result<Vec<_>, _>>()?;
    let pending = at.pop().ok_or_else(|| malformed(COUNT))?;
    Ok((at, pending))
}

/// What all voices tell, each with its endpoint's name, where so many endpoints are configured.
fn agreed(voices: &[(&str, Vec<u64>, u64)], configured: usize) -> Result<NextNonces, RpcError> {
    let Some((first, at, _)) = voices.first() else { return Err(nobody(COUNT)) };
    if let Some((other, ..)) = voices.iter().find(|(_, told, _)| told != at) {
        let failure = RpcFailure::Disputed { function: COUNT.to_owned() };
        return Err(RpcError { endpoint: (*other).to_owned(), method: COUNT, failure });
    }
    let only = (voices.len() == 1 && configured > 1).then(|| (*first).to_owned());
    let pending = voices.iter().map(|(_, _, pending)| *pending).max().unwrap_or_default();
    Ok(NextNonces { at: at.clone(), pending, only })
}

fn number(json: &str) -> Result<u64, RpcFailure> {
    let number: U256 = serde_json::from_str(json).map_err(|_| malformed(COUNT))?;
    u64::try_from(number).map_err(|_| malformed(COUNT))
}

fn malformed(method: &str) -> RpcFailure {
    RpcFailure::Malformed(format!("the answer to {method} is not what it should be"))
}

fn failure_of(endpoint: &Endpoint, method: &'static str, failure: RpcFailure) -> RpcError {
    RpcError { endpoint: endpoint.name().to_owned(), method, failure }
}

fn nobody(method: &'static str) -> RpcError {
    let failure = RpcFailure::Malformed("no endpoint gave an answer".to_owned());
    RpcError { endpoint: "no endpoint".to_owned(), method, failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_confirmed_by_a_second_voice_where_there_are_two() {
        let (one, other, liar) = (("a", vec![5, 4], 5), ("b", vec![5, 4], 6), ("c", vec![9, 9], 9));
        let told =
            |pending, only: Option<&str>| Some(NextNonces { at: vec![5, 4], pending, only: only.map(str::to_owned) });
        for (voices, configured, expected) in [
            (vec![one.clone()], 1, told(5, None)),
            (vec![one.clone()], 2, told(5, Some("a"))),
            (vec![one.clone(), other.clone()], 2, told(6, None)),
            (vec![one.clone(), other.clone()], 3, told(6, None)),
            (vec![one.clone(), liar.clone()], 2, None),
            (vec![one, other, liar], 3, None),
            (vec![], 2, None),
        ] {
            assert_eq!(agreed(&voices, configured).ok(), expected, "{voices:?} of {configured}");
        }
    }

    #[test]
    fn a_refusal_counts_only_where_no_reply_is_lost() {
        let (poor, known) = (Reply::Poor, Reply::Known);
        // What endpoints said, in their order; `None` is a reply that is lost.
        for (replies, expected) in [
            (vec![Some(poor.clone()), Some(Reply::NonceUsed)], Some(poor.clone())),
            (vec![Some(poor.clone()), None], None),
            (vec![None, Some(poor.clone())], None),
            (vec![None, Some(poor), Some(known.clone())], Some(known)),
            (vec![None], None),
            (vec![], None),
        ] {
            let mut heard = Heard::default();
            for reply in &replies {
                match reply {
                    Some(reply) => heard.takes(reply.clone()),
                    None => heard.lost = Some(nobody(SEND)),
                }
            }
            assert_eq!(heard.verdict().ok(), expected, "{replies:?}");
        }
    }
}
