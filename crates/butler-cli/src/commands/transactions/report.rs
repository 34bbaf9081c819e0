//! What a change is, or where it was made.

use butler_core::transaction::executed::{Executed, LOOK};
use butler_core::transaction::form::Form;
use butler_core::transaction::plan::Plan;
use butler_core::transaction::simulation::Simulation;
use ethers_core::types::{Bytes, H256};
use serde::Serialize;
use serde_json::Value;

use super::sent::Sent;
use crate::commands::safe::Proposed;
use crate::error::CliError;
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{pairs, plain};

/// The report of each command that changes something.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    scope: Scope,
    change: &'static str,
    effect: Option<String>,
    already: Option<String>,
    executed: Option<Where>,
    from: Option<JsonAddress>,
    effects: Vec<String>,
    remarks: Vec<String>,
    transactions: Vec<Transaction>,
    worst_cost: Option<JsonAmount>,
    form: Option<&'static str>,
    file: Option<String>,
    pub(super) content: Option<Value>,
    proposal: Option<Proposed>,
    sent: Vec<Sent>,
}

#[derive(Debug, Serialize)]
struct Where {
    block_number: u64,
    transaction_hash: H256,
    is_final: bool,
}

#[derive(Debug, Serialize)]
struct Transaction {
    description: String,
    to: JsonAddress,
    value: JsonAmount,
    data: Bytes,
    gas: Option<u64>,
}

/// A form that was made.
#[derive(Debug)]
pub(super) enum Made {
    /// In what is printed.
    Text(Form, Value),
    /// In this file.
    File(Form, String),
    /// At the service.
    Proposed(Proposed),
}

impl Report {
    /// There is nothing to do.
    pub(super) fn already(scope: Scope, change: &'static str, says: String) -> Self {
        Self {
            scope,
            change,
            effect: None,
            already: Some(says),
            executed: None,
            from: None,
            effects: Vec::new(),
            remarks: Vec::new(),
            transactions: Vec::new(),
            worst_cost: None,
            form: None,
            file: None,
            content: None,
            proposal: None,
            sent: Vec::new(),
        }
    }

    /// One change would have made it so, and was found or not.
    pub(super) fn made_by(&mut self, effect: String, executed: Option<Executed>) {
        self.effect = Some(effect);
        self.executed = executed.map(|found| Where {
            block_number: found.block,
            transaction_hash: found.transaction,
            is_final: found.is_final,
        });
    }

    /// It was signed and sent here.
    pub(super) fn sent(&mut self, sent: Vec<Sent>) {
        self.form = Some(Form::Signed.name());
        self.sent = sent;
    }

    /// It is to be done.
    pub(super) fn planned(scope: Scope, plan: &Plan, simulation: &Simulation, made: Option<Made>) -> Self {
        let transactions = plan.steps().iter().zip(&simulation.gas).map(|(step, gas)| Transaction {
            description: step.says.clone(),
            to: step.call.to.into(),
            value: step.call.value.into(),
            data: step.call.data.clone(),
            gas: *gas,
        });
        let (form, content, file, proposal) = match made {
            Some(Made::Text(form, content)) => (Some(form), Some(content), None, None),
            Some(Made::File(form, file)) => (Some(form), None, Some(file), None),
            Some(Made::Proposed(proposal)) => (Some(Form::SafeProposal), None, None, Some(proposal)),
            None => (None, None, None, None),
        };
        Self {
            scope,
            change: plan.change().name(),
            effect: Some(plan.key().to_string()),
            already: None,
            executed: None,
            from: Some(plan.from().into()),
            effects: plan.effects().to_vec(),
            remarks: plan.remarks().to_vec(),
            transactions: transactions.collect(),
            worst_cost: simulation.worst_cost.map(Into::into),
            form: form.map(Form::name),
            file,
            content,
            proposal,
            sent: Vec::new(),
        }
    }
}

/// Writes the report, and what a form is below it.
pub(super) fn show(report: &Report, output: Output) -> Result<(), CliError> {
    let content = report.content.as_ref().map(|content| format!("\n{content:#}\n")).unwrap_or_default();
    output.verbatim(report, |report| output.fitted(&render(report, &output)) + &content)?;
    Ok(())
}

pub(super) fn render(report: &Report, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    text.push('\n');
    if let Some(says) = &report.already {
        text.push_str(&format!("nothing to do: {says}\n"));
        match &report.executed {
            Some(found) => {
                let still = if found.is_final { "" } else { ", which is not final yet," };
                let (block, hash) = (found.block_number, found.transaction_hash);
                text.push_str(&format!("executed at block {block}{still} by {hash:?}\n"));
            }
            None if report.effect.is_some() => {
                text.push_str(&format!("no log of the last {LOOK} blocks says by which transaction\n"));
            }
            None => {}
        }
        return text;
    }
    for effect in &report.effects {
        text.push_str(&format!("  * {effect}\n"));
    }
    text.push('\n');
    let mut figures = Vec::new();
    if let Some(from) = &report.from {
        figures.push(("sender", plain(format::address(&from.0))));
    }
    for (transaction, place) in report.transactions.iter().zip(1_u64..) {
        let simulated = match transaction.gas {
            Some(gas) => format!("passes with {gas} gas"),
            None => "not simulated: no endpoint tries it with the call that it needs before it".to_owned(),
        };
        text.push_str(&format!("{place}. {}: {simulated}\n", transaction.description));
    }
    if let Some(cost) = &report.worst_cost {
        figures.push(("costs at most", plain(format!("{} ETH, at twice the base fee", format::amount(cost.0, 6)))));
    }
    if let Some(effect) = &report.effect {
        figures.push(("effect", plain(effect.clone())));
    }
    text.push('\n');
    text.push_str(&pairs(output, figures));
    for remark in &report.remarks {
        text.push_str(&format!("note: {remark}\n"));
    }
    if let Some(proposal) = &report.proposal {
        text.push_str(&proposal.told());
        return text;
    }
    if !report.sent.is_empty() {
        report.sent.iter().for_each(|sent| text.push_str(&sent.told()));
        return text;
    }
    text.push_str(&match (&report.file, report.form) {
        (Some(file), Some(form)) => format!("nothing was sent: `{file}` has it as {form}\n"),
        (None, Some(form)) => format!("nothing was sent: this is it as {form}\n"),
        (_, None) => "nothing was sent, and no form was made\n".to_owned(),
    });
    text
}
