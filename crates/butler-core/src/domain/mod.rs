//! Pure decisions about attesters, queues, coinbases and publishers.
//!
//! Everything here is a total function of facts that were read at one block. Nothing here reads a clock, a file or a
//! socket, and nothing here waits: `tests/layers/` fails when that changes.

pub mod arrival;
pub mod block;
pub mod bls_key;
pub mod coinbase;
pub mod delegation;
pub mod deposit;
pub mod duplicates;
pub mod entry_queue;
pub mod fate;
pub mod findings;
pub mod governance;
pub mod host;
pub mod ids;
pub mod key_book;
pub mod labels;
pub mod node;
pub mod offence;
pub mod overview;
pub mod position;
pub mod proof;
pub mod provider;
pub mod provider_ledger;
pub mod publisher;
pub mod queue_key;
pub mod rewards;
pub mod rollup;
pub mod rollups;
pub mod runway;
pub mod sentinel;
pub mod slashing;
pub mod snapshot;
pub mod split;
pub mod split_record;
pub mod state;
pub mod terms;
pub mod transition;
pub mod view;
pub mod zombie;

#[cfg(test)]
pub(crate) mod samples;
