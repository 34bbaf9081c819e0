//! Telling somebody outside that the watcher goes on: whoever waits there notices that it does not.

use std::sync::Arc;

use butler_core::client::error::RpcFailure;
use butler_core::client::http::{HttpPeer, HttpSetupError};
use butler_core::config::{HeartbeatConfig, WatcherConfig};
use butler_core::network::http_settings;
use butler_core::runtime::failures::FailureStreak;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::health::Health;

/// Where it is told, and how often.
#[derive(Debug)]
struct Ear {
    peer: HttpPeer,
    config: HeartbeatConfig,
}

/// What is asked while every network is followed; a new configuration brings another.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heartbeat(Option<Arc<Ear>>);

impl Heartbeat {
    /// Prepares what is asked; connects to nobody.
    ///
    /// # Errors
    /// It cannot be used.
    pub(crate) fn new(config: &WatcherConfig) -> Result<Self, HttpSetupError> {
        let Some(config) = config.heartbeat.clone() else { return Ok(Self(None)) };
        let peer = HttpPeer::new(&http_settings(&config.endpoint))?;
        Ok(Self(Some(Arc::new(Ear { peer, config }))))
    }
}

/// Asks until it is dropped. Nobody is asked while a network is not followed or the journal refuses.
pub(crate) async fn beat(mut heartbeat: watch::Receiver<Heartbeat>, health: Arc<Health>) {
    let mut streak = FailureStreak::default();
    loop {
        let Heartbeat(ear) = heartbeat.borrow_and_update().clone();
        let Some(ear) = ear else {
            if heartbeat.changed().await.is_err() {
                return;
            }
            continue;
        };
        if health.is_well() {
            let answer = ear.peer.get(&[], &[]).await;
            let problem = match &answer {
                Ok(answer) if (200..300).contains(&answer.status) => None,
                Ok(answer) => Some(format!("answers {}", answer.status)),
                Err(failure) => Some(unanswered(failure)),
            };
            health.beat(problem.is_none());
            match problem {
                None => streak
                    .ended()
                    .map_or((), |failures| tracing::info!("the heartbeat is taken again after {failures} failures")),
                Some(problem) if streak.failed().is_some() => {
                    tracing::warn!("the heartbeat is not taken: {} {problem}", ear.peer.host());
                }
                Some(_) => {}
            }
        }
        tokio::select! {
            () = sleep(ear.config.interval) => {}
            changed = heartbeat.changed() => if changed.is_err() { return },
        }
    }
}

fn unanswered(failure: &RpcFailure) -> String {
    format!("does not answer ({})", failure.kind().name())
}
