//! Every family of metrics that the exporter has, once: name, type, labels, unit, help.
//!
//! What is served takes its names from here and `docs/metrics.md` is written from here, so neither can disagree with the
//! other. A name here is the name that Prometheus stores, with its unit and suffix.

use std::fmt::Write as _;

/// What a family's values mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Goes up and down.
    Gauge,
    /// Only grows while the process lives; the name ends in `_total`.
    Counter,
    /// Always 1, and its labels say something; the name ends in `_info`.
    Info,
}

impl Kind {
    /// The name that the documentation uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Info => "info",
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Gauge => "",
            Self::Counter => "_total",
            Self::Info => "_info",
        }
    }
}

/// One family.
#[derive(Debug, PartialEq, Eq)]
pub struct Family {
    /// The name that Prometheus stores.
    pub name: &'static str,
    /// What its values mean.
    pub kind: Kind,
    /// Its labels, in the order in which values are given.
    pub labels: &'static [&'static str],
    /// Its unit, which the name holds too; empty where there is none.
    pub unit: &'static str,
    /// What it says, in one sentence.
    pub help: &'static str,
}

impl Family {
    /// The name without what an encoder adds: unit, `_total`, `_info`.
    #[must_use]
    pub fn stem(&self) -> &'static str {
        let name = self.name.strip_suffix(self.kind.suffix()).unwrap_or(self.name);
        if self.unit.is_empty() {
            return name;
        }
        name.strip_suffix(self.unit).and_then(|name| name.strip_suffix('_')).unwrap_or(name)
    }
}

macro_rules! families {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] $unit:literal $help:literal;)*) => {
        $(
            #[doc = $help]
            pub static $constant: Family =
                Family { name: $name, kind: Kind::$kind, labels: &[$($label),*], unit: $unit, help: $help };
        )*
        /// Every family, in the order in which they are served.
        pub static ALL: &[&Family] = &[$(&$constant),*];
    };
}

families! {
    BUILD: Info "butler_build_info" ["version"] "" "The running program.";
    SCRAPE_SUCCESS: Gauge "butler_scrape_success" ["network", "scraper"] "" "Whether the last scrape succeeded; absent before the first ended.";
    SCRAPE_DURATION: Gauge "butler_scrape_duration_seconds" ["network", "scraper"] "seconds" "How long the last scrape took, good or bad.";
    SCRAPE_ERRORS: Counter "butler_scrape_errors_total" ["network", "scraper", "kind"] "" "Failures by kind; every kind is there from the start.";
    SCRAPER_RESTARTS: Counter "butler_scraper_restarts_total" ["network", "scraper"] "" "How often a scraper panicked and was started again.";
    SCRAPE_LAST_SUCCESS: Gauge "butler_scrape_last_success_timestamp_seconds" ["network", "scraper"] "seconds" "When a scrape last succeeded, by this machine's clock; absent before the first did.";
    SNAPSHOT_BLOCK_NUMBER: Gauge "butler_snapshot_block_number" ["network"] "" "The L1 block that all readings of the chain belong to.";
    SNAPSHOT_BLOCK_TIMESTAMP: Gauge "butler_snapshot_block_timestamp_seconds" ["network"] "seconds" "The time of that block.";
    RPC_REQUESTS: Counter "butler_rpc_requests_total" ["network", "endpoint"] "" "HTTP requests to an L1 endpoint, as of the last scrape.";
    RPC_SENT: Counter "butler_rpc_sent_bytes_total" ["network", "endpoint"] "bytes" "Bytes of request bodies to an L1 endpoint.";
    RPC_RECEIVED: Counter "butler_rpc_received_bytes_total" ["network", "endpoint"] "bytes" "Bytes of response bodies from an L1 endpoint.";
    ENDPOINT_HEALTHY: Gauge "butler_endpoint_healthy" ["network", "endpoint"] "" "Whether an L1 endpoint's last exchange was good (1) or not (0).";
    ATTESTERS: Gauge "butler_attesters" ["network", "state"] "" "Own attesters by state; every state is there.";
    ATTESTERS_AT_POSITION: Gauge "butler_attesters_at_position" ["network", "position"] "" "Own attesters by position on chain; every position is there.";
    TRANSITIONS: Counter "butler_transitions_total" ["network", "judgement"] "" "Changes of state since the program started, by what the documented life cycle says of them.";
    COINBASE_MISSING: Gauge "butler_coinbase_missing" ["network", "attester"] "" "1 for an attester that needs a coinbase and has none in any key file.";
    COINBASE_DEADLINE: Gauge "butler_coinbase_deadline_timestamp_seconds" ["network", "attester"] "seconds" "When an attester without coinbase can be active: its earliest arrival, or the snapshot's block time when it is already; absent where the chain does not say.";
    COINBASE_WRONG: Gauge "butler_coinbase_wrong" ["network", "attester"] "" "1 for an attester whose coinbase is not the split of its delegation.";
    DUPLICATES: Gauge "butler_duplicates" ["network", "kind"] "" "Own keys that are in two places, by kind; every kind is there. Other providers' queues are not read.";
    KEY_FILE_FAULTS: Gauge "butler_key_file_faults" ["network"] "" "What is wrong with key files; the attesters of such a file are judged as if no file had them.";
    ACTIVE_ATTESTERS: Gauge "butler_active_attesters" ["network"] "" "Active attesters of the rollup, everybody's.";
    EPOCH: Gauge "butler_epoch" ["network"] "" "The rollup's epoch at the snapshot's block.";
    ENTRY_QUEUE_LENGTH: Gauge "butler_entry_queue_length" ["network"] "" "Deposits in the rollup's entry queue, everybody's.";
    ENTRY_QUEUE_OWN: Gauge "butler_entry_queue_own" ["network"] "" "Own deposits in the entry queue.";
    ENTRY_QUEUE_FLUSH_SIZE: Gauge "butler_entry_queue_flush_size" ["network"] "" "The most deposits that one epoch lets in; 0 while the rollup waits for its first set.";
    ENTRY_QUEUE_AVAILABLE: Gauge "butler_entry_queue_available_flushes" ["network"] "" "What is left of this epoch's allowance.";
    ENTRY_QUEUE_NEXT: Gauge "butler_entry_queue_own_next_arrival_timestamp_seconds" ["network"] "seconds" "The earliest moment at which the next own deposit can be let in; absent when none waits.";
    ENTRY_QUEUE_LAST: Gauge "butler_entry_queue_own_last_arrival_timestamp_seconds" ["network"] "seconds" "The earliest moment at which the last own deposit can be let in; absent when none waits.";
    PROVIDER_QUEUE_LENGTH: Gauge "butler_provider_queue_length" ["network", "provider"] "" "Keys in an own provider's queue.";
    PROVIDER_TAKE_RATE: Gauge "butler_provider_take_rate_ratio" ["network", "provider"] "ratio" "An own provider's share of future rewards, 0 to 1.";
    PROVIDER_ADMIN_CHANGE: Gauge "butler_provider_admin_change_pending" ["network", "provider"] "" "Whether somebody was offered the admin's role of an own provider and has not accepted it.";
    PROVIDER_DELEGATIONS: Gauge "butler_provider_delegations" ["network", "provider"] "" "Delegations to an own provider so far.";
    PUBLISHER_BALANCE: Gauge "butler_publisher_balance_ether" ["network", "publisher"] "ether" "What a publisher holds.";
    PUBLISHER_REQUIRED: Gauge "butler_publisher_required_ether" ["network", "publisher"] "ether" "What a publisher should hold, by its attesters.";
    PUBLISHER_TOP_UP: Gauge "butler_publisher_top_up_ether" ["network", "publisher"] "ether" "What a publisher lacks.";
    PUBLISHER_LOAD: Gauge "butler_publisher_load_attesters" ["network", "publisher"] "attesters" "How many attesters a publisher pays for; shared ones count in parts.";
    REWARDS_PENDING: Gauge "butler_rewards_pending_tokens" ["network", "coinbase"] "tokens" "Sequencer rewards that wait for a coinbase, in whole tokens of 18 decimals.";
    NODE_UP: Gauge "butler_node_up" ["network", "node"] "" "Whether an Aztec node answers, and follows the configured chain and Aztec Registry.";
    NODE_READY: Gauge "butler_node_ready" ["network", "node"] "" "Whether an Aztec node calls itself ready; one whose L1 is gone does, too.";
    NODE_PROPOSED: Gauge "butler_node_proposed_block" ["network", "node"] "" "An Aztec node's newest proposed block.";
    NODE_PROVEN: Gauge "butler_node_proven_block" ["network", "node"] "" "An Aztec node's newest proven block.";
    NODE_FINALIZED: Gauge "butler_node_finalized_block" ["network", "node"] "" "An Aztec node's newest block that is finalized on L1.";
    NODE: Info "butler_node_info" ["network", "node", "version"] "" "The software of an Aztec node.";
}

/// The page `docs/metrics.md`.
#[must_use]
pub fn render_page() -> String {
    let mut page = String::from(
        "# Metrics

What `butler-exporter` serves at `/metrics`. This page is written from `crates/butler-exporter/src/catalogue.rs`; a test keeps
both the same.

* Names are those that Prometheus stores. Units are base units; a ratio is 0 to 1; a truth is 0 or 1.
* A scrape of the chain reads everything at one block or nothing: its readings change together, and a failed scrape changes
  none. Nodes are asked one by one; one that does not answer has `butler_node_up` 0, which is no failed scrape, and its failure
  is counted under `scraper=\"nodes\"`.
* A series vanishes with what it describes.
* A reading that is older than three scrape intervals, and at least five minutes, is no longer served. `butler_scrape_success`,
  `butler_scrape_last_success_timestamp_seconds` and all counters stay: alert on them.
* Counters begin at 0 when the program starts. The previous states behind `butler_transitions_total` are kept in memory only, so
  that a change during a restart is not counted.
* The labels `attester`, `publisher` and `coinbase` are addresses with their checksum. `attester` occurs only where somebody has
  to act.

| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
",
    );
    for family in ALL {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
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

fn render_values() -> String {
    use butler_core::domain::duplicates::DuplicateKind;
    use butler_core::domain::position::Position;
    use butler_core::domain::state::State;

    let list = |names: &mut dyn Iterator<Item = &'static str>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let mut text = String::from("\n## Values of labels\n\n| label | values |\n| --- | --- |\n");
    let mut row = |label: &str, values: String| {
        let _ = writeln!(text, "| {label} | {values} |");
    };
    row("`scraper`", list(&mut crate::kinds::ScraperKind::ALL.into_iter().map(crate::kinds::ScraperKind::name)));
    row(
        "`kind` of `butler_scrape_errors_total`",
        list(&mut crate::kinds::FailureKind::all().map(crate::kinds::FailureKind::name)),
    );
    row("`state`", list(&mut State::ALL.into_iter().map(State::name)));
    row("`position`", list(&mut Position::ALL.into_iter().map(Position::name)));
    row("`judgement`", list(&mut crate::kinds::JUDGEMENTS.into_iter()));
    row("`kind` of `butler_duplicates`", list(&mut DuplicateKind::ALL.into_iter().map(DuplicateKind::name)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        for family in ALL {
            assert!(family.name.starts_with("butler_"), "{}", family.name);
            let stem = family.stem();
            let unit = if family.unit.is_empty() { String::new() } else { format!("_{}", family.unit) };
            assert_eq!(format!("{stem}{unit}{}", family.kind.suffix()), family.name);
            assert!(family.kind != Kind::Gauge || !family.name.ends_with("_total"), "{}", family.name);
            // The text formats would need an escape.
            assert!(!family.help.contains(['\\', '\n', '"']) && family.help.ends_with('.'), "{}", family.name);
            assert!(std::ptr::eq(*family, &BUILD) || family.labels.first() == Some(&"network"), "{}", family.name);
        }
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|family| family.name).collect();
        assert_eq!(names.len(), ALL.len(), "a name is there twice");
    }

    #[test]
    fn the_page_is_current() {
        let path = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md"));
        let page = render_page();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            butler_core::store::file::save_atomic(path, page.as_bytes(), 0o644).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        for family in ALL {
            assert!(written.contains(&format!("| `{}` |", family.name)), "{} is not in docs/metrics.md", family.name);
        }
        for name in written.lines().filter_map(|line| line.strip_prefix("| `butler_")?.split('`').next()) {
            let name = format!("butler_{name}");
            assert!(ALL.iter().any(|family| family.name == name), "{name} is not in the catalogue");
        }
        assert!(written == page, "docs/metrics.md is old: run with UPDATE_DOCS=1");
    }
}
