//! `cargo xtask bench snapshot`: what one overview costs, on a large network, through the real program.
//!
//! Each size runs the release build of `butler-cli status` as a process of its own, with an empty cache, and compares it
//! with a reader that makes one `eth_call` per item, one after another, against the same chain in the same run. Counts
//! come from the proxy between the program and the chain; times are medians; peak memory is the kernel's high-water mark.

mod sequential;
mod snapshot;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Reading a network once: `butler-cli status`.
    Snapshot(snapshot::Options),
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Snapshot(options) => snapshot::run(options),
    }
}
