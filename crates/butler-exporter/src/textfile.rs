//! The file for node_exporter's textfile collector: the same figures as `/metrics`, in format 0.0.4.
//!
//! It is replaced as a whole after each scrape and at least once in each interval, so that its own time of writing tells
//! a stale file. A failure is counted and told once; the old file stays, and nothing else is disturbed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use butler_core::config::Config;
use butler_core::daemon::telemetry::metrics::format::Format;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::report::one_line;
use butler_core::store::file::{StoreError, save_atomic};
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::{sleep, timeout};

use crate::catalogue::{self, Family};
use crate::exposition::Exposition;
use crate::slots::Slots;

/// The shortest time between two writings: the scrapers of all networks end when they like.
const LEAST_PAUSE: Duration = Duration::from_millis(500);
/// Everybody may read it: node_exporter runs as another user.
const MODE: u32 = 0o644;

/// Writes the file that the configuration names, again and again.
pub(crate) async fn keep_written(slots: Arc<Slots>, mut config: watch::Receiver<Arc<Config>>, scraped: Arc<Notify>) {
    let exposition = Exposition::new(Arc::clone(&slots));
    let mut is_failing = false;
    loop {
        let current = Arc::clone(&config.borrow_and_update());
        slots.textfile().is_configured(current.exporter.outputs.textfile.is_some());
        if let Some(path) = &current.exporter.outputs.textfile {
            is_failing = block_in_place(|| write(&slots, &exposition, path, is_failing));
        }
        sleep(LEAST_PAUSE).await;
        let due = async {
            tokio::select! {
                () = scraped.notified() => {}
                _ = config.changed() => {}
            }
        };
        // Nothing was scraped for an interval: the file still loses what is too old.
        let _ = timeout(current.exporter.scrape.interval, due).await;
    }
}

/// Returns whether it failed.
fn write(slots: &Slots, exposition: &Exposition, path: &Path, was_failing: bool) -> bool {
    let now = unix_now();
    let why = match exposition.render(Format::Text) {
        Err(error) => format!("failed to write the metrics: {error}"),
        Ok(text) => match save_atomic(path, stamped(&String::from_utf8_lossy(&text), now).as_bytes(), MODE) {
            Ok(()) | Err(StoreError::Sync { .. }) => {
                slots.textfile().written(now);
                if was_failing {
                    tracing::info!("the textfile is written again");
                }
                return false;
            }
            Err(error) => one_line(&error),
        },
    };
    slots.textfile().failed();
    if !was_failing {
        tracing::warn!("the textfile is not written: {why}");
    }
    true
}

/// The text with the time at which it is written. What is served says so only once the file is there, so the text that comes
/// in has the time of the file before, if any.
fn stamped(text: &str, now: u64) -> String {
    let Family { name, help, .. } = &catalogue::TEXTFILE_WRITTEN_AT;
    let is_of_family = |line: &&str| {
        let rest = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE ")).unwrap_or(line);
        rest.split(' ').next() == Some(name)
    };
    let mut stamped: String = text.lines().filter(|line| !is_of_family(line)).map(|line| format!("{line}\n")).collect();
    stamped.push_str(&format!("# HELP {name} {help}\n# TYPE {name} gauge\n{name} {now}\n"));
    stamped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_writing_is_there_once() {
        let text = "# HELP butler_epoch E.\n# TYPE butler_epoch gauge\nbutler_epoch{network=\"a\"} 7\n";
        let once = stamped(text, 100);
        assert!(once.starts_with(text) && once.ends_with("\nbutler_textfile_last_write_timestamp_seconds 100\n"));
        assert_eq!(stamped(&once, 200), stamped(text, 200));
    }
}
