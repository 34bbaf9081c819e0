//! The scraper of what own attesters really did: their proposals and attestations, from L1 alone.
//!
//! It goes where the chain's scraper was: logs were heard along with its snapshot, so that most scrapes ask the chain nothing. What
//! cannot be read of the canonical rollup fails this scraper and no other one; what cannot be read of a former one is told, and fails none.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use butler_core::chain::{DutiesBook, Following, FormerBooks, FormerFollowing};
use butler_core::domain::duties::{DutiesSeen, FormerDuties};
use butler_core::domain::findings::{Source, duties::of_rollups};
use butler_core::runtime::report::one_line;
use butler_core::store::file::StoreError;
use ethers_core::types::Address;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::block_in_place;
use tokio::time::Instant;

use super::failure::Failure;
use super::last_snapshot::{FirstLook, LastSnapshot, LastSnapshotReceiver, fresh, pause};
use super::scrape::{Patience, Scrape};
use crate::catalogue::values::FailureKind;
use crate::readings::details::Details;
use crate::readings::duties::duties_readings;
use crate::readings::strips::StripHistory;
use crate::slots::{Scraped, Slot, Store};
use crate::strips::StripsFile;

/// How far back duties are told.
const SPAN: Duration = Duration::from_secs(86_400);

/// Where what was seen last is found, for whoever holds nodes against it.
pub type LastDuties = watch::Sender<Option<Arc<DutiesSeen>>>;

/// Follows the duties of the canonical rollup, and of former ones at which own attesters can have any.
#[derive(Debug)]
pub struct DutiesScraper {
    last: LastSnapshotReceiver,
    age_limit: Duration,
    first: FirstLook,
    book: Option<DutiesBook>,
    former: FormerBooks,
    shown: LastDuties,
    strips: Option<StripHistory>,
    strips_file: Option<StripsFile>,
    is_unsaved: bool,
}

impl DutiesScraper {
    /// A scraper that has read nothing yet; a snapshot that is older than the limit does not count. What it sees is put in `shown`, and
    /// what servers did hour by hour is kept in the file.
    #[must_use]
    pub fn new(
        last: LastSnapshotReceiver,
        age_limit: Duration,
        shown: LastDuties,
        strips_file: Option<StripsFile>,
    ) -> Self {
        Self {
            last,
            age_limit,
            first: FirstLook::default(),
            book: None,
            former: FormerBooks::default(),
            shown,
            strips: None,
            strips_file,
            is_unsaved: false,
        }
    }

    async fn read(&mut self, slot: &Slot) -> Result<Scraped, Failure> {
        let began = Instant::now();
        self.first.wait(&mut self.last).await;
        let last = fresh(&self.last, self.age_limit).ok_or_else(no_snapshot)?;
        let seen = self.follow(&last, slot).await?;
        let strips = self.strips().note(&seen, &last.basis.servers);
        self.shown.send_replace(Some(Arc::clone(&seen)));
        let former = self.follow_former(&last, slot, slot.deadline.saturating_sub(began.elapsed()) / 2).await;
        let basis = &last.basis;
        let found = of_rollups((&seen, &former), &basis.expected, &basis.validating, &last.thresholds);
        let readings = duties_readings(&seen, &former, basis);
        let scraped = Scraped::found(readings, Source::Duties, found, last.snapshot.block.timestamp);
        Ok(Scraped { details: Details { strips, ..Details::default() }, ..scraped })
    }

    /// What servers did, with what the last run of the program had seen. Blocks the first time.
    fn strips(&mut self) -> &mut StripHistory {
        let file = self.strips_file.as_ref();
        self.strips.get_or_insert_with(|| block_in_place(|| file.map(StripsFile::load)).unwrap_or_default())
    }

    async fn follow(&mut self, last: &LastSnapshot, slot: &Slot) -> Result<Arc<DutiesSeen>, Failure> {
        let (rollup, head) = (&last.snapshot.rollup, last.snapshot.block);
        let book = match self.book.take() {
            Some(book) if book.rollup() == rollup.address => self.book.insert(book),
            before => {
                if let Some(before) = before {
                    self.former.take_in(before, &last.snapshot);
                }
                self.book.insert(open(last, rollup.address))
            }
        };
        let following = Following {
            clock: rollup.clock,
            own: &last.basis.own,
            head,
            pending: rollup.checkpoints.pending,
            heard: Some(&last.heard).filter(|_| last.heard_of.contains(&rollup.address)),
            span: SPAN,
        };
        book.follow(&last.client, &following, &|_| slot.tick()).await?;
        let seen = book.seen().cloned().ok_or_else(no_snapshot)?;
        Ok(Arc::new(seen))
    }

    /// `patience` is how long they may take: the scrape's own deadline must not pass over what is told of the canonical one.
    async fn follow_former(&mut self, last: &LastSnapshot, slot: &Slot, patience: Duration) -> Vec<FormerDuties> {
        block_in_place(|| self.former.note(&last.snapshot, |rollup| last.duties_paths.get(&rollup).cloned()));
        let following = FormerFollowing {
            own: &last.basis.own,
            head: last.snapshot.block,
            heard: (&last.heard, &last.heard_of),
            span: SPAN,
        };
        self.former.follow_within(patience, &last.client, &following, &|_| slot.tick()).await;
        self.former.duties()
    }

    /// Keeps what servers did for the next start. False when that failed, which is told. Blocks.
    fn save_strips(&mut self) -> bool {
        self.strips_file.as_ref().zip(self.strips.as_ref()).is_none_or(|(file, strips)| file.save(strips))
    }

    /// Keeps what was read for the next start. Blocks.
    fn save(&mut self) -> Result<(), StoreError> {
        let canonical = self.book.as_mut().map_or(Ok(()), DutiesBook::save);
        self.former.save().and(canonical)
    }
}

fn open(last: &LastSnapshot, rollup: Address) -> DutiesBook {
    let path = last.duties_paths.get(&rollup);
    block_in_place(|| DutiesBook::open(path.map(PathBuf::as_path), last.snapshot.chain_id, rollup))
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
        if self.book.is_none() {
            return;
        }
        let (saved, are_strips_saved) = block_in_place(|| (self.save(), self.save_strips()));
        slot.note_kept(Store::Duties, saved.is_ok() && are_strips_saved);
        match saved {
            Ok(()) => self.is_unsaved = false,
            Err(error) => {
                if !std::mem::replace(&mut self.is_unsaved, true) {
                    let (network, why) = (&slot.network, one_line(&error));
                    tracing::warn!(network, "the duties of {network} cannot be kept for the next start: {why}");
                }
            }
        }
    }
}
