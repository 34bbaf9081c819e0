//! `eth_getLogs` over one range.
//!
//! A range counts as read only when the same exchange also returned the header of its last block: an endpoint that lags
//! answers such a range with an empty list instead of an error. What comes back is held against what was asked. Whether it
//! is all there is no endpoint can prove: that is held against the contract's counters by whoever asked.

use std::collections::BTreeSet;
use std::fmt;

use ethers_core::types::{Address, H256, Log};
use serde::Deserializer;
use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::error::RpcFailure;
use super::http::ANSWER_LIMIT;
use super::log_text::LogText;
use super::wire::{Answer, Request};
use crate::domain::block::BlockRef;

/// The method that reads logs.
pub(super) const METHOD: &str = "eth_getLogs";
/// An endpoint that grants less than this part of what another one does is asked after it.
pub(super) const NARROW: u64 = 4;

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

/// Reads the logs of exactly that range, and proves in the same exchange that the endpoint has its last block. With `pin`,
/// a range that ends at the pin's height must end with that very block, and the endpoint must say that it is canonical.
///
/// # Errors
/// `BlockUnknown` when the endpoint is behind `to` or has another block there, `Malformed` when it answers what was not
/// asked, and every failure of the exchange.
pub(super) async fn read_range(
    endpoint: &Endpoint,
    filter: &LogFilter,
    (from, to): (u64, u64),
    pin: Option<&BlockRef>,
) -> Result<LogStep, RpcFailure> {
    let range = LogRange { filter, from, to, pin };
    let answers = endpoint.exchange(&range.requests()).await?;
    range.take(endpoint.index(), answers)
}

/// The logs of one range, with what proves that the endpoint has its last block.
#[derive(Debug, Clone, Copy)]
pub struct LogRange<'r> {
    /// Which logs.
    pub filter: &'r LogFilter,
    /// First block.
    pub from: u64,
    /// Last block.
    pub to: u64,
    /// A block that must be canonical where the range ends at its height.
    pub pin: Option<&'r BlockRef>,
}

impl LogRange<'_> {
    fn pin(&self) -> Option<&BlockRef> {
        self.pin.filter(|pin| pin.number == self.to)
    }

    /// What to ask in one exchange.
    pub(super) fn requests(&self) -> Vec<Request> {
        let mut requests = vec![logs_request(self.filter, self.from, self.to), header_request(self.to)];
        requests.extend(self.pin().map(canonical_request));
        requests
    }

    /// What was answered, in the order of the requests.
    pub(super) fn take(
        &self,
        endpoint: usize,
        answers: impl IntoIterator<Item = Answer>,
    ) -> Result<LogStep, RpcFailure> {
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Err(RpcFailure::Malformed("an answer is missing".to_owned())));
        let (logs, header) = (next(), next());
        let header = decode_header(header?.get())?.ok_or(RpcFailure::BlockUnknown)?;
        if header.number != self.to {
            return Err(RpcFailure::Malformed(format!("block {} instead of {}", header.number, self.to)));
        }
        if let Some(pin) = self.pin() {
            // An endpoint that does not understand the question has still shown which block stands at that height.
            let is_denied = matches!(next(), Err(RpcFailure::BlockUnknown));
            if is_denied || header.hash != pin.hash {
                return Err(RpcFailure::BlockUnknown);
            }
        }
        let logs = decode_logs(logs?.get())?;
        check(&logs, self.filter, self.from, &Last { number: self.to, hash: Some(header.hash) })?;
        Ok(LogStep { endpoint, from: self.from, to: header, logs })
    }
}

/// A call of nothing, at a block that must be canonical (EIP-1898).
fn canonical_request(pin: &BlockRef) -> Request {
    let nothing = json!({ "to": Address::zero(), "data": "0x" });
    Request::new("eth_call", &json!([nothing, { "blockHash": pin.hash, "requireCanonical": true }]))
}

pub(super) fn logs_request(filter: &LogFilter, from: u64, to: u64) -> Request {
    Request::new("eth_getLogs", &json!([query(filter, from, to)]))
}

pub(super) fn header_request(number: u64) -> Request {
    Request::new("eth_getBlockByNumber", &json!([format!("{number:#x}"), false]))
}

/// The most logs of one answer. A log takes several times the room that the shortest text of one does.
const LOG_LIMIT: usize = 20_000;

/// The logs in the chain's order.
pub(crate) fn decode_logs(json: &str) -> Result<Vec<Log>, RpcFailure> {
    let mut is_over = false;
    let read = Logs { is_over: &mut is_over }.deserialize(&mut serde_json::Deserializer::from_str(json));
    if is_over {
        return Err(RpcFailure::TooLarge { limit: ANSWER_LIMIT });
    }
    let mut logs =
        read.map_err(|_| RpcFailure::Malformed("the answer to eth_getLogs is not a list of logs".to_owned()))?;
    let place = |log: &Log| (log.block_number, log.log_index);
    // Nearly all come in order, and sorting takes the room of half of them.
    if !logs.is_sorted_by_key(place) {
        logs.sort_by_key(place);
    }
    Ok(logs)
}

/// Reads logs up to the limit.
struct Logs<'l> {
    is_over: &'l mut bool,
}

impl<'de> DeserializeSeed<'de> for Logs<'_> {
    type Value = Vec<Log>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<Log>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Logs<'_> {
    type Value = Vec<Log>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of logs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Log>, A::Error> {
        let mut logs = Vec::new();
        while let Some(log) = list.next_element::<LogText>()? {
            if logs.len() == LOG_LIMIT {
                *self.is_over = true;
                return Err(serde::de::Error::custom("too many logs"));
            }
            logs.push(log.into());
        }
        Ok(logs)
    }
}

/// The last block that was asked for, with its hash where the same answer told it.
pub(crate) struct Last {
    pub(crate) number: u64,
    pub(crate) hash: Option<H256>,
}

fn query(filter: &LogFilter, from: u64, to: u64) -> Value {
    let topics: Vec<Value> =
        filter.topics.iter().map(|any| if any.is_empty() { Value::Null } else { json!(any) }).collect();
    json!({ "fromBlock": format!("{from:#x}"), "toBlock": format!("{to:#x}"), "address": filter.addresses, "topics": topics })
}

/// Endpoints have been seen to answer with logs of other contracts, of other blocks, and twice the same.
pub(crate) fn check(logs: &[Log], filter: &LogFilter, from: u64, to: &Last) -> Result<(), RpcFailure> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_logs_than_a_range_may_have_are_too_large_and_no_list_is_malformed() {
        let log = json!({ "address": Address::zero(), "topics": [], "data": "0x" }).to_string();
        let logs = |count: usize| decode_logs(&format!("[{}]", vec![log.as_str(); count].join(",")));
        assert_eq!(logs(LOG_LIMIT).unwrap().len(), LOG_LIMIT);
        assert!(matches!(logs(LOG_LIMIT + 1), Err(RpcFailure::TooLarge { .. })));
        for other in ["{}", "null", "[1]", "[[]]", "[{}]"] {
            assert!(matches!(decode_logs(other), Err(RpcFailure::Malformed(_))), "{other}");
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
}
