//! Every query of the dashboards, asked of a real Prometheus.

use std::net::SocketAddr;

use anyhow::Context as _;
use serde_json::Value;

use super::http;
use crate::command::workspace;

/// How that went.
#[derive(Debug, Default)]
pub(super) struct Dashboards {
    pub(super) asked: usize,
    /// How many gave anything.
    pub(super) answered: usize,
    /// Those that gave nothing: there is nothing of it on the devnet.
    pub(super) empty: Vec<String>,
    /// Those that Prometheus refused.
    pub(super) refused: Vec<String>,
}

/// Asks all queries of `deploy/grafana`.
pub(super) fn ask(prometheus: SocketAddr) -> anyhow::Result<Dashboards> {
    let mut found = Dashboards::default();
    let folder = workspace().join("deploy/grafana");
    for entry in std::fs::read_dir(&folder).context("failed to read the dashboards")? {
        let path = entry?.path();
        let dashboard: Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let variables: Vec<&str> =
            list(&dashboard["templating"]["list"]).filter_map(|variable| variable["name"].as_str()).collect();
        for panel in list(&dashboard["panels"]).flat_map(|panel| std::iter::once(panel).chain(list(&panel["panels"]))) {
            for target in list(&panel["targets"]) {
                let query = filled(target["expr"].as_str().unwrap_or_default(), &variables);
                let answer = http::get(prometheus, &format!("/api/v1/query?query={}", http::escaped(&query)))?;
                let place = format!("{name}: {}: {query}", panel["title"].as_str().unwrap_or_default());
                found.asked = found.asked.saturating_add(1);
                match (answer["status"].as_str(), list(&answer["data"]["result"]).next()) {
                    (Some("success"), Some(_)) => found.answered = found.answered.saturating_add(1),
                    (Some("success"), None) => found.empty.push(place),
                    _ => found.refused.push(format!("{place}: {}", answer["error"])),
                }
            }
        }
    }
    Ok(found)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A query as Grafana would send it with everything chosen.
fn filled(query: &str, variables: &[&str]) -> String {
    let times = [("$__rate_interval", "1m"), ("$__interval", "1m"), ("$__range", "5m")];
    let query = times.iter().fold(query.to_owned(), |query, (name, time)| query.replace(name, time));
    variables
        .iter()
        .fold(query, |query, name| query.replace(&format!("${{{name}}}"), ".*").replace(&format!("${name}"), ".*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_and_times_are_filled_in() {
        let query = filled("rate(a{network=~\"$network\",b=~\"${label}\"}[$__rate_interval])", &["network", "label"]);
        assert_eq!(query, "rate(a{network=~\".*\",b=~\".*\"}[1m])");
    }
}
