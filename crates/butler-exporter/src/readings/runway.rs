//! How long keys and ether last, as readings.

use std::collections::BTreeMap;

use butler_core::domain::findings::{Finding, Thresholds, provider as find_provider, publisher as find_publisher};
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::runway::{DelegationPace, SpendHistory};
use butler_core::domain::snapshot::NetworkSnapshot;
use ethers_core::types::Address;

use super::{Readings, address, number};
use crate::catalogue;

/// The histories of publishers that are still read, each with what the snapshot says.
pub fn note_balances(histories: &mut BTreeMap<Address, SpendHistory>, snapshot: &NetworkSnapshot) {
    histories.retain(|publisher, _| snapshot.publisher_balances.contains_key(publisher));
    for (publisher, balance) in &snapshot.publisher_balances {
        histories.entry(*publisher).or_default().note(snapshot.block.timestamp, *balance);
    }
}

/// Turns times of delegations and histories of balances into readings, and into what is wrong with them.
#[must_use]
pub fn runway_readings(
    snapshot: &NetworkSnapshot,
    delegations: &BTreeMap<ProviderId, Vec<u64>>,
    histories: &BTreeMap<Address, SpendHistory>,
    thresholds: &Thresholds,
) -> (Readings, Vec<Finding>) {
    let (mut readings, mut findings) = (Readings::default(), Vec::new());
    let now = snapshot.block.timestamp;
    for (id, provider) in &snapshot.providers {
        let times = delegations.get(id).map(Vec::as_slice).unwrap_or_default();
        let Some(pace) = DelegationPace::observed(times, snapshot.block.timestamp) else { continue };
        let rate = number(pace.delegations) / number(pace.seconds);
        readings.push(&catalogue::PROVIDER_DELEGATION_RATE, [id.to_string()], rate);
        let keys = u64::try_from(provider.queue.len()).unwrap_or(u64::MAX);
        if let Some(seconds) = pace.runway_seconds(keys) {
            readings.push(&catalogue::PROVIDER_RUNWAY, [id.to_string()], number(seconds));
            findings.extend(find_provider::of_runway(*id, provider, seconds, now, thresholds));
        }
    }
    for (publisher, history) in histories {
        if let Some(seconds) = history.runway_seconds() {
            readings.push(&catalogue::PUBLISHER_RUNWAY, [address(*publisher)], number(seconds));
            findings.extend(find_publisher::of_runway(*publisher, seconds, now, thresholds));
        }
    }
    (readings, findings)
}
