//! What is left at rollups that are not canonical any more.

use ethers_core::types::U256;

use super::{Finding, FindingKind, Severity, Subject};
use crate::domain::attester::overview::AttesterRow;
use crate::domain::attester::position::Position;
use crate::domain::capability::{Capability, DatedSlasher};
use crate::domain::rollups::FormerRollup;
use crate::domain::snapshot::NetworkSnapshot;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// Everything that former rollups hold and somebody should know of.
#[must_use]
pub fn of_former_rollups(snapshot: &NetworkSnapshot, rows: &[AttesterRow]) -> Vec<Finding> {
    let mut found: Vec<Finding> = rows.iter().filter_map(left_behind).collect();
    found.extend(snapshot.former_rollups.iter().filter_map(rewards_left));
    found.extend(snapshot.former_rollups.iter().filter_map(unread));
    found
}

/// What is to be known of the rollups that hold something of ours: who else may slash there, and what they do not tell.
#[must_use]
pub fn of_rollups(snapshot: &NetworkSnapshot) -> Vec<Finding> {
    let now = snapshot.block.timestamp;
    let mut found: Vec<Finding> =
        snapshot.missing().into_iter().map(|(which, capability)| missing(capability, &which)).collect();
    let former = snapshot.former_rollups.iter().filter(|former| former.holds_stakes());
    let former = former.filter_map(|former| Some((former.figures.as_deref()?, "former rollup")));
    for (figures, which) in std::iter::once((&snapshot.rollup, "rollup")).chain(former) {
        let which = format!("{which} (version {})", figures.version);
        let Some(change) = &figures.slasher_change else { continue };
        if let Some(pending) = change.pending {
            found.push(slasher_pending(&pending, now, &which));
        }
        if let Some(legacy) = change.legacy_at(now) {
            let what = format!("the slasher before, {}, may still slash at the {which}", checksummed(&legacy.slasher));
            let finding = Finding::new(FindingKind::SlasherLegacy, Severity::Info, Subject::Network, what)
                .marked(format!("{}, {which}", checksummed(&legacy.slasher)));
            found.push(finding.until(legacy.at).telling_when("and loses that right"));
        }
    }
    found
}

fn missing(capability: Capability, which: &str) -> Finding {
    Finding::new(FindingKind::CapabilityMissing, Severity::Warning, Subject::Network, capability.told(which))
        .marked(format!("{}, {which}", capability.name()))
}

fn slasher_pending(pending: &DatedSlasher, now: u64, which: &str) -> Finding {
    let slasher = checksummed(&pending.slasher);
    // That its time came is another thing than that it waits, and told anew.
    let (what, words, stage) = if pending.at > now {
        (format!("another slasher, {slasher}, is queued for the {which}"), "and may be installed", "waits")
    } else {
        (format!("anybody may install another slasher, {slasher}, at the {which}:"), "its time came", "may come")
    };
    let finding = Finding::new(FindingKind::SlasherPending, Severity::Info, Subject::Network, what);
    finding.marked(format!("{slasher}, {which}, {stage}")).until(pending.at).telling_when(words)
}

/// One that validates where nothing is canonical any more.
fn left_behind(row: &AttesterRow) -> Option<Finding> {
    let rollup = row.rollup.filter(|_| row.at_former && row.position == Position::Validating)?;
    let what = format!(
        "it did not move along: it validates at the former rollup (version {}), and can be slashed there",
        rollup.version
    );
    let subject = Subject::Attester(row.attester);
    let finding = Finding::new(FindingKind::LeftBehind, Severity::Warning, subject, what);
    Some(finding.with_remedy(format!(
        "keep its node for that rollup, and ask its withdrawer to call `initiateWithdraw` at {}",
        checksummed(&rollup.address)
    )))
}

fn rewards_left(former: &FormerRollup) -> Option<Finding> {
    let sum = former.pending_rewards.values().try_fold(U256::zero(), |sum, each| sum.checked_add(*each))?;
    if sum.is_zero() {
        return None;
    }
    let what = format!(
        "{} tokens of rewards wait at the former rollup (version {}) for {}",
        amount(sum, 4),
        former.id.version,
        count(former.pending_rewards.len(), "coinbase")
    );
    let finding = Finding::new(FindingKind::RewardsLeft, Severity::Info, Subject::Network, what)
        .marked(former.id.version.to_string());
    Some(finding.with_remedy(format!(
        "anybody may call `claimSequencerRewards` at {} for each of them; it pays the coinbase",
        checksummed(&former.id.address)
    )))
}

fn unread(former: &FormerRollup) -> Option<Finding> {
    former.unread.as_ref()?;
    let what = format!("{}: not all that it holds of yours is known", former.silence());
    let finding = Finding::new(FindingKind::FormerRollupUnread, Severity::Warning, Subject::Network, what);
    Some(finding.marked(former.id.version.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::attester::overview::{CoinbaseRules, overview};
    use crate::domain::attester::view::OnChainStatus::{Exiting, Validating};
    use crate::domain::findings::reach::{book, found_with};
    use crate::domain::rollups::RollupId;
    use crate::domain::samples::{address, coinbase, network, view};

    fn found(change: impl FnOnce(&mut FormerRollup)) -> Vec<(FindingKind, String)> {
        let mut snapshot = network();
        let mut former = FormerRollup::empty(RollupId { address: address(9_100), version: 7.into() }, 0);
        change(&mut former);
        snapshot.attesters = former.attesters.clone();
        snapshot.former_rollups = vec![former];
        let keys = book(Vec::new());
        let rows = overview(&snapshot, &keys, &BTreeMap::new(), CoinbaseRules::default());
        let all = found_with(&snapshot, &keys, &rows).into_iter().map(|finding| (finding.kind, finding.message(0)));
        let kinds = [FindingKind::LeftBehind, FindingKind::RewardsLeft, FindingKind::FormerRollupUnread];
        all.filter(|(kind, _)| kinds.contains(kind)).collect()
    }

    #[test]
    fn an_empty_former_rollup_is_nothing_to_speak_of() {
        assert!(found(|_| ()).is_empty());
        assert!(found(|former| former.attesters = [(address(1), view(Exiting, true))].into()).is_empty());
    }

    #[test]
    fn what_is_left_there_is_told_with_its_rollup() {
        let told = found(|former| {
            former.attesters = [(address(1), view(Validating, true))].into();
            former.pending_rewards = [(coinbase(101), U256::exp10(18) * 3), (coinbase(102), U256::exp10(18))].into();
        });
        let [(FindingKind::LeftBehind, left), (FindingKind::RewardsLeft, rewards)] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert!(left.contains("version 7"), "{left}");
        assert!(rewards.contains("4 tokens") && rewards.contains("2 coinbases"), "{rewards}");
        let told = found(|former| former.unread = Some("getAttesterView".to_owned()));
        assert!(told[0].1.contains("getAttesterView"), "{told:?}");
    }
}
