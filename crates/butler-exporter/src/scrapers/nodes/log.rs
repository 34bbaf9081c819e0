//! What goes wrong with single nodes, in the log: the first failure in a row, every tenth, and the recovery.

use std::collections::BTreeMap;

use crate::kinds::FailureKind;
use crate::status::Slot;
use crate::tasks::is_worth_a_line;

/// Failures in a row, by what failed.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    failures: BTreeMap<(&'static str, String), u64>,
}

impl FailureLog {
    /// Notes how the last question to `subject` `name` (such as "node" "alpha") went. Only the kind of a failure is told.
    pub(crate) fn note(&mut self, slot: &Slot, subject: &'static str, name: &str, failure: Option<FailureKind>) {
        let failures = self.failures.entry((subject, name.to_owned())).or_default();
        let network = &slot.network;
        match failure {
            None if *failures > 0 => {
                tracing::info!(network, name, failures, "{subject} {name} answers again after {failures} failures");
                *failures = 0;
            }
            None => {}
            Some(kind) => {
                *failures = failures.saturating_add(1);
                if is_worth_a_line(*failures) {
                    let kind = kind.name();
                    tracing::warn!(network, name, kind, failures, "failed to ask {subject} {name}: {kind}");
                }
            }
        }
    }
}
