//! Transactions that travel with the next question for the newest block, which is asked anyway: they cost no request of their own.
//!
//! Nobody waits for them: whoever wants one that did not come asks for it. The question comes first: where it fails with them it is asked
//! again without, and for a while nothing travels along.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::H256;
use tokio::time::Instant;

use super::endpoint::Endpoint;
use super::error::{ErrorKind, RpcFailure};
use super::l1::L1Client;
use super::passengers::{BARRED, CROWD, SEATS};
use super::sent::{Sent, request, sent};
use super::wire::{Answer, Request};

/// The chain and the newest block are asked for first: some refuse each call of a batch that is too much for them.
const FIRST: usize = 2;

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
            Err(failure) if failure.kind() == ErrorKind::Unreachable => return Err(failure),
            Ok(answers) if answers.iter().take(FIRST).all(Result::is_ok) => answers,
            refused => {
                let why = refused.and_then(|answers| answers.into_iter().find_map(Result::err).map_or(Ok(()), Err));
                let why = why.err().map(|failure| failure.to_string()).unwrap_or_default();
                tracing::debug!(endpoint = endpoint.name(), "nothing travels along for a while: {why}");
                self.passengers.hall().barred = Instant::now().checked_add(BARRED);
                return endpoint.exchange(requests).await;
            }
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
    use crate::client::l1::Policy;

    fn hashes(numbers: impl IntoIterator<Item = u64>) -> Vec<H256> {
        numbers.into_iter().map(H256::from_low_u64_be).collect()
    }

    #[test]
    fn what_came_is_taken_once_by_whoever_wants_it() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
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
