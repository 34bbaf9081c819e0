//! What is wrong with a provider: its queue, its admin, to whom its splits pay. And who comes in next.

use std::collections::BTreeMap;

use super::{Finding, FindingKind, Level, Severity, Subject, Thresholds};
use crate::domain::attester::overview::AttesterRow;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::provider::rewards::ProviderRewards;
use crate::text::address::checksummed;
use crate::text::time::{count, duration};

/// What is wrong with a provider as the chain has it.
#[must_use]
pub fn of_provider(id: ProviderId, provider: &ProviderFacts, thresholds: &Thresholds) -> Vec<Finding> {
    let mut found = Vec::new();
    let keys = provider.queue.len();
    let subject = || Subject::Provider(id);
    if keys == 0 {
        let what = "its queue is empty: it takes no delegations";
        found.push(Finding::new(FindingKind::ProviderQueueEmpty, Severity::Warning, subject(), what));
    } else if u64::try_from(keys).unwrap_or(u64::MAX) < thresholds.short_queue {
        let what = format!("its queue has only {} left", count(keys, "key"));
        found.push(Finding::new(FindingKind::ProviderQueueShort, Severity::Warning, subject(), what));
    }
    if let Some(pending) = provider.pending_admin {
        let what = format!("{} may take over as admin", checksummed(&pending));
        // It may well be the operator's own doing.
        let offered = Finding::new(FindingKind::ProviderAdminChange, Severity::Critical, subject(), what);
        found.push(offered.at_level(Level::Warning));
    }
    found
}

/// What is wrong with how long a provider's keys last. `now` is the snapshot's time.
#[must_use]
pub fn of_runway(
    id: ProviderId,
    provider: &ProviderFacts,
    runway: u64,
    now: u64,
    thresholds: &Thresholds,
) -> Option<Finding> {
    // An empty queue is told as that.
    if provider.queue.is_empty() || runway >= thresholds.provider_runway {
        return None;
    }
    let what = format!("its {} last for {} at the present pace", count(provider.queue.len(), "key"), duration(runway));
    let finding = Finding::new(FindingKind::ProviderRunsDry, Severity::Warning, Subject::Provider(id), what);
    Some(finding.until(now.saturating_add(runway)))
}

/// Who can be let in soon. `now` is the snapshot's time.
#[must_use]
pub fn of_arrivals(rows: &[AttesterRow], now: u64, thresholds: &Thresholds) -> Option<Finding> {
    let waiting = rows.iter().filter_map(|row| Some((row.arrival?.earliest, row.attester)));
    let (earliest, attester) = waiting.min()?;
    if earliest > now.saturating_add(thresholds.arrival_soon) {
        return None;
    }
    let what = "it is the next own deposit that can be let in";
    Some(Finding::new(FindingKind::ArrivalSoon, Severity::Info, Subject::Attester(attester), what).until(earliest))
}

/// Providers whose splits pay a former rewards recipient.
#[must_use]
pub fn of_rewards(rewards: &BTreeMap<ProviderId, ProviderRewards>) -> Vec<Finding> {
    let paying = rewards.iter().filter(|(_, rewards)| rewards.former_recipients > 0);
    paying
        .map(|(id, rewards)| {
            let coinbases = usize::try_from(rewards.former_recipients).unwrap_or(usize::MAX);
            let what = format!("{} pay its part to a former rewards recipient", count(coinbases, "coinbase"));
            Finding::new(FindingKind::FormerRecipient, Severity::Warning, Subject::Provider(*id), what)
        })
        .collect()
}
