//! Rules and their tests, read line by line in the form that they have in `deploy/prometheus/`.

use std::collections::{BTreeMap, BTreeSet};

/// What a rule makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RuleKind {
    Alert,
    Record,
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) kind: RuleKind,
    pub(super) name: String,
    /// The group that it is evaluated in.
    pub(super) group: String,
    pub(super) expression: String,
    /// Labels and annotations.
    pub(super) text: String,
}

/// Every rule of the file, in order.
pub(super) fn rules(file: &str) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let (mut in_expression, mut group) = (false, "");
    for line in file.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let line = line.trim();
        let begins = [("- alert: ", RuleKind::Alert), ("- record: ", RuleKind::Record)];
        if let Some((name, kind)) = begins.iter().find_map(|(start, kind)| Some((line.strip_prefix(start)?, *kind))) {
            in_expression = false;
            rules.push(Rule {
                kind,
                name: name.to_owned(),
                group: group.to_owned(),
                expression: String::new(),
                text: String::new(),
            });
            continue;
        }
        if let Some(name) = line.strip_prefix("- name: ") {
            group = name;
        }
        let Some(rule) = rules.last_mut() else { continue };
        if let Some(expression) = line.strip_prefix("expr:") {
            in_expression = true;
            rule.expression.push_str(expression.trim().trim_start_matches(['|', '>', '-']));
        } else if ["for:", "keep_firing_for:", "labels:", "annotations:", "- name:"]
            .iter()
            .any(|key| line.starts_with(key))
        {
            in_expression = false;
            rule.text.push_str(line);
        } else if in_expression {
            rule.expression.push_str(line);
        } else {
            rule.text.push_str(line);
        }
        let open = if in_expression { &mut rule.expression } else { &mut rule.text };
        open.push('\n');
    }
    rules
}

/// The labels that a rule adds: `labels: { severity: critical, page: node }`.
pub(super) fn labels(rule: &Rule) -> BTreeMap<&str, &str> {
    let line = rule.text.lines().find_map(|line| line.strip_prefix("labels: {")?.strip_suffix('}'));
    let pairs = line.unwrap_or_default().split(',').filter_map(|pair| pair.split_once(':'));
    pairs.map(|(name, value)| (name.trim(), value.trim())).collect()
}

/// The alerts that tests ask for.
#[derive(Debug, Default)]
pub(super) struct Tested<'a> {
    pub(super) fires: BTreeSet<&'a str>,
    pub(super) is_quiet: BTreeSet<&'a str>,
}

/// Which alerts fire in some test, and which are said not to fire in some test.
pub(super) fn tested_alerts(tests: &str) -> Tested<'_> {
    let mut tested = Tested::default();
    for (_, rest) in tests.match_indices("alertname: ").map(|(at, key)| tests.split_at(at + key.len())) {
        let name = word(rest);
        // Before the next one.
        let own = rest.split("alertname: ").next().unwrap_or(rest);
        if own.contains("exp_alerts: []") {
            tested.is_quiet.insert(name);
        } else if own.contains("- exp_labels:") {
            tested.fires.insert(name);
        }
    }
    tested
}

/// The series that tests feed in.
pub(super) fn test_series(tests: &str) -> impl Iterator<Item = &str> {
    tests.lines().filter_map(|line| line.split_once("series: '")?.1.split_once('\'').map(|(series, _)| series))
}

/// The alerts that the Alertmanager's example names: one, or several with `|` between them.
pub(super) fn inhibited_alerts(file: &str) -> impl Iterator<Item = &str> {
    let values = ["alertname=\"", "alertname=~\""].into_iter().flat_map(|start| file.split(start).skip(1));
    values.filter_map(|rest| rest.split_once('"')).flat_map(|(names, _)| names.split('|'))
}

/// What mutes what, in the Alertmanager's example.
#[derive(Debug, Default)]
pub(super) struct Inhibition<'a> {
    /// The matchers of what mutes.
    pub(super) source: &'a str,
    /// The matchers of what is muted.
    pub(super) target: &'a str,
    /// The labels that both must have alike.
    pub(super) equal: Vec<&'a str>,
}

/// Every inhibition of the file that has both sides.
pub(super) fn inhibitions(file: &str) -> Vec<Inhibition<'_>> {
    let mut found: Vec<Inhibition<'_>> = Vec::new();
    for line in file.lines().map(str::trim) {
        if let Some(source) = line.strip_prefix("- source_matchers:") {
            found.push(Inhibition { source, ..Inhibition::default() });
        }
        let Some(last) = found.last_mut() else { continue };
        if let Some(target) = line.strip_prefix("target_matchers:") {
            last.target = target;
        } else if let Some(list) = line.strip_prefix("equal: [").and_then(|rest| rest.strip_suffix(']')) {
            last.equal = list.split(',').map(str::trim).collect();
        }
    }
    found.retain(|inhibition| !inhibition.target.is_empty());
    found
}

/// The labels that a text shows: `{{ $labels.node }}` with `$labels.`, `{{node}}` with nothing.
pub(super) fn shown_labels<'a>(text: &'a str, before: &str) -> BTreeSet<&'a str> {
    let inner = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(inner, _)| inner.trim());
    inner.filter_map(|inner| inner.strip_prefix(before)).map(word).collect()
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}
