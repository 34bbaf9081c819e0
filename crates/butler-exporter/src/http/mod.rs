//! The HTTP side: `/metrics`, `/livez`, `/readyz`. It only encodes what the slots hold, and never asks a node.
//!
//! Limits: the size of a header, the time for a header, the life of a connection, the number of connections. Beyond that
//! number the oldest connection that was not answered yet is closed: an answer takes milliseconds, so that is one that does
//! not get on. Whoever was answered is left alone, as long as there is room for newcomers.

mod dateless;
pub mod tls;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use butler_core::config::ExporterConfig;
use butler_core::runtime::clock::unix_now;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap,
    HeaderValue, REFERRER_POLICY, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::tls::Tls;
use crate::access::{Access, Verdict};
use crate::board::Board;
use crate::page;
use crate::text::{Coding, Exposition, Format};

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
/// How many of them may be newcomers, before newcomers are closed for newcomers.
const NEWCOMERS: usize = 16;
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

    async fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let access = self.access.load_full();
        match access.judge(request.headers()).await {
            Verdict::Allowed => {}
            Verdict::Refused => {
                let mut response = plain(StatusCode::UNAUTHORIZED, "");
                response.headers_mut().insert(WWW_AUTHENTICATE, access.challenge());
                return response;
            }
            Verdict::Busy => return plain(StatusCode::SERVICE_UNAVAILABLE, ""),
        }
        let path = request.uri().path();
        let runbook = path.strip_prefix("/runbooks/").and_then(page::runbook);
        if !matches!(path, "/" | "/metrics" | "/livez" | "/readyz") && runbook.is_none() {
            return plain(StatusCode::NOT_FOUND, "not found\n");
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        match path {
            "/metrics" => self.metrics(request.headers()),
            "/livez" => verdict(self.is_alive(), "alive\n", "a scraper does not get on\n"),
            "/readyz" => verdict(self.is_ready(), "ready\n", "not every network was tried yet\n"),
            "/" => {
                let facts = page::Facts::of(&self.board, unix_now());
                respond(StatusCode::OK, "text/html; charset=utf-8", page::render(&facts).into())
            }
            _ => plain(StatusCode::OK, runbook.unwrap_or_default()),
        }
    }

    fn metrics(&self, headers: &HeaderMap) -> Response<Full<Bytes>> {
        let format =
            if accepts(headers, ACCEPT, "application/openmetrics-text") { Format::OpenMetrics } else { Format::Text };
        let coding = coding(headers);
        match self.exposition.body(format, coding) {
            Ok(body) => coded(coding, format.content_type(), body),
            Err(error) => {
                tracing::error!("failed to write the metrics: {error}");
                plain(StatusCode::INTERNAL_SERVER_ERROR, "failed to write the metrics\n")
            }
        }
    }
}

/// What is said of an address that others can reach, when what they send or read is not safe on its way.
#[must_use]
pub fn exposure(config: &ExporterConfig) -> Option<String> {
    let (address, has_secret) = (config.listen, config.bearer_token.is_some() || !config.basic_users.is_empty());
    let is_plain = !address.ip().is_loopback() && config.tls.is_none();
    is_plain.then(|| match has_secret {
        true => format!("tokens and passwords travel to {address} readable (hint: `exporter.tls_certificate_file`)"),
        false => format!("everybody who can reach {address} can read everything that is served"),
    })
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

fn coding(headers: &HeaderMap) -> Coding {
    if accepts(headers, ACCEPT_ENCODING, "gzip") { Coding::Gzip } else { Coding::Identity }
}

fn coded(coding: Coding, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = respond(StatusCode::OK, content_type, body);
    if coding == Coding::Gzip {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response.headers_mut().insert(VARY, HeaderValue::from_static("Accept, Accept-Encoding"));
    response
}

fn respond(status: StatusCode, content_type: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, page::policy()),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Serves until `stop` ends, then lets requests under way finish. With a certificate, only HTTPS is served.
pub async fn serve(listener: TcpListener, site: Arc<Site>, tls: Option<Arc<Tls>>, stop: impl Future<Output = ()>) {
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
                    let visit = Visit { peer, site: Arc::clone(&site), was_answered: Arc::clone(&was_answered) };
                    let task = connections.spawn(connection(stream, visit, tls.clone(), stopped.clone()));
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

/// A connection as it sees itself.
#[derive(Clone)]
struct Visit {
    peer: SocketAddr,
    site: Arc<Site>,
    was_answered: Arc<AtomicBool>,
}

impl Visit {
    async fn answer<B>(self, request: Request<B>) -> Result<Response<Full<Bytes>>, Infallible> {
        let response = self.site.answer(&request).await;
        if response.status() != StatusCode::UNAUTHORIZED {
            self.was_answered.store(true, Ordering::Relaxed);
        }
        Ok(response)
    }
}

async fn connection(stream: TcpStream, visit: Visit, tls: Option<Arc<Tls>>, stopped: watch::Receiver<bool>) {
    let Some(tls) = tls else { return exchange(stream, visit, stopped).await };
    let peer = visit.peer;
    let acceptor = tls.acceptor();
    visit.site.board.life().certificate_is_current(tls.is_current());
    match timeout(HEADER_TIME, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => exchange(stream, visit, stopped).await,
        Ok(Err(error)) => tracing::debug!(%peer, "a TLS handshake failed: {error}"),
        Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
    }
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, visit: Visit, mut stopped: watch::Receiver<bool>) {
    if unix_now() == 0 {
        return dateless::exchange(stream, visit).await;
    }
    let peer = visit.peer;
    let service = service_fn(move |request: Request<Incoming>| visit.clone().answer(request));
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
