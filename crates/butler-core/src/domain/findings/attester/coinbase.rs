//! What is wrong with the coinbase of an attester, and what to do about it: both from what is known, so that no remedy speaks of
//! a coinbase that nothing names.

use super::about::about;
use crate::domain::attester::coinbase::{self, CoinbaseCheck, CoinbasePolicy, Deadline, Unverified};
use crate::domain::attester::overview::AttesterRow;
use crate::domain::attester::position::Position;
use crate::domain::findings::{Finding, FindingKind, Severity, Thresholds};

pub(super) fn of_coinbase(row: &AttesterRow, now: u64, thresholds: &Thresholds) -> Option<Finding> {
    let severity = match row.coinbase_severity {
        coinbase::Severity::Ok => return None,
        coinbase::Severity::Warning => Severity::Warning,
        coinbase::Severity::Critical => Severity::Critical,
    };
    match &row.coinbase {
        CoinbaseCheck::NotApplicable | CoinbaseCheck::Matches => None,
        CoinbaseCheck::Wrong { configured, expected } => {
            let what = format!("its coinbase is {configured}, the delegation's split is {expected}");
            let remedy = format!(
                "replace {configured} by {expected} in the node's keystore and reload the node; {}",
                repaid(CoinbasePolicy::Split)
            );
            Some(about(row, FindingKind::CoinbaseWrong, severity, what).with_remedy(remedy))
        }
        CoinbaseCheck::Zero => {
            let what = "its coinbase in a key file is the zero address: what it earns is nobody's";
            let remedy = match (row.position, row.coinbase_policy) {
                // Nobody has deposited it: there is nobody to look for, and nothing was paid.
                (Position::ProviderQueue | Position::Unregistered, CoinbasePolicy::Split)
                    if (row.coinbase_expected, row.coinbase_doubt) == (None, None) =>
                {
                    "remove the zero address from the node's keystore and its copy: it is not staked, and a delegation will create the right coinbase".to_owned()
                }
                (
                    Position::ProviderQueue
                    | Position::Unregistered
                    | Position::EntryQueue
                    | Position::Validating
                    | Position::Zombie
                    | Position::Exiting
                    | Position::Withdrawn
                    | Position::Unknown,
                    CoinbasePolicy::Split | CoinbasePolicy::OwnAddress,
                ) => {
                    format!("{}; what was paid to the zero address is lost", to_write(row, "instead of the zero address"))
                }
            };
            Some(about(row, FindingKind::CoinbaseZero, severity, what).and_then(right_one(row)).with_remedy(remedy))
        }
        CoinbaseCheck::Unknown => {
            let what = format!("its coinbase is unknown ({})", row.coinbase_unknown.as_deref().unwrap_or_default());
            Some(about(row, FindingKind::CoinbaseUnknown, severity, what))
        }
        CoinbaseCheck::Differs { configured, other } => {
            let what = format!("its key files name {configured} and {other} as its coinbase, and it can be only one");
            let remedy = format!(
                "keep the right one of {configured} and {other}, which is your own to know, in every file and keystore, and reload the nodes; {}",
                repaid(CoinbasePolicy::OwnAddress)
            );
            Some(about(row, FindingKind::CoinbaseWrong, severity, what).with_remedy(remedy))
        }
        CoinbaseCheck::Unverifiable { configured, why } => {
            let what =
                format!("its coinbase is {configured}, and nothing confirms that this is right: {}", why.words());
            let remedy = remedy_of_doubt(*why);
            Some(about(row, FindingKind::CoinbaseUnverifiable, severity, what).with_remedy(remedy))
        }
        CoinbaseCheck::Missing { deadline } => {
            let missing = |what| about(row, FindingKind::CoinbaseMissing, severity, what);
            let finding = match deadline {
                Deadline::Overdue => missing("it has no coinbase and it is validating without one").until(now),
                Deadline::Arrival(arrival) => missing("it has no coinbase")
                    .until(arrival.earliest)
                    .critical_within(thresholds.coinbase_critical)
                    .telling_when("and it may be active"),
                Deadline::Unknown => {
                    missing("it has no coinbase and it is staked, and the chain does not say when it will be active")
                }
            };
            let remedy = to_write(row, "as its coinbase");
            Some(finding.and_then(right_one(row)).with_remedy(remedy))
        }
    }
}

/// What to do where nothing is confirmed.
pub(super) fn remedy_of_doubt(why: Unverified) -> &'static str {
    match why {
        Unverified::NotStakedYet => "remove the coinbase: the delegation will create the right one",
        Unverified::RefundsUnread => {
            "change nothing: it is told as soon as an L1 endpoint tells the rollup's refunds (`FailedDeposit`) in time"
        }
        Unverified::OneEndpoint => {
            "change nothing, and bring the other L1 endpoints back: a second one has to confirm it"
        }
        Unverified::NoDelegation => "nothing on chain can confirm it: make sure that it is an address of your own",
        Unverified::Dripped
        | Unverified::SeveralDeposits
        | Unverified::OtherWithdrawer
        | Unverified::NoSplitBeside
        | Unverified::OtherHash
        | Unverified::OtherTerms
        | Unverified::TermsUnknown
        | Unverified::SharedCoinbase
        | Unverified::EndpointsDisagree => {
            "change nothing before it is clear which is right: the runbook says how to find out"
        }
    }
}

/// What to write into the keystore, where that is known; `how` ends the first part.
fn to_write(row: &AttesterRow, how: &str) -> String {
    const THEN: &str = "into the node's keystore, reload the node, update the copy";
    match (row.coinbase_policy, row.coinbase_expected, row.coinbase_doubt) {
        (CoinbasePolicy::OwnAddress, _, _) => format!("write your own address {how} {THEN}"),
        (CoinbasePolicy::Split, Some(expected), _) => format!("write {expected} {how} {THEN}"),
        (CoinbasePolicy::Split, None, Some(why)) => remedy_of_doubt(why).to_owned(),
        (CoinbasePolicy::Split, None, None) => format!(
            "no delegation names a coinbase: find out who deposited it, and if it was you write an address of your own {how} {THEN}"
        ),
    }
}

fn repaid(policy: CoinbasePolicy) -> &'static str {
    match policy {
        CoinbasePolicy::Split => "what was paid to the other one has to be repaid to the delegator by hand",
        CoinbasePolicy::OwnAddress => "what was paid to the other one is there, if that is yours, too",
    }
}

fn right_one(row: &AttesterRow) -> String {
    match (row.coinbase_policy, row.coinbase_expected, row.coinbase_doubt) {
        (CoinbasePolicy::OwnAddress, _, _) => {
            "; it must be an address of your own, as `coinbase_policy` says".to_owned()
        }
        (CoinbasePolicy::Split, Some(expected), _) => format!("; it must be {expected}"),
        (CoinbasePolicy::Split, None, Some(why)) => format!("; which one is right cannot be told: {}", why.words()),
        (CoinbasePolicy::Split, None, None) => String::new(),
    }
}
