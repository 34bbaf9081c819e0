//! Calls of `propose` are decoded to what the contracts made of them, and nothing else is.
//!
//! `tests/fixtures/proposals.json` has real transactions with the contracts' logs, and what a decoder of other hands and the
//! contracts' getters said of them: 4.1.2, 5.1.0 and a nightly of 6, committees of 4, and of 9, 17 and 48.

#![expect(clippy::unwrap_used, reason = "helpers of a test may fail it; clippy allows that in test functions only")]

mod calls;
mod fixture;
mod flips;
mod hostile;
mod made;
mod recorded;
mod story;
#[path = "../support/two_months.rs"]
mod two_months;
mod wrappers;
