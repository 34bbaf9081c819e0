//! A world in which every family has a value, and these values: one module for each subject.

mod chain;
mod life;
mod nodes;

use butler_testkit::aztec_node::FakeAztecNode;

use crate::support::{Bench, Series};

/// What stands beside the devnet while the program runs.
pub(crate) struct World {
    _node: FakeAztecNode,
}

impl World {
    /// Starts everything and adds it to the configuration.
    pub(crate) async fn stand_up(bench: &Bench) -> Self {
        Self { _node: nodes::stand_up(bench).await }
    }
}

/// Fails unless every series that somebody knows the value of has it.
pub(crate) fn assert_expected(bench: &Bench, series: &Series) {
    for (key, value) in chain::expected(bench).into_iter().chain(life::expected(bench)).chain(nodes::expected()) {
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

fn number(value: u64) -> f64 {
    f64::from(u32::try_from(value).unwrap())
}
