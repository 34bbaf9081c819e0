//! How far telling one action is, as it is kept in the journal between two tries.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The channels by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// Those that have it.
    #[serde(default)]
    pub(super) sent: BTreeSet<String>,
    /// Those that refused it for good, with why.
    #[serde(default)]
    pub(super) refused: BTreeMap<String, String>,
    /// Its number at each receiver that was asked.
    #[serde(default)]
    pub(super) numbers: BTreeMap<String, u64>,
    /// Who is asked next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl Progress {
    /// What the last try left; nothing before the first.
    pub(super) fn of(intent: Option<&Value>) -> Self {
        intent.and_then(|intent| Self::deserialize(intent).ok()).unwrap_or_default()
    }

    /// Whether a channel is not asked again: it has it, or refused it for good.
    pub(super) fn is_over(&self, channel: &str) -> bool {
        self.sent.contains(channel) || self.refused.contains_key(channel)
    }

    /// What is kept before that receiver is asked.
    pub(super) fn intent(&self, next: Option<&str>) -> Value {
        serde_json::to_value(Self { next: next.map(str::to_owned), ..self.clone() }).unwrap_or_default()
    }

    /// Who refused it and why; `None` when nobody did.
    pub(super) fn refusals(&self) -> Option<String> {
        let refusals: Vec<String> =
            self.refused.iter().map(|(name, why)| format!("the webhook {name} {why}")).collect();
        (!refusals.is_empty()).then(|| refusals.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_what_the_next_try_begins_with() {
        let mut progress = Progress::default();
        assert_eq!(Progress::of(None), progress);
        progress.sent.insert("log".to_owned());
        progress.refused.insert("pager".to_owned(), "answers 404".to_owned());
        progress.numbers.insert("pager".to_owned(), 7);
        assert_eq!(Progress::of(Some(&progress.intent(None))), progress);
        let asked = Progress::of(Some(&progress.intent(Some("other"))));
        assert!(asked.is_over("log") && asked.is_over("pager") && !asked.is_over("other"));
        assert_eq!(asked.refusals().as_deref(), Some("the webhook pager answers 404"));
        assert_eq!(Progress::of(Some(&Value::from("odd"))), Progress::default());
    }
}
