//! What tells the items of a pipeline, and how it is asked.
//!
//! Whatever asks somebody outside is asked by a task of its own, so that one that does not answer keeps nobody waiting. A schedule and
//! what another pipeline has done are seen here.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use butler_core::runtime::failures::FailureStreak;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// The answer to the question for the newest number that exists, or why there is none.
pub type Newest<'a> = Pin<Box<dyn Future<Output = Result<Option<u64>, String>> + Send + 'a>>;

/// Tells the newest number that exists: a final block, a period.
pub trait Trigger: fmt::Debug + Send {
    /// The newest number; `None` where there is none yet. The error is for a person, without secrets.
    fn newest(&mut self) -> Newest<'_>;
}

/// Asks a trigger again and again; the answer stands in what is returned.
pub(super) fn ask(
    tasks: &mut JoinSet<()>,
    pipeline: String,
    mut trigger: Box<dyn Trigger>,
    (pause, news): (Duration, Arc<Notify>),
) -> watch::Receiver<Option<u64>> {
    let (sender, receiver) = watch::channel(None);
    tasks.spawn(async move {
        let mut streak = FailureStreak::default();
        loop {
            match trigger.newest().await {
                Ok(newest) => {
                    streak.ended();
                    // What was told once exists, whoever says something else later.
                    let grew = sender.send_if_modified(|known: &mut Option<u64>| {
                        let is_newer = newest > *known;
                        if is_newer {
                            *known = newest;
                        }
                        is_newer
                    });
                    if grew {
                        news.notify_one();
                    }
                }
                Err(why) => {
                    if let Some(count) = streak.failed() {
                        tracing::warn!(pipeline, count, "the trigger of pipeline {pipeline} tells nothing: {why}");
                    }
                }
            }
            sleep(pause).await;
        }
    });
    receiver
}
