//! What each server's attesters did of their duties, hour by hour, over the last days.
//!
//! What is followed of duties spans a day; hours that it has left behind stay as they were seen, for a week; the program keeps them for its next start.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::duties::{Done, DutiesSeen, Duty};
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

const HOUR: u64 = 3_600;
/// So many hours are kept.
const KEPT: u64 = 7 * 24;

/// The duties of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Strip {
    /// The server.
    pub server: String,
    /// Hours in which it had duties, by their number since 1970.
    pub hours: BTreeMap<u64, Hour>,
    /// The last hour that was read.
    pub last: u64,
}

/// The duties of one hour, as far as they could be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// Proposals and attestations that were done.
    pub done: u64,
    /// Those that were missed.
    pub missed: u64,
}

/// The hours of every server.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StripHistory(BTreeMap<String, BTreeMap<u64, Hour>>);

impl StripHistory {
    /// What the last run of the program had seen.
    #[must_use]
    pub fn of(servers: BTreeMap<String, BTreeMap<u64, Hour>>) -> Self {
        Self(servers)
    }

    /// The hours of each server.
    #[must_use]
    pub fn servers(&self) -> &BTreeMap<String, BTreeMap<u64, Hour>> {
        &self.0
    }

    /// Takes over what was seen, and gives the strip of each of these servers.
    pub fn note(&mut self, seen: &DutiesSeen, servers: &BTreeMap<String, BTreeSet<Address>>) -> Vec<Strip> {
        let hour_of = |slot: u64| seen.clock.slot_start(slot).map(|start| start / HOUR);
        let (Some(first), Some(last)) = (hour_of(seen.slots.0), hour_of(seen.slots.1)) else { return Vec::new() };
        let mut of_attester = BTreeMap::<Address, Vec<&String>>::new();
        for (server, attesters) in servers {
            attesters.iter().for_each(|attester| of_attester.entry(*attester).or_default().push(server));
        }
        let mut now = BTreeMap::<&String, BTreeMap<u64, Hour>>::new();
        for duty in &seen.duties {
            let (Some(hour), Some(run)) = (hour_of(duty.slot), of_attester.get(&duty.attester)) else { continue };
            for server in run {
                now.entry(server).or_default().entry(hour).or_default().count(duty);
            }
        }
        self.0.retain(|server, _| servers.contains_key(server));
        for server in servers.keys() {
            let hours = self.0.entry(server.clone()).or_default();
            // The span begins somewhere in its first hour: of that hour, whoever saw more of it knows more.
            hours.retain(|hour, _| *hour <= first && hour.saturating_add(KEPT) > last);
            for (hour, counted) in now.remove(server).unwrap_or_default() {
                let known = hours.entry(hour).or_insert(counted);
                if counted.seen() > known.seen() {
                    *known = counted;
                }
            }
        }
        let strip = |(server, hours): (&String, &BTreeMap<u64, Hour>)| Strip {
            server: server.clone(),
            hours: hours.clone(),
            last,
        };
        self.0.iter().map(strip).collect()
    }
}

impl Hour {
    fn seen(&self) -> u64 {
        self.done.saturating_add(self.missed)
    }

    fn count(&mut self, duty: &Duty) {
        let count = match duty.done {
            Done::Done => &mut self.done,
            Done::MissedAlone | Done::MissedWithMany => &mut self.missed,
            Done::Excused | Done::Unread => return,
        };
        *count = count.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use butler_core::domain::duties::{DutyKind, NetworkRates};
    use butler_core::domain::rollup::RollupClock;

    use super::*;

    /// Slots of a quarter of an hour, from 1970 on.
    fn seen(slots: (u64, u64), duties: &[(u64, u64, Done)]) -> DutiesSeen {
        let duty = |(slot, attester, done): &(u64, u64, Done)| Duty {
            slot: *slot,
            attester: Address::from_low_u64_be(*attester),
            kind: DutyKind::Attest,
            done: *done,
        };
        DutiesSeen {
            rollup: Address::zero(),
            clock: RollupClock { genesis_time: 0, slot_seconds: 900, epoch_slots: 4 },
            blocks: (0, 0),
            slots,
            proposals: Vec::new(),
            duties: duties.iter().map(duty).collect(),
            network: NetworkRates::default(),
            hatches: BTreeSet::new(),
            gap: None,
            unread: BTreeMap::new(),
        }
    }

    fn servers() -> BTreeMap<String, BTreeSet<Address>> {
        [("a", vec![1, 2]), ("b", vec![3])]
            .map(|(name, of)| (name.to_owned(), of.into_iter().map(Address::from_low_u64_be).collect()))
            .into()
    }

    #[test]
    fn hours_are_counted_by_server_and_outlive_the_span_that_was_read() {
        let mut history = StripHistory::default();
        let first = [(4, 1, Done::Done), (5, 2, Done::MissedAlone), (6, 3, Done::Unread), (7, 9, Done::Done)];
        let strips = history.note(&seen((4, 7), &first), &servers());
        let hour = |done, missed| Hour { done, missed };
        assert_eq!(strips[0], Strip { server: "a".to_owned(), hours: [(1, hour(1, 1))].into(), last: 1 });
        assert_eq!(strips[1].hours, [(1, hour(0, 0))].into());
        // The span begins within the first hour now: what was counted of it before stays.
        let later = [(6, 1, Done::Done), (9, 1, Done::MissedWithMany), (13, 2, Done::Done)];
        let strips = history.note(&seen((6, 15), &later), &servers());
        assert_eq!(strips[0].hours, [(1, hour(1, 1)), (2, hour(0, 1)), (3, hour(1, 0))].into());
        // What could not be read of the first hour then, and can now, counts.
        let again = [(6, 1, Done::Done), (6, 3, Done::Done), (9, 1, Done::MissedWithMany), (13, 2, Done::Done)];
        let strips = history.note(&seen((6, 15), &again), &servers());
        assert_eq!((strips[0].hours[&1], strips[1].hours[&1]), (hour(1, 1), hour(1, 0)));
        // A later look at the same hours replaces them.
        let again = [(9, 1, Done::Done)];
        let strips = history.note(&seen((6, 15), &again), &servers());
        assert_eq!(strips[0].hours, [(1, hour(1, 1)), (2, hour(1, 0))].into());
        let end = 4 * (KEPT + 1) + 3;
        let strips = history.note(&seen((end - 8, end), &[]), &servers());
        assert_eq!((strips[0].hours.keys().copied().collect::<Vec<_>>(), strips[0].last), (vec![2], KEPT + 1));
        let strips = history.note(&seen((end - 8, end), &[]), &BTreeMap::new());
        assert!(strips.is_empty());
    }
}
