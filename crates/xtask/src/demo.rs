//! `cargo xtask demo`: the main job on a local chain, from nothing to the overview, without a question.
//!
//! Builds the programs and the chain, shows where every attester stands and what the audit finds, and stops everything
//! that it started.

use std::process::Command;

use anyhow::{Context as _, ensure as require};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure, example_files};

use crate::command::{cargo, run as start, target};

pub(crate) fn run() -> anyhow::Result<()> {
    let state = ensure(&DevnetSpec::scenario())?;
    start(cargo().args(["build", "--package", "butler-cli"]))?;
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    runtime.block_on(async {
        let chain = Chain::start(&state).await?;
        let folder = target().join("devnet/demo");
        let files = example_files(&folder, chain.oracle()?, chain.url())?;
        println!(
            "\nA chain with Aztec's L1 contracts runs at {}; provider 1 has ten attesters on two servers.",
            chain.url()
        );
        for (arguments, expected, why) in [
            (&["status"][..], 0, "where every attester stands"),
            (&["audit"], 5, "what is wrong: it ends with exit code 5 because something is"),
            (&["status", "--attention"], 0, "the overview, of those that need somebody"),
        ] {
            println!("\n$ butler-cli {}    # {why}\n", arguments.join(" "));
            let status = Command::new(target().join("debug/butler-cli"))
                .args(arguments)
                .env("BUTLER_CONFIG", &files.config)
                .env("BUTLER__CACHE_DIRECTORY", folder.join("cache"))
                .status()
                .context("failed to start butler-cli")?;
            require!(status.code() == Some(expected), "butler-cli {} ended with {status}", arguments.join(" "));
        }
        drop(chain);
        std::fs::remove_dir_all(&folder).with_context(|| format!("failed to remove `{}`", folder.display()))
    })?;
    println!(
        "
The chain is stopped and its files are gone. To go on:

  cargo xtask devnet                                     # the same chain, until Ctrl-C, with a configuration to try
  cargo install --path crates/butler-cli                 # the program
  butler-cli status --network mainnet --provider-id 4 --l1-url https://YOUR-ENDPOINT
  butler-cli config init                                 # a configuration of your own"
    );
    Ok(())
}
