//! One connection, from its handshake to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::dateless;
use super::desk::Desk;
use super::limits::{GRACE, HEADER_BYTES, HEADER_TIME, LIFE, TURN};
use super::routes::{Reply, Routes};
use crate::runtime::clock::unix_now;

/// A connection as it sees itself.
pub(super) struct Visit<R> {
    pub(super) peer: SocketAddr,
    pub(super) desk: Arc<Desk<R>>,
    /// Whether somebody on it was let in.
    pub(super) was_answered: Arc<AtomicBool>,
}

impl<R> Clone for Visit<R> {
    fn clone(&self) -> Self {
        let (desk, was_answered) = (Arc::clone(&self.desk), Arc::clone(&self.was_answered));
        Self { peer: self.peer, desk, was_answered }
    }
}

impl<R: Routes> Visit<R> {
    async fn answer<B>(self, request: Request<B>) -> Result<Reply, Infallible> {
        let (head, _) = request.into_parts();
        let answered = self.desk.answer(&head, self.peer.ip()).await;
        if answered.is_let_in {
            self.was_answered.store(true, Ordering::Relaxed);
        }
        Ok(answered.reply)
    }
}

/// Answers until the client leaves, its time is over, or the server stops.
pub(super) async fn connection<R: Routes>(stream: TcpStream, visit: Visit<R>, stopped: watch::Receiver<bool>) {
    let Some(tls) = &visit.desk.tls else { return exchange(stream, visit, stopped).await };
    let peer = visit.peer;
    let acceptor = tls.acceptor();
    visit.desk.process.certificate_is_current(tls.is_current());
    visit.desk.process.certificate_ends(tls.ends_at());
    match timeout(HEADER_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => exchange(stream, visit, stopped).await,
        Ok(Err(error)) => tracing::debug!(%peer, "a TLS handshake failed: {error}"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn exchange<R: Routes>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    visit: Visit<R>,
    mut stopped: watch::Receiver<bool>,
) {
    if unix_now() == 0 {
        return dateless::exchange(stream, |request| visit.answer(request)).await;
    }
    let peer = visit.peer;
    let service = service_fn(move |request: Request<Incoming>| visit.clone().answer(request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let last = tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%peer, "a connection broke: {error}");
            }
            return;
        }
        _ = stopped.wait_for(|stopped| *stopped) => GRACE,
        // Its password may have come just now. A server that stops waits for nobody so long.
        () = sleep(LIFE) => TURN.saturating_add(GRACE),
    };
    connection.as_mut().graceful_shutdown();
    let _ = timeout(last, connection).await;
}
