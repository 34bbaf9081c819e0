//! Pure decisions about attesters, queues, coinbases and publishers.
//!
//! Everything here is a total function of facts that were read at one block. Nothing here reads a clock, a file or a
//! socket, and nothing here waits: `tests/layers/` fails when that changes.

pub mod action;
pub mod attester;
pub mod backtest;
pub mod block;
pub mod capability;
pub mod credits;
pub mod duties;
pub mod findings;
pub mod governance;
pub mod ids;
pub mod job;
pub mod operator;
pub mod proposals;
pub mod proposers;
pub mod provider;
pub mod rollup;
pub mod rollups;
pub mod slashing;
pub mod snapshot;

#[cfg(test)]
pub(crate) mod samples;
