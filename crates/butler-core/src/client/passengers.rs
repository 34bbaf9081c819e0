//! Transactions that travel with the next question for the newest block, which is asked anyway: they cost no request of their own.
//!
//! Nobody waits for them: whoever wants one that did not come asks for it. The question comes first: where it fails with them it is asked
//! again without, and for a while nothing travels along.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ethers_core::types::H256;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::error::RpcFailure;
use super::l1::L1Client;
use super::transactions::{Sent, request, sent};
use super::wire::{Answer, Request};

/// How many travel together: some 100 kB before they are compressed.
const SEATS: usize = 8;
/// How many wait at most.
const CROWD: usize = 64;
/// For so long nothing travels along after a question that failed with them.
const BARRED: Duration = Duration::from_secs(3_600);

/// Who wants to travel, and who came.
#[derive(Debug, Default)]
pub(super) struct Passengers(Mutex<Hall>);

#[derive(Debug, Default)]
struct Hall {
    waiting: BTreeSet<H256>,
    came: BTreeMap<H256, Sent>,
    barred: Option<Instant>,
}

impl Passengers {
    fn hall(&self) -> MutexGuard<'_, Hall> {
        // Whatever a panic leaves behind was wanted, or came.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hall {
    /// Those that travel now, `seats` at most. Nobody waits for the journey after it, and what came before and nobody took is gone.
    fn board(&mut self, seats: usize, now: Instant) -> Vec<H256> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() || self.barred.is_some_and(|until| now < until) {
            return Vec::new();
        }
        self.came.clear();
        waiting.into_iter().take(seats.min(SEATS)).collect()
    }
}

impl L1Client {
    /// Has transactions asked for together with the next question for the newest block, as far as there is room.
    pub fn send_along(&self, hashes: impl IntoIterator<Item = H256>) {
        let mut hall = self.passengers.hall();
        hall.waiting.extend(hashes.into_iter().take(SEATS));
        // Of several rollups each wants some; where nobody ever asks for the newest block they are not gathered.
        while hall.waiting.len() > CROWD {
            hall.waiting.pop_first();
        }
    }

    /// Takes those of these transactions that came along. As with [`Self::transactions`], nothing proves that one did what it carries.
    pub fn came_along(&self, hashes: impl IntoIterator<Item = H256>) -> BTreeMap<H256, Sent> {
        let mut hall = self.passengers.hall();
        hashes.into_iter().filter_map(|hash| hall.came.remove_entry(&hash)).collect()
    }

    /// Asks an endpoint, together with who travels along where it is the one that is asked first. Answers are those to `requests`.
    pub(super) async fn exchange_along(
        &self,
        endpoint: &Endpoint,
        requests: &[Request],
    ) -> Result<Vec<Answer>, RpcFailure> {
        let is_first = self.best_endpoint(&BTreeSet::new()).is_some_and(|best| best.index() == endpoint.index());
        let seats = if is_first { endpoint.batch_size().saturating_sub(requests.len()) } else { 0 };
        let hashes = if seats == 0 { Vec::new() } else { self.passengers.hall().board(seats, Instant::now()) };
        if hashes.is_empty() {
            return endpoint.exchange(requests).await;
        }
        let all: Vec<Request> = requests.iter().cloned().chain(hashes.iter().map(request)).collect();
        let mut answers = match endpoint.exchange(&all).await {
            Ok(answers) => answers,
            Err(failure) if failure.kind().may_mean_too_much() => {
                tracing::debug!(endpoint = endpoint.name(), "nothing travels along for a while: {failure}");
                self.passengers.hall().barred = Instant::now().checked_add(BARRED);
                return endpoint.exchange(requests).await;
            }
            Err(failure) => return Err(failure),
        };
        let told = answers.split_off(requests.len().min(answers.len()));
        let came = hashes.into_iter().zip(told).filter_map(|(hash, answer)| {
            let sent = sent(answer.ok()?.get(), hash).ok()?;
            Some((hash, sent?))
        });
        self.passengers.hall().came.extend(came);
        Ok(answers)
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

    #[test]
    fn what_came_is_taken_once_by_whoever_wants_it() {
        let client = L1Client::new(1, &[], super::super::l1::Policy::ONE_SHOT).unwrap();
        let sent = Sent { to: None, input: vec![1].into() };
        let [one, two, three] = [1, 2, 3].map(H256::from_low_u64_be);
        client.passengers.hall().came.extend([(one, sent.clone()), (two, sent.clone())]);
        assert_eq!(client.came_along([two, three]), BTreeMap::from([(two, sent)]));
        assert_eq!(client.came_along([two, three]), BTreeMap::new());
        for number in 0..200 {
            client.send_along(hashes([number]));
        }
        assert_eq!(client.passengers.hall().waiting.len(), CROWD);
        client.passengers.hall().board(1, Instant::now());
        assert_eq!(client.came_along([one]), BTreeMap::new(), "it is gone with the next journey");
    }
}
