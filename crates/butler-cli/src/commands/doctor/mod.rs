//! `doctor`: one page of green, amber and red over everything that can be wrong from here.
//!
//! Unlike other commands it goes on after a failure, to show all of them; what could not be looked at is not green.

mod check;
mod nodes;

use butler_core::chain::NetworkSlashingReader;
use butler_core::client::l1::{BlockTag, Policy};
use butler_core::domain::attester::state::State;
use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::{
    Finding, FindingKind, Severity, Subject, keys, program, provider, publisher, slashing,
};
use butler_core::domain::provider::publisher::top_ups;
use butler_core::network::Network;
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use serde::Serialize;

use self::check::{Check, Light, check, failure, shown};
use self::nodes::check_nodes;
use super::audit;
use super::rows::rows;
use crate::args::Global;
use crate::error::CliError;
use crate::gather::{Gathered, Look, gather, load};
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Column, Tone, key, painted, plain, subject, table, toned, words};

/// The report of `doctor`.
#[derive(Debug, Serialize)]
pub(super) struct DoctorReport {
    network: Option<String>,
    /// The block that was read; none when the chain could not be.
    block: Option<BlockRef>,
    /// Whether nothing is red.
    passed: bool,
    worst: Light,
    checks: Vec<Check>,
}

/// Runs the command; exits with 5 when something is red.
///
/// # Errors
/// Only when the result cannot be written: failures are the result.
pub(super) async fn run(global: &Global, output: Output) -> Result<Exit, CliError> {
    let mut checks = Vec::new();
    let (network, block) = examine(global, &mut checks).await;
    let worst = checks.iter().map(|check| check.light).max().unwrap_or(Light::Red);
    let report = DoctorReport { network, block, passed: worst != Light::Red, worst, checks };
    output.result(&report, render)?;
    Ok(if report.passed { Exit::Success } else { Exit::CheckFailed })
}

/// Fills in the checks; says which network was looked at, and at which block.
async fn examine(global: &Global, checks: &mut Vec<Check>) -> (Option<String>, Option<BlockRef>) {
    let config = match load(global) {
        Ok(config) => config,
        Err(error) => {
            checks.push(failure("configuration", "", &error));
            return (None, None);
        }
    };
    let network = match Network::open(&config, global.network.as_deref(), Policy::ONE_SHOT) {
        Ok(network) => network,
        Err(error) => {
            checks.push(failure("configuration", "", &CliError::from(error)));
            return (None, None);
        }
    };
    let name = network.config.name.clone();
    checks.push(check(
        "configuration",
        &name,
        Light::Green,
        format!("{} in effect", format::count(config.value_count(), "value")),
    ));
    check_keys(&network, checks);
    let gathered = match gather(global, BlockTag::Latest, Look::Health).await {
        Ok(gathered) => Some(gathered),
        Err(error) => {
            checks.push(failure("chain", &name, &error));
            None
        }
    };
    let configured = network.config.provider_ids.len().saturating_add(network.config.provider_admins.len());
    let providers = gathered.as_ref().map_or(configured, |gathered| gathered.snapshot.providers.len());
    check_watched(&network, providers, checks);
    if let Some(gathered) = &gathered {
        check_chain(gathered, checks);
        check_attesters(gathered, checks);
        check_publishers(gathered, checks);
        Box::pin(check_slashing(gathered, checks)).await;
    }
    check_nodes(&network, gathered.as_ref().map(|gathered| &gathered.snapshot), checks).await;
    (Some(name), gathered.map(|gathered| gathered.snapshot.block))
}

fn check_keys(network: &Network, checks: &mut Vec<Check>) {
    let network_keys = &network.keys;
    for finding in network_keys.findings() {
        let subject = finding.subject.to_string();
        // A fault says what to do by itself.
        let is_fault = finding.kind == FindingKind::KeyFile;
        let check = shown("keys", &subject, &finding, 0);
        checks.push(if is_fault { Check { hint: None, ..check } } else { check });
    }
    if !network_keys.files.is_empty() {
        let what = format!(
            "{} in {}",
            format::count(network_keys.book.attesters().len(), "attester"),
            format::count(network_keys.key_file_count(), "file")
        );
        checks.push(check("keys", "", Light::Green, what));
    }
}

/// What is not configured, and so not looked at. What is only good to know is green, and still says so.
fn check_watched(network: &Network, providers: usize, checks: &mut Vec<Check>) {
    for finding in keys::of_unwatched(network.watched(providers)) {
        checks.push(shown("keys", "", &finding, 0));
    }
}

fn check_chain(gathered: &Gathered, checks: &mut Vec<Check>) {
    let client = gathered.network.reader.client();
    for endpoint in client.endpoints() {
        let (light, what) = match endpoint.health().last_failure() {
            None if endpoint.lacks_multicall() => {
                (Light::Amber, "answers; Multicall3 has no code there, so reading is slow".to_owned())
            }
            None if !endpoint.takes_batches() => {
                (Light::Amber, "answers; refuses batches, so reading is slow".to_owned())
            }
            None => (Light::Green, "answers".to_owned()),
            Some(kind) => (Light::Amber, format!("failed ({kind:?}); another endpoint stood in")),
        };
        checks.push(check("endpoint", endpoint.name(), light, what));
    }
    let block = gathered.snapshot.block;
    let now = unix_now();
    let thresholds = gathered.network.config.thresholds();
    let light = Light::of(&program::of_block(block.number, block.timestamp, now, &thresholds));
    let what = format!("block {}, {}", block.number, format::distance(now, block.timestamp));
    checks.push(check("chain", &gathered.network.config.name, light, what));
    checks.push(match client.clock_behind() {
        None => check("clock", "", Light::Green, "this machine's clock is not behind the chain"),
        Some(seconds) => shown("clock", "", &program::of_clock(seconds), now),
    });
    if let Some(endpoint) = &gathered.snapshot.unconfirmed {
        checks.push(shown("endpoints", "", &program::of_unconfirmed(endpoint), now));
    }
    if let Some(unsaved) = &gathered.unsaved {
        checks.push(check("cache", "", Light::Amber, format!("the ledger cannot be kept: {}", Chain(unsaved))));
    }
}

fn check_attesters(gathered: &Gathered, checks: &mut Vec<Check>) {
    let rows = rows(gathered);
    let now = gathered.snapshot.block.timestamp;
    let thresholds = gathered.network.config.thresholds();
    let found = audit::findings(gathered, &rows);
    let coinbases: Vec<&Finding> = found.iter().filter(|finding| is_of_coinbase(finding.kind)).collect();
    let of = |severity| coinbases.iter().filter(|finding| finding.severity_at(now) == severity).count();
    let light = Light::of(coinbases.iter().copied());
    let what = format!("{} critical, {} to look at", of(Severity::Critical), of(Severity::Warning));
    let hint = (light != Light::Green).then(|| "`butler-cli status --attention` shows them".to_owned());
    // Without keys this was said already.
    if gathered.knows_coinbases() {
        checks.push(Check { hint, ..check("coinbases", "", light, what) });
    }
    let active = rows.iter().filter(|row| row.state == State::Active).count();
    let attesters = format!("{}, {active} active", format::count(rows.len(), "attester"));
    checks.push(check("attesters", "", if rows.is_empty() { Light::Amber } else { Light::Green }, attesters));
    let (errors, warnings) = audit::counts(&found);
    let light = Light::of(&found);
    let hint = (light != Light::Green).then(|| "`butler-cli audit` lists them".to_owned());
    let what = format!("{}, {}", format::count(errors, "error"), format::count(warnings, "warning"));
    checks.push(Check { hint, ..check("audit", "", light, what) });
    for (id, provider) in &gathered.snapshot.providers {
        let subject = format!("provider {id}");
        let found = provider::of_provider(*id, provider, &thresholds);
        let (queue, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| {
            matches!(finding.kind, FindingKind::ProviderQueueEmpty | FindingKind::ProviderQueueShort)
        });
        let hint = queue.first().map(|finding| finding.remedy().to_owned());
        let length = format::count(provider.queue.len(), "key");
        checks.push(Check { hint, ..check("queue", &subject, Light::of(&queue), length) });
        checks.extend(others.iter().map(|finding| shown("provider", &subject, finding, now)));
    }
}

fn is_of_coinbase(kind: FindingKind) -> bool {
    [
        FindingKind::CoinbaseMissing,
        FindingKind::CoinbaseWrong,
        FindingKind::CoinbaseZero,
        FindingKind::CoinbaseUnverifiable,
        FindingKind::CoinbaseUnknown,
    ]
    .contains(&kind)
}

fn check_publishers(gathered: &Gathered, checks: &mut Vec<Check>) {
    let config = &gathered.network.config;
    let thresholds = config.thresholds();
    match top_ups(&gathered.network.keys.book, &gathered.snapshot.publisher_balances, config.publisher_minimum) {
        Ok(rows) => {
            for row in rows {
                let finding = publisher::of_row(&row, &thresholds);
                let light = if row.balance.is_none() { Light::Amber } else { Light::of(&finding) };
                let balance = row.balance.map_or_else(|| "unknown".to_owned(), |balance| format::amount(balance, 6));
                let what = format!("{balance} ETH, {} wanted", format::amount(row.required, 6));
                let hint = finding.map(|finding| finding.remedy().to_owned());
                checks.push(Check { hint, ..check("publisher", &format::address(&row.publisher), light, what) });
            }
        }
        Err(error) => checks.push(failure("publisher", "", &error.into())),
    }
}

/// What slashers say of own attesters, and whether the votes of each can be seen: asked as the exporter asks.
async fn check_slashing(gathered: &Gathered, checks: &mut Vec<Check>) {
    let (client, snapshot) = (gathered.network.reader.client(), &gathered.snapshot);
    let subject = &gathered.network.config.name;
    let facts = match NetworkSlashingReader::default().read(client, &snapshot.block, snapshot).await {
        Ok(facts) => facts,
        Err(error) => {
            let what = format!("votes to slash cannot be read: {}", Chain(&error));
            checks.push(check("slashing", subject, Light::Amber, what));
            return;
        }
    };
    let Some(found) = slashing::of_slashing(&facts, snapshot, &gathered.network.config.thresholds()) else {
        checks.push(check("slashing", subject, Light::Amber, "votes to slash lie in no time"));
        return;
    };
    let now = snapshot.block.timestamp;
    let of_network = |finding: &&Finding| finding.subject == Subject::Network;
    let readable = if facts.slashers().all(|(_, slasher)| slasher.address.is_zero()) {
        "the rollup has no slasher"
    } else {
        "votes to slash can be read"
    };
    if facts.blindness().is_empty() {
        checks.push(check("slashing", subject, Light::Green, readable));
    }
    checks.extend(found.iter().filter(of_network).map(|finding| shown("slashing", subject, finding, now)));
    let of_others = found.iter().filter(|finding| !of_network(finding));
    checks.extend(of_others.map(|finding| shown("slashing", &finding.subject.to_string(), finding, now)));
}

const COLUMNS: [Column; 4] = [key("LIGHT"), key("CHECK"), key("SUBJECT"), key("WHAT")];

fn render(report: &DoctorReport, output: &Output) -> String {
    let rows = report.checks.iter().map(|check| {
        let light = match check.light {
            Light::Green => toned("ok", Tone::Good),
            Light::Amber => toned("look", Tone::Warning),
            Light::Red => toned("BAD", Tone::Bad),
        };
        let hint = check.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        vec![light, plain(check.name), subject(&check.subject), words(format!("{}{hint}", check.what))]
    });
    let mut text = table(output, &COLUMNS, rows);
    let count = |light| report.checks.iter().filter(|check| check.light == light).count();
    let summary = format!("{} ok, {} to look at, {} bad", count(Light::Green), count(Light::Amber), count(Light::Red));
    let tone = match report.worst {
        Light::Green => Tone::Good,
        Light::Amber => Tone::Warning,
        Light::Red => Tone::Bad,
    };
    text.push_str(&format!("\n{}\n", painted(output, &summary, tone)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::widths::{at_usual_widths, told};

    #[test]
    fn checks_are_told_whole_at_every_width() {
        let missing = format!("it has no coinbase and it may be active now; it must be {}", told(2));
        let hint = Some("set it in the key file, and restart the node".to_owned());
        let report = DoctorReport {
            network: Some("mainnet".to_owned()),
            block: None,
            passed: false,
            worst: Light::Red,
            checks: vec![
                check("configuration", "mainnet", Light::Green, "12 values in effect"),
                check("endpoint", "l1[0]", Light::Amber, "answers; refuses batches, so reading is slow"),
                Check { hint, ..check("attester", &told(1), Light::Red, missing) },
            ],
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
