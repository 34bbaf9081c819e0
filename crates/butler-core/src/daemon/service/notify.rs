//! What the service manager hears. Without one, nothing is said.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::time::interval;

/// Everything is set up.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// The configuration is about to be read again. `ready` follows in every case.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::debug!("failed to read the monotonic clock: {error}"),
    }
}

/// The end has begun.
pub(super) fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Tells the service manager that the program is at work, as often as it wants to hear it, while `is_alive` says so.
pub async fn feed_watchdog(is_alive: impl Fn() -> bool) {
    let mut microseconds = 0;
    if !sd_notify::watchdog_enabled(false, &mut microseconds) {
        return;
    }
    let mut ticks = interval(Duration::from_micros(microseconds / 2).max(Duration::from_millis(10)));
    loop {
        ticks.tick().await;
        if is_alive() {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(false, state) {
        tracing::debug!("failed to notify the service manager: {error}");
    }
}
