//! Asking further endpoints for their opinion, and how long each is waited for.
//!
//! An opinion that nothing stands against is waited for in bounds of its own, which are held against nobody. Where the truth
//! depends on it, the endpoint's own deadline is the bound, and so while somebody else stands back for a lie.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use super::voice::{Asking, BESIDE, Late, Voice, ask, opinion, same};
use crate::client::endpoint::{Endpoint, Lateness};
use crate::client::l1::L1Client;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// How long an opinion is waited for that nothing stands against, while nobody was found to lie.
const PATIENCE: Duration = Duration::from_secs(5);

/// The endpoints that may still be asked about some calls.
pub(super) struct Others<'c> {
    pub(super) client: &'c L1Client,
    pub(super) pin: &'c BlockRef,
    pub(super) asked: BTreeSet<usize>,
}

impl<'c> Others<'c> {
    fn next(&mut self, late: Late) -> Option<&'c Endpoint> {
        let endpoint = self.client.witness(self.pin, &self.asked, late)?;
        self.asked.insert(endpoint.index());
        Some(endpoint)
    }

    /// The opinion of the next one that has any.
    pub(super) async fn hear(&mut self, calls: &[Call]) -> Option<Voice> {
        let patience = self.client.patience(PATIENCE);
        while let Some(endpoint) = self.next(Late::Counts) {
            match timeout(patience, ask(endpoint, self.pin, calls)).await {
                Ok(answer) => {
                    if let Some(heard) = opinion(endpoint, answer) {
                        return Some(heard);
                    }
                }
                Err(_) => endpoint.note_late(patience, Lateness::Silent),
            }
        }
        None
    }

    /// The same where the truth depends on it: each is waited for as long as its own deadline says.
    pub(super) async fn decide(&mut self, calls: &[Call]) -> Option<Voice> {
        while let Some(endpoint) = self.next(Late::IsForgiven) {
            if let Some(heard) = opinion(endpoint, ask(endpoint, self.pin, calls).await) {
                return Some(heard);
            }
        }
        None
    }

    /// Waits for the second opinion, and asks for a third when it does not come soon. Both are returned where the first of
    /// them says something else than the giver.
    pub(super) async fn wait_for(
        &mut self,
        calls: &[Call],
        given: &[Outcome],
        (second, mut two): (&'c Endpoint, Asking<'_>),
        patience: Duration,
    ) -> Vec<Voice> {
        let asked_at = Instant::now();
        if let Ok(answer) = timeout(patience, &mut two).await {
            let heard = match opinion(second, answer) {
                Some(heard) => Some(heard),
                None => self.hear(calls).await,
            };
            return heard.into_iter().collect();
        }
        let most = self.client.patience(PATIENCE);
        let deadline = Instant::now() + most.saturating_sub(patience).max(BESIDE);
        let Some(third) = self.next(Late::Counts) else {
            let Ok(answer) = timeout_at(deadline, two).await else {
                second.note_late(asked_at.elapsed(), Lateness::Silent);
                return Vec::new();
            };
            return opinion(second, answer).into_iter().collect();
        };
        let mut three = ask(third, self.pin, calls);
        let quicker = async {
            tokio::select! {
                answer = &mut two => (second, answer, third),
                answer = &mut three => (third, answer, second),
            }
        };
        let Ok((quick, answer, slow)) = timeout_at(deadline, quicker).await else {
            second.note_late(asked_at.elapsed(), Lateness::Silent);
            third.note_late(asked_at.elapsed().saturating_sub(patience), Lateness::Silent);
            return Vec::new();
        };
        let rest = if slow.index() == second.index() { two } else { three };
        match opinion(quick, answer) {
            Some(heard) if same(calls, given, &heard.1) => {
                if slow.index() == second.index() {
                    second.note_late(asked_at.elapsed(), Lateness::Outpaced);
                }
                vec![heard]
            }
            // Now it depends on the slow one, which is waited for as long as its own deadline says.
            Some(heard) => {
                let other = opinion(slow, rest.await);
                std::iter::once(heard).chain(other).collect()
            }
            None => {
                let Ok(answer) = timeout_at(deadline, rest).await else {
                    slow.note_late(asked_at.elapsed().saturating_sub(patience), Lateness::Silent);
                    return Vec::new();
                };
                opinion(slow, answer).into_iter().collect()
            }
        }
    }
}
