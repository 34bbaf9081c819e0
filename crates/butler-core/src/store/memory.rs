//! What a program remembers of one network between two runs, in one file: loaded when it starts, saved when it changed.
//!
//! No fault of it ends anything. A file that is of no use is moved aside; that nothing can be saved is told the first time,
//! and so is the end of it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::record::{Record, load_record, save_record, set_aside};
use crate::runtime::report::one_line;

/// A network under its name, with its chain and its registry: what was remembered of another one is of no use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkSubject {
    /// The network's name.
    pub network: String,
    /// Its chain.
    pub chain_id: u64,
    /// Its registry.
    pub staking_registry: Address,
}

/// The file of one network.
#[derive(Debug)]
pub struct Memory {
    /// Where it is.
    path: PathBuf,
    subject: NetworkSubject,
    /// What is remembered, for messages: a noun in the plural.
    what: &'static str,
    is_failing: AtomicBool,
}

impl Memory {
    /// At this path, about this network. `what` is remembered, such as "the states".
    #[must_use]
    pub fn new(path: PathBuf, subject: NetworkSubject, what: &'static str) -> Self {
        Self { path, subject, what, is_failing: AtomicBool::new(false) }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &NetworkSubject {
        &self.subject
    }

    /// What the last run remembered; `None` when there is nothing of use. What is wrong is told here. Blocks.
    #[must_use]
    pub fn load<R: Record<Subject = NetworkSubject>>(&self) -> Option<R> {
        let (network, what) = (&self.subject.network, self.what);
        match load_record::<R>(&self.path, &self.subject) {
            Ok(record) => Some(record),
            Err(error) if error.is_missing() => None,
            Err(error) => {
                let (why, kept) = (one_line(&error), set_aside(&self.path));
                tracing::warn!(network, "{what} of {network} begin anew: {why}; {kept}");
                None
            }
        }
    }

    /// Replaces what is remembered. Whether that went well, which is told when it changes. Blocks.
    pub fn save(&self, bytes: &[u8]) -> bool {
        let (network, what) = (&self.subject.network, self.what);
        match save_record(&self.path, bytes) {
            Ok(()) => {
                if self.is_failing.swap(false, Ordering::Relaxed) {
                    tracing::info!(network, "{what} of {network} are kept again");
                }
                true
            }
            Err(error) => {
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    let why = one_line(&error);
                    tracing::warn!(network, "{what} of {network} cannot be kept for the next start: {why}");
                }
                false
            }
        }
    }
}
