//! `cargo xtask docs`: the pages that are made from the code. `--check` only says whether they are current.

use std::process::Command;

use anyhow::{Context as _, ensure as require};

use crate::command::{cargo, output, run as start, target, workspace};

/// What to do with the pages.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Change nothing; fail when docs/cli.md is old. The other pages are held by their tests.
    #[arg(long)]
    check: bool,
}

/// Tests that hold a page against the code, and rewrite it when they are told to.
const PAGES: [&[&str]; 5] = [
    &["--package", "butler-core", "--test", "main", "domain_diagram::"],
    &["--package", "butler-core", "--test", "main", "config_layers::"],
    &["--package", "butler-core", "--test", "main", "findings_page::"],
    &["--package", "butler-exporter", "--lib", "the_page_is_current"],
    &["--package", "butler-watcher", "--lib", "the_page_is_current"],
];

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    check_reference(options.check)?;
    if !options.check {
        for page in PAGES {
            start(cargo().arg("test").args(page).env("UPDATE_DOCS", "1"))?;
        }
    }
    Ok(())
}

/// `docs/cli.md` is what the program says of itself.
pub(crate) fn check_reference(is_check: bool) -> anyhow::Result<()> {
    // All of them, as for the tests: one by itself is built with other features, and everything below it with it.
    start(cargo().args(["build", "--quiet", "--workspace", "--bins"]))?;
    let made = output(Command::new(target().join("debug/butler-cli")).arg("reference"))?;
    let page = workspace().join("docs/cli.md");
    if is_check {
        let kept = std::fs::read_to_string(&page).context("failed to read docs/cli.md")?;
        require!(kept == made, "docs/cli.md is not what the program says\nhint: run `cargo xtask docs`");
        return Ok(());
    }
    #[expect(clippy::disallowed_methods, reason = "a page under version control")]
    std::fs::write(&page, made).context("failed to write docs/cli.md")
}
