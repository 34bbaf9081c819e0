//! `doctor`: one page of green, amber and red over everything that can be wrong from here.
//!
//! Unlike other commands it goes on after a failure, to show all of them; what could not be looked at is not green.

mod nodes;

use butler_core::client::l1::{BlockTag, Policy};
use butler_core::domain::block::BlockRef;
use butler_core::domain::coinbase::Severity;
use butler_core::domain::publisher::top_ups;
use butler_core::domain::state::State;
use butler_core::network::{Network, admin_ports};
use butler_core::runtime::exit::Exit;
use butler_core::runtime::report::Chain;
use butler_core::snapshot::SlashingReader;
use ethers_core::types::U256;
use serde::Serialize;

use self::nodes::{admin_port, check_node};
use super::{audit, status};
use crate::args::Global;
use crate::error::CliError;
use crate::gather::{Gathered, gather, load};
use crate::output::Output;
use crate::view::format;
use crate::view::table::{Tone, painted, plain, table, toned};

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

#[derive(Debug, Serialize)]
struct Check {
    /// What was looked at: a closed set of names, documented in docs/cli.md.
    name: &'static str,
    subject: String,
    light: Light,
    what: String,
    hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Light {
    Green,
    Amber,
    Red,
}

/// A provider's queue of fewer keys than this should be filled up soon.
const SHORT_QUEUE: usize = 5;
/// A snapshot's block older than this many seconds means that the endpoint lags or the chain stands still.
const OLD_BLOCK: u64 = 120;

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
        format!("{} in effect", format::count(config.effective().len(), "value")),
    ));
    check_keys(&network, checks);
    let gathered = match gather(global, BlockTag::Latest, true).await {
        Ok(gathered) => Some(gathered),
        Err(error) => {
            checks.push(failure("chain", &name, &error));
            None
        }
    };
    if let Some(gathered) = &gathered {
        check_chain(gathered, checks);
        check_attesters(gathered, checks);
        check_publishers(gathered, checks);
        check_slashing(gathered, checks).await;
    }
    match network.aztec_nodes() {
        Ok(nodes) => {
            for node in &nodes {
                check_node(node, &network, gathered.as_ref(), checks).await;
            }
        }
        Err(error) => checks.push(failure("node", &name, &CliError::from(error))),
    }
    match admin_ports(&network.config) {
        Ok(ports) => {
            for port in &ports {
                checks.push(admin_port(port).await);
            }
        }
        Err(error) => checks.push(failure("admin_port", &name, &CliError::from(error))),
    }
    (Some(name), gathered.map(|gathered| gathered.snapshot.block))
}

fn check(name: &'static str, subject: &str, light: Light, what: impl Into<String>) -> Check {
    Check { name, subject: subject.to_owned(), light, what: what.into(), hint: None }
}

fn failure(name: &'static str, subject: &str, error: &CliError) -> Check {
    Check { hint: error.hint(), ..check(name, subject, Light::Red, Chain(error).to_string()) }
}

fn check_keys(network: &Network, checks: &mut Vec<Check>) {
    let keys = &network.keys;
    for fault in &keys.faults {
        checks.push(check("keys", &fault.file, Light::Red, fault.to_string()));
    }
    if keys.files.is_empty() && keys.faults.is_empty() {
        let what = "no key files are configured: coinbases cannot be checked";
        checks.push(Check { hint: Some("set `key_files`".to_owned()), ..check("keys", "", Light::Amber, what) });
    } else if !keys.files.is_empty() {
        let what = format!(
            "{} in {}",
            format::count(keys.book.attesters().len(), "attester"),
            format::count(keys.key_file_count(), "file")
        );
        checks.push(check("keys", "", Light::Green, what));
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
    let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or_default();
    let light = if now.saturating_sub(block.timestamp) > OLD_BLOCK { Light::Amber } else { Light::Green };
    let what = format!("block {}, {}", block.number, format::distance(now, block.timestamp));
    checks.push(check("chain", &gathered.network.config.name, light, what));
    if let Some(unsaved) = &gathered.unsaved {
        checks.push(check("cache", "", Light::Amber, format!("the ledger cannot be kept: {}", Chain(unsaved))));
    }
}

fn check_attesters(gathered: &Gathered, checks: &mut Vec<Check>) {
    let rows = status::rows(gathered);
    let critical = rows.iter().filter(|row| row.coinbase_severity == Severity::Critical).count();
    let warning = rows.iter().filter(|row| row.coinbase_severity == Severity::Warning).count();
    let light = match (critical, warning) {
        (0, 0) => Light::Green,
        (0, _) => Light::Amber,
        _ => Light::Red,
    };
    let what = format!("{critical} critical, {warning} to look at");
    let hint = (light != Light::Green).then(|| "`butler-cli status --attention` shows them".to_owned());
    // Without keys this was said already.
    if gathered.knows_coinbases() {
        checks.push(Check { hint, ..check("coinbases", "", light, what) });
    }
    let active = rows.iter().filter(|row| row.state == State::Active).count();
    let attesters = format!("{}, {active} active", format::count(rows.len(), "attester"));
    checks.push(check("attesters", "", if rows.is_empty() { Light::Amber } else { Light::Green }, attesters));
    let (errors, warnings) = audit::counts(&audit::findings(gathered, &rows));
    let light = match (errors, warnings) {
        (0, 0) => Light::Green,
        (0, _) => Light::Amber,
        _ => Light::Red,
    };
    let hint = (light != Light::Green).then(|| "`butler-cli audit` lists them".to_owned());
    let what = format!("{}, {}", format::count(errors, "error"), format::count(warnings, "warning"));
    checks.push(Check { hint, ..check("audit", "", light, what) });
    for (id, provider) in &gathered.snapshot.providers {
        let length = provider.queue.len();
        let light = match length {
            0 => Light::Red,
            1..SHORT_QUEUE => Light::Amber,
            _ => Light::Green,
        };
        let hint =
            (light != Light::Green).then(|| "register more keys: nobody can delegate to an empty queue".to_owned());
        checks.push(Check { hint, ..check("queue", &format!("provider {id}"), light, format::count(length, "key")) });
        if let Some(pending) = provider.pending_admin {
            let what = format!("{} may take over as admin", format::address(&pending));
            checks.push(check("provider", &format!("provider {id}"), Light::Amber, what));
        }
    }
}

fn check_publishers(gathered: &Gathered, checks: &mut Vec<Check>) {
    let config = &gathered.network.config;
    match top_ups(&gathered.network.keys.book, &gathered.snapshot.publisher_balances, config.minimum_ether_per_attester)
    {
        Ok(rows) => {
            for row in rows {
                let lacks = row.top_up.unwrap_or_default();
                let light = match (row.balance, lacks.is_zero()) {
                    (None, _) => Light::Amber,
                    (Some(_), true) => Light::Green,
                    (Some(balance), false) if balance.is_zero() || balance < row.required / U256::from(4) => Light::Red,
                    (Some(_), false) => Light::Amber,
                };
                let balance = row.balance.map_or_else(|| "unknown".to_owned(), |balance| format::amount(balance, 6));
                let what = format!("{balance} ETH, {} wanted", format::amount(row.required, 6));
                let hint = (!lacks.is_zero()).then(|| format!("send {} ETH", format::amount(lacks, 6)));
                checks.push(Check { hint, ..check("publisher", &format::address(&row.publisher), light, what) });
            }
        }
        Err(error) => checks.push(failure("publisher", "", &error.into())),
    }
}

/// Whether votes to slash own attesters would be seen.
async fn check_slashing(gathered: &Gathered, checks: &mut Vec<Check>) {
    let (client, rollup) = (gathered.network.reader.client(), &gathered.snapshot.rollup);
    let found = SlashingReader::default().blindness(client, &gathered.snapshot.block, rollup.slasher).await;
    let subject = &gathered.network.config.name;
    checks.push(match found {
        Ok(None) if rollup.slasher.is_zero() => check("slashing", subject, Light::Green, "the rollup has no slasher"),
        Ok(None) => check("slashing", subject, Light::Green, "votes to slash can be read"),
        Ok(Some(blindness)) => {
            let what = format!("votes to slash cannot be seen: {}", blindness.words());
            let hint = "another L1 endpoint, or a newer release of Butler, may be able to".to_owned();
            Check { hint: Some(hint), ..check("slashing", subject, Light::Amber, what) }
        }
        Err(error) => {
            let what = format!("votes to slash cannot be read: {}", Chain(&error));
            check("slashing", subject, Light::Amber, what)
        }
    });
}

fn render(report: &DoctorReport, output: &Output) -> String {
    let rows = report.checks.iter().map(|check| {
        let light = match check.light {
            Light::Green => toned("ok", Tone::Good),
            Light::Amber => toned("look", Tone::Warning),
            Light::Red => toned("BAD", Tone::Bad),
        };
        let hint = check.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
        vec![light, plain(check.name), plain(check.subject.clone()), plain(format!("{}{hint}", check.what))]
    });
    let mut text = table(output, &["", "CHECK", "SUBJECT", "WHAT"], rows);
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
