//! From a decision to what the operator gets: found in the logs where it is so already, else tried and put into a form.

use std::path::Path;

use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::one_line;
use butler_core::store::file::save_atomic;
use butler_core::transaction::executed::find;
use butler_core::transaction::form::Form;
use butler_core::transaction::plan::{Decision, Plan};
use butler_core::transaction::reading::balance;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::simulation::simulate;
use serde_json::Value;

use super::report::{Made, Report, render};
use crate::args::TransactionArgs;
use crate::commands::safe::propose;
use crate::error::{CliError, SafeFault};
use crate::gather::Gathered;
use crate::output::{Output, remark};

/// Who may read what is written: all of it is public, as the calls will be.
const MODE: u32 = 0o644;

/// Ends a command that changes something.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn settle(
    gathered: &Gathered,
    decision: Decision,
    args: &TransactionArgs,
    output: Output,
) -> Result<Exit, CliError> {
    // The list of what may be called is of contracts that the chain names: one voice is not enough where two are asked.
    if let Some(endpoint) = &gathered.snapshot.unconfirmed {
        return Err(Refusal::Unconfirmed(endpoint.clone()).into());
    }
    let report = match decision {
        Decision::Already { says, name, change } => {
            let from = gathered.network.config.staking_registry_from_block;
            let (client, head) = (gathered.network.reader.client(), &gathered.snapshot.block);
            let mut report = Report::already(gathered.scope(), name, says);
            if let Some(change) = change {
                let places = gathered.places();
                // It is so, whatever logs can be read.
                let executed = find(client, (from, head), &change, &places).await.unwrap_or_else(|error| {
                    remark(&format!("where it was done is not known: {}", one_line(&error)));
                    None
                });
                report.made_by(change.key(&places).to_string(), executed);
            }
            report
        }
        Decision::Wanted(wanted) => {
            let plan = Plan::new(wanted, gathered.places()).map_err(Refusal::from)?;
            let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
            if !plan.value().is_zero() {
                let (from, needs) = (plan.from(), plan.value());
                let has = balance(client, block, from).await?;
                if has < needs {
                    return Err(Refusal::Poor { from, what: "ETH", has, needs }.into());
                }
            }
            let simulation = simulate(client, block, &plan).await?;
            if args.form.is_batch() {
                simulation.check_batch()?;
            }
            let made = make(&plan, gathered, args).await?;
            Report::planned(gathered.scope(), &plan, &simulation, made)
        }
    };
    let content = report.content.as_ref().map(|content| format!("\n{content:#}\n")).unwrap_or_default();
    output.verbatim(&report, |report| output.fitted(&render(report, &output)) + &content)?;
    Ok(gathered.finish(Exit::Success))
}

/// Makes the form, where one is wanted, and writes it where it should go, or proposes it.
async fn make(plan: &Plan, gathered: &Gathered, args: &TransactionArgs) -> Result<Option<Made>, CliError> {
    let TransactionArgs { dry_run, form, out } = args;
    if *form == Form::SafeProposal && out.is_some() {
        return Err(SafeFault::NoFile.into());
    }
    if *dry_run {
        return Ok(None);
    }
    let Some(content) = form.of(plan, &gathered.snapshot.block) else {
        return Ok(Some(Made::Proposed(propose(gathered, plan).await?)));
    };
    let Some(file) = out else { return Ok(Some(Made::Text(*form, content))) };
    write(file, &content)?;
    Ok(Some(Made::File(*form, file.display().to_string())))
}

fn write(file: &Path, content: &Value) -> Result<(), CliError> {
    if file.symlink_metadata().is_ok() {
        return Err(CliError::Exists(file.display().to_string()));
    }
    save_atomic(file, format!("{content:#}\n").as_bytes(), MODE)?;
    remark(&format!("wrote {}", file.display()));
    Ok(())
}
