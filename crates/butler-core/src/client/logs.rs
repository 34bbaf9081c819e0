//! `eth_getLogs` over any range, in steps that fit the endpoint.
//!
//! A step counts as read only when the same exchange also returned the header of the step's last block: an endpoint that
//! lags answers such a range with an empty list instead of an error. What comes back is held against what was asked.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256, Log};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::error::RpcFailure;
use super::wire::Request;
use crate::domain::block::BlockRef;

/// Which logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFilter {
    /// The contracts; none means all, which nobody should ask.
    pub addresses: Vec<Address>,
    /// Alternatives per topic position; an empty list matches anything.
    pub topics: Vec<Vec<H256>>,
}

/// Logs of a range, and the header of its last block.
#[derive(Debug, Clone, PartialEq)]
pub struct LogStep {
    /// Which endpoint gave it: its index in [`L1Client::endpoints`](super::l1::L1Client::endpoints).
    pub endpoint: usize,
    /// First block.
    pub from: u64,
    /// Last block, whose header came with the logs.
    pub to: BlockRef,
    /// The logs in the chain's order.
    pub logs: Vec<Log>,
}

/// Reads one step that begins at `from` and ends at `to` or earlier, as the endpoint's limits have it.
///
/// # Errors
/// `RangeRefused` when not even one block is granted, `BlockUnknown` when the endpoint is behind `to`,
/// `Malformed` when it answers what was not asked, and every failure of the exchange.
pub async fn read_step(endpoint: &Endpoint, filter: &LogFilter, from: u64, to: u64) -> Result<LogStep, RpcFailure> {
    loop {
        let span = endpoint.log_range().min(to.saturating_sub(from).saturating_add(1));
        let last = from.saturating_add(span - 1);
        match read_range(endpoint, filter, from, last).await {
            Ok(step) => {
                if last < to {
                    endpoint.grow_log_range();
                }
                return Ok(step);
            }
            Err(failure) => {
                let Some(next) = narrower(&failure, from, span) else {
                    return Err(failure);
                };
                let counts_blocks =
                    matches!(&failure, RpcFailure::RangeRefused { hint, .. } if hint.max_blocks.is_some());
                if counts_blocks {
                    endpoint.shrink_log_range(span, next);
                } else {
                    endpoint.shrink_log_range_once(next);
                }
                tracing::debug!(endpoint = endpoint.name(), blocks = next, "log range shrunk to {next} blocks");
            }
        }
    }
}

/// The next span to try after a refusal, always smaller than the refused one; `None` when there is nothing to try.
fn narrower(failure: &RpcFailure, from: u64, span: u64) -> Option<u64> {
    let proposed = match failure {
        RpcFailure::RangeRefused { hint, .. } => match (hint.max_blocks, hint.range) {
            (Some(blocks), _) => blocks,
            (None, Some((low, high))) if low == from => high.saturating_sub(low).saturating_add(1),
            (None, _) => span / 2,
        },
        RpcFailure::TooLarge { .. } | RpcFailure::AnswerRefused | RpcFailure::Timeout(_) => span / 2,
        RpcFailure::Unreachable(_)
        | RpcFailure::Tls(_)
        | RpcFailure::Broken(_)
        | RpcFailure::Unauthorized { .. }
        | RpcFailure::RateLimited { .. }
        | RpcFailure::Http { .. }
        | RpcFailure::Malformed(_)
        | RpcFailure::BlockUnknown
        | RpcFailure::StateUnavailable
        | RpcFailure::OutOfGas
        | RpcFailure::BatchRefused
        | RpcFailure::Reverted { .. }
        | RpcFailure::MethodNotFound
        | RpcFailure::Rpc { .. }
        | RpcFailure::WrongChain { .. }
        | RpcFailure::Disagrees { .. }
        | RpcFailure::Lagging { .. }
        | RpcFailure::Leading { .. }
        | RpcFailure::WrongBlock { .. }
        | RpcFailure::Incomplete(_)
        | RpcFailure::LogsPruned
        | RpcFailure::Contradicted { .. } => return None,
    };
    let next = if proposed < span { proposed } else { span / 2 };
    (next > 0).then_some(next)
}

async fn read_range(endpoint: &Endpoint, filter: &LogFilter, from: u64, to: u64) -> Result<LogStep, RpcFailure> {
    let requests = [
        Request::new("eth_getLogs", &json!([query(filter, from, to)])),
        Request::new("eth_getBlockByNumber", &json!([format!("{to:#x}"), false])),
    ];
    let answers = endpoint.exchange(&requests).await?;
    let [logs, header] =
        <[_; 2]>::try_from(answers).map_err(|_| RpcFailure::Malformed("not two answers to two requests".to_owned()))?;
    let header = decode_header(header?.get())?.ok_or(RpcFailure::BlockUnknown)?;
    if header.number != to {
        return Err(RpcFailure::Malformed(format!("block {} instead of {to}", header.number)));
    }
    let mut logs: Vec<Log> = serde_json::from_str(logs?.get())
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getLogs is not a list of logs".to_owned()))?;
    logs.sort_by_key(|log| (log.block_number, log.log_index));
    check(&logs, filter, from, &header)?;
    Ok(LogStep { endpoint: endpoint.index(), from, to: header, logs })
}

fn query(filter: &LogFilter, from: u64, to: u64) -> Value {
    let topics: Vec<Value> =
        filter.topics.iter().map(|any| if any.is_empty() { Value::Null } else { json!(any) }).collect();
    json!({ "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"), "address": filter.addresses, "topics": topics })
}

/// Endpoints have been seen to answer with logs of other contracts, of other blocks, and twice the same.
fn check(logs: &[Log], filter: &LogFilter, from: u64, to: &BlockRef) -> Result<(), RpcFailure> {
    let mut seen = BTreeSet::new();
    for log in logs {
        let place = log.block_number.and_then(|n| u64::try_from(n).ok()).zip(log.log_index);
        let Some((number, index)) = place else {
            return Err(RpcFailure::Malformed("a log without its place on the chain".to_owned()));
        };
        let asked_for = (from..=to.number).contains(&number)
            && (filter.addresses.is_empty() || filter.addresses.contains(&log.address))
            && filter.topics.iter().enumerate().all(|(position, any)| {
                any.is_empty() || log.topics.get(position).is_some_and(|topic| any.contains(topic))
            });
        if !asked_for || log.removed == Some(true) {
            return Err(RpcFailure::Malformed(format!("a log of block {number} that was not asked for")));
        }
        if number == to.number && log.block_hash != Some(to.hash) {
            return Err(RpcFailure::Malformed(format!("logs and header of block {number} are of different blocks")));
        }
        if !seen.insert((number, index)) {
            return Err(RpcFailure::Malformed(format!("the same log of block {number} twice")));
        }
    }
    Ok(())
}

/// Number, hash and time of a block; `None` when the endpoint has no such block.
///
/// # Errors
/// `Malformed` when it is neither a block nor `null`.
pub fn decode_header(json: &str) -> Result<Option<BlockRef>, RpcFailure> {
    #[derive(serde::Deserialize)]
    struct Header {
        number: ethers_core::types::U64,
        hash: H256,
        timestamp: ethers_core::types::U256,
    }
    let header: Option<Header> = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getBlockByNumber is not a block".to_owned()))?;
    header
        .map(|header| {
            let timestamp = u64::try_from(header.timestamp)
                .map_err(|_| RpcFailure::Malformed("a block time beyond 64 bits".to_owned()))?;
            Ok(BlockRef { number: header.number.as_u64(), hash: header.hash, timestamp })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::error::RangeHint;

    fn refused(max_blocks: Option<u64>, range: Option<(u64, u64)>) -> RpcFailure {
        RpcFailure::RangeRefused { hint: RangeHint { max_blocks, range }, text: String::new() }
    }

    #[test]
    fn every_refusal_makes_the_next_range_narrower_until_one_block_is_left() {
        for failure in [
            refused(None, None),
            refused(Some(5000), None),
            refused(None, Some((10, 9000))),
            refused(None, Some((3, 4))),
        ] {
            let mut span = 4096;
            let mut steps = 0;
            while let Some(next) = narrower(&failure, 10, span) {
                assert!(next < span, "{failure:?}");
                span = next;
                steps += 1;
            }
            assert!(span == 1 && steps <= 12, "{failure:?}");
        }
    }

    #[test]
    fn logs_that_were_not_asked_for_are_not_believed() {
        let (contract, topic, hash) = (Address::repeat_byte(1), H256::repeat_byte(2), H256::repeat_byte(3));
        let filter = LogFilter { addresses: vec![contract], topics: vec![vec![topic], Vec::new()] };
        let to = BlockRef { number: 20, hash, timestamp: 0 };
        let good = Log {
            address: contract,
            topics: vec![topic, H256::repeat_byte(9)],
            block_number: Some(20.into()),
            block_hash: Some(hash),
            log_index: Some(0.into()),
            ..Log::default()
        };
        let verdict = |logs: &[Log]| check(logs, &filter, 10, &to).is_ok();
        let next = Log { log_index: Some(1.into()), ..good.clone() };
        assert!(verdict(&[]) && verdict(&[good.clone(), next]));
        assert!(!verdict(&[good.clone(), good.clone()]), "twice the same");
        let bad = [
            Log { address: Address::repeat_byte(7), ..good.clone() },
            Log { topics: vec![H256::repeat_byte(7), topic], ..good.clone() },
            Log { topics: Vec::new(), ..good.clone() },
            Log { block_number: Some(9.into()), ..good.clone() },
            Log { block_number: Some(21.into()), ..good.clone() },
            Log { block_number: Some(u64::MAX.into()), ..good.clone() },
            Log { block_number: None, ..good.clone() },
            Log { log_index: None, ..good.clone() },
            Log { block_hash: Some(H256::zero()), ..good.clone() },
            Log { removed: Some(true), ..good },
        ];
        for log in bad {
            assert!(!verdict(std::slice::from_ref(&log)), "{log:?}");
        }
    }

    #[test]
    fn the_range_that_a_refusal_proposes_is_taken() {
        assert_eq!(narrower(&refused(Some(800), None), 10, 10_000), Some(800));
        assert_eq!(narrower(&refused(None, Some((10, 19))), 10, 10_000), Some(10));
    }
}
