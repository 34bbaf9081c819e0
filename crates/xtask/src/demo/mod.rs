//! `cargo xtask demo`: the main job on a local chain, from nothing to the overview, without a question.
//!
//! Builds the programs and the chain, shows where every attester stands and what the audit finds, lets the exporter serve the
//! same as metrics and as a page, shows how what a delegation asks for is planned, approved, written and taken by a node, and stops everything
//! that it started: at once, or with `--keep` when it is told to.

mod watcher;

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, ensure as require};
use butler_testkit::devnet::{Chain, DevnetSpec, ensure, example_files};

use crate::command::{cargo, remove, run as start, target};
use crate::devnet::wait_for_end;
use crate::exporter::Exporter;

/// How long to show it.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave the chain, the exporter and the watcher running until Ctrl-C, to look at the page with a browser.
    #[arg(long)]
    keep: bool,
}

/// The figures that are shown, with what they mean.
const FIGURES: [(&str, &str); 6] = [
    ("butler_attesters{network=\"devnet\",state=\"ACTIVE\"}", "active attesters"),
    ("butler_coinbase_missing{", "attesters without the coinbase that they need"),
    ("butler_coinbase_wrong{", "attesters with a wrong coinbase"),
    ("butler_entry_queue_own{", "own deposits in the entry queue"),
    ("butler_provider_queue_length{", "keys left in the provider's queue"),
    ("butler_scrape_duration_seconds{network=\"devnet\",scraper=\"l1\"}", "seconds that the last scrape took"),
];

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let state = ensure(&DevnetSpec::scenario())?;
    let programs = ["butler-cli", "butler-exporter", "butler-watcher"].map(|program| ["--package", program]);
    start(cargo().arg("build").args(programs.concat()))?;
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    runtime.block_on(async {
        let chain = Chain::start(&state).await?;
        let folder = target().join("devnet/demo");
        // What a demo left that was killed is of another chain: the watcher would take it for told.
        remove(&folder)?;
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
        let exporter = export(&files.config, &folder)?;
        let (watcher, server) = watcher::watch(&chain, &files.config, &folder).await?;
        if options.keep {
            println!("\nChain, exporter and watcher run until Ctrl-C.");
            wait_for_end().await?;
        }
        drop((watcher, server, exporter, chain));
        remove(&folder)
    })?;
    println!(
        "
Everything is stopped and its files are gone. To go on:

  cargo xtask demo --keep                                # the same, and the page stays until Ctrl-C
  cargo xtask devnet                                     # the chain alone, with a configuration to try
  cargo install --path crates/butler-cli                 # the program
  butler-cli status --network mainnet --provider-id 4 --l1-url https://YOUR-ENDPOINT
  butler-cli config init                                 # a configuration of your own"
    );
    Ok(())
}

/// Starts the exporter on a free port, and shows some of what it serves.
fn export(config: &Path, folder: &Path) -> anyhow::Result<Exporter> {
    let text = std::fs::read_to_string(config).context("failed to read the example's configuration")?;
    let text = text + "\n[exporter]\nlisten = \"127.0.0.1:0\"\nscrape_interval = \"5s\"\n";
    #[expect(clippy::disallowed_methods, reason = "a demo's own throwaway file")]
    std::fs::write(config, text).context("failed to write the demo's configuration")?;
    println!("\n$ butler-exporter    # the same facts as metrics, and as a page for who is on call\n");
    let mut exporter = Exporter::start(&target().join("debug/butler-exporter"), config, &folder.join("state"))?;
    let metrics = exporter.metrics()?;
    for (start, meaning) in FIGURES {
        let found = metrics.lines().filter(|line| line.starts_with(start));
        let values = found.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        println!("{:>8}  {meaning}", (values.sum::<f64>() * 1_000.0).round() / 1_000.0);
    }
    println!("\npage     http://{}/\nmetrics  http://{}/metrics", exporter.address, exporter.address);
    Ok(exporter)
}
