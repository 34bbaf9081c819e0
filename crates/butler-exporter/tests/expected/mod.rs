//! A world in which every family has a value, and these values: one module for each subject.

mod chain;
mod governance;
mod hosts;
mod labels;
mod life;
mod nodes;
mod rewards;
mod runway;
mod sentinel;
mod slashing;

use std::time::{Duration, Instant};

use butler_exporter::catalogue;
use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Block, Oracle};
use butler_testkit::proxy::FaultProxy;

use crate::support::{Bench, PATIENCE, Series};

/// What stands beside the devnet while the program runs.
pub(crate) struct World {
    node: FakeAztecNode,
    /// What was voted on.
    ballots: slashing::Ballots,
    /// The head of the chain after everything that happened on it.
    head: Block,
    /// When the proposal was made.
    proposed_at: u64,
    /// When the first delegation to provider 1 was, and how many there are.
    delegations: (u64, u64),
    /// Whether the well funded publisher has spent one ether.
    has_spent: bool,
    _host: FaultProxy,
}

impl World {
    /// Starts everything and adds it to the configuration.
    pub(crate) async fn stand_up(bench: &Bench) -> Self {
        labels::stand_up(bench);
        // Much more than is spent here.
        let l1 = "[[networks.devnet.l1]]";
        bench.reconfigure(l1, &format!("{l1}\ncredits_per_day = 1000000000"));
        rewards::stand_up(bench).await;
        let ballots = slashing::stand_up(bench).await;
        let proposed_at = governance::stand_up(bench).await;
        let delegations = runway::delegations(bench).await;
        let node = nodes::stand_up(bench).await;
        let head = head(bench).await;
        sentinel::play(bench, head, &node);
        Self {
            _host: hosts::stand_up(bench, &node).await,
            node,
            ballots,
            head,
            proposed_at,
            delegations,
            has_spent: false,
        }
    }

    /// What happens after the first scrape, for readings that need two.
    pub(crate) async fn go_on(&mut self, bench: &Bench) {
        runway::spend(bench).await;
        (self.head, self.has_spent) = (head(bench).await, true);
        sentinel::play(bench, self.head, &self.node);
    }
}

async fn head(bench: &Bench) -> Block {
    let (number, timestamp) = (bench.chain.block_number().await.unwrap(), bench.chain.timestamp().await.unwrap());
    Block { number, timestamp }
}

/// Fails unless every series that somebody knows the value of has it.
pub(crate) fn assert_expected(bench: &Bench, world: &World, series: &Series) {
    let faults = faults(bench, world, series);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The series that are not there, or have another value than they should.
pub(crate) fn faults(bench: &Bench, world: &World, series: &Series) -> Vec<String> {
    let values = [
        chain::expected(bench, world),
        life::expected(bench),
        nodes::expected(bench),
        sentinel::expected(bench, world),
        hosts::expected(),
        slashing::expected(bench, world),
        governance::expected(bench, world),
        runway::expected(bench, world),
        rewards::expected(bench),
        labels::expected(),
    ];
    let values = values.into_iter().flatten().filter_map(|(key, value)| match series.get(&key) {
        Some(found) if (found - value).abs() < 1e-9 => None,
        Some(found) => Some(format!("{key} is {found}, not {value}")),
        None => Some(format!("{key} is not there; it should be {value}")),
    });
    values.collect()
}

/// Families that no honest chain with whole files, one rollup and no TLS has a series of; `tests/tls.rs`, `tests/claims.rs`, `tests/files_gone.rs`,
/// `tests/devnet.rs` and `tests/cut_over.rs` show them.
const SUSPECT: [&str; 15] = [
    "butler_certificate_expiry_timestamp_seconds",
    "butler_coinbase_unverifiable",
    "butler_key_file_kept",
    "butler_key_file_faulty",
    "butler_former_rollup_attesters",
    "butler_former_rollup_rewards",
    "butler_former_rollup_unread",
    "butler_former_rollup_duties_end_timestamp_seconds",
    "butler_capability_missing",
    "butler_slasher_pending_timestamp_seconds",
    "butler_slasher_legacy_until_timestamp_seconds",
    "butler_attester_exit_window_seconds",
    "butler_attester_exits_used",
    "butler_attester_exits_allowance",
    "butler_attester_exit_possible",
];

/// The families of which no series is there.
pub(crate) fn unseen(series: &Series) -> Vec<&'static str> {
    let is_seen =
        |family: &catalogue::Family| series.keys().any(|key| family.has_series(key.split('{').next().unwrap()));
    let unseen = catalogue::all().filter(|family| !is_seen(family)).map(|family| family.name);
    unseen.filter(|name| !SUSPECT.contains(name)).collect()
}

/// Waits until everything is as expected: scrapers begin at different moments, and Prometheus comes later.
pub(crate) async fn settled(bench: &Bench, world: &World, look: impl Fn() -> Option<Series>) -> Series {
    let began = Instant::now();
    loop {
        let series = look().unwrap_or_default();
        let (faults, unseen) = (faults(bench, world, &series), unseen(&series));
        if faults.is_empty() && unseen.is_empty() {
            return series;
        }
        assert!(began.elapsed() < PATIENCE, "{}\nnot there: {unseen:?}", faults.join("\n"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The series of a family that has no other label than the network.
fn of(family: &str) -> String {
    format!("{family}{{network=\"devnet\"}}")
}

/// The series of a family with one more label.
fn with(family: &str, label: &str, value: &str) -> String {
    format!("{family}{{network=\"devnet\",{label}=\"{value}\"}}")
}

/// When a slot begins.
fn slot_start(oracle: &Oracle, slot: u64) -> u64 {
    oracle.rollup.genesis_time + slot * oracle.rollup.slot_duration
}

/// The slot of a time.
fn slot_at(oracle: &Oracle, timestamp: u64) -> u64 {
    (timestamp - oracle.rollup.genesis_time) / oracle.rollup.slot_duration
}

fn number(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}
