//! One chain behind several endpoints that stand in for each other.
//!
//! A head is taken from the endpoints that agree (`heads`); every later read is pinned to its hash, so that any endpoint
//! that has the block gives the same answer. An endpoint that lags or leads, is on another chain, has another finalized
//! history or was found to lie stands back. What contracts answer is believed when two endpoints agree (`opinion`).

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::block_logs::{BlockLogs, read_blocks};
use super::endpoint::{Endpoint, EndpointSettings};
use super::error::{ErrorKind, RpcError, RpcFailure};
use super::http::HttpSetupError;
use super::logs::{LogFilter, LogRange, LogStep, METHOD, NARROW};
use super::passengers::Passengers;
pub use super::rounds::Policy;
use super::rounds::Rounds;
use crate::domain::block::BlockRef;
use crate::runtime::clock::unix_now;

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

/// The client of one chain.
#[derive(Debug)]
pub struct L1Client {
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) preferred: AtomicUsize,
    pub(super) chain_id: u64,
    pub(super) policy: Policy,
    pub(super) clock: fn() -> u64,
    pub(super) clock_behind: AtomicU64,
    /// When it was last told that only one endpoint answers.
    pub(super) alone_since: Mutex<Option<Instant>>,
    pub(super) passengers: Passengers,
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
        Ok(Self {
            endpoints,
            preferred: AtomicUsize::new(0),
            chain_id,
            policy,
            clock: unix_now,
            clock_behind: AtomicU64::new(0),
            alone_since: Mutex::default(),
            passengers: Passengers::default(),
        })
    }

    /// The same client with another time of day, in unix seconds.
    #[must_use]
    pub fn with_clock(self, clock: fn() -> u64) -> Self {
        Self { clock, ..self }
    }

    /// How long the next look should wait so that every endpoint's credits last the day. One that did not answer when it was last asked
    /// holds nobody up, unless what it said is that it was asked too much.
    #[must_use]
    pub fn pause(&self) -> Duration {
        let holds_up = |endpoint: &&Endpoint| {
            endpoint.health().last_failure().is_none_or(|failure| failure == ErrorKind::RateLimited)
        };
        self.endpoints.iter().filter(holds_up).map(Endpoint::pause).max().unwrap_or_default()
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
        self.block_logs_along(filter, blocks, beside, None).await.map(|(logs, _)| logs)
    }

    /// The same; the range `along` goes with it where that costs no request. `None` in its place says nothing of it.
    ///
    /// # Errors
    /// As [`Self::block_logs`].
    pub async fn block_logs_along(
        &self,
        filter: &LogFilter,
        blocks: &[u64],
        beside: &BTreeSet<usize>,
        along: Option<&LogRange<'_>>,
    ) -> Result<(Vec<BlockLogs>, Option<LogStep>), RpcError> {
        let order = || self.log_order(beside, Endpoint::log_range);
        let fits =
            |endpoint: &Endpoint| along.filter(|range| range.to.saturating_sub(range.from) < endpoint.log_range());
        let ask = |endpoint, _| read_blocks(endpoint, filter, blocks, fits(endpoint)).boxed();
        self.in_rounds(METHOD, order, ask).await.map(|(_, found)| found)
    }

    /// Whether an endpoint stands back for something that it told and that is not so.
    pub(super) fn has_liar(&self) -> bool {
        let now = Instant::now();
        self.endpoints.iter().any(|endpoint| endpoint.health().is_distrusted(now))
    }

    /// How long an opinion is waited for, which takes `usual` at most: where somebody stands back for a lie the others are as
    /// many as are needed, and each is waited for as long as its own deadline says.
    pub(crate) fn patience(&self, usual: Duration) -> Duration {
        if self.has_liar() { self.longest_deadline().max(usual) } else { usual }
    }

    /// The longest deadline of those that do not stand back.
    pub(crate) fn longest_deadline(&self) -> Duration {
        let able = self.endpoints.iter().filter(|endpoint| !endpoint.is_quarantined());
        able.map(|endpoint| endpoint.peer().timeout()).max().unwrap_or_default()
    }

    /// Makes the endpoint at `index` stand back for what it answered: it is counted, logged, and asked after the others.
    pub fn distrust(&self, index: usize, failure: &RpcFailure) {
        self.blame(index, failure);
    }

    /// The same as [`Self::blame`], unless the endpoint stands back for a lie already.
    pub(super) fn blame_once(&self, index: usize, failure: &RpcFailure) {
        let known = self.endpoints.get(index).is_some_and(|endpoint| endpoint.health().is_distrusted(Instant::now()));
        if !known {
            self.blame(index, failure);
        }
    }

    pub(super) fn blame(&self, index: usize, failure: &RpcFailure) {
        if let Some(endpoint) = self.endpoints.get(index) {
            tracing::warn!(endpoint = endpoint.name(), "endpoint {} stands back: {failure}", endpoint.name());
            endpoint.count_failure(failure.kind());
            endpoint.note(Some(failure));
        }
    }

    /// The endpoints to ask, best first: those that do not stand back, the preferred one before the others.
    pub(super) fn order(&self) -> Vec<&Endpoint> {
        let now = Instant::now();
        let preferred = self.preferred.load(Ordering::Relaxed);
        let mut order: Vec<_> = self.endpoints.iter().enumerate().collect();
        order.sort_by_key(|(index, endpoint)| (endpoint.health().wait(now), *index != preferred, *index));
        order.into_iter().map(|(_, endpoint)| endpoint).collect()
    }

    /// The endpoints that are not among `beside`, in the order in which they are asked for logs: who grants much narrower ranges
    /// than another one that does not stand back comes after those that do not.
    pub(crate) fn log_order(&self, beside: &BTreeSet<usize>, width: impl Fn(&Endpoint) -> u64) -> Vec<&Endpoint> {
        let mut order: Vec<&Endpoint> =
            self.order().into_iter().filter(|endpoint| !beside.contains(&endpoint.index())).collect();
        let able = order.iter().filter(|endpoint| !endpoint.is_quarantined());
        let widest = able.map(|endpoint| width(endpoint)).max().unwrap_or(0);
        order
            .sort_by_key(|endpoint| (endpoint.is_quarantined(), width(endpoint) < widest / NARROW, endpoint.is_late()));
        order
    }

    /// The endpoint that is asked first, of those that are not among `beside`.
    pub(super) fn best_endpoint(&self, beside: &BTreeSet<usize>) -> Option<&Endpoint> {
        self.order().into_iter().find(|endpoint| !beside.contains(&endpoint.index()))
    }

    /// Notes an answer. It wins back the trust of nobody who lied: that only time does, where there are others.
    pub(super) fn answered(&self, endpoint: &Endpoint) {
        if self.endpoints.len() == 1 || !endpoint.health().is_distrusted(Instant::now()) {
            endpoint.note(None);
        }
    }

    /// Asks the endpoints that are not among `beside`, best first, until one answers.
    pub(super) async fn on_some_endpoint<'e, T>(
        &'e self,
        method: &'static str,
        beside: &BTreeSet<usize>,
        ask: impl Fn(&'e Endpoint) -> BoxFuture<'e, Result<T, RpcFailure>>,
    ) -> Result<T, RpcError> {
        let order = || self.order().into_iter().filter(|endpoint| !beside.contains(&endpoint.index())).collect();
        self.in_rounds(method, order, |endpoint, _| ask(endpoint)).await.map(|(_, answer)| answer)
    }

    /// The same in an order of the caller's, who also wants to know the round and who answered. The futures are boxed, because nothing proves to a caller
    /// that those of an asynchronous closure are `Send`.
    pub(super) async fn in_rounds<'e, T>(
        &'e self,
        method: &'static str,
        order: impl Fn() -> Vec<&'e Endpoint>,
        ask: impl Fn(&'e Endpoint, u32) -> BoxFuture<'e, Result<T, RpcFailure>>,
    ) -> Result<(usize, T), RpcError> {
        let mut rounds = Rounds::new(method, self.policy);
        for round in 1.. {
            for endpoint in order() {
                match ask(endpoint, round).await {
                    Ok(answer) => {
                        self.answered(endpoint);
                        return Ok((endpoint.index(), answer));
                    }
                    Err(failure) => rounds.failed(endpoint, failure)?,
                }
            }
            if !rounds.another().await {
                break;
            }
        }
        Err(rounds.error())
    }
}
