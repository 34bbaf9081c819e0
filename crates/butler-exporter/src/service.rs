//! What the service manager hears, and the signals that it and people send.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::interval;

use crate::http::Site;

/// The signals that mean something. From the moment when this exists none of them ends the process by itself.
#[derive(Debug)]
pub(crate) struct Signals {
    /// End.
    pub(crate) stop: Stop,
    /// Read the configuration and the key files again.
    pub(crate) hangup: Signal,
    /// Means nothing, and must not end the process, as it would by default.
    pub(crate) meaningless: Meaningless,
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub(crate) struct Stop(Signal, Signal);

/// SIGUSR1 and SIGUSR2.
#[derive(Debug)]
pub(crate) struct Meaningless(Signal, Signal);

impl Signals {
    /// Listens from now on; needs a runtime.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            stop: Stop(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?),
            hangup: signal(SignalKind::hangup())?,
            meaningless: Meaningless(signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?),
        })
    }
}

impl Stop {
    /// Ends when the process is asked to end, and tells the service manager.
    pub(crate) async fn wait(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
        tracing::info!("stopping");
        notify(&[NotifyState::Stopping]);
    }
}

impl Meaningless {
    /// Tells whoever sends one that it means nothing.
    pub(crate) async fn swallow(mut self) {
        loop {
            let name = tokio::select! {
                _ = self.0.recv() => "SIGUSR1",
                _ = self.1.recv() => "SIGUSR2",
            };
            tracing::warn!("{name} means nothing to this program (hint: SIGHUP reads the configuration again)");
        }
    }
}

/// Everything is set up.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is about to be read again. `ready` follows in every case.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("failed to read the monotonic clock: {error}"),
    }
}

/// Tells the service manager that the scrapers are at work, as often as it wants to hear it.
pub(crate) async fn feed_watchdog(site: Arc<Site>) {
    let mut microseconds = 0;
    if !sd_notify::watchdog_enabled(false, &mut microseconds) {
        return;
    }
    let mut ticks = interval(Duration::from_micros(microseconds / 2).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        if site.is_alive() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, state) {
        tracing::debug!("failed to notify the service manager: {error}");
    }
}
