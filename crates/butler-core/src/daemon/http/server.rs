//! The server: it accepts connections and makes room for them.
//!
//! Limits: the size of a header, the time for a header, the life of a connection, the number of connections. Beyond that
//! number a connection is closed on which nobody was let in yet: the oldest of the address that has most of them, so that whoever comes from
//! elsewhere keeps theirs. Whoever was let in is left alone, as long as there is room for newcomers.

use std::collections::{BTreeMap, VecDeque};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

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
                    make_room(&mut oldest_first);
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
fn make_room(oldest_first: &mut VecDeque<Open>) {
    oldest_first.retain(|open| !open.task.is_finished());
    while oldest_first.len() >= CONNECTIONS {
        let states: Vec<_> = oldest_first.iter().map(Open::state).collect();
        if let Some(open) = oldest_first.remove(to_close(&states)) {
            open.task.abort();
        }
    }
}

impl Open {
    /// Where it comes from, and whether somebody was let in on it.
    fn state(&self) -> (Origin, bool) {
        (self.from, self.was_answered.load(Ordering::Relaxed))
    }
}

/// Which of these connections, the oldest first, is closed to make room: a newcomer, as long as there are enough of them.
fn to_close(states: &[(Origin, bool)]) -> usize {
    let newcomers = states.iter().filter(|(_, was_answered)| !was_answered).count();
    let closes_answered = newcomers < NEWCOMERS;
    let candidates = || states.iter().enumerate().filter(|(_, (_, was_answered))| *was_answered == closes_answered);
    let mut counts = BTreeMap::<Origin, usize>::new();
    for (_, (from, _)) in candidates() {
        let count = counts.entry(*from).or_default();
        *count = count.saturating_add(1);
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let oldest = candidates().find(|(_, (from, _))| counts.get(from).is_some_and(|count| *count == most));
    oldest.map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    #[test]
    fn the_address_with_most_newcomers_makes_room_and_whoever_was_let_in_keeps_theirs() {
        let origin = |last: u8| Origin::from(IpAddr::from([192, 0, 2, last]));
        let (one, crowd) = (origin(1), origin(2));
        let mut states = vec![(one, false), (crowd, true)];
        states.resize(CONNECTIONS, (crowd, false));
        assert_eq!(to_close(&states), 2, "the oldest newcomer of the crowd, though another one is older");
        // Too few newcomers: one that was let in goes, again of those who have most.
        let mut states = vec![(one, true), (crowd, false)];
        states.resize(CONNECTIONS, (crowd, true));
        assert_eq!(to_close(&states), 2);
    }
}
