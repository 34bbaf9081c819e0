//! Severities, waiting times and numbers of rules, held against what the programs decide by.

use std::collections::BTreeSet;

use butler_core::domain::findings::alerts::{ALERTS, Alert, RECORDS, Tells, WATCHDOG, rest};
use butler_core::domain::findings::{Severity, Thresholds};

use super::file::{self, Rule, RuleKind};

/// What must be done now, by its subject: what the label `page` can be.
const PAGES: [&str; 6] = ["unwatched", "coinbase", "keys", "slashing", "publisher", "node"];

/// Every number, severity and kind of the rules that is not what the code says.
pub(super) fn faults(rules: &[Rule], limits: &Thresholds) -> Vec<String> {
    let mut faults = Vec::new();
    for rule in rules {
        let found = match rule.kind {
            RuleKind::Alert if rule.name == WATCHDOG => watchdog_faults(rule),
            RuleKind::Alert => match ALERTS.iter().find(|alert| alert.name == rule.name) {
                Some(alert) => alert_faults(rule, alert, limits),
                None => vec!["crates/butler-core/src/domain/findings/alerts.rs does not know it".to_owned()],
            },
            RuleKind::Record => match RECORDS.iter().find(|(name, _)| *name == rule.name) {
                Some((_, expected)) => number_faults(rule, expected(limits)),
                None => vec!["crates/butler-core/src/domain/findings/alerts.rs does not know it".to_owned()],
            },
        };
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", rule.name)));
    }
    let is_there = |name: &str| rules.iter().any(|rule| rule.name == name);
    let known = ALERTS.iter().map(|alert| alert.name).chain(RECORDS.iter().map(|(name, _)| *name));
    faults.extend(known.filter(|name| !is_there(name)).map(|name| format!("{name}: there is no such rule")));
    faults
}

/// What would end the one alert that never ends.
fn watchdog_faults(rule: &Rule) -> Vec<String> {
    let is_certain = rule.expression.trim() == "vector(1)";
    let is_plain = rule.text.contains("severity: none") && !rule.text.contains("for: ");
    let fault =
        (!is_certain || !is_plain).then(|| "it must be `vector(1)`, of severity `none`, without `for`".to_owned());
    fault.into_iter().collect()
}

fn alert_faults(rule: &Rule, alert: &Alert, limits: &Thresholds) -> Vec<String> {
    let mut faults = number_faults(rule, (alert.numbers)(limits));
    let severity = between(&rule.text, "severity: ", |c| !c.is_ascii_alphabetic()).unwrap_or_default();
    if severity != alert.severity.name() {
        faults.push(format!("its severity is `{severity}`, and the code says `{}`", alert.severity));
    }
    let hold = rule.text.lines().find_map(|line| line.strip_prefix("for: ")).map_or(Some(0), seconds);
    if hold != Some(alert.hold) {
        faults.push(format!("it waits for {hold:?} seconds, and the code says {}", alert.hold));
    }
    if let Some(page) = file::labels(rule).get("page") {
        if alert.severity != Severity::Critical {
            faults.push("it wakes somebody, and is not critical".to_owned());
        }
        if !PAGES.contains(page) {
            faults.push(format!("its `page` is `{page}`, and none of {}", PAGES.join(", ")));
        }
    }
    if alert.tells == Tells::Rest {
        let named = between(&rule.expression, "kind=~\"", |c| c == '"').unwrap_or_default();
        let named: BTreeSet<&str> = named.split('|').collect();
        let expected: BTreeSet<&str> = rest(alert.severity).map(|kind| kind.code()).collect();
        if named != expected {
            let expected: Vec<&str> = expected.into_iter().collect();
            faults.push(format!(
                "it must name exactly the findings without an alert of their own: {}",
                expected.join("|")
            ));
        }
    }
    faults
}

fn number_faults(rule: &Rule, expected: Vec<u64>) -> Vec<String> {
    let found = numbers(&rule.expression);
    let expected: Vec<Option<u64>> = expected.into_iter().map(Some).collect();
    if found == expected {
        return Vec::new();
    }
    let list = |numbers: &[Option<u64>]| {
        let text = |number: &Option<u64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
        numbers.iter().map(text).collect::<Vec<_>>().join(", ")
    };
    vec![format!("its numbers are {}, and the code says {} (times in seconds)", list(&found), list(&expected))]
}

/// The numbers and durations of an expression in order, durations in seconds; none for one that cannot be read. What stands
/// in quotes or belongs to a name is no number.
fn numbers(expression: &str) -> Vec<Option<u64>> {
    let mut found = Vec::new();
    for (index, part) in expression.split('"').enumerate() {
        if index % 2 == 0 {
            let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':' || c == '.';
            let words = part.split(|c| !is_word(c)).filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
            found.extend(words.map(seconds));
        }
    }
    found
}

/// A number, or a duration in seconds.
fn seconds(text: &str) -> Option<u64> {
    // How finely a subquery looks is no limit.
    let text = text.trim().split(':').next().unwrap_or_default();
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
    match units.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds))) {
        Some((number, seconds)) => number.parse::<u64>().ok()?.checked_mul(seconds),
        None => text.parse().ok(),
    }
}

fn between(text: &str, start: &str, is_end: impl Fn(char) -> bool) -> Option<String> {
    let rest = text.split_once(start)?.1;
    Some(rest.chars().take_while(|c| !is_end(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::RULES;
    use super::*;
    use crate::command::workspace;

    fn shipped() -> String {
        std::fs::read_to_string(workspace().join(RULES)).unwrap()
    }

    fn faults_of(text: &str) -> Vec<String> {
        faults(&file::rules(text), &Thresholds::default())
    }

    #[test]
    fn the_shipped_rules_are_what_the_code_says() {
        assert_eq!(faults_of(&shipped()), Vec::<String>::new());
    }

    /// Every line of an expression, and every `for`, with each of its numbers changed.
    #[test]
    fn every_changed_number_of_the_rules_is_found() {
        let text = shipped();
        let lines: Vec<&str> = text.lines().collect();
        let (mut changed, mut in_expression) = (0, false);
        for (index, line) in lines.iter().enumerate() {
            let trimmed = line.trim();
            if trimmed.starts_with('#') {
                continue;
            }
            in_expression = trimmed.starts_with("expr:")
                || (in_expression
                    && !["for:", "labels:", "- alert:", "- record:", "- name:"]
                        .iter()
                        .any(|key| trimmed.starts_with(key)));
            if !in_expression && !trimmed.starts_with("for:") {
                continue;
            }
            for (at, _) in line.match_indices(|c: char| c.is_ascii_digit()) {
                let before = line[..at].chars().last().unwrap_or(' ');
                let is_quoted = line[..at].matches('"').count() % 2 == 1;
                if is_quoted || before.is_ascii_alphanumeric() || before == '_' || before == ':' || before == '.' {
                    continue;
                }
                let mut copy: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
                copy[index] = format!("{}9{}", &line[..at], &line[at..]);
                assert!(!faults_of(&copy.join("\n")).is_empty(), "a changed number in `{trimmed}` is not found");
                changed += 1;
            }
        }
        assert!(changed > 100, "{changed} numbers were changed");
    }

    #[test]
    fn every_changed_severity_of_the_rules_is_found() {
        let text = shipped();
        for (from, to) in [("critical", "warning"), ("warning", "info"), ("info", "critical")] {
            let from = format!("{{ severity: {from}");
            for (at, _) in text.match_indices(&from) {
                let copy = format!("{}{{ severity: {to}{}", &text[..at], &text[at + from.len()..]);
                assert!(!faults_of(&copy).is_empty(), "at byte {at}");
            }
        }
    }

    #[test]
    fn a_page_has_one_of_six_subjects() {
        let text = shipped();
        for (at, _) in text.match_indices("page: ").filter(|(at, _)| text[..*at].ends_with(", ")) {
            let copy = format!("{}page: x{}", &text[..at], &text[at + "page: ".len()..]);
            assert!(faults_of(&copy).iter().any(|fault| fault.contains("its `page` is `x")), "at byte {at}");
        }
    }

    /// As if it had been changed in the code: the rule does not follow by itself.
    #[test]
    fn a_changed_threshold_is_found() {
        let rules = file::rules(&shipped());
        // Every limit that there is: one without a line here does not compile. Those that no rule has decide a gauge's own value.
        macro_rules! changes {
            ($($limit:ident),* $(,)?) => {{
                let Thresholds { $($limit: _,)* node_on_former_rollup: _, inactive_streak: _ } = Thresholds::default();
                [$((stringify!($limit), |limits: &mut Thresholds| limits.$limit += 1)),*]
            }};
        }
        type Change = fn(&mut Thresholds);
        let changes: [(&str, Change); 30] = changes![
            coinbase_critical,
            coinbase_reminder,
            coinbase_last_reminder,
            short_queue,
            provider_runway,
            arrival_soon,
            publisher_dry_part,
            publisher_runway,
            publisher_runway_critical,
            node_peers,
            node_lag_checkpoints,
            node_behind_blocks,
            sentinel_stale_slots,
            attestation_streak,
            attestation_rate,
            attestation_duties,
            proposal_streak,
            certificate_end,
            certificate_end_critical,
            vote_part,
            slash_reminder,
            ejection_slashes,
            signal_part,
            governance_execution,
            block_age,
            scrape_age,
            textfile_age,
            recent,
            news,
            held,
        ];
        for (limit, change) in changes {
            let mut limits = Thresholds::default();
            change(&mut limits);
            assert!(!faults(&rules, &limits).is_empty(), "a change of {limit} is not found");
        }
    }

    #[test]
    fn names_and_labels_hold_no_numbers() {
        let expression = "max_over_time(a:last7d{x=\"30\"}[15m]) - on (b) c1 * 2 >= 1d offset 2h";
        assert_eq!(numbers(expression), [900, 2, 86_400, 7_200].map(Some));
    }
}
