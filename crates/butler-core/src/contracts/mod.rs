//! Codecs for the contracts that the butler reads: calldata, return values, events.
//!
//! Nothing here touches a network. The types come from ABI files of our own in `abi/`, which name only what is used;
//! `tests/signatures.rs` holds every selector and topic against a written-down list.

pub mod bindings;
pub mod bn254;
pub mod call;
pub mod checkpoint_events;
pub mod decode;
pub mod deposit_events;
pub mod events;
pub mod exit_events;
mod guard;
pub mod ledger_events;
pub mod multicall;
pub mod packed;
pub mod proof;
pub mod propose;
pub mod safe;
pub mod split;
mod words;
