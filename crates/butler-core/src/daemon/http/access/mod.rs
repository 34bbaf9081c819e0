//! Who may read what is served: everybody, whoever brings the bearer token, or one of the users with a password.
//!
//! A reload replaces the rule as a whole, see [`Desk::adopt`](super::desk::Desk::adopt). Secrets are compared in constant time, and a refusal says nothing of what was expected.

mod failures;
mod passwords;
mod turns;
mod verdict;

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

#[cfg(test)]
pub(super) use self::failures::Failures;
pub(super) use self::failures::Standing;
use self::passwords::Passwords;
pub use self::verdict::Verdict;
use self::verdict::verdict;
use super::origin::Origin;
use crate::config::HttpConfig;

/// The rule that every request is held against.
#[derive(Debug, Default)]
pub struct Access {
    token: Option<SecretString>,
    passwords: Option<Passwords>,
}

impl Access {
    /// The rule of this configuration.
    #[must_use]
    pub fn of(config: &HttpConfig) -> Self {
        let passwords = (!config.basic_users.is_empty()).then(|| Passwords::new(&config.basic_users));
        Self { token: config.bearer_token.clone(), passwords }
    }

    /// The rule of this configuration instead of one from before: who was right then and has the same password still is known.
    #[must_use]
    pub(super) fn after(config: &HttpConfig, before: &Self) -> Self {
        let next = Self::of(config);
        match (&next.passwords, &before.passwords) {
            (Some(_), Some(known)) => Self { passwords: Some(Passwords::after(&config.basic_users, known)), ..next },
            (Some(_) | None, _) => next,
        }
    }

    /// Whether anybody may ask.
    #[must_use]
    pub(super) fn is_open(&self) -> bool {
        self.token.is_none() && self.passwords.is_none()
    }

    /// Whoever brings this token.
    #[must_use]
    pub fn bearer(token: SecretString) -> Self {
        Self { token: Some(token), passwords: None }
    }

    /// Whether a request with these headers, from that address, may be answered.
    pub async fn judge(&self, headers: &HeaderMap, from: IpAddr) -> Verdict {
        if self.is_open() {
            return Verdict::Allowed;
        }
        let Some(given) = headers.get(AUTHORIZATION).map(HeaderValue::as_bytes) else { return Verdict::Refused };
        if let Some((token, given)) = self.token.as_ref().zip(after(b"bearer ", given)) {
            return verdict(bool::from(given.ct_eq(token.expose_secret().as_bytes())));
        }
        if let Some((passwords, given)) = self.passwords.as_ref().zip(after(b"basic ", given)) {
            let Some((name, password)) = decode(given) else { return Verdict::Refused };
            return passwords.judge(&name, password, Origin::from(from)).await;
        }
        Verdict::Refused
    }

    /// How often whoever comes from there was wrong; nothing is known of that where there are no passwords.
    pub(super) fn standing(&self, origin: Origin) -> Standing {
        self.passwords.as_ref().map(|passwords| passwords.standing(origin)).unwrap_or_default()
    }

    /// The value of `WWW-Authenticate` in a refusal.
    #[must_use]
    pub fn challenge(&self) -> HeaderValue {
        HeaderValue::from_static(match (&self.passwords, &self.token) {
            (Some(_), Some(_)) => "Basic realm=\"butler\", Bearer",
            (Some(_), None) => "Basic realm=\"butler\"",
            (None, _) => "Bearer",
        })
    }
}

/// What follows the name of the scheme.
fn after<'a>(scheme: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (given, rest) = value.split_at_checked(scheme.len())?;
    given.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// A user's name and password; the password may have a colon.
fn decode(given: &[u8]) -> Option<(String, SecretString)> {
    let text = String::from_utf8(STANDARD.decode(given.trim_ascii()).ok()?).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(value: &str) -> HeaderMap {
        [(AUTHORIZATION, HeaderValue::from_str(value).unwrap())].into_iter().collect()
    }

    async fn judge(access: &Access, headers: &HeaderMap) -> Verdict {
        access.judge(headers, IpAddr::from([127, 0, 0, 1])).await
    }

    #[tokio::test]
    async fn only_the_whole_token_opens() {
        let access = Access::bearer("right".into());
        for right in ["Bearer right", "bearer right"] {
            assert_eq!(judge(&access, &with(right)).await, Verdict::Allowed);
        }
        for wrong in ["Bearer wrong", "Bearer righ", "Bearer rightt", "Bearer ", "right", "Basic right", ""] {
            assert_eq!(judge(&access, &with(wrong)).await, Verdict::Refused, "{wrong}");
        }
        assert_eq!(judge(&access, &HeaderMap::new()).await, Verdict::Refused);
        assert_eq!(judge(&Access::default(), &HeaderMap::new()).await, Verdict::Allowed);
    }

    #[tokio::test]
    async fn a_user_and_the_token_open_each_by_itself() {
        let user = passwords::tests::user("alice", "a:b");
        let access = Access { token: Some("right".into()), passwords: Some(Passwords::new(&[user])) };
        let basic = |text: &str| with(&format!("basic {}", STANDARD.encode(text)));
        assert_eq!(judge(&access, &basic("alice:a:b")).await, Verdict::Allowed);
        assert_eq!(judge(&access, &with("Bearer right")).await, Verdict::Allowed);
        for wrong in
            [basic("alice:a"), basic("alice"), basic(":a:b"), basic("bob:a:b"), with("Basic %%%"), with("Basic")]
        {
            assert_eq!(judge(&access, &wrong).await, Verdict::Refused);
        }
        assert_eq!(access.challenge(), "Basic realm=\"butler\", Bearer");
    }
}
