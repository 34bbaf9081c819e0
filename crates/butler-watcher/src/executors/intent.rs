//! What is about to be written where, and how far that is: durable before the first byte is, and with every step.

use std::collections::BTreeMap;

use butler_core::key_files::edit::{FileName, backup_id};
use ethers_core::types::H256;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What one action is about to change, or changed, by server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    pub(super) keystores: BTreeMap<String, Written>,
}

/// A file that is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// The file's name in the keystore's folder.
    pub(super) file: FileName,
    /// SHA-256 of what is replaced.
    pub(super) before: H256,
    /// SHA-256 of what replaces it.
    pub(super) after: H256,
    /// Whether the node took it.
    #[serde(default)]
    pub(super) accepted: bool,
}

impl Written {
    /// Where the old content is kept as long as it may be needed.
    pub(super) fn backup(&self) -> H256 {
        backup_id(&self.file, self.before)
    }
}

impl Intent {
    /// What a journal's record says was begun; nothing where it says nothing.
    pub(super) fn of(record: Option<&Value>) -> Self {
        record.and_then(|record| serde_json::from_value(record.clone()).ok()).unwrap_or_default()
    }

    pub(super) fn record(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// Whether something may be written that no node is known to have taken.
    fn is_open(&self) -> bool {
        self.keystores.values().any(|written| !written.accepted)
    }

    /// Whether the node of a server took what was written there for this action.
    pub(super) fn is_accepted(&self, server: &str) -> bool {
        self.keystores.get(server).is_some_and(|written| written.accepted)
    }
}

/// Whether a journal's record says that something was begun that only who carries it out can end.
#[must_use]
pub fn is_begun(record: Option<&Value>) -> bool {
    Intent::of(record).is_open()
}
