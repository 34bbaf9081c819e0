//! OTLP: the figures of `/metrics`, pushed to a collector by HTTP as JSON. Only with the feature `otlp`.
//!
//! A push that fails is logged the first time, every tenth time and when it is over. Nothing is kept for later: the next push has
//! the figures of its own time. What the collector says is not logged.

mod encode;

use std::sync::Arc;
use std::time::Duration;

use butler_core::client::http::{HttpPeer, HttpSettings};
use butler_core::config::{Config, OtlpConfig};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::Chain;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::slots::Slots;
use crate::slots::View;

/// How long a push may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest answer; there is nothing to learn from it.
const ANSWER_BYTES: usize = 64 * 1024;

/// Pushes to the collector that the configuration names, again and again.
pub(crate) async fn keep_pushed(slots: Arc<Slots>, mut config: watch::Receiver<Arc<Config>>) {
    let began = unix_now();
    let mut streak = FailureStreak::default();
    loop {
        let current = config.borrow_and_update().exporter.outputs.otlp.clone();
        let Some(otlp) = current else {
            if config.changed().await.is_err() {
                return;
            }
            continue;
        };
        match push(&slots, &otlp, began).await {
            Ok(()) => {
                if let Some(failures) = streak.ended() {
                    tracing::info!(failures, "the collector takes figures again after {failures} failures");
                }
            }
            Err(why) => {
                if let Some(failures) = streak.failed() {
                    tracing::warn!(failures, "failed to push to the collector at {}: {why}", otlp.url);
                }
            }
        }
        // Another configuration is pushed at once.
        let _ = timeout(otlp.interval, config.changed()).await;
    }
}

async fn push(slots: &Slots, otlp: &OtlpConfig, began: u64) -> Result<(), String> {
    let settings = HttpSettings {
        url: otlp.url.expose().clone(),
        authorization: None,
        api_key: None,
        timeout: PATIENCE,
        max_response_bytes: ANSWER_BYTES,
        ca_file: None,
        clock: unix_now,
    };
    let peer = HttpPeer::new(&settings).map_err(|error| Chain(&error).to_string())?;
    let views: Vec<View> = slots.slots().iter().map(|slot| slot.view()).collect();
    let body = encode::request(&slots.samples(unix_now()), &views, began, unix_now());
    let body = body.map_err(|error| format!("the figures cannot be written: {error}"))?;
    match peer.post(body).await {
        Ok(answer) if (200..300).contains(&answer.status) => Ok(()),
        Ok(answer) => Err(format!("HTTP {}", answer.status)),
        Err(failure) => Err(failure.kind().name().to_owned()),
    }
}
