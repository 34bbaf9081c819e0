//! Reading the chain into the ledger.
//!
//! What was read stays when a later step fails or the scan is cut, and is written to disk every second meanwhile, so that
//! a scan under somebody's deadline gets further each time.

use std::collections::BTreeSet;
use std::time::Duration;

use ethers_core::types::{H256, Log, U256};
use tokio::time::Instant;

use super::retold::{Merged, merge};
use super::{DEEP, Doubt, LedgerCache, Trouble};
use crate::chain::error::SnapshotError;
use crate::chain::read_error::ReadError;
use crate::client::l1::L1Client;
use crate::client::logs::{LogFilter, LogStep};
use crate::contracts::ledger_events::{decode_ledger_event, ledger_topics};
use crate::domain::attester::delegation::{Delegation, LogId};
use crate::domain::block::BlockRef;
use crate::domain::ids::Coinbase;
use crate::domain::provider::ledger::LedgerEvent;
use crate::store::private::save_private;

/// How often a scan that goes on is written to disk.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// So many blocks before those that somebody listens to are asked for by the ledger's own filter.
const UNHEARD: u64 = 20_000;

/// Blocks to read.
#[derive(Debug, Clone, Copy)]
struct Range {
    from: u64,
    to: u64,
    /// The first block that the ledger wants of it; those before are for whoever listens.
    begin: u64,
    /// Whether all of them were read before.
    is_again: bool,
}

impl Range {
    fn new(from: u64, to: u64, is_again: bool) -> Self {
        Self { from, to, begin: from, is_again }
    }
}

impl LedgerCache {
    /// Scans up to and including `pin`, and the last blocks before it once more.
    pub(in crate::chain) async fn scan(
        &mut self,
        client: &L1Client,
        pin: &BlockRef,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> Result<(), ReadError> {
        if self.book.provider_ids.is_empty() {
            // An empty list of ids would match the events of every provider.
            return Ok(());
        }
        self.givers.clear();
        self.told_contradicted = std::mem::take(&mut self.contradicted);
        let own = self.filter();
        let wide = self.along.as_ref().map(|along| along.joined(&own));
        let mut saved_at = Instant::now();
        for range in self.with_heard(self.ranges(client, pin)) {
            let is_heard = self.along.as_ref().is_some_and(|along| along.from() <= range.to);
            let filter = wide.as_ref().filter(|_| is_heard).unwrap_or(&own);
            let mut scan = client.log_scan(filter, (range.from, range.to), Some(*pin), Default::default());
            progress(range.from, pin.number);
            while let Some(step) = scan.next().await.map_err(|error| ReadError::Failed(SnapshotError::Rpc(error)))? {
                let last = step.to.number;
                if let Some(along) = &mut self.along {
                    along.hear(&step, is_heard, &self.book.provider_ids);
                }
                if last >= range.begin {
                    self.apply(client, &of_ledger(step, &own, range.begin), pin.number)?;
                    if range.is_again {
                        self.book.again_to = Some(last);
                        self.is_saved = false;
                    }
                }
                self.note_widths(client);
                progress(last, pin.number);
                if saved_at.elapsed() >= SAVE_EVERY {
                    self.save_aside().await;
                    saved_at = Instant::now();
                }
            }
        }
        if self.book.again_to.take().is_some() {
            self.is_saved = false;
        }
        Ok(())
    }

    /// Notes what each endpoint grants, so that a scan that is cut need not learn it again.
    fn note_widths(&mut self, client: &L1Client) {
        for endpoint in client.endpoints() {
            let width = endpoint.log_range();
            if self.book.log_ranges.get(endpoint.name()) != Some(&width) {
                self.book.log_ranges.insert(endpoint.name().to_owned(), width);
                self.is_saved = false;
            }
        }
    }

    /// The ranges to read: what is new, and the last blocks up to `pin`, which an endpoint may have indexed late.
    fn ranges(&self, client: &L1Client, pin: &BlockRef) -> Vec<Range> {
        let (next, first) = (self.next_block(), self.book.key.from_block);
        let recent = pin.number.saturating_sub(DEEP - 1).max(first);
        if recent > pin.number {
            return Vec::new();
        }
        if next <= recent {
            return vec![Range::new(next, pin.number, false)];
        }
        let is_any_new = next <= pin.number;
        let narrowest = client.endpoints().iter().map(|endpoint| endpoint.log_range()).min().unwrap_or(DEEP);
        if narrowest >= DEEP {
            return vec![Range::new(recent, pin.number, !is_any_new)];
        }
        // Where a range is a few blocks, what is new comes first, and what is read again goes on from where it was cut, so
        // that whoever has little time gets there in several readings.
        let last = if is_any_new { next - 1 } else { pin.number };
        let from = self.book.again_to.map_or(recent, |cut| recent.max(cut.saturating_add(1)));
        let again = Range::new(from.min(last), last, true);
        if is_any_new { vec![Range::new(next, pin.number, false), again] } else { vec![again] }
    }

    /// The ranges with what somebody listens for before them. Many blocks that nobody listens to are asked for apart, since the
    /// wide filter brings what is of no use there.
    fn with_heard(&self, mut ranges: Vec<Range>) -> Vec<Range> {
        if let (Some(along), [only]) = (&self.along, ranges.as_mut_slice()) {
            let heard = along.from();
            if heard > only.from.saturating_add(UNHEARD) && heard <= only.to {
                let rest = Range::new(heard, only.to, only.is_again);
                only.to = heard - 1;
                ranges.push(rest);
            } else {
                only.from = only.from.min(heard);
            }
        }
        ranges
    }

    /// Takes what a step tells in the place of what was known of its blocks, as far as two endpoints did not confirm that.
    fn apply(&mut self, client: &L1Client, step: &LogStep, at: u64) -> Result<(), ReadError> {
        let steps = self.givers.entry(step.endpoint).or_default();
        *steps = steps.saturating_add(1);
        let mut told: Vec<LedgerEvent> = Vec::with_capacity(step.logs.len());
        for log in &step.logs {
            told.push(decode_ledger_event(log).map_err(|error| {
                let trouble = Trouble::Undecodable(error);
                ReadError::Doubted(Doubt { giver: Some(step.endpoint), trouble, is_outvoted: false })
            })?);
        }
        let entries = &mut self.book.entries;
        let begin = entries.partition_point(|entry| entry.event.log.block_number < step.from);
        let end = entries.partition_point(|entry| entry.event.log.block_number <= step.to.number);
        let known = entries.get(begin..end).unwrap_or_default();
        let Merged { entries: new, contradicted } = merge(known, told, step.endpoint, at, client.endpoints().len() < 2);
        for block in contradicted {
            if !self.told_contradicted.contains(&block) {
                let teller = client.endpoints().get(step.endpoint).map_or("an endpoint", |endpoint| endpoint.name());
                tracing::warn!(
                    endpoint = teller,
                    "{teller} tells block {block} otherwise than two endpoints told it before"
                );
            }
            self.contradicted.insert(block);
        }
        if known != new.as_slice() {
            let left = entries.splice(begin..end, new).filter_map(|entry| entry.event.delegation());
            let left: Vec<Delegation> = left.collect();
            self.forget_splits(&left);
            self.is_saved = false;
        }
        if self.book.anchors.last().is_none_or(|last| last.number < step.to.number) {
            self.anchor(step.to);
        }
        Ok(())
    }

    pub(super) fn filter(&self) -> LogFilter {
        let ids = self.book.provider_ids.iter().map(|id| {
            let mut word = H256::zero();
            U256::from(*id).to_big_endian(word.as_bytes_mut());
            word
        });
        LogFilter { addresses: vec![self.book.key.staking_registry], topics: vec![ledger_topics(), ids.collect()] }
    }

    /// Forgets the splits of delegations that are told otherwise now: each was read beside its own.
    fn forget_splits(&mut self, left: &[Delegation]) {
        let told: BTreeSet<(LogId, Coinbase)> =
            self.all_delegations().map(|delegation| (delegation.log, delegation.coinbase)).collect();
        for gone in left.iter().filter(|gone| !told.contains(&(gone.log, gone.coinbase))) {
            self.book.splits.remove(&gone.coinbase);
        }
    }

    /// Adds an anchor and keeps few: the newest, one deep enough to survive reorgs, and one on its way there.
    pub(super) fn anchor(&mut self, block: BlockRef) {
        self.is_saved = false;
        let anchors = &mut self.book.anchors;
        anchors.push(block);
        let is_deep = |anchor: &BlockRef| block.number.saturating_sub(anchor.number) >= DEEP;
        let deepest = anchors.iter().rev().find(|anchor| is_deep(anchor)).copied();
        let ageing = anchors.iter().find(|anchor| !is_deep(anchor)).copied();
        anchors.retain(|anchor| *anchor == block || Some(*anchor) == deepest || Some(*anchor) == ageing);
    }

    /// Writes what was read so far. When that fails, whoever saves at the end will say so.
    async fn save_aside(&mut self) {
        let Some(path) = self.unsaved().cloned() else { return };
        let Ok(bytes) = self.encoded(&path) else { return };
        let saved = tokio::task::spawn_blocking(move || save_private(&path, &bytes)).await;
        self.is_saved = matches!(saved, Ok(Ok(())));
        self.is_on_disk |= self.is_saved;
    }
}

/// What a step tells the ledger, from block `begin` on.
fn of_ledger(mut step: LogStep, own: &LogFilter, begin: u64) -> LogStep {
    let is_wanted = |log: &Log| {
        log.block_number.is_some_and(|number| number >= begin.into())
            && own.addresses.contains(&log.address)
            && own
                .topics
                .iter()
                .enumerate()
                .all(|(place, any)| log.topics.get(place).is_some_and(|topic| any.contains(topic)))
    };
    step.from = step.from.max(begin);
    step.logs.retain(is_wanted);
    step
}
