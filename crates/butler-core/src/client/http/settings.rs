//! Where a peer is, and what keeps a client of it from being built.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use hyper::header::InvalidHeaderValue;
use thiserror::Error;
use url::Url;

use crate::client::text::host_label;
use crate::runtime::clock::Clock;

/// Where to connect and what to expect there.
#[derive(Clone)]
pub struct HttpSettings {
    /// The URL; its path and query may hold a key and are never printed.
    pub url: Url,
    /// The value of the `Authorization` header.
    pub authorization: Option<secrecy::SecretString>,
    /// The value of the `x-api-key` header, which the admin ports of Aztec nodes want.
    pub api_key: Option<secrecy::SecretString>,
    /// Deadline of one exchange, from connecting to the last byte.
    pub timeout: Duration,
    /// The most bytes of one answer, unpacked; at most [`ANSWER_LIMIT`](super::ANSWER_LIMIT).
    pub max_response_bytes: usize,
    /// More certificate authorities, as PEM.
    pub ca_file: Option<PathBuf>,
    /// The time of day, for a `Retry-After` that names a date.
    pub clock: Clock,
}

impl fmt::Debug for HttpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpSettings").field("host", &host_label(&self.url)).finish_non_exhaustive()
    }
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
