//! What somebody wanted through the socket and did not get, kept in the history: once in a while, so that nobody can fill it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::journal::{Batch, Journal, JournalError, Note};

/// A user is told and recorded once in so long.
const QUIET: Duration = Duration::from_secs(60);
/// Users who are remembered.
const USERS: usize = 64;

/// Which users were told of lately.
#[derive(Debug)]
pub(super) struct NowAndThen(Mutex<BTreeMap<u32, Instant>>);

impl NowAndThen {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    /// Whether this user is to be told of now.
    pub(super) fn is_time(&self, user: u32) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        told.retain(|_, at| now.duration_since(*at) < QUIET);
        let is_time = !told.contains_key(&user) && told.len() < USERS;
        if is_time {
            told.insert(user, now);
        }
        is_time
    }
}

/// Keeps it.
pub(super) fn record(what: Value, journal: &dyn Journal) -> Result<(), JournalError> {
    let note = Note { from: "control".to_owned(), what };
    journal.commit(&Batch { notes: vec![note], ..Batch::default() }).map(|_| ())
}
