//! The limits that providers and nodes put on `eth_getLogs`, in their own words.
//!
//! Codes, HTTP statuses and texts were taken from error reports and source code of 2020 to 2026; each variant says where
//! it was seen. The numbers are parameters, so that a test on a short chain can meet them.

use serde_json::{Value, json};

/// A limit that is really enforced: a query within it is passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimit {
    /// Whose words are used.
    pub style: LogLimitStyle,
    /// Most blocks in a query, first and last included.
    pub max_range: Option<u64>,
    /// Most logs in an answer.
    pub max_results: Option<usize>,
}

/// Whose words a refusal is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLimitStyle {
    /// Alchemy, free plan: HTTP 400, -32600, suggests a range (boundless-xyz/boundless#838).
    AlchemyFree,
    /// Alchemy, paid: HTTP 400, -32602, suggests a range that fits (ethereum/go-ethereum#25343).
    Alchemy,
    /// Infura, results: -32005, suggests a range, also in `data` (ethers-io/ethers.js#4703).
    InfuraResults,
    /// Infura, range: -32602 "range 1000000 exceeds limit of 10000" (INFURA/infura#237).
    InfuraRange,
    /// QuickNode: HTTP 413, -32614, with a comma in the number (OffchainLabs/arbitrum-sdk#609).
    QuickNode,
    /// Ankr: -32600 "block range is too wide", no number at all (ponder-sh/ponder, `getLogsRetryHelper`).
    Ankr,
    /// Ankr, newer: -32602 "maximum [from, to] blocks distance: 10000" (ponder-sh/ponder#1940).
    AnkrDistance,
    /// Chainstack: -32602, a link instead of a number (matter-labs/zksync-era#2974).
    Chainstack,
    /// Cloudflare: -32047 "… range too large. Max range: 800" (ponder-sh/ponder).
    Cloudflare,
    /// dRPC, free plan: HTTP 400, code 35, which is not a JSON-RPC code.
    Drpc,
    /// LlamaRPC: -32602 "query exceeds max results 20000", without a hint (ponder-sh/ponder).
    LlamaRpc,
    /// PublicNode: -32701 "exceed maximum block range: 50000".
    PublicNode,
    /// geth and its forks with a range limit: -32602 "block range greater than 100 max".
    Geth,
    /// Erigon 3.4: -32000, "narrow your filter" (erigontech/erigon#19721).
    Erigon,
    /// reth: -32602, suggests a decimal range (base/base#2421).
    Reth,
    /// reth before its repair: suggests the very range that was asked (paradigmxyz/reth#23810).
    RethSameRange,
    /// Tenderly: -32602 "invalid params", the reason only in `data.payload` (bobanetwork/boba_legacy#827).
    Tenderly,
}

impl LogLimitStyle {
    /// Every style, for tests that go through all of them.
    pub const ALL: [Self; 17] = [
        Self::AlchemyFree,
        Self::Alchemy,
        Self::InfuraResults,
        Self::InfuraRange,
        Self::QuickNode,
        Self::Ankr,
        Self::AnkrDistance,
        Self::Chainstack,
        Self::Cloudflare,
        Self::Drpc,
        Self::LlamaRpc,
        Self::PublicNode,
        Self::Geth,
        Self::Erigon,
        Self::Reth,
        Self::RethSameRange,
        Self::Tenderly,
    ];

    /// A limit of this style on what it limits in reality, with a test's own numbers.
    pub const fn limit(self, max_range: u64, max_results: usize) -> LogLimit {
        let (range, results) = match self {
            Self::AlchemyFree
            | Self::InfuraRange
            | Self::QuickNode
            | Self::Ankr
            | Self::AnkrDistance
            | Self::Chainstack
            | Self::Cloudflare
            | Self::Drpc
            | Self::PublicNode
            | Self::Geth
            | Self::Tenderly => (true, false),
            Self::Alchemy | Self::InfuraResults | Self::LlamaRpc | Self::RethSameRange => (false, true),
            Self::Erigon | Self::Reth => (true, true),
        };
        LogLimit {
            style: self,
            max_range: if range { Some(max_range) } else { None },
            max_results: if results { Some(max_results) } else { None },
        }
    }

    /// Whether the refusal names a range that would work.
    pub const fn suggests_range(self) -> bool {
        matches!(self, Self::AlchemyFree | Self::Alchemy | Self::InfuraResults | Self::Reth)
    }
}

/// A refused query and what would have been allowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) style: LogLimitStyle,
    pub(super) from: u64,
    pub(super) to: u64,
    /// The last block that would have worked from `from` on.
    pub(super) fits: u64,
    /// The number that was exceeded.
    pub(super) limit: u64,
    /// Whether the number is a count of logs.
    pub(super) is_results: bool,
}

impl Refusal {
    /// The HTTP status, when the refused call is the only one in the request.
    pub(super) const fn status(&self) -> u16 {
        match self.style {
            LogLimitStyle::AlchemyFree | LogLimitStyle::Alchemy | LogLimitStyle::Drpc => 400,
            LogLimitStyle::QuickNode => 413,
            LogLimitStyle::InfuraResults
            | LogLimitStyle::InfuraRange
            | LogLimitStyle::Ankr
            | LogLimitStyle::AnkrDistance
            | LogLimitStyle::Chainstack
            | LogLimitStyle::Cloudflare
            | LogLimitStyle::LlamaRpc
            | LogLimitStyle::PublicNode
            | LogLimitStyle::Geth
            | LogLimitStyle::Erigon
            | LogLimitStyle::Reth
            | LogLimitStyle::RethSameRange
            | LogLimitStyle::Tenderly => 200,
        }
    }

    /// The `error` member of the answer.
    pub(super) fn error(&self) -> Value {
        let Self { from, to, fits, limit, .. } = *self;
        let blocks = to - from + 1;
        let error = |code: i64, message: String| json!({ "code": code, "message": message });
        match self.style {
            LogLimitStyle::AlchemyFree => error(
                -32600,
                format!(
                    "Under the Free tier plan, you can make eth_getLogs requests with up to a {limit} block range. \
                     Based on your parameters, this block range should work: [{from:#x}, {fits:#x}]. \
                     Upgrade to PAYG for expanded block range."
                ),
            ),
            LogLimitStyle::Alchemy => error(
                -32602,
                format!(
                    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no \
                     limit on the response size, or you can request any block range with a cap of 10K logs in the \
                     response. Based on your parameters and the response size limit, this block range should work: \
                     [{from:#x}, {fits:#x}]"
                ),
            ),
            LogLimitStyle::InfuraResults => json!({
                "code": -32005,
                "data": { "from": format!("{from:#X}").replace("0X", "0x"), "limit": limit, "to": format!("{fits:#X}").replace("0X", "0x") },
                "message": format!(
                    "query returned more than {limit} results. Try with this block range [0x{from:X}, 0x{fits:X}]."
                ),
            }),
            LogLimitStyle::InfuraRange => error(-32602, format!("range {blocks} exceeds limit of {limit}")),
            LogLimitStyle::QuickNode => {
                error(-32614, format!("eth_getLogs is limited to a {} range", with_commas(limit)))
            }
            LogLimitStyle::Ankr => error(-32600, "block range is too wide".to_owned()),
            LogLimitStyle::AnkrDistance => error(-32602, format!("maximum [from, to] blocks distance: {limit}")),
            LogLimitStyle::Chainstack => error(
                -32602,
                "Block range limit exceeded. See more details at https://docs.chainstack.com/docs/limits#evm-range-limits"
                    .to_owned(),
            ),
            LogLimitStyle::Cloudflare => error(
                -32047,
                format!("Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: {limit}"),
            ),
            LogLimitStyle::Drpc => error(35, format!("ranges over {limit} blocks are not supported on free plan")),
            LogLimitStyle::LlamaRpc => error(-32602, format!("query exceeds max results {limit}")),
            LogLimitStyle::PublicNode => error(-32701, format!("exceed maximum block range: {limit}")),
            LogLimitStyle::Geth => error(-32602, format!("block range greater than {limit} max")),
            LogLimitStyle::Erigon if self.is_results => {
                error(-32000, format!("query returns too many logs, narrow your filter: {limit}"))
            }
            LogLimitStyle::Erigon => {
                error(-32000, format!("query block range exceeds server limit, narrow your filter: {limit}"))
            }
            LogLimitStyle::Reth if self.is_results => {
                error(-32602, format!("query exceeds max results {limit}, retry with the range {from}-{fits}"))
            }
            LogLimitStyle::Reth => error(-32602, format!("query exceeds max block range {limit}")),
            LogLimitStyle::RethSameRange => {
                error(-32602, format!("query exceeds max results {limit}, retry with the range {from}-{to}"))
            }
            LogLimitStyle::Tenderly => json!({
                "code": -32602,
                "message": "invalid params",
                "data": { "payload": format!("range {blocks} is bigger than range limit {limit}") },
            }),
        }
    }
}

fn with_commas(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_get_commas() {
        assert_eq!(with_commas(10_000), "10,000");
        assert_eq!(with_commas(999), "999");
        assert_eq!(with_commas(1_234_567), "1,234,567");
    }

    #[test]
    fn every_style_limits_something() {
        for style in LogLimitStyle::ALL {
            let limit = style.limit(10, 5);
            assert!(limit.max_range.is_some() || limit.max_results.is_some(), "{style:?}");
        }
    }
}
