//! What a program tells of its own process: its version, the reloads of its configuration, its certificate, and what it takes of the machine.
//!
//! These samples belong to no network. Everything is there from the start, so that a rate exists before the first event.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::sample::{Sample, number, truth};
use super::usage;
use crate::runtime::clock::unix_now;
use crate::text::closed::names;

crate::metric_families! {
    BUILD: Info "butler_build_info" ["version", "revision"] "" "The running program, and the revision of its source; `unknown` where that was built outside of git.";
    RELOAD_SUCCESSFUL: Gauge "butler_config_last_reload_successful" [] "" "Whether the configuration as it was last read is in effect; 0 while an older one stands in for a bad one.";
    RELOAD_SUCCESS_AT: Gauge "butler_config_last_reload_success_timestamp_seconds" [] "seconds" "When the configuration in effect was read, by this machine's clock.";
    RELOADS: Counter "butler_config_reloads_total" ["result": names::<ReloadResult>] "" "How often the configuration was read again, by a signal or because a file changed.";
    CERTIFICATE_CURRENT: Gauge "butler_certificate_current" [] "" "Whether the certificate that is served is what its files hold, as of the last connection; 0 while an older one stands in for a bad one, 1 also without any.";
    CERTIFICATE_EXPIRY: Gauge "butler_certificate_expiry_timestamp_seconds" [] "seconds" "When the certificate that is served ends, as of the last connection; absent without any.";
}

/// How a reload ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[derive(strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
enum ReloadResult {
    Success,
    Failure,
}

/// How long what the process takes of the machine is served before it is looked at again: what did not change is not written anew.
const LOOK: Duration = Duration::from_secs(5);

/// Counters and times of the whole process.
#[derive(Debug)]
pub struct ProcessFigures {
    revision: &'static str,
    figures: Mutex<Figures>,
}

#[derive(Debug, Default)]
struct Figures {
    failed: bool,
    started_at: u64,
    loaded_at: u64,
    reloads: u64,
    failures: u64,
    has_old_certificate: bool,
    certificate_end: Option<u64>,
    usage: Option<(Instant, Vec<Sample>)>,
}

impl ProcessFigures {
    /// Of a process that starts now, whose source had that revision.
    #[must_use]
    pub fn new(revision: &'static str) -> Self {
        let figures = Figures { started_at: unix_now(), ..Figures::default() };
        Self { revision, figures: Mutex::new(figures) }
    }

    fn figures(&self) -> MutexGuard<'_, Figures> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program started, and its configuration was read.
    pub fn started(&self, now: u64) {
        let mut figures = self.figures();
        figures.started_at = now;
        figures.loaded_at = now;
    }

    /// The configuration was read again and taken.
    pub fn reloaded(&self, now: u64) {
        let mut figures = self.figures();
        figures.failed = false;
        figures.loaded_at = now;
        figures.reloads = figures.reloads.saturating_add(1);
    }

    /// The configuration was read again and not taken.
    pub fn reload_failed(&self) {
        let mut figures = self.figures();
        figures.failed = true;
        figures.failures = figures.failures.saturating_add(1);
    }

    /// Whether the certificate that is served is the one that its files hold.
    pub fn certificate_is_current(&self, is_current: bool) {
        self.figures().has_old_certificate = !is_current;
    }

    /// When the program started, and when the configuration in effect was read; unix seconds, 0 for what is not known.
    #[must_use]
    pub fn moments(&self) -> (u64, u64) {
        let figures = self.figures();
        (figures.started_at, figures.loaded_at)
    }

    /// When the certificate that is served ends, in unix seconds.
    pub fn certificate_ends(&self, at: Option<u64>) {
        self.figures().certificate_end = at;
    }

    /// Whether the configuration as it was last read is in effect.
    #[must_use]
    pub fn has_current_configuration(&self) -> bool {
        !self.figures().failed
    }

    /// Whether the certificate that is served is what its files hold; true without any.
    #[must_use]
    pub fn has_current_certificate(&self) -> bool {
        !self.figures().has_old_certificate
    }

    /// Everything that is served now.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let mut figures = self.figures();
        let usage = match &figures.usage {
            Some((at, usage)) if at.elapsed() < LOOK => usage.clone(),
            Some(_) | None => {
                let usage = usage::look();
                figures.usage = Some((Instant::now(), usage.clone()));
                usage
            }
        };
        let mut samples = vec![
            Sample::of_process(&BUILD, [env!("CARGO_PKG_VERSION"), self.revision], 1.0),
            Sample::of_process(&RELOAD_SUCCESSFUL, [], truth(!figures.failed)),
            Sample::of_process(&RELOAD_SUCCESS_AT, [], number(figures.loaded_at)),
            Sample::of_process(&RELOADS, [ReloadResult::Success.into()], number(figures.reloads)),
            Sample::of_process(&RELOADS, [ReloadResult::Failure.into()], number(figures.failures)),
            Sample::of_process(&CERTIFICATE_CURRENT, [], truth(!figures.has_old_certificate)),
            usage::started(figures.started_at),
        ];
        samples.extend(usage);
        let end = figures.certificate_end.iter();
        samples.extend(end.map(|end| Sample::of_process(&CERTIFICATE_EXPIRY, [], number(*end))));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::super::family::Family;
    use super::*;

    fn value(process: &ProcessFigures, family: &Family, labels: &[&str]) -> Option<f64> {
        let found = |sample: &Sample| sample.family == family && sample.labels == labels;
        process.samples().into_iter().find(found).map(|sample| sample.value)
    }

    #[test]
    fn a_failed_reload_moves_no_time_and_the_next_good_one_ends_it() {
        let process = ProcessFigures::new("unknown");
        process.started(100);
        assert_eq!(value(&process, &RELOADS, &["failure"]), Some(0.0));
        process.reload_failed();
        assert_eq!(value(&process, &RELOAD_SUCCESSFUL, &[]), Some(0.0));
        assert_eq!(value(&process, &RELOAD_SUCCESS_AT, &[]), Some(100.0));
        process.reloaded(200);
        assert_eq!(value(&process, &RELOAD_SUCCESSFUL, &[]), Some(1.0));
        assert_eq!(value(&process, &RELOAD_SUCCESS_AT, &[]), Some(200.0));
        assert_eq!(value(&process, &RELOADS, &[ReloadResult::Success.into()]), Some(1.0));
    }
}
