//! A healthy day: what the real exporters serve, gone on with for a day, and promtool's word that nothing fires.
//!
//! The pages of both are read twice. What counts and what moves with time goes on at the pace between the two; what is a time is
//! told from the test's own zero. What is wrong on the devnet from the beginning is left out and named.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use butler_core::runtime::clock::unix_now;
use serde_json::{Value, json};

use super::{http, world};
use crate::command::workspace;

/// Between the two looks.
const BETWEEN: Duration = Duration::from_secs(20);
/// One value each, in seconds, for a day.
const STEP: f64 = 300.0;
const STEPS: u32 = 288;
/// What goes on when time does: the ends of names.
const MOVING: [&str; 8] = ["_total", "_bucket", "_count", "_sum", "_timestamp_seconds", "_number", "_block", "_slot"];

/// Reads, writes the test, runs it.
pub(super) async fn try_day(
    folder: &Path,
    exporters: [SocketAddr; 2],
    prometheus: SocketAddr,
) -> anyhow::Result<Value> {
    let firing = http::get(prometheus, "/api/v1/alerts")?;
    let ill: BTreeSet<&str> = firing["data"]["alerts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|alert| alert["labels"]["alertname"].as_str())
        .collect();
    let rules = std::fs::read_to_string(workspace().join("deploy/prometheus/butler.rules.yml"))?;
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let silent: Vec<&str> = alerts.iter().filter(|alert| !ill.contains(*alert)).copied().collect();

    let first = read(exporters)?;
    tokio::time::sleep(BETWEEN).await;
    let (second, now) = (read(exporters)?, seconds(unix_now()));
    let mut series = String::new();
    for ((place, key), value) in &second {
        let before = first.get(&(*place, key.clone())).copied().unwrap_or(*value);
        series.push_str(&line(*place, key, (before, *value), now));
    }
    let mut test = format!(
        "rule_files: [day.rules.yml]\nevaluation_interval: 5m\ntests:\n  - interval: 5m\n    input_series:\n{series}    alert_rule_test:\n"
    );
    for time in ["1h", "12h", "24h"] {
        for alert in &silent {
            test.push_str(&format!("      - {{ eval_time: {time}, alertname: {alert}, exp_alerts: [] }}\n"));
        }
    }
    world::write(&folder.join("day.rules.yml"), &rules)?;
    world::write(&folder.join("day.test.yml"), &test)?;
    let output = Command::new("promtool").current_dir(folder).args(["test", "rules", "day.test.yml"]).output();
    let output = output.context("failed to start promtool")?;
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let fires: BTreeSet<&str> =
        said.lines().filter_map(|line| line.trim().strip_prefix("alertname: ")?.split(',').next()).collect();
    Ok(json!({
        "series": second.len(), "silent": silent.len(), "wrong_from_the_beginning": ill,
        "passed": output.status.success(), "fires": fires,
    }))
}

type Page = BTreeMap<(usize, String), f64>;

fn read(exporters: [SocketAddr; 2]) -> anyhow::Result<Page> {
    let mut page = Page::new();
    for (place, address) in exporters.into_iter().enumerate() {
        let text = http::text(address, "/metrics")?;
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((key, value)) = line.rsplit_once(' ') else { continue };
            if let Some(value) = value.parse::<f64>().ok().filter(|value| value.is_finite()) {
                page.insert((place, key.to_owned()), value);
            }
        }
        page.insert((place, "up".to_owned()), 1.0);
    }
    Ok(page)
}

/// One series of the test.
fn line(place: usize, key: &str, (before, value): (f64, f64), now: f64) -> String {
    let (name, labels) = key.split_once('{').unwrap_or((key, "}"));
    let is_time = name.ends_with("_timestamp_seconds");
    let pace =
        if MOVING.iter().any(|end| name.ends_with(end)) { (value - before) / BETWEEN.as_secs_f64() } else { 0.0 };
    // A time stands still or goes with ours.
    let pace = if is_time { pace.round().clamp(0.0, 1.0) } else { pace };
    let start = if is_time { value - now } else { value };
    let separator = if labels == "}" { "" } else { "," };
    let labels = format!("instance=\"{place}:9464\",job=\"butler\"{separator}{labels}");
    format!(
        "      - {{ series: '{name}{{{}', values: '{start}+{}x{STEPS}' }}\n",
        labels.replace('\'', "''"),
        pace * STEP
    )
}

fn seconds(time: u64) -> f64 {
    Duration::from_secs(time).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_from_the_zero_of_the_test_and_only_what_counts_goes_on() {
        let told = line(0, "a_timestamp_seconds{network=\"m\"}", (980.0, 1_000.0), 1_002.0);
        assert!(told.contains("a_timestamp_seconds{instance=\"0:9464\",job=\"butler\",network=\"m\"}"), "{told}");
        assert!(told.contains("values: '-2+300x288'"), "{told}");
        assert!(
            line(0, "b_total", (10.0, 12.0), 0.0)
                .contains("{instance=\"0:9464\",job=\"butler\"}', values: '12+30x288'")
        );
        assert!(line(0, "c_ether", (10.0, 12.0), 0.0).contains("values: '12+0x288'"));
    }
}
