//! What a provider changes on Ethereum: planned, checked, simulated as the real sender, sent in one of a few forms, and proven by logs.
//!
//! A `Change` is what is wanted. The checks (`provider`, `keys`, `funding`, `deposit`) hold it against one snapshot and answer that it is so
//! already, that it is refused, or a `Plan`: who sends which calls. They are pure. `simulation` tries the plan at that block, `form` writes
//! it down for whoever signs, `executed` finds it in the chain's own logs. Nothing is sent here.

mod call;
pub mod change;
pub mod deposit;
pub mod executed;
pub mod form;
pub mod funding;
pub mod keys;
pub mod permitted;
pub mod plan;
pub mod provider;
pub mod reading;
pub mod refusal;
pub mod revert;
pub mod safe;
#[cfg(feature = "sign")]
pub mod signed;
pub mod simulation;
pub mod wish;
pub mod wording;

pub use self::call::Call;
