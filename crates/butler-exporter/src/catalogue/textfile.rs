//! The file for node_exporter. These families have no `network`, as those of the process.

use butler_core::metric_families as families;

families! {
    TEXTFILE_WRITTEN_AT: Gauge "butler_textfile_last_write_timestamp_seconds" [] "seconds" "When the file for node_exporter was written; absent where none is configured.";
    TEXTFILE_FAILURES: Counter "butler_textfile_write_failures_total" [] "" "How often that file could not be written; absent where none is configured.";
}
