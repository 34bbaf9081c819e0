//! `transactions list`: what was signed on this machine, and what became of it.

use butler_core::client::l1::BlockTag;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::signed::{Fate, Outcome, SignedTransaction};
use ethers_core::types::H256;
use serde::Serialize;

use super::account::Standing;
use super::journal::{End, Journal, Kept};
use crate::args::Global;
use crate::error::CliError;
use crate::gather::{Gathered, Look, beside, gather};
use crate::output::Output;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{heading, pairs, plain, words};
use crate::view::{format, scope_line};

#[derive(Debug, Serialize)]
struct ListReport {
    scope: Scope,
    transactions: Vec<Listed>,
}

#[derive(Debug, Serialize)]
struct Listed {
    account: JsonAddress,
    nonce: u64,
    hash: H256,
    description: String,
    effect: String,
    state: State,
    block_number: Option<u64>,
    signed: u64,
    is_cancellation: bool,
    replaced: Vec<H256>,
    max_fee: JsonAmount,
}

/// How one stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Lost,
    Mined,
    Final,
    Reverted,
    Displaced,
}

impl State {
    fn told(self) -> &'static str {
        match self {
            Self::Waiting => "waits to be in a block",
            Self::Lost => "no endpoint has it",
            Self::Mined => "mined, not final",
            Self::Final => "done, and final",
            Self::Reverted => "reverted: it had no effect",
            Self::Displaced => "its nonce was used by something that was not sent from here",
        }
    }
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(in crate::commands) async fn run(global: &Global, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let transactions = beside(async |_| Box::pin(listed(&gathered)).await).await?;
    let report = ListReport { scope: gathered.scope(), transactions };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

async fn listed(gathered: &Gathered) -> Result<Vec<Listed>, CliError> {
    let (folder, chain_id) = (&gathered.network.folder, gathered.snapshot.chain_id);
    let (client, block) = (gathered.network.reader.client(), &gathered.snapshot.block);
    let mut listed = Vec::new();
    for account in Journal::accounts(folder, chain_id) {
        let journal = Journal::look(folder, chain_id, account)?;
        let standing = Standing::read(client, block, gathered.network.config.confirmations, &journal).await?;
        listed.extend(journal.kept().iter().filter_map(|kept| one(&journal, &standing, kept)));
    }
    Ok(listed)
}

fn one(journal: &Journal, standing: &Standing, kept: &Kept) -> Option<Listed> {
    let last = kept.last()?;
    let fate = match kept.entry.ended {
        Some(End::Done { hash, block }) => Fate::Final(Outcome::Succeeded { hash, block }),
        Some(End::Reverted { hash, block }) => Fate::Final(Outcome::Reverted { hash, block }),
        Some(End::Displaced) => Fate::Final(Outcome::Displaced),
        None => *standing.fates.get(&kept.entry.nonce)?,
    };
    let (state, seen) = match fate {
        Fate::Waiting => (State::Waiting, None),
        Fate::Gone => (State::Lost, None),
        Fate::Mined(Outcome::Succeeded { hash, block }) => (State::Mined, Some((hash, block))),
        Fate::Final(Outcome::Succeeded { hash, block }) => (State::Final, Some((hash, block))),
        Fate::Mined(Outcome::Reverted { hash, block }) | Fate::Final(Outcome::Reverted { hash, block }) => {
            (State::Reverted, Some((hash, block)))
        }
        Fate::Mined(Outcome::Displaced) | Fate::Final(Outcome::Displaced) => (State::Displaced, None),
    };
    let hash = seen.map_or(last.hash(), |(hash, _)| hash);
    let shown = kept.transactions.iter().find(|one| one.hash() == hash).unwrap_or(last);
    Some(Listed {
        account: journal.account().into(),
        nonce: kept.entry.nonce,
        hash,
        description: kept.entry.says.clone(),
        effect: kept.entry.effect.to_string(),
        state,
        block_number: seen.map(|(_, block)| block),
        signed: kept.signed_at(),
        is_cancellation: shown.draft().is_cancellation(),
        replaced: kept.transactions.iter().map(SignedTransaction::hash).filter(|one| *one != hash).collect(),
        max_fee: shown.draft().fees.max_fee.into(),
    })
}

fn render(report: &ListReport, output: &Output) -> String {
    let mut text = scope_line(&report.scope);
    if report.transactions.is_empty() {
        text.push_str("\nnothing was signed here\n");
    }
    let now = unix_now();
    for one in &report.transactions {
        text.push_str(&heading(output, &format!("Nonce {} of {}", one.nonce, format::address(&one.account.0))));
        let block = one.block_number.map(|block| format!(": block {block}")).unwrap_or_default();
        let cancels = if one.is_cancellation { "nothing, in the place of: " } else { "" };
        let mut figures = vec![
            ("state", words(format!("{}{block}", one.state.told()))),
            ("transaction", plain(format!("{:?}", one.hash))),
            ("does", words(format!("{cancels}{}", one.description))),
            ("signed", plain(format!("{} ago", format::duration(now.saturating_sub(one.signed))))),
            ("effect", plain(one.effect.clone())),
        ];
        figures.extend(one.replaced.iter().map(|hash| ("in the place of", plain(format!("{hash:?}")))));
        text.push_str(&pairs(output, figures));
    }
    text
}
