//! `config init`, `config check` and `config show`.

use std::path::Path;

use butler_core::config::{Config, ConfigError};
use butler_core::key_files::{PrivateKeys, load_key_files};
use butler_core::network::key_sources;
use butler_core::runtime::exit::Exit;
use butler_core::store::file::save_atomic;
use serde::Serialize;

use crate::args::Global;
use crate::error::{CliError, Named};
use crate::gather::load;
use crate::output::{Output, remark};
use crate::view::format;
use crate::view::table::{Tone, painted};

#[derive(Debug, Serialize)]
struct CheckReport {
    passed: bool,
    networks: Vec<String>,
    key_files: usize,
    attesters: usize,
    faults: Vec<String>,
    /// What is no fault, and somebody should mend.
    warnings: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ShowReport {
    values: Vec<ShownValue>,
}

#[derive(Debug, Serialize)]
struct ShownValue {
    section: String,
    key: String,
    /// As TOML; secrets are hidden.
    value: String,
    origin: String,
}

/// Writes the commented example; never over a file that exists.
///
/// # Errors
/// `Exists`, or what stopped the file from being written.
pub(super) fn init(file: &Path, output: Output) -> Result<Exit, CliError> {
    if file == Path::new("-") {
        output.text(Config::example())?;
        return Ok(Exit::Success);
    }
    if file.symlink_metadata().is_ok() {
        return Err(CliError::Exists(file.display().to_string()));
    }
    save_atomic(file, Config::example().as_bytes(), 0o600)?;
    remark(&format!(
        "wrote {}; fill it in, then run `butler-cli --config {} config check`",
        file.display(),
        file.display()
    ));
    Ok(Exit::Success)
}

/// Checks the configuration and every key file.
///
/// # Errors
/// Only when the result cannot be written: faults are the result.
pub(super) fn check(global: &Global, output: Output) -> Result<Exit, CliError> {
    let report = match load(global) {
        Ok(config) => check_keys(&config),
        Err(CliError::Config(error @ ConfigError::Faults(_))) => {
            of_faults(error.faults().iter().map(ToString::to_string).collect())
        }
        Err(error @ CliError::Unknown { kind: Named::Network, .. }) => {
            let hint = error.hint().map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
            of_faults(vec![format!("flag --network: {error}{hint}")])
        }
        Err(error) => return Err(error),
    };
    let exit = if report.passed { Exit::Success } else { Exit::Configuration };
    output.result(&report, render_check)?;
    Ok(exit)
}

fn of_faults(faults: Vec<String>) -> CheckReport {
    CheckReport { passed: false, networks: Vec::new(), key_files: 0, attesters: 0, faults, warnings: Vec::new() }
}

fn check_keys(config: &Config) -> CheckReport {
    let warnings = config.exposed().into_iter().map(|exposed| format!("{} (hint: {})", exposed.why, exposed.hint));
    let mut report = CheckReport {
        passed: true,
        networks: Vec::new(),
        key_files: 0,
        attesters: 0,
        faults: Vec::new(),
        warnings: warnings.collect(),
    };
    for network in config.networks.values() {
        let keys = load_key_files(&key_sources(network, PrivateKeys::Derive));
        report.networks.push(network.name.clone());
        report.key_files += keys.key_file_count();
        report.attesters += keys.book.attesters().len();
        report.faults.extend(keys.faults.iter().map(ToString::to_string));
        if !network.has_l1() {
            report.faults.push(format!(
                "networks.{}: no L1 endpoint: add a [[networks.{}.l1]] section",
                network.name, network.name
            ));
        }
    }
    report.passed = report.faults.is_empty();
    report
}

fn render_check(report: &CheckReport, output: &Output) -> String {
    let mut text = String::new();
    for fault in &report.faults {
        text.push_str(&format!("{fault}\n"));
    }
    for warning in &report.warnings {
        text.push_str(&format!("warning: {warning}\n"));
    }
    let verdict = if report.passed {
        let summary = format!(
            "ok: {} ({}), {}, {}",
            format::count(report.networks.len(), "network"),
            report.networks.join(", "),
            format::count(report.key_files, "key file"),
            format::count(report.attesters, "attester")
        );
        painted(output, &summary, Tone::Good)
    } else {
        painted(output, &format::count(report.faults.len(), "fault"), Tone::Bad)
    };
    text.push_str(&verdict);
    text
}

/// Shows what is in effect and where it came from.
///
/// # Errors
/// When the configuration cannot be used.
pub(super) fn show(global: &Global, output: Output) -> Result<Exit, CliError> {
    let config = load(global)?;
    let report = ShowReport {
        values: config
            .effective()
            .into_iter()
            .map(|value| ShownValue {
                section: value.section,
                key: value.key,
                value: value.value,
                origin: value.origin.to_string(),
            })
            .collect(),
    };
    output.verbatim(&report, |_| config.render_within(output.width))?;
    Ok(Exit::Success)
}
