//! What is wrong with what own attesters proposed and attested, by L1 alone.
//!
//! Nobody is believed here but the chain: no node is asked, and no key file. What could not be read is told as that, and never as
//! missed; nothing is said of a coinbase without a proposal that proves it. Of former rollups it is told what own attesters did there, with
//! the version of that rollup; what all attesters did is told of the canonical one alone.

mod coinbases;
mod missed;
mod rates;
mod seen;
mod unread;

use std::collections::BTreeSet;

use ethers_core::types::Address;

use self::seen::Seen;
use super::{Finding, Thresholds};
use crate::domain::duties::{DutiesSeen, Expected, FormerDuties};

/// Everything that is wrong with what was seen at the canonical rollup. `expected` is what each attester must have as its coinbase, and
/// `validating` are own attesters that can have duties there now.
#[must_use]
pub fn of_seen(
    seen: &DutiesSeen,
    expected: &Expected,
    validating: &BTreeSet<Address>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    of_rollups((seen, &[]), expected, validating, thresholds)
}

/// The same with what is known of former rollups. Which coinbase the node of a rollup uses is told by the last proposal there, and
/// elsewhere once its attester has no duties there any more.
#[must_use]
pub fn of_rollups(
    (canonical, former): (&DutiesSeen, &[FormerDuties]),
    expected: &Expected,
    validating: &BTreeSet<Address>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let at_any = former.iter().flat_map(|one| &one.validating).chain(validating).copied().collect();
    let mut found = coinbases::of_proposals(&Seen { canonical, former }, expected, &at_any);
    found.extend(missed::of_missed(canonical, thresholds));
    found.extend(rates::of_rates(canonical));
    found.extend(unread::of_unread(canonical, None));
    for one in former {
        found.extend(one.failed.as_deref().map(|why| unread::of_former_failure(one, why)));
        if let Some(seen) = &one.seen {
            found.extend(missed::of_former(seen, one, thresholds));
            found.extend(unread::of_unread(seen, Some(one)));
        }
    }
    found
}

pub use self::unread::of_failure;

#[cfg(test)]
mod former_tests;
#[cfg(test)]
pub(super) mod tests;
