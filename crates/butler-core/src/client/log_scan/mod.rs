//! `eth_getLogs` over any range: several parts in flight together, given out in the chain's order.
//!
//! Each part goes to the endpoint that is best at that moment and to the next one when it fails. How wide a part may be is
//! each endpoint's own affair: who grants much narrower ranges than another is asked after that one, and is not asked for
//! ever less while another may answer the whole. A part that fails for good ends the scan only after all parts before it
//! were given out, so whoever keeps them can go on from there later.

mod part;
mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};

use self::part::Reading;
use self::shared::Shared;
use crate::client::endpoint::Endpoint;
use crate::client::error::RpcError;
use crate::client::l1::L1Client;
use crate::client::logs::{LogFilter, LogStep, METHOD};
use crate::domain::block::BlockRef;

/// Parts in flight together.
const IN_FLIGHT: usize = 8;
/// Parts in flight or waiting for an earlier one.
const IN_MEMORY: usize = 2 * IN_FLIGHT;

/// Which endpoints were asked for a part, and whether any of them was left before it was asked for the least.
#[derive(Debug, Default)]
struct Tried {
    asked: BTreeSet<usize>,
    was_left: bool,
}

/// A part that was asked for, and what came of it.
struct Part {
    from: u64,
    to: u64,
    result: Result<LogStep, RpcError>,
}

/// A scan that is going on.
pub struct LogScan<'c> {
    client: &'c L1Client,
    filter: &'c LogFilter,
    shared: Arc<Shared>,
    /// The first block that was not given out yet; `None` when all were.
    next: Option<u64>,
    to: u64,
    /// Ranges that nobody was asked for yet, by their first block.
    todo: BTreeMap<u64, u64>,
    in_flight: FuturesUnordered<BoxFuture<'c, Part>>,
    /// Steps that wait for an earlier one, by their first block.
    waiting: BTreeMap<u64, LogStep>,
    /// The first part that failed for good.
    failed: Option<(u64, RpcError)>,
    was_answered: bool,
}

impl std::fmt::Debug for LogScan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogScan").field("next", &self.next).field("to", &self.to).finish_non_exhaustive()
    }
}

impl L1Client {
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
}

impl<'c> LogScan<'c> {
    /// A scan from `from` to `to`; see [`L1Client::log_scan`].
    pub(super) fn new(
        client: &'c L1Client,
        filter: &'c LogFilter,
        (from, to): (u64, u64),
        pin: Option<BlockRef>,
        beside: BTreeSet<usize>,
    ) -> Self {
        let is_empty = from > to;
        Self {
            client,
            filter,
            shared: Arc::new(Shared { pin, beside, learnt: Mutex::default() }),
            next: (!is_empty).then_some(from),
            to,
            todo: if is_empty { BTreeMap::new() } else { BTreeMap::from([(from, to)]) },
            in_flight: FuturesUnordered::new(),
            waiting: BTreeMap::new(),
            failed: None,
            was_answered: false,
        }
    }

    /// The next step in the chain's order; `None` when the scan is complete. Parts in flight proceed only while this is
    /// waited for.
    ///
    /// # Errors
    /// The failure of the first part that no endpoint answered. All before it was given out; the scan is over.
    pub async fn next(&mut self) -> Result<Option<LogStep>, RpcError> {
        loop {
            let Some(next) = self.next else { return Ok(None) };
            if let Some(step) = self.waiting.remove(&next) {
                self.next = step.to.number.checked_add(1).filter(|after| *after <= self.to);
                return Ok(Some(step));
            }
            if let Some((_, error)) = self.failed.take_if(|(from, _)| *from == next) {
                self.next = None;
                return Err(error);
            }
            self.fill();
            match self.in_flight.next().await {
                Some(part) => self.take(part),
                // Nothing is left to ask, and the next block did not come: that is a bug of this file.
                None => return Ok(None),
            }
        }
    }

    fn take(&mut self, part: Part) {
        match part.result {
            Ok(step) => {
                self.was_answered = true;
                if let Some(after) = step.to.number.checked_add(1).filter(|after| *after <= part.to) {
                    // What is left of a part and nobody was asked for yet is planned as a whole.
                    let next = part.to.checked_add(1).and_then(|next| self.todo.remove(&next));
                    self.todo.insert(after, next.unwrap_or(part.to));
                }
                self.waiting.insert(step.from, step);
            }
            Err(error) => {
                if self.failed.as_ref().is_none_or(|(from, _)| part.from < *from) {
                    self.failed = Some((part.from, error));
                }
            }
        }
    }

    /// Asks for more. The first part goes alone: it shows how wide a range may be.
    fn fill(&mut self) {
        let most = if self.was_answered { IN_FLIGHT } else { 1 };
        while self.in_flight.len() < most
            && (self.in_flight.len() + self.waiting.len() < IN_MEMORY || self.is_awaited())
            && let Some((from, to)) = self.todo.pop_first()
        {
            if self.failed.as_ref().is_some_and(|(failed, _)| from > *failed) {
                // What comes after a failure is never given out.
                continue;
            }
            let Some(lead) = self.shared.order(self.client).into_iter().next() else {
                self.ask(from, to, None);
                continue;
            };
            let rest = to.saturating_sub(from).saturating_add(1);
            let span = self.shared.with_width(lead, |width| width.plan(rest));
            let last = from.saturating_add(span - 1).min(to);
            if last < to {
                self.todo.insert(last.saturating_add(1), to);
            }
            self.ask(from, last, Some(lead.index()));
        }
    }

    /// Whether the very block that is to be given out next was not asked for yet.
    fn is_awaited(&self) -> bool {
        self.todo.first_key_value().is_some_and(|(from, _)| Some(*from) == self.next)
    }

    fn ask(&self, from: u64, to: u64, lead: Option<usize>) {
        let (client, filter, shared) = (self.client, self.filter, Arc::clone(&self.shared));
        let part = async move {
            let tried = Arc::new(Mutex::new(Tried::default()));
            let ask = |endpoint: &'c Endpoint, is_patient: bool| {
                let (shared, tried) = (Arc::clone(&shared), Arc::clone(&tried));
                async move {
                    note(&tried, |tried| tried.asked.insert(endpoint.index()));
                    let others = client.log_order(&shared.beside, |endpoint| shared.good(endpoint));
                    let others = others.into_iter().filter(|other| !other.is_quarantined());
                    let others = others.filter(|other| !note(&tried, |tried| tried.asked.contains(&other.index())));
                    let least = others.map(|other| shared.good(other)).max().filter(|_| !is_patient);
                    let reading = Reading { endpoint, filter, shared: &shared, lead, least };
                    let (result, was_left) = reading.step(from, to).await;
                    note(&tried, |tried| tried.was_left |= was_left);
                    result
                }
                .boxed()
            };
            let order = || shared.order(client);
            let mut result = client.in_rounds(METHOD, order, |endpoint, _| ask(endpoint, false)).await;
            if result.is_err() && note(&tried, |tried| tried.was_left) {
                result = client.in_rounds(METHOD, order, |endpoint, _| ask(endpoint, true)).await;
            }
            if let Ok((giver, _)) = &result {
                let outdone = note(&tried, |tried| std::mem::take(&mut tried.asked));
                shared.learnt().outdone.extend(outdone.into_iter().filter(|endpoint| endpoint != giver));
            }
            Part { from, to, result: result.map(|(_, step)| step) }
        };
        self.in_flight.push(part.boxed());
    }
}

fn note<T>(tried: &Mutex<Tried>, change: impl FnOnce(&mut Tried) -> T) -> T {
    change(&mut tried.lock().unwrap_or_else(PoisonError::into_inner))
}
