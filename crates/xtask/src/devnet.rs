//! `cargo xtask devnet`: a local chain with Aztec's contracts in the foreground, and a configuration that fits it.
//!
//! Everything is gone after Ctrl-C: anvil, and the files under `target/devnet/run`.

use std::{fs, path::Path};

use anyhow::Context as _;
use butler_testkit::devnet::{Chain, DevnetSpec, History, ensure, example_files};
use tokio::signal::unix::{SignalKind, signal};

use crate::command::target;

/// Which chain to run.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// So many active attesters instead of the small scenario.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    attesters: Option<u32>,
    /// Port of the chain's JSON-RPC; 0 lets the system choose.
    #[arg(long, default_value_t = 8545)]
    port: u16,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let spec = options.attesters.map_or_else(DevnetSpec::scenario, DevnetSpec::large);
    let state = ensure(&spec)?;
    let history = if options.attesters.is_some() { History::Recent } else { History::Archive };
    let runtime = tokio::runtime::Runtime::new().context("failed to start the runtime")?;
    runtime.block_on(async {
        let chain = Chain::start_with(&state, history, Some(options.port)).await?;
        let directory = target().join("devnet/run");
        let files = example_files(&directory, chain.oracle()?, chain.url())?;
        print_welcome(&chain, &files.config)?;
        wait_for_end().await?;
        println!("\nstopping");
        drop(chain);
        fs::remove_dir_all(&directory).with_context(|| format!("failed to remove `{}`", directory.display()))
    })
}

fn print_welcome(chain: &Chain, config: &Path) -> anyhow::Result<()> {
    let oracle = chain.oracle()?;
    let (url, config) = (chain.url(), config.display());
    println!(
        "\
chain     {url} (id {id}, block {block})
active    {active} attesters, {queued} in the entry queue
config    {config}

Try in another terminal:

  cargo run --bin butler-cli -- --config {config} --help
  curl -s {url} -H 'content-type: application/json' -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"evm_mine\"}}'

Ctrl-C stops the chain and removes these files.",
        id = oracle.chain_id,
        block = oracle.block.number,
        active = oracle.rollup.active_attester_count,
        queued = oracle.rollup.entry_queue_length,
    );
    Ok(())
}

/// Waits for Ctrl-C or SIGTERM.
pub(crate) async fn wait_for_end() -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("failed to wait for SIGTERM")?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result.context("failed to wait for Ctrl-C"),
        _ = terminate.recv() => Ok(()),
    }
}
