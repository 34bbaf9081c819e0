//! Where wrong passwords came from of late: by address, by network, and by wider network.
//!
//! Bounded at each width: what is forgotten for lack of room is what was wrong longest ago, and its networks are still known. So somebody with
//! a whole network of addresses has no more than one guess before all of it stands behind others.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::super::origin::Origin;

/// The most that are remembered of each width.
const MOST: usize = 4096;
/// For so long an origin is remembered after it was wrong for the last time: somebody else may have its address by then.
const REMEMBERED: Duration = Duration::from_secs(3_600);

/// How often an origin was wrong, then its network, then the wider one; less is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::daemon::http) struct Standing([u64; 3]);

/// How often each was wrong, and when that was last.
#[derive(Debug, Default)]
pub(in crate::daemon::http) struct Failures([BTreeMap<Origin, (u64, Instant)>; 3]);

impl Failures {
    /// Whoever came from there was wrong.
    pub(in crate::daemon::http) fn note(&mut self, origin: Origin, now: Instant) {
        for (known, place) in self.0.iter_mut().zip(origin.within()) {
            if known.len() >= MOST && !known.contains_key(&place) {
                known.retain(|_, (_, last)| is_remembered(*last, now));
                let oldest = known.iter().min_by_key(|(_, (_, last))| *last).map(|(place, _)| *place);
                if let Some(oldest) = oldest.filter(|_| known.len() >= MOST) {
                    known.remove(&oldest);
                }
            }
            let count = count(known, &place, now).saturating_add(1);
            known.insert(place, (count, now));
        }
    }

    /// How an origin stands, as far as that is remembered.
    pub(in crate::daemon::http) fn standing(&self, origin: Origin, now: Instant) -> Standing {
        let mut standing = Standing::default();
        for ((times, known), place) in standing.0.iter_mut().zip(&self.0).zip(origin.within()) {
            *times = count(known, &place, now);
        }
        standing
    }
}

fn count(known: &BTreeMap<Origin, (u64, Instant)>, place: &Origin, now: Instant) -> u64 {
    known.get(place).filter(|(_, last)| is_remembered(*last, now)).map_or(0, |(count, _)| *count)
}

fn is_remembered(last: Instant, now: Instant) -> bool {
    now.saturating_duration_since(last) < REMEMBERED
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn from(text: &str) -> Origin {
        text.parse::<IpAddr>().unwrap().into()
    }

    #[test]
    fn an_address_counts_before_its_network_and_that_before_the_wider_one() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        for _ in 0..9 {
            failures.note(from("192.0.2.1"), now);
        }
        failures.note(from("198.51.100.1"), now);
        let in_order =
            ["203.0.113.1", "198.51.7.1", "192.0.7.1", "198.51.100.2", "192.0.2.2", "198.51.100.1", "192.0.2.1"];
        let standings = in_order.map(|text| failures.standing(from(text), now));
        assert!(standings.is_sorted() && standings.windows(2).all(|pair| pair[0] != pair[1]), "{standings:?}");
    }

    #[test]
    fn who_was_wrong_is_forgotten_an_hour_after_the_last_time() {
        let (mut failures, origin, begin) = (Failures::default(), from("192.0.2.1"), Instant::now());
        let almost = REMEMBERED - Duration::from_secs(1);
        failures.note(origin, begin);
        failures.note(origin, begin + almost);
        assert_eq!(failures.standing(origin, begin + 2 * almost), Standing([2; 3]));
        let over = begin + almost + REMEMBERED;
        assert_eq!(failures.standing(origin, over), Standing::default());
        failures.note(origin, over);
        assert_eq!(failures.standing(origin, over), Standing([1; 3]));
    }

    #[test]
    fn many_addresses_of_one_network_drive_nobody_elses_failures_out_but_the_oldest() {
        let (mut failures, now) = (Failures::default(), Instant::now());
        failures.note(from("198.51.100.1"), now);
        let begin = u32::from(Ipv4Addr::new(10, 0, 0, 0));
        let many = u32::try_from(2 * MOST).unwrap();
        for number in 0..many {
            let later = now + Duration::from_millis(1 + u64::from(number));
            failures.note(IpAddr::from(Ipv4Addr::from(begin + number)).into(), later);
        }
        let later = now + Duration::from_secs(60);
        assert!(failures.0.iter().all(|known| known.len() <= MOST));
        assert_eq!(failures.standing(from("198.51.100.1"), later), Standing([0, 1, 1]), "its network is still known");
        let newest = IpAddr::from(Ipv4Addr::from(begin + many - 1)).into();
        assert_eq!(failures.standing(newest, later), Standing([1, 256, u64::from(many)]));
    }
}
