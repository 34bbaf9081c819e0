//! Passwords against bcrypt hashes, which is slow on purpose.
//!
//! A password that was right once is known again by a keyed digest, so that a scraper costs nothing after its first request, and so is one
//! that was wrong, so that somebody who repeats it costs nothing either. Everything else is computed away from the tasks that answer, a few
//! at a time, and whoever comes from an address that was not wrong goes before all that were ([`Turns`]). A name counts for nothing there:
//! whoever guesses knows it. A name that nobody has waits like another one, and is held against somebody's hash, so that its refusal takes
//! as long.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::hmac;
use ring::rand::SystemRandom;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use tokio::task::spawn_blocking;

use super::super::limits::TURN;
use super::super::origin::Origin;
use super::failures::Standing;
use super::turns::Turns;
use super::verdict::{Verdict, verdict};
use crate::config::BasicUser;

/// The most wrong passwords that are remembered; beyond that the memory begins anew.
const WRONG: usize = 4096;

/// The users, and what they and others brought before.
pub(super) struct Passwords {
    users: BTreeMap<String, SecretString>,
    /// Of this process only, so that digests mean nothing elsewhere. Without randomness nothing is remembered.
    key: Option<hmac::Key>,
    memory: Arc<Mutex<Memory>>,
    turns: Arc<Turns>,
}

/// Names with their passwords, as digests.
#[derive(Default)]
struct Memory {
    right: BTreeMap<String, hmac::Tag>,
    wrong: BTreeSet<Vec<u8>>,
}

impl Memory {
    fn remember(&mut self, name: String, digest: hmac::Tag, is_right: bool) {
        if is_right {
            self.right.insert(name, digest);
            return;
        }
        if self.wrong.len() >= WRONG {
            self.wrong.clear();
        }
        self.wrong.insert(digest.as_ref().to_vec());
    }
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    // A panic while the lock was held leaves digests behind, which are still good.
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

impl Passwords {
    pub(super) fn new(users: &[BasicUser]) -> Self {
        Self::with(users, Turns::default())
    }

    fn with(users: &[BasicUser], turns: Turns) -> Self {
        Self {
            users: users.iter().map(|user| (user.name.clone(), user.hash.clone())).collect(),
            key: hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok(),
            memory: Arc::default(),
            turns: Arc::new(turns),
        }
    }

    /// These users, with what is known of those who had the same password before.
    pub(super) fn after(users: &[BasicUser], before: &Self) -> Self {
        let next = Self { key: before.key.clone(), turns: Arc::clone(&before.turns), ..Self::new(users) };
        let is_same = |name: &String| {
            let hashes = next.users.get(name).zip(before.users.get(name));
            hashes.is_some_and(|(new, old)| new.expose_secret() == old.expose_secret())
        };
        let right = before
            .memory()
            .right
            .iter()
            .filter(|(name, _)| is_same(name))
            .map(|(name, tag)| (name.clone(), *tag))
            .collect();
        next.memory().right = right;
        next
    }

    pub(super) async fn judge(&self, name: &str, password: SecretString, origin: Origin) -> Verdict {
        let digest = self.digest(name, &password);
        if let Some(known) = self.remembered(name, digest.as_ref()) {
            return known;
        }
        let Some(turn) = self.turns.take(origin, TURN).await else { return Verdict::Busy };
        // The same may have been computed while this one waited.
        if let Some(known) = self.remembered(name, digest.as_ref()) {
            return known;
        }
        let Some(hash) = self.users.get(name).or_else(|| self.decoy(name)).cloned() else { return Verdict::Refused };
        let (is_user, name, memory) = (self.users.contains_key(name), name.to_owned(), Arc::clone(&self.memory));
        // All of it also when the client is gone: who leaves before the answer has had the turn, and is known by it.
        let compared = spawn_blocking(move || {
            let is_right = bcrypt::verify(password.expose_secret(), hash.expose_secret()).unwrap_or(false) && is_user;
            if let Some(digest) = digest {
                lock(&memory).remember(name, digest, is_right);
            }
            // Not what is repeated, which costs nothing: a scraper with an old password does not stand for all of its address.
            if !is_right {
                turn.was_wrong(origin);
            }
            is_right
        });
        verdict(compared.await.unwrap_or(false))
    }

    /// How often whoever comes from there was wrong.
    pub(super) fn standing(&self, origin: Origin) -> Standing {
        self.turns.standing(origin)
    }

    /// What is known of a name with its password.
    fn remembered(&self, name: &str, digest: Option<&hmac::Tag>) -> Option<Verdict> {
        let (digest, memory) = (digest?, self.memory());
        let is_right = memory.right.get(name).is_some_and(|right| bool::from(right.as_ref().ct_eq(digest.as_ref())));
        let is_wrong = || memory.wrong.contains(digest.as_ref());
        if is_right { Some(Verdict::Allowed) } else { is_wrong().then_some(Verdict::Refused) }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        lock(&self.memory)
    }

    /// A name has no `:`.
    fn digest(&self, name: &str, password: &SecretString) -> Option<hmac::Tag> {
        let mut context = hmac::Context::with_key(self.key.as_ref()?);
        context.update(name.as_bytes());
        context.update(b":");
        context.update(password.expose_secret().as_bytes());
        Some(context.sign())
    }

    /// Some user's hash, always the same for one name.
    fn decoy(&self, name: &str) -> Option<&SecretString> {
        let sum: usize = name.bytes().map(usize::from).sum();
        self.users.values().nth(sum.checked_rem(self.users.len())?)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::net::IpAddr;
    use std::time::{Duration, Instant};

    use futures_util::future::poll_immediate;
    use tokio::time::timeout;

    use super::*;

    pub(in crate::daemon::http::access) fn user(name: &str, password: &str) -> BasicUser {
        BasicUser { name: name.to_owned(), hash: bcrypt::hash(password, 6).unwrap().into() }
    }

    fn one_at_a_time(users: &[BasicUser]) -> Passwords {
        Passwords::with(users, Turns::new(1))
    }

    fn here() -> Origin {
        IpAddr::from([127, 0, 0, 1]).into()
    }

    async fn judge(passwords: &Passwords, name: &str, password: &str) -> Verdict {
        passwords.judge(name, password.into(), here()).await
    }

    #[tokio::test]
    async fn a_password_is_computed_once_whether_it_is_right_or_wrong() {
        let passwords = one_at_a_time(&[user("alice", "right"), user("bob", "other")]);
        assert_eq!(judge(&passwords, "alice", "wrong").await, Verdict::Refused);
        assert_eq!(judge(&passwords, "alice", "right").await, Verdict::Allowed);
        // Nobody gets a turn any more: only what is known is answered.
        let turn = passwords.turns.take(here(), TURN).await.unwrap();
        assert_eq!(judge(&passwords, "alice", "right").await, Verdict::Allowed);
        assert_eq!(judge(&passwords, "alice", "wrong").await, Verdict::Refused);
        for (name, password) in [("alice", "other"), ("bob", "other"), ("bob", "wrong")] {
            assert!(timeout(Duration::from_millis(50), judge(&passwords, name, password)).await.is_err());
        }
        drop(turn);
        assert_eq!(judge(&passwords, "bob", "right").await, Verdict::Refused, "what is known is known of one user");
        assert_eq!(judge(&passwords, "bob", "other").await, Verdict::Allowed);
        assert!(!format!("{passwords:?}").contains('$'));
    }

    #[tokio::test]
    async fn other_users_take_over_what_is_known_of_those_who_stay_as_they_were() {
        let (alice, bob) = (user("alice", "right"), user("bob", "right"));
        let before = one_at_a_time(&[alice.clone(), bob]);
        for name in ["alice", "bob"] {
            assert_eq!(judge(&before, name, "right").await, Verdict::Allowed);
        }
        let next = Passwords::after(&[alice, user("bob", "new")], &before);
        let turn = next.turns.take(here(), TURN).await.unwrap();
        assert_eq!(judge(&next, "alice", "right").await, Verdict::Allowed);
        assert!(timeout(Duration::from_millis(50), judge(&next, "bob", "right")).await.is_err());
        drop(turn);
        assert_eq!(judge(&next, "bob", "right").await, Verdict::Refused);
        assert_eq!(judge(&next, "bob", "new").await, Verdict::Allowed);
    }

    #[tokio::test]
    async fn a_wrong_password_counts_where_it_came_from_once_however_often_it_is_repeated() {
        let passwords = Passwords::new(&[user("alice", "right")]);
        let clean = passwords.standing(here());
        assert_eq!(judge(&passwords, "alice", "right").await, Verdict::Allowed);
        assert_eq!(passwords.standing(here()), clean);
        assert_eq!(judge(&passwords, "alice", "wrong").await, Verdict::Refused);
        let once = passwords.standing(here());
        assert!(once > clean);
        assert_eq!(judge(&passwords, "alice", "wrong").await, Verdict::Refused);
        assert_eq!(passwords.standing(here()), once);
        assert_eq!(judge(&passwords, "nobody", "wrong").await, Verdict::Refused);
        assert!(passwords.standing(here()) > once, "a name that nobody has counts as another one");
    }

    #[tokio::test]
    async fn who_leaves_before_the_answer_was_wrong_all_the_same() {
        let passwords = one_at_a_time(&[user("alice", "right")]);
        let clean = passwords.standing(here());
        for (password, is_wrong) in [("right", false), ("wrong", true)] {
            let mut leaves = Box::pin(judge(&passwords, "alice", password));
            assert!(poll_immediate(&mut leaves).await.is_none(), "it is being computed");
            drop(leaves);
            // The next turn comes when that one is over.
            drop(passwords.turns.take(here(), TURN).await.unwrap());
            assert_eq!(passwords.standing(here()) > clean, is_wrong);
        }
        let _turn = passwords.turns.take(here(), TURN).await.unwrap();
        assert_eq!(judge(&passwords, "alice", "right").await, Verdict::Allowed, "and who was right is known");
        assert_eq!(judge(&passwords, "alice", "wrong").await, Verdict::Refused);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_too_long_is_told_so() {
        let passwords = one_at_a_time(&[user("alice", "right")]);
        let _turn = passwords.turns.take(here(), TURN).await.unwrap();
        assert_eq!(judge(&passwords, "alice", "right").await, Verdict::Busy);
    }

    #[tokio::test]
    async fn an_unknown_name_costs_a_computation_too_and_is_never_let_in() {
        let passwords = Passwords::new(&[user("alice", "right")]);
        let _ = judge(&passwords, "alice", "right").await;
        for name in ["", "bob", "alic", "alice ", "ALICE"] {
            assert!(passwords.decoy(name).is_some());
            let began = Instant::now();
            // Even with the password of the hash that it is held against.
            assert_eq!(judge(&passwords, name, "right").await, Verdict::Refused, "{name}");
            assert!(began.elapsed() > Duration::from_micros(500), "{name}: {:?}", began.elapsed());
        }
    }
}
