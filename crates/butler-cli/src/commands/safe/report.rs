//! What `safe proposals` reports.

use butler_core::domain::action::EffectKey;
use ethers_core::types::H256;
use serde::Serialize;

use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, Scope};
use crate::view::table::{Tone, heading, pairs, plain, toned, words};

/// The report.
#[derive(Debug, Serialize)]
pub(super) struct ProposalsReport {
    pub(super) scope: Scope,
    pub(super) safe: Safe,
    pub(super) requests_left: u64,
    pub(super) proposals: Vec<Proposal>,
}

#[derive(Debug, Serialize)]
pub(super) struct Safe {
    pub(super) address: JsonAddress,
    pub(super) version: Option<String>,
    pub(super) owners: Vec<JsonAddress>,
    pub(super) threshold: u64,
    pub(super) nonce: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Proposal {
    pub(super) nonce: u64,
    pub(super) hash: H256,
    pub(super) state: &'static str,
    pub(super) why: Option<String>,
    pub(super) proposed_by: Option<JsonAddress>,
    pub(super) submitted: Option<u64>,
    pub(super) confirmed_by: Vec<JsonAddress>,
    pub(super) effect: Option<EffectKey>,
    pub(super) is_rejection: bool,
    pub(super) does: Vec<String>,
    pub(super) dangers: Vec<String>,
}

pub(super) fn render(report: &ProposalsReport, output: &Output) -> String {
    let Safe { address, version, owners, threshold, nonce } = &report.safe;
    let mut text = crate::view::scope_line(&report.scope);
    text.push_str(&heading(output, "Safe"));
    let version = version.as_deref().map_or_else(|| toned("not known here", Tone::Bad), plain);
    let signers = format!("{threshold} of {}", format::count(owners.len(), "owner"));
    text.push_str(&pairs(
        output,
        vec![
            ("address", plain(format::address(&address.0))),
            ("version", version),
            ("needs", plain(signers)),
            ("next nonce", plain(nonce.to_string())),
            ("requests left", plain(report.requests_left.to_string())),
        ],
    ));
    if report.proposals.is_empty() {
        text.push_str("\nnothing waits\n");
    }
    for proposal in &report.proposals {
        text.push_str(&heading(output, &format!("Nonce {}", proposal.nonce)));
        text.push_str(&one(proposal, *threshold, output));
    }
    text
}

fn one(proposal: &Proposal, threshold: u64, output: &Output) -> String {
    let state = match &proposal.why {
        Some(why) => format!("{}: {why}", proposal.state),
        None => proposal.state.to_owned(),
    };
    let tone = if proposal.state == "pending" { Tone::Plain } else { Tone::Warning };
    let mut figures = vec![
        ("state", words(state).in_tone(tone)),
        ("transaction", plain(format!("{:?}", proposal.hash))),
        ("confirmed", plain(format!("{} of {threshold}", proposal.confirmed_by.len()))),
    ];
    if let Some(by) = &proposal.proposed_by {
        figures.push(("proposed by", plain(format::address(&by.0))));
    }
    if let Some(effect) = &proposal.effect {
        figures.push(("says to be", plain(effect.to_string())));
    }
    figures.extend(proposal.does.iter().map(|does| ("does", words(does.clone()))));
    figures.extend(proposal.dangers.iter().map(|danger| ("danger", words(danger.clone()).in_tone(Tone::Bad))));
    pairs(output, figures)
}
