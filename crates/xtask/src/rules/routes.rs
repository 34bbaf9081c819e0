//! The Alertmanager's example: what mutes what, and what it writes to people.

use std::collections::BTreeSet;

use super::catalogue::Catalogue;
use super::file::{self, Rule, RuleKind};
use super::{ALERTMANAGER, expression};

/// Everything that is wrong with it.
pub(super) fn faults(text: &str, rules: &[Rule], catalogue: &Catalogue) -> Vec<String> {
    let mut faults = Vec::new();
    if text.contains("CommonAnnotations") {
        faults.push(format!(
            "{ALERTMANAGER}: `CommonAnnotations` lacks whatever differs between the alerts of one message, such as the summary"
        ));
    }
    let inhibitions = file::inhibitions(text);
    if inhibitions.len() != text.matches("source_matchers:").count() {
        faults.push(format!("{ALERTMANAGER}: an inhibition cannot be read"));
    }
    for inhibition in inhibitions {
        for matchers in [inhibition.source, inhibition.target] {
            let matched = matched_labels(matchers).filter(|label| *label != "alertname");
            let needed: BTreeSet<&str> = inhibition.equal.iter().copied().chain(matched).collect();
            let names: Vec<&str> = file::inhibited_alerts(matchers).collect();
            if names.is_empty() {
                faults.push(format!("{ALERTMANAGER}: an inhibition names no alert: {matchers}"));
            }
            let named = |rule: &&Rule| rule.kind == RuleKind::Alert && names.contains(&rule.name.as_str());
            for rule in rules.iter().filter(named) {
                let mut labels = expression::left(&rule.expression, catalogue);
                labels.extend(file::labels(rule).into_keys().map(str::to_owned));
                let lacks = needed.iter().filter(|label| !labels.contains(**label));
                faults.extend(lacks.map(|label| {
                    format!("{ALERTMANAGER}: an inhibition wants `{label}` of {}, which has none", rule.name)
                }));
            }
        }
    }
    faults
}

/// The labels that `a="b", c=~"d"` looks at.
fn matched_labels(matchers: &str) -> impl Iterator<Item = &str> {
    // What stands in quotes is at odd places.
    let names = matchers.split('"').step_by(2);
    names
        .map(|part| part.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .filter(|name| !name.is_empty())
}
