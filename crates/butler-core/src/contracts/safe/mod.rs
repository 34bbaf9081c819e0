//! Safes: what their owners sign, which version has which companions, what they tell of themselves and of executions.
//!
//! Hashes are computed here by hand, two levels of EIP-712, so that nobody else's word is needed for what is signed;
//! `tests/safe_contracts.rs` holds them against the real contracts of each version. Nothing here reads or signs.

mod events;
mod questions;
mod requests;
mod transaction;
mod typed;
mod version;

pub use self::events::{Execution, Outcome, decode_execution, execution_topics};
pub use self::questions::{MOST_OWNERS, SafeState, safe_questions, state_of_answers, transaction_question};
pub use self::requests::{ServiceRequest, TOTP_SECONDS};
pub use self::transaction::{GasRefund, Operation, SafeAccount, SafeTransaction};
pub use self::version::{SafeVersion, UnknownVersion};
