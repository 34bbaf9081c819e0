//! `provider show` and `provider find`.

use butler_core::domain::attester::delegation::Delegation;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::ProviderFacts;
use butler_core::runtime::exit::Exit;
use ethers_core::types::Address;
use serde::Serialize;

use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, Scope};
use crate::view::table::{Column, Tone, column, heading, key, named, number, pairs, plain, table, toned};

/// The report of `provider show` and `provider find`.
#[derive(Debug, Serialize)]
pub(super) struct ProviderReport {
    scope: Scope,
    providers: Vec<Provider>,
}

#[derive(Debug, Serialize)]
struct Provider {
    id: u64,
    admin: JsonAddress,
    pending_admin: Option<JsonAddress>,
    take_rate_bps: u16,
    rewards_recipient: JsonAddress,
    queue_length: usize,
    queue: Vec<JsonAddress>,
    /// Only of our own providers: others' delegations are not read.
    delegations: Option<Vec<Staked>>,
}

#[derive(Debug, Serialize)]
struct Staked {
    block_number: u64,
    transaction_hash: ethers_core::types::H256,
    log_index: u64,
    attester: JsonAddress,
    coinbase: JsonAddress,
    /// Whether the chain confirms that this is the split that the registry made for it.
    confirmed: bool,
    staker: JsonAddress,
    rollup: JsonAddress,
}

/// Runs `provider show`.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn show(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::Overview).await?;
    let snapshot = &gathered.snapshot;
    let report = ProviderReport {
        scope: gathered.scope(),
        providers: snapshot
            .providers
            .iter()
            .map(|(id, facts)| provider(*id, facts, Some(&snapshot.delegations)))
            .collect(),
    };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

/// Runs `provider find`; exits with 5 when nobody is found.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn find(global: &Global, address: Address, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    let gathered = gather(global, args.at, Look::Everything).await?;
    let snapshot = &gathered.snapshot;
    let concerns = |facts: &ProviderFacts| {
        facts.admin == address || facts.pending_admin == Some(address) || facts.rewards_recipient == address
    };
    let own = snapshot.providers.iter().map(|(id, facts)| (id, facts, Some(snapshot.delegations.as_slice())));
    let others = snapshot.other_providers.iter().map(|(id, facts)| (id, facts, None));
    let mut providers: Vec<Provider> = own
        .chain(others)
        .filter(|(_, facts, _)| concerns(facts))
        .map(|(id, facts, delegations)| provider(*id, facts, delegations))
        .collect();
    providers.sort_by_key(|provider| provider.id);
    let exit = if providers.is_empty() { Exit::CheckFailed } else { Exit::Success };
    let report = ProviderReport { scope: gathered.scope(), providers };
    output.result(&report, render)?;
    Ok(gathered.finish(exit))
}

fn provider(id: ProviderId, facts: &ProviderFacts, delegations: Option<&[Delegation]>) -> Provider {
    let staked = |delegation: &Delegation| Staked {
        block_number: delegation.log.block_number,
        transaction_hash: delegation.log.transaction_hash,
        log_index: delegation.log.log_index,
        attester: delegation.attester.into(),
        coinbase: delegation.coinbase.into(),
        // A split that is not confirmed is not in the snapshot's delegations.
        confirmed: delegation.split.is_some(),
        staker: delegation.staker.into(),
        rollup: delegation.rollup.into(),
    };
    Provider {
        id: id.get(),
        admin: facts.admin.into(),
        pending_admin: facts.pending_admin.map(Into::into),
        take_rate_bps: facts.take_rate_bps,
        rewards_recipient: facts.rewards_recipient.into(),
        queue_length: facts.queue.len(),
        queue: facts.queue.iter().map(|entry| entry.attester.into()).collect(),
        delegations: delegations.map(|all| all.iter().filter(|one| one.provider_id == id).map(staked).collect()),
    }
}

const DELEGATIONS: [Column; 4] = [column("BLOCK", 1), key("ATTESTER"), key("COINBASE"), column("STAKER", 2)];

fn render(report: &ProviderReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    if report.providers.is_empty() {
        text.push_str("no provider found\n");
    }
    for provider in &report.providers {
        text.push_str(&heading(output, &format!("Provider {}", provider.id)));
        let mut figures = vec![("admin", plain(format::address(&provider.admin.0)))];
        if let Some(pending) = &provider.pending_admin {
            let text = format!("{} may take over as admin", format::address(&pending.0));
            figures.push(("next admin", toned(text, Tone::Warning)));
        }
        figures
            .push(("take rate", plain(format!("{} of future delegations", format::percent(provider.take_rate_bps)))));
        figures.push(("rewards to", plain(format::address(&provider.rewards_recipient.0))));
        let queue = format::count(provider.queue_length, "key");
        figures.push(("queue", if provider.queue_length == 0 { toned(queue, Tone::Bad) } else { plain(queue) }));
        if let Some(delegations) = &provider.delegations {
            figures.push(("delegations", plain(delegations.len().to_string())));
        }
        text.push_str(&pairs(output, figures));
        let Some(delegations) = provider.delegations.as_ref().filter(|delegations| !delegations.is_empty()) else {
            continue;
        };
        text.push('\n');
        let rows = delegations.iter().map(|staked| {
            vec![
                number(staked.block_number.to_string()),
                named(&staked.attester.0),
                if staked.confirmed {
                    plain(format::address(&staked.coinbase.0))
                } else {
                    toned(format!("{} (not confirmed)", format::address(&staked.coinbase.0)), Tone::Bad)
                },
                named(&staked.staker.0),
            ]
        });
        text.push_str(&table(output, &DELEGATIONS, rows));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{address, at_usual_widths, hash, scope};

    #[test]
    fn providers_are_told_whole_at_every_width() {
        let staked = |number: u8, confirmed| Staked {
            block_number: 24_300_000,
            transaction_hash: hash(number),
            log_index: 3,
            attester: address(number).into(),
            coinbase: address(number + 1).into(),
            confirmed,
            staker: address(number + 2).into(),
            rollup: address(0).into(),
        };
        let provider = Provider {
            id: 4,
            admin: address(1).into(),
            pending_admin: Some(address(2).into()),
            take_rate_bps: 1_000,
            rewards_recipient: address(3).into(),
            queue_length: 1,
            queue: vec![address(4).into()],
            delegations: Some(vec![staked(10, true), staked(20, false)]),
        };
        let report = ProviderReport { scope: scope(), providers: vec![provider] };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
