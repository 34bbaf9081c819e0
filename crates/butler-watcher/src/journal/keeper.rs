//! The journal over sled and files.
//!
//! One change at a time: decided on an image, told to the history, synced, applied in one transaction, synced again, and only then
//! acknowledged. A fault on the way stops the journal until it was opened again, since only the disk knows then what took.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use butler_core::domain::action::{EffectKey, ShortKey};
use butler_core::runtime::report::one_line;
use serde_json::Value;

use super::api::Journal;
use super::check::{Checked, check};
use super::disk::anchor::Anchor;
use super::disk::folder::{self, Folder, check_space};
use super::disk::identity::Identity;
use super::disk::store::{Durability, Store};
use super::entry::{Cursor, Entry, Known, LaneStatus, Lease, Leased, Status};
use super::error::JournalError;
use super::history::read::{Start, walk};
use super::history::tail::Tail;
use super::image::Image;
use super::lists;
use super::op::{Line, Mark, Op, Sealed, encode};
use super::opening::{Parts, open, open_store_only};
use super::request::{
    Batch, Claim, Committed, JobClaim, NextNumber, Note, Page, Query, Renewal, Settled, Settlement, Verdict,
};
use super::rules::{Rules, StoreClock};
use super::schema::{CURSOR, Head};
use super::settings::Settings;
use super::steps::step::Step;
use super::steps::{claim, claim_jobs, commit, count, decide, settle};
use super::survey::{Survey, survey};
use super::transfer::base::{let_go, prepare};
use super::transfer::compact::copy;
use super::transfer::export::export;
use super::transfer::rebuild;

/// The watcher's journal on this machine's disk.
#[derive(Debug)]
pub struct Keeper {
    folder: Folder,
    rules: Rules,
    clock: StoreClock,
    history_limit: u64,
    durability: Durability,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    identity: Identity,
    store: Store,
    head: Head,
    tail: Tail,
    anchor: Anchor,
    /// A change broke off: what is in memory is not what is on disk.
    stopped: bool,
}

/// How far the machine's clock may be behind the store's before it is told, in milliseconds.
const BEHIND: u64 = 60_000;

impl Keeper {
    /// Opens the journal in a folder, and makes it when there is none. Blocks.
    ///
    /// # Errors
    /// Another process has it; it was copied, is newer, or is not what was acknowledged; the disk is full or refuses.
    pub fn open(path: &Path, settings: Settings) -> Result<Self, JournalError> {
        let Parts { folder, identity, store, head, tail, anchor, adopted } = open(path, &settings)?;
        let clock = StoreClock::new(settings.clock, head.clock);
        let behind = clock.behind();
        if behind > BEHIND {
            let seconds = behind / 1000;
            tracing::warn!(
                seconds,
                "the machine's clock is {seconds} s behind what the journal has seen; it goes on from there"
            );
        }
        let inner = Mutex::new(Inner { identity, store, head, tail, anchor, stopped: false });
        let (history_limit, durability) = (settings.history_limit, settings.durability);
        let keeper = Self { folder, rules: settings.rules, clock, history_limit, durability, inner };
        keeper.tend();
        if adopted {
            let note = Note { from: "journal".to_owned(), what: "a copied or restored folder was taken over".into() };
            keeper.change(|step| step.record(Op::Note(note)))?;
        }
        Ok(keeper)
    }

    /// Whether the journal in a folder could be opened, as far as that is known without writing anything there. Blocks.
    ///
    /// # Errors
    /// It could not: as [`Self::open`].
    pub fn survey(path: &Path) -> Result<Survey, JournalError> {
        survey(path)
    }

    /// Makes the store of a journal again from its history. Nobody may have it open. Blocks.
    ///
    /// # Errors
    /// The history is not whole: nothing is changed then.
    pub fn rebuild(path: &Path, adopt: bool) -> Result<Mark, JournalError> {
        rebuild::rebuild(path, adopt)
    }

    /// Exports what the store has, whatever the history says. Nobody may have it open. Blocks.
    ///
    /// # Errors
    /// The store cannot be opened or read.
    pub fn salvage(path: &Path, to: &mut dyn io::Write) -> Result<Mark, JournalError> {
        let (_folder, store, head) = open_store_only(path)?;
        export(&store, &head, to)
    }

    /// Makes a journal of an export, in a folder that has none. Blocks.
    ///
    /// # Errors
    /// There is a journal already; the export was changed or is newer.
    pub fn import(path: &Path, from: &mut dyn io::BufRead) -> Result<Mark, JournalError> {
        rebuild::import(path, from)
    }

    /// What is under the lock. A panic under it left either nothing or `stopped` behind.
    fn inner(&self) -> Result<MutexGuard<'_, Inner>, JournalError> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.stopped { Err(JournalError::Stopped) } else { Ok(inner) }
    }

    /// Makes one change durable.
    fn change<T>(&self, decide: impl FnOnce(&mut Step<'_>) -> Result<T, JournalError>) -> Result<T, JournalError> {
        let mut guard = self.inner()?;
        let inner = &mut *guard;
        let mut step = Step::new(&inner.store, inner.head.clone(), &self.rules, self.clock.now().max(inner.head.clock));
        let value = decide(&mut step)?;
        let Some(written) = step.finish() else { return Ok(value) };
        let size = u64::try_from(written.lines.len()).unwrap_or(u64::MAX);
        check_space(self.folder.path(), size.saturating_mul(8))?;
        inner.stopped = true;
        // The history first: a store that is behind it is brought up at the next start.
        inner.tail.append(&written.lines, written.head.mark)?;
        inner.store.apply(&written.writes)?;
        inner.store.persist()?;
        inner.head = written.head;
        inner.stopped = false;
        // Never before it is durable: an anchor that is ahead would keep an honest journal from opening.
        inner.anchor.advance(inner.head.mark);
        if inner.tail.is_full() {
            self.retire(inner);
        }
        let is_time = !inner.stopped && inner.head.mark.sequence.is_multiple_of(TEND_EVERY);
        drop(guard);
        if is_time {
            self.tend();
        }
        Ok(value)
    }

    /// Lets the oldest history go. What was asked for is done already, so a fault here is told and tried again later.
    fn retire(&self, inner: &mut Inner) {
        let history = inner.tail.path();
        let told = |error: &JournalError| tracing::warn!("failed to let the oldest history go: {}", one_line(error));
        let (head, base) = match prepare(&inner.store, &inner.head, history, self.history_limit) {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return,
            Err(error) => return told(&error),
        };
        match let_go(&inner.store, &head, history, &base) {
            Ok(()) => inner.head = head,
            Err(error) => {
                inner.stopped = true;
                told(&error);
            }
        }
    }

    /// Replaces the store by one with the same content that takes less room on the disk. Answers bytes before and after.
    ///
    /// # Errors
    /// The disk is full or refuses; the old store stays then.
    pub fn compact(&self) -> Result<(u64, u64), JournalError> {
        let mut guard = self.inner()?;
        let inner = &mut *guard;
        let before = folder::size(inner.store.path());
        let mut identity = inner.identity.clone();
        identity.store = identity.store.saturating_add(1);
        let (store, head) = copy(self.folder.path(), identity.store, self.durability, (&inner.store, &inner.head))?;
        // Which of the two counts is not known when this fails.
        inner.stopped = true;
        identity.save(self.folder.path())?;
        let old = std::mem::replace(&mut inner.store, store);
        (inner.head, inner.identity, inner.stopped) = (head, identity, false);
        let path = old.path().to_path_buf();
        drop(old);
        // What is left of it goes at the next start.
        if let Err(error) = folder::remove(&path) {
            tracing::warn!("failed to remove the old store: {}", one_line(&error));
        }
        Ok((before, folder::size(inner.store.path())))
    }

    /// Compacts the store when most of it is of no use any more. A fault changes nothing, and is told.
    fn tend(&self) {
        let Ok(inner) = self.inner() else { return };
        let count = |is_final: bool| {
            let phases = inner.head.counts.values().flatten();
            phases.filter(|(phase, _)| phase.is_final() == is_final).map(|(_, count)| *count).sum::<u64>()
        };
        let content = count(false).saturating_mul(LIVE_BYTES).saturating_add(count(true).saturating_mul(DONE_BYTES));
        let is_large = folder::size(inner.store.path()) > content.saturating_mul(4).max(SMALL);
        drop(inner);
        if is_large {
            match self.compact() {
                Ok((before, after)) => {
                    tracing::info!(before, after, "the store is compacted from {before} to {after} bytes");
                }
                Err(error) => {
                    tracing::warn!("failed to compact the store: {}", one_line(&error));
                }
            }
        }
    }
}

/// After so many commits it is looked whether the store should be compacted.
const TEND_EVERY: u64 = 4096;
/// About what a live action and a finished one take, in bytes, and a store that is small enough whatever it has.
const LIVE_BYTES: u64 = 1500;
const DONE_BYTES: u64 = 300;
const SMALL: u64 = 16 * 1024 * 1024;

impl Journal for Keeper {
    fn commit(&self, batch: &Batch) -> Result<Committed, JournalError> {
        let mut done = self.change(|step| commit::commit(step, batch))?;
        done.sequence = self.inner()?.head.mark.sequence;
        Ok(done)
    }

    fn claim(&self, ask: &Claim) -> Result<Vec<Leased>, JournalError> {
        self.change(|step| claim::claim(step, ask))
    }

    fn claim_jobs(&self, ask: &JobClaim) -> Result<Vec<Leased>, JournalError> {
        self.change(|step| claim_jobs::claim_jobs(step, ask))
    }

    fn lanes(&self) -> Result<BTreeMap<String, LaneStatus>, JournalError> {
        let inner = self.inner()?;
        claim_jobs::lanes(&Image::new(&inner.store, inner.head.clone()))
    }

    fn take_back(&self) -> Result<usize, JournalError> {
        let mut all = 0_usize;
        loop {
            match self.change(claim::take_back_leases)? {
                0 => return Ok(all),
                some => all = all.saturating_add(some),
            }
        }
    }

    fn renew(&self, lease: &Lease, renewal: &Renewal) -> Result<Lease, JournalError> {
        self.change(|step| settle::renew(step, lease, renewal))
    }

    fn settle(&self, settlements: &[Settlement]) -> Result<Vec<Settled>, JournalError> {
        self.change(|step| settlements.iter().map(|settlement| settle::settle(step, settlement)).collect())
    }

    fn settle_then(
        &self,
        settlements: &[Settlement],
        then: &mut dyn FnMut(&[Settled]) -> Batch,
    ) -> Result<(Vec<Settled>, Committed), JournalError> {
        self.change(|step| settle::settle_then(step, settlements, then))
    }

    fn kept(&self, begin: &str) -> Result<BTreeMap<String, Value>, JournalError> {
        let inner = self.inner()?;
        lists::kept(&inner.store, begin)
    }

    fn decide(&self, verdict: &Verdict) -> Result<Entry, JournalError> {
        self.change(|step| decide::decide(step, verdict))
    }

    fn decide_all(&self, verdicts: &[Verdict]) -> Result<Vec<Result<Entry, JournalError>>, JournalError> {
        self.change(|step| verdicts.iter().map(|verdict| decide::decide_one(step, verdict)).collect())
    }

    fn read(&self, query: &Query) -> Result<Page, JournalError> {
        let inner = self.inner()?;
        lists::page(&Image::new(&inner.store, inner.head.clone()), &inner.store, query)
    }

    fn look_up(&self, key: &EffectKey) -> Result<Option<Known>, JournalError> {
        let inner = self.inner()?;
        let image = Image::new(&inner.store, inner.head.clone());
        if let Some(entry) = image.entry(key)? {
            return Ok(Some(Known::Live(Box::new(entry))));
        }
        Ok(image.finished(key)?.map(Known::Finished))
    }

    fn beginning(&self, short: &ShortKey, most: usize) -> Result<Vec<Known>, JournalError> {
        let inner = self.inner()?;
        lists::beginning(&Image::new(&inner.store, inner.head.clone()), &inner.store, short, most)
    }

    fn cursor(&self, name: &str) -> Result<Option<Cursor>, JournalError> {
        let inner = self.inner()?;
        Image::new(&inner.store, inner.head.clone()).cursor(name)
    }

    fn counter(&self, name: &str) -> Result<u64, JournalError> {
        let inner = self.inner()?;
        Image::new(&inner.store, inner.head.clone()).counter(name)
    }

    fn count(&self, numbers: &[NextNumber]) -> Result<(), JournalError> {
        self.change(|step| count::count(step, numbers))
    }

    fn status(&self) -> Result<Status, JournalError> {
        let inner = self.inner()?;
        let cursors = lists::named(&inner.store, &[CURSOR])?;
        Ok(Status {
            id: inner.identity.id.clone(),
            place: inner.identity.place(),
            sequence: inner.head.mark.sequence,
            lines: inner.head.mark.lines,
            seal: inner.head.mark.seal,
            now: self.clock.now(),
            cursors,
            counts: inner.head.counts.clone(),
            store_bytes: folder::size(inner.store.path()),
            history_bytes: folder::size(inner.tail.path()),
        })
    }

    fn history(&self, after: u64, limit: usize) -> Result<Vec<Line>, JournalError> {
        let inner = self.inner()?;
        let mut lines = Vec::new();
        if limit == 0 || after >= inner.head.mark.lines {
            return Ok(lines);
        }
        let anchor = inner.head.anchor;
        let start = Start { anchor, after: after.max(anchor.lines), expected: None };
        walk(inner.tail.path(), start, |read| {
            lines.push(read.line);
            Ok(lines.len() < limit)
        })?;
        Ok(lines)
    }

    fn sealed(&self, after: u64, limit: usize) -> Result<Sealed, JournalError> {
        let inner = self.inner()?;
        let anchor = inner.head.anchor;
        let after = after.max(anchor.lines);
        let mut sealed = Sealed { before: anchor, lines: Vec::new() };
        if limit == 0 || after >= inner.head.mark.lines {
            sealed.before = inner.head.mark;
            return Ok(sealed);
        }
        // The line before the first says which seal that one stands on.
        let mut last = anchor;
        let start = Start { anchor, after: after.saturating_sub(1).max(anchor.lines), expected: None };
        walk(inner.tail.path(), start, |read| {
            if read.line.line <= after {
                (last, sealed.before) = (read.mark, read.mark);
                return Ok(true);
            }
            let mut text = Vec::new();
            let mark = encode(last, &read.line, &mut text);
            if mark != read.mark {
                let line = read.line.line;
                return Err(JournalError::corrupt(inner.tail.path(), format!("line {line} was written otherwise")));
            }
            last = mark;
            text.truncate(text.len().saturating_sub(1));
            sealed.lines.push(String::from_utf8_lossy(&text).into_owned());
            Ok(sealed.lines.len() < limit)
        })?;
        Ok(sealed)
    }

    fn verify(&self) -> Result<Checked, JournalError> {
        let inner = self.inner()?;
        check(&inner.store, &inner.head, inner.tail.path())
    }

    fn export(&self, to: &mut dyn io::Write) -> Result<Mark, JournalError> {
        let inner = self.inner()?;
        export(&inner.store, &inner.head, to)
    }
}
