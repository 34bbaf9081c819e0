//! What becomes of actions later: taken back, parked, waiting for an approval anew. Webhooks get a message of its own of it, numbered
//! among the others, and the log a line.
//!
//! Up to which line of the history that was done is durable for each of them, with the number that is used next, before a message
//! leaves; so a kill in between repeats one post with the same id and number. What is alike in one commit is one message, which follows
//! from the history alone.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use butler_core::domain::action::{EffectKey, Phase, Priority};
use butler_core::runtime::backoff::Backoff;
use tokio::task::block_in_place;
use tokio::time::Instant;

use super::channels::channel::{Answer, Letter};
use super::channels::webhook::Webhook;
use super::counters::{LOG, number_of, retraction_of};
use super::message::{Stamp, retraction, turned};
use super::turn::Common;
use crate::health::Health;
use crate::journal::{Journal, JournalError, Line, NextNumber, Op};

/// Lines of the history that are read at once; few in tests, so that they meet the end of a page.
const PAGE: usize = if cfg!(test) { 10 } else { 5_000 };
/// The most messages that are held until everybody has them. Who is left alone then reads them again later.
const HELD: usize = if cfg!(test) { 20 } else { 1_000 };
/// The most keys that one message names.
const KEYS: usize = 100;
/// After so many lines without anything to tell it is made durable that there was nothing.
const IDLE: u64 = 20_000;
/// Pauses after a failure.
const PAUSES: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(300));

/// What one message says.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// It is not asked for any more.
    TakenBack(String),
    Turned(Common),
}

/// One message: what follows one another in a commit and is alike.
#[derive(Debug)]
struct Pending {
    /// The last line of it.
    line: u64,
    sequence: u64,
    news: News,
    key: EffectKey,
    /// The first keys, and how many there are.
    keys: Vec<EffectKey>,
    count: usize,
}

/// Reads it off the history, and tells it.
#[derive(Debug, Default)]
pub(super) struct Afterwards {
    /// How far the history was read; absent before the first time.
    read: Option<u64>,
    held: VecDeque<Pending>,
    /// What the commit that is being read may add to.
    open: Option<Pending>,
    /// Up to which line each webhook, and the log, has what there was; without those that were left behind.
    told: BTreeMap<String, u64>,
    /// Who failed is left alone for a while.
    pauses: BTreeMap<String, (Backoff, Option<Instant>)>,
}

impl Afterwards {
    /// Tells what is there to tell, to whoever is not left alone. `name` is the journal's.
    pub(super) async fn tell(
        &mut self,
        (journal, health): (&dyn Journal, &Health),
        name: &str,
        webhooks: &[Webhook],
    ) -> Result<(), JournalError> {
        block_in_place(|| self.read(journal, webhooks))?;
        block_in_place(|| self.log(journal))?;
        for webhook in webhooks {
            while let Some((line, number)) = block_in_place(|| self.begin(journal, webhook))? {
                let Some(one) = self.held.iter().find(|one| one.line == line) else { break };
                let stamp = Stamp::new(name, &webhook.name, number, &one.key);
                let body = match &one.news {
                    News::TakenBack(why) => retraction(&one.key, why, &stamp),
                    News::Turned(common) => turned(common, &one.keys, one.count, &stamp),
                };
                let answer = webhook.post(Letter { id: &stamp.id, title: "", text: &body.to_string() }).await;
                health.told(&webhook.name, answer == Answer::Taken);
                // A refusal is of this message, and the next one may be taken.
                if let Answer::Later { after, .. } = answer {
                    let fresh = || (Backoff::new(PAUSES.0, PAUSES.1), None);
                    let (pauses, until) = self.pauses.entry(webhook.name.clone()).or_insert_with(fresh);
                    *until = Instant::now().checked_add(pauses.pause().max(after.unwrap_or_default()));
                    break;
                }
                self.pauses.remove(&webhook.name);
                block_in_place(|| self.has(journal, &webhook.name, line))?;
            }
        }
        block_in_place(|| self.forget(journal))
    }

    /// A receiver has everything up to that line.
    fn has(&mut self, journal: &dyn Journal, receiver: &str, line: u64) -> Result<(), JournalError> {
        journal.count(&[NextNumber { name: retraction_of(receiver, "told"), to: line }])?;
        self.told.insert(receiver.to_owned(), line);
        Ok(())
    }

    /// Lets go what everybody has.
    fn forget(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        if self.held.len() >= HELD {
            // It would keep everything that comes from all others.
            let behind: Vec<String> = self.told.keys().filter(|name| self.is_left_alone(name)).cloned().collect();
            for name in behind {
                self.told.remove(&name);
            }
        }
        let all = self.told.values().min().copied();
        while self.held.front().is_some_and(|one| all.is_some_and(|all| one.line <= all)) {
            self.held.pop_front();
        }
        // A start must not read all of a long silence again.
        if let (true, None, Some(read)) = (self.held.is_empty(), &self.open, self.read) {
            let late: Vec<String> = self
                .told
                .iter()
                .filter(|(_, told)| read.saturating_sub(**told) > IDLE)
                .map(|(name, _)| name.clone())
                .collect();
            late.iter().try_for_each(|receiver| self.has(journal, receiver, read))?;
        }
        Ok(())
    }

    fn read(&mut self, journal: &dyn Journal, webhooks: &[Webhook]) -> Result<(), JournalError> {
        let receivers: Vec<&str> =
            std::iter::once(LOG).chain(webhooks.iter().map(|webhook| webhook.name.as_str())).collect();
        // One that comes back goes on where the journal says.
        self.told.retain(|name, _| receivers.contains(&name.as_str()));
        for receiver in receivers {
            if self.told.contains_key(receiver) || self.is_left_alone(receiver) {
                continue;
            }
            let told = journal.counter(&retraction_of(receiver, "told"))?;
            if told == 0 {
                // It hears of what comes from now on.
                let now = journal.status()?.lines.max(1);
                self.has(journal, receiver, now)?;
            } else {
                self.told.insert(receiver.to_owned(), told);
            }
            let told = self.told.get(receiver).copied().unwrap_or_default();
            if self.read.is_none_or(|read| read > told) {
                (self.open, self.read) = (None, Some(told));
                self.held.clear();
            }
        }
        while self.held.len() < HELD {
            let Some(read) = self.read else { break };
            let lines = journal.history(read, PAGE)?;
            let Some(last) = lines.last() else { break };
            self.read = Some(last.line);
            lines.into_iter().for_each(|line| self.take(line));
        }
        Ok(())
    }

    /// Takes in the next line of the history.
    fn take(&mut self, line: Line) {
        let Line { line, sequence, last, op, .. } = line;
        if let Some((key, news)) = news_of(op) {
            match &mut self.open {
                Some(open) if matches!(news, News::Turned(_)) && open.news == news && open.sequence == sequence => {
                    open.line = line;
                    open.count = open.count.saturating_add(1);
                    if open.keys.len() < KEYS {
                        open.keys.push(key);
                    }
                }
                Some(_) | None => {
                    let next = Pending { line, sequence, news, key: key.clone(), keys: vec![key], count: 1 };
                    self.held.extend(self.open.replace(next));
                }
            }
        }
        if last {
            self.held.extend(self.open.take());
        }
    }

    /// Writes a line of each that the log does not have.
    fn log(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        let told = self.told.get(LOG).copied().unwrap_or_default();
        let Some(last) = self.held.back().map(|one| one.line).filter(|last| *last > told) else { return Ok(()) };
        for one in self.held.iter().filter(|one| one.line > told) {
            let (key, count) = (one.key.as_str(), one.count);
            match &one.news {
                News::TakenBack(why) => tracing::info!(key, "{key} is taken back: {why}"),
                News::Turned(common) => {
                    let sentence = common.sentence(&one.key, count);
                    match common.priority() {
                        Priority::Urgent => tracing::error!(key, count, "{sentence}"),
                        Priority::High | Priority::Normal => tracing::warn!(key, count, "{sentence}"),
                    }
                }
            }
        }
        self.has(journal, LOG, last)
    }

    /// Whether it failed a moment ago.
    fn is_left_alone(&self, receiver: &str) -> bool {
        let until = self.pauses.get(receiver).and_then(|(_, until)| *until);
        until.is_some_and(|until| until > Instant::now())
    }

    /// The next one for a webhook, with its number; makes both durable. `None` when there is none, or it is left alone.
    fn begin(&self, journal: &dyn Journal, webhook: &Webhook) -> Result<Option<(u64, u64)>, JournalError> {
        let Some(told) = self.told.get(&webhook.name).copied() else { return Ok(None) };
        let Some(one) = self.held.iter().find(|one| one.line > told) else { return Ok(None) };
        if webhook.rests().is_some() || self.is_left_alone(&webhook.name) {
            return Ok(None);
        }
        let (next, used) = (retraction_of(&webhook.name, "next"), retraction_of(&webhook.name, "number"));
        if journal.counter(&next)? == one.line {
            return Ok(Some((one.line, journal.counter(&used)?)));
        }
        let counter = number_of(&webhook.name);
        let number = journal.counter(&counter)?.saturating_add(1);
        journal.count(&[
            NextNumber { name: counter, to: number },
            NextNumber { name: used, to: number },
            NextNumber { name: next, to: one.line },
        ])?;
        Ok(Some((one.line, number)))
    }
}

/// What a change is to be told of, and of which action.
fn news_of(op: Op) -> Option<(EffectKey, News)> {
    if let Some((key, common)) = Common::of(&op) {
        return Some((key.clone(), News::Turned(common)));
    }
    let (key, why) = match op {
        // One that was never begun was never told.
        Op::Finished(ended) if ended.phase == Phase::Dropped && ended.again && ended.generation > 0 => {
            (ended.key, ended.reason.unwrap_or_default())
        }
        Op::Note(note) => note.of_taken_back()?,
        Op::Finished(_)
        | Op::Planned(_)
        | Op::Moved { .. }
        | Op::Cursor { .. }
        | Op::Spent { .. }
        | Op::Counted { .. }
        | Op::Kept(_) => return None,
    };
    Some((key, News::TakenBack(why)))
}
