//! Who may read what is served: everybody, or whoever brings the bearer token.
//!
//! A reload replaces the rule as a whole, see [`Site::replace_access`](crate::http::Site::replace_access). Secrets are
//! compared in constant time, and a refusal says nothing of what was expected.

use butler_core::config::ExporterConfig;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

/// The rule that every request is held against.
#[derive(Debug, Default)]
pub struct Access {
    token: Option<SecretString>,
}

impl Access {
    /// The rule of this configuration.
    #[must_use]
    pub fn of(config: &ExporterConfig) -> Self {
        Self { token: config.bearer_token.clone() }
    }

    /// Whoever brings this token.
    #[must_use]
    pub fn bearer(token: SecretString) -> Self {
        Self { token: Some(token) }
    }

    /// Whether a request with these headers may be answered.
    #[must_use]
    pub fn is_allowed(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let given = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes).and_then(|value| {
            let (scheme, given) = value.split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"bearer ").then_some(given)
        });
        given.is_some_and(|given| bool::from(given.ct_eq(token.expose_secret().as_bytes())))
    }

    /// The value of `WWW-Authenticate` in a refusal.
    #[must_use]
    pub fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static("Bearer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &'static str) -> HeaderMap {
        [(AUTHORIZATION, HeaderValue::from_static(value))].into_iter().collect()
    }

    #[test]
    fn only_the_whole_token_opens() {
        let access = Access::bearer("right".into());
        assert!(access.is_allowed(&with("Bearer right")) && access.is_allowed(&with("bearer right")));
        for wrong in ["Bearer wrong", "Bearer righ", "Bearer rightt", "Bearer ", "right", "Basic right", ""] {
            assert!(!access.is_allowed(&with(wrong)), "{wrong}");
        }
        assert!(!access.is_allowed(&HeaderMap::new()));
        assert!(Access::default().is_allowed(&HeaderMap::new()));
    }
}
