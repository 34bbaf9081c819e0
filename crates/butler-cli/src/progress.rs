//! What a command is doing, on stderr, once it has taken more than a second. Silent when stderr is not a terminal.

use std::time::Duration;

use butler_core::chain::Progress;
use butler_core::text::time::count;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::output;

/// A line on stderr that says what is being waited for.
#[derive(Debug)]
pub(crate) struct Waiting {
    bar: ProgressBar,
    began: Instant,
}

const PATIENCE: Duration = Duration::from_secs(1);

impl Waiting {
    /// Begins; shows nothing yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
            bar.set_style(style);
        }
        Self { bar, began: Instant::now() }
    }

    /// Says what goes on now.
    pub(crate) fn note(&self, progress: Progress) {
        if self.began.elapsed() >= PATIENCE {
            self.show();
        }
        self.bar.set_message(match progress {
            Progress::Head => "resolving the block".to_owned(),
            Progress::Ledger { block, last } => format!("scanning delegations: block {block} of {last}"),
            Progress::Checkpoints { block, last } => format!("scanning checkpoints: block {block} of {last}"),
            Progress::Transactions { count } => format!("reading {}", self::count(count, "proposal")),
            Progress::Contracts { reads } => format!("reading {}", count(reads, "value")),
        });
    }

    /// Shows the line after a second even when nothing new happens, as long as `work` goes on.
    pub(crate) async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PATIENCE) => {}
        }
        self.show();
        work.await
    }

    /// Shows the line, where somebody wants to see it on a terminal that can write over it.
    fn show(&self) {
        if self.bar.is_hidden() && output::is_capable() && !output::is_quiet() {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
            self.bar.enable_steady_tick(Duration::from_millis(120));
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
