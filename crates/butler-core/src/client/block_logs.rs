//! `eth_getLogs` of single blocks, many in one exchange: a second opinion on what was told, and what stands beside it.
//!
//! Blocks that lie near each other are asked for as one range, whose other blocks are nobody's business here. Silence about a block is held against the filter over logs in that block's own header, so that an endpoint which throws
//! old logs away without saying so is found.

use std::collections::BTreeMap;

use ethers_core::types::{Bloom, Log};
use ethers_core::utils::keccak256;

use super::endpoint::Endpoint;
use super::error::{ErrorKind, RpcFailure};
use super::logs::{Last, LogFilter, LogRange, LogStep, check, decode_logs, header_request, logs_request};
use super::wire::Request;

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
/// The widest range that takes several of them, where the endpoint grants it.
pub const SPAN: u64 = 1_000;

/// Reads the logs of single blocks, many in one exchange; the answers are in the order of `blocks`. The range `along` goes with the
/// first exchange; where that does not answer it, it is left out.
///
/// # Errors
/// Every failure of the exchange that asking for fewer blocks does not mend.
pub async fn read_blocks(
    endpoint: &Endpoint,
    filter: &LogFilter,
    blocks: &[u64],
    along: Option<&LogRange<'_>>,
) -> Result<(Vec<BlockLogs>, Option<LogStep>), RpcFailure> {
    let mut found = Vec::with_capacity(blocks.len());
    let (mut along, mut step) = (along, None);
    let mut rest = blocks;
    let mut size = BLOCKS_AT_ONCE;
    let mut width = endpoint.log_range().min(SPAN);
    while !rest.is_empty() {
        let (pack, after) = rest.split_at(size.min(rest.len()));
        match read_pack(endpoint, filter, pack, width, along).await {
            Ok((logs, told)) => {
                endpoint.note_logs(false);
                found.extend(logs);
                rest = after;
                if along.take().is_some() {
                    step = told;
                }
            }
            // It may be the range that is too much.
            Err(failure) if failure.kind().may_mean_too_much() && along.take().is_some() => {}
            // Many narrow ranges travel as well as a few wide ones.
            Err(RpcFailure::RangeRefused { hint, .. }) if width > 1 => {
                width = hint.max_blocks.filter(|named| (1..width).contains(named)).unwrap_or(1);
            }
            Err(failure) if pack.len() > 1 && failure.kind().may_mean_too_much() => size = pack.len() / 2,
            Err(failure) => {
                if matches!(failure.kind(), ErrorKind::RangeRefused | ErrorKind::MethodNotFound) {
                    endpoint.note_logs(true);
                }
                return Err(failure);
            }
        }
    }
    Ok((found, step))
}

async fn read_pack(
    endpoint: &Endpoint,
    filter: &LogFilter,
    blocks: &[u64],
    width: u64,
    along: Option<&LogRange<'_>>,
) -> Result<(Vec<BlockLogs>, Option<LogStep>), RpcFailure> {
    let ranges = ranges(blocks, width);
    let mut requests: Vec<Request> = ranges.iter().map(|(from, to)| logs_request(filter, *from, *to)).collect();
    requests.extend(along.iter().flat_map(|range| range.requests()));
    let mut told: BTreeMap<u64, Vec<Log>> = blocks.iter().map(|number| (*number, Vec::new())).collect();
    let mut answers = endpoint.exchange(&requests).await?;
    let beside = answers.split_off(ranges.len().min(answers.len()));
    let step = along.and_then(|range| {
        let step = range.take(endpoint.index(), beside);
        step.inspect_err(|failure| tracing::debug!("a range of logs beside others: {failure}")).ok()
    });
    for ((from, to), answer) in ranges.into_iter().zip(answers) {
        let logs = decode_logs(answer?.get())?;
        check(&logs, filter, from, &Last { number: to, hash: None })?;
        for log in logs {
            let number = log.block_number.and_then(|number| u64::try_from(number).ok());
            if let Some(of_block) = number.and_then(|number| told.get_mut(&number)) {
                of_block.push(log);
            }
        }
    }
    let found = blocks.iter().map(|number| BlockLogs {
        endpoint: endpoint.index(),
        number: *number,
        logs: told.remove(number).unwrap_or_default(),
        is_doubtful: false,
    });
    let mut found: Vec<BlockLogs> = found.collect();
    // Silence is held against the block's own header.
    let silent: Vec<&mut BlockLogs> = found.iter_mut().filter(|block| block.logs.is_empty()).collect();
    let requests: Vec<Request> = silent.iter().map(|block| header_request(block.number)).collect();
    if requests.is_empty() {
        return Ok((found, step));
    }
    for (block, answer) in silent.into_iter().zip(endpoint.exchange(&requests).await?) {
        block.is_doubtful = bloom(answer?.get())?.is_none_or(|bloom| may_hold(&bloom, filter));
    }
    Ok((found, step))
}

/// The ranges of at most `width` blocks that these blocks, oldest first, lie in.
fn ranges(blocks: &[u64], width: u64) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for number in blocks {
        match ranges.last_mut() {
            Some((from, to)) if number > to && number - *from < width => *to = *number,
            Some(_) | None => ranges.push((*number, *number)),
        }
    }
    ranges
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
    use ethers_core::types::{Address, H256};

    use super::*;

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

    #[test]
    fn blocks_that_lie_near_each_other_are_one_range() {
        assert_eq!(ranges(&[5, 6, 14, 15, 40], 10), [(5, 14), (15, 15), (40, 40)]);
        assert_eq!(ranges(&[5, 6], 1), [(5, 5), (6, 6)]);
        assert_eq!(ranges(&[7, 3], 10), [(7, 7), (3, 3)]);
        assert!(ranges(&[], 10).is_empty());
    }

    fn bloom_of(header: &str) -> Option<Bloom> {
        bloom(header).unwrap()
    }
}
