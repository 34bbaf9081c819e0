//! What the program served, look by look, as Prometheus would have scraped it: fed to the shipped alert rules.
//!
//! Each look at `/metrics` stands for ten minutes of Prometheus' time. Times are moved with it: moments of the chain keep their
//! distance from a block, and ages stay what they were.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use butler_core::runtime::clock::unix_now;

use super::Series;

/// Minutes that one look stands for.
pub(crate) const MINUTES: usize = 10;
/// The time of the block that was read.
pub(crate) const BLOCK: &str = "butler_snapshot_block_timestamp_seconds{network=\"devnet\"}";
/// When the time of the chain begins, on the clock of the rules.
const START: f64 = 600.0;

/// What the moments of the chain keep their distance from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// The block of that time, which was the first: what is to come draws near.
    From(f64),
    /// The block of each look: what is to come stays as far as it was served.
    OfEachLook,
}

/// Everything that was served, look by look.
pub(crate) struct Film {
    clock: Clock,
    pub(crate) looks: Vec<Series>,
    /// The last look, with times as they were served.
    now: Series,
}

impl Film {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, looks: Vec::new(), now: Series::new() }
    }

    pub(crate) fn look(&mut self, series: &Series) {
        let (time, now) = (self.looks.len() * MINUTES * 60, f64::from(u32::try_from(unix_now()).unwrap()));
        let time = f64::from(u32::try_from(time).unwrap());
        let (block, at) = match self.clock {
            Clock::From(block) => (block, START),
            Clock::OfEachLook => (series[BLOCK], time),
        };
        let moved = |key: &str, value: f64| {
            let name = key.split('{').next().unwrap();
            match name {
                _ if !name.ends_with("_timestamp_seconds") => value,
                // The devnet's clock stands still; its block is as good as new.
                "butler_snapshot_block_timestamp_seconds" => time,
                "butler_scrape_last_success_timestamp_seconds"
                | "butler_config_last_reload_success_timestamp_seconds"
                | "butler_textfile_last_write_timestamp_seconds" => time - (now - value),
                _ => at + value - block,
            }
        };
        self.now.clone_from(series);
        self.looks.push(series.iter().map(|(key, value)| (key.clone(), moved(key, *value))).collect());
    }

    /// The last look as many times again: nothing changes meanwhile.
    pub(crate) fn hold(&mut self, times: usize) {
        let series = self.now.clone();
        (0..times).for_each(|_| self.look(&series));
    }

    /// As the input of promtool's test.
    fn input(&self) -> String {
        let keys: BTreeSet<&String> = self.looks.iter().flat_map(BTreeMap::keys).collect();
        let mut text =
            format!("      - series: 'up{{job=\"butler\",instance=\"a\"}}'\n        values: '1x{}'\n", self.minutes());
        for key in keys {
            let (name, labels) =
                key.split_once('{').map_or((key.as_str(), ""), |(name, rest)| (name, rest.trim_end_matches('}')));
            let labels = if labels.is_empty() { String::new() } else { format!("{labels},") };
            let values =
                self.looks.iter().map(|look| look.get(key).map_or_else(|| "_".to_owned(), |value| value.to_string()));
            let values: Vec<String> = values.flat_map(|value| vec![value; MINUTES]).collect();
            writeln!(text, "      - series: '{name}{{{labels}job=\"butler\",instance=\"a\"}}'").unwrap();
            writeln!(text, "        values: '{}'", values.join(" ")).unwrap();
        }
        text
    }

    pub(crate) fn minutes(&self) -> usize {
        self.looks.len() * MINUTES
    }

    /// Runs promtool with the shipped rules; `good` looks came before anything happened. Expressions that must be
    /// empty from then on, and expressions with one value at a minute. Returns what promtool says when it is not so.
    pub(crate) fn judge(
        &self,
        folder: &Path,
        good: usize,
        empty: &[String],
        known: &[(usize, String, f64)],
    ) -> Result<(), String> {
        let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/prometheus/butler.rules.yml");
        let groups = std::fs::read_to_string(&rules).unwrap();
        let groups: Vec<&str> = groups.lines().filter_map(|line| line.trim().strip_prefix("- name: ")).collect();
        let mut test = format!(
            "rule_files: ['{}']\nevaluation_interval: 1m\ngroup_eval_order: [{}]\ntests:\n  - interval: 1m\n    input_series:\n{}    promql_expr_test:\n",
            rules.display(),
            groups.join(", "),
            self.input()
        );
        // Twice in each look.
        for minute in (good * MINUTES..self.minutes()).step_by(MINUTES / 2) {
            for expression in empty {
                writeln!(test, "      - {{ expr: '{expression}', eval_time: {minute}m, exp_samples: [] }}").unwrap();
            }
        }
        for (minute, expression, value) in known {
            writeln!(
                test,
                "      - {{ expr: '{expression}', eval_time: {minute}m, exp_samples: [{{ value: {value} }}] }}"
            )
            .unwrap();
        }
        let path = folder.join("film.test.yml");
        butler_core::store::file::save_atomic(&path, test.as_bytes(), 0o600).unwrap();
        let output = Command::new("promtool").args(["test", "rules"]).arg(&path).output().unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.success() { Ok(()) } else { Err(said) }
    }
}

/// Whether the tests with Prometheus are to be left out.
pub(crate) fn without_prometheus() -> bool {
    std::env::var_os("BUTLER_SKIP_PROMETHEUS").is_some_and(|value| value == "1")
}
