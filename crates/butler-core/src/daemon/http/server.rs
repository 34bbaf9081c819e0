//! The server: it accepts connections and makes room for them.
//!
//! Limits: the size of a header, the time for a header, the life of a connection, the number of connections. Beyond that
//! number a connection is closed on which nobody was let in yet: of those whose address was wrong most often, the oldest of the address that
//! has most of them, so that whoever comes from elsewhere keeps theirs. Whoever was let in is left alone, as long as there is room for newcomers.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::access::Standing;
use super::connection::{Visit, connection};
use super::desk::Desk;
use super::limits::{ACCEPT_PAUSE, CONNECTIONS, GRACE, NEWCOMERS};
use super::origin::Origin;
use super::routes::Routes;

/// Serves until `stop` ends, then lets requests under way finish. With a certificate, only HTTPS is served.
pub async fn serve<R: Routes>(listener: TcpListener, desk: Arc<Desk<R>>, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut oldest_first = VecDeque::<Open>::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    while connections.try_join_next().is_some() {}
                    make_room(&mut oldest_first, |origin| desk.standing(origin));
                    let was_answered = Arc::new(AtomicBool::new(false));
                    let visit = Visit { peer, desk: Arc::clone(&desk), was_answered: Arc::clone(&was_answered) };
                    let task = connections.spawn(connection(stream, visit, stopped.clone()));
                    oldest_first.push_back(Open { task, from: peer.ip().into(), was_answered });
                }
                Err(error) => {
                    tracing::debug!("failed to accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let _ = stopping.send(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if timeout(GRACE, drained).await.is_err() {
        tracing::warn!("some connections were cut");
    }
}

/// A connection as whoever accepts sees it.
struct Open {
    task: AbortHandle,
    from: Origin,
    was_answered: Arc<AtomicBool>,
}

/// Closes connections until there is room for one more.
fn make_room(oldest_first: &mut VecDeque<Open>, standing: impl Fn(Origin) -> Standing) {
    oldest_first.retain(|open| !open.task.is_finished());
    while oldest_first.len() >= CONNECTIONS {
        let states: Vec<_> = oldest_first.iter().map(|open| open.state(&standing)).collect();
        if let Some(open) = oldest_first.remove(to_close(&states)) {
            open.task.abort();
        }
    }
}

impl Open {
    fn state(&self, standing: impl Fn(Origin) -> Standing) -> State {
        State {
            from: self.from,
            standing: standing(self.from),
            was_answered: self.was_answered.load(Ordering::Relaxed),
        }
    }
}

/// Where a connection comes from, how that stands, and whether somebody was let in on it.
#[derive(Debug, Clone, Copy)]
struct State {
    from: Origin,
    standing: Standing,
    was_answered: bool,
}

/// Which of these connections, the oldest first, is closed to make room: a newcomer, as long as there are enough of them.
fn to_close(states: &[State]) -> usize {
    let newcomers = states.iter().filter(|state| !state.was_answered).count();
    let closes_answered = newcomers < NEWCOMERS;
    let candidates = || states.iter().enumerate().filter(|(_, state)| state.was_answered == closes_answered);
    let mut counts = BTreeMap::<Origin, usize>::new();
    for (_, state) in candidates() {
        let count = counts.entry(state.from).or_default();
        *count = count.saturating_add(1);
    }
    let burden = |state: &State| (state.standing, counts.get(&state.from).copied());
    let most = candidates().map(|(_, state)| burden(state)).max();
    let oldest = candidates().find(|(_, state)| Some(burden(state)) == most);
    oldest.map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use tokio::time::Instant;

    use super::super::access::Failures;
    use super::*;

    fn origin(last: u8) -> Origin {
        IpAddr::from([192, 0, 2, last]).into()
    }

    fn state(last: u8, was_answered: bool) -> State {
        State { from: origin(last), standing: Standing::default(), was_answered }
    }

    #[test]
    fn the_address_with_most_newcomers_makes_room_and_whoever_was_let_in_keeps_theirs() {
        let (one, crowd) = (1, 2);
        let mut states = vec![state(one, false), state(crowd, true)];
        states.resize(CONNECTIONS, state(crowd, false));
        assert_eq!(to_close(&states), 2, "the oldest newcomer of the crowd, though another one is older");
        // Too few newcomers: one that was let in goes, again of those who have most.
        let mut states = vec![state(one, true), state(crowd, false)];
        states.resize(CONNECTIONS, state(crowd, true));
        assert_eq!(to_close(&states), 2);
    }

    #[test]
    fn an_address_that_was_wrong_makes_room_before_one_that_was_not() {
        let (now, mut failures) = (Instant::now(), Failures::default());
        failures.note(origin(9), now);
        let wrong = State { standing: failures.standing(origin(9), now), ..state(9, false) };
        let mut states = vec![state(1, false); CONNECTIONS];
        states[7] = wrong;
        assert_eq!(to_close(&states), 7, "though others have more connections, and older ones");
    }
}
