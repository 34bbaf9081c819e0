//! What is wrong with a publisher: too little ether, or not for long.

use ethers_core::types::{Address, U256};

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::provider::publisher::PublisherRow;
use crate::text::amount::amount;
use crate::text::time::duration;

/// Decimals of ether that are told.
const DIGITS: usize = 6;

/// What is wrong with what a publisher has. One whose balance was not read is not judged.
#[must_use]
pub fn of_row(row: &PublisherRow, thresholds: &Thresholds) -> Option<Finding> {
    let (balance, lacks) = (row.balance?, row.top_up.unwrap_or_default());
    if lacks.is_zero() {
        return None;
    }
    let dry = row.required.checked_div(U256::from(thresholds.publisher_dry_part)).unwrap_or_default();
    let (kind, severity, words) = if balance.is_zero() || balance < dry {
        (FindingKind::PublisherDry, Severity::Critical, "is nearly dry: it")
    } else {
        (FindingKind::PublisherLow, Severity::Warning, "")
    };
    let (balance, required) = (amount(balance, DIGITS), amount(row.required, DIGITS));
    let what = format!("it {words} has {balance} ETH and should have {required}").replace("  ", " ");
    let finding = Finding::new(kind, severity, Subject::Publisher(row.publisher), what);
    Some(finding.with_remedy(format!("send {} ETH", amount(lacks, DIGITS))))
}

/// What is wrong with how long a publisher's ether lasts. `now` is the snapshot's time.
#[must_use]
pub fn of_runway(publisher: Address, runway: u64, now: u64, thresholds: &Thresholds) -> Option<Finding> {
    if runway >= thresholds.publisher_runway {
        return None;
    }
    let what = format!("its ether lasts for {} at the pace of the last day", duration(runway));
    let finding = Finding::new(FindingKind::PublisherRunsDry, Severity::Warning, Subject::Publisher(publisher), what);
    Some(finding.until(now.saturating_add(runway)).critical_within(thresholds.publisher_runway_critical))
}
