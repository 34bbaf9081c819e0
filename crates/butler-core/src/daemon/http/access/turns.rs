//! Turns at something that takes a processor: one at a time, and first to those whose origin was wrong least of late.
//!
//! A stranger who tries passwords is soon behind everybody else: whoever comes from another address and has not been wrong gets the next
//! turn, however many strangers wait. Among equals chance decides, so that nobody can stand in front of somebody for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ring::rand::{SecureRandom as _, SystemRandom};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::super::origin::Origin;

/// The most that wait at the same time.
const WAITING: usize = 512;
/// The most origins that are remembered for having been wrong; beyond that the memory begins anew.
const ORIGINS: usize = 4096;
/// For so long an origin is remembered after it was wrong for the last time: somebody else may have its address by then.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// Who has the turn, and who waits for it.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    is_taken: bool,
    waiting: Vec<(Origin, oneshot::Sender<Turn>)>,
    /// How often each was wrong, and when it was last.
    wrong: BTreeMap<Origin, (u64, Instant)>,
}

/// A turn, which goes to the next one when it is dropped, also on its way to somebody who left. Empty once it was given away.
#[derive(Debug)]
pub(super) struct Turn(Option<Arc<Turns>>);

impl Turns {
    /// Waits for a turn, and no longer than `patience`. `None` when there was none, or too many wait.
    pub(super) async fn take(self: &Arc<Self>, origin: Origin, patience: Duration) -> Option<Turn> {
        let called = {
            let mut line = self.line();
            if !line.is_taken {
                line.is_taken = true;
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
        let (mut line, now) = (self.line(), Instant::now());
        if line.wrong.len() >= ORIGINS && !line.wrong.contains_key(&origin) {
            line.wrong.retain(|_, (_, last)| is_remembered(*last, now));
            if line.wrong.len() >= ORIGINS {
                line.wrong.clear();
            }
        }
        let count = line.wrong_of(&origin, now).saturating_add(1);
        line.wrong.insert(origin, (count, now));
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        // A panic while the lock was held leaves a line that is still good.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// How often an origin was wrong, as far as that is remembered.
    fn wrong_of(&self, origin: &Origin, now: Instant) -> u64 {
        let known = self.wrong.get(origin).filter(|(_, last)| is_remembered(*last, now));
        known.map_or(0, |(count, _)| *count)
    }

    /// One of those whose origin was wrong least.
    fn next(&self) -> Option<usize> {
        let now = Instant::now();
        let wrong = |origin: &Origin| self.wrong_of(origin, now);
        let least = self.waiting.iter().map(|(origin, _)| wrong(origin)).min()?;
        let equals = || self.waiting.iter().enumerate().filter(|(_, (origin, _))| wrong(origin) == least);
        let chosen = chance().checked_rem(equals().count())?;
        equals().nth(chosen).map(|(at, _)| at)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else { return };
        let mut turn = Self(None);
        loop {
            let call = {
                let mut line = turns.line();
                let next = line.next();
                line.is_taken = next.is_some();
                let Some(at) = next else { return };
                line.waiting.swap_remove(at).1
            };
            turn.0 = Some(Arc::clone(&turns));
            // Whoever left gives it back.
            let Err(mut back) = call.send(turn) else { return };
            back.0 = None;
            turn = back;
        }
    }
}

fn is_remembered(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) < REMEMBERED
}

/// Some number; 0 on a machine without randomness.
fn chance() -> usize {
    let mut bytes = [0; 4];
    let _ = SystemRandom::new().fill(&mut bytes);
    usize::try_from(u32::from_ne_bytes(bytes)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use futures_util::future::{FutureExt as _, join_all, poll_immediate};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn from(text: &str) -> Origin {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[tokio::test]
    async fn who_was_never_wrong_goes_before_all_who_were() {
        let turns = Arc::new(Turns::default());
        let turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        turns.was_wrong(from("192.0.2.1"));
        let mut strangers: Vec<_> = (0..100).map(|_| Box::pin(turns.take(from("192.0.2.1"), PATIENCE))).collect();
        for stranger in &mut strangers {
            assert!(poll_immediate(stranger).await.is_none());
        }
        let mut honest = Box::pin(turns.take(from("192.0.2.2"), PATIENCE));
        assert!(poll_immediate(&mut honest).await.is_none());
        drop(turn);
        let turn = honest.now_or_never().expect("the next turn is that of who was never wrong").unwrap();
        for stranger in &mut strangers {
            assert!(poll_immediate(stranger).await.is_none(), "one at a time");
        }
        drop(turn);
        let ended = strangers.into_iter().map(|stranger| stranger.map(|turn| turn.is_some()));
        assert_eq!(join_all(ended).await, [true; 100], "each ends its turn, and so calls another one");
    }

    #[tokio::test]
    async fn who_left_takes_no_turn_and_too_many_are_not_kept_waiting() {
        let turns = Arc::new(Turns::default());
        let turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        let mut left: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.take(from("192.0.2.1"), PATIENCE))).collect();
        for waiting in &mut left {
            assert!(poll_immediate(waiting).await.is_none());
        }
        assert!(turns.take(from("192.0.2.2"), PATIENCE).await.is_none(), "there is no room");
        drop(left);
        let mut stays = Box::pin(turns.take(from("192.0.2.2"), PATIENCE));
        assert!(poll_immediate(&mut stays).await.is_none());
        drop(turn);
        assert!(stays.await.is_some());
        assert!(turns.take(from("192.0.2.1"), PATIENCE).await.is_some(), "nobody has it any more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_wrong_is_forgotten_an_hour_after_the_last_time() {
        let (turns, origin) = (Turns::default(), from("192.0.2.1"));
        let wrong = || turns.line().wrong_of(&origin, Instant::now());
        turns.was_wrong(origin);
        tokio::time::advance(REMEMBERED - Duration::from_secs(1)).await;
        turns.was_wrong(origin);
        tokio::time::advance(REMEMBERED - Duration::from_secs(1)).await;
        assert_eq!(wrong(), 2);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(wrong(), 0);
        turns.was_wrong(origin);
        assert_eq!(wrong(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_than_their_patience() {
        let turns = Arc::new(Turns::default());
        let _turn = turns.take(from("192.0.2.1"), PATIENCE).await.unwrap();
        assert!(turns.take(from("192.0.2.2"), PATIENCE).await.is_none());
    }
}
