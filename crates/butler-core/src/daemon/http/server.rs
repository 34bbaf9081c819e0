//! The server: it accepts connections and makes room for them.
//!
//! Limits: the size of a header, the time for a header, the life of a connection, the number of connections. Beyond that
//! number the oldest connection that was not answered yet is closed: an answer takes milliseconds, so that is one that does
//! not get on. Whoever was answered is left alone, as long as there is room for newcomers.

use std::collections::VecDeque;
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
                    oldest_first.push_back(Open { task, was_answered });
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
    was_answered: Arc<AtomicBool>,
}

/// Closes connections until there is room for one more.
fn make_room(oldest_first: &mut VecDeque<Open>) {
    oldest_first.retain(|open| !open.task.is_finished());
    while oldest_first.len() >= CONNECTIONS {
        let is_new = |open: &Open| !open.was_answered.load(Ordering::Relaxed);
        let newcomers = oldest_first.iter().filter(|open| is_new(open)).count();
        let closes_new = newcomers >= NEWCOMERS;
        let at = oldest_first.iter().position(|open| is_new(open) == closes_new).unwrap_or_default();
        if let Some(open) = oldest_first.remove(at) {
            open.task.abort();
        }
    }
}
