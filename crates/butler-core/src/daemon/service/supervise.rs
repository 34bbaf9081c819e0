//! Tasks that run as long as the program does, and what becomes of one that panics, which is handed in.
//!
//! The workers may be replaced while they run: one that stays goes on undisturbed.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use thiserror::Error;
use tokio::sync::watch;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::{Instant, sleep};

use crate::runtime::backoff::Backoff;

/// The first and the longest pause before a worker is started again.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));

/// Work that does not end by itself.
pub trait Worker: Clone + Send + 'static {
    /// Its name, for messages.
    fn name(&self) -> String;

    /// Whether it is this very worker, which need not begin anew.
    fn is_same(&self, other: &Self) -> bool;

    /// Works until it is dropped.
    fn work(self) -> BoxFuture<'static, ()>;
}

/// What becomes of a worker that panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterPanic {
    /// It begins anew after the pause, and the others go on.
    Restart,
    /// Nothing goes on: whoever supervises ends the program.
    Exit,
}

/// A worker panicked, and the policy is to end the program.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` panicked")]
pub struct Panicked(pub String);

struct Running<W> {
    worker: W,
    began: Instant,
    backoff: Backoff,
    task: AbortHandle,
}

struct Workers<W> {
    tasks: JoinSet<()>,
    running: BTreeMap<Id, Running<W>>,
}

/// Runs the workers until it is dropped. When they change, those that stay go on. `policy` is asked about each panic; it is
/// told the pause before a new beginning.
///
/// # Errors
/// A worker panicked and the policy is [`AfterPanic::Exit`]; all others are ended then.
pub async fn supervise<W: Worker>(
    mut workers: watch::Receiver<Vec<W>>,
    mut policy: impl FnMut(&W, Duration) -> AfterPanic,
) -> Result<(), Panicked> {
    let mut all = Workers { tasks: JoinSet::new(), running: BTreeMap::new() };
    all.change(&workers.borrow_and_update().clone());
    let mut may_change = true;
    loop {
        tokio::select! {
            changed = workers.changed(), if may_change => match changed {
                Ok(()) => all.change(&workers.borrow_and_update().clone()),
                Err(_) => may_change = false,
            },
            Some(ended) = all.tasks.join_next_with_id(), if !all.tasks.is_empty() => {
                all.ended(&ended, &mut policy)?;
            }
            else => return Ok(()),
        }
    }
}

impl<W: Worker> Workers<W> {
    fn change(&mut self, workers: &[W]) {
        self.running.retain(|_, running| {
            let stays = workers.iter().any(|worker| worker.is_same(&running.worker));
            if !stays {
                running.task.abort();
            }
            stays
        });
        for worker in workers {
            if !self.running.values().any(|running| worker.is_same(&running.worker)) {
                self.start(worker.clone(), Duration::ZERO, BACKOFF);
            }
        }
    }

    /// Starts a worker after `wait`; `backoff` has the pause for its next panic.
    fn start(&mut self, worker: W, wait: Duration, backoff: Backoff) {
        let again = worker.clone();
        let task = self.tasks.spawn(async move {
            sleep(wait).await;
            again.work().await;
        });
        self.running.insert(task.id(), Running { worker, began: Instant::now(), backoff, task });
    }

    fn ended(
        &mut self,
        ended: &Result<(Id, ()), JoinError>,
        policy: &mut impl FnMut(&W, Duration) -> AfterPanic,
    ) -> Result<(), Panicked> {
        let id = match ended {
            Ok((id, ())) => *id,
            Err(error) => error.id(),
        };
        // Whoever is not there any more was ended on purpose.
        let Some(Running { worker, began, mut backoff, .. }) = self.running.remove(&id) else { return Ok(()) };
        let pause = backoff.pause();
        // One that worked for a while begins with the short pause.
        if began.elapsed() > backoff.most() {
            backoff.reset();
        }
        match policy(&worker, pause) {
            AfterPanic::Restart => {
                self.start(worker, pause, backoff);
                Ok(())
            }
            AfterPanic::Exit => Err(Panicked(worker.name())),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// Counts its starts; panics at once, or never.
    #[derive(Clone)]
    struct Counting {
        name: &'static str,
        panics: bool,
        starts: Arc<AtomicU32>,
    }

    impl Counting {
        fn new(name: &'static str, panics: bool) -> Self {
            Self { name, panics, starts: Arc::default() }
        }

        fn starts(&self) -> u32 {
            self.starts.load(Ordering::Relaxed)
        }
    }

    impl Worker for Counting {
        fn name(&self) -> String {
            self.name.to_owned()
        }

        fn is_same(&self, other: &Self) -> bool {
            Arc::ptr_eq(&self.starts, &other.starts)
        }

        fn work(self) -> BoxFuture<'static, ()> {
            self.starts.fetch_add(1, Ordering::Relaxed);
            assert!(!self.panics, "injected");
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_panics_begins_again_after_longer_and_longer_pauses_and_others_go_on() {
        let (bad, good) = (Counting::new("bad", true), Counting::new("good", false));
        let mut pauses = Vec::new();
        let workers = watch::channel(vec![bad.clone(), good.clone()]).1;
        let supervised = supervise(workers, |worker, pause| {
            pauses.push((worker.name, pause.as_secs()));
            AfterPanic::Restart
        });
        assert!(tokio::time::timeout(Duration::from_secs(16), supervised).await.is_err());
        assert_eq!(pauses, [("bad", 1), ("bad", 2), ("bad", 4), ("bad", 8), ("bad", 16)]);
        assert_eq!((bad.starts(), good.starts()), (5, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn where_a_panic_ends_the_program_it_is_named() {
        let workers = vec![Counting::new("good", false), Counting::new("bad", true)];
        let ended = supervise(watch::channel(workers).1, |_, _| AfterPanic::Exit).await;
        assert_eq!(ended, Err(Panicked("bad".to_owned())));
    }

    #[tokio::test(start_paused = true)]
    async fn who_stays_goes_on_and_who_is_left_out_is_ended() {
        let (stays, goes, comes) =
            (Counting::new("stays", false), Counting::new("goes", false), Counting::new("comes", false));
        let (sender, receiver) = watch::channel(vec![stays.clone(), goes.clone()]);
        let mut tasks = JoinSet::new();
        tasks.spawn(supervise(receiver, |_, _| AfterPanic::Restart));
        tokio::time::sleep(Duration::from_secs(1)).await;
        sender.send_replace(vec![stays.clone(), comes.clone()]);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((stays.starts(), goes.starts(), comes.starts()), (1, 1, 1));
        // What the task held is gone with it.
        assert_eq!((Arc::strong_count(&goes.starts), Arc::strong_count(&stays.starts) > 1), (1, true));
        tasks.shutdown().await;
    }
}
