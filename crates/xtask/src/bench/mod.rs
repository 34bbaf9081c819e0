//! `cargo xtask bench`: what things cost, measured through the real programs.
//!
//! `snapshot` is one overview on a large network, `exporter` is the daemon while it is asked, `config` is one large
//! file, `watcher` follows, plans and remembers, `duties` reads what nodes proposed, `keys` makes and verifies
//! registrations. Of `snapshot`: each size runs the release build of `butler-cli status` as a process of its own, with an empty cache, and
//! compares it with a reader that makes one `eth_call` per item, one after another, against the same chain in the same run. Counts
//! come from the proxy between the program and the chain; times are medians; peak memory is the kernel's high-water mark.
//! With `--against` an earlier revision's programs are measured in the same run, in turn with ours.

mod config;
mod duties;
mod exporter;
mod keys;
mod rivals;
mod sequential;
mod setting;
mod snapshot;
mod status;
mod watcher;

/// What to measure.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Bench {
    /// Reading a network once: `butler-cli status`.
    Snapshot(snapshot::Options),
    /// Reading a large configuration: `butler-cli config check`.
    Config(config::Options),
    /// Reading what nodes really did from L1 alone.
    Duties(duties::Options),
    /// Making and verifying registrations of keys.
    Keys(keys::Options),
    /// Running the exporter and asking it: `butler-exporter`.
    Exporter(exporter::Options),
    /// Following a chain, planning and remembering: `butler-watcher`.
    Watcher(watcher::Options),
}

pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    match bench {
        Bench::Snapshot(options) => snapshot::run(options),
        Bench::Config(options) => config::run(options),
        Bench::Duties(options) => duties::run(options),
        Bench::Keys(options) => keys::run(options),
        Bench::Exporter(options) => exporter::run(options),
        Bench::Watcher(options) => watcher::run(options),
    }
}
