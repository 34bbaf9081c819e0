//! A reload of the signer: it is answered before it is done, and told about afterwards.

use std::time::Duration;

use tokio::time::Instant;

use super::State;

/// What goes wrong with reloads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Takes the request, does nothing and never answers.
    Hang,
    /// Reloads and closes without an answer.
    Close,
    /// Answers with this status, without reloading.
    Status(u16),
    /// A web page with status 200, without reloading.
    Page,
    /// Accepted, and then nothing could be loaded.
    Fails,
    /// Accepted, and then so many keys could not be loaded, the first ones of its folder.
    Errors(usize),
    /// Accepted, and done only after that long; other reloads are refused meanwhile.
    Slow(Duration),
}

/// Where the last reload is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reloading {
    Idle,
    /// Until then, when this fault decides how it ends.
    Running {
        until: Instant,
        fault: Option<Fault>,
    },
    /// The status' name, and the last error.
    Done(&'static str, Option<String>),
}

impl Reloading {
    /// The name of this status in `GET /reload`.
    pub(super) const fn status(&self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Running { .. } => "running",
            Self::Done(status, _) => status,
        }
    }
}

impl State {
    /// Begins a reload.
    pub(super) fn begin(&mut self, fault: Option<Fault>) {
        let wait = match fault {
            Some(Fault::Slow(wait)) => wait,
            Some(Fault::Hang | Fault::Close | Fault::Status(_) | Fault::Page | Fault::Fails | Fault::Errors(_))
            | None => Duration::ZERO,
        };
        self.reloading = Reloading::Running { until: Instant::now() + wait, fault };
    }

    /// Ends the reload whose time has come.
    pub(super) fn settle(&mut self) {
        let Reloading::Running { until, fault } = &self.reloading else { return };
        if Instant::now() < *until {
            return;
        }
        self.reloading = match fault {
            Some(Fault::Fails) => Reloading::Done("failed", Some("Reload failed".to_owned())),
            Some(Fault::Errors(count)) => {
                self.loaded = self.held.iter().skip(*count).cloned().collect();
                let error = format!("Reload completed with {count} signer loading error(s)");
                Reloading::Done("completed_with_errors", Some(error))
            }
            Some(Fault::Hang | Fault::Close | Fault::Status(_) | Fault::Page | Fault::Slow(_)) | None => {
                self.loaded = self.held.clone();
                Reloading::Done("completed", None)
            }
        };
    }
}
