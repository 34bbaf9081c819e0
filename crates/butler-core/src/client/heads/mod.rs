//! Which block is read: the one on which most endpoints agree.
//!
//! All endpoints are asked at once. Those that lag or lead, tell another finalized block, or tell of the future while the
//! others do not, stand back; the others vote. Where they are on a fork of a block or two, what they have in common is
//! taken. One endpoint alone is believed, for there is nothing to hold it against.

mod elect;
pub mod tips;

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ethers_core::types::U64;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::client::endpoint::{Endpoint, Lateness};
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::{BlockTag, Head, L1Client};
use crate::client::logs::decode_header;
use crate::client::rounds::Rounds;
use crate::client::vote::{self, Report};
use crate::client::wire::Request;
use crate::domain::block::BlockRef;

/// How long the slower endpoints are waited for once there are answers enough.
const GRACE: Duration = Duration::from_secs(1);
/// How long enough answers are waited for once there is one.
const MAJORITY_GRACE: Duration = Duration::from_secs(5);
/// The method that finds blocks.
pub(super) const HEAD: &str = "eth_getBlockByNumber";

impl L1Client {
    /// Resolves a block once, and the blocks at `also` in the same exchange.
    ///
    /// # Errors
    /// The last endpoint's failure when none gave a head, `Disagrees` when no block has a majority.
    pub async fn head(&self, at: BlockTag, also: &[u64]) -> Result<Head, RpcError> {
        let head = if let [_] = self.endpoints.as_slice() {
            let probe = |endpoint| {
                async move {
                    let report = self.probe(endpoint, at, also, false).await?;
                    let block = report.block.ok_or(RpcFailure::BlockUnknown)?;
                    Ok(Head { block, known: report.known })
                }
                .boxed()
            };
            self.on_some_endpoint(HEAD, &BTreeSet::new(), probe).await?
        } else {
            // Boxed, so that whoever waits for a head holds little.
            let reports = self.reports(at, also).boxed().await?;
            self.elect(at, reports).boxed().await?
        };
        if at == BlockTag::Latest {
            let behind = vote::beyond(Some(head.block), (self.clock)()).unwrap_or(0);
            self.clock_behind.store(behind, Ordering::Relaxed);
        }
        Ok(head)
    }

    /// How many seconds the newest block was ahead of this machine's clock when it was last resolved, when that is more than
    /// a minute: with several endpoints most of them agree on it, so the clock is wrong.
    #[must_use]
    pub fn clock_behind(&self) -> Option<u64> {
        Some(self.clock_behind.load(Ordering::Relaxed)).filter(|seconds| *seconds > 0)
    }

    /// Asks one endpoint for its chain, its head and, where that is wanted, its finalized block.
    async fn probe(
        &self,
        endpoint: &Endpoint,
        at: BlockTag,
        also: &[u64],
        with_finalized: bool,
    ) -> Result<Report, RpcFailure> {
        if at == BlockTag::Latest {
            endpoint.note_head(None);
        }
        let mut requests = vec![Request::new("eth_chainId", &json!([])), block_request(&tag(at))];
        if with_finalized {
            requests.push(block_request(&json!("finalized")));
        }
        requests.extend(also.iter().map(|number| by_number(*number)));
        let answers = match at {
            BlockTag::Latest => self.exchange_along(endpoint, &requests).await?,
            BlockTag::Safe | BlockTag::Finalized | BlockTag::Number(_) => endpoint.exchange(&requests).await?,
        };
        let mut answers = answers.into_iter();
        let mut next = || answers.next().unwrap_or(Err(RpcFailure::Malformed("an answer is missing".to_owned())));
        let chain_id: U64 = serde_json::from_str(next()?.get())
            .map_err(|_| RpcFailure::Malformed("the answer to eth_chainId is not a number".to_owned()))?;
        if chain_id.as_u64() != self.chain_id {
            return Err(RpcFailure::WrongChain { expected: self.chain_id, actual: chain_id.as_u64() });
        }
        let block = match at {
            BlockTag::Number(number) => header_at(next()?.get(), number)?,
            BlockTag::Latest | BlockTag::Safe | BlockTag::Finalized => {
                Some(decode_header(next()?.get())?.ok_or(RpcFailure::BlockUnknown)?)
            }
        };
        if at == BlockTag::Latest {
            endpoint.note_head(block.map(|block| block.number));
        }
        // Not every chain has a finalized block; without one there is nothing to compare.
        let finalized = if with_finalized { next().ok().and_then(|raw| decode_header(raw.get()).ok()?) } else { None };
        let known = also.iter().map(|number| header_at(next()?.get(), *number)).collect::<Result<_, _>>()?;
        Ok(Report::new(endpoint.index(), block, finalized, known))
    }

    /// Whether endpoints that do not stand back tell different chains.
    fn is_undecided(&self, reports: &[Report]) -> bool {
        let stands_back = |report: &&Report| self.endpoints.get(report.endpoint).is_none_or(Endpoint::is_quarantined);
        let heard: Vec<&Report> = reports.iter().filter(|report| !stands_back(report)).collect();
        vote::is_split(&heard)
    }

    /// Asks all endpoints, in rounds until one has the block.
    async fn reports(&self, at: BlockTag, also: &[u64]) -> Result<Vec<Report>, RpcError> {
        let mut rounds = Rounds::new(HEAD, self.policy);
        loop {
            let mut reports = Vec::new();
            let mut pending: FuturesUnordered<_> = self
                .endpoints
                .iter()
                .map(|endpoint| self.probe(endpoint, at, also, true).map(move |report| (endpoint, report)).boxed())
                .collect();
            let now = Instant::now();
            let is_able = |endpoint: &&Endpoint| !endpoint.health().is_quarantined(now) && !endpoint.is_late();
            let able = self.endpoints.iter().filter(is_able).count();
            let mut waiting: BTreeSet<usize> = (0..self.endpoints.len()).collect();
            let mut enough = able / 2 + 1;
            let mut deadline = None;
            loop {
                let next = match deadline {
                    Some(deadline) => timeout_at(deadline, pending.next()).await,
                    None => Ok(pending.next().await),
                };
                let (endpoint, answer) = match next {
                    Ok(Some(next)) => next,
                    Ok(None) => break,
                    // Whoever is slow decides then, within its own deadline.
                    Err(_) if self.is_undecided(&reports) => {
                        deadline = None;
                        continue;
                    }
                    Err(_) => break,
                };
                waiting.remove(&endpoint.index());
                match answer {
                    Ok(report) => {
                        self.answered(endpoint);
                        reports.push(report);
                    }
                    Err(failure) => {
                        rounds.failed(endpoint, failure)?;
                        // Who failed is not waited for.
                        enough = enough.min(waiting.len() + reports.len());
                    }
                }
                // One answer alone could be a liar's, so more are waited for; but not for as long as a dead one takes.
                if reports.len() >= enough.max(1) {
                    deadline = Some(Instant::now() + GRACE);
                } else if reports.len() == 1 {
                    deadline = Some(Instant::now() + MAJORITY_GRACE);
                }
            }
            let has_block = reports.iter().any(|report| report.block.is_some());
            if reports.len() < enough {
                for endpoint in waiting.iter().filter_map(|index| self.endpoints.get(*index)) {
                    if has_block {
                        // Another one was quicker: its own deadline has not passed.
                        endpoint.note_late(MAJORITY_GRACE, Lateness::Silent);
                    } else {
                        rounds.failed(endpoint, RpcFailure::Timeout(MAJORITY_GRACE))?;
                    }
                }
            }
            if has_block {
                return Ok(reports);
            }
            for endpoint in reports.iter().filter_map(|report| self.endpoints.get(report.endpoint)) {
                rounds.failed(endpoint, RpcFailure::BlockUnknown)?;
            }
            if !rounds.another().await {
                return Err(rounds.error());
            }
        }
    }
}

async fn headers(endpoint: &Endpoint, heights: &[u64]) -> Result<Vec<(u64, Option<BlockRef>)>, RpcFailure> {
    let requests: Vec<_> = heights.iter().map(|number| by_number(*number)).collect();
    let answers = endpoint.exchange(&requests).await?;
    heights.iter().zip(answers).map(|(number, answer)| Ok((*number, header_at(answer?.get(), *number)?))).collect()
}

/// The header in an answer to a question for that height.
fn header_at(json: &str, number: u64) -> Result<Option<BlockRef>, RpcFailure> {
    match decode_header(json)? {
        Some(header) if header.number != number => {
            Err(RpcFailure::Malformed(format!("block {} instead of {number}", header.number)))
        }
        header => Ok(header),
    }
}

fn by_number(number: u64) -> Request {
    block_request(&json!(format!("{number:#x}")))
}

fn block_request(block: &Value) -> Request {
    Request::new(HEAD, &json!([block, false]))
}

fn tag(at: BlockTag) -> Value {
    match at {
        BlockTag::Latest => json!("latest"),
        BlockTag::Safe => json!("safe"),
        BlockTag::Finalized => json!("finalized"),
        BlockTag::Number(number) => json!(format!("{number:#x}")),
    }
}
