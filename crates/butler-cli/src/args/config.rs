//! The arguments of `config`.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Write a commented configuration file.
    Init {
        /// Where to write it; `-` is stdout.
        #[arg(default_value = "butler.toml")]
        file: PathBuf,
    },
    /// Check the configuration and the key files, list everything that is wrong; exits with 3 when something is.
    Check,
    /// Show the configuration in effect, with the origin of every value, secrets hidden.
    Show,
}
