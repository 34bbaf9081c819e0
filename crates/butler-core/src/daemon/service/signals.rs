//! The signals that people and the service manager send.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::notify::stopping;

/// The signals that mean something. From the moment when this exists none of them ends the process by itself.
#[derive(Debug)]
pub struct Signals {
    /// End.
    pub stop: Stop,
    /// Read the configuration and the key files again.
    pub hangup: Hangup,
    /// Means nothing, and must not end the process, as it would by default.
    pub ignored: Ignored,
}

/// SIGTERM and SIGINT.
#[derive(Debug)]
pub struct Stop(Signal, Signal);

/// SIGHUP.
#[derive(Debug)]
pub struct Hangup(Signal);

/// SIGUSR1 and SIGUSR2.
#[derive(Debug)]
pub struct Ignored(Signal, Signal);

impl Signals {
    /// Listens from now on; needs a runtime.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            stop: Stop(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?),
            hangup: Hangup(signal(SignalKind::hangup())?),
            ignored: Ignored(signal(SignalKind::user_defined1())?, signal(SignalKind::user_defined2())?),
        })
    }
}

impl Stop {
    /// Ends when the process is asked to end, and tells the service manager.
    pub async fn wait(mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
        tracing::info!("stopping");
        stopping();
    }
}

impl Hangup {
    /// Ends when the process is asked to read its files again.
    pub async fn wait(&mut self) {
        self.0.recv().await;
    }
}

impl Ignored {
    /// Tells whoever sends one that it means nothing.
    pub async fn answer(mut self) {
        loop {
            let name = tokio::select! {
                _ = self.0.recv() => "SIGUSR1",
                _ = self.1.recv() => "SIGUSR2",
            };
            tracing::warn!("{name} means nothing to this program (hint: SIGHUP reads the configuration again)");
        }
    }
}
