//! `chain`: the rollup's figures and which endpoint said so.

use std::collections::BTreeSet;

use butler_core::client::error::ErrorKind;
use butler_core::domain::capability::{AttesterExits, Capability, DatedSlasher, SlasherChange};
use butler_core::domain::rollup::{FlushFacts, RollupClock};
use butler_core::runtime::exit::Exit;
use serde::Serialize;

use crate::args::{AtArgs, Global};
use crate::error::CliError;
use crate::gather::{Look, gather};
use crate::output::Output;
use crate::view::format;
use crate::view::json::{JsonAddress, JsonAmount, Scope};
use crate::view::table::{Column, Tone, column, heading, key, number, pairs, plain, table, toned};

/// The report of `chain`.
#[derive(Debug, Serialize)]
pub(super) struct ChainReport {
    scope: Scope,
    rollup: Rollup,
    /// How long governance keeps what begins to leave now; both delays must be over.
    withdrawal_delay_seconds: Option<u64>,
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
    /// Exits that attesters begin themselves; absent before 6.0.
    attester_exits: Option<AttesterExits>,
    /// Who may slash beside the slasher; absent before 5.0.
    slasher_change: Option<Change>,
    /// What is expected of the rollup, and is not there.
    missing: BTreeSet<Capability>,
}

#[derive(Debug, Serialize)]
struct Change {
    /// The one that waits; `at` is from when it may be installed.
    pending: Option<JsonDatedSlasher>,
    /// The one before; `at` is until when it may slash, which may be past.
    legacy: Option<JsonDatedSlasher>,
}

#[derive(Debug, Serialize)]
struct JsonDatedSlasher {
    slasher: JsonAddress,
    at: u64,
}

impl From<SlasherChange> for Change {
    fn from(change: SlasherChange) -> Self {
        let dated = |one: DatedSlasher| JsonDatedSlasher { slasher: one.slasher.into(), at: one.at };
        Self { pending: change.pending.map(dated), legacy: change.legacy.map(dated) }
    }
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
            slasher_change: rollup.slasher_change.map(Into::into),
            missing: rollup.missing.clone(),
        },
        withdrawal_delay_seconds: snapshot.withdrawal_delay_seconds,
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
    let Some(exits) = exits else { return "none: only withdrawers begin exits here".to_owned() };
    let window = exits.window_seconds.map_or_else(|| "a window that is not known".to_owned(), format::duration);
    match exits.limit {
        Some(limit) => {
            let more =
                if limit.can_exit { format!("{} more may begin", limit.left()) } else { "no more may".to_owned() };
            format!("{} of {} within {window}; {more}", limit.used, format::count(limit.allowance, "attester"))
        }
        None => format!("attesters may begin them; the limit within {window} is not known"),
    }
}

/// Slashers beside the present one, with their dates.
fn other_slashers(change: Option<&Change>, now: u64) -> String {
    let Some(change) = change else { return "none: the slasher is changed at once here".to_owned() };
    let told = |one: &JsonDatedSlasher, what: &str| {
        format!("{} {what} {}", format::address(&one.slasher.0), format::moment(one.at))
    };
    let pending = change.pending.as_ref().map(|one| told(one, "may be installed from"));
    let legacy = change.legacy.as_ref().filter(|one| one.at >= now).map(|one| told(one, "may still slash until"));
    let told: Vec<String> = pending.into_iter().chain(legacy).collect();
    if told.is_empty() { "none".to_owned() } else { told.join("; ") }
}

const ENDPOINTS: [Column; 8] = [
    key("NAME"),
    key("HOST"),
    column("REQUESTS", 4),
    column("BYTES", 5),
    column("BATCHES", 2),
    column("MULTICALL", 2),
    column("OVERRIDES", 3),
    key("LAST ANSWER"),
];

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
                    "{}, {} of {} s ({})",
                    rollup.current_epoch,
                    format::count(clock.epoch_slots, "slot"),
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
                plain(if rollup.missing.contains(&Capability::LocalEjection) {
                    "not known".to_owned()
                } else {
                    format::amount(rollup.local_ejection_threshold.unwrap_or(rollup.ejection_threshold).0, 4)
                }),
            ),
            ("exit delay", plain(format::duration(rollup.exit_delay_seconds))),
            (
                "governance's delay",
                plain(report.withdrawal_delay_seconds.map_or_else(|| "not known".to_owned(), format::duration)),
            ),
            ("other slashers", plain(other_slashers(rollup.slasher_change.as_ref(), report.scope.block.timestamp))),
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
    text.push_str(&table(output, &ENDPOINTS, rows));
    text
}

#[cfg(test)]
mod tests {
    use butler_core::domain::capability::ExitLimit;
    use ethers_core::types::U256;

    use super::*;
    use crate::view::widths::{NOW, address, at_usual_widths, scope};

    #[test]
    fn figures_and_endpoints_are_told_whole_at_every_width() {
        let tokens = |whole: u64| JsonAmount(U256::from(whole) * U256::exp10(18));
        let dated = |number, at| JsonDatedSlasher { slasher: address(number).into(), at };
        let limit = ExitLimit { used: 1, allowance: 40, can_exit: true };
        let endpoint = |name: &str, last_failure| Endpoint {
            name: name.to_owned(),
            host: "ethereum-mainnet.example.org".to_owned(),
            http_requests: 12,
            bytes_received: 1_234_567,
            takes_batches: true,
            has_multicall: true,
            takes_overrides: false,
            last_failure,
        };
        let report = ChainReport {
            scope: scope(),
            rollup: Rollup {
                version: U256::from(2_934_756_904_u64).into(),
                current_epoch: 1_234,
                clock: RollupClock { genesis_time: NOW - 1_000_000, slot_seconds: 72, epoch_slots: 32 },
                flush: FlushFacts {
                    flush_size: 48,
                    available_flushes: 4,
                    next_flushable_epoch: 1_235,
                    is_bootstrapped: true,
                },
                active_attesters: 2_120,
                entry_queue_length: 12,
                activation_threshold: tokens(200_000),
                ejection_threshold: tokens(100_000),
                local_ejection_threshold: Some(tokens(190_000)),
                exit_delay_seconds: 345_600,
                attester_exits: Some(AttesterExits { window_seconds: Some(86_400), limit: Some(limit) }),
                slasher_change: Some(Change {
                    pending: Some(dated(6, NOW + 90_000)),
                    legacy: Some(dated(7, NOW + 9_000)),
                }),
                missing: BTreeSet::new(),
            },
            withdrawal_delay_seconds: Some(1_209_600),
            contracts: Contracts {
                aztec_registry: address(1).into(),
                staking_registry: address(2).into(),
                rollup: address(0).into(),
                gse: address(3).into(),
                slasher: address(4).into(),
                staking_asset: address(5).into(),
            },
            endpoints: vec![endpoint("l1[0]", None), endpoint("l1[1]", Some(ErrorKind::RateLimited))],
        };
        insta::assert_snapshot!(at_usual_widths(|output| render(&report, output)));
    }
}
