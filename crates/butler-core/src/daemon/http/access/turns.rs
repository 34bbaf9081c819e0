//! Turns at something that takes a processor: a few at a time, by turns for whoever stands best and for whoever waits longest.
//!
//! A stranger who tries passwords is soon behind everybody else: whoever comes from an address that was not wrong gets one of the next two
//! turns, however many strangers wait. And since every other turn goes to whoever waits longest, nobody is passed over for ever, also not
//! who has an address in common with strangers. Among equals whoever came first is first.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::super::origin::Origin;
use super::failures::{Failures, Standing};

/// The most that wait at the same time; more than there are connections.
const WAITING: usize = 512;
/// The most turns at a time: somebody else may need the processors of a large machine.
const AT_ONCE: usize = 4;

/// Who has a turn, and who waits for one.
#[derive(Debug)]
pub(super) struct Turns(Mutex<Line>);

#[derive(Debug)]
struct Line {
    /// So many turns can still be given away.
    free: usize,
    /// In the order in which they came.
    waiting: Vec<(Origin, oneshot::Sender<Turn>)>,
    next: Next,
    failures: Failures,
}

/// Who gets the next turn.
#[derive(Debug, Clone, Copy)]
enum Next {
    Best,
    Longest,
}

/// A turn, which goes to the next one when it is dropped, also on its way to somebody who left. Empty once it was given away.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Turns>>);

impl Turn {
    /// Whoever came from there, and had this turn, was wrong.
    pub(super) fn was_wrong(&self, origin: Origin) {
        self.0.iter().for_each(|turns| turns.was_wrong(origin));
    }
}

impl Default for Turns {
    /// One for each processor, and no more than a few.
    fn default() -> Self {
        Self::new(available_parallelism().map_or(1, usize::from).min(AT_ONCE))
    }
}

impl Turns {
    pub(super) fn new(free: usize) -> Self {
        Self(Mutex::new(Line { free, waiting: Vec::new(), next: Next::Best, failures: Failures::default() }))
    }

    /// Waits for a turn, and no longer than `patience`. `None` when there was none, or too many wait.
    pub(super) async fn take(self: &Arc<Self>, origin: Origin, patience: Duration) -> Option<Turn> {
        let called = {
            let mut line = self.line();
            if let Some(free) = line.free.checked_sub(1) {
                line.free = free;
                return Some(Turn(Some(Arc::clone(self))));
            }
            line.waiting.retain(|(_, call)| !call.is_closed());
            if line.waiting.len() >= WAITING {
                return None;
            }
            let (call, called) = oneshot::channel();
            line.waiting.push((origin, call));
            called
        };
        timeout(patience, called).await.ok()?.ok()
    }

    /// Whoever came from there was wrong.
    pub(super) fn was_wrong(&self, origin: Origin) {
        self.line().failures.note(origin, Instant::now());
    }

    /// How an origin stands.
    pub(super) fn standing(&self, origin: Origin) -> Standing {
        self.line().failures.standing(origin, Instant::now())
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A panic while the lock was held leaves a line that is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Takes the next one out of the line.
    fn call(&mut self) -> Option<oneshot::Sender<Turn>> {
        let now = Instant::now();
        let (at, then) = match self.next {
            Next::Longest => (0, Next::Best),
            Next::Best => {
                let standing = |(_, (origin, _)): &(usize, &(Origin, _))| self.failures.standing(*origin, now);
                let best = self.waiting.iter().enumerate().min_by_key(standing);
                (best.map_or(0, |(at, _)| at), Next::Longest)
            }
        };
        if self.waiting.is_empty() {
            return None;
        }
        self.next = then;
        Some(self.waiting.remove(at).1)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else { return };
        let mut turn = Self(None);
        loop {
            let call = {
                let mut line = turns.line();
                let Some(call) = line.call() else {
                    line.free = line.free.saturating_add(1);
                    return;
                };
                call
            };
            turn.0 = Some(Arc::clone(&turns));
            // Whoever left gives it back.
            let Err(mut back) = call.send(turn) else { return };
            back.0 = None;
            turn = back;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::pin::Pin;

    use futures_util::future::{FutureExt as _, join_all, poll_immediate};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn from(text: &str) -> Origin {
        text.parse::<IpAddr>().unwrap().into()
    }

    type Waiting<'a> = Pin<Box<dyn Future<Output = Option<Turn>> + 'a>>;

    /// Those who wait at the end of the line, in this order.
    async fn wait<'a>(turns: &'a Arc<Turns>, origins: impl IntoIterator<Item = Origin>) -> Vec<Waiting<'a>> {
        let mut waiting: Vec<Waiting<'a>> = Vec::new();
        for origin in origins {
            let mut one: Waiting<'a> = Box::pin(turns.take(origin, PATIENCE));
            assert!(poll_immediate(&mut one).await.is_none());
            waiting.push(one);
        }
        waiting
    }

    #[tokio::test]
    async fn who_was_never_wrong_has_one_of_the_next_two_turns_before_all_who_were() {
        let turns = Arc::new(Turns::new(1));
        let turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        let strangers = |range: std::ops::RangeInclusive<u8>| range.map(|last| from(&format!("192.0.2.{last}")));
        for stranger in strangers(1..=100) {
            turns.was_wrong(stranger);
        }
        let mut strangers = wait(&turns, strangers(1..=100)).await;
        let mut honest = wait(&turns, [from("198.51.100.1"), from("198.51.100.2")]).await;
        drop(turn);
        let turn = honest.remove(0).now_or_never().expect("the best goes first").unwrap();
        drop(turn);
        let turn = strangers.remove(0).now_or_never().expect("then who waits longest").unwrap();
        drop(turn);
        let turn = honest.remove(0).now_or_never().expect("then the best again").unwrap();
        for stranger in &mut strangers {
            assert!(poll_immediate(stranger).await.is_none(), "one at a time");
        }
        drop(turn);
        let ended = strangers.into_iter().map(|stranger| stranger.map(|turn| turn.is_some()));
        assert_eq!(join_all(ended).await, [true; 99], "each ends its turn, and so calls another one");
    }

    #[tokio::test]
    async fn who_shares_an_address_with_strangers_is_not_passed_over_for_ever() {
        let turns = Arc::new(Turns::new(1));
        let mut turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        for _ in 0..1_000 {
            turns.was_wrong(from("192.0.2.1"));
        }
        let mut near = wait(&turns, [from("192.0.2.1")]).await.remove(0);
        // A stream of addresses that were never wrong.
        let mut others = wait(&turns, [from("198.51.100.1"), from("198.51.100.2")]).await;
        drop(turn);
        turn = others.remove(0).now_or_never().expect("the best goes first").unwrap();
        drop(turn);
        assert!(near.as_mut().now_or_never().is_some_and(|turn| turn.is_some()));
    }

    #[tokio::test]
    async fn as_many_have_a_turn_as_there_are() {
        let turns = Arc::new(Turns::new(2));
        let first = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        let second = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        let mut third = wait(&turns, [from("192.0.2.2")]).await.remove(0);
        drop(first);
        let third = third.as_mut().now_or_never().unwrap().unwrap();
        drop((second, third));
        let again = [turns.take(from("192.0.2.1"), PATIENCE), turns.take(from("192.0.2.1"), PATIENCE)];
        assert!(join_all(again).await.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn who_left_takes_no_turn_and_too_many_are_not_kept_waiting() {
        let turns = Arc::new(Turns::new(1));
        let turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        let left = wait(&turns, std::iter::repeat_n(from("192.0.2.1"), WAITING)).await;
        assert!(turns.take(from("192.0.2.2"), PATIENCE).await.is_none(), "there is no room");
        drop(left);
        let stays = wait(&turns, [from("192.0.2.2")]).await.remove(0);
        drop(turn);
        assert!(stays.await.is_some());
        assert!(turns.take(from("192.0.2.1"), PATIENCE).await.is_some(), "nobody has it any more");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_their_patience() {
        let turns = Arc::new(Turns::new(1));
        let _turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        assert!(turns.take(from("192.0.2.2"), PATIENCE).await.is_none());
    }
}
