//! The arguments of `safe`.

use clap::{Args, Subcommand};
use ethers_core::types::{Address, H256};

use super::attester::address;
use super::headings::SELECTION;

/// What to do about proposals to a Safe.
#[derive(Debug, Clone, Subcommand)]
pub enum SafeCommand {
    /// Show each proposal that waits: who proposed and confirmed it, what it would do, and what is dangerous about it.
    Proposals(OfSafe),
    /// Delete a proposal that was made from here and is not executed. Where enough owners signed it, it can be executed all the same, so that is refused: they reject it with another of the same nonce.
    Delete {
        /// The hash that owners sign.
        #[arg(value_name = "HASH")]
        hash: H256,
        /// Which Safe.
        #[command(flatten)]
        of: OfSafe,
    },
}

/// Which Safe is meant.
#[derive(Debug, Clone, Copy, Args)]
pub struct OfSafe {
    /// The Safe [default: the admin of the configured providers].
    #[arg(long, value_name = "ADDRESS", value_parser = address, help_heading = SELECTION)]
    pub safe: Option<Address>,
}
