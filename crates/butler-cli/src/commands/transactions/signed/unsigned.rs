//! `--form unsigned`: the transactions of a plan with their nonces and fees, for a machine without network.

use butler_core::transaction::signed::{Bundle, Next, ToSign, next};
use serde_json::Value;

use super::account::Standing;
use super::draft::{check_balance, draft};
use super::journal::Journal;
use crate::args::SigningArgs;
use crate::commands::transactions::tried::Tried;
use crate::error::{CliError, SignedFault};
use crate::gather::Gathered;

/// Makes the file.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn unsigned(
    gathered: &Gathered,
    tried: &Tried,
    args: &SigningArgs,
) -> Result<Value, CliError> {
    let (from, client) = (tried.plan.from(), gathered.network.reader.client());
    let journal = Journal::open(&gathered.network.folder, gathered.snapshot.chain_id, from)?;
    let (block, confirmations) = (&gathered.snapshot.block, gathered.network.config.confirmations);
    let standing = Standing::read(client, block, confirmations, &journal).await?.confirmed()?;
    let calls: Vec<_> = tried.plan.steps().iter().map(|step| step.call.clone()).collect();
    let written = journal.written(&standing.outcomes());
    let first = match next(&calls, &written, &standing.nonces).map_err(SignedFault::from)? {
        Next::Sign { nonce } => nonce,
        Next::Resume { nonce } => return Err(SignedFault::UnderWay(nonce).into()),
    };
    let drafts = tried.plan.steps().iter().zip(first..);
    let drafts: Vec<_> =
        drafts.map(|(step, nonce)| draft(gathered, tried, (step, nonce), args)).collect::<Result<_, _>>()?;
    check_balance(gathered, &drafts).await?;
    let to_sign = drafts.iter().map(ToSign::from).collect();
    let file = Bundle::new(tried.plan.places(), from, tried.plan.key(), to_sign);
    Ok(serde_json::to_value(file).map_err(std::io::Error::from)?)
}
