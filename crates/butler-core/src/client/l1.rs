//! One chain behind several endpoints that stand in for each other.
//!
//! A head is taken from the endpoints that agree; every later read is pinned to its hash, so that any endpoint that has
//! the block gives the same answer. An endpoint that lags, is on another chain or has another finalized history stands
//! back. Answers that another endpoint could not improve on (a revert) are final.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ethers_core::types::U64;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::block_logs::{BlockLogs, read_blocks};
use super::calls::{OnTimeout, read_calls};
use super::endpoint::{Endpoint, EndpointSettings};
use super::error::{RpcError, RpcFailure};
use super::http::HttpSetupError;
use super::log_scan::LogScan;
use super::logs::{LogFilter, decode_header};
pub use super::rounds::Policy;
use super::rounds::Rounds;
use super::wire::Request;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// Which block to read at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockTag {
    /// The newest block.
    Latest,
    /// The newest block that is unlikely to be reorged.
    Safe,
    /// The newest block that is final.
    Finalized,
    /// The block of that height.
    Number(u64),
}

/// A head that the endpoints agree on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The block.
    pub block: BlockRef,
    /// The blocks at the further heights that were asked for; `None` where the chain is not that long.
    pub known: Vec<Option<BlockRef>>,
}

/// An endpoint this many blocks behind the best one stands back.
const LAG_LIMIT: u64 = 5;
/// How long the slower endpoints are waited for once one has given a head.
const GRACE: Duration = Duration::from_secs(1);
/// The method that finds blocks.
const HEAD: &str = "eth_getBlockByNumber";

/// The client of one chain.
#[derive(Debug)]
pub struct L1Client {
    endpoints: Vec<Endpoint>,
    preferred: AtomicUsize,
    chain_id: u64,
    policy: Policy,
}

struct Probe {
    index: usize,
    head: Head,
    finalized: Option<BlockRef>,
}

impl L1Client {
    /// Prepares the endpoints; connects to none.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(chain_id: u64, settings: &[EndpointSettings], policy: Policy) -> Result<Self, HttpSetupError> {
        let endpoints = settings
            .iter()
            .enumerate()
            .map(|(index, settings)| Endpoint::new(index, settings))
            .collect::<Result<_, _>>()?;
        Ok(Self { endpoints, preferred: AtomicUsize::new(0), chain_id, policy })
    }

    /// The endpoints, in the order of the configuration.
    #[must_use]
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// The chain that every endpoint must be on.
    #[must_use]
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Resolves a block once, and the blocks at `also` in the same exchange.
    ///
    /// # Errors
    /// The last endpoint's failure when none gave a head.
    pub async fn head(&self, at: BlockTag, also: &[u64]) -> Result<Head, RpcError> {
        let probes = if let [_] = self.endpoints.as_slice() {
            vec![
                self.on_some_endpoint(HEAD, &BTreeSet::new(), |endpoint| self.probe(0, endpoint, at, also).boxed())
                    .await?,
            ]
        } else {
            self.probe_all(at, also).await?
        };
        let trusted = self.agreeing(probes).await?;
        let best = trusted.iter().map(|probe| probe.head.block.number).max().unwrap_or_default();
        let mut chosen: Option<Probe> = None;
        for probe in trusted {
            let blocks = best - probe.head.block.number;
            if at == BlockTag::Latest && blocks > LAG_LIMIT {
                self.blame(probe.index, &RpcFailure::Lagging { blocks });
            } else if chosen.as_ref().is_none_or(|chosen| probe.head.block.number > chosen.head.block.number) {
                chosen = Some(probe);
            }
        }
        let Some(chosen) = chosen else {
            return Err(Rounds::new(HEAD, self.policy).error());
        };
        self.preferred.store(chosen.index, Ordering::Relaxed);
        Ok(chosen.head)
    }

    /// Reads contracts at the block with that hash.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered.
    pub async fn calls(&self, pin: &BlockRef, calls: &[Call]) -> Result<Vec<Outcome>, RpcError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        self.on_some_endpoint("eth_call", &BTreeSet::new(), |endpoint| {
            read_calls(endpoint, pin, calls, OnTimeout::AskForLess).boxed()
        })
        .await
    }

    /// Reads the logs from block `from` to block `to`, in steps; with `pin`, the step that ends at its height proves that the
    /// block is canonical. Endpoints among `beside` are not asked.
    #[must_use]
    pub fn log_scan<'c>(
        &'c self,
        filter: &'c LogFilter,
        range: (u64, u64),
        pin: Option<BlockRef>,
        beside: BTreeSet<usize>,
    ) -> LogScan<'c> {
        LogScan::new(self, filter, range, pin, beside)
    }

    /// Reads the logs of single blocks, many in one exchange, from an endpoint that is not among `beside`; the answers are in
    /// the order of `blocks`.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered; also when there is no other endpoint.
    pub async fn block_logs(
        &self,
        filter: &LogFilter,
        blocks: &[u64],
        beside: &BTreeSet<usize>,
    ) -> Result<Vec<BlockLogs>, RpcError> {
        self.on_some_endpoint("eth_getLogs", beside, |endpoint| read_blocks(endpoint, filter, blocks).boxed()).await
    }

    /// Makes the endpoint at `index` stand back for what it answered: it is counted, logged, and asked after the others.
    pub fn distrust(&self, index: usize, failure: &RpcFailure) {
        self.blame(index, failure);
    }

    /// Asks one endpoint for its chain, its head and its finalized block.
    async fn probe(&self, index: usize, endpoint: &Endpoint, at: BlockTag, also: &[u64]) -> Result<Probe, RpcFailure> {
        if at == BlockTag::Latest {
            endpoint.note_head(None);
        }
        let with_finalized = self.endpoints.len() > 1;
        let mut requests = vec![Request::new("eth_chainId", &json!([])), block_request(&tag(at))];
        if with_finalized {
            requests.push(block_request(&json!("finalized")));
        }
        requests.extend(also.iter().map(|number| block_request(&json!(format!("{number:#x}")))));
        let mut answers = endpoint.exchange(&requests).await?.into_iter();
        let mut next = || answers.next().unwrap_or(Err(RpcFailure::Malformed("an answer is missing".to_owned())));
        let chain_id: U64 = serde_json::from_str(next()?.get())
            .map_err(|_| RpcFailure::Malformed("the answer to eth_chainId is not a number".to_owned()))?;
        if chain_id.as_u64() != self.chain_id {
            return Err(RpcFailure::WrongChain { expected: self.chain_id, actual: chain_id.as_u64() });
        }
        let block = decode_header(next()?.get())?.ok_or(RpcFailure::BlockUnknown)?;
        if at == BlockTag::Latest {
            endpoint.note_head(Some(block.number));
        }
        if let BlockTag::Number(number) = at
            && block.number != number
        {
            return Err(RpcFailure::Malformed(format!("block {} instead of {number}", block.number)));
        }
        // Not every chain has a finalized block; without one there is nothing to compare.
        let finalized = if with_finalized { next().ok().and_then(|raw| decode_header(raw.get()).ok()?) } else { None };
        let known = also.iter().map(|_| decode_header(next()?.get())).collect::<Result<_, _>>()?;
        Ok(Probe { index, head: Head { block, known }, finalized })
    }

    async fn probe_all(&self, at: BlockTag, also: &[u64]) -> Result<Vec<Probe>, RpcError> {
        let mut rounds = Rounds::new(HEAD, self.policy);
        loop {
            let mut probes = Vec::new();
            let mut pending: FuturesUnordered<_> = self
                .endpoints
                .iter()
                .enumerate()
                .map(|(index, endpoint)| {
                    self.probe(index, endpoint, at, also).map(move |probe| (endpoint, probe)).boxed()
                })
                .collect();
            loop {
                let next =
                    if probes.is_empty() { Ok(pending.next().await) } else { timeout(GRACE, pending.next()).await };
                // Whoever is slower than the grace is not blamed: it may only be far away.
                let Ok(Some((endpoint, answer))) = next else { break };
                match answer {
                    Ok(probe) => {
                        endpoint.note(None);
                        probes.push(probe);
                    }
                    Err(failure) => rounds.failed(endpoint, failure)?,
                }
            }
            if !probes.is_empty() {
                return Ok(probes);
            }
            if !rounds.another().await {
                return Err(rounds.error());
            }
        }
    }

    /// Keeps the endpoints that agree with the majority about the lowest finalized block among them.
    async fn agreeing(&self, probes: Vec<Probe>) -> Result<Vec<Probe>, RpcError> {
        let Some(number) = probes.iter().filter_map(|probe| probe.finalized).map(|block| block.number).min() else {
            return Ok(probes);
        };
        if probes.len() < 2 {
            return Ok(probes);
        }
        let mut hashes = Vec::new();
        for probe in &probes {
            let hash = match probe.finalized {
                Some(block) if block.number == number => Some(block.hash),
                _ => self.hash_at(probe.index, number).await,
            };
            hashes.push(hash);
        }
        let votes = |hash| hashes.iter().filter(|other| **other == hash).count();
        let best = hashes.iter().copied().flatten().max_by_key(|hash| votes(Some(*hash)));
        let Some(best) = best else { return Ok(probes) };
        if votes(Some(best)) * 2 <= hashes.iter().flatten().count() {
            let endpoint = format!("{} endpoints", self.endpoints.len());
            return Err(RpcError { endpoint, method: HEAD, failure: RpcFailure::Disagrees { number } });
        }
        let mut kept = Vec::new();
        for (probe, hash) in probes.into_iter().zip(hashes) {
            if hash.is_none_or(|hash| hash == best) {
                kept.push(probe);
            } else {
                self.blame(probe.index, &RpcFailure::Disagrees { number });
            }
        }
        Ok(kept)
    }

    async fn hash_at(&self, index: usize, number: u64) -> Option<ethers_core::types::H256> {
        let endpoint = self.endpoints.get(index)?;
        let answers = endpoint.exchange(&[block_request(&json!(format!("{number:#x}")))]).await.ok()?;
        let header = decode_header(answers.into_iter().next()?.ok()?.get()).ok()??;
        (header.number == number).then_some(header.hash)
    }

    fn blame(&self, index: usize, failure: &RpcFailure) {
        if let Some(endpoint) = self.endpoints.get(index) {
            tracing::warn!(endpoint = endpoint.name(), "endpoint {} stands back: {failure}", endpoint.name());
            endpoint.count_failure(failure.kind());
            endpoint.note(Some(failure));
        }
    }

    /// The endpoints to ask, best first: those that do not stand back, the preferred one before the others.
    fn order(&self) -> Vec<&Endpoint> {
        let now = Instant::now();
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut order: Vec<_> = self.endpoints.iter().enumerate().collect();
        order.sort_by_key(|(index, endpoint)| (endpoint.health().wait(now), *index != preferred, *index));
        order.into_iter().map(|(_, endpoint)| endpoint).collect()
    }

    /// The endpoint that is asked first, of those that are not among `beside`.
    pub(super) fn best_endpoint(&self, beside: &BTreeSet<usize>) -> Option<&Endpoint> {
        self.order().into_iter().find(|endpoint| !beside.contains(&endpoint.index()))
    }

    /// The futures are boxed, because nothing proves to a caller that those of an asynchronous closure are `Send`.
    pub(super) async fn on_some_endpoint<'e, T>(
        &'e self,
        method: &'static str,
        beside: &BTreeSet<usize>,
        ask: impl Fn(&'e Endpoint) -> BoxFuture<'e, Result<T, RpcFailure>>,
    ) -> Result<T, RpcError> {
        let mut rounds = Rounds::new(method, self.policy);
        loop {
            for endpoint in self.order().into_iter().filter(|endpoint| !beside.contains(&endpoint.index())) {
                match ask(endpoint).await {
                    Ok(answer) => {
                        endpoint.note(None);
                        return Ok(answer);
                    }
                    Err(failure) => rounds.failed(endpoint, failure)?,
                }
            }
            if !rounds.another().await {
                return Err(rounds.error());
            }
        }
    }
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
