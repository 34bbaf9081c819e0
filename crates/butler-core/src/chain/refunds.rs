//! Whether the only delegation of an attester is the one that made it a validator, where all that the state says for it is its
//! withdrawer: the same delegator may have staked the key through another provider, too, and ours may have been refunded.
//!
//! A deposit that was not refunded and waits no more was let in. So refunds are read, once for all attesters, by two endpoints
//! where there are two: whoever was never refunded is settled, and the rollup's other events are read for the rest alone
//! (`deposits`). What is settled is kept, and as much of the chain as was read. Of whom nobody told it in time nothing is
//! concluded.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::Address;
use tokio::sync::oneshot::Receiver;
use tokio::time::{Instant, timeout_at};

use super::memo::{ALONE, Memo, Refund, RefundBook, Told};
use crate::client::endpoint::Endpoint;
use crate::client::l1::L1Client;
use crate::client::logs::{LogFilter, LogRange, LogStep};
use crate::contracts::deposit_events::{decode_deposit_event, refund_topics};
use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::block::BlockRef;

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
    whole: BTreeSet<usize>,
    /// The last refund of each attester, by the endpoint that told it.
    last: BTreeMap<usize, BTreeMap<Address, u64>>,
}

/// What endpoints together say of one attester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// It was refunded, and no two say that it was not.
    Refunded,
    /// It was not, by the word of two.
    NotByTwo,
    /// It was not, by the word of that endpoint alone.
    NotByOne(usize),
    /// Nobody told it.
    Nothing,
}

/// What is asked for: the refunds since the first of some delegations.
#[derive(Debug)]
pub(super) struct RefundQuery {
    filter: LogFilter,
    rollups: BTreeSet<Address>,
    from: u64,
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

impl RefundQuery {
    /// `None` where nothing was delegated.
    pub(super) fn new(rollup: Address, delegations: &[&Delegation]) -> Option<Self> {
        let from = delegations.iter().map(|delegation| delegation.log.block_number).min()?;
        let mut rollups: BTreeSet<Address> = delegations.iter().map(|delegation| delegation.rollup).collect();
        rollups.insert(rollup);
        let filter = LogFilter { addresses: rollups.iter().copied().collect(), topics: vec![refund_topics()] };
        Some(Self { filter, rollups, from })
    }

    /// All of it as one range, for an exchange that is made anyway.
    pub(super) fn range<'r>(&'r self, pin: &'r BlockRef) -> LogRange<'r> {
        LogRange { filter: &self.filter, from: self.from, to: pin.number, pin: Some(pin) }
    }

    /// Asks two endpoints, where there are as many. `early` is that range, where an exchange of the first one brings it.
    pub(super) async fn read(
        &self,
        client: &L1Client,
        pin: &BlockRef,
        early: Option<Receiver<Option<LogStep>>>,
        memo: &mut Memo,
    ) -> Refunds {
        let mut found = Refunds::default();
        let now = Instant::now();
        let deadline = now.checked_add(client.patience(PATIENCE)).unwrap_or(now);
        let mut usable = client.log_order(&BTreeSet::new(), Endpoint::log_range);
        let able = usable.iter().filter(|endpoint| !endpoint.is_quarantined()).count();
        usable.truncate(able.max(1));
        let mut usable = usable.into_iter();
        let (first, second) = (usable.next(), usable.next());
        let (first, second) = tokio::join!(
            self.ask(client, pin, first, early, memo, deadline),
            self.ask(client, pin, second, None, memo, deadline)
        );
        first.into_iter().chain(second).for_each(|answer| found.take(answer, memo));
        // Who does not tell it is replaced, and where two differ a third decides.
        for further in usable {
            if found.is_settled() || Instant::now() >= deadline {
                break;
            }
            let answer = self.ask(client, pin, Some(further), None, memo, deadline).await;
            answer.into_iter().for_each(|answer| found.take(answer, memo));
        }
        found
    }

    /// Reads on where that endpoint was left off.
    async fn ask(
        &self,
        client: &L1Client,
        pin: &BlockRef,
        endpoint: Option<&Endpoint>,
        early: Option<Receiver<Option<LogStep>>>,
        memo: &Memo,
        deadline: Instant,
    ) -> Option<Answer> {
        let endpoint = endpoint?;
        let mut answer = self.begin(client, pin, endpoint, memo);
        let mut from = answer.book.next;
        if let Some(early) = early
            && let Ok(Ok(Some(step))) = timeout_at(deadline, early).await
            && step.endpoint == endpoint.index()
            && step.from <= from
        {
            from = step.to.number.saturating_add(1);
            answer.take(&step, pin)?;
        }
        let others = (0..client.endpoints().len()).filter(|other| *other != endpoint.index()).collect();
        let mut scan = client.log_scan(&self.filter, (from, pin.number), Some(*pin), others);
        loop {
            match timeout_at(deadline, scan.next()).await {
                Ok(Ok(Some(step))) => answer.take(&step, pin)?,
                Ok(Ok(None)) => {
                    answer.is_whole = true;
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
        Some(answer)
    }

    /// What that endpoint told before, or nothing yet.
    fn begin(&self, client: &L1Client, pin: &BlockRef, endpoint: &Endpoint, memo: &Memo) -> Answer {
        let is_alone = client.endpoints().len() == 1;
        let known = memo.refunds(endpoint.name()).filter(|book| {
            let is_fresh = !is_alone || pin.number < book.begun.saturating_add(ALONE);
            is_fresh && book.rollups == self.rollups && book.from <= self.from && book.next <= pin.number
        });
        let new = || RefundBook {
            endpoint: endpoint.name().to_owned(),
            rollups: self.rollups.clone(),
            from: self.from,
            next: self.from,
            begun: pin.number,
            refunds: BTreeSet::new(),
        };
        let book = known.cloned().unwrap_or_else(new);
        Answer { endpoint: endpoint.index(), book, recent: BTreeSet::new(), is_whole: false }
    }
}

impl Answer {
    /// Takes what was read; `None` for a log that is none of ours, after which nothing of this endpoint counts.
    fn take(&mut self, step: &LogStep, pin: &BlockRef) -> Option<()> {
        let kept_to = pin.number.saturating_sub(DEEP);
        for log in &step.logs {
            let event =
                decode_deposit_event(log).inspect_err(|error| tracing::debug!("a refunded deposit: {error}")).ok()?;
            let refund = Refund { attester: event.attester, block: event.log.block_number };
            let place = if refund.block <= kept_to { &mut self.book.refunds } else { &mut self.recent };
            place.insert(refund);
        }
        let next = step.to.number.min(kept_to).saturating_add(1);
        self.book.next = self.book.next.max(next);
        Some(())
    }
}

/// What refunds say of delegations for whose success only the withdrawer speaks.
#[derive(Debug, Default)]
pub(super) struct Rested {
    /// Those whose attesters were refunded since: the rollup's other events decide.
    pub(super) doubtful: BTreeSet<LogId>,
    /// The attesters of those of whom one endpoint alone told that they were not.
    pub(super) by_one: BTreeSet<Address>,
    /// The attesters of those of whom nobody told it in time, or ever before.
    pub(super) unread: BTreeSet<Address>,
}

impl Refunds {
    fn take(&mut self, answer: Answer, memo: &mut Memo) {
        let Answer { endpoint, book, recent, is_whole } = answer;
        let told = self.last.entry(endpoint).or_default();
        for refund in book.refunds.iter().chain(&recent) {
            let last = told.entry(refund.attester).or_default();
            *last = refund.block.max(*last);
        }
        if is_whole {
            self.whole.insert(endpoint);
        }
        if book.refunds.len() <= AT_MOST {
            memo.keep_refunds(book);
        }
    }

    /// Whether two tell the same, or three told anything.
    fn is_settled(&self) -> bool {
        let mut told = self.whole.iter().filter_map(|endpoint| self.last.get(endpoint));
        let first = told.next();
        self.whole.len() > 2 || first.is_some_and(|first| told.any(|other| other == first))
    }

    /// Whether that attester was refunded since that block.
    fn said(&self, attester: Address, block: u64) -> Said {
        let has_since = |told: &BTreeMap<Address, u64>| told.get(&attester).is_some_and(|last| *last >= block);
        let denies = |endpoint: &&usize| self.last.get(*endpoint).is_some_and(|told| !has_since(told));
        let mut denying = self.whole.iter().filter(denies);
        match (denying.next(), denying.next()) {
            (Some(_), Some(_)) => Said::NotByTwo,
            (Some(_) | None, _) if self.last.values().any(has_since) => Said::Refunded,
            (Some(only), None) => Said::NotByOne(*only),
            (None, _) => Said::Nothing,
        }
    }
}

/// What refunds say of these delegations, for whose success only the withdrawer speaks. `early` is what was read beforehand,
/// where it was.
pub(super) async fn rested(
    client: &L1Client,
    pin: &BlockRef,
    rollup: Address,
    resting: &[&Delegation],
    early: Option<Refunds>,
    memo: &mut Memo,
) -> Rested {
    let mut found = Rested::default();
    let mut open = Vec::new();
    let is_again = memo.may_seek_second_word(client);
    for delegation in resting {
        match memo.unrefunded(client, pin.number, delegation) {
            Some(Told::ByTwo) => {}
            Some(Told::ByOne { .. }) if !is_again => {
                found.by_one.insert(delegation.attester);
            }
            Some(Told::ByOne { .. }) | None => open.push(*delegation),
        }
    }
    let Some(query) = RefundQuery::new(rollup, &open) else { return found };
    let refunds = match early {
        Some(early) => early,
        None => query.read(client, pin, None, memo).await,
    };
    if refunds.whole.len() < 2 {
        memo.note_no_second_word();
    }
    for delegation in open {
        let told = match refunds.said(delegation.attester, delegation.log.block_number) {
            Said::Refunded => {
                found.doubtful.insert(delegation.log);
                continue;
            }
            Said::NotByTwo => Told::ByTwo,
            Said::NotByOne(endpoint) => {
                found.by_one.insert(delegation.attester);
                Told::by_one(client, endpoint, pin.number)
            }
            // A success is one for ever: what was told of it before stays as good as it was.
            Said::Nothing if memo.told_unrefunded(delegation).is_some() => {
                found.by_one.insert(delegation.attester);
                continue;
            }
            Said::Nothing => {
                found.unread.insert(delegation.attester);
                continue;
            }
        };
        memo.note_unrefunded(delegation, pin.number, told);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTESTER: Address = Address::repeat_byte(1);

    /// What is said of a delegation in block 10 by endpoints that told all and, where there is a block, a refund in it.
    fn said(told: &[Option<u64>]) -> (Said, bool) {
        let last = told.iter().map(|block| block.map(|block| (ATTESTER, block)).into_iter().collect()).enumerate();
        let refunds = Refunds { whole: (0..told.len()).collect(), last: last.collect() };
        (refunds.said(ATTESTER, 10), refunds.is_settled())
    }

    #[test]
    fn of_three_endpoints_one_decides_nothing_and_two_do() {
        assert_eq!(said(&[]), (Said::Nothing, false));
        assert_eq!(said(&[None]), (Said::NotByOne(0), false));
        assert_eq!(said(&[Some(9)]), (Said::NotByOne(0), false), "the stake before it was refunded");
        assert_eq!(said(&[Some(10)]), (Said::Refunded, false));
        assert_eq!(said(&[None, None]), (Said::NotByTwo, true));
        assert_eq!(said(&[None, Some(11)]), (Said::Refunded, false), "the rollup's other events decide");
        assert_eq!(said(&[None, Some(11), None]), (Said::NotByTwo, true));
        assert_eq!(said(&[Some(11), None, Some(11)]), (Said::Refunded, true));
    }

    #[test]
    fn what_was_told_in_part_speaks_for_a_refund_and_never_against_one() {
        let part = |block: Option<u64>| {
            let told: BTreeMap<Address, u64> = block.map(|block| (ATTESTER, block)).into_iter().collect();
            Refunds { whole: BTreeSet::new(), last: BTreeMap::from([(0, told)]) }
        };
        assert_eq!(part(None).said(ATTESTER, 10), Said::Nothing);
        assert_eq!(part(Some(12)).said(ATTESTER, 10), Said::Refunded);
    }
}
