//! What the program tells of its own life: its version, the reloads of its configuration, the file for node_exporter.
//!
//! These samples belong to no network. Everything is there from the start, so that a rate exists before the first event.

use std::sync::{Mutex, MutexGuard, PoisonError};

use butler_core::domain::findings::program::ProcessState;

use crate::catalogue;
use crate::readings::{Sample, number, truth};

/// Counters and times of the whole process.
#[derive(Debug, Default)]
pub struct Life(Mutex<Figures>);

#[derive(Debug, Default)]
struct Figures {
    failed: bool,
    loaded_at: u64,
    reloads: u64,
    failures: u64,
    has_old_certificate: bool,
    textfile: Option<TextfileFigures>,
}

#[derive(Debug, Default, Clone, Copy)]
struct TextfileFigures {
    written_at: Option<u64>,
    failures: u64,
}

impl Life {
    fn figures(&self) -> MutexGuard<'_, Figures> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The configuration was read at the start.
    pub fn began(&self, now: u64) {
        self.figures().loaded_at = now;
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

    /// Whether a file for node_exporter is written.
    pub fn has_textfile(&self, is_configured: bool) {
        let mut figures = self.figures();
        figures.textfile = is_configured.then(|| figures.textfile.unwrap_or_default());
    }

    /// The file was written.
    pub fn textfile_written(&self, now: u64) {
        if let Some(textfile) = &mut self.figures().textfile {
            textfile.written_at = Some(now);
        }
    }

    /// The file could not be written; the one from before is still there.
    pub fn textfile_failed(&self) {
        if let Some(textfile) = &mut self.figures().textfile {
            textfile.failures = textfile.failures.saturating_add(1);
        }
    }

    /// What findings about the process are made from.
    #[must_use]
    pub fn state(&self) -> ProcessState {
        let figures = self.figures();
        ProcessState {
            certificate_is_current: Some(!figures.has_old_certificate),
            configuration_is_current: !figures.failed,
            textfile_written_at: figures.textfile.and_then(|textfile| textfile.written_at),
        }
    }

    /// Everything that is served now.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let figures = self.figures();
        let mut samples = vec![
            Sample::own(&catalogue::BUILD, [env!("CARGO_PKG_VERSION")], 1.0),
            Sample::own(&catalogue::RELOAD_SUCCESSFUL, [], truth(!figures.failed)),
            Sample::own(&catalogue::RELOAD_SUCCESS_AT, [], number(figures.loaded_at)),
            Sample::own(&catalogue::RELOADS, ["success"], number(figures.reloads)),
            Sample::own(&catalogue::RELOADS, ["failure"], number(figures.failures)),
            Sample::own(&catalogue::CERTIFICATE_CURRENT, [], truth(!figures.has_old_certificate)),
        ];
        if let Some(textfile) = figures.textfile {
            let written = |at| Sample::own(&catalogue::TEXTFILE_WRITTEN_AT, [], number(at));
            samples.extend(textfile.written_at.map(written));
            samples.push(Sample::own(&catalogue::TEXTFILE_FAILURES, [], number(textfile.failures)));
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Family;

    fn value(life: &Life, family: &Family, labels: &[&str]) -> Option<f64> {
        let found = |sample: &Sample| sample.family == family && sample.labels == labels;
        life.samples().into_iter().find(found).map(|sample| sample.value)
    }

    #[test]
    fn a_failed_reload_moves_no_time_and_the_next_good_one_ends_it() {
        let life = Life::default();
        life.began(100);
        assert_eq!(value(&life, &catalogue::RELOADS, &["failure"]), Some(0.0));
        life.reload_failed();
        assert_eq!(value(&life, &catalogue::RELOAD_SUCCESSFUL, &[]), Some(0.0));
        assert_eq!(value(&life, &catalogue::RELOAD_SUCCESS_AT, &[]), Some(100.0));
        life.reloaded(200);
        assert_eq!(value(&life, &catalogue::RELOAD_SUCCESSFUL, &[]), Some(1.0));
        assert_eq!(value(&life, &catalogue::RELOAD_SUCCESS_AT, &[]), Some(200.0));
        assert_eq!(value(&life, &catalogue::RELOADS, &["success"]), Some(1.0));
    }

    #[test]
    fn a_file_that_could_not_be_written_keeps_its_time() {
        let life = Life::default();
        assert_eq!(value(&life, &catalogue::TEXTFILE_FAILURES, &[]), None);
        life.has_textfile(true);
        assert_eq!(value(&life, &catalogue::TEXTFILE_WRITTEN_AT, &[]), None);
        life.textfile_written(100);
        life.textfile_failed();
        assert_eq!(value(&life, &catalogue::TEXTFILE_WRITTEN_AT, &[]), Some(100.0));
        assert_eq!(value(&life, &catalogue::TEXTFILE_FAILURES, &[]), Some(1.0));
        life.has_textfile(true);
        assert_eq!(value(&life, &catalogue::TEXTFILE_FAILURES, &[]), Some(1.0));
        life.has_textfile(false);
        assert_eq!(value(&life, &catalogue::TEXTFILE_FAILURES, &[]), None);
    }
}
