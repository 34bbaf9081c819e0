//! What is told of the file for node_exporter. Nothing, where none is configured.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::catalogue;
use crate::readings::{Sample, number};

/// How writing the file went.
#[derive(Debug, Default)]
pub struct TextfileFigures(Mutex<Option<Figures>>);

#[derive(Debug, Default, Clone, Copy)]
struct Figures {
    written_at: Option<u64>,
    failures: u64,
}

impl TextfileFigures {
    fn figures(&self) -> MutexGuard<'_, Option<Figures>> {
        // A panic while the lock was held leaves plain numbers behind, which are still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a file for node_exporter is written.
    pub fn is_configured(&self, is_configured: bool) {
        let mut figures = self.figures();
        *figures = is_configured.then(|| figures.unwrap_or_default());
    }

    /// The file was written.
    pub fn written(&self, now: u64) {
        if let Some(figures) = &mut *self.figures() {
            figures.written_at = Some(now);
        }
    }

    /// The file could not be written; the one from before is still there.
    pub fn failed(&self) {
        if let Some(figures) = &mut *self.figures() {
            figures.failures = figures.failures.saturating_add(1);
        }
    }

    /// When the file was written.
    #[must_use]
    pub fn written_at(&self) -> Option<u64> {
        self.figures().and_then(|figures| figures.written_at)
    }

    /// Everything that is served now.
    #[must_use]
    pub fn samples(&self) -> Vec<Sample> {
        let Some(figures) = *self.figures() else { return Vec::new() };
        let written = |at| Sample::of_process(&catalogue::TEXTFILE_WRITTEN_AT, [], number(at));
        let mut samples: Vec<Sample> = figures.written_at.map(written).into_iter().collect();
        samples.push(Sample::of_process(&catalogue::TEXTFILE_FAILURES, [], number(figures.failures)));
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Family;

    fn value(textfile: &TextfileFigures, family: &Family) -> Option<f64> {
        textfile.samples().into_iter().find(|sample| sample.family == family).map(|sample| sample.value)
    }

    #[test]
    fn a_file_that_could_not_be_written_keeps_its_time() {
        let textfile = TextfileFigures::default();
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_FAILURES), None);
        textfile.is_configured(true);
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_WRITTEN_AT), None);
        textfile.written(100);
        textfile.failed();
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_WRITTEN_AT), Some(100.0));
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_FAILURES), Some(1.0));
        textfile.is_configured(true);
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_FAILURES), Some(1.0));
        textfile.is_configured(false);
        assert_eq!(value(&textfile, &catalogue::TEXTFILE_FAILURES), None);
    }
}
