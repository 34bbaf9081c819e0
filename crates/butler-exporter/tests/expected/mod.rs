//! A world in which every family has a value, and these values: one module for each subject.

mod chain;
mod governance;
mod life;
mod nodes;
mod runway;
mod slashing;

use butler_testkit::aztec_node::FakeAztecNode;
use butler_testkit::devnet::{Block, Oracle};

use crate::support::{Bench, Series};

/// What stands beside the devnet while the program runs.
pub(crate) struct World {
    _node: FakeAztecNode,
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
}

impl World {
    /// Starts everything and adds it to the configuration.
    pub(crate) async fn stand_up(bench: &Bench) -> Self {
        let ballots = slashing::stand_up(bench).await;
        let proposed_at = governance::stand_up(bench).await;
        let delegations = runway::delegations(bench).await;
        Self {
            _node: nodes::stand_up(bench).await,
            ballots,
            head: head(bench).await,
            proposed_at,
            delegations,
            has_spent: false,
        }
    }

    /// What happens after the first scrape, for readings that need two.
    pub(crate) async fn go_on(&mut self, bench: &Bench) {
        runway::spend(bench).await;
        (self.head, self.has_spent) = (head(bench).await, true);
    }
}

async fn head(bench: &Bench) -> Block {
    let (number, timestamp) = (bench.chain.block_number().await.unwrap(), bench.chain.timestamp().await.unwrap());
    Block { number, timestamp }
}

/// Fails unless every series that somebody knows the value of has it.
pub(crate) fn assert_expected(bench: &Bench, world: &World, series: &Series) {
    let values = [
        chain::expected(bench, world),
        life::expected(bench),
        nodes::expected(),
        slashing::expected(bench, world),
        governance::expected(bench, world),
        runway::expected(bench, world),
    ];
    for (key, value) in values.into_iter().flatten() {
        let found = series.get(&key).unwrap_or_else(|| panic!("{key} is not there: {series:#?}"));
        assert!((found - value).abs() < 1e-9, "{key} is {found}, not {value}");
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
