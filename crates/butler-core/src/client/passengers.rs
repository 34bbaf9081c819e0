//! Who wants to travel with the next question for the newest block, and who came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ethers_core::types::H256;
use tokio::time::Instant;

use super::sent::Sent;

/// How many travel together: some 100 kB before they are compressed.
pub(super) const SEATS: usize = 8;
/// How many wait at most.
pub(super) const CROWD: usize = 64;
/// For so long nothing travels along after a question that failed with them.
pub(super) const BARRED: Duration = Duration::from_secs(3_600);

/// Who wants to travel, and who came.
#[derive(Debug, Default)]
pub(super) struct Passengers(Mutex<Hall>);

/// Where they wait and arrive.
#[derive(Debug, Default)]
pub(super) struct Hall {
    pub(super) waiting: BTreeSet<H256>,
    pub(super) came: BTreeMap<H256, Sent>,
    /// Until when nobody travels.
    pub(super) barred: Option<Instant>,
}

impl Passengers {
    pub(super) fn hall(&self) -> MutexGuard<'_, Hall> {
        // Whatever a panic leaves behind was wanted, or came.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hall {
    /// Those that travel now, `seats` at most. Nobody waits for the journey after it, and what came before and nobody took is gone.
    pub(super) fn board(&mut self, seats: usize, now: Instant) -> Vec<H256> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() || self.barred.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.came.clear();
        waiting.into_iter().take(seats.min(SEATS)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(numbers: impl IntoIterator<Item = u64>) -> Vec<H256> {
        numbers.into_iter().map(H256::from_low_u64_be).collect()
    }

    #[test]
    fn who_finds_no_seat_waits_for_no_other_journey_and_nobody_travels_for_a_while_after_a_failure() {
        let (mut hall, now) = (Hall::default(), Instant::now());
        hall.waiting.extend(hashes(0..20));
        assert_eq!(hall.board(3, now), hashes(0..3));
        assert_eq!(hall.board(3, now), []);
        hall.waiting.extend(hashes(0..20));
        assert_eq!(hall.board(usize::MAX, now).len(), SEATS);
        hall.barred = Some(now + BARRED);
        hall.waiting.extend(hashes(0..2));
        assert_eq!(hall.board(3, now), []);
        hall.waiting.extend(hashes(0..2));
        assert_eq!(hall.board(3, now + BARRED), hashes(0..2));
    }
}
