//! What exporter and watcher can emit, as their pages of metrics say: metrics, their labels, and the values of closed labels.

use std::collections::{BTreeMap, BTreeSet};

/// Labels that Prometheus adds to what it scrapes.
pub(super) const TARGET_LABELS: [&str; 2] = ["instance", "job"];

/// How many metrics are Prometheus' own.
pub(super) const OF_PROMETHEUS: usize = 2;
/// Labels of what fires that dashboards may show: Prometheus' own, those of the rules, and those of our metrics.
const FIRING_LABELS: [&str; 10] =
    ["alertname", "alertstate", "severity", "network", "server", "node", "attester", "provider", "publisher", "page"];

/// What can be emitted, and what recording rules make of it.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    metrics: BTreeMap<String, BTreeSet<String>>,
    /// By label, and by metric where the label means different things.
    values: BTreeMap<(String, Option<String>), BTreeSet<String>>,
}

impl Catalogue {
    /// Reads the tables of the page.
    pub(super) fn parse(page: &str) -> Self {
        // Prometheus' own metrics about targets and alerts.
        let of_prometheus = [("up", BTreeSet::new()), ("ALERTS", FIRING_LABELS.map(str::to_owned).into())];
        let metrics = of_prometheus.map(|(name, labels)| (name.to_owned(), labels)).into();
        let mut catalogue = Self { metrics, ..Self::default() };
        for line in page.lines() {
            let mut cells = line.split('|').skip(1).map(quoted);
            let first = cells.next().unwrap_or_default();
            match first.as_slice() {
                [metric] if metric.starts_with("butler_") => {
                    let labels: BTreeSet<String> = cells.nth(1).unwrap_or_default().into_iter().collect();
                    if line.split('|').nth(2).is_some_and(|kind| kind.trim() == "histogram") {
                        for series in ["sum", "count"] {
                            catalogue.metrics.insert(format!("{metric}_{series}"), labels.clone());
                        }
                        let with_end = labels.into_iter().chain(["le".to_owned()]).collect();
                        catalogue.metrics.insert(format!("{metric}_bucket"), with_end);
                    } else {
                        catalogue.metrics.insert(metric.clone(), labels);
                    }
                }
                [label] => catalogue.close(label, None, cells.next()),
                [label, metric] => catalogue.close(label, Some(metric.clone()), cells.next()),
                _ => {}
            }
        }
        catalogue
    }

    fn close(&mut self, label: &str, metric: Option<String>, values: Option<Vec<String>>) {
        let values: BTreeSet<_> = values.unwrap_or_default().into_iter().collect();
        if !values.is_empty() {
            self.values.insert((label.to_owned(), metric), values);
        }
    }

    /// Adds what a recording rule makes.
    pub(super) fn record(&mut self, name: &str, labels: BTreeSet<String>) {
        self.metrics.insert(name.to_owned(), labels);
    }

    /// How many metrics there are.
    pub(super) fn len(&self) -> usize {
        self.metrics.len()
    }

    /// The labels of a metric; none when it is not known.
    pub(super) fn labels(&self, metric: &str) -> Option<&BTreeSet<String>> {
        self.metrics.get(metric)
    }

    /// The values that a label of a metric can have; none when they are not a closed set.
    pub(super) fn values(&self, metric: &str, label: &str) -> Option<&BTreeSet<String>> {
        let of_metric = self.values.get(&(label.to_owned(), Some(metric.to_owned())));
        of_metric.or_else(|| self.values.get(&(label.to_owned(), None)))
    }
}

/// The words in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
