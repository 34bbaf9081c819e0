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
use crate::health::Health;
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

/// The webhooks in effect; a new configuration brings others.
#[derive(Debug, Clone, Default)]
pub struct Channels(Arc<Vec<Webhook>>);

impl Channels {
    /// Prepares the webhooks of a configuration; connects to none.
    ///
    /// # Errors
    /// One that cannot be used.
    pub fn new(config: &WatcherConfig) -> Result<Self, HttpSetupError> {
        let posted_to = if config.dry_run { &[] } else { config.webhooks.as_slice() };
        let webhooks = posted_to.iter().map(Webhook::new).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(webhooks)))
    }
}

/// Tells what is due.
#[derive(Debug)]
pub struct Teller {
    channels: watch::Receiver<Channels>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    news: Arc<Notify>,
    configured: watch::Receiver<Configured>,
}

impl Teller {
    /// Tells through these channels.
    #[must_use]
    pub fn new(
        channels: watch::Receiver<Channels>,
        (journal, health, news): (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
        configured: watch::Receiver<Configured>,
    ) -> Self {
        Self { channels, journal, health, news, configured }
    }

    /// Tells until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(self) -> Result<(), JournalError> {
        let mut streak = FailureStreak::default();
        loop {
            let webhooks = Arc::clone(&self.channels.borrow().0);
            match self.turn(&webhooks).await {
                Ok(told) => {
                    streak.ended();
                    self.health.journal(block_in_place(|| self.journal.status()).ok());
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
    async fn turn(&self, webhooks: &[Webhook]) -> Result<usize, JournalError> {
        // Telling is never too late: no deadline has passed at the time 0.
        let ask = Claim { limit: limit(webhooks), lease: LEASE, chain_time: 0 };
        let leased = block_in_place(|| self.journal.claim(&ask))?;
        let count = leased.len();
        let mut settlements = Vec::with_capacity(count);
        for leased in leased {
            let outcome = self.tell(&leased, webhooks).await?;
            let Some(outcome) = outcome else { continue };
            settlements.push(Settlement { lease: leased.lease, outcome });
        }
        if !settlements.is_empty() {
            block_in_place(|| self.journal.settle(&settlements))?;
        }
        Ok(count)
    }

    /// How telling one action ended; `None` when its lease was lost.
    async fn tell(&self, leased: &Leased, webhooks: &[Webhook]) -> Result<Option<Outcome>, JournalError> {
        let entry = &leased.entry;
        if let Some(proof) = self.is_done(leased) {
            return Ok(Some(Outcome::Proven { proof: Some(proof) }));
        }
        let (mut sent, mut refused) = before(entry.standing.intent.as_ref());
        if sent.insert(LOG.to_owned()) {
            message::log(&entry.action);
            self.health.told(LOG, true);
        }
        let body = message::body(entry).to_string().into_bytes();
        let mut later = None;
        for webhook in webhooks {
            // Who has it is not asked again, and neither is who refused it for good.
            if sent.contains(&webhook.name) || refused.contains_key(&webhook.name) {
                continue;
            }
            if let Some(left) = webhook.rests() {
                later = Some((Some(left), format!("the webhook {} did not answer and is left alone", webhook.name)));
                continue;
            }
            // The intent first, then the bytes.
            let lease = LEASE.saturating_add(webhook.timeout());
            let renewal =
                Renewal { lease, intent: Some(json!({ "sent": sent, "refused": refused, "next": webhook.name })) };
            match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                Ok(_) => {}
                Err(JournalError::LostLease { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
            let posted = webhook.post(body.clone()).await;
            self.health.told(&webhook.name, posted == Posted::Taken);
            match posted {
                Posted::Taken => {
                    sent.insert(webhook.name.clone());
                }
                // One that is down keeps nothing from the others.
                Posted::Later { after, why } => later = Some((after, format!("the webhook {} {why}", webhook.name))),
                Posted::Refused(why) => {
                    refused.insert(webhook.name.clone(), why);
                }
            }
        }
        if let Some((after, reason)) = later {
            let renewal = Renewal { lease: LEASE, intent: Some(json!({ "sent": sent, "refused": refused })) };
            return match block_in_place(|| self.journal.renew(&leased.lease, &renewal)) {
                Ok(_) => Ok(Some(Outcome::Retry { after, reason })),
                Err(JournalError::LostLease { .. }) => Ok(None),
                Err(error) => Err(error),
            };
        }
        if refused.is_empty() {
            Ok(Some(Outcome::Proven { proof: None }))
        } else {
            let refusals = refused.iter().map(|(name, why)| format!("the webhook {name} {why}"));
            Ok(Some(Outcome::Refused { reason: refusals.collect::<Vec<_>>().join("; ") }))
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

/// The most actions that are claimed at once.
fn limit(webhooks: &[Webhook]) -> usize {
    if webhooks.is_empty() { AT_ONCE } else { 1 }
}

/// The channels that had it before, and those that refused it for good, with why.
fn before(intent: Option<&Value>) -> (BTreeSet<String>, BTreeMap<String, String>) {
    let part = |name: &str| intent.and_then(|intent| intent.get(name));
    let sent = part("sent").and_then(Value::as_array).into_iter().flatten();
    let refused = part("refused").and_then(Value::as_object).into_iter().flatten();
    (
        sent.filter_map(Value::as_str).map(str::to_owned).collect(),
        refused.filter_map(|(name, why)| Some((name.clone(), why.as_str()?.to_owned()))).collect(),
    )
}
