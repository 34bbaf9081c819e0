//! What is to be done, and how it ended.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use butler_core::domain::job::Item;
use serde_json::Value;
use thiserror::Error;

/// The artifact of a job that was done before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// Where it is.
    pub path: PathBuf,
    /// Its SHA-256, as it was when that job was done.
    pub digest: [u8; 32],
}

/// One job of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The pipeline's name.
    pub pipeline: String,
    /// The job's name.
    pub job: String,
    /// For what.
    pub item: Item,
    /// The idempotency key, the same at every try: visible ascii that begins with a letter or a digit.
    pub key: String,
    /// The how manieth try it is, from 1.
    pub attempt: u32,
    /// The artifacts of the jobs that it waited for, by their names.
    pub inputs: BTreeMap<String, Input>,
    /// Where its own artifact belongs; `None` for a job without one.
    pub artifact: Option<PathBuf>,
}

/// How a try, or a look, ended: what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It is done.
    Done {
        /// How that is known: for the history.
        proof: String,
        /// The SHA-256 of its artifact.
        digest: Option<[u8; 32]>,
    },
    /// A service has it, and is to be looked at.
    Submitted {
        /// What the service calls it.
        id: String,
        /// When to look first.
        look_after: Duration,
    },
    /// A service goes on with it.
    Pending {
        /// What is known of it.
        reason: String,
    },
    /// It is not done, and may be tried again.
    Retry {
        /// Not before, when somebody said so.
        after: Option<Duration>,
        /// Why.
        reason: String,
    },
    /// It may be done or not: to be looked at, never to be repeated blindly.
    Unknown {
        /// Why.
        reason: String,
    },
    /// It will not be done as things are: a person must change something.
    Refused {
        /// Why.
        reason: String,
    },
    /// What was started before still runs: to be looked at later.
    Busy {
        /// What is known of it.
        reason: String,
    },
}

impl Ended {
    /// Done, and how that is known; the artifact's digest is a part of it.
    pub(super) fn done(how: &str, digest: Option<[u8; 32]>) -> Self {
        let proof = match &digest {
            Some(digest) => format!("{how}, sha256 {}", hex(digest)),
            None => how.to_owned(),
        };
        Self::Done { proof, digest }
    }

    /// Not done; again when it is due.
    pub(super) fn retry(reason: impl Into<String>) -> Self {
        Self::Retry { after: None, reason: reason.into() }
    }

    /// Not done, and not to be done as things are.
    pub(super) fn refused(reason: impl Into<String>) -> Self {
        Self::Refused { reason: reason.into() }
    }
}

/// Somebody else has the action by now: nothing may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("somebody else carries it out by now")]
pub struct LostLease;

/// Makes durable what is about to happen, before anything leaves.
pub trait Record: Sync {
    /// Replaces what was recorded before.
    fn record(&self, intent: Value) -> impl Future<Output = Result<(), LostLease>> + Send;
}

/// As hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    ethers_core::utils::hex::encode(bytes)
}
