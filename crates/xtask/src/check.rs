//! `cargo xtask check`: format, lints, docs, alert rules and dashboards, dependencies, each program by itself. Everything but the
//! tests.
//!
//! cargo-deny is installed into `target/tools` when it is missing; the first run therefore takes some minutes longer.

use std::{path::PathBuf, process::Command};

use anyhow::{Context as _, bail};

use crate::command::{cargo, output, run as start, succeeds, target, workspace};

pub(crate) fn run() -> anyhow::Result<()> {
    start(cargo().args(["fmt", "--all", "--check"]))?;
    let clippy = ["clippy", "--workspace", "--all-targets", "--features", "butler-exporter/otlp"];
    start(cargo().args(clippy).args(["--", "--deny", "warnings"]))?;
    start(cargo().args(["doc", "--workspace", "--no-deps", "--quiet"]).env("RUSTDOCFLAGS", "--deny warnings"))?;
    crate::docs::check_reference(true)?;
    crate::rules::check()?;
    check_tree()?;
    check_programs()?;
    let deny = cargo_deny()?;
    let config = ["--config", ".cargo/deny.toml", "--workspace"];
    let check = ["check", "--hide-inclusion-graph", "bans", "licenses", "sources"];
    start(Command::new(deny).current_dir(workspace()).args(config).args(check))?;
    println!("all checks passed");
    Ok(())
}

/// The dependency rules that decided which libraries we use: one hyper, of version 1, and neither OpenSSL nor reqwest.
fn check_tree() -> anyhow::Result<()> {
    let tree = output(cargo().args(["tree", "--workspace", "--prefix", "none", "--edges", "normal,build,dev"]))?;
    // "hyper v1.12.0 (*)"
    let versions = |name: &str| {
        let found = tree.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(" v"));
        let mut found: Vec<_> = found.filter_map(|rest| rest.split_whitespace().next()).collect();
        found.sort_unstable();
        found.dedup();
        found
    };
    let hyper = versions("hyper");
    if hyper.len() != 1 || !hyper.iter().all(|version| version.starts_with("1.")) {
        bail!("expected one hyper of version 1 in the tree, found {hyper:?}");
    }
    for banned in ["reqwest", "openssl", "openssl-sys", "native-tls", "ethers-providers"] {
        let found = versions(banned);
        if !found.is_empty() {
            bail!("`{banned}` is in the dependency tree\nhint: cargo tree --workspace --invert {banned}");
        }
    }
    println!("dependency tree: hyper {}, nothing banned", hyper.concat());
    Ok(())
}

/// The programs, and the features of core that each must have and must not have.
const PROGRAMS: [(&str, &[&str], &[&str]); 3] = [
    ("butler-cli", &["sign"], &["daemon"]),
    ("butler-exporter", &["daemon"], &["sign"]),
    ("butler-watcher", &["daemon"], &[]),
];

/// Each program is built by itself, as it is released: in a build of the whole workspace Cargo gives all of them the features of
/// any of them, so that one could lack a feature, or have one that it must not have, without anybody seeing it.
fn check_programs() -> anyhow::Result<()> {
    for (program, needed, banned) in PROGRAMS {
        start(cargo().args(["check", "--locked", "--quiet", "--package", program]))?;
        let tree = ["tree", "--package", program, "--prefix", "none", "--edges", "normal,build", "--format", "{p}|{f}"];
        let tree = output(cargo().args(tree))?;
        let features = features_of_core(&tree).with_context(|| format!("{program} does not use butler-core"))?;
        if let Some(missing) = needed.iter().find(|feature| !features.contains(feature)) {
            bail!("{program} is built without the feature `{missing}` of butler-core");
        }
        if let Some(found) = banned.iter().find(|feature| features.contains(feature)) {
            bail!("{program} is built with the feature `{found}` of butler-core, which it must not have");
        }
        println!("{program}: butler-core with the features {features:?}");
    }
    Ok(())
}

/// "butler-core v0.1.0 (/path)|daemon,sign"
fn features_of_core(tree: &str) -> Option<Vec<&str>> {
    let line = tree.lines().find(|line| line.starts_with("butler-core v"))?;
    let (_, features) = line.split_once('|')?;
    Some(features.trim_end_matches(" (*)").split(',').filter(|feature| !feature.is_empty()).collect())
}

fn cargo_deny() -> anyhow::Result<PathBuf> {
    let on_path = PathBuf::from("cargo-deny");
    let root = target().join("tools");
    let ours = root.join("bin/cargo-deny");
    for candidate in [on_path, ours.clone()] {
        if succeeds(Command::new(&candidate).arg("--version")) {
            return Ok(candidate);
        }
    }
    // It runs for a second: what an optimised one would take longer to build is never made up for.
    let install = ["install", "--debug", "--locked", "cargo-deny", "--no-default-features", "--root"];
    start(cargo().args(install).arg(&root)).context("failed to install cargo-deny")?;
    Ok(ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_read_from_the_tree() {
        let tree = "butler-cli v0.1.0 (/x)|\nbutler-core v0.1.0 (/x/core)|daemon,sign\nserde v1.0.0|derive";
        assert_eq!(features_of_core(tree), Some(vec!["daemon", "sign"]));
        assert_eq!(features_of_core("butler-core v0.1.0 (/x)|"), Some(Vec::new()));
        assert_eq!(features_of_core("serde v1.0.0|derive"), None);
    }
}
