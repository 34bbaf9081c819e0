//! What changes something on Ethereum: facts, checks, a plan, a trial as the real sender, a form for whoever signs.

mod deposit;
mod keys;
mod report;
mod settle;

use std::collections::BTreeMap;

use butler_core::client::l1::BlockTag;
use butler_core::domain::provider::publisher::top_ups;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::runtime::exit::Exit;
use butler_core::transaction::funding::{FundingRule, fund};
use butler_core::transaction::plan::Decision;
use butler_core::transaction::provider::{Provider, create};
use butler_core::transaction::refusal::Refusal;
use ethers_core::types::Address;

use self::settle::settle;
use crate::args::{AttesterCommand, Global, ProviderChange, PublishersCommand};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::Output;

/// Runs a command that changes a provider.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn provider(global: &Global, change: ProviderChange, output: Output) -> Result<Exit, CliError> {
    let (gathered, decision, transaction) = match change {
        ProviderChange::AddKeys { file, admin } => {
            let (gathered, decision) = keys::add(global, &file, admin.from).await?;
            (gathered, decision, admin.transaction)
        }
        ProviderChange::Create { admin, take_rate, rewards_recipient, from, transaction } => {
            let gathered = gather(global, BlockTag::Latest, Look::Everybody).await?;
            let all = gathered.snapshot.providers.iter().chain(&gathered.snapshot.other_providers);
            let all: BTreeMap<_, _> = all.map(|(id, facts)| (*id, facts)).collect();
            let decision = create(&all, (admin, take_rate, rewards_recipient), from)?;
            (gathered, decision, transaction)
        }
        ProviderChange::AcceptAdmin { sender } => {
            let (gathered, decision) =
                of_record(global, None, |provider, _| provider.accept_admin(sender.from)).await?;
            (gathered, decision, sender.transaction)
        }
        ProviderChange::SetAdmin { address, admin } => {
            let (gathered, decision) =
                of_record(global, admin.from, |provider, _| provider.name_admin(address)).await?;
            (gathered, decision, admin.transaction)
        }
        ProviderChange::SetTakeRate { take_rate, admin } => {
            let (gathered, decision) =
                of_record(global, admin.from, |provider, _| provider.set_take_rate(take_rate)).await?;
            (gathered, decision, admin.transaction)
        }
        ProviderChange::SetRecipient { address, admin } => {
            let (gathered, decision) =
                of_record(global, admin.from, |provider, _| provider.set_recipient(address)).await?;
            (gathered, decision, admin.transaction)
        }
        ProviderChange::Drip { through, admin } => {
            let (gathered, decision) =
                of_record(global, admin.from, |provider, snapshot| provider.drip(through, &snapshot.dripped)).await?;
            (gathered, decision, admin.transaction)
        }
    };
    settle(&gathered, decision, &transaction, output).await
}

/// Decides from the record of the one provider.
async fn of_record(
    global: &Global,
    from: Option<Address>,
    decide: impl FnOnce(&Provider<'_>, &NetworkSnapshot) -> Result<Decision, Refusal>,
) -> Result<(Gathered, Decision), CliError> {
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let decision = decide(&the_only(&gathered.snapshot, from)?, &gathered.snapshot)?;
    Ok((gathered, decision))
}

/// Runs a command for publishers.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn publishers(global: &Global, command: &PublishersCommand, output: Output) -> Result<Exit, CliError> {
    let PublishersCommand::Fund { cap, floor, fill, sender } = command;
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let book = &gathered.network.keys.book;
    let rows = top_ups(book, &gathered.snapshot.publisher_balances, gathered.network.config.publisher_minimum)?;
    let rule = FundingRule { floor: *floor, fill_percent: *fill, cap: *cap };
    let decision = fund(&rows, &book.self_funding, sender.from, &rule)?;
    settle(&gathered, decision, &sender.transaction, output).await
}

/// Runs a command for attesters.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn attester(global: &Global, command: AttesterCommand, output: Output) -> Result<Exit, CliError> {
    let AttesterCommand::Deposit { file, withdrawer, stay, sender } = command;
    deposit::run(global, &file, (withdrawer, stay), &sender, output).await
}

/// The one provider that is configured.
fn the_only(snapshot: &NetworkSnapshot, from: Option<Address>) -> Result<Provider<'_>, CliError> {
    let mut providers = snapshot.providers.iter();
    match (providers.next(), providers.next()) {
        (Some((id, facts)), None) => Ok(Provider { id: *id, facts, from }),
        (_, _) => Err(CliError::NotOneProvider(snapshot.providers.len())),
    }
}
