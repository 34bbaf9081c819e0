//! The HTTP side: `/metrics`, `/livez`, `/readyz`. It only encodes what the slots hold, and never asks a node.
//!
//! Limits: the size of a header, the time for a header, the life of a connection, the number of connections. Beyond that
//! number the oldest connection is closed: a scrape takes milliseconds, so the oldest is one that does not get on.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, VARY, WWW_AUTHENTICATE,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use crate::access::Access;
use crate::board::Board;
use crate::page;
use crate::text::{Exposition, Format};

/// How long a client may take for the head of a request; also how long an idle connection stays.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// The bytes of a request's head.
const HEADER_BYTES: usize = 16 * 1024;
/// How long a connection lives.
const LIFE: Duration = Duration::from_secs(60);
/// How long a connection gets for its last response.
const GRACE: Duration = Duration::from_secs(5);
/// The most connections at once.
const CONNECTIONS: usize = 64;
/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What is served.
#[derive(Debug)]
pub struct Site {
    board: Arc<Board>,
    exposition: Exposition,
    access: ArcSwap<Access>,
}

impl Site {
    /// Serves this board to whoever has access.
    #[must_use]
    pub fn new(board: Arc<Board>, access: Access) -> Self {
        Self { exposition: Exposition::new(Arc::clone(&board)), board, access: ArcSwap::from_pointee(access) }
    }

    /// From now on every request is held against this rule, on open connections too.
    pub fn replace_access(&self, access: Access) {
        self.access.store(Arc::new(access));
    }

    /// Whether every scraper is at work.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.board.slots().iter().all(|slot| slot.is_alive())
    }

    /// Whether every scraper has tried once. Once true it stays so.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.board.is_ready()
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let access = self.access.load();
        if !access.is_allowed(request.headers()) {
            let mut response = plain(StatusCode::UNAUTHORIZED, "");
            response.headers_mut().insert(WWW_AUTHENTICATE, access.challenge());
            return response;
        }
        let path = request.uri().path();
        if !matches!(path, "/" | "/metrics" | "/livez" | "/readyz") {
            return plain(StatusCode::NOT_FOUND, "not found\n");
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => self.metrics(request.headers()),
            "/livez" => verdict(self.is_alive(), "alive\n", "a scraper does not get on\n"),
            "/readyz" => verdict(self.is_ready(), "ready\n", "not every network was tried yet\n"),
            _ => compressed(request.headers(), "text/html; charset=utf-8", page::render(&self.board.slots())),
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let format =
            if accepts(headers, ACCEPT, "application/openmetrics-text") { Format::OpenMetrics } else { Format::Text };
        match self.exposition.render(format) {
            Ok(text) => compressed(headers, format.content_type(), text),
            Err(error) => {
                tracing::error!("failed to write the metrics: {error}");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n")
            }
        }
    }
}

/// Whether a list header names `what` without refusing it by `q=0`.
fn accepts(headers: &HeaderMap, name: hyper::header::HeaderName, what: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next().is_some_and(|first| first.eq_ignore_ascii_case(what))
            && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0_f32)))
    })
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    respond(status, "text/plain; charset=utf-8", Bytes::from_static(text.as_bytes()))
}

fn verdict(good: bool, yes: &'static str, no: &'static str) -> Response<Full<Bytes>> {
    if good { plain(StatusCode::OK, yes) } else { plain(StatusCode::SERVICE_UNAVAILABLE, no) }
}

fn compressed(headers: &HeaderMap, content_type: &'static str, text: String) -> Response<Full<Bytes>> {
    let mut response = match accepts(headers, ACCEPT_ENCODING, "gzip").then(|| gzip(text.as_bytes())) {
        Some(Ok(bytes)) => {
            let mut response = respond(StatusCode::OK, content_type, bytes.into());
            response.headers_mut().insert(CONTENT_ENCODING, hyper::header::HeaderValue::from_static("gzip"));
            response
        }
        Some(Err(_)) | None => respond(StatusCode::OK, content_type, text.into()),
    };
    response.headers_mut().insert(VARY, hyper::header::HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    response
}

/// Serves until `stop` ends, then lets requests under way finish.
pub async fn serve(listener: TcpListener, site: Arc<Site>, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut oldest_first = VecDeque::<AbortHandle>::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    while connections.try_join_next().is_some() {}
                    oldest_first.retain(|connection| !connection.is_finished());
                    while oldest_first.len() >= CONNECTIONS {
                        if let Some(oldest) = oldest_first.pop_front() {
                            oldest.abort();
                        }
                    }
                    oldest_first.push_back(connections.spawn(connection(stream, peer, Arc::clone(&site), stopped.clone())));
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

async fn connection(stream: TcpStream, peer: SocketAddr, site: Arc<Site>, mut stopped: watch::Receiver<bool>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = site.answer(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_buf_size(HEADER_BYTES)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => {
            if let Err(error) = ended {
                tracing::debug!(%peer, "a connection broke: {error}");
            }
            return;
        }
        _ = stopped.wait_for(|stopped| *stopped) => {}
        () = sleep(LIFE) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = timeout(GRACE, connection).await;
}
