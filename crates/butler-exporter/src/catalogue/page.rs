//! The page `docs/metrics.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The page `docs/metrics.md`.
#[must_use]
pub fn render_page() -> String {
    let mut page = String::from(
        "# Metrics

What `butler-exporter` serves at `/metrics`. This page is written from `crates/butler-exporter/src/catalogue`; a test keeps
both the same.

* Names are those that Prometheus stores. Units are base units; a ratio is 0 to 1; a truth is 0 or 1.
* A scrape of the chain reads everything at one block or nothing: its readings change together, and a failed scrape changes
  none. Nodes are asked one by one; one that does not answer has `butler_node_up` 0, which is no failed scrape, and its failure
  is counted under `scraper=\"nodes\"`.
* Slashing and governance are read at blocks of their own, each all at one block or nothing, about the attesters of the last
  snapshot; without a recent one they fail with kind `no_snapshot`. The stages of slashing, least urgent first: `spared` (votes
  in a round that ended below the quorum), `vetoed`, `voted` (the current round, below the quorum), `decided` (it can still be
  vetoed), `executable` (anybody may execute it). An attester counts in the most urgent one.
* A series vanishes with what it describes.
* A reading that is older than three scrape intervals, and at least five minutes (or `exporter.staleness`), counted from the
  beginning of its scrape, is no longer served. `butler_scrape_success`,
  `butler_scrape_last_success_timestamp_seconds` and all counters stay: alert on them.
* Counters begin at 0 when the program starts. The previous states behind `butler_transitions_total` are kept in a file, so
  that a change during a restart is counted.
* Names of 0.1.0 stay for one release: what was renamed is served under both, and the meaning of the old one says so. Of all names one was:
  `butler_rpc_request_duration_seconds_total`. No label that it had was renamed, and no key of its configuration.
* Credits are an estimate: each call by its method, at what `credits` says or large providers usually charge. Days end at midnight UTC; the
  figures of today begin anew when the program starts.
* The first families are about the process as a whole; all others have the label `network`.
* A sentinel tells what its node saw. The series of an attester are those of one node: of the sentinels that are less than 32
  slots behind, the one that saw the most of the attester's duties, then the one that saw the fewest missed.
* An offence that several nodes noted counts once.
* The labels `attester`, `publisher` and `coinbase` are addresses with their checksum. `attester` occurs only where somebody has
  to act. `server` beside it is the server whose key file has the attester, in order with commas between them where several have, and empty where
  none has; of a node it is the one that the configuration names.

| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
",
    );
    for family in super::all() {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{}`", label.name)).collect();
        // Writing to a string can not fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            family.name,
            family.kind.name(),
            labels.join(", "),
            family.unit,
            family.help
        );
    }
    page.push_str(&render_values());
    page
}

/// The values of every label that is a closed set: once where they are the same in all families, else family by family.
fn render_values() -> String {
    let mut by_label = BTreeMap::<&str, BTreeMap<Vec<&str>, Vec<&str>>>::new();
    for family in super::all() {
        for label in family.labels {
            if let Some(values) = label.values {
                by_label.entry(label.name).or_default().entry(values()).or_default().push(family.name);
            }
        }
    }
    let mut text = String::from("\n## Values of labels\n\n| label | values |\n| --- | --- |\n");
    for (label, sets) in by_label {
        let is_one = sets.len() == 1;
        for (values, families) in sets {
            let values = values.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            if is_one {
                let _ = writeln!(text, "| `{label}` | {values} |");
                continue;
            }
            for family in families {
                let _ = writeln!(text, "| `{label}` of `{family}` | {values} |");
            }
        }
    }
    text
}
