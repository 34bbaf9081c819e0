//! What is wrong with what own attesters proposed and attested, by L1 alone.
//!
//! Nobody is believed here but the chain: no node is asked, and no key file. What could not be read is told as that, and never as
//! missed; nothing is said of a coinbase without a proposal that proves it.

mod coinbases;
mod missed;
mod rates;
mod unread;

use std::collections::BTreeSet;

use ethers_core::types::Address;

use super::{Finding, Thresholds};
use crate::domain::duties::{DutiesSeen, Expected};

/// Everything that is wrong with what was seen. `expected` is what each attester must have as its coinbase, and `validating` are own
/// attesters that can have duties at that rollup now.
#[must_use]
pub fn of_seen(
    seen: &DutiesSeen,
    expected: &Expected,
    validating: &BTreeSet<Address>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let mut found = coinbases::of_proposals(seen, expected, validating);
    found.extend(missed::of_missed(seen, thresholds));
    found.extend(rates::of_rates(seen));
    found.extend(unread::of_unread(seen));
    found
}

pub use self::unread::of_failure;

#[cfg(test)]
pub(super) mod tests;
