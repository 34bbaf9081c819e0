//! Telling: due actions are taken from the journal one lease after the other, logged, posted to every webhook, and settled.
//!
//! It is looked first whether there is still anything to tell: a coinbase that the key files name by now is none. Which webhooks
//! took it is durable before the next one is asked, so a crash repeats one post at most, and that has the same key.

mod message;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::http::HttpSetupError;
use butler_core::config::WatcherConfig;
use butler_core::domain::action::{ActionSubject, Goal};
use butler_core::domain::ids::Coinbase;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use ethers_core::types::Address;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::timeout;

use self::webhook::{Posted, Webhook};
use crate::board::Board;
use crate::journal::{Claim, Journal, JournalError, Leased, Outcome, Renewal, Settlement};

/// Actions that are claimed at once where they are only logged. What is posted is claimed one by one: whatever a kill leaves
/// claimed waits until its lease has run out.
const AT_ONCE: usize = 200;
/// How long a lease lasts, beside the deadline of the webhook that is asked next.
const LEASE: Duration = Duration::from_secs(30);
/// How long nothing is looked for where nothing is new.
const QUIET: Duration = Duration::from_secs(5);

/// The coinbases that key files name now, by attester: what the last look at them found.
pub type Configured = BTreeMap<Address, BTreeSet<Coinbase>>;

/// Tells what is due.
#[derive(Debug)]
pub struct Teller {
    webhooks: Vec<Webhook>,
    journal: Arc<dyn Journal>,
    board: Arc<Board>,
    news: Arc<Notify>,
    configured: watch::Receiver<Configured>,
}

impl Teller {
    /// Prepares the webhooks; connects to none.
    ///
    /// # Errors
    /// One that cannot be used.
    pub fn new(
        config: &WatcherConfig,
        (journal, board, news): (Arc<dyn Journal>, Arc<Board>, Arc<Notify>),
        configured: watch::Receiver<Configured>,
    ) -> Result<Self, HttpSetupError> {
        let posted_to = if config.dry_run { &[] } else { config.webhooks.as_slice() };
        let webhooks = posted_to.iter().map(Webhook::new).collect::<Result<_, _>>()?;
        Ok(Self { webhooks, journal, board, news, configured })
    }

    /// Tells until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(self) -> Result<(), JournalError> {
        let mut streak = FailureStreak::default();
        loop {
            match self.turn().await {
                Ok(told) => {
                    streak.ended();
                    self.board.journal(block_in_place(|| self.journal.status()).ok());
                    if told == self.limit() {
                        continue;
                    }
                }
                Err(error @ JournalError::Full { .. }) => {
                    self.board.journal(None);
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

    /// The most actions that are claimed at once.
    fn limit(&self) -> usize {
        if self.webhooks.is_empty() { AT_ONCE } else { 1 }
    }

    /// Tells what is due; how many actions that was.
    async fn turn(&self) -> Result<usize, JournalError> {
        // Telling is never too late: no deadline has passed at the time 0.
        let ask = Claim { limit: self.limit(), lease: LEASE, chain_time: 0 };
        let leased = block_in_place(|| self.journal.claim(&ask))?;
        let count = leased.len();
        let mut settlements = Vec::with_capacity(count);
        for leased in leased {
            let outcome = self.tell(&leased).await?;
            let Some(outcome) = outcome else { continue };
            settlements.push(Settlement { lease: leased.lease, outcome });
        }
        if !settlements.is_empty() {
            block_in_place(|| self.journal.settle(&settlements))?;
        }
        Ok(count)
    }

    /// How telling one action ended; `None` when its lease was lost.
    async fn tell(&self, leased: &Leased) -> Result<Option<Outcome>, JournalError> {
        let entry = &leased.entry;
        if let Some(proof) = self.is_done(leased) {
            return Ok(Some(Outcome::Proven { proof: Some(proof) }));
        }
        let mut sent = sent_before(entry.standing.intent.as_ref());
        if sent.insert(LOG.to_owned()) {
            message::log(&entry.action);
            self.board.told(LOG, true);
        }
        if self.webhooks.is_empty() {
            return Ok(Some(Outcome::Proven { proof: None }));
        }
        let body = message::body(entry).to_string().into_bytes();
        let (mut refused, mut later) = (Vec::new(), None);
        for webhook in self.webhooks.iter().filter(|webhook| !sent.contains(&webhook.name)).collect::<Vec<_>>() {
            // The intent first, then the bytes.
            let lease = LEASE.saturating_add(webhook.timeout());
            let renewal = Renewal { lease, intent: Some(json!({ "sent": sent, "next": webhook.name })) };
            match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                Ok(_) => {}
                Err(JournalError::LostLease { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            let posted = webhook.post(body.clone()).await;
            self.board.told(&webhook.name, posted == Posted::Taken);
            match posted {
                Posted::Taken => {
                    sent.insert(webhook.name.clone());
                }
                // One that is down keeps nothing from the others.
                Posted::Later { after, why } => later = Some((after, format!("the webhook {} {why}", webhook.name))),
                Posted::Refused(why) => refused.push(format!("the webhook {} {why}", webhook.name)),
            }
        }
        if let Some((after, reason)) = later {
            // Who has it already is not asked the next time.
            let renewal = Renewal { lease: LEASE, intent: Some(json!({ "sent": sent })) };
            return match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                Ok(_) => Ok(Some(Outcome::Retry { after, reason })),
                Err(JournalError::LostLease { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        if refused.is_empty() {
            Ok(Some(Outcome::Proven { proof: None }))
        } else {
            Ok(Some(Outcome::Refused { reason: refused.join("; ") }))
        }
    }

    /// Why there is nothing to tell any more.
    fn is_done(&self, leased: &Leased) -> Option<String> {
        let Goal::CoinbaseConfigured { coinbase, .. } = &leased.entry.action.goal else { return None };
        let ActionSubject::Attester(attester) = &leased.entry.action.subject else { return None };
        let configured = self.configured.borrow();
        let named = configured.get(attester)?;
        (named.len() == 1 && named.contains(coinbase)).then(|| "the key files name this coinbase".to_owned())
    }
}

/// The channel that is always there.
const LOG: &str = "log";

/// The channels that had it before.
fn sent_before(intent: Option<&Value>) -> BTreeSet<String> {
    let sent = intent.and_then(|intent| intent.get("sent")).and_then(Value::as_array);
    sent.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
