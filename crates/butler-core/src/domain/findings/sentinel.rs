//! What is wrong with how own attesters do their duty, as own nodes saw it, and with who tells of it.

use std::collections::BTreeMap;

use ethers_core::types::Address;

use super::{Finding, FindingKind, Level, Severity, Subject, Thresholds};
use crate::domain::slashing::offence::{OffenceKind, OffenceSum};
use crate::domain::slashing::sentinel::{AttesterDuties, HeldReport};
use crate::text::time::count;

/// Everything that is wrong with the sentinels of nodes, by name. Where there is nothing to see nothing is told of them. `silent`
/// are those that did not answer now, with why, in our own words; of these the report is the last that they gave.
#[must_use]
pub fn of_sentinels(
    reports: &BTreeMap<String, HeldReport>,
    silent: &BTreeMap<String, String>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let mut found: Vec<Finding> =
        silent.iter().map(|(node, why)| of_silent(node, why, reports.get(node).and_then(HeldReport::lag))).collect();
    let at_work = || reports.iter().filter(|(_, held)| !held.is_idle());
    if silent.is_empty() && at_work().next().is_some() && !at_work().any(|(_, held)| held.report.is_enabled()) {
        let what = "no node has a sentinel at work: missed duties are not seen";
        found.push(Finding::new(FindingKind::SentinelOff, Severity::Info, Subject::Network, what));
    }
    for (node, held) in at_work().filter(|(_, held)| held.report.is_enabled()) {
        let stale = held.lag().filter(|lag| *lag >= thresholds.sentinel_stale_slots);
        found.extend(stale.map(|lag| {
            let version = held.rollup.version;
            let what = format!(
                "its sentinel is {} behind the rollup (version {version}): it is not believed",
                count(lag, "slot")
            );
            Finding::new(FindingKind::SentinelStale, Severity::Warning, Subject::Node(node.clone()), what)
        }));
        found.extend(held.far_ahead().map(|ahead| {
            let version = held.rollup.version;
            unread(
                node,
                format!(
                    "its sentinel is {} ahead of the rollup (version {version}), which cannot be: it is not believed",
                    count(ahead, "slot")
                ),
            )
        }));
    }
    found
}

/// A sentinel that gives no answer. `lag` is how old what it said last is by now, where it did.
fn of_silent(node: &str, why: &str, lag: Option<u64>) -> Finding {
    let kept = match lag {
        Some(lag) => {
            format!("what it saw last is {} old, and stands until it is too old to be believed", count(lag, "slot"))
        }
        None => "what it sees is not known".to_owned(),
    };
    unread(node, format!("its sentinel does not tell of duties ({why}): {kept}"))
}

fn unread(node: &str, what: String) -> Finding {
    Finding::new(FindingKind::SentinelUnread, Severity::Warning, Subject::Node(node.to_owned()), what)
}

/// An admin port that answers and does not tell when its node takes an attester for inactive; whether it did before decides
/// by which rule own attesters are judged meanwhile. `why` is in our own words.
#[must_use]
pub fn of_untold_rule(node: &str, why: &str, is_kept: bool) -> Finding {
    let meanwhile = if is_kept { "the rule that it told before counts" } else { "what is usual is assumed" };
    let what = format!("its admin port does not tell when it takes an attester for inactive ({why}): {meanwhile}");
    Finding::new(FindingKind::InactivityUntold, Severity::Warning, Subject::Node(node.to_owned()), what)
}

/// An admin port that is not up. `why` is in our own words.
#[must_use]
pub fn of_admin_port(node: &str, why: &str) -> Finding {
    let what = format!("its admin port {why}");
    Finding::new(FindingKind::NodeAdminDown, Severity::Warning, Subject::Node(node.to_owned()), what)
        .at_level(Level::Error)
}

/// Everything that is wrong with the duties of own attesters. From `inactive_streak` attestations missed in a row on it is about
/// to be slashed.
#[must_use]
pub fn of_duties(
    duties: &BTreeMap<Address, AttesterDuties>,
    inactive_streak: u64,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for (attester, duties) in duties {
        let about = |kind, severity, what: String| Finding::new(kind, severity, Subject::Attester(*attester), what);
        let missed = duties.attestations.streak;
        if missed >= inactive_streak {
            let what = format!("it missed its last {missed} attestations: it is about to be slashed");
            found.push(about(FindingKind::AttesterInactive, Severity::Critical, what));
        } else if missed >= thresholds.attestation_streak {
            let what = format!("it missed its last {}", count(missed, "attestation"));
            found.push(about(FindingKind::AttesterMissedAttestations, Severity::Warning, what));
        }
        let missed = duties.proposals.streak;
        if missed >= thresholds.proposal_streak {
            let what = format!("it missed its last {}", count(missed, "proposal"));
            found.push(about(FindingKind::AttesterMissedProposals, Severity::Warning, what));
        }
    }
    found
}

/// Offences of the current round that own nodes noted of own attesters.
#[must_use]
pub fn of_offences(offences: &BTreeMap<(Address, OffenceKind), OffenceSum>) -> Vec<Finding> {
    let noted = offences.iter().filter(|(_, sum)| sum.offences > 0);
    noted
        .map(|((attester, kind), sum)| {
            let what = format!(
                "own nodes noted {} {}: those of others vote to slash it",
                count(sum.offences, "time"),
                kind.name()
            );
            Finding::new(FindingKind::AttesterOffence, Severity::Critical, Subject::Attester(*attester), what)
        })
        .collect()
}
