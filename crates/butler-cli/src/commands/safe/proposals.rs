//! `safe proposals`: what waits, judged by the chain.

use std::collections::BTreeSet;
use std::time::Duration;

use butler_core::client::l1::BlockTag;
use butler_core::client::safe::ListedTransaction;
use butler_core::contracts::safe::SafeState;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::safe::{
    Contents, Fate, ProposalFacts, Standstill, contents_of, effect_of_origin, fate_of, is_rejection,
};
use butler_core::transaction::wording::words_of;
use ethers_core::types::Address;
use ethers_core::utils::hex;

use super::desk::{Desk, address};
use super::report::{Proposal, ProposalsReport, Safe, render};
use crate::args::{Global, OfSafe};
use crate::error::{CliError, SafeFault};
use crate::gather::{Gathered, Look, beside, gather};
use crate::output::Output;
use crate::view::format;

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn proposals(global: &Global, of: OfSafe, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let address = address(&gathered, of)?;
    let report = beside(async |_| Box::pin(at_desk(&gathered, address)).await).await?;
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

async fn at_desk(gathered: &Gathered, safe: Address) -> Result<ProposalsReport, CliError> {
    let desk = Desk::open(gathered, safe).await?;
    let done = look(&desk).await;
    desk.close(done)
}

async fn look(desk: &Desk<'_>) -> Result<ProposalsReport, CliError> {
    let listed = desk.service.transactions_from(desk.state.nonce).await.map_err(SafeFault::from)?;
    let open: Vec<ListedTransaction> = listed.into_iter().filter(|one| one.executed.is_none()).collect();
    let dead = desk.dead(&open).await?;
    let nonces: BTreeSet<u64> = open.iter().map(|one| one.transaction.nonce).collect();
    let now = unix_now();
    let judge = |one: &ListedTransaction| {
        let nonce = one.transaction.nonce;
        fate_of(&ProposalFacts {
            nonce,
            executed: None,
            chain_nonce: desk.state.nonce,
            instead: None,
            is_listed: Some(true),
            gap: gap_before(nonce, desk.state.nonce, &nonces),
            reverts: Some(dead.contains(&one.hash)),
            age: Duration::from_secs(one.submitted.map_or(0, |submitted| now.saturating_sub(submitted))),
            stale_after: desk.gathered.network.config.safe.stale_after,
        })
    };
    let SafeState { version, owners, threshold, nonce } = &desk.state;
    Ok(ProposalsReport {
        scope: desk.gathered.scope(),
        safe: Safe {
            address: desk.service.safe().address.into(),
            version: version.as_ref().ok().map(ToString::to_string),
            owners: owners.iter().map(|owner| (*owner).into()).collect(),
            threshold: *threshold,
            nonce: *nonce,
        },
        requests_left: desk.service.budget().left(now),
        proposals: open.iter().map(|one| proposal(desk, one, &judge(one))).collect(),
    })
}

/// The nonce nearest before this one that nothing waits for.
fn gap_before(nonce: u64, first: u64, waiting: &BTreeSet<u64>) -> Option<u64> {
    let mut before = nonce;
    for _ in waiting.range(first..nonce).rev() {
        before = before.checked_sub(1)?;
        if !waiting.contains(&before) {
            return Some(before);
        }
    }
    before.checked_sub(1).filter(|gap| *gap >= first)
}

fn proposal(desk: &Desk<'_>, one: &ListedTransaction, fate: &Fate) -> Proposal {
    let Told { does, mut dangers, is_rejection } = told(desk, one);
    if !one.is_trusted {
        dangers.push("neither an owner nor a delegate signed it".to_owned());
    }
    let why = match fate {
        Fate::Dead(Standstill::Reverts) => Some("what it calls reverts now".to_owned()),
        Fate::Dead(Standstill::Gap(nonce)) => Some(format!("nothing waits for nonce {nonce}, which comes first")),
        Fate::Pending
        | Fate::Executed
        | Fate::Failed
        | Fate::Replaced(_)
        | Fate::Rejected(_)
        | Fate::Deleted
        | Fate::Stale => None,
    };
    Proposal {
        nonce: one.transaction.nonce,
        hash: one.hash,
        state: fate.name(),
        why,
        proposed_by: one.delegate.or(one.proposer).map(Into::into),
        submitted: one.submitted,
        confirmed_by: one.confirmed_by.intersection(&desk.state.owners).map(|owner| (*owner).into()).collect(),
        // Anybody may have written it: what is no key is not shown.
        effect: one.origin.as_deref().and_then(effect_of_origin).and_then(|effect| effect.parse().ok()),
        is_rejection,
        does,
        dangers,
    }
}

/// What a proposal would do, in words.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) does: Vec<String>,
    dangers: Vec<String>,
    is_rejection: bool,
}

pub(super) fn told(desk: &Desk<'_>, one: &ListedTransaction) -> Told {
    let (safe, places) = (desk.service.safe().address, desk.gathered.places());
    let is_rejection = is_rejection(&one.transaction, safe);
    let (mut does, mut dangers) = (Vec::new(), Vec::new());
    match desk.state.version.clone() {
        Err(error) => dangers.push(error.to_string().lines().next().unwrap_or_default().to_owned()),
        Ok(_) if is_rejection => does.push("reject what else has this nonce, and do nothing".to_owned()),
        Ok(version) => {
            let Contents { calls, danger } = contents_of(&one.transaction, version);
            dangers.extend(danger.map(|danger| danger.to_string()));
            for call in calls {
                if let Some(words) = words_of(&call, &places) {
                    does.push(words);
                    continue;
                }
                let to = format::address(&call.to);
                let selector =
                    call.data.first_chunk::<4>().map(|selector| format!(", selector 0x{}", hex::encode(selector)));
                let ether = format::amount(call.value, 18);
                does.push(format!("unknown call: {to}{}, with {ether} ETH", selector.unwrap_or_default()));
                dangers.push(if call.to == safe {
                    "it changes the Safe itself, such as its owners".to_owned()
                } else {
                    format!("a call of {to} that is not on the list of what is planned here")
                });
            }
        }
    }
    Told { does, dangers, is_rejection }
}
