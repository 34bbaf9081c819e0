//! `chain`: the rollup's figures and which endpoint said so.

use butler_core::client::error::ErrorKind;
use butler_core::domain::rollup::{AttesterExits, FlushFacts, RollupClock};
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{Tone, heading, number, pairs, plain, table, toned};

/// The report of `chain`.
#[derive(Debug, Serialize)]
pub(super) struct ChainReport {
    scope: Scope,
    rollup: Rollup,
    contracts: Contracts,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Serialize)]
struct Rollup {
    version: JsonAmount,
    current_epoch: u64,
    clock: RollupClock,
    flush: FlushFacts,
    active_attesters: usize,
    entry_queue_length: usize,
    activation_threshold: JsonAmount,
    ejection_threshold: JsonAmount,
    local_ejection_threshold: Option<JsonAmount>,
    exit_delay_seconds: u64,
    /// Exits that attesters begin themselves; absent before 6.0, and while no zombie asks for them.
    attester_exits: Option<AttesterExits>,
}

#[derive(Debug, Serialize)]
struct Contracts {
    aztec_registry: JsonAddress,
    staking_registry: JsonAddress,
    rollup: JsonAddress,
    gse: JsonAddress,
    slasher: JsonAddress,
    staking_asset: JsonAddress,
}

#[derive(Debug, Serialize)]
struct Endpoint {
    name: String,
    host: String,
    http_requests: u64,
    bytes_received: u64,
    takes_batches: bool,
    has_multicall: bool,
    takes_overrides: bool,
    /// Why it did not answer last, when another endpoint stood in.
    last_failure: Option<ErrorKind>,
}

/// Runs the command.
///
/// # Errors
/// See [`CliError`].
pub(super) async fn run(global: &Global, args: &AtArgs, output: Output) -> Result<Exit, CliError> {
    use std::sync::atomic::Ordering::Relaxed;
    let gathered = gather(global, args.at, Look::Overview).await?;
    let (snapshot, network) = (&gathered.snapshot, &gathered.network);
    let rollup = &snapshot.rollup;
    let report = ChainReport {
        scope: gathered.scope(),
        rollup: Rollup {
            version: rollup.version.into(),
            current_epoch: rollup.current_epoch,
            clock: rollup.clock,
            flush: rollup.flush,
            active_attesters: snapshot.active_set.len(),
            entry_queue_length: snapshot.entry_queue.len(),
            activation_threshold: rollup.activation_threshold.into(),
            ejection_threshold: rollup.ejection_threshold.into(),
            local_ejection_threshold: rollup.local_ejection_threshold.map(Into::into),
            exit_delay_seconds: rollup.exit_delay_seconds,
            attester_exits: rollup.attester_exits,
        },
        contracts: Contracts {
            aztec_registry: network.config.aztec_registry.into(),
            staking_registry: network.config.staking_registry.into(),
            rollup: rollup.address.into(),
            gse: rollup.gse.into(),
            slasher: rollup.slasher.into(),
            staking_asset: rollup.staking_asset.into(),
        },
        endpoints: network
            .reader
            .client()
            .endpoints()
            .iter()
            .map(|endpoint| Endpoint {
                name: endpoint.name().to_owned(),
                host: endpoint.peer().host().to_owned(),
                http_requests: endpoint.peer().counters().requests.load(Relaxed),
                bytes_received: endpoint.peer().counters().bytes_received.load(Relaxed),
                takes_batches: endpoint.takes_batches(),
                has_multicall: !endpoint.lacks_multicall(),
                takes_overrides: endpoint.takes_overrides(),
                last_failure: endpoint.health().last_failure(),
            })
            .collect(),
    };
    output.result(&report, render)?;
    Ok(gathered.finish(Exit::Success))
}

/// What attesters may do themselves.
fn own_exits(exits: Option<&AttesterExits>) -> String {
    let Some(exits) = exits else {
        return "none, or not looked at: none of yours is a zombie of this rollup".to_owned();
    };
    let window = format::duration(exits.window_seconds);
    match exits.limit {
        Some(limit) => format!("{} of {} attesters within {window}", limit.used, limit.allowance),
        None => format!("attesters may begin them; the limit within {window} is not known"),
    }
}

fn render(report: &ChainReport, output: &Output) -> String {
    let mut text = crate::view::scope_line(&report.scope);
    let rollup = &report.rollup;
    text.push_str(&heading(output, "Rollup"));
    let clock = &rollup.clock;
    let epoch_seconds = clock.epoch_slots.saturating_mul(clock.slot_seconds);
    let flush = &rollup.flush;
    text.push_str(&pairs(
        output,
        [
            ("version", plain(rollup.version.0.to_string())),
            (
                "epoch",
                plain(format!(
                    "{}, {} slots of {} s ({})",
                    rollup.current_epoch,
                    clock.epoch_slots,
                    clock.slot_seconds,
                    format::duration(epoch_seconds)
                )),
            ),
            ("active attesters", plain(rollup.active_attesters.to_string())),
            (
                "entry queue",
                plain(format!(
                    "{} waiting, {} per epoch, {} left now",
                    rollup.entry_queue_length, flush.flush_size, flush.available_flushes
                )),
            ),
            ("stake", plain(format!("{} per attester", format::amount(rollup.activation_threshold.0, 4)))),
            (
                "ejected below",
                plain(format::amount(rollup.local_ejection_threshold.unwrap_or(rollup.ejection_threshold).0, 4)),
            ),
            ("exit delay", plain(format::duration(rollup.exit_delay_seconds))),
            ("own exits", plain(own_exits(rollup.attester_exits.as_ref()))),
        ],
    ));
    text.push_str(&heading(output, "Contracts"));
    let contracts = &report.contracts;
    let address = |address: &JsonAddress| plain(format::address(&address.0));
    text.push_str(&pairs(
        output,
        [
            ("Aztec Registry", address(&contracts.aztec_registry)),
            ("StakingRegistry", address(&contracts.staking_registry)),
            ("rollup", address(&contracts.rollup)),
            ("GSE", address(&contracts.gse)),
            ("slasher", address(&contracts.slasher)),
            ("staking asset", address(&contracts.staking_asset)),
        ],
    ));
    text.push_str(&heading(output, "Endpoints"));
    let rows = report.endpoints.iter().map(|endpoint| {
        vec![
            plain(endpoint.name.clone()),
            plain(endpoint.host.clone()),
            number(endpoint.http_requests.to_string()),
            number(endpoint.bytes_received.to_string()),
            plain(if endpoint.takes_batches { "yes" } else { "no" }),
            plain(if endpoint.has_multicall { "yes" } else { "no" }),
            plain(if endpoint.takes_overrides { "yes" } else { "no" }),
            match &endpoint.last_failure {
                None => plain("ok"),
                Some(failure) => toned(format!("{failure:?}"), Tone::Warning),
            },
        ]
    });
    text.push_str(&table(
        output,
        &["NAME", "HOST", "REQUESTS", "BYTES", "BATCHES", "MULTICALL", "OVERRIDES", "LAST ANSWER"],
        rows,
    ));
    text
}
