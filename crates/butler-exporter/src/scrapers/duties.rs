//! The scraper of what own attesters really did: their proposals and attestations, from L1 alone.
//!
//! It goes where the chain's scraper was: logs were heard along with its snapshot, so that most scrapes ask the chain nothing. What
//! cannot be read fails this scraper and no other one.

use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::{DutiesBook, Following};
use butler_core::domain::duties::DutiesSeen;
use butler_core::domain::findings::{Source, duties::of_seen};
use butler_core::runtime::report::one_line;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::block_in_place;

use super::failure::Failure;
use super::last_snapshot::{FirstLook, LastSnapshot, LastSnapshotReceiver, fresh, pause};
use super::scrape::{Patience, Scrape};
use crate::catalogue::values::FailureKind;
use crate::readings::duties::duties_readings;
use crate::slots::{Scraped, Slot, Store};

/// How far back duties are told.
const SPAN: Duration = Duration::from_secs(86_400);

/// Where what was seen last is found, for whoever holds nodes against it.
pub type LastDuties = watch::Sender<Option<Arc<DutiesSeen>>>;

/// Follows the duties of the canonical rollup.
#[derive(Debug)]
pub struct DutiesScraper {
    last: LastSnapshotReceiver,
    age_limit: Duration,
    first: FirstLook,
    book: Option<DutiesBook>,
    shown: LastDuties,
    is_unsaved: bool,
}

impl DutiesScraper {
    /// A scraper that has read nothing yet; a snapshot that is older than the limit does not count. What it sees is put in `shown`.
    #[must_use]
    pub fn new(last: LastSnapshotReceiver, age_limit: Duration, shown: LastDuties) -> Self {
        let first = FirstLook::default();
        Self { last, age_limit, first, book: None, shown, is_unsaved: false }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        self.first.wait(&mut self.last).await;
        let last = fresh(&self.last, self.age_limit).ok_or_else(no_snapshot)?;
        let seen = self.follow(&last, slot).await?;
        let found = of_seen(&seen, &last.basis.expected, &last.basis.validating, &last.thresholds);
        let readings = duties_readings(&seen, &last.basis);
        self.shown.send_replace(Some(seen));
        Ok(Scraped::found(readings, Source::Duties, found, last.snapshot.block.timestamp))
    }

    async fn follow(&mut self, last: &LastSnapshot, slot: &Slot) -> Result<Arc<DutiesSeen>, Failure> {
        let (rollup, head) = (&last.snapshot.rollup, last.snapshot.block);
        let book = match self.book.take().filter(|book| book.rollup() == rollup.address) {
            Some(book) => self.book.insert(book),
            None => self.book.insert(open(last, rollup.address)),
        };
        let following = Following {
            clock: rollup.clock,
            own: &last.basis.own,
            head,
            pending: rollup.checkpoints.pending,
            heard: Some(&last.heard),
            span: SPAN,
        };
        book.follow(&last.client, &following, &|_| slot.tick()).await?;
        let seen = book.seen().cloned().ok_or_else(no_snapshot)?;
        Ok(Arc::new(seen))
    }
}

fn open(last: &LastSnapshot, rollup: Address) -> DutiesBook {
    block_in_place(|| DutiesBook::open(last.duties_path.as_deref(), last.snapshot.chain_id, rollup))
}

fn no_snapshot() -> Failure {
    Failure::new(FailureKind::NoSnapshot, "no recent snapshot of the chain says what is ours")
}

impl Scrape for DutiesScraper {
    fn subject(&self) -> &'static str {
        "proposals and duties on L1"
    }

    fn patience(&self) -> Patience {
        Patience::WholeScrape
    }

    fn pause(&self) -> Duration {
        pause(&self.last)
    }

    fn scrape<'a>(&'a mut self, slot: &'a Slot) -> BoxFuture<'a, Result<Scraped, Failure>> {
        Box::pin(self.read(slot))
    }

    fn served(&mut self, slot: &Slot) {
        let Some(book) = &mut self.book else { return };
        match block_in_place(|| book.save()) {
            Ok(()) => {
                slot.note_kept(Store::Duties, true);
                self.is_unsaved = false;
            }
            Err(error) => {
                slot.note_kept(Store::Duties, false);
                if !std::mem::replace(&mut self.is_unsaved, true) {
                    let (network, why) = (&slot.network, one_line(&error));
                    tracing::warn!(network, "the duties of {network} cannot be kept for the next start: {why}");
                }
            }
        }
    }
}
