//! Telling: due actions are taken from the journal one lease after the other, logged, posted to every webhook, and settled.
//!
//! It is looked first whether there is still anything to tell: a coinbase that the key files name by now is none. Which webhooks
//! took it is durable before the next one is asked, so a crash repeats one post at most, and that has the same id. Each receiver has
//! a count of its own, which goes up with the intent to post. People are told by the crier, from the journal's history.

mod afterwards;
mod channels;
mod chat;
mod counters;
mod crier;
mod digest;
mod lane;
mod message;
mod named;
mod offer;
mod pace;
mod plain;
mod progress;
mod turn;
mod wording;

use std::sync::Arc;
use std::time::Duration;

use butler_core::config::WatcherConfig;
use butler_core::domain::action::Action;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::{Instant, timeout};

use self::afterwards::Afterwards;
use self::channels::channel::{Answer, Letter};
use self::channels::webhook::Webhook;
use self::counters::{LOG, number_of};
pub use self::crier::Crier;
use self::message::Stamp;
pub use self::named::{Configured, Named};
pub use self::offer::{ChannelError, Channels};
use self::progress::Progress;
use crate::health::Health;
use crate::journal::{
    Claim, Entry, Journal, JournalError, Leased, NextNumber, Outcome, Query, Renewal, Settlement, Status, Work,
};
use crate::waiting::{WAITING, Waiting};

/// Actions that are claimed at once where they are only logged. What is posted is claimed one by one: whatever a kill leaves
/// claimed waits until its lease has run out.
const AT_ONCE: usize = 200;
/// How long a lease lasts, beside the deadline of the webhook that is asked next.
const LEASE: Duration = Duration::from_secs(30);
/// How long after something was asked of somebody it is first looked whether it is so.
const LOOK: Duration = Duration::from_secs(30);
/// Actions of a phase that are shown at most.
const SHOWN: usize = 100;
/// How long nothing is looked for where nothing is new.
const QUIET: Duration = Duration::from_secs(5);

/// Tells what is due.
#[derive(Debug)]
pub struct Teller {
    channels: watch::Receiver<Channels>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    news: Arc<Notify>,
    configured: watch::Receiver<Configured>,
    wishes: watch::Receiver<Arc<WatcherConfig>>,
}

impl Teller {
    /// Tells through these channels.
    #[must_use]
    pub fn new(
        channels: watch::Receiver<Channels>,
        (journal, health, news): (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
        configured: watch::Receiver<Configured>,
        wishes: watch::Receiver<Arc<WatcherConfig>>,
    ) -> Self {
        Self { channels, journal, health, news, configured, wishes }
    }

    /// Tells until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(self) -> Result<(), JournalError> {
        let (mut streak, mut afterwards, mut seen) = (FailureStreak::default(), Afterwards::default(), None);
        // Of nothing else: not of a copy that was taken over, nor of an export that was read in.
        let name = block_in_place(|| self.journal.status())?.place;
        let mut looked_at = Instant::now();
        loop {
            let webhooks = Arc::clone(&self.channels.borrow().webhooks);
            let mut turn = self.turn(&name, &webhooks).await;
            // The history is read when there is nothing else to tell, and now and then.
            if turn.as_ref().is_ok_and(|told| *told < limit(&webhooks)) || looked_at.elapsed() > QUIET {
                looked_at = Instant::now();
                let told = afterwards.tell((self.journal.as_ref(), &self.health), &name, &webhooks).await;
                turn = turn.and_then(|count| told.map(|()| count));
            }
            match turn {
                Ok(told) => {
                    streak.ended();
                    let status = block_in_place(|| self.journal.status())?;
                    if seen.replace(status.sequence) != Some(status.sequence) {
                        self.health.waits(block_in_place(|| waiting(self.journal.as_ref(), &status))?);
                    }
                    self.health.journal(Some(status));
                    if told == limit(&webhooks) {
                        continue;
                    }
                }
                Err(error @ JournalError::Full { .. }) => {
                    self.health.journal(None);
                    if streak.failed().is_some() {
                        tracing::error!("nothing is told: {}", one_line(&error));
                    }
                }
                Err(error) => return Err(error),
            }
            // Whatever is due later comes due without news.
            let _ = timeout(QUIET, self.news.notified()).await;
        }
    }

    /// Tells what is due; how many actions that was.
    async fn turn(&self, name: &str, webhooks: &[Webhook]) -> Result<usize, JournalError> {
        // Telling is never too late: no deadline has passed at the time 0.
        let holds = self.wishes.borrow().holds(unix_now());
        let ask = Claim { limit: limit(webhooks), lease: LEASE, chain_time: 0, holds, work: Work::Tell };
        let leased = block_in_place(|| self.journal.claim(&ask))?;
        let count = leased.len();
        let mut settlements = Vec::with_capacity(count);
        for leased in leased {
            let outcome = self.tell(&leased, name, webhooks).await?;
            let Some(outcome) = outcome else { continue };
            settlements.push(Settlement { lease: leased.lease, outcome });
        }
        if !settlements.is_empty() {
            block_in_place(|| self.journal.settle(&settlements))?;
        }
        Ok(count)
    }

    /// How telling one action ended; `None` when its lease was lost. `name` is the journal's.
    async fn tell(&self, leased: &Leased, name: &str, webhooks: &[Webhook]) -> Result<Option<Outcome>, JournalError> {
        let entry = &leased.entry;
        if let Some(proof) = self.fulfilled(&entry.action) {
            return Ok(Some(Outcome::Proven { proof: Some(proof.to_owned()) }));
        }
        let mut progress = Progress::of(entry.standing.intent.as_ref());
        if progress.sent.insert(LOG.to_owned()) {
            message::log(entry);
            self.health.told(LOG, true);
        }
        let mut later = None;
        for webhook in webhooks {
            if progress.is_over(&webhook.name) {
                continue;
            }
            if let Some(left) = webhook.rests() {
                later = Some((Some(left), format!("the webhook {} did not answer and is left alone", webhook.name)));
                continue;
            }
            let Some(sequence) = self.intend(leased, &mut progress, webhook)? else { return Ok(None) };
            let stamp = Stamp::new(name, &webhook.name, sequence, &entry.action.key);
            let body = message::body(entry, &stamp).to_string();
            let answer = webhook.post(Letter { id: &stamp.id, title: &entry.action.why, text: &body }).await;
            self.health.told(&webhook.name, answer == Answer::Taken);
            match answer {
                Answer::Taken => {
                    progress.sent.insert(webhook.name.clone());
                }
                // One that is down keeps nothing from the others.
                Answer::Later { after, why } => later = Some((after, format!("the webhook {} {why}", webhook.name))),
                Answer::Refused(why) => {
                    progress.refused.insert(webhook.name.clone(), why);
                }
            }
        }
        if let Some((after, reason)) = later {
            let renewal = Renewal { lease: LEASE, intent: Some(progress.intent(None)), number: None };
            return match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                Ok(_) => Ok(Some(Outcome::Retry { after, reason })),
                Err(JournalError::LostLease { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        Ok(Some(match progress.refusals() {
            Some(reason) => Outcome::Refused { reason },
            None if entry.standing.policy.acts() => {
                // What is done is done by whoever was told: the key files show when it is.
                let renewal = Renewal { lease: LEASE, intent: Some(progress.intent(None)), number: None };
                match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                    Ok(_) => Outcome::Acted { look_after: LOOK },
                    Err(JournalError::LostLease { .. }) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
            None => Outcome::Proven { proof: None },
        }))
    }

    /// Why there is nothing to tell any more.
    fn fulfilled(&self, action: &Action) -> Option<&'static str> {
        self.configured.borrow().get(&action.place).and_then(|named| named.fulfils(action))
    }

    /// Makes durable that a webhook is asked next, and under which number; `None` when the lease was lost. The intent first, then the
    /// bytes. A further try has the number of the first.
    fn intend(&self, leased: &Leased, progress: &mut Progress, webhook: &Webhook) -> Result<Option<u64>, JournalError> {
        let lease = LEASE.saturating_add(webhook.timeout());
        let counter = number_of(&webhook.name);
        let (sequence, number) = match progress.numbers.get(&webhook.name) {
            Some(sequence) => (*sequence, None),
            None => {
                let to = block_in_place(|| self.journal.counter(&counter))?.saturating_add(1);
                (to, Some(NextNumber { name: counter, to }))
            }
        };
        progress.numbers.insert(webhook.name.clone(), sequence);
        let renewal = Renewal { lease, intent: Some(progress.intent(Some(&webhook.name))), number };
        match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
            Ok(_) => Ok(Some(sequence)),
            Err(JournalError::LostLease { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The actions that wait for a person, the oldest of each page first.
fn waiting(journal: &dyn Journal, status: &Status) -> Result<Vec<Waiting>, JournalError> {
    let mut waiting = Vec::new();
    for phase in WAITING {
        // Where there is none, nothing is read.
        if !status.counts.values().any(|phases| phases.get(&phase).is_some_and(|count| *count > 0)) {
            continue;
        }
        let page = journal.read(&Query { phase: Some(phase), after: None, limit: SHOWN })?;
        waiting.extend(page.live.into_iter().map(|Entry { action, standing }| Waiting {
            key: action.key,
            kind: action.kind,
            phase,
            why: action.why,
            reason: standing.reason,
            since: standing.due / 1000,
            until: action.until,
            approved_by: standing.approved_by,
        }));
    }
    waiting.sort_by_key(|one| (one.phase, one.since));
    Ok(waiting)
}

/// The most actions that are claimed at once.
fn limit(webhooks: &[Webhook]) -> usize {
    if webhooks.is_empty() { AT_ONCE } else { 1 }
}

#[cfg(test)]
mod tests;
