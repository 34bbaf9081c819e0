//! The arguments of what is signed on this machine, and of `transactions`.

use std::path::PathBuf;
use std::time::Duration;

use butler_core::config::parse_gwei;
use clap::{Args, Subcommand};
use ethers_core::types::U256;

use super::headings::SIGNING;

/// The key that signs on this machine, what its transactions may cost, and how long one is waited for.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SIGNING)]
pub struct SigningArgs {
    /// The key, and whether anybody is asked.
    #[command(flatten)]
    pub key: KeyArgs,
    /// The most that is offered for a unit of gas, in gwei [default: `max_fee` of the configuration].
    #[arg(long, value_name = "GWEI", value_parser = gwei)]
    pub max_fee: Option<U256>,
    /// How long it is waited for, until its block is final.
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = humantime::parse_duration)]
    pub wait: Duration,
}

/// The key that signs on this machine.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SIGNING)]
pub struct KeyArgs {
    /// The encrypted key (V3) of the account that sends; yours or root's, and nobody else's to read [default: `keystore_file`].
    #[arg(long, value_name = "FILE", requires = "password_file")]
    pub keystore: Option<PathBuf>,
    /// The file of its password, under the same rule [default: `password_file`].
    #[arg(long, value_name = "FILE", requires = "keystore")]
    pub password_file: Option<PathBuf>,
    /// Sign without asking first.
    #[arg(long)]
    pub yes: bool,
}

/// What to do about transactions that were signed, or are to be.
#[derive(Debug, Clone, Subcommand)]
pub enum TransactionsCommand {
    /// Show what was signed on this machine, what waits, and what became of it.
    List,
    /// Sign what waits again with the same nonce and the same call, so that it offers more for gas.
    Replace(ReplaceArgs),
    /// Use the nonce of what waits for nothing, so that nothing comes of it.
    Cancel(ReplaceArgs),
    /// Sign a plan that `--form unsigned` made, without network: its calls are decoded here, and shown first.
    Sign(SignArgs),
    /// Send what `transactions sign` made, after the chain was asked whether it is still right.
    Broadcast(BroadcastArgs),
}

/// Arguments of `transactions replace` and `transactions cancel`.
#[derive(Debug, Clone, Args)]
pub struct ReplaceArgs {
    /// The nonce, as `transactions list` shows it.
    #[arg(value_name = "NONCE")]
    pub nonce: u64,
    /// How it is signed.
    #[command(flatten)]
    pub signing: SigningArgs,
}

/// Arguments of `transactions sign`.
#[derive(Debug, Clone, Args)]
pub struct SignArgs {
    /// The plan.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Write what is signed to this file, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The key, and whether anybody is asked.
    #[command(flatten)]
    pub key: KeyArgs,
    /// The most that may be offered for a unit of gas, in gwei [default: `max_fee` of the configuration].
    #[arg(long, value_name = "GWEI", value_parser = gwei, help_heading = SIGNING)]
    pub max_fee: Option<U256>,
}

/// Arguments of `transactions broadcast`.
#[derive(Debug, Clone, Args)]
pub struct BroadcastArgs {
    /// What was signed.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// How long each is waited for, until its block is final.
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = humantime::parse_duration)]
    pub wait: Duration,
}

fn gwei(text: &str) -> Result<U256, String> {
    parse_gwei(text).ok_or_else(|| "expected an amount of gwei such as 1.5".to_owned())
}
