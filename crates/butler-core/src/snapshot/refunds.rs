//! Whether the only delegation of an attester is the one that made it a validator, where all that the state says for it is its
//! withdrawer: the same delegator may have staked the key through another provider, too, and ours may have been refunded.
//!
//! A deposit that was not refunded and waits no more was let in. So refunds are read, once for all attesters, by two endpoints
//! where there are two: whoever was never refunded is settled, and the rollup's other events are read for the rest alone
//! (`deposits`). What is settled is kept, and as much of the chain as was read. Where refunds cannot be read in time, the
//! withdrawer stands.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::Address;
use tokio::time::{Instant, timeout_at};

use super::memo::{ALONE, Memo, Told};
use super::refund_book::{Refund, RefundBook};
use crate::client::l1::L1Client;
use crate::client::logs::LogFilter;
use crate::contracts::deposit_events::{decode_deposit_event, refund_topics};
use crate::domain::block::BlockRef;
use crate::domain::delegation::{Delegation, LogId};

/// How long all of it may take for one snapshot; what was read until then is kept.
const PATIENCE: Duration = Duration::from_secs(5);
/// What is this far behind survives the reorgs that happen.
const DEEP: u64 = 64;
/// The most refunds that are kept.
const AT_MOST: usize = 20_000;

/// Who was refunded, as far as it was told.
#[derive(Debug, Default)]
pub(super) struct Refunds {
    /// The endpoints that told all of it up to the snapshot's block.
    by: BTreeSet<usize>,
    /// The last refund of each attester.
    last: BTreeMap<Address, u64>,
}

/// What is asked for.
#[derive(Debug)]
struct Question {
    filter: LogFilter,
    rollups: BTreeSet<Address>,
    from: u64,
}

/// Reads the refunds since the first of these delegations.
pub(super) async fn refunds(
    client: &L1Client,
    pin: &BlockRef,
    rollup: Address,
    delegations: &[&Delegation],
    memo: &mut Memo,
) -> Refunds {
    let mut found = Refunds::default();
    let Some(from) = delegations.iter().map(|delegation| delegation.log.block_number).min() else { return found };
    let mut rollups: BTreeSet<Address> = delegations.iter().map(|delegation| delegation.rollup).collect();
    rollups.insert(rollup);
    let filter = LogFilter { addresses: rollups.iter().copied().collect(), topics: vec![refund_topics()] };
    let question = Question { filter, rollups, from };
    let now = Instant::now();
    let endpoints = client.endpoints();
    let mut chosen: Vec<usize> = (0..endpoints.len()).collect();
    chosen.sort_by_key(|index| endpoints.get(*index).is_some_and(|known| known.health().is_quarantined(now)));
    let usable = endpoints.iter().filter(|known| !known.health().is_quarantined(now)).count();
    chosen.truncate(usable.clamp(1, 2));
    let deadline = now.checked_add(PATIENCE).unwrap_or(now);
    let mut chosen = chosen.into_iter();
    let (first, second) = (chosen.next(), chosen.next());
    let (first, second) = {
        let one = |index: Option<usize>| question.ask(client, pin, index, memo, deadline);
        tokio::join!(one(first), one(second))
    };
    for Answer { endpoint, book, recent, is_whole } in [first, second].into_iter().flatten() {
        for refund in book.refunds.iter().chain(&recent) {
            let last = found.last.entry(refund.attester).or_default();
            *last = refund.block.max(*last);
        }
        if is_whole {
            found.by.insert(endpoint);
        }
        if book.refunds.len() <= AT_MOST {
            memo.keep_refunds(book);
        }
    }
    found
}

/// What one endpoint told.
#[derive(Debug)]
struct Answer {
    endpoint: usize,
    book: RefundBook,
    /// What is too new to be kept.
    recent: BTreeSet<Refund>,
    /// Whether it told everything up to the pin.
    is_whole: bool,
}

impl Question {
    /// Reads on where that endpoint was left off.
    async fn ask(
        &self,
        client: &L1Client,
        pin: &BlockRef,
        index: Option<usize>,
        memo: &Memo,
        deadline: Instant,
    ) -> Option<Answer> {
        let endpoint = index?;
        let name = client.endpoints().get(endpoint)?.name();
        let is_alone = client.endpoints().len() == 1;
        let known = memo.refunds(name).filter(|book| {
            let is_fresh = !is_alone || pin.number < book.begun.saturating_add(ALONE);
            is_fresh && book.rollups == self.rollups && book.from <= self.from && book.next <= pin.number
        });
        let new = || RefundBook {
            endpoint: name.to_owned(),
            rollups: self.rollups.clone(),
            from: self.from,
            next: self.from,
            begun: pin.number,
            refunds: BTreeSet::new(),
        };
        let mut book = known.cloned().unwrap_or_else(new);
        let kept_to = pin.number.saturating_sub(DEEP);
        let mut recent = BTreeSet::new();
        let mut is_whole = false;
        let others = (0..client.endpoints().len()).filter(|other| *other != endpoint).collect();
        let mut scan = client.log_scan(&self.filter, (book.next, pin.number), Some(*pin), others);
        loop {
            match timeout_at(deadline, scan.next()).await {
                Ok(Ok(Some(step))) => {
                    for log in &step.logs {
                        let event = decode_deposit_event(log)
                            .inspect_err(|error| tracing::debug!("a refunded deposit: {error}"))
                            .ok()?;
                        let refund = Refund { attester: event.attester, block: event.log.block_number };
                        if refund.block <= kept_to {
                            book.refunds.insert(refund);
                        } else {
                            recent.insert(refund);
                        }
                    }
                    let next = step.to.number.min(kept_to).saturating_add(1);
                    book.next = book.next.max(next);
                }
                Ok(Ok(None)) => {
                    is_whole = true;
                    break;
                }
                Ok(Err(error)) => {
                    tracing::debug!("refunded deposits cannot be read: {error}");
                    break;
                }
                Err(_) => {
                    tracing::debug!("reading refunded deposits takes too long");
                    break;
                }
            }
        }
        Some(Answer { endpoint, book, recent, is_whole })
    }
}

impl Refunds {
    /// Whether that attester was refunded since that block.
    fn has_since(&self, attester: Address, block: u64) -> bool {
        self.last.get(&attester).is_some_and(|last| *last >= block)
    }

    /// Of these delegations, those which the attester's refunds put in doubt; what they do not is noted.
    fn doubtful(
        &self,
        client: &L1Client,
        pin: &BlockRef,
        delegations: &[&Delegation],
        memo: &mut Memo,
    ) -> BTreeSet<LogId> {
        let told = match self.by.first() {
            Some(endpoint) if self.by.len() == 1 => {
                let name = client.endpoints().get(*endpoint).map(|known| known.name().to_owned());
                Some(Told::ByOne { endpoint: name.unwrap_or_default(), block: pin.number })
            }
            Some(_) => Some(Told::ByTwo),
            None => None,
        };
        let mut doubtful = BTreeSet::new();
        for delegation in delegations {
            if self.has_since(delegation.attester, delegation.log.block_number) {
                doubtful.insert(delegation.log);
            } else if let Some(told) = &told {
                memo.note_unrefunded(delegation.log, pin.number, told.clone());
            }
        }
        doubtful
    }
}

/// Of the delegations for whose success only the withdrawer speaks, those which refunds put in doubt. `early` is what was read
/// beforehand, where it was.
pub(super) async fn doubtful(
    client: &L1Client,
    pin: &BlockRef,
    rollup: Address,
    resting: &[&Delegation],
    early: Option<Refunds>,
    memo: &mut Memo,
) -> BTreeSet<LogId> {
    let mut open = resting.to_vec();
    open.retain(|delegation| !memo.is_unrefunded(client, pin.number, delegation.log));
    if open.is_empty() {
        return BTreeSet::new();
    }
    let told = match early {
        Some(early) => early,
        None => refunds(client, pin, rollup, &open, memo).await,
    };
    told.doubtful(client, pin, &open, memo)
}
