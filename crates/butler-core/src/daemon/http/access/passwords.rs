//! Passwords against bcrypt hashes, which is slow on purpose.
//!
//! A password that was right once is known again by a keyed digest, so that a scraper costs nothing after its first request.
//! Everything else is computed away from the tasks that answer, one at a time: a flood of wrong passwords takes one processor
//! at most and delays only those who have not been right yet. A name that nobody has is held against somebody's hash, so
//! that its refusal takes as long.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ring::hmac;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::verdict::{Verdict, verdict};
use crate::config::BasicUser;

/// How long a password waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// The users, and who of them was right before.
pub(super) struct Passwords {
    users: BTreeMap<String, SecretString>,
    /// Of this process only, so that digests mean nothing elsewhere. Without randomness nothing is remembered.
    key: Option<hmac::Key>,
    known: Mutex<BTreeMap<String, hmac::Tag>>,
    turn: Arc<Semaphore>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl Passwords {
    pub(super) fn new(users: &[BasicUser]) -> Self {
        Self {
            users: users.iter().map(|user| (user.name.clone(), user.hash.clone())).collect(),
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            known: Mutex::default(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    pub(super) async fn judge(&self, name: &str, password: SecretString) -> Verdict {
        if self.is_known(name, &password) {
            return Verdict::Allowed;
        }
        let Ok(Ok(turn)) = timeout(TURN, Arc::clone(&self.turn).acquire_owned()).await else { return Verdict::Busy };
        // The same client may have been right while it waited here.
        if self.is_known(name, &password) {
            return Verdict::Allowed;
        }
        let Some(hash) = self.users.get(name).or_else(|| self.decoy(name)).cloned() else { return Verdict::Refused };
        let digest = self.digest(&password);
        let compared = spawn_blocking(move || {
            // The turn ends with the computation, also when the client is gone.
            let _turn = turn;
            bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false)
        });
        let is_right = compared.await.unwrap_or(false) && self.users.contains_key(name);
        if let Some(digest) = digest.filter(|_| is_right) {
            self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), digest);
        }
        verdict(is_right)
    }

    fn digest(&self, password: &SecretString) -> Option<hmac::Tag> {
        Some(hmac::sign(self.key.as_ref()?, password.expose_secret().as_bytes()))
    }

    fn is_known(&self, name: &str, password: &SecretString) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).copied();
        let Some((key, digest)) = self.key.as_ref().zip(known) else { return false };
        // This compares in constant time.
        hmac::verify(key, password.expose_secret().as_bytes(), digest.as_ref()).is_ok()
    }

    /// Some user's hash, always the same for one name.
    fn decoy(&self, name: &str) -> Option<&SecretString> {
        let sum: usize = name.bytes().map(usize::from).sum();
        self.users.values().nth(sum.checked_rem(self.users.len())?)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Instant;

    use super::*;

    pub(in crate::daemon::http::access) fn user(name: &str, password: &str) -> BasicUser {
        BasicUser { name: name.to_owned(), hash: bcrypt::hash(password, 6).unwrap().into() }
    }

    #[tokio::test]
    async fn a_right_password_is_computed_once_and_a_wrong_one_each_time() {
        let passwords = Passwords::new(&[user("alice", "right"), user("bob", "other")]);
        assert_eq!(passwords.judge("alice", "wrong".into()).await, Verdict::Refused);
        assert_eq!(passwords.judge("alice", "right".into()).await, Verdict::Allowed);
        // Nobody gets a turn any more: only what is known is answered.
        let turn = Arc::clone(&passwords.turn).acquire_owned().await.unwrap();
        assert_eq!(passwords.judge("alice", "right".into()).await, Verdict::Allowed);
        assert!(timeout(Duration::from_millis(50), passwords.judge("alice", "wrong".into())).await.is_err());
        assert!(timeout(Duration::from_millis(50), passwords.judge("bob", "other".into())).await.is_err());
        drop(turn);
        assert_eq!(
            passwords.judge("bob", "right".into()).await,
            Verdict::Refused,
            "what is known is known of one user"
        );
        assert_eq!(passwords.judge("bob", "other".into()).await, Verdict::Allowed);
        assert!(!format!("{passwords:?}").contains('$'));
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_is_told_so() {
        let passwords = Passwords::new(&[user("alice", "right")]);
        let _turn = Arc::clone(&passwords.turn).acquire_owned().await.unwrap();
        assert_eq!(passwords.judge("alice", "right".into()).await, Verdict::Busy);
    }

    #[tokio::test]
    async fn an_unknown_name_costs_a_computation_too_and_is_never_let_in() {
        let passwords = Passwords::new(&[user("alice", "right")]);
        let _ = passwords.judge("alice", "right".into()).await;
        for name in ["", "bob", "alic", "alice ", "ALICE"] {
            assert!(passwords.decoy(name).is_some());
            let began = Instant::now();
            // Even with the password of the hash that it is held against.
            assert_eq!(passwords.judge(name, "right".into()).await, Verdict::Refused, "{name}");
            assert!(began.elapsed() > Duration::from_micros(500), "{name}: {:?}", began.elapsed());
        }
    }
}
