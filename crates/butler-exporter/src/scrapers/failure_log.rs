//! What goes wrong with single nodes and hosts, in the log: the first failure in a row, every tenth, and the recovery.

use std::collections::BTreeMap;

use butler_core::runtime::failures::FailureStreak;

use crate::catalogue::values::FailureKind;
use crate::slots::Slot;

/// Failures in a row, by what failed.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    streaks: BTreeMap<(String, String), FailureStreak>,
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
        let streak = self.streaks.entry((subject.to_owned(), name.to_owned())).or_default();
        let network = &slot.network;
        match failure {
            None => {
                if let Some(failures) = streak.ended() {
                    tracing::info!(network, name, failures, "{subject} {name} is well again after {failures} failures");
                }
            }
            Some((kind, detail)) => {
                if let Some(failures) = streak.failed() {
                    let kind = kind.name();
                    let detail = detail.map(|detail| format!(" ({detail})")).unwrap_or_default();
                    tracing::warn!(network, name, kind, failures, "{subject} {name} failed: {kind}{detail}");
                }
            }
        }
    }
}
