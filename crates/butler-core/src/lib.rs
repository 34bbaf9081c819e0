//! What the three butler programs share: decisions, contracts, clients, configuration.
//!
//! `domain` is pure: it decides from facts and knows no clock, file, socket or task. Everything else brings facts to it
//! or carries its answers away. `docs/architecture.md` draws the layers; `tests/layers/` enforces them.

pub mod chain;
pub mod client;
pub mod config;
pub mod contracts;
pub mod control;
#[cfg(feature = "daemon")]
pub mod daemon;
pub mod domain;
#[doc(hidden)]
pub mod fuzzing;
pub mod key_files;
pub mod network;
pub mod proposing;
pub mod runtime;
#[cfg(feature = "sign")]
pub mod sign;
pub mod store;
pub mod text;
pub mod transaction;
