//! A JSON-RPC endpoint: where it is, how to be let in, and how much to ask of it.
//!
//! A URL prints as scheme and host, whatever it is printed with: providers put API keys into paths and queries.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use url::Url;

use crate::domain::credits::CreditPlan;

/// The URL of an endpoint. Only [`EndpointUrl::expose`] gives more than scheme, host and port.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

/// Why a text is not an endpoint's URL. Never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum EndpointUrlError {
    /// Not a URL at all.
    #[error("expected an http or https URL")]
    NotAUrl,
    /// Another scheme.
    #[error("expected an http or https URL, found another scheme")]
    Scheme,
    /// No host.
    #[error("expected a URL with a host")]
    Host,
    /// A user or password before the host.
    #[error("the URL holds a user or a password")]
    UserInfo,
    /// A part after `#`, which is never sent.
    #[error("the URL has a part after `#`, which is never sent")]
    Fragment,
}

impl EndpointUrlError {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> Option<&'static str> {
        match self {
            Self::UserInfo => {
                Some("use `basic_user` with `basic_password_file`; a key in the path belongs in `url_file`")
            }
            Self::Scheme => Some("logs are polled over HTTP, WebSockets are not used"),
            Self::NotAUrl => Some("begin with http:// or https://"),
            Self::Fragment => Some("write %23 for a `#` that belongs to the path"),
            Self::Host => None,
        }
    }
}

impl EndpointUrl {
    /// Reads a URL strictly: no spaces around it, no user, no fragment.
    ///
    /// # Errors
    ///
    /// The text is not an http or https URL with a host, or holds what must not be in it.
    pub fn parse(text: &str) -> Result<Self, EndpointUrlError> {
        let url = Self::parse_with_user(text)?;
        let authority =
            text.split_once("//").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
        if authority.contains('@') { Err(EndpointUrlError::UserInfo) } else { Ok(url) }
    }

    /// Reads a URL that was kept secret, which may hold a user and a password: they are taken out of it.
    ///
    /// # Errors
    ///
    /// As [`EndpointUrl::parse`], and for a user that a header can not carry.
    pub(crate) fn parse_secret(text: &str) -> Result<(Self, Option<Auth>), EndpointUrlError> {
        let Self(mut url) = Self::parse_with_user(text)?;
        let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
        let (user, password) = (decode(url.username()), decode(url.password().unwrap_or_default()));
        if user.is_empty() && password.is_empty() {
            return Self::parse(text).map(|url| (url, None));
        }
        let is_carried = |part: &str| !part.chars().any(char::is_control);
        if user.contains(':') || !is_carried(&user) || !is_carried(&password) {
            return Err(EndpointUrlError::UserInfo);
        }
        if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
            return Err(EndpointUrlError::Host);
        }
        Ok((Self(url), Some(Auth::Basic { user, password: password.into() })))
    }

    fn parse_with_user(text: &str) -> Result<Self, EndpointUrlError> {
        // The URL standard would drop spaces, tabs and newlines silently.
        if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
            return Err(EndpointUrlError::NotAUrl);
        }
        let url = Url::parse(text).map_err(|error| {
            if error == url::ParseError::EmptyHost { EndpointUrlError::Host } else { EndpointUrlError::NotAUrl }
        })?;
        let has_slashes = text.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//"));
        match url.scheme() {
            "http" | "https" if has_slashes => {}
            "http" | "https" => return Err(EndpointUrlError::NotAUrl),
            // `localhost:8545` parses as a URL whose scheme is the host's name.
            _ if !has_slashes => return Err(EndpointUrlError::NotAUrl),
            _ => return Err(EndpointUrlError::Scheme),
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(EndpointUrlError::Host);
        }
        if url.fragment().is_some() {
            return Err(EndpointUrlError::Fragment);
        }
        Ok(Self(url))
    }

    /// The whole URL, for the client that sends requests. It may hold a key: never print it.
    #[must_use]
    pub fn expose(&self) -> &Url {
        &self.0
    }

    /// The host without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether nobody between can read what is sent there: it is encrypted, or does not leave this machine.
    #[must_use]
    pub fn is_private(&self) -> bool {
        let is_loopback = match self.0.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        self.0.scheme() == "https" || is_loopback
    }

    /// Whether the URL has a path or query, which is not shown.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.0.path() != "/" || self.0.query().is_some()
    }
}

impl fmt::Display for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.0.scheme(), self.host())?;
        self.0.port().iter().try_for_each(|port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for EndpointUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointUrl({self})")
    }
}

/// How to be let in.
#[derive(Debug, Clone)]
pub enum Auth {
    /// `Authorization: Bearer …`.
    Bearer(SecretString),
    /// `Authorization: Basic …`.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
}

/// For telling whether a configuration changed, never for letting somebody in.
impl PartialEq for Auth {
    fn eq(&self, other: &Self) -> bool {
        let same = |left: &SecretString, right: &SecretString| left.expose_secret() == right.expose_secret();
        match (self, other) {
            (Self::Bearer(left), Self::Bearer(right)) => same(left, right),
            (Self::Basic { user: left, password: one }, Self::Basic { user: right, password: two }) => {
                left == right && same(one, two)
            }
            (Self::Bearer(_), Self::Basic { .. }) | (Self::Basic { .. }, Self::Bearer(_)) => false,
        }
    }
}

/// One endpoint and how to treat it.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointConfig {
    /// The name in logs and metrics; unique within its list.
    pub name: String,
    /// Where it is.
    pub url: EndpointUrl,
    /// How to be let in.
    pub auth: Option<Auth>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Requests at the same time.
    pub max_concurrency: usize,
    /// A longer answer is refused.
    pub max_response_bytes: usize,
    /// Calls in one JSON-RPC batch; 1 means no batches.
    pub max_batch: usize,
    /// Certificate authorities (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What calls to an L1 endpoint cost, and what may be spent.
    pub credits: CreditPlan,
}

/// The admin port of an Aztec node.
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// How to reach it.
    pub endpoint: EndpointConfig,
    /// What it wants in `x-api-key`.
    pub api_key: Option<SecretString>,
}

impl PartialEq for AdminConfig {
    fn eq(&self, other: &Self) -> bool {
        let exposed = |admin: &Self| admin.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        self.endpoint == other.endpoint && exposed(self) == exposed(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::setting::Setting;

    #[test]
    fn a_url_is_strict() {
        let cases = [
            ("", EndpointUrlError::NotAUrl),
            ("localhost:8545", EndpointUrlError::NotAUrl),
            ("http:localhost", EndpointUrlError::NotAUrl),
            ("https://rpc.example.com/ key", EndpointUrlError::NotAUrl),
            ("\nhttps://rpc.example.com", EndpointUrlError::NotAUrl),
            ("ws://rpc.example.com", EndpointUrlError::Scheme),
            ("file:///etc/passwd", EndpointUrlError::Scheme),
            ("https://", EndpointUrlError::Host),
            ("https://user@rpc.example.com", EndpointUrlError::UserInfo),
            ("https://user:secret@rpc.example.com", EndpointUrlError::UserInfo),
            ("https://@rpc.example.com", EndpointUrlError::UserInfo),
            ("https://rpc.example.com/#x", EndpointUrlError::Fragment),
        ];
        for (text, error) in cases {
            assert_eq!(EndpointUrl::parse(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn a_secret_url_may_hold_a_user_who_is_taken_out_of_it() {
        let (url, auth) = EndpointUrl::parse_secret("https://op:p%40ss@rpc.example.com/v2").unwrap();
        assert_eq!(url.expose().as_str(), "https://rpc.example.com/v2");
        let Some(Auth::Basic { user, password }) = auth else { panic!("{auth:?}") };
        assert_eq!((user.as_str(), secrecy::ExposeSecret::expose_secret(&password)), ("op", "p@ss"));
        assert!(EndpointUrl::parse_secret("https://rpc.example.com/v2").unwrap().1.is_none());
        for bad in ["https://@rpc.example.com", "https://a%3Ab:c@rpc.example.com", "https://a:b%0Ac@rpc.example.com"] {
            assert_eq!(EndpointUrl::parse_secret(bad).unwrap_err(), EndpointUrlError::UserInfo, "{bad}");
        }
    }

    #[test]
    fn a_url_prints_scheme_host_and_port_only() {
        let url = EndpointUrl::parse("https://rpc.example.com:8443/v2/s3cr3t?key=s3cr3t").unwrap();
        assert_eq!(url.to_string(), "https://rpc.example.com:8443");
        assert_eq!(format!("{url:?}"), "EndpointUrl(https://rpc.example.com:8443)");
        assert_eq!(url.show(), "https://rpc.example.com:8443/<hidden>");
        assert_eq!(url.expose().as_str(), "https://rpc.example.com:8443/v2/s3cr3t?key=s3cr3t");
        assert_eq!(EndpointUrl::parse("http://[::1]:8545/").unwrap().to_string(), "http://[::1]:8545");
    }
}
