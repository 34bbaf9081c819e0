//! `cargo xtask check`: format, lints, docs, alert rules and dashboards, dependencies. Everything but the tests.
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

fn cargo_deny() -> anyhow::Result<PathBuf> {
    let on_path = PathBuf::from("cargo-deny");
    let root = target().join("tools");
    let ours = root.join("bin/cargo-deny");
    for candidate in [on_path, ours.clone()] {
        if succeeds(Command::new(&candidate).arg("--version")) {
            return Ok(candidate);
        }
    }
    let install = ["install", "--locked", "cargo-deny", "--no-default-features", "--root"];
    start(cargo().args(install).arg(&root)).context("failed to install cargo-deny")?;
    Ok(ours)
}
