//! Questions to several nodes at once, of which none waits for another: whoever takes its time is served when its answer is
//! there, and is not asked again before. Each question has its own deadline.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout_at};

use crate::slots::{Scraped, Slot};

/// How long a scrape waits for everybody before it serves what it has.
const PATIENCE: Duration = Duration::from_secs(2);

/// Questions under way, and the last answer of each node.
#[derive(Debug)]
pub(crate) struct Fleet<T> {
    tasks: JoinSet<(String, T)>,
    asking: BTreeSet<String>,
    known: BTreeMap<String, T>,
    news: BTreeSet<String>,
}

impl<T: Send + 'static> Default for Fleet<T> {
    fn default() -> Self {
        Self { tasks: JoinSet::new(), asking: BTreeSet::new(), known: BTreeMap::new(), news: BTreeSet::new() }
    }
}

impl<T: Send + 'static> Fleet<T> {
    /// Asks a node, unless an earlier question is still under way.
    pub(crate) fn ask<F>(&mut self, node: &str, question: impl FnOnce() -> F)
    where
        F: Future<Output = T> + Send + 'static,
    {
        if self.asking.insert(node.to_owned()) {
            let (name, question) = (node.to_owned(), question());
            self.tasks.spawn(async move { (name, question.await) });
        }
    }

    /// Waits for the answers. When somebody takes long, what is there is served meanwhile, made by `scraped`, and the wait goes on
    /// until the next scrape is due.
    pub(crate) async fn gather(&mut self, slot: &Slot, mut scraped: impl FnMut(&Self) -> Scraped) {
        let began = Instant::now();
        self.news.clear();
        let until = |wait: Duration| began.checked_add(wait);
        self.wait(slot, until(PATIENCE.min(slot.interval))).await;
        if !self.asking.is_empty() {
            slot.publish(scraped(self), began.elapsed());
            self.wait(slot, until(slot.interval)).await;
        }
    }

    /// Whether somebody has not answered yet.
    pub(crate) fn is_asking(&self) -> bool {
        !self.asking.is_empty()
    }

    async fn wait(&mut self, slot: &Slot, end: Option<Instant>) {
        let end = end.unwrap_or_else(Instant::now);
        while !self.asking.is_empty() {
            let Ok(Some(joined)) = timeout_at(end, self.tasks.join_next()).await else { return };
            slot.tick();
            self.note(joined);
        }
    }

    fn note(&mut self, joined: Result<(String, T), JoinError>) {
        match joined {
            Ok((node, answer)) => {
                self.asking.remove(&node);
                self.news.insert(node.clone());
                self.known.insert(node, answer);
            }
            // As if it had been asked here: the driver counts it and begins anew.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Nobody cancels but by dropping all of it.
            Err(_) => {}
        }
    }

    /// The last answer of each node that has answered.
    pub(crate) fn known(&self) -> impl Iterator<Item = &T> {
        self.known.values()
    }

    /// The answers that came with the last [`gather`](Self::gather).
    pub(crate) fn news(&self) -> impl Iterator<Item = &T> {
        self.news.iter().filter_map(|node| self.known.get(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::values::ScraperKind;

    const MINUTE: Duration = Duration::from_secs(60);
    const LONG: Duration = Duration::from_secs(25);

    fn ask(fleet: &mut Fleet<u64>, node: &str, wait: Duration, answer: u64) {
        fleet.ask(node, || async move {
            tokio::time::sleep(wait).await;
            answer
        });
    }

    #[tokio::test(start_paused = true)]
    async fn who_hangs_delays_nobody_and_is_not_asked_twice() {
        let slot = Slot::new("devnet", ScraperKind::Nodes, Duration::from_secs(10), MINUTE);
        let mut fleet = Fleet::<u64>::default();
        let mut served = Vec::new();
        let mut gather = async |fleet: &mut Fleet<u64>| {
            let began = Instant::now();
            let serve = |fleet: &Fleet<u64>| {
                served.push((began.elapsed().as_secs(), fleet.known().copied().collect::<Vec<_>>()));
                Scraped::default()
            };
            fleet.gather(&slot, serve).await;
            began.elapsed().as_secs()
        };
        for round in [1, 2] {
            ask(&mut fleet, "good", Duration::ZERO, round);
            ask(&mut fleet, "hung", LONG, round);
            assert_eq!(gather(&mut fleet).await, 10, "until the next one is due");
            assert_eq!(fleet.known().copied().collect::<Vec<_>>(), [round]);
        }
        assert_eq!(gather(&mut fleet).await, 5, "its answer came");
        assert_eq!(fleet.known().copied().collect::<Vec<_>>(), [2, 1]);
        assert_eq!((fleet.news().copied().collect::<Vec<_>>(), fleet.is_asking()), (vec![1], false));
        ask(&mut fleet, "hung", LONG, 9);
        assert_eq!(gather(&mut fleet).await, 10);
        assert_eq!(fleet.known().copied().collect::<Vec<_>>(), [2, 1], "what it said before");
        assert_eq!(served, [(2, vec![1]), (2, vec![2]), (2, vec![2]), (2, vec![2, 1])]);
    }

    #[tokio::test(start_paused = true)]
    async fn when_all_answer_nothing_is_served_twice() {
        let slot = Slot::new("devnet", ScraperKind::Nodes, MINUTE, MINUTE);
        let mut fleet = Fleet::<u64>::default();
        ask(&mut fleet, "good", Duration::from_secs(1), 1);
        fleet.gather(&slot, |_| panic!("there was no need")).await;
        assert_eq!(fleet.news().count(), 1);
    }
}
