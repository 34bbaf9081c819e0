//! Findings: the samples that a rule of the table holds for, the most urgent first.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{RULES, Rule, Test};
use super::write::{distance, duration, figure, whole};
use super::{Facts, ScraperFacts};
use crate::catalogue::Family;
use crate::readings::{Sample, number};

/// How soon somebody must look. The order is that of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// At once, also at night.
    Critical,
    /// In working hours.
    Warning,
    /// Good to know.
    Info,
}

impl Urgency {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

/// A warning with less time left than this is critical.
const SOON: u64 = 6 * 3_600;
/// So many findings of one rule are shown, the most urgent.
const SHOWN: usize = 20;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) urgency: Urgency,
    /// The moment when it is too late.
    until: Option<u64>,
    pub(super) network: String,
    pub(super) text: String,
    /// How much time is left, in words.
    pub(super) left: Option<String>,
    pub(super) runbook: &'static str,
    /// How many this line stands for.
    pub(super) count: usize,
}

/// Everything that needs attention.
pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut found = of_samples("exporter", &facts.process.iter().collect::<Vec<_>>(), facts.now);
    for (network, scrapers) in facts.networks() {
        let samples: Vec<&Sample> = scrapers.iter().flat_map(|scraper| scraper.samples()).collect();
        found.extend(of_samples(network, &samples, facts.now));
        found.extend(scrapers.iter().filter_map(|scraper| never_read(network, scraper, facts.now)));
    }
    found.sort_by_key(order);
    found
}

fn of_samples(network: &str, samples: &[&Sample], now: u64) -> Vec<Finding> {
    let mut by_family = BTreeMap::<&'static str, Vec<&Sample>>::new();
    for sample in samples {
        by_family.entry(sample.family.name).or_default().push(sample);
    }
    let values = values(&by_family);
    // What an earlier rule has said of the same subject.
    let mut told = BTreeSet::<(&str, &[String])>::new();
    let mut found = Vec::new();
    for rule in RULES {
        let mut of_rule = Vec::new();
        for sample in by_family.get(rule.family.name).into_iter().flatten() {
            if holds(rule, sample, &values, now) && told.insert((rule.family.name, &sample.labels)) {
                of_rule.push(finding(rule, network, sample, &values, now));
            }
        }
        of_rule.sort_by_key(order);
        found.extend(cut(of_rule));
    }
    found
}

fn order(finding: &Finding) -> (Urgency, u64, String, String) {
    (finding.urgency, finding.until.unwrap_or(u64::MAX), finding.network.clone(), finding.text.clone())
}

type Values<'a> = BTreeMap<(&'static str, &'a [String]), f64>;

/// The values that rules compare with, by family and labels.
fn values<'a>(by_family: &BTreeMap<&'static str, Vec<&'a Sample>>) -> Values<'a> {
    let lacks = |rule: &Rule| match rule.test {
        Test::Lacks(family, _) => Some(family.name),
        Test::Above(_) | Test::Below(_) | Test::OlderThan(_) | Test::Within(_) => None,
    };
    let wanted: BTreeSet<&str> =
        RULES.iter().flat_map(|rule| [lacks(rule), rule.until.map(|family| family.name)]).flatten().collect();
    let samples = wanted.iter().filter_map(|name| by_family.get(name)).flatten();
    samples.map(|sample| ((sample.family.name, sample.labels.as_slice()), sample.value)).collect()
}

fn holds(rule: &Rule, sample: &Sample, values: &Values<'_>, now: u64) -> bool {
    if rule.only.is_some_and(|only| sample.labels.last().is_none_or(|last| last != only)) {
        return false;
    }
    match rule.test {
        Test::Above(limit) => sample.value > limit,
        Test::Below(limit) => sample.value < limit,
        Test::OlderThan(seconds) => sample.value < number(now.saturating_sub(seconds)),
        Test::Within(seconds) => sample.value < number(now.saturating_add(seconds)),
        Test::Lacks(family, part) => {
            let whole = values.get(&(family.name, sample.labels.as_slice()));
            whole.is_some_and(|whole| sample.value < whole * part)
        }
    }
}

fn finding(rule: &Rule, network: &str, sample: &Sample, values: &Values<'_>, now: u64) -> Finding {
    let until = rule.until.and_then(|family| values.get(&(family.name, key(family, sample))));
    let until = until.map(|at| whole(*at));
    let is_soon = rule.urgency == Urgency::Warning && until.is_some_and(|until| until < now.saturating_add(SOON));
    Finding {
        urgency: if is_soon { Urgency::Critical } else { rule.urgency },
        until,
        network: network.to_owned(),
        text: fill(rule.text, sample),
        left: until.map(|until| left(rule.urgency, now, until)),
        runbook: rule.runbook.name,
        count: 1,
    }
}

/// How long somebody still has, in words.
fn left(urgency: Urgency, now: u64, until: u64) -> String {
    match until.checked_sub(now) {
        Some(1..) => distance(now, until),
        Some(0) | None if urgency == Urgency::Info => "now".to_owned(),
        Some(0) => "due now".to_owned(),
        None => format!("overdue for {}", duration(now.saturating_sub(until))),
    }
}

/// The labels of `sample` that the family has too.
fn key<'a>(family: &Family, sample: &'a Sample) -> &'a [String] {
    let count = family.labels.iter().filter(|label| **label != "network").count();
    sample.labels.get(..count).unwrap_or(&sample.labels)
}

/// The text with the sample's labels and value.
fn fill(text: &str, sample: &Sample) -> String {
    let names = sample.family.labels.iter().filter(|label| **label != "network");
    let mut filled = text.replace("{value}", &figure(sample.value));
    for (name, value) in names.zip(&sample.labels) {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}

/// At most so many lines of one rule, and a line for the others.
fn cut(mut of_rule: Vec<Finding>) -> Vec<Finding> {
    let hidden = of_rule.split_off(of_rule.len().min(SHOWN));
    if let Some(first) = hidden.first() {
        let text = format!("and {} more like these", hidden.len());
        of_rule.push(Finding { text, count: hidden.len(), ..first.clone() });
    }
    of_rule
}

/// A scraper whose readings are not served: nobody knows.
fn never_read(network: &str, scraper: &ScraperFacts, now: u64) -> Option<Finding> {
    let name = scraper.kind.name();
    let (text, urgency) = match (&scraper.read, super::last_success(scraper)) {
        (Some(_), _) => return None,
        (None, None) => (format!("nothing is known yet from {name}"), Urgency::Warning),
        (None, Some(at)) => (format!("nothing is known from {name} since {}", distance(now, at)), Urgency::Critical),
    };
    let (until, left, network) = (None, None, network.to_owned());
    Some(Finding { urgency, until, network, text, left, runbook: "ButlerSnapshotStale", count: 1 })
}
