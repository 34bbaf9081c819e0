//! What goes wrong with single nodes and hosts, in the log: the first failure in a row, every tenth, and the recovery.

use std::collections::BTreeMap;

use crate::kinds::FailureKind;
use crate::status::Slot;
use crate::tasks::is_worth_a_line;

/// Failures in a row, by what failed.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    failures: BTreeMap<(String, String), u64>,
}

impl FailureLog {
    /// Notes how the last question to `subject` `name` (such as "node" "alpha") went. Of a failure its kind is told, and
    /// what is said besides in our own words.
    pub(crate) fn note(
        &mut self,
        slot: &Slot,
        subject: &str,
        name: &str,
        failure: Option<(FailureKind, Option<&str>)>,
    ) {
        let failures = self.failures.entry((subject.to_owned(), name.to_owned())).or_default();
        let network = &slot.network;
        match failure {
            None if *failures > 0 => {
                tracing::info!(network, name, failures, "{subject} {name} is well again after {failures} failures");
                *failures = 0;
            }
            None => {}
            Some((kind, detail)) => {
                *failures = failures.saturating_add(1);
                if is_worth_a_line(*failures) {
                    let kind = kind.name();
                    let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
                    tracing::warn!(network, name, kind, failures, "{subject} {name} failed: {kind}{detail}");
                }
            }
        }
    }
}
