//! What is wrong, by kind, as `docs/findings.md` lists it.

use butler_core::domain::findings::{FindingKind, Severity};
use butler_core::metric_families as families;
use butler_core::text::closed::names;

families! {
    FINDINGS: Gauge "butler_findings" ["network", "kind": FindingKind::codes, "severity": names::<Severity>] "" "What is wrong, counted by kind and severity; every kind is there with every severity that it can have. What is wrong with the process itself has the network `exporter`.";
    FINDING_UNTIL: Gauge "butler_finding_until_timestamp_seconds" ["network", "kind": FindingKind::codes] "seconds" "When it is too late for the first finding of a kind; absent where there is none, or none with such a moment.";
    COINBASE_CRITICAL: Gauge "butler_coinbase_critical_seconds" ["network"] "seconds" "How long before its earliest activation a missing coinbase is critical: `coinbase_critical` of the configuration.";
    KEY_FILE_KEPT: Gauge "butler_key_file_kept" ["network", "file"] "" "1 for a key file that was good and cannot be read or used now: what it said last is kept.";
    KEY_FILE_ATTESTERS: Gauge "butler_key_file_attesters" ["network", "file"] "" "Attesters that a key file names, as it was read for the last scrape of the chain; of at most 1,000 files, in the order of their paths.";
    KEY_FILE_FAULTY: Gauge "butler_key_file_faulty" ["network", "file"] "" "1 for a key file, or a pattern, of which `butler_key_file_faults` counts a fault.";
}
