//! From a decision to what the operator gets: found in the logs where it is so already, else tried and put into a form.

use butler_core::chain::SafeReadError;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::one_line;
use butler_core::transaction::executed::{Span, find};
use butler_core::transaction::form::Form;
use butler_core::transaction::plan::Decision;
use butler_core::transaction::refusal::Refusal;

use super::file::write;
use super::report::{Made, Report, show};
use super::signed;
use super::tried::{Decide, Tried};
use crate::args::TransactionArgs;
use crate::commands::safe::propose;
use crate::error::{CliError, SafeFault};
use crate::gather::Gathered;
use crate::output::{Output, remark};

/// Decides, and ends the command that changes something.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn settle(decide: &Decide<'_>, args: &TransactionArgs, output: Output) -> Result<Exit, CliError> {
    let (gathered, decision) = decide().await?;
    // The list of what may be called is of contracts that the chain names: one voice is not enough where two are asked.
    if let Some(endpoint) = &gathered.snapshot.unconfirmed {
        return Err(Refusal::Unconfirmed(endpoint.clone()).into());
    }
    let report = match decision {
        Decision::Already { says, name, change } => {
            let (client, config) = (gathered.network.reader.client(), &gathered.network.config);
            let (head, confirmations) = (&gathered.snapshot.block, config.confirmations);
            let span = Span { from: config.staking_registry_from_block, head, confirmations };
            let mut report = Report::already(gathered.scope(), name, says);
            if let Some(change) = change {
                let places = gathered.places();
                // It is so, whatever logs can be read.
                let executed = find(client, span, &change, &places).await.unwrap_or_else(|error| {
                    remark(&format!("where it was done is not known: {}", one_line(&error)));
                    None
                });
                report.made_by(change.key(&places).to_string(), executed);
            }
            report
        }
        Decision::Wanted(wanted) => {
            let mut tried = Tried::new(&gathered, wanted).await?;
            if matches!(args.form, Form::Signed | Form::Unsigned) {
                tried.simulation.worst_cost = signed::cost(&gathered, &tried, &args.signing);
            }
            if args.form.is_batch() {
                tried.simulation.check_batch()?;
                if tried.simulation.sender_pays {
                    return Err(SafeFault::Read(SafeReadError::NotASafe(tried.plan.from())).into());
                }
            }
            if args.form == Form::Signed && !args.dry_run {
                return Box::pin(signed::run(decide, gathered, tried, args, output)).await;
            }
            let made = make(&tried, &gathered, args).await?;
            Report::planned(gathered.scope(), &tried.plan, &tried.simulation, made)
        }
    };
    show(&report, output)?;
    Ok(gathered.finish(Exit::Success))
}

/// Makes the form, where one is wanted, and writes it where it should go, or proposes it.
async fn make(tried: &Tried, gathered: &Gathered, args: &TransactionArgs) -> Result<Option<Made>, CliError> {
    let TransactionArgs { dry_run, form, out, .. } = args;
    if matches!(form, Form::SafeProposal | Form::Signed) && out.is_some() {
        return Err(SafeFault::NoFile.into());
    }
    if *dry_run {
        return Ok(None);
    }
    let content = match form {
        Form::SafeProposal => return Ok(Some(Made::Proposed(propose(gathered, &tried.plan).await?))),
        Form::Unsigned => Some(signed::unsigned(gathered, tried, &args.signing).await?),
        Form::Calldata | Form::SafeBuilder | Form::Signed => form.of(&tried.plan, &gathered.snapshot.block),
    };
    let Some(content) = content else { return Ok(None) };
    let Some(file) = out else { return Ok(Some(Made::Text(*form, content))) };
    write(file, &content)?;
    Ok(Some(Made::File(*form, file.display().to_string())))
}
