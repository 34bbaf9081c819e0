//! Why a scrape failed: its kind, and what the log says.

use std::time::Duration;

use butler_core::chain::{BlockReadFailure, SnapshotError};
use butler_core::network::NetworkError;
use butler_core::runtime::report::one_line;

use crate::catalogue::values::FailureKind;

/// Why a scrape failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What is counted.
    pub kind: FailureKind,
    /// What is told, on one line. An endpoint's own words are left out: some hold the URL that they were asked at.
    pub why: String,
    /// The endpoint that does not know the scrape's block any more, when that is why.
    gone_at: Option<String>,
}

impl Failure {
    /// Of this kind, told in these words.
    #[must_use]
    pub fn new(kind: FailureKind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), gone_at: None }
    }

    /// It took longer than it may.
    #[must_use]
    pub fn deadline(limit: Duration) -> Self {
        Self::new(FailureKind::Deadline, format!("the scrape took longer than {} s", limit.as_secs()))
    }

    /// A figure is missing, or does not fit.
    #[must_use]
    pub fn overflow() -> Self {
        Self::new(FailureKind::Overflow, "a figure is missing or does not fit")
    }
}

impl From<NetworkError> for Failure {
    fn from(error: NetworkError) -> Self {
        Self::new(FailureKind::Setup, format!("failed to set up the network's clients: {}", one_line(&error)))
    }
}

impl From<SnapshotError> for Failure {
    fn from(error: SnapshotError) -> Self {
        let why = if let SnapshotError::Rpc(error) = &error {
            format!("{error} ({})", error.failure.kind().name())
        } else {
            one_line(&error)
        };
        Self { gone_at: error.gone_at().map(str::to_owned), ..Self::new((&error).into(), why) }
    }
}

impl BlockReadFailure for Failure {
    fn gone_at(&self) -> Option<&str> {
        self.gone_at.as_deref()
    }
}
