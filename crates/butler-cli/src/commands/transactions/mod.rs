//! What changes something on Ethereum: facts, checks, a plan, a trial as the real sender, a form for whoever signs.

mod deposit;
mod file;
mod judged;
mod keys;
mod report;
mod sent;
mod settle;
mod signed;
mod tried;

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
use self::signed::Replacement;

use crate::args::{AttesterCommand, Global, ProviderChange, PublishersCommand, TransactionsCommand};
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather};
use crate::output::Output;

/// Runs a command that changes a provider.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn provider(global: &Global, change: &ProviderChange, output: Output) -> Result<Exit, CliError> {
    settle(&|| Box::pin(decided(global, change)), change.transaction(), output).await
}

/// Decides what is changed of a provider.
async fn decided(global: &Global, change: &ProviderChange) -> Result<(Gathered, Decision), CliError> {
    match change {
        ProviderChange::AddKeys { file, admin } => keys::add(global, file, admin.from).await,
        ProviderChange::Create { admin, take_rate, rewards_recipient, from, .. } => {
            let gathered = gather(global, BlockTag::Latest, Look::Everybody).await?;
            let all = gathered.snapshot.providers.iter().chain(&gathered.snapshot.other_providers);
            let all: BTreeMap<_, _> = all.map(|(id, facts)| (*id, facts)).collect();
            let decision = create(&all, (*admin, *take_rate, *rewards_recipient), *from)?;
            Ok((gathered, decision))
        }
        ProviderChange::AcceptAdmin { sender } => {
            of_record(global, None, |provider, _| provider.accept_admin(sender.from)).await
        }
        ProviderChange::SetAdmin { address, admin } => {
            of_record(global, admin.from, |provider, _| provider.name_admin(*address)).await
        }
        ProviderChange::SetTakeRate { take_rate, admin } => {
            of_record(global, admin.from, |provider, _| provider.set_take_rate(*take_rate)).await
        }
        ProviderChange::SetRecipient { address, admin } => {
            of_record(global, admin.from, |provider, _| provider.set_recipient(*address)).await
        }
        ProviderChange::Drip { through, admin } => {
            of_record(global, admin.from, |provider, snapshot| provider.drip(*through, &snapshot.dripped)).await
        }
    }
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
    let PublishersCommand::Fund { sender, .. } = command;
    settle(&|| Box::pin(funded(global, command)), &sender.transaction, output).await
}

/// Decides who is funded.
async fn funded(global: &Global, command: &PublishersCommand) -> Result<(Gathered, Decision), CliError> {
    let PublishersCommand::Fund { cap, floor, fill, sender } = command;
    let gathered = gather(global, BlockTag::Latest, Look::Overview).await?;
    let book = &gathered.network.keys.book;
    let rows = top_ups(book, &gathered.snapshot.publisher_balances, gathered.network.config.publisher_minimum)?;
    let rule = FundingRule { floor: *floor, fill_percent: *fill, cap: *cap };
    let decision = fund(&rows, &book.self_funding, sender.from, &rule)?;
    Ok((gathered, decision))
}

/// Runs a command for attesters.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn attester(global: &Global, command: &AttesterCommand, output: Output) -> Result<Exit, CliError> {
    let AttesterCommand::Deposit { file, withdrawer, stay, sender } = command;
    let decide = || deposit::decided(global, file, (*withdrawer, *stay), sender.from);
    settle(&|| Box::pin(decide()), &sender.transaction, output).await
}

/// Runs a command for transactions that were signed, or are to be.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn transactions(
    global: &Global,
    command: &TransactionsCommand,
    output: Output,
) -> Result<Exit, CliError> {
    match command {
        TransactionsCommand::List => signed::list(global, output).await,
        TransactionsCommand::Replace(args) => signed::replace(global, args, Replacement::Dearer, output).await,
        TransactionsCommand::Cancel(args) => signed::replace(global, args, Replacement::Nothing, output).await,
        TransactionsCommand::Sign(args) => signed::sign(global, args, output),
        TransactionsCommand::Broadcast(args) => signed::broadcast(global, args, output).await,
    }
}

/// The one provider that is configured.
fn the_only(snapshot: &NetworkSnapshot, from: Option<Address>) -> Result<Provider<'_>, CliError> {
    let mut providers = snapshot.providers.iter();
    match (providers.next(), providers.next()) {
        (Some((id, facts)), None) => Ok(Provider { id: *id, facts, from }),
        (_, _) => Err(CliError::NotOneProvider(snapshot.providers.len())),
    }
}
