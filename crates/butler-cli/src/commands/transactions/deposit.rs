//! `attester deposit`.

use std::path::Path;

use butler_core::transaction::deposit::{Staker, Tokens, deposit, deposited};
use butler_core::transaction::keys::Judged;
use butler_core::transaction::plan::Decision;
use ethers_core::types::Address;

use super::judged::judged;
use super::keys::{load, look_up};
use crate::args::Global;
use crate::error::CliError;
use crate::gather::Gathered;

/// Decides what the command does.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn decided(
    global: &Global,
    file: &Path,
    (withdrawer, stay): (Option<Address>, bool),
    from: Address,
) -> Result<(Gathered, Decision), CliError> {
    let keys = load(file)?;
    let gathered = look_up(global, &keys).await?;
    let snapshot = &gathered.snapshot;
    let staker = Staker { from, withdrawer: withdrawer.unwrap_or(from), follows: !stay };
    let (done, rest) = deposited(snapshot, staker.withdrawer, &keys);
    let judged = if rest.is_empty() { Judged::default() } else { judged(&gathered, None, &rest).await? };
    let tokens = Tokens::read(gathered.network.reader.client(), snapshot, from).await?;
    let stake = (snapshot.rollup.activation_threshold, tokens);
    let decision = deposit(&staker, (&keys, done.len()), judged, stake)?;
    Ok((gathered, decision))
}
