//! What one channel has to tell, in two lanes: what is urgent, and the rest, which waits where the night is quiet.
//!
//! A lane reads the journal's history in its order. What it read is gathered; when a message is begun, up to where is made durable
//! before the first byte leaves, and again when it was taken. So a kill in between begins the same message with the same id again, and
//! nothing is left out.

use butler_core::domain::action::{Action, EffectKey, Part, Phase, Priority};

use super::digest::Digest;
use super::turn::{Common, kind_of, pressing};
use crate::journal::{Journal, JournalError, Line, NextNumber, Op, Work};

/// The most things that are gathered; the rest is read once some are told.
const GATHERED: usize = 20_000;
/// After so many lines without anything to tell it is made durable that there was nothing.
const IDLE: u64 = 20_000;

/// Which part of the news a lane has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Urgent,
    Rest,
}

/// One lane of a channel.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) share: Share,
    least: Priority,
    counter: String,
    /// Every line up to this one was told, or is nothing to tell.
    told: u64,
    /// How far `told` is durable.
    kept: u64,
    /// The last line that was read.
    read: u64,
    /// The message that was begun: up to which line, and what it says.
    begun: Option<(u64, Digest)>,
    /// What comes behind it.
    gathered: Digest,
}

impl Lane {
    /// Takes a lane up where the journal says it stands; a new one begins with what comes now.
    pub(super) fn open(
        journal: &dyn Journal,
        channel: &str,
        share: Share,
        least: Priority,
    ) -> Result<Self, JournalError> {
        let name = match share {
            Share::Urgent => "urgent",
            Share::Rest => "rest",
        };
        let counter = format!("chat/{}/{name}", Part::Name(channel));
        let lines = journal.status()?.lines;
        let (told, next) = (journal.counter(&told_of(&counter))?, journal.counter(&next_of(&counter))?);
        let told = if told == 0 {
            let now = lines.max(1);
            journal.count(&[NextNumber { name: told_of(&counter), to: now }])?;
            now
        } else {
            told
        };
        let begun = (next > told).then(|| (next, Digest::default()));
        Ok(Self { share, least, counter, told, kept: told, read: told, begun, gathered: Digest::default() })
    }

    /// What is told from now on.
    pub(super) fn set_least(&mut self, least: Priority) {
        self.least = least;
    }

    /// How many things wait.
    pub(super) fn waiting(&self) -> usize {
        let begun = self.begun.as_ref().map_or(0, |(_, digest)| digest.len());
        begun.saturating_add(self.gathered.len())
    }

    /// After which line it reads on; `None` while it holds as much as it may.
    pub(super) fn reads_after(&self) -> Option<u64> {
        (self.gathered.len() < GATHERED).then_some(self.read)
    }

    /// Takes in the next line of the history; one that it has already changes nothing.
    pub(super) fn take(&mut self, line: &Line) {
        let Some(read) = self.reads_after().filter(|read| line.line > *read) else { return };
        let lost = line.line.saturating_sub(read).saturating_sub(1);
        if lost > 0 {
            let counter = &self.counter;
            tracing::error!(lines = lost, "{counter}: {lost} lines of the history were let go before they were told");
        }
        self.read = line.line;
        let wants = |action: &Action| {
            action.priority <= self.least && (action.priority == Priority::Urgent) == (self.share == Share::Urgent)
        };
        // A message that was begun has what it had.
        let place = match &mut self.begun {
            Some((to, digest)) if line.line <= *to => digest,
            Some(_) | None => &mut self.gathered,
        };
        match &line.op {
            // Of what waits for a person a notice of its own tells.
            Op::Planned(entry) if entry.standing.phase == Phase::AwaitingApproval => {}
            // Jobs that are done without a person are many, and told when they are parked.
            Op::Planned(entry) if entry.work() == Work::Job => {}
            Op::Planned(entry) if wants(&entry.action) => place.plan(line.line, entry.action.clone()),
            Op::Finished(finished) if finished.phase == Phase::Dropped => {
                place.go_on(&finished.key);
                let was_here = place.drop_planned(&finished.key);
                if !was_here && finished.again && part_of(&finished.key) == self.share {
                    place.take_back(finished.key.clone(), finished.reason.clone().unwrap_or_default());
                }
            }
            Op::Note(note) => {
                if let Some((key, why)) = note.of_taken_back()
                    && !place.drop_planned(&key)
                    && part_of(&key) == self.share
                {
                    place.take_back(key, why);
                }
            }
            Op::Finished(finished) => place.go_on(&finished.key),
            Op::Moved { key, standing, .. } => match Common::of(&line.op) {
                Some((_, common)) => {
                    place.go_on(key);
                    let priority = common.priority();
                    if priority <= self.least && part_of(key) == self.share {
                        place.turn(key, common);
                    }
                }
                // One of several persons approved it.
                None if standing.phase == Phase::AwaitingApproval => {}
                None => place.go_on(key),
            },
            Op::Planned(_) | Op::Cursor { .. } | Op::Spent { .. } | Op::Counted { .. } | Op::Kept(_) => {}
        }
    }

    /// The message to send now, with the line before it and its last one, which tell it from all others; `None` when there is nothing. What
    /// need not be told any more is left out. Blocks.
    pub(super) fn begin(
        &mut self,
        journal: &dyn Journal,
        is_over: impl Fn(&Action) -> bool,
        is_quiet: bool,
    ) -> Result<Option<(u64, u64, Digest)>, JournalError> {
        self.gathered.retain(|action| !is_over(action));
        if self.begun.is_none() {
            if self.gathered.len() == 0 {
                self.told = self.read;
                if self.told.saturating_sub(self.kept) > IDLE {
                    self.keep(journal)?;
                }
                return Ok(None);
            }
            if is_quiet && self.gathered.asks_nothing() {
                return Ok(None);
            }
            journal.count(&[
                NextNumber { name: told_of(&self.counter), to: self.told },
                NextNumber { name: next_of(&self.counter), to: self.read },
            ])?;
            self.kept = self.told;
            self.begun = Some((self.read, std::mem::take(&mut self.gathered)));
        }
        let Some((to, digest)) = &mut self.begun else { return Ok(None) };
        // One that was begun before a restart is not read yet.
        if self.read < *to {
            return Ok(None);
        }
        digest.retain(|action| !is_over(action));
        let (to, digest) = (*to, digest.clone());
        if digest.len() == 0 {
            self.taken(journal)?;
            return Ok(None);
        }
        Ok(Some((self.told, to, digest)))
    }

    /// The message was taken. Blocks.
    pub(super) fn taken(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        if let Some((to, _)) = self.begun.take() {
            self.told = to;
        }
        self.keep(journal)
    }

    fn keep(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        journal.count(&[NextNumber { name: told_of(&self.counter), to: self.told }])?;
        self.kept = self.told;
        Ok(())
    }
}

fn told_of(counter: &str) -> String {
    format!("{counter}/told")
}

fn next_of(counter: &str) -> String {
    format!("{counter}/next")
}

/// Whose it is to say what became of something: whoever told it.
fn part_of(key: &EffectKey) -> Share {
    if pressing(kind_of(key)) == Priority::Urgent { Share::Urgent } else { Share::Rest }
}
