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
    /// What a journal's record says was begun: nothing where there is none, or one of whoever tells. `None` for what another program began,
    /// of which it is not known what it is.
    pub(super) fn of(record: Option<&Value>) -> Option<Self> {
        match record {
            Some(record) if record.get("keystores").is_some() => Self::deserialize(record).ok(),
            Some(_) | None => Some(Self::default()),
        }
    }

    pub(super) fn record(&self) -> Option<Value> {
        serde_json::to_value(self).ok()
    }

    /// Whether something may be written that no node is known to have taken.
    pub(super) fn is_open(&self) -> bool {
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
    Intent::of(record).is_none_or(|intent| intent.is_open())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_another_program_began_is_not_taken_for_nothing() {
        let written =
            json!({ "file": "keys.json", "before": H256::zero(), "after": H256::repeat_byte(1), "accepted": false });
        let record = json!({ "keystores": { "paris": written } });
        assert_eq!(Intent::of(Some(&record)).unwrap().record(), Some(record.clone()));
        assert!(is_begun(Some(&record)) && !is_begun(None));
        // What whoever tells keeps of itself.
        assert_eq!(Intent::of(Some(&json!({ "sent": ["log"] }))), Some(Intent::default()));
        for strange in [json!({ "keystores": 7 }), json!({ "keystores": {}, "more": 1 })] {
            assert!(Intent::of(Some(&strange)).is_none() && is_begun(Some(&strange)), "{strange}");
        }
    }
}
