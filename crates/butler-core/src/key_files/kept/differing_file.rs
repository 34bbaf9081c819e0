//! What is remembered of a file that a BLS key refused.

use std::collections::BTreeSet;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use crate::key_files::content::{Content, FileKind};
use crate::key_files::discovery::Found;
use crate::key_files::registered::RegisteredKeys;

/// A file with BLS keys that are not the registered ones. No key is in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DifferingFile {
    pub(super) found: Found,
    /// The positions of the entries, from 0.
    pub(super) indices: BTreeSet<usize>,
    /// Whose keys these are.
    pub(super) attesters: BTreeSet<Address>,
    /// What it is.
    #[serde(default = "keystore", skip_serializing_if = "is_keystore")]
    pub(super) kind: FileKind,
    /// Since when it is not legible, and whether it is there.
    pub(super) lost: Option<Lost>,
    /// Whether something that was good before is kept of it.
    #[serde(default = "was_good", skip_serializing_if = "is_true")]
    pub(super) was_good: bool,
}

/// What was stored before its kind was noted may have been a keystore.
fn keystore() -> FileKind {
    FileKind::Keystore
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_keystore(kind: &FileKind) -> bool {
    *kind == FileKind::Keystore
}

/// What was stored before this was noted may have been good.
fn was_good() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_true(flag: &bool) -> bool {
    *flag
}

/// Since when a file cannot be seen without what is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lost {
    pub(super) since: u64,
    pub(super) is_removed: bool,
    /// Whether it is surely not there, rather than there and empty or in a folder that is not to be seen.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_gone: bool,
}

/// How a file is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Loss {
    /// It is there, and cannot be read.
    Unreadable,
    /// It is there, and names nobody.
    Emptied,
    /// It is not there.
    Gone,
}

impl Lost {
    /// What became of it, in words about "it".
    pub(super) fn words(self) -> &'static str {
        match (self.is_gone, self.is_removed) {
            (true, _) => "it is gone",
            (false, true) => "it names nobody",
            (false, false) => "it cannot be read",
        }
    }
}

impl DifferingFile {
    /// As a former run of a program stored it. Blocks.
    pub(super) fn restored(self) -> Self {
        Self { found: self.found.restored(), ..self }
    }

    /// It is not legible now.
    pub(super) fn lose(&mut self, loss: Loss, now: u64) {
        let since = self.lost.map_or(now, |lost| lost.since);
        let is_gone = loss == Loss::Gone;
        self.lost = Some(Lost { since, is_removed: loss != Loss::Unreadable, is_gone });
    }

    /// Whether a content may have the same keys, as far as the chain was asked.
    pub(super) fn may_be_in(&self, content: &Content, registered: &RegisteredKeys) -> bool {
        let mut keys = content.validators.iter().flat_map(|validator| &validator.keys);
        let is_unasked = |attester: &Address, key: Option<H256>| {
            key.is_some() && self.attesters.contains(attester) && !registered.contains_key(attester)
        };
        keys.any(|(attester, key)| is_unasked(attester, *key))
    }
}
