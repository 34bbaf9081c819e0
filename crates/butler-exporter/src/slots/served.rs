//! Readings as they are served: those of the last scrape with their age, those about scrapes, and both at one moment.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use butler_core::daemon::telemetry::metrics::lines::{Lines, Texts, compress, encode};
use butler_core::domain::findings::Finding;
use tokio::time::Instant;

use super::scraped::Scraped;
use crate::readings::details::Details;
use crate::readings::{Readings, Sample};

/// The readings of one scrape, also as they are served.
#[derive(Debug)]
pub(crate) struct ScrapedReadings {
    pub(crate) readings: Arc<Readings>,
    pub(super) findings: Arc<Vec<Finding>>,
    pub(super) details: Arc<Details>,
    lines: Result<Lines, fmt::Error>,
    pub(super) taken: Instant,
}

impl ScrapedReadings {
    /// Readings are as old as the beginning of their scrape: that is when the block was chosen.
    pub(super) fn new(network: &str, scraped: Scraped, took: Duration) -> Self {
        let Scraped { readings, findings, details, .. } = scraped;
        let readings = Arc::new(readings);
        let lines = encode(Some(network), &readings).map(|texts| compress(&texts));
        let now = Instant::now();
        let (findings, details) = (Arc::new(findings), Arc::new(details));
        Self { readings, findings, details, lines, taken: now.checked_sub(took).unwrap_or(now) }
    }

    /// The lines of the readings.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub(crate) fn lines(&self) -> Result<&Lines, fmt::Error> {
        self.lines.as_ref().map_err(|error| *error)
    }
}

/// What a slot knows of its scrapes, also as it is served: most of it is the same for many requests.
#[derive(Debug)]
pub(crate) struct ProgressReadings {
    pub(crate) readings: Arc<Readings>,
    texts: Result<Texts, fmt::Error>,
}

impl ProgressReadings {
    pub(super) fn new(network: &str, readings: Readings) -> Self {
        let readings = Arc::new(readings);
        let texts = encode(Some(network), &readings);
        Self { readings, texts }
    }

    /// The lines of the readings.
    ///
    /// # Errors
    /// When a label cannot be written, which is a bug.
    pub(crate) fn texts(&self) -> Result<&Texts, fmt::Error> {
        self.texts.as_ref().map_err(|error| *error)
    }
}

/// Everything that a slot serves at one moment. Equal views are served as equal texts.
#[derive(Debug, Clone)]
pub struct View {
    pub(crate) network: String,
    /// How scrapes went.
    pub(crate) progress: Arc<ProgressReadings>,
    /// What they read, while it is fresh.
    pub(crate) scraped: Option<Arc<ScrapedReadings>>,
}

impl View {
    /// The samples, all labels but `network`.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.progress.readings.0.iter().chain(self.scraped.iter().flat_map(|scraped| &scraped.readings.0))
    }
}

impl PartialEq for View {
    fn eq(&self, other: &Self) -> bool {
        self.network == other.network
            && Arc::ptr_eq(&self.progress, &other.progress)
            && match (&self.scraped, &other.scraped) {
                (None, None) => true,
                (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                (None, Some(_)) | (Some(_), None) => false,
            }
    }
}
