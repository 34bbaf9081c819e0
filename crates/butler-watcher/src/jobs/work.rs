//! One job for one item, while it is done: its lease, what is recorded of it, and how its end is told to the journal.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::task::block_in_place;

use super::run::{Ended, LostLease, Record, Task};
use crate::catalogue::JobEnd;
use crate::journal::{Journal, Lease, Outcome, Renewal};

/// Does the jobs of one kind.
pub trait Run: fmt::Debug + Send + Sync + 'static {
    /// Does the job unless it is done already; `intent` is what an earlier try recorded last.
    fn process(&self, task: &Task, intent: Option<&Value>, record: &impl Record) -> impl Future<Output = Ended> + Send;

    /// Looks whether the job is done; `intent` is what was recorded last.
    fn verify(&self, task: &Task, intent: Option<&Value>) -> impl Future<Output = Ended> + Send;
}

/// Records intents under a lease.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) journal: Arc<dyn Journal>,
    pub(super) lease: Lease,
    pub(super) lasts: Duration,
}

impl Record for Recorder {
    async fn record(&self, intent: Value) -> Result<(), LostLease> {
        let renewal = Renewal { lease: self.lasts, intent: Some(intent), number: None };
        // A journal that refuses lets nothing begin.
        block_in_place(|| self.journal.renew(&self.lease, &renewal)).map(drop).map_err(|_| LostLease)
    }
}

/// How an end is counted.
pub(super) fn counted(outcome: &Outcome) -> JobEnd {
    match outcome {
        Outcome::Made { .. } | Outcome::Proven { .. } => JobEnd::Done,
        Outcome::Acted { .. } | Outcome::Pending { .. } => JobEnd::Pending,
        Outcome::Retry { .. } | Outcome::Postponed { .. } => JobEnd::Retry,
        Outcome::Unknown { .. } => JobEnd::Unknown,
        Outcome::Refused { .. } => JobEnd::Refused,
    }
}

/// How the journal takes an end.
pub(super) fn outcome(ended: Ended) -> Outcome {
    match ended {
        Ended::Done { proof, digest: Some(digest) } => Outcome::Made { proof, digest: digest.into() },
        Ended::Done { proof, digest: None } => Outcome::Proven { proof: Some(proof) },
        Ended::Submitted { look_after, .. } => Outcome::Acted { look_after },
        Ended::Pending { reason } | Ended::Busy { reason } => Outcome::Pending { reason },
        Ended::Retry { after, reason } => Outcome::Retry { after, reason },
        Ended::Unknown { reason } => Outcome::Unknown { reason },
        Ended::Refused { reason } => Outcome::Refused { reason },
    }
}
