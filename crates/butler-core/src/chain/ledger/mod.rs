//! The ledger: what the StakingRegistry told of our providers. Scanned once, then from where the last scan ended, and kept
//! on disk.
//!
//! The file names blocks by hash ("anchors"). Before it is used, each anchor is held against the chain; what lies after
//! the newest anchor that still matches is dropped and read again, and so are the last 64 blocks, since endpoints index
//! late. Then all of it is held against the registry's own counters. A file that is damaged, of another chain or version,
//! or not this user's own is rebuilt. It is never trusted and never needed.

mod along;
mod book;
mod doubt;
mod doubting;
mod facts;
mod file;
mod key;
mod opinions;
mod retold;
mod scan;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tokio::time::Instant;

pub use self::along::{Along, Heard, Keep};
use self::book::Book;
use self::doubt::LeftTerms;
pub(super) use self::doubt::{Doubt, Trouble};
pub use self::key::LedgerKey;
use super::stages::ProviderHead;
use crate::domain::attester::delegation::Delegation;
use crate::domain::block::BlockRef;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::facts::ProviderQueueEntry;
use crate::domain::provider::ledger::{prove, prove_queue};
use crate::domain::provider::split::SplitRecord;

/// A block this far behind the newest one survives the reorgs that happen, and every endpoint has indexed it.
const DEEP: u64 = 64;

/// The ledger with its place on disk.
#[derive(Debug)]
pub struct LedgerCache {
    path: Option<PathBuf>,
    book: Book,
    is_saved: bool,
    /// Whether its file holds a ledger, so that an empty one must replace it.
    is_on_disk: bool,
    /// Whether anything of it was there before the present reading.
    has_past: bool,
    /// How many steps of the present reading each endpoint gave.
    givers: BTreeMap<usize, u64>,
    /// Blocks of which one endpoint tells something else in the present reading than two confirmed before.
    contradicted: BTreeSet<u64>,
    /// Those of the reading before: they were logged then.
    told_contradicted: BTreeSet<u64>,
    /// When other endpoints may be asked for their opinion again.
    opinions_at: Option<Instant>,
    /// Endpoints, by name, that have told all of it, or were asked about what others told.
    witnesses: BTreeSet<String>,
    /// Terms that contradict splits and that nobody tells otherwise.
    left_terms: Option<LeftTerms>,
    /// What is heard along with its scans.
    along: Option<Along>,
}

/// What the registry's counters had confirmed of a ledger.
#[derive(Debug)]
pub(super) struct Proven(Book);

impl LedgerCache {
    fn with(path: Option<PathBuf>, book: Book, is_saved: bool) -> Self {
        let has_past = !book.anchors.is_empty();
        let witnesses = book.log_ranges.keys().cloned().collect();
        Self {
            path,
            book,
            is_saved,
            is_on_disk: false,
            has_past,
            givers: BTreeMap::new(),
            contradicted: BTreeSet::new(),
            told_contradicted: BTreeSet::new(),
            opinions_at: None,
            witnesses,
            left_terms: None,
            along: None,
        }
    }

    /// A ledger that is not kept.
    #[must_use]
    pub fn in_memory(key: LedgerKey) -> Self {
        Self::with(None, Book::new(key), true)
    }

    /// Has its scans hear more, until that is taken back.
    pub(super) fn listen(&mut self, along: Along) {
        self.along = Some(along);
    }

    /// What its scans heard since then.
    pub(super) fn heard(&mut self) -> Heard {
        self.along.take().map(Along::into_heard).unwrap_or_default()
    }

    /// Where it is kept, if it is.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// What it belongs to.
    pub(super) fn key(&self) -> &LedgerKey {
        &self.book.key
    }

    /// Heights whose blocks [`Self::reconcile`] wants to see, oldest first.
    #[must_use]
    pub fn anchors(&self) -> Vec<u64> {
        self.book.anchors.iter().map(|anchor| anchor.number).collect()
    }

    /// The range that each endpoint was seen to grant.
    #[must_use]
    pub fn log_range(&self, endpoint: &str) -> Option<u64> {
        self.book.log_ranges.get(endpoint).copied()
    }

    /// Drops what the chain no longer confirms: `blocks` are the chain's at the heights of [`Self::anchors`].
    pub fn reconcile(&mut self, blocks: &[Option<BlockRef>]) {
        let anchors = &self.book.anchors;
        let agreed = anchors.iter().zip(blocks).take_while(|(anchor, block)| **block == Some(**anchor)).count();
        if agreed == anchors.len() {
            return;
        }
        tracing::warn!(
            "the chain differs from the ledger's last blocks: dropping what came after the last that agrees"
        );
        let last = agreed.checked_sub(1).and_then(|last| anchors.get(last)).map(|anchor| anchor.number);
        self.forget_after(last);
    }

    /// Makes the ledger cover these providers; one that it did not cover means scanning from the start.
    pub fn cover(&mut self, providers: &BTreeSet<ProviderId>) {
        if !providers.is_subset(&self.book.provider_ids) {
            self.forget_after(None);
            self.book.provider_ids.extend(providers);
        }
    }

    /// Drops what was read after block `last`; all of it without one.
    fn forget_after(&mut self, last: Option<u64>) {
        let book = &mut self.book;
        book.anchors.retain(|anchor| last.is_some_and(|last| anchor.number <= last));
        let last = book.anchors.last().map(|anchor| anchor.number);
        book.entries.retain(|entry| last.is_some_and(|last| entry.event.log.block_number <= last));
        book.proven_to = book.proven_to.and_then(|proven| Some(proven.min(last?)));
        book.asked_to = book.asked_to.and_then(|asked| Some(asked.min(last?)));
        book.again_to = None;
        self.is_saved = false;
        self.has_past &= last.is_some();
    }

    /// Drops all of it.
    pub fn forget(&mut self) {
        self.forget_after(None);
        self.book.splits.clear();
    }

    /// Drops what the registry's counters have not confirmed yet.
    pub(super) fn forget_unproven(&mut self) {
        self.forget_after(self.book.proven_to);
    }

    /// Drops all of it, and returns what the registry's counters had confirmed.
    pub(super) fn set_aside(&mut self) -> Proven {
        self.forget_unproven();
        let proven = Proven(self.book.clone());
        self.forget();
        // What is read now is asked about, whoever did not answer before.
        self.opinions_at = None;
        proven
    }

    /// Takes back what was set aside, in the place of all that was read since.
    pub(super) fn take_back(&mut self, proven: Proven) {
        self.book = proven.0;
        self.is_saved = false;
    }

    /// Begins a reading: what is there now is what was there before it.
    pub(super) fn begin_reading(&mut self) {
        self.has_past = !self.book.anchors.is_empty();
        self.givers.clear();
    }

    /// Whether anything of it was there before the present reading.
    pub(super) fn has_past(&self) -> bool {
        self.has_past
    }

    /// The first block that was not scanned yet.
    #[must_use]
    pub fn next_block(&self) -> u64 {
        self.book.anchors.last().map_or(self.book.key.from_block, |anchor| anchor.number.saturating_add(1))
    }

    /// Keeps splits that fit with their delegations, and forgets what did not.
    pub fn note_splits(&mut self, learnt: &BTreeMap<Coinbase, SplitRecord>, refuted: &BTreeSet<Coinbase>) {
        let named: BTreeSet<Coinbase> = self.all_delegations().map(|delegation| delegation.coinbase).collect();
        let splits = &mut self.book.splits;
        let before = splits.len();
        splits.retain(|coinbase, _| named.contains(coinbase) && !refuted.contains(coinbase));
        let mut is_changed = splits.len() != before;
        for (coinbase, record) in learnt.iter().filter(|(coinbase, _)| named.contains(coinbase)) {
            is_changed |= splits.insert(*coinbase, *record) != Some(*record);
        }
        self.is_saved &= !is_changed;
    }

    fn all_delegations(&self) -> impl Iterator<Item = Delegation> {
        self.book.entries.iter().filter_map(|entry| entry.event.delegation())
    }

    /// Holds the ledger against the counters that the registry had at `pin`.
    pub(super) fn prove(&mut self, own: &BTreeMap<ProviderId, ProviderHead>, pin: &BlockRef) -> Result<(), Doubt> {
        for (id, head) in own {
            prove(*id, &head.facts, &head.indices, self.events_of(*id, pin.number)).map_err(|gap| self.doubt(gap))?;
        }
        if self.book.anchors.last().is_some_and(|anchor| anchor == pin) && self.book.proven_to != Some(pin.number) {
            self.book.proven_to = Some(pin.number);
            self.is_saved = false;
        }
        Ok(())
    }

    /// Holds the keys that stand in a provider's queue at `pin` against the events that added them.
    pub(super) fn prove_queue(
        &self,
        provider: ProviderId,
        queue: &[ProviderQueueEntry],
        pin: &BlockRef,
    ) -> Result<(), Doubt> {
        prove_queue(provider, queue, self.events_of(provider, pin.number)).map_err(|gap| self.doubt(gap))
    }
}
