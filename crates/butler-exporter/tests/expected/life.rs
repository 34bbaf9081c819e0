//! The process: nothing was reloaded yet, and nothing went wrong.

use crate::support::Bench;

pub(crate) fn expected(bench: &Bench) -> Vec<(String, f64)> {
    let mut all = vec![
        ("butler_config_last_reload_successful".to_owned(), 1.0),
        ("butler_certificate_current".to_owned(), 1.0),
        ("butler_config_reloads_total{result=\"success\"}".to_owned(), 0.0),
        ("butler_config_reloads_total{result=\"failure\"}".to_owned(), 0.0),
    ];
    // `--once` writes no file.
    if bench.read("butler.toml").contains("textfile") {
        all.push(("butler_textfile_write_failures_total".to_owned(), 0.0));
    }
    all
}
