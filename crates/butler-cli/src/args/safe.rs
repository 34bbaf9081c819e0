//! The arguments of `safe`.

use clap::Subcommand;
use ethers_core::types::Address;

use super::attester::address;
use super::headings::SELECTION;

/// What to show of a Safe.
#[derive(Debug, Clone, Subcommand)]
pub enum SafeCommand {
    /// Show each proposal that waits: who proposed and confirmed it, what it would do, and what is dangerous about it.
    Proposals {
        /// The Safe [default: the admin of the configured providers].
        #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = SELECTION)]
        safe: Option<Address>,
    },
}
