//! One attester: where the chain has it, what that means, its delegation, deposit, coinbase and key.

pub mod arrival;
pub mod bls_key;
pub mod coinbase;
pub mod delegation;
pub mod deposit;
pub mod duplicates;
pub mod entry_queue;
pub mod fate;
pub mod overview;
pub mod position;
pub mod proof;
pub mod queue_key;
pub mod state;
pub mod transition;
pub mod view;
pub mod zombie;
