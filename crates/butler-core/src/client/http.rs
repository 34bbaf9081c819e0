//! POST with a deadline and a bound on the answer, over hyper 1 and rustls.
//!
//! Connections are kept alive. Redirects are not followed: an endpoint that redirects is configured wrongly. The body of
//! an answer that is not 2xx is kept, for Aztec nodes put JSON-RPC errors into HTTP 400.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, InvalidHeaderValue, RETRY_AFTER, USER_AGENT,
};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use thiserror::Error;
use url::Url;

use super::error::RpcFailure;
use super::text::host_label;

/// Where to connect and what to expect there.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The URL; its path and query may hold a key and are never printed.
    pub url: Url,
    /// The value of the `Authorization` header.
    pub authorization: Option<secrecy::SecretString>,
    /// The value of the `x-api-key` header, which the admin ports of Aztec nodes want.
    pub api_key: Option<secrecy::SecretString>,
    /// Deadline of one exchange, from connecting to the last byte.
    pub timeout: Duration,
    /// The most bytes of one answer.
    pub max_response_bytes: usize,
    /// More certificate authorities, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// A client that cannot be built.
#[derive(Debug, Error)]
pub enum HttpSetupError {
    /// The URL has characters that HTTP does not allow.
    #[error("the URL at {host} is not one that HTTP can use")]
    Url {
        /// Scheme and host.
        host: String,
    },
    /// The authorization has characters that a header may not have.
    #[error("the authorization for {host} cannot be sent as a header")]
    Authorization {
        /// Scheme and host.
        host: String,
        /// What hyper says.
        #[source]
        source: InvalidHeaderValue,
    },
    /// The file of certificate authorities is unreadable or empty.
    #[error("failed to read certificate authorities from `{path}`: {problem}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// rustls does not accept its own defaults.
    #[error("failed to set up TLS")]
    Tls(#[source] rustls::Error),
}

/// One HTTP peer.
#[derive(Debug)]
pub struct HttpPeer {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    uri: Uri,
    host: String,
    authorization: Option<HeaderValue>,
    api_key: Option<HeaderValue>,
    timeout: Duration,
    max_response_bytes: usize,
    counters: Counters,
}

/// What went over the wire.
#[derive(Debug, Default)]
pub struct Counters {
    /// Exchanges begun.
    pub requests: AtomicU64,
    /// Bytes of bodies sent.
    pub bytes_sent: AtomicU64,
    /// Bytes of bodies received.
    pub bytes_received: AtomicU64,
    /// Microseconds that exchanges took, good or bad.
    pub microseconds: AtomicU64,
}

/// What came back.
#[derive(Debug, Clone)]
pub struct HttpAnswer {
    /// The HTTP status.
    pub status: u16,
    /// `Retry-After` in seconds, when it was there as a number.
    pub retry_after: Option<Duration>,
    /// The whole body.
    pub body: Bytes,
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
        let uri = url.as_str().parse().map_err(|_| HttpSetupError::Url { host: host.clone() })?;
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
            .build(connector);
        Ok(Self {
            client,
            uri,
            host,
            authorization,
            api_key,
            timeout: settings.timeout,
            max_response_bytes: settings.max_response_bytes,
            counters: Counters::default(),
        })
    }

    /// Scheme and host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// What went over the wire so far.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Sends a JSON body and reads the whole answer.
    ///
    /// # Errors
    /// `Unreachable`, `Tls`, `Timeout`, `Broken` or `TooLarge`; a status is not an error here.
    pub async fn post(&self, body: Vec<u8>) -> Result<HttpAnswer, RpcFailure> {
        let (exchange, began) = (self.exchange(body), tokio::time::Instant::now());
        let answer = tokio::time::timeout(self.timeout, exchange).await;
        let took = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.counters.microseconds.fetch_add(took, Ordering::Relaxed);
        answer.unwrap_or(Err(RpcFailure::Timeout(self.timeout)))
    }

    async fn exchange(&self, body: Vec<u8>) -> Result<HttpAnswer, RpcFailure> {
        self.counters.requests.fetch_add(1, Ordering::Relaxed);
        self.counters.bytes_sent.fetch_add(u64::try_from(body.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("butler/", env!("CARGO_PKG_VERSION"))));
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(api_key) = &self.api_key {
            headers.insert(HeaderName::from_static("x-api-key"), api_key.clone());
        }
        let answer = self.client.request(request).await.map_err(connect_failure)?;
        let status = answer.status().as_u16();
        let retry_after = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = Limited::new(answer.into_body(), self.max_response_bytes)
            .collect()
            .await
            .map_err(|error| match error.downcast::<LengthLimitError>() {
                Ok(_) => RpcFailure::TooLarge { limit: self.max_response_bytes },
                Err(error) => RpcFailure::Broken(error),
            })?
            .to_bytes();
        self.counters.bytes_received.fetch_add(u64::try_from(body.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        Ok(HttpAnswer { status, retry_after, body })
    }
}

fn basic(url: &Url) -> HeaderValue {
    let decode = |text: &str| percent_decode(text);
    let pair = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
    #[expect(clippy::expect_used, reason = "base64 has only characters that headers allow")]
    let mut header = HeaderValue::from_str(&basic_authorization(&pair)).expect("base64 fits into a header");
    header.set_sensitive(true);
    header
}

/// The header's value for `user:password`.
#[must_use]
pub fn basic_authorization(pair: &str) -> String {
    use base64::Engine as _;
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// hyper-util says only "client error (Connect)": the kind is further down the chain of causes.
fn connect_failure(error: hyper_util::client::legacy::Error) -> RpcFailure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    let mut is_tls = false;
    while let Some(inner) = cause {
        is_tls |= inner.is::<rustls::Error>();
        // rustls hides in an io::Error within an io::Error, whose `source` skips the error that it wraps.
        let wrapped = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = wrapped.map_or_else(|| inner.source(), |wrapped| Some(wrapped));
    }
    if is_tls {
        RpcFailure::Tls(Box::new(error))
    } else if error.is_connect() {
        RpcFailure::Unreachable(Box::new(error))
    } else {
        RpcFailure::Broken(Box::new(error))
    }
}

/// The system's authorities if asked for, Mozilla's, and those of the file.
pub(super) fn trusted_roots(
    with_system: bool,
    ca_file: Option<&Path>,
) -> Result<rustls::RootCertStore, HttpSetupError> {
    let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if with_system {
        // A broken certificate in the system's store is not a reason to trust none of them.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(path) = ca_file {
        let fault = |problem: String| HttpSetupError::Authorities { path: path.to_path_buf(), problem };
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| fault(error.to_string()))?;
        if certificates.is_empty() {
            return Err(fault("no certificate in it".to_owned()));
        }
        for certificate in certificates {
            roots.add(certificate).map_err(|error| fault(error.to_string()))?;
        }
    }
    Ok(roots)
}

fn tls_config(settings: &HttpSettings) -> Result<rustls::ClientConfig, HttpSetupError> {
    let roots = trusted_roots(settings.url.scheme() == "https", settings.ca_file.as_deref())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(HttpSetupError::Tls)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(config)
}
