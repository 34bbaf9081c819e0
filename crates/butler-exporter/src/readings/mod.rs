//! What is served: samples of families, computed from facts by pure functions.
//!
//! A set of readings belongs to one scrape and is replaced as a whole. Nothing here reads a clock, a file or a socket.

pub mod basis;
pub mod details;
pub mod duties;
pub mod findings;
pub mod governance;
mod labels;
mod rollups;
pub mod runway;
mod slashers;
pub mod slashing;
pub mod strips;

use std::collections::{BTreeMap, BTreeSet};

use butler_core::config::NetworkConfig;
pub use butler_core::daemon::telemetry::metrics::sample::{Readings, Sample, count, number, truth};
use butler_core::domain::attester::coinbase::{CoinbaseCheck, Deadline};
use butler_core::domain::attester::duplicates::{DuplicateKind, ReplicaPolicy};
use butler_core::domain::attester::overview::{AttesterRow, counts_by_position, counts_by_state, overview};
use butler_core::domain::attester::position::Position;
use butler_core::domain::attester::state::State;
use butler_core::domain::attester::zombie::ZombieCause;
use butler_core::domain::findings::chain::{ChainFacts, of_chain};
use butler_core::domain::findings::{Finding, FindingKind, Severity, attester};
use butler_core::domain::ids::Coinbase;
use butler_core::domain::provider::publisher::{TopUpError, top_ups};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::key_files::{FileKind, KeyFilesReport};
use butler_core::network::watched;
use butler_core::text::address::checksummed;
use ethers_core::types::{Address, U256};
use ethers_core::utils::format_units;

use self::basis::DutiesBasis;
use self::details::AttesterLine;
use crate::catalogue;
use crate::catalogue::values::{CountedJudgement, Tip};

/// The most key files that are served one by one.
const MOST_FILES: usize = 1000;

/// What a snapshot of the chain gives.
#[derive(Debug, Clone)]
pub struct ChainReadings {
    /// What is served.
    pub readings: Readings,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The states, for the next scrape.
    pub states: BTreeMap<Address, State>,
    /// The steps since the last scrape that are counted, each with its judgement's name.
    pub steps: Vec<Step>,
    /// What duties are held against.
    pub basis: DutiesBasis,
    /// Own attesters one by one.
    pub attesters: Vec<AttesterLine>,
}

/// One change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Who changed.
    pub attester: Address,
    /// From where; `to` is where it is now.
    pub from: State,
    /// To where.
    pub to: State,
    /// What the documented life cycle says.
    pub judgement: CountedJudgement,
}

/// Turns a snapshot and the key files into readings. `previous` are the states of the scrape before, empty at first.
///
/// # Errors
/// When a publisher's figure does not fit.
pub fn chain_readings(
    config: &NetworkConfig,
    keys: &KeyFilesReport,
    snapshot: &NetworkSnapshot,
    previous: &BTreeMap<Address, State>,
) -> Result<ChainReadings, TopUpError> {
    let mut readings = Readings::default();
    let thresholds = config.thresholds();
    let now = snapshot.block.timestamp;
    let mut rows = overview(snapshot, &keys.book, previous, config.coinbase_rules());
    attester::judge_what_is_known(&mut rows, &keys.book);
    let publishers = top_ups(&keys.book, &snapshot.publisher_balances, config.publisher_minimum)?;
    let facts = ChainFacts {
        snapshot,
        book: &keys.book,
        rows: &rows,
        publishers: &publishers,
        has_key_files: keys.says_anything(),
        of_files: keys.findings(),
        watched: watched(config, keys, snapshot.providers.len()),
        admins: &config.provider_admins,
        replicas: if config.replicated_keys { ReplicaPolicy::Allow } else { ReplicaPolicy::Refuse },
    };
    let findings = of_chain(facts, &thresholds);
    push_chain(&mut readings, snapshot, &rows);
    rollups::push_rollups(&mut readings, snapshot, &rows);
    push_attesters(&mut readings, &rows);
    let servers = keys.book.servers_by_attester();
    push_doubts(&mut readings, &rows, &servers);
    push_coinbases(&mut readings, &rows, &servers, now);
    readings.push(&catalogue::COINBASE_CRITICAL, [], number(thresholds.coinbase_critical));
    labels::push_labels(&mut readings, config, &rows, attester::knows_coinbases(&keys.book));
    push_duplicates(&mut readings, &findings);
    let faults =
        findings.iter().filter(|finding| matches!(finding.kind, FindingKind::KeyFile | FindingKind::BlsDiffers));
    readings.push(&catalogue::KEY_FILE_FAULTS, [], count(faults.count()));
    for file in keys.files.iter().filter(|file| file.kind != FileKind::Publishers).take(MOST_FILES) {
        readings.push(&catalogue::KEY_FILE_ATTESTERS, [file.path.clone()], count(file.entries));
    }
    push_providers(&mut readings, snapshot);
    for row in publishers {
        let label = || [address(row.publisher)];
        readings.push(&catalogue::PUBLISHER_LOAD, label(), number(row.load.thousandths()) / 1_000.0);
        readings.push(&catalogue::PUBLISHER_REQUIRED, label(), units(row.required));
        if let Some(balance) = row.balance {
            readings.push(&catalogue::PUBLISHER_BALANCE, label(), units(balance));
        }
        if let Some(top_up) = row.top_up {
            readings.push(&catalogue::PUBLISHER_TOP_UP, label(), units(top_up));
        }
    }
    // An attester's own address is asked about in case something waits there, and is no coinbase while nothing does.
    let is_coinbase = |coinbase: &Coinbase| !snapshot.attesters.contains_key(&coinbase.address());
    for (coinbase, rewards) in
        snapshot.pending_rewards.iter().filter(|(coinbase, rewards)| !rewards.is_zero() || is_coinbase(coinbase))
    {
        readings.push(&catalogue::REWARDS_PENDING, [coinbase.to_string()], units(*rewards));
    }
    let steps = rows.iter().filter_map(|row| {
        let judgement = CountedJudgement::of(row.judgement.as_ref()?)?;
        Some(Step { attester: row.attester, from: *previous.get(&row.attester)?, to: row.state, judgement })
    });
    Ok(ChainReadings {
        steps: steps.collect(),
        states: rows.iter().map(|row| (row.attester, row.state)).collect(),
        basis: DutiesBasis::of(config, snapshot, &rows),
        attesters: rows.iter().map(AttesterLine::of).collect(),
        readings,
        findings,
    })
}

fn push_chain(readings: &mut Readings, snapshot: &NetworkSnapshot, rows: &[AttesterRow]) {
    let rollup = &snapshot.rollup;
    let own: Vec<&AttesterRow> = rows.iter().filter(|row| row.position == Position::EntryQueue).collect();
    let tracked: BTreeSet<Address> = own.iter().map(|row| row.attester).collect();
    let deposits = snapshot.entry_queue.iter().filter(|deposit| tracked.contains(&deposit.attester)).count();
    for (family, value) in [
        (&catalogue::SNAPSHOT_BLOCK_NUMBER, number(snapshot.block.number)),
        (&catalogue::SNAPSHOT_BLOCK_TIMESTAMP, number(snapshot.block.timestamp)),
        (&catalogue::SNAPSHOT_UNCONFIRMED, truth(snapshot.unconfirmed.is_some())),
        (&catalogue::ACTIVE_ATTESTERS, count(snapshot.active_set.len())),
        (&catalogue::EPOCH, number(rollup.current_epoch)),
        (&catalogue::ENTRY_QUEUE_LENGTH, count(snapshot.entry_queue.len())),
        (&catalogue::ENTRY_QUEUE_OWN, count(deposits)),
        (&catalogue::ENTRY_QUEUE_FLUSH_SIZE, number(rollup.flush.flush_size)),
        (&catalogue::ENTRY_QUEUE_AVAILABLE, number(rollup.flush.available_flushes)),
    ] {
        readings.push(family, [], value);
    }
    for (tip, checkpoint) in [(Tip::Pending, rollup.checkpoints.pending), (Tip::Proven, rollup.checkpoints.proven)] {
        if let Some(checkpoint) = checkpoint {
            readings.push(&catalogue::ROLLUP_CHECKPOINT, [tip.name().to_owned()], number(checkpoint));
        }
    }
    let arrivals = || own.iter().filter_map(|row| row.arrival).map(|arrival| arrival.earliest);
    if let (Some(next), Some(last)) = (arrivals().min(), arrivals().max()) {
        readings.push(&catalogue::ENTRY_QUEUE_NEXT, [], number(next));
        readings.push(&catalogue::ENTRY_QUEUE_LAST, [], number(last));
    }
}

fn push_attesters(readings: &mut Readings, rows: &[AttesterRow]) {
    for (state, attesters) in counts_by_state(rows) {
        readings.push(&catalogue::ATTESTERS, [state.name().to_owned()], number(attesters));
    }
    for (position, attesters) in counts_by_position(rows) {
        readings.push(&catalogue::ATTESTERS_AT_POSITION, [position.name().to_owned()], number(attesters));
    }
    for cause in ZombieCause::ALL {
        let zombies = rows.iter().filter(|row| row.zombie_cause == Some(cause)).count();
        readings.push(&catalogue::ZOMBIES, [cause.name().to_owned()], count(zombies));
    }
}

fn push_coinbases(readings: &mut Readings, rows: &[AttesterRow], servers: &ServersByAttester<'_>, now: u64) {
    for row in rows {
        let label = || [address(row.attester), server_label(servers, row.attester)];
        match row.coinbase {
            CoinbaseCheck::Missing { deadline } => {
                readings.push(&catalogue::COINBASE_MISSING, label(), 1.0);
                let at = match deadline {
                    Deadline::Overdue => Some(now),
                    Deadline::Arrival(arrival) => Some(arrival.earliest),
                    Deadline::Unknown => None,
                };
                if let Some(at) = at {
                    readings.push(&catalogue::COINBASE_DEADLINE, label(), number(at));
                }
            }
            CoinbaseCheck::Wrong { .. } | CoinbaseCheck::Zero | CoinbaseCheck::Differs { .. } => {
                readings.push(&catalogue::COINBASE_WRONG, label(), 1.0);
            }
            CoinbaseCheck::NotApplicable
            | CoinbaseCheck::Matches
            | CoinbaseCheck::Unknown
            | CoinbaseCheck::Unverifiable { .. } => {}
        }
    }
}

/// What is known of coinbases contradicts itself whatever key files say, so this needs none.
fn push_doubts(readings: &mut Readings, rows: &[AttesterRow], servers: &ServersByAttester<'_>) {
    for (row, why) in attester::unconfirmed(rows) {
        let labels = [address(row.attester), why.name().to_owned(), server_label(servers, row.attester)];
        readings.push(&catalogue::COINBASE_UNVERIFIABLE, labels, 1.0);
    }
}

/// What strangers do to each other is no series.
fn push_duplicates(readings: &mut Readings, findings: &[Finding]) {
    let mut counts: BTreeMap<DuplicateKind, usize> = DuplicateKind::ALL.into_iter().map(|kind| (kind, 0)).collect();
    for finding in findings.iter().filter(|finding| finding.severity != Severity::Info) {
        if let FindingKind::Duplicate(kind) = finding.kind {
            *counts.entry(kind).or_default() += 1;
        }
    }
    for (kind, found) in counts {
        readings.push(&catalogue::DUPLICATES, [kind.name().to_owned()], count(found));
    }
}

fn push_providers(readings: &mut Readings, snapshot: &NetworkSnapshot) {
    for (id, provider) in &snapshot.providers {
        let label = || [id.to_string()];
        let delegations = snapshot.delegations.iter().filter(|delegation| delegation.provider_id == *id).count();
        readings.push(&catalogue::PROVIDER_QUEUE_LENGTH, label(), count(provider.queue.len()));
        readings.push(&catalogue::PROVIDER_TAKE_RATE, label(), f64::from(provider.take_rate_bps) / 10_000.0);
        readings.push(&catalogue::PROVIDER_ADMIN_CHANGE, label(), truth(provider.pending_admin.is_some()));
        readings.push(&catalogue::PROVIDER_DELEGATIONS, label(), count(delegations));
    }
}

/// An address as labels have it.
#[must_use]
pub fn address(address: Address) -> String {
    checksummed(&address).into()
}

/// Which servers run each attester, as key files say.
pub type ServersByAttester<'a> = BTreeMap<Address, BTreeSet<&'a str>>;

/// The servers of an attester as the label `server` has them: empty where no key file has it, in order with commas between them
/// where several do.
#[must_use]
pub fn server_label(servers: &ServersByAttester<'_>, attester: Address) -> String {
    servers.get(&attester).into_iter().flatten().copied().collect::<Vec<_>>().join(",")
}

/// An amount of 18 decimals in whole units, rounded as a number with a point is.
pub(crate) fn units(amount: U256) -> f64 {
    // An amount that is too large for the text is too large for anything that exists.
    format_units(amount, 18_u32).ok().and_then(|text| text.parse().ok()).unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests;
