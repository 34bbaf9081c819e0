//! A configuration in a folder, and what is told of its faults.

use std::path::Path;

use butler_core::config::{Config, ConfigError, ConfigFile, Sources, Variables};
use butler_core::store::file::save_atomic;

pub(crate) const BASE: &str =
    "[networks.mainnet]\nprovider_ids = [4]\n[[networks.mainnet.l1]]\nurl = \"http://127.0.0.1:8545\"\n";

/// A configuration with its sources.
pub(crate) struct Case {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) sources: Sources,
}

pub(crate) fn case(toml: &[u8], variables: &[(&str, &str)]) -> Case {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("butler.toml");
    save_atomic(&path, toml, 0o600).unwrap();
    let home = [("HOME", "/home/op"), ("PATH", "/bin")];
    let variables: Variables = home.iter().chain(variables).copied().collect();
    Case { folder, sources: Sources { file: ConfigFile::Required(path), variables, overrides: Vec::new() } }
}

pub(crate) fn told(error: &ConfigError, folder: &Path) -> String {
    let prefix = format!("{}/", folder.display());
    error.to_string().replace(&prefix, "")
}

/// The message of a configuration that must be refused.
pub(crate) fn refused(toml: impl AsRef<[u8]>, variables: &[(&str, &str)]) -> String {
    let case = case(toml.as_ref(), variables);
    match Config::load(&case.sources) {
        Err(error) => told(&error, case.folder.path()),
        Ok(config) => format!("ACCEPTED\n{}", config.render()),
    }
}

/// Messages of several files, each within the network `mainnet`.
pub(crate) fn refused_keys(lines: &[&str]) -> String {
    let each = lines.iter().map(|line| {
        let message = refused(format!("[networks.mainnet]\n{line}\n"), &[]);
        format!("{line}\n    {}\n", message.lines().skip(1).collect::<Vec<_>>().join("\n    "))
    });
    each.collect()
}
