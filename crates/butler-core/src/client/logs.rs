//! `eth_getLogs` over any range, in steps that fit the endpoint.
//!
//! A step counts as read only when the same exchange also returned the header of the step's last block: an endpoint that
//! lags answers such a range with an empty list instead of an error. What comes back is held against what was asked.

use std::collections::BTreeSet;

use ethers_core::types::{Address, Bloom, H256, Log};
use ethers_core::utils::keccak256;
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
    let requests = [logs_request(filter, from, to), header_request(to)];
    let answers = endpoint.exchange(&requests).await?;
    let [logs, header] =
        <[_; 2]>::try_from(answers).map_err(|_| RpcFailure::Malformed("not two answers to two requests".to_owned()))?;
    let header = decode_header(header?.get())?.ok_or(RpcFailure::BlockUnknown)?;
    if header.number != to {
        return Err(RpcFailure::Malformed(format!("block {} instead of {to}", header.number)));
    }
    let logs = decode_logs(logs?.get())?;
    check(&logs, filter, from, &Last { number: to, hash: Some(header.hash) })?;
    Ok(LogStep { endpoint: endpoint.index(), from, to: header, logs })
}

fn logs_request(filter: &LogFilter, from: u64, to: u64) -> Request {
    Request::new("eth_getLogs", &json!([query(filter, from, to)]))
}

fn header_request(number: u64) -> Request {
    Request::new("eth_getBlockByNumber", &json!([format!("{number:#x}"), false]))
}

/// The logs in the chain's order.
fn decode_logs(json: &str) -> Result<Vec<Log>, RpcFailure> {
    let mut logs: Vec<Log> = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getLogs is not a list of logs".to_owned()))?;
    logs.sort_by_key(|log| (log.block_number, log.log_index));
    Ok(logs)
}

/// The last block that was asked for, with its hash where the same answer told it.
struct Last {
    number: u64,
    hash: Option<H256>,
}

fn query(filter: &LogFilter, from: u64, to: u64) -> Value {
    let topics: Vec<Value> =
        filter.topics.iter().map(|any| if any.is_empty() { Value::Null } else { json!(any) }).collect();
    json!({ "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"), "address": filter.addresses, "topics": topics })
}

/// Endpoints have been seen to answer with logs of other contracts, of other blocks, and twice the same.
fn check(logs: &[Log], filter: &LogFilter, from: u64, to: &Last) -> Result<(), RpcFailure> {
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
        if number == to.number && to.hash.is_some_and(|hash| log.block_hash != Some(hash)) {
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

/// Logs of one single block.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockLogs {
    /// Which endpoint gave them: its index in [`L1Client::endpoints`](super::l1::L1Client::endpoints).
    pub endpoint: usize,
    /// Height of the block.
    pub number: u64,
    /// The logs in the chain's order.
    pub logs: Vec<Log>,
    /// Whether the endpoint gave none although its own header of that block leaves room for some, or has no such block.
    /// An endpoint that throws old logs away without saying so is found by this. Headers err on that side only, and rarely.
    pub is_doubtful: bool,
}

/// Blocks whose logs are asked for in one exchange.
const BLOCKS_AT_ONCE: usize = 100;

/// Reads the logs of single blocks, many in one exchange; the answers are in the order of `blocks`.
///
/// # Errors
/// Every failure of the exchange that asking for fewer blocks does not mend.
pub async fn read_blocks(
    endpoint: &Endpoint,
    filter: &LogFilter,
    blocks: &[u64],
) -> Result<Vec<BlockLogs>, RpcFailure> {
    let mut found = Vec::with_capacity(blocks.len());
    let mut rest = blocks;
    let mut size = BLOCKS_AT_ONCE;
    while !rest.is_empty() {
        let (pack, after) = rest.split_at(size.min(rest.len()));
        match read_pack(endpoint, filter, pack).await {
            Ok(logs) => {
                found.extend(logs);
                rest = after;
            }
            Err(failure) if pack.len() > 1 && failure.kind().may_mean_too_much() => size = pack.len() / 2,
            Err(failure) => return Err(failure),
        }
    }
    Ok(found)
}

async fn read_pack(endpoint: &Endpoint, filter: &LogFilter, blocks: &[u64]) -> Result<Vec<BlockLogs>, RpcFailure> {
    let requests: Vec<Request> = blocks.iter().map(|number| logs_request(filter, *number, *number)).collect();
    let mut found = Vec::with_capacity(blocks.len());
    for (number, answer) in blocks.iter().zip(endpoint.exchange(&requests).await?) {
        let logs = decode_logs(answer?.get())?;
        check(&logs, filter, *number, &Last { number: *number, hash: None })?;
        found.push(BlockLogs { endpoint: endpoint.index(), number: *number, logs, is_doubtful: false });
    }
    // Silence is held against the block's own header.
    let silent: Vec<&mut BlockLogs> = found.iter_mut().filter(|block| block.logs.is_empty()).collect();
    let requests: Vec<Request> = silent.iter().map(|block| header_request(block.number)).collect();
    if requests.is_empty() {
        return Ok(found);
    }
    for (block, answer) in silent.into_iter().zip(endpoint.exchange(&requests).await?) {
        block.is_doubtful = bloom(answer?.get())?.is_none_or(|bloom| may_hold(&bloom, filter));
    }
    Ok(found)
}

/// The filter over a block's logs that its header holds; `None` when there is no such block, all empty when the header lacks it.
fn bloom(json: &str) -> Result<Option<Bloom>, RpcFailure> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Header {
        #[serde(default)]
        logs_bloom: Option<Bloom>,
    }
    let header: Option<Header> = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed("the answer to eth_getBlockByNumber is not a block".to_owned()))?;
    Ok(header.map(|header| header.logs_bloom.unwrap_or_default()))
}

fn may_hold(bloom: &Bloom, filter: &LogFilter) -> bool {
    let holds = |bytes: &[u8]| bloom_bits(bytes).iter().all(|bit| is_set(bloom, *bit));
    filter.addresses.iter().any(|address| holds(address.as_bytes()))
        && filter.topics.iter().all(|any| any.is_empty() || any.iter().any(|topic| holds(topic.as_bytes())))
}

/// The three bits of a header's filter that stand for `bytes` (Ethereum's yellow paper, 4.3.1).
fn bloom_bits(bytes: &[u8]) -> [usize; 3] {
    let hash = keccak256(bytes);
    [[hash[0], hash[1]], [hash[2], hash[3]], [hash[4], hash[5]]]
        .map(|pair| usize::from(u16::from_be_bytes(pair) & 0x7ff))
}

fn is_set(bloom: &Bloom, bit: usize) -> bool {
    bloom.as_bytes().iter().rev().nth(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0)
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
        let to = Last { number: 20, hash: Some(hash) };
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
    fn a_header_that_leaves_room_for_a_log_is_told_from_one_that_does_not() {
        let (contract, topic) = (Address::repeat_byte(0x22), H256::repeat_byte(0x01));
        let mut bloom = Bloom::zero();
        for bit in bloom_bits(contract.as_bytes()).into_iter().chain(bloom_bits(topic.as_bytes())) {
            bloom.0[255 - bit / 8] |= 1 << (bit % 8);
        }
        let filter = |address, topics| LogFilter { addresses: vec![address], topics };
        assert!(may_hold(&bloom, &filter(contract, vec![vec![topic]])));
        assert!(may_hold(&bloom, &filter(contract, vec![Vec::new(), vec![H256::zero(), topic]])));
        assert!(!may_hold(&bloom, &filter(Address::repeat_byte(3), vec![vec![topic]])));
        assert!(!may_hold(&bloom, &filter(contract, vec![vec![H256::repeat_byte(9)]])));
        assert!(bloom_of("null").is_none() && bloom_of("{}") == Some(Bloom::zero()));
    }

    fn bloom_of(header: &str) -> Option<Bloom> {
        bloom(header).unwrap()
    }

    #[test]
    fn the_range_that_a_refusal_proposes_is_taken() {
        assert_eq!(narrower(&refused(Some(800), None), 10, 10_000), Some(800));
        assert_eq!(narrower(&refused(None, Some((10, 19))), 10, 10_000), Some(10));
    }
}
