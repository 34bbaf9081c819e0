//! `attester deposit`.

use std::path::Path;

use butler_core::runtime::exit::Exit;
use butler_core::transaction::deposit::{Staker, Tokens, deposit, deposited};
use butler_core::transaction::keys::Judged;
use ethers_core::types::Address;

use super::keys::{judged, load, look_up};
use super::settle::settle;
use crate::args::{Global, SenderArgs};
use crate::error::CliError;
use crate::output::Output;

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(
    global: &Global,
    file: &Path,
    (withdrawer, stay): (Option<Address>, bool),
    sender: &SenderArgs,
    output: Output,
) -> Result<Exit, CliError> {
    let keys = load(file)?;
    let gathered = look_up(global, &keys).await?;
    let snapshot = &gathered.snapshot;
    let staker = Staker { from: sender.from, withdrawer: withdrawer.unwrap_or(sender.from), follows: !stay };
    let (done, rest) = deposited(snapshot, staker.withdrawer, &keys);
    let judged = if rest.is_empty() { Judged::default() } else { judged(&gathered, None, &rest).await? };
    let tokens = Tokens::read(gathered.network.reader.client(), snapshot, sender.from).await?;
    let stake = (snapshot.rollup.activation_threshold, tokens);
    let decision = deposit(&staker, (&keys, done.len()), judged, stake)?;
    settle(&gathered, decision, &sender.transaction, output).await
}
