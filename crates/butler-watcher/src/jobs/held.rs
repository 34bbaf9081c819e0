//! The jobs that are being done or looked at now, each in a task of its own under a lease.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use butler_core::domain::action::Phase;
use butler_core::domain::job::{Item, JobId};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;

use super::run::{Ended, Task};
use super::work::{Recorder, Run, outcome};
use crate::catalogue::JobWork;
use crate::journal::{Journal, JournalError, Lease, Leased, Outcome, Renewal, Settlement};

/// How long a lease lasts; it is renewed long before.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// One of them.
#[derive(Debug)]
struct Holding {
    lease: Lease,
    job: JobId,
    item: Item,
    task: AbortHandle,
    work: JobWork,
    begun: Instant,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Held {
    tasks: JoinSet<Ended>,
    holdings: HashMap<Id, Holding>,
}

/// One that ended.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) settlement: Settlement,
    pub(super) job: JobId,
    pub(super) item: Item,
    pub(super) work: JobWork,
    pub(super) took: Duration,
}

impl Held {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.holdings.len()
    }

    /// Begins one.
    pub(super) fn begin<R: Run>(
        &mut self,
        run: Arc<R>,
        (job, task): (JobId, Task),
        leased: Leased,
        journal: Arc<dyn Journal>,
    ) {
        let item = task.item;
        let Leased { entry, lease } = leased;
        let work = if entry.standing.phase == Phase::Verifying { JobWork::Verify } else { JobWork::Process };
        let recorder = Recorder { journal, lease: lease.clone(), lasts: LEASE };
        let task = self.tasks.spawn(async move {
            let intent = entry.standing.intent.as_ref();
            match work {
                JobWork::Verify => run.verify(&task, intent).await,
                JobWork::Process => run.process(&task, intent, &recorder).await,
            }
        });
        self.holdings.insert(task.id(), Holding { lease, job, item, task, work, begun: Instant::now() });
    }

    /// Waits until at least one ended, and takes all that did; waits for ever where there is none.
    pub(super) async fn ended(&mut self, most: usize) -> Vec<Over> {
        let Some(first) = self.tasks.join_next_with_id().await else { return std::future::pending().await };
        let mut over = Vec::new();
        let mut next = Some(first);
        while let Some(ended) = next {
            over.extend(self.over(ended));
            next = if over.len() < most { self.tasks.try_join_next_with_id() } else { None };
        }
        over
    }

    fn over(&mut self, ended: Result<(Id, Ended), JoinError>) -> Option<Over> {
        let (id, outcome) = match ended {
            Ok((id, ended)) => (id, outcome(ended)),
            // Whoever panicked may have done it; whoever lost its lease has nothing to say.
            Err(error) => (error.id(), Outcome::Unknown { reason: "it broke off; the log says why".to_owned() }),
        };
        let Holding { lease, job, item, work, begun, .. } = self.holdings.remove(&id)?;
        Some(Over { settlement: Settlement { lease, outcome }, job, item, work, took: begun.elapsed() })
    }

    /// Makes every lease last. Who lost its own is ended.
    pub(super) fn renew(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        for holding in self.holdings.values() {
            match journal.renew(&holding.lease, &Renewal { lease: LEASE, intent: None, number: None }) {
                Ok(_) => {}
                Err(JournalError::LostLease { .. }) => holding.task.abort(),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
