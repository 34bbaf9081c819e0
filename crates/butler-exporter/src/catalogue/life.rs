//! The process as a whole. These families have no `network`.

families! {
    BUILD: Info "butler_build_info" ["version"] "" "The running program.";
    RELOAD_SUCCESSFUL: Gauge "butler_config_last_reload_successful" [] "" "Whether the configuration as it was last read is in effect; 0 while an older one stands in for a bad one.";
    RELOAD_SUCCESS_AT: Gauge "butler_config_last_reload_success_timestamp_seconds" [] "seconds" "When the configuration in effect was read, by this machine's clock.";
    RELOADS: Counter "butler_config_reloads_total" ["result"] "" "How often the configuration was read again, by a signal or because a file changed.";
    CERTIFICATE_CURRENT: Gauge "butler_certificate_current" [] "" "Whether the certificate that is served is what its files hold, as of the last connection; 0 while an older one stands in for a bad one, 1 also without any.";
    TEXTFILE_WRITTEN_AT: Gauge "butler_textfile_last_write_timestamp_seconds" [] "seconds" "When the file for node_exporter was written; absent where none is configured.";
    TEXTFILE_FAILURES: Counter "butler_textfile_write_failures_total" [] "" "How often that file could not be written; absent where none is configured.";
}
