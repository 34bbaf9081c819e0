//! Key files that are cut, unreadable or gone under the running program: what it served is fed to the shipped alert rules.
//!
//! Each look at `/metrics` stands for ten minutes of Prometheus' time. Times are moved with it: moments of the chain keep their
//! distance from the snapshot's block, and ages stay what they were.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

#[allow(clippy::allow_attributes, dead_code, reason = "every test file uses another part of it")]
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use butler_core::runtime::clock::unix_now;
use support::{Bench, Program, Series};

/// Minutes that one look stands for.
const MINUTES: usize = 10;
/// When the time of the chain begins, on the clock of the rules.
const START: f64 = 600.0;
/// What must fire because of the files, and nothing else may.
const OF_FILES: &str = "ButlerKeyFileUnreadable|ButlerKeyFilesGone";

/// Everything that was served, look by look.
struct Film {
    block_time: f64,
    looks: Vec<Series>,
}

impl Film {
    fn look(&mut self, series: &Series) {
        let (time, now) = (self.looks.len() * MINUTES * 60, f64::from(u32::try_from(unix_now()).unwrap()));
        let time = f64::from(u32::try_from(time).unwrap());
        let moved = |key: &str, value: f64| {
            let name = key.split('{').next().unwrap();
            match name {
                _ if !name.ends_with("_timestamp_seconds") => value,
                // The devnet's clock stands still; its block is as good as new.
                "butler_snapshot_block_timestamp_seconds" => time,
                "butler_scrape_last_success_timestamp_seconds"
                | "butler_config_last_reload_success_timestamp_seconds"
                | "butler_textfile_last_write_timestamp_seconds" => time - (now - value),
                _ => START + value - self.block_time,
            }
        };
        self.looks.push(series.iter().map(|(key, value)| (key.clone(), moved(key, *value))).collect());
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

    fn minutes(&self) -> usize {
        self.looks.len() * MINUTES
    }

    /// Runs promtool with the shipped rules; `good` looks came before anything happened to the files. Expressions that must be
    /// empty from then on, and expressions with one value at a minute. Returns what promtool says when it is not so.
    fn judge(
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
        for minute in good * MINUTES..self.minutes() {
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
fn without_prometheus() -> bool {
    std::env::var_os("BUTLER_SKIP_PROMETHEUS").is_some_and(|value| value == "1")
}

/// The files whose last content is served, by the ends of their paths.
fn kept(series: &Series) -> BTreeSet<String> {
    let files = series.keys().filter_map(|key| key.strip_prefix("butler_key_file_kept{")?.split("file=\"").nth(1));
    files.map(|rest| rest.split('"').next().unwrap().rsplit('/').next().unwrap().to_owned()).collect()
}

/// Waits until exactly these files are served from memory, and looks twice: once more after another scrape.
async fn look(film: &mut Film, program: &Program, expected: &[&str]) {
    let expected: BTreeSet<String> = expected.iter().map(|name| (*name).to_owned()).collect();
    let first = program.when("the files", |series| kept(series) == expected).await;
    film.look(&first);
    let at = "butler_scrape_last_success_timestamp_seconds{network=\"devnet\",scraper=\"l1\"}";
    let second = program.when("another scrape", |series| series[at] > first[at]).await;
    assert_eq!(kept(&second), expected);
    film.look(&second);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_alarm_resolves_and_none_fires_because_of_a_file_and_one_names_it() {
    if without_prometheus() {
        return;
    }
    let bench = Bench::start().await;
    let program = bench.run().await;
    for scraper in ["l1", "slashing", "governance", "rewards"] {
        program.when_scraped("devnet", scraper).await;
    }
    let block = "butler_snapshot_block_timestamp_seconds{network=\"devnet\"}";
    let mut film = Film { block_time: program.series()[block], looks: Vec::new() };
    let keys = |name: &str| bench.path(&format!("keys/{name}"));
    look(&mut film, &program, &[]).await;
    // Long enough for the alert that waits longest, which is an hour.
    let quiet = program.series();
    (0..8).for_each(|_| film.look(&quiet));
    let good = film.looks.len();

    let whole = bench.read("keys/server-1.json");
    bench.write("keys/server-1.json", &whole[..whole.len() / 2]);
    look(&mut film, &program, &["server-1.json"]).await;
    // A link to itself is an error of the system for every user, as a missing right is for all but one.
    std::fs::remove_file(keys("server-2.json")).unwrap();
    symlink("server-2.json", keys("server-2.json")).unwrap();
    bench.write("keys/server-1.json", &whole);
    look(&mut film, &program, &["server-2.json"]).await;
    std::fs::rename(bench.path("keys"), bench.path("elsewhere")).unwrap();
    look(&mut film, &program, &["server-1.json", "server-2.json"]).await;
    let page = program.get("/").text();
    assert!(page.contains("ButlerKeyFilesGone") && !page.contains("ButlerKeyFileFaults"), "{page}");
    assert!(page.contains("server-1.json: it was good") && page.contains("server-2.json: it was good"), "{page}");

    let baseline = good * MINUTES - 1;
    let firing = format!("ALERTS{{alertstate=\"firing\",alertname!~\"{OF_FILES}\"}}");
    let before = format!("{firing} @ {}", baseline * 60);
    let empty = [format!("{firing} unless {before}"), format!("{before} unless {firing}")];
    let named = |file: &str| {
        format!("sum(ALERTS{{alertstate=\"firing\",alertname=\"ButlerKeyFileUnreadable\",file=~\".*/{file}\"}})")
    };
    let critical = "sum(ALERTS{alertstate=\"firing\",alertname=\"ButlerKeyFilesGone\"})".to_owned();
    let judged =
        "count(ALERTS{alertstate=\"firing\",alertname=~\"ButlerCoinbaseOverdue|ButlerCoinbaseWrong\"})".to_owned();
    let last = film.minutes() - 1;
    let known = [
        (baseline, judged.clone(), 2.0),
        (good * MINUTES + 15, named("server-1.json"), 1.0),
        ((good + 2) * MINUTES + 15, named("server-2.json"), 1.0),
        (last, named("server-1.json"), 1.0),
        (last, named("server-2.json"), 1.0),
        (last, critical, 1.0),
        (last, judged, 2.0),
    ];
    film.judge(bench.folder.path(), good, &empty, &known).unwrap_or_else(|said| panic!("{said}"));

    // As a program that counts an unreadable file as empty would have it: the rules see that.
    for look in &mut film.looks[good..] {
        look.retain(|key, _| !key.starts_with("butler_coinbase_wrong"));
    }
    let said = film.judge(bench.folder.path(), good, &empty, &known).unwrap_err();
    assert!(said.contains("ButlerCoinbaseWrong"), "{said}");
}
