//! What contracts answer is believed when a second endpoint says the same, where there is a second one.
//!
//! Both are asked side by side, so it costs no round trip; where they differ, the calls in question are put to further ones
//! until two agree (`settle`). An endpoint whose opinion does not come soon is not waited for, one that lacks the block is
//! not held to blame, and an endpoint alone is believed: what speaks against it then are the contracts themselves.

mod settle;

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, timeout};

use self::settle::{Contest, agree};
use super::calls::{OnTimeout, read_calls};
use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// How long a second answer is waited for when the first one is there, unless that one took longer itself.
const BESIDE: Duration = Duration::from_secs(1);
/// How long an opinion is waited for that is asked for afterwards.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// What contracts answered, and who says so.
#[derive(Debug)]
pub struct Told {
    /// How each call ended, in the order of the calls.
    pub outcomes: Vec<Outcome>,
    /// The endpoint that answered: its index.
    pub giver: usize,
    /// Another endpoint that says the same, but for what is disputed.
    pub witness: Option<usize>,
    /// What the witness says otherwise, by the place of the call, where no third endpoint decides.
    pub disputed: BTreeMap<usize, Outcome>,
}

impl Told {
    fn by(giver: usize, outcomes: Vec<Outcome>) -> Self {
        Self { outcomes, giver, witness: None, disputed: BTreeMap::new() }
    }
}

impl L1Client {
    /// Reads contracts at the block with that hash, at two endpoints where there are as many.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered.
    pub async fn calls(&self, pin: &BlockRef, calls: &[Call]) -> Result<Told, RpcError> {
        let first = self.best_endpoint(&BTreeSet::new());
        let second = first.and_then(|first| self.witness(pin, &BTreeSet::from([first.index()])));
        let (Some(first), Some(second), false) = (first, second, calls.is_empty()) else {
            return self.calls_in_rounds(pin, calls, BTreeMap::new()).await;
        };
        // What a call does with little gas is no endpoint's opinion, and is asked for elsewhere.
        let comparable: Vec<usize> =
            calls.iter().enumerate().filter(|(_, call)| call.limit.is_none()).map(|(place, _)| place).collect();
        let mut others = Others { client: self, pin, asked: BTreeSet::from([first.index(), second.index()]) };
        let (mut told, second) = match side_by_side(pin, calls, first, second).boxed().await {
            (Ok(one), two) => (self.told(first, one), opinion(second, two)),
            (Err(failure), Ok(two)) => {
                first.blame_for(&failure);
                (self.told(second, two), None)
            }
            (Err(one), Err(two)) => {
                let known = BTreeMap::from([(first.index(), one), (second.index(), two)]);
                return self.calls_in_rounds(pin, calls, known).await;
            }
        };
        let second = match second {
            Some(heard) => Some(heard),
            None => others.hear(calls).boxed().await,
        };
        if let Some((witness, outcomes)) = second {
            told.witness = Some(witness);
            let contests: Vec<Contest> = comparable
                .into_iter()
                .filter_map(|place| Some((place, told.outcomes.get(place)?, outcomes.get(place)?)))
                .filter(|(_, one, other)| !agree(one, other))
                .map(|(place, one, other)| Contest::new(place, (told.giver, one.clone()), (witness, other.clone())))
                .collect();
            drop(outcomes);
            if !contests.is_empty() {
                self.decide(calls, contests, &mut others, &mut told).boxed().await;
            }
        }
        Ok(told)
    }

    /// The same with nobody to compare it with. Of the endpoints among `known` the first try is over.
    async fn calls_in_rounds(
        &self,
        pin: &BlockRef,
        calls: &[Call],
        known: BTreeMap<usize, RpcFailure>,
    ) -> Result<Told, RpcError> {
        let is_alone = self.endpoints.len() == 1;
        let known = Mutex::new(known);
        let first_try =
            |endpoint: &Endpoint| known.lock().unwrap_or_else(PoisonError::into_inner).remove(&endpoint.index());
        let ask = |endpoint, round| match first_try(endpoint) {
            Some(failure) => ready(Err(failure)).boxed(),
            // A deadline is waited out once more only where nobody else may be quicker.
            None if is_alone || round > 1 => read_calls(endpoint, pin, calls, OnTimeout::AskForLess).boxed(),
            None => read_calls(endpoint, pin, calls, OnTimeout::PassOn).boxed(),
        };
        let (giver, outcomes) = self.in_rounds("eth_call", || self.order(), ask).await?;
        Ok(Told::by(giver, outcomes))
    }

    fn told(&self, endpoint: &Endpoint, outcomes: Vec<Outcome>) -> Told {
        self.answered(endpoint);
        Told::by(endpoint.index(), outcomes)
    }

    /// The best endpoint for an opinion about that block: one that is not among `asked`, does not stand back, and has the block
    /// as far as it told.
    fn witness(&self, pin: &BlockRef, asked: &BTreeSet<usize>) -> Option<&Endpoint> {
        let now = Instant::now();
        self.order().into_iter().find(|endpoint| {
            let has_block = endpoint.record().head.is_none_or(|head| head >= pin.number);
            !asked.contains(&endpoint.index()) && !endpoint.health().is_quarantined(now) && has_block
        })
    }

    /// Puts what is contested to further endpoints, and whoever is outvoted aside.
    async fn decide(&self, calls: &[Call], contests: Vec<Contest>, others: &mut Others<'_>, told: &mut Told) {
        let mut open = contests;
        while !open.is_empty() {
            let asked: Vec<Call> = open.iter().filter_map(|contest| calls.get(contest.place)).cloned().collect();
            let Some((endpoint, outcomes)) = others.hear(&asked).await else { break };
            let mut rest = Vec::new();
            for (mut contest, outcome) in open.into_iter().zip(outcomes) {
                contest.hear(endpoint, outcome);
                match contest.majority() {
                    Some(outcome) => self.settle(calls, &contest, outcome, told, |_| true),
                    None => rest.push(contest),
                }
            }
            open = rest;
        }
        for contest in open {
            // Where a revert is as good as an answer, neither is believed before the other.
            let is_optional = calls.get(contest.place).is_some_and(|call| call.is_optional);
            match contest.only_answer().filter(|_| !is_optional) {
                // Whoever lets revert what the first one answers may be right: nobody is blamed for that.
                Some(outcome) => {
                    let giver = told.giver;
                    self.settle(calls, &contest, outcome, told, |endpoint| endpoint == giver);
                }
                None => {
                    told.disputed.extend(contest.of(told.witness).map(|outcome| (contest.place, outcome.clone())));
                }
            }
        }
    }

    /// Notes what is decided, and puts aside whoever says something else and `may_be_blamed`.
    fn settle(
        &self,
        calls: &[Call],
        contest: &Contest,
        outcome: Outcome,
        told: &mut Told,
        may_be_blamed: impl Fn(usize) -> bool,
    ) {
        let function = calls.get(contest.place).map(|call| call.function.clone().into_owned()).unwrap_or_default();
        for liar in contest.outvoted(&outcome).filter(|endpoint| may_be_blamed(*endpoint)) {
            let failure = if contest.is_revert(liar) {
                RpcFailure::Contradicted { function: function.clone() }
            } else {
                RpcFailure::Outvoted { function: function.clone() }
            };
            self.blame_once(liar, &failure);
        }
        if let Some(slot) = told.outcomes.get_mut(contest.place) {
            *slot = outcome;
        }
    }
}

/// What came of asking one endpoint.
type Answer = Result<Vec<Outcome>, RpcFailure>;

/// Asks both at once. The second is not waited for long when the first has answered.
async fn side_by_side(pin: &BlockRef, calls: &[Call], first: &Endpoint, second: &Endpoint) -> (Answer, Answer) {
    let began = Instant::now();
    let mut one = pin!(read_calls(first, pin, calls, OnTimeout::PassOn));
    let mut two = pin!(read_calls(second, pin, calls, OnTimeout::PassOn));
    tokio::select! {
        one = &mut one => {
            if one.is_err() {
                return (one, two.await);
            }
            let patience = began.elapsed().max(BESIDE);
            (one, within(patience, two).await)
        }
        two = &mut two => (one.await, two),
    }
}

async fn within(patience: Duration, answer: impl Future<Output = Answer>) -> Answer {
    timeout(patience, answer).await.unwrap_or(Err(RpcFailure::Timeout(patience)))
}

/// Takes an opinion, or notes that there is none.
fn opinion(endpoint: &Endpoint, answer: Answer) -> Option<(usize, Vec<Outcome>)> {
    match answer {
        Ok(outcomes) => Some((endpoint.index(), outcomes)),
        Err(failure) => {
            tracing::debug!(endpoint = endpoint.name(), "no opinion of {}: {failure}", endpoint.name());
            endpoint.blame_for(&failure);
            None
        }
    }
}

/// The endpoints that may still be asked about some calls.
struct Others<'c> {
    client: &'c L1Client,
    pin: &'c BlockRef,
    asked: BTreeSet<usize>,
}

impl Others<'_> {
    /// The opinion of the next one that has any.
    async fn hear(&mut self, calls: &[Call]) -> Option<(usize, Vec<Outcome>)> {
        while let Some(endpoint) = self.client.witness(self.pin, &self.asked) {
            self.asked.insert(endpoint.index());
            let answer = within(AFTERWARDS, read_calls(endpoint, self.pin, calls, OnTimeout::PassOn)).await;
            if let Some(heard) = opinion(endpoint, answer) {
                return Some(heard);
            }
        }
        None
    }
}
