//! GET and POST with a deadline and a bound on the answer, over hyper 1 and rustls.
//!
//! Connections are kept alive; one that turns out to be closed before it gave a byte is replaced once. Redirects are not
//! followed: an endpoint that redirects is configured wrongly. The body of an answer that is not 2xx is kept, for Aztec nodes
//! put JSON-RPC errors into HTTP 400. What the other side says leaves here through the peer's [`Secrets`] only.

mod answer;
mod durations;
mod failure;
mod fetch;
mod fetch_error;
mod headers;
mod settings;
mod status;
mod tls;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Method, Request, Response, Uri};
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use url::Url;

pub use self::answer::HttpAnswer;
pub use self::durations::{DURATION_BUCKETS, DurationCounts, Durations};
use self::failure::{connect_failure, told, traffic};
pub use self::fetch_error::FetchError;
pub use self::headers::{LONGEST_WAIT, Quota};
use self::headers::{basic, quota, retry_after};
pub use self::headers::{basic_authorization, wait_of};
pub use self::settings::{HttpSettings, HttpSetupError};
pub(super) use self::status::meaning;
pub use self::tls::authorities;
use self::tls::tls_config;
pub(super) use self::tls::trusted_roots;
use super::body;
use super::connection::{Connector, Traffic};
use super::error::RpcFailure;
use super::payload::Payload;
use super::secrets::Secrets;
use super::text::host_label;
use crate::runtime::clock::Clock;

/// The most unpacked bytes of one answer, whatever the settings say: what is decoded from it costs a few times as much.
pub const ANSWER_LIMIT: usize = 16 << 20;
/// The most unpacked bytes of all answers to one look at the chain.
pub const LOOK_LIMIT: u64 = 256 << 20;
/// What a connection reads before somebody takes it; an answer's head must fit.
const READ_AHEAD: usize = 64 * 1024;

/// One HTTP peer.
pub struct HttpPeer {
    client: Client<Connector, Payload>,
    url: Url,
    uri: Uri,
    host: String,
    authorization: Option<HeaderValue>,
    api_key: Option<HeaderValue>,
    timeout: Duration,
    max_response_bytes: usize,
    secrets: Secrets,
    clock: Clock,
    turns: Arc<Semaphore>,
    /// Unpacked bytes that the present look at the chain may still get.
    left: AtomicU64,
    counters: Counters,
}

impl fmt::Debug for HttpPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpPeer").field("host", &self.host).field("counters", &self.counters).finish_non_exhaustive()
    }
}

/// What went over the wire.
#[derive(Debug, Default)]
pub struct Counters {
    /// Exchanges begun.
    pub requests: AtomicU64,
    /// Bytes of bodies sent.
    pub bytes_sent: AtomicU64,
    /// Bytes of bodies received, as they travelled: packed ones count packed.
    pub bytes_received: AtomicU64,
    /// Bytes of bodies received, unpacked.
    pub bytes_decoded: AtomicU64,
    /// How long exchanges took, good or bad.
    pub durations: Durations,
}

/// What goes out; a clone shares the body.
#[derive(Clone)]
struct Ask {
    method: Method,
    uri: Uri,
    body: Payload,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl HttpPeer {
    /// Prepares a client; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        let host = host_label(&settings.url);
        let mut url = settings.url.clone();
        let secret = |value: &secrecy::SecretString| {
            let mut header = HeaderValue::from_str(secrecy::ExposeSecret::expose_secret(value))
                .map_err(|source| HttpSetupError::Authorization { host: host.clone(), source })?;
            header.set_sensitive(true);
            Ok(header)
        };
        let api_key = settings.api_key.as_ref().map(secret).transpose()?;
        let mut authorization = settings.authorization.as_ref().map(secret).transpose()?;
        if authorization.is_none() && !url.username().is_empty() {
            authorization = Some(basic(&url));
        }
        // Userinfo must not travel in the request line. It can only fail for URLs without a host, which have none.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        let uri = uri_of(&url)?;
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(settings.timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls_config(settings)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(64)
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_timer(TokioTimer::new())
            .http1_max_buf_size(READ_AHEAD)
            .build(Connector(connector));
        Ok(Self {
            client,
            url,
            uri,
            host,
            authorization,
            api_key,
            timeout: settings.timeout,
            max_response_bytes: settings.max_response_bytes.min(ANSWER_LIMIT),
            secrets: Secrets::of(settings),
            clock: settings.clock,
            turns: Arc::new(Semaphore::new(1)),
            left: AtomicU64::new(u64::MAX),
            counters: Counters::default(),
        })
    }

    /// Scheme and host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// How long one exchange may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// What went over the wire so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// What the peer must never be quoted with.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// A look at the chain begins: until the next one does, all answers together may have [`LOOK_LIMIT`] bytes. Before the
    /// first call there is no such limit.
    pub fn begin_look(&self) {
        self.left.store(LOOK_LIMIT, Ordering::Relaxed);
    }

    /// Sends a JSON body and reads the whole answer.
    ///
    /// # Errors
    /// `Unreachable`, `Tls`, `Timeout`, `Broken`, `TooLarge`, or `Malformed` when the answer is packed in a way that nobody
    /// asked for; a status is not an error here.
    pub async fn post(&self, body: impl Into<Payload>) -> Result<HttpAnswer, RpcFailure> {
        self.timed(Ask { method: Method::POST, uri: self.uri.clone(), body: body.into(), headers: Vec::new() }).await
    }

    /// As [`post`](Self::post), under an id by which the other side knows what it has already (`Idempotency-Key`).
    ///
    /// # Errors
    /// As [`post`](Self::post); `Malformed` also for an id that a header cannot have.
    pub async fn post_once(&self, body: impl Into<Payload>, id: &str) -> Result<HttpAnswer, RpcFailure> {
        self.post_with(body, &[("idempotency-key", id)]).await
    }

    /// As [`post`](Self::post), with more headers; their names are in lower case.
    ///
    /// # Errors
    /// As [`post`](Self::post); `Malformed` also for a value that a header cannot have.
    pub async fn post_with(
        &self,
        body: impl Into<Payload>,
        headers: &[(&'static str, &str)],
    ) -> Result<HttpAnswer, RpcFailure> {
        self.post_at(&[], body, headers).await
    }

    /// As [`post_with`](Self::post_with), below the peer's URL, by the segments of a path, which are escaped here.
    ///
    /// # Errors
    /// As [`post_with`](Self::post_with); `Malformed` also when that is no URL.
    pub async fn post_at(
        &self,
        path: &[&str],
        body: impl Into<Payload>,
        headers: &[(&'static str, &str)],
    ) -> Result<HttpAnswer, RpcFailure> {
        let header = |(name, value): &(&'static str, &str)| {
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|_| RpcFailure::Malformed(format!("a `{name}` that is no header")))?;
            Ok((HeaderName::from_static(name), value))
        };
        let headers = headers.iter().map(header).collect::<Result<_, RpcFailure>>()?;
        let uri = if path.is_empty() { self.uri.clone() } else { self.uri_below(path, &[])? };
        self.timed(Ask { method: Method::POST, uri, body: body.into(), headers }).await
    }

    /// Gets what stands below the peer's URL, by the segments of its path and the pairs of its query, which are escaped here.
    ///
    /// # Errors
    /// As [`post`](Self::post); `Malformed` also when that is no URL.
    pub async fn get(&self, path: &[&str], query: &[(&str, &str)]) -> Result<HttpAnswer, RpcFailure> {
        let uri = self.uri_below(path, query)?;
        self.timed(Ask { method: Method::GET, uri, body: Payload::default(), headers: Vec::new() }).await
    }

    /// Has what stands below the peer's URL deleted, with a JSON body that says why that may be done.
    ///
    /// # Errors
    /// As [`post`](Self::post); `Malformed` also when that is no URL.
    pub async fn delete(&self, path: &[&str], body: impl Into<Payload>) -> Result<HttpAnswer, RpcFailure> {
        let uri = self.uri_below(path, &[])?;
        self.timed(Ask { method: Method::DELETE, uri, body: body.into(), headers: Vec::new() }).await
    }

    fn uri_below(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Uri, RpcFailure> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        uri_of(&url).map_err(|_| RpcFailure::Malformed("no URL that HTTP can use".to_owned()))
    }

    async fn timed(&self, ask: Ask) -> Result<HttpAnswer, RpcFailure> {
        let began = tokio::time::Instant::now();
        let answer = tokio::time::timeout(self.timeout, self.exchange(ask)).await;
        self.counters.durations.note(began.elapsed());
        answer.unwrap_or(Err(RpcFailure::Timeout(self.timeout)))
    }

    async fn exchange(&self, ask: Ask) -> Result<HttpAnswer, RpcFailure> {
        let answer = self.send_twice(ask).await.map_err(|error| connect_failure(&self.secrets, &error))?;
        let (status, traffic) = (answer.status().as_u16(), answer.extensions().get::<Traffic>().cloned());
        let headers = answer.headers();
        let (retry_after, quota) = (retry_after(headers, (self.clock)()), quota(headers, (self.clock)()));
        let redirect = answer::redirect(&self.secrets, &self.url, status, headers);
        let packing = answer::packing(&self.secrets, headers)?;
        let travelled = |bytes| add(&self.counters.bytes_received, bytes);
        let body = body::read(answer.into_body(), packing, self.max_response_bytes, &self.turns, travelled)
            .await
            .map_err(|failure| self.told(failure))?;
        if let Some(traffic) = traffic {
            traffic.settle();
        }
        add(&self.counters.bytes_decoded, body.bytes.len());
        self.spend(body.bytes.len())?;
        Ok(HttpAnswer { status, retry_after, quota, body: Bytes::from(body.bytes), redirect, _turn: body.turn })
    }

    /// Sends a body, which nobody keeps once an answer begins.
    async fn send_twice(&self, ask: Ask) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        match self.send(ask.clone()).await {
            // The other side closed the connection while it lay idle, and has not seen the request.
            Err(error) if traffic(&error).is_some_and(|traffic| traffic.is_silent_since_an_answer()) => {
                self.send(ask).await
            }
            answer => answer,
        }
    }

    async fn send(
        &self,
        Ask { method, uri, body, headers: more }: Ask,
    ) -> Result<Response<Incoming>, hyper_util::client::legacy::Error> {
        add(&self.counters.requests, 1);
        add(&self.counters.bytes_sent, body.len());
        let mut request = Request::new(body);
        let is_json = method == Method::POST || method == Method::DELETE;
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        let headers = request.headers_mut();
        headers.extend(more);
        if is_json {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("butler/", env!("CARGO_PKG_VERSION"))));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(api_key) = &self.api_key {
            headers.insert(HeaderName::from_static("x-api-key"), api_key.clone());
        }
        self.client.request(request).await
    }

    fn spend(&self, bytes: usize) -> Result<(), RpcFailure> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let rest = |left: u64| if left == u64::MAX { Some(left) } else { left.checked_sub(bytes) };
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, rest) {
            Ok(_) => Ok(()),
            Err(_) => Err(RpcFailure::TooLarge { limit: usize::try_from(LOOK_LIMIT).unwrap_or(usize::MAX) }),
        }
    }

    /// A failure of the exchange, its causes without what must not be quoted.
    fn told(&self, failure: RpcFailure) -> RpcFailure {
        let RpcFailure::Broken(cause) = failure else { return failure };
        RpcFailure::Broken(told(&self.secrets, cause.as_ref()))
    }
}

fn uri_of(url: &Url) -> Result<Uri, HttpSetupError> {
    url.as_str().parse().map_err(|_| HttpSetupError::Url { host: host_label(url) })
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}
