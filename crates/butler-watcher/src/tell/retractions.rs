//! What was posted to webhooks and is not asked for any more: a message of its own, numbered among the others.
//!
//! Up to which line of the history that was done is durable for each webhook, with the number that is used next, before a message
//! leaves; so a kill in between repeats one post with the same id and number.

use std::collections::{BTreeMap, VecDeque};

use butler_core::domain::action::{EffectKey, Phase};
use tokio::task::block_in_place;

use super::channels::channel::{Answer, Letter};
use super::channels::webhook::Webhook;
use super::counters::{number_of, retraction_of};
use super::message::{Stamp, retraction};
use crate::health::Health;
use crate::journal::{Journal, JournalError, NextNumber, Op};

/// Lines of the history that are read at once.
const PAGE: usize = 5_000;
/// The most retractions that are held until every webhook has them.
const HELD: usize = 10_000;

/// One thing that is not asked for any more.
#[derive(Debug)]
struct Retracted {
    line: u64,
    key: EffectKey,
    why: String,
}

/// Reads what was taken back off the history, and posts it.
#[derive(Debug, Default)]
pub(super) struct Retractions {
    /// How far the history was read; absent before the first webhook.
    read: Option<u64>,
    held: VecDeque<Retracted>,
    /// Up to which line each webhook has what there was.
    told: BTreeMap<String, u64>,
}

impl Retractions {
    /// Posts what is there to post, to whoever is not left alone. `name` is the journal's.
    pub(super) async fn tell(
        &mut self,
        (journal, health): (&dyn Journal, &Health),
        name: &str,
        webhooks: &[Webhook],
    ) -> Result<(), JournalError> {
        if webhooks.is_empty() {
            return Ok(());
        }
        block_in_place(|| self.read(journal, webhooks))?;
        for webhook in webhooks {
            while let Some((line, number)) = block_in_place(|| self.begin(journal, webhook))? {
                let Some(one) = self.held.iter().find(|one| one.line == line) else { break };
                let stamp = Stamp::new(name, &webhook.name, number, &one.key);
                let body = retraction(&one.key, &one.why, &stamp).to_string();
                let answer = webhook.post(Letter { id: &stamp.id, title: "", text: &body }).await;
                health.told(&webhook.name, answer == Answer::Taken);
                // A refusal is of this message, and the next one may be taken.
                if let Answer::Later { .. } = answer {
                    break;
                }
                let to = retraction_of(&webhook.name, "told");
                block_in_place(|| journal.count(&[NextNumber { name: to, to: line }]))?;
                self.told.insert(webhook.name.clone(), line);
            }
        }
        let all = webhooks.iter().filter_map(|webhook| self.told.get(&webhook.name)).min().copied();
        while self.held.front().is_some_and(|one| all.is_some_and(|all| one.line <= all)) {
            self.held.pop_front();
        }
        Ok(())
    }

    fn read(&mut self, journal: &dyn Journal, webhooks: &[Webhook]) -> Result<(), JournalError> {
        for webhook in webhooks {
            if self.told.contains_key(&webhook.name) {
                continue;
            }
            let counter = retraction_of(&webhook.name, "told");
            let mut told = journal.counter(&counter)?;
            if told == 0 {
                // It hears of what is taken back from now on.
                told = journal.status()?.lines.max(1);
                journal.count(&[NextNumber { name: counter, to: told }])?;
            }
            if self.read.is_none_or(|read| read > told) {
                self.held.clear();
                self.read = Some(told);
            }
            self.told.insert(webhook.name.clone(), told);
        }
        while self.held.len() < HELD {
            let Some(read) = self.read else { break };
            let lines = journal.history(read, PAGE)?;
            let Some(last) = lines.last() else { break };
            self.read = Some(last.line);
            let taken_back = lines.into_iter().filter_map(|line| {
                let (key, why) = match line.op {
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
                    | Op::Counted { .. } => return None,
                };
                Some(Retracted { line: line.line, key, why })
            });
            self.held.extend(taken_back);
        }
        Ok(())
    }

    /// The next one for a webhook, with its number; makes both durable. `None` when there is none, or it is left alone.
    fn begin(&self, journal: &dyn Journal, webhook: &Webhook) -> Result<Option<(u64, u64)>, JournalError> {
        let told = self.told.get(&webhook.name).copied().unwrap_or_default();
        let Some(one) = self.held.iter().find(|one| one.line > told) else { return Ok(None) };
        if webhook.rests().is_some() {
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
