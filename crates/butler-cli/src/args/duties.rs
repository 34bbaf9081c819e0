//! Arguments of `proposals`, `duties` and `backtest`.

use butler_core::text::time::parse_moment;
use clap::Args;
use clap_complete::engine::ArgValueCandidates;
use ethers_core::types::{Address, U256};

use super::attester::{AttesterName, address};
use super::headings::SELECTION;
use crate::candidates;

/// A time span at a rollup, and whose duties in it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct DutiesArgs {
    /// Where it begins: an epoch, or a moment such as 2026-11-01T00:00:00Z [default: a day before its end].
    #[arg(long, value_name = "EPOCH|TIME", value_parser = when, conflicts_with = "epoch")]
    pub from: Option<When>,
    /// Where it ends: an epoch, which is included, or a moment [default: now].
    #[arg(long, value_name = "EPOCH|TIME", value_parser = when, conflicts_with = "epoch")]
    pub to: Option<When>,
    /// Only this epoch.
    #[arg(long, value_name = "EPOCH")]
    pub epoch: Option<u64>,
    /// Only this attester, by its address or the first digits of it; may be given several times. With `--all` the address may be
    /// anybody's.
    #[arg(long, value_name = "ADDRESS", value_parser = AttesterName::parse)]
    pub attester: Vec<AttesterName>,
    /// Only attesters with this label; may be given several times.
    #[arg(long, value_name = "LABEL", add = ArgValueCandidates::new(candidates::labels))]
    pub label: Vec<String>,
    /// Everybody's, not only those of own attesters.
    #[arg(long)]
    pub all: bool,
}

/// A time span, whose duties in it, and at which rollup.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct RollupsArgs {
    /// When, and whose.
    #[command(flatten)]
    pub duties: DutiesArgs,
    /// Only at this rollup, whose epochs are meant then [default: all at which own attesters can have had duties, with epochs of the canonical one].
    #[arg(long, value_name = "VERSION|ADDRESS", value_parser = which_rollup)]
    pub rollup: Option<WhichRollup>,
}

/// Arguments of `proposals`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = SELECTION)]
pub struct ProposalsArgs {
    /// When, whose, and where.
    #[command(flatten)]
    pub rollups: RollupsArgs,
    /// Only those with this coinbase; may be given several times.
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub coinbase: Vec<Address>,
    /// Only those whose coinbase was not the right one.
    #[arg(long)]
    pub astray: bool,
}

/// Arguments of `backtest`.
#[derive(Debug, Clone, Args)]
pub struct BacktestArgs {
    /// When, and whose.
    #[command(flatten)]
    pub duties: DutiesArgs,
    /// Read the state, too, of at most so many blocks at which something changed, where an endpoint has it; 0 for logs alone.
    #[arg(long, value_name = "BLOCKS", default_value_t = 24)]
    pub state: usize,
}

/// A place in a rollup's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// An epoch.
    Epoch(u64),
    /// Unix seconds.
    Time(u64),
}

/// A rollup of Aztec's registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichRollup {
    /// By the version that the registry has it under.
    Version(U256),
    /// By its address.
    Address(Address),
}

fn which_rollup(text: &str) -> Result<WhichRollup, String> {
    let is_number = !text.is_empty() && text.len() <= 78 && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(version) = U256::from_dec_str(text).ok().filter(|_| is_number) {
        return Ok(WhichRollup::Version(version));
    }
    if !text.starts_with("0x") && !text.starts_with("0X") {
        return Err("expected a rollup's version, which is a number, or its address".to_owned());
    }
    address(text).map(WhichRollup::Address)
}

fn when(text: &str) -> Result<When, String> {
    if let Ok(epoch) = text.parse() {
        return Ok(When::Epoch(epoch));
    }
    let time = parse_moment(text).map(When::Time);
    time.ok_or_else(|| "expected an epoch's number, or a moment such as 2026-11-01T00:00:00Z".to_owned())
}
