//! The files of `deploy/`, held against what the daemons emit: alert rules, their tests and runbooks, dashboards, unit.
//!
//! A rule or panel that uses a metric, a label or a label's value that is in neither page of metrics is a fault, and so is an
//! alert without a runbook, or without a test in which it fires and one in which it does not. So is an inhibition that
//! compares a label which an alert of it has not. Rules and tests are read line
//! by line in the form that they have here; promtool, where it is installed, reads them as Prometheus does. Their numbers and
//! severities are those of `domain/findings`: `limits` holds them against each other, and `runbooks` what the runbooks tell.

mod catalogue;
mod dashboard;
mod expression;
mod file;
mod limits;
mod routes;
mod runbooks;
#[cfg(test)]
mod tests;
mod twins;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use anyhow::{Context as _, bail};
use butler_core::domain::findings::Thresholds;
use butler_core::domain::findings::alerts::WATCHDOG;

use self::catalogue::Catalogue;
use self::file::{Rule, RuleKind};
use crate::command::{is_ci, output, run as start, succeeds, target, workspace};

const RULES: &str = "deploy/prometheus/butler.rules.yml";
const ALERTMANAGER: &str = "deploy/prometheus/alertmanager.yml";
const UNIT: &str = "deploy/systemd/butler-exporter.service";
const METRICS: [&str; 2] = ["docs/metrics.md", "docs/watcher-metrics.md"];
const RUNBOOKS: &str = "docs/runbooks";

/// Checks everything, with other programs where they are installed.
pub(crate) fn check() -> anyhow::Result<()> {
    let root = workspace();
    let tests = names(&root.join("deploy/prometheus"), ".test.yml")?;
    if succeeds(Command::new("promtool").arg("--version")) {
        start(Command::new("promtool").current_dir(&root).args(["check", "rules", RULES]))?;
        let folder = root.join("deploy/prometheus");
        start(Command::new("promtool").current_dir(&folder).args(["test", "rules"]).args(&tests))?;
        let twins = twins::write(&folder, &tests, &target().join("rules"))?;
        start(Command::new("promtool").current_dir(target().join("rules")).args(["test", "rules"]).args(twins))?;
    } else {
        left_out("promtool is not installed, alert rules were not run (Debian: apt-get install prometheus)")?;
    }
    check_alertmanager(&root)?;
    if succeeds(Command::new("systemd-analyze").arg("--version")) {
        let security = ["security", "--offline=true", "--no-pager", "--threshold=15", UNIT];
        let rating = output(Command::new("systemd-analyze").current_dir(&root).args(security))
            .context("the unit's exposure may be at most 1.5\nhint: `systemd-analyze security --offline=true` lists what adds to it")?;
        println!("{}", rating.lines().last().unwrap_or_default());
    } else {
        left_out("systemd-analyze is not installed, the unit was not rated (Debian: apt-get install systemd)")?;
    }
    let files = Files::load(&root, &tests)?;
    let mut faults = files.faults();
    let limits = limits::faults(&file::rules(&files.rules), &Thresholds::default());
    faults.extend(limits.into_iter().map(|fault| format!("{RULES}: {fault}")));
    let mut pages = BTreeMap::new();
    for name in names(&root.join(RUNBOOKS), ".md")? {
        let text =
            fs::read_to_string(root.join(RUNBOOKS).join(&name)).with_context(|| format!("failed to read {name}"))?;
        pages.insert(name, text);
    }
    let told = runbooks::faults(&pages, &Thresholds::default());
    faults.extend(told.into_iter().map(|fault| format!("{RUNBOOKS}/{fault}")));
    if !faults.is_empty() {
        bail!("files of deploy/ have {} faults:\n  {}", faults.len(), faults.join("\n  "));
    }
    println!(
        "rules and dashboards: use only what {} have; every alert has a runbook and tests, and the code's limits",
        METRICS.join(" and ")
    );
    Ok(())
}

/// Says what was not checked for want of a program; in CI that is a fault.
fn left_out(why: &str) -> anyhow::Result<()> {
    if is_ci() {
        bail!(why.to_owned());
    }
    println!("skipped: {why}");
    Ok(())
}

/// Lets Alertmanager's own tool look at the example, whichever version is installed.
fn check_alertmanager(root: &Path) -> anyhow::Result<()> {
    if !succeeds(Command::new("amtool").arg("--version")) {
        return left_out(
            "amtool is not installed, routes were not checked (Debian: apt-get install prometheus-alertmanager)",
        );
    }
    start(Command::new("amtool").current_dir(root).args(["check-config", ALERTMANAGER]))
}

/// Writes a file below the target folder.
fn save(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    #[expect(clippy::disallowed_methods, reason = "a throwaway file below the target folder")]
    fs::write(path, text).with_context(|| format!("failed to write {}", path.display()))
}

/// What is held against each other, as text.
#[derive(Debug, Default)]
struct Files {
    metrics: String,
    rules: String,
    tests: String,
    alertmanager: String,
    runbooks: BTreeSet<String>,
    /// Name and text.
    dashboards: Vec<(String, String)>,
}

impl Files {
    fn load(root: &Path, tests: &[String]) -> anyhow::Result<Self> {
        let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| format!("failed to read {path}"));
        let mut files = Self {
            metrics: METRICS.into_iter().map(read).collect::<anyhow::Result<String>>()?,
            rules: read(RULES)?,
            alertmanager: read(ALERTMANAGER)?,
            runbooks: names(&root.join(RUNBOOKS), ".md")?.into_iter().collect(),
            ..Self::default()
        };
        for name in tests {
            files.tests.push_str(&read(&format!("deploy/prometheus/{name}"))?);
        }
        for name in names(&root.join("deploy/grafana"), ".json")? {
            let text = read(&format!("deploy/grafana/{name}"))?;
            files.dashboards.push((name, text));
        }
        Ok(files)
    }

    /// Everything that is wrong, a line each.
    fn faults(&self) -> Vec<String> {
        let mut catalogue = Catalogue::parse(&self.metrics);
        let rules = file::rules(&self.rules);
        let mut faults = Vec::new();
        if catalogue.len() <= catalogue::OF_PROMETHEUS || rules.is_empty() || self.dashboards.is_empty() {
            faults.push("no metrics, no rules or no dashboards were found".to_owned());
        }
        // A recording rule may use itself, so it is known before it is looked at.
        for rule in rules.iter().filter(|rule| rule.kind == RuleKind::Record) {
            catalogue.record(&rule.name, recorded_labels(rule));
        }
        faults.extend(misplaced(&rules).map(|fault| format!("{RULES}: {fault}")));
        for rule in &rules {
            faults.extend(rule_faults(rule, &catalogue).map(|fault| format!("{RULES}: {}: {fault}", rule.name)));
        }
        let alerts: BTreeSet<&str> =
            rules.iter().filter(|rule| rule.kind == RuleKind::Alert).map(|rule| rule.name.as_str()).collect();
        faults.extend(self.missing(&alerts));
        faults.extend(routes::faults(&self.alertmanager, &rules, &catalogue));
        for series in file::test_series(&self.tests) {
            let found = expression::uses(series, &catalogue).faults;
            faults.extend(found.into_iter().map(|fault| format!("test series `{series}`: {fault}")));
        }
        for (name, text) in &self.dashboards {
            let found = dashboard::faults(text, &catalogue);
            faults.extend(found.into_iter().map(|fault| format!("deploy/grafana/{name}: {fault}")));
        }
        faults
    }

    /// Alerts without runbook or test, and runbooks and tests without alert.
    fn missing(&self, alerts: &BTreeSet<&str>) -> Vec<String> {
        let tested = file::tested_alerts(&self.tests);
        let mut faults = Vec::new();
        for alert in alerts {
            if !self.runbooks.contains(&format!("{alert}.md")) {
                faults.push(format!("{alert}: there is no {RUNBOOKS}/{alert}.md"));
            }
            if !tested.fires.contains(alert) {
                faults.push(format!("{alert}: it fires in no promtool test"));
            }
            if !tested.is_quiet.contains(alert) && *alert != WATCHDOG {
                faults.push(format!("{alert}: no promtool test says when it does not fire"));
            }
        }
        let runbooks = self.runbooks.iter().filter_map(|name| name.strip_suffix(".md"));
        let named =
            runbooks.chain(tested.fires).chain(tested.is_quiet).chain(file::inhibited_alerts(&self.alertmanager));
        let unknown: BTreeSet<&str> = named.filter(|name| *name != "README" && !alerts.contains(name)).collect();
        faults.extend(
            unknown.iter().map(|name| format!("{name}: a runbook, a test or {ALERTMANAGER} names it, no rule does")),
        );
        faults
    }
}

/// Rules that use a record of another group, or of a later place in their own: a group is evaluated in order, and groups are not.
fn misplaced(rules: &[Rule]) -> impl Iterator<Item = String> {
    let uses = |rule: &Rule, record: &Rule| rule.expression.contains(&record.name) && rule.name != record.name;
    let is_late = move |at: usize, record_at: usize| match (rules.get(at), rules.get(record_at)) {
        (Some(rule), Some(record)) => {
            record.kind == RuleKind::Record && uses(rule, record) && (rule.group != record.group || record_at > at)
        }
        _ => false,
    };
    let pairs = (0..rules.len()).flat_map(move |at| (0..rules.len()).map(move |record| (at, record)));
    pairs.filter(move |(at, record)| is_late(*at, *record)).filter_map(|(at, record)| {
        Some(format!(
            "{}: it uses {}, which is not before it in its group",
            rules.get(at)?.name,
            rules.get(record)?.name
        ))
    })
}

/// Recording rules here aggregate with one `by` first, which names the labels that are left.
fn recorded_labels(rule: &Rule) -> BTreeSet<String> {
    let list = rule.expression.split_once("by (").and_then(|(_, rest)| rest.split_once(')'));
    let labels = list.map(|(labels, _)| labels.split(',').map(|label| label.trim().to_owned()).collect());
    labels.unwrap_or_default()
}

fn rule_faults(rule: &Rule, catalogue: &Catalogue) -> impl Iterator<Item = String> + use<> {
    let uses = expression::uses(&rule.expression, catalogue);
    let mut faults = uses.faults;
    if rule.name == WATCHDOG {
        faults.clear();
    }
    let shown = file::shown_labels(&rule.text, "$labels.");
    let unknown = shown.iter().filter(|label| !uses.labels.contains(**label));
    faults.extend(unknown.map(|label| format!("its text shows the label `{label}`, which none of its metrics has")));
    if rule.kind == RuleKind::Alert {
        for part in ["severity: ", "summary: ", "description: "] {
            if !rule.text.contains(part) {
                faults.push(format!("there is no `{}`", part.trim_end_matches(": ")));
            }
        }
        let runbook = format!("runbook_url: /runbooks/{}\n", rule.name);
        if !rule.text.contains(&runbook) {
            faults.push(format!("there is no `{}`", runbook.trim_end()));
        }
    }
    faults.into_iter()
}

/// The names of a folder's files that end so, in order.
fn names(folder: &Path, end: &str) -> anyhow::Result<Vec<String>> {
    let context = || format!("failed to read {}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let name = entry.with_context(context)?.file_name().to_string_lossy().into_owned();
        if name.ends_with(end) {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}
