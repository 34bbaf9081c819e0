//! What contracts answer is believed when a second endpoint says the same, where there is a second one.
//!
//! Both are asked side by side, so it costs no round trip; where they differ, the calls in question are put to further ones
//! until two agree (`settle`). Where an opinion does not come soon a third endpoint is asked as well, and the slow one counts
//! all the same when they differ. Slowness is held against nobody but by the endpoint's own deadline; who lacks the block is
//! not held to blame. An endpoint alone is believed: what speaks against it then are the contracts themselves. That of
//! several only one answered is told.

mod others;
mod settle;
mod voice;

use std::collections::{BTreeMap, BTreeSet};
use std::future::ready;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::Instant;

use self::others::Others;
use self::settle::{Contest, Reverts, agree};
use self::voice::{Answer, Asking, BESIDE, Late, Voice, ask, is_comparable, opinion, same};
use super::calls::{OnTimeout, read_calls};
use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// How long it is not told again that only one endpoint answers.
const TOLD_AGAIN: Duration = Duration::from_secs(600);

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
        let told = self.calls_at_two(pin, calls).await?;
        if told.witness.is_none() && self.endpoints.len() > 1 && !calls.is_empty() {
            self.tell_alone(told.giver);
        }
        Ok(told)
    }

    async fn calls_at_two(&self, pin: &BlockRef, calls: &[Call]) -> Result<Told, RpcError> {
        let first = self.best_endpoint(&BTreeSet::new());
        let second = first.and_then(|first| self.witness(pin, &BTreeSet::from([first.index()]), Late::Counts));
        let (Some(first), Some(second), false) = (first, second, calls.is_empty()) else {
            return self.calls_in_rounds(pin, calls, BTreeMap::new()).await;
        };
        let mut others = Others { client: self, pin, asked: BTreeSet::from([first.index(), second.index()]) };
        let began = Instant::now();
        let mut one = ask(first, pin, calls);
        let mut two = ask(second, pin, calls);
        let (one, two) = tokio::select! {
            answer = &mut one => (answer, Second::Asked(two)),
            answer = &mut two => (one.await, Second::Answered(answer)),
        };
        let (mut told, voices) = match (one, two) {
            (Ok(outcomes), Second::Answered(two)) => {
                let told = self.told(first, outcomes);
                let heard = match opinion(second, two) {
                    Some(heard) => Some(heard),
                    None => others.hear(calls).boxed().await,
                };
                (told, heard.into_iter().collect())
            }
            (Ok(outcomes), Second::Asked(two)) => {
                let told = self.told(first, outcomes);
                let patience = began.elapsed().max(BESIDE);
                let voices = others.wait_for(calls, &told.outcomes, (second, two), patience).boxed().await;
                (told, voices)
            }
            (Err(failure), second_answer) => {
                let two = match second_answer {
                    Second::Asked(two) => two.await,
                    Second::Answered(answer) => answer,
                };
                match two {
                    Ok(outcomes) => {
                        first.blame_for(&failure);
                        let told = self.told(second, outcomes);
                        (told, others.hear(calls).boxed().await.into_iter().collect())
                    }
                    Err(other) => {
                        let known = BTreeMap::from([(first.index(), failure), (second.index(), other)]);
                        return self.calls_in_rounds(pin, calls, known).await;
                    }
                }
            }
        };
        self.compare(calls, voices, &mut others, &mut told).await;
        Ok(told)
    }

    /// Holds what the giver says against what the others say of the same calls.
    async fn compare(&self, calls: &[Call], voices: Vec<Voice>, others: &mut Others<'_>, told: &mut Told) {
        let is_same = |voice: &&Voice| same(calls, &told.outcomes, &voice.1);
        let Some(witness) = voices.iter().find(is_same).or(voices.first()).map(|(endpoint, _)| *endpoint) else {
            return;
        };
        told.witness = Some(witness);
        let mut contests = Vec::new();
        for (place, one) in told.outcomes.iter().enumerate().filter(|(place, _)| is_comparable(calls, *place)) {
            let reverts = Reverts::of(calls, place);
            let mut contest = Contest::new(place, reverts, (told.giver, one.clone()));
            let said = voices.iter().filter_map(|(endpoint, outcomes)| Some((*endpoint, outcomes.get(place)?)));
            if said.clone().any(|(_, other)| !agree(one, other, reverts)) {
                said.for_each(|(endpoint, outcome)| contest.hear(endpoint, outcome.clone()));
                contests.push(contest);
            }
        }
        drop(voices);
        if !contests.is_empty() {
            self.decide(calls, contests, others, told).boxed().await;
        }
    }

    /// Says that nobody confirms what an endpoint answers; not at every reading.
    fn tell_alone(&self, giver: usize) {
        let Some(giver) = self.endpoints.get(giver) else { return };
        let now = Instant::now();
        let mut told_at = self.alone_since.lock().unwrap_or_else(PoisonError::into_inner);
        if told_at.is_none_or(|at| now.saturating_duration_since(at) >= TOLD_AGAIN) {
            *told_at = Some(now);
            let name = giver.name();
            tracing::warn!(endpoint = name, "contracts are read from {name} alone: no other endpoint answers in time");
        }
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
        endpoint.note_heard();
        Told::by(endpoint.index(), outcomes)
    }

    /// The best endpoint for an opinion about that block: one that is not among `asked`, does not stand back, and has the block
    /// as far as it told. One that was late is taken where there is no other: when its opinion came in the end, and whenever
    /// somebody stands back for a lie, for then its word decides.
    fn witness(&self, pin: &BlockRef, asked: &BTreeSet<usize>, late: Late) -> Option<&Endpoint> {
        let now = Instant::now();
        let order = self.order();
        let is_able = |endpoint: &&&Endpoint| {
            let has_block = endpoint.record().head.is_none_or(|head| head >= pin.number);
            !asked.contains(&endpoint.index()) && !endpoint.health().is_quarantined(now) && has_block
        };
        let may_be_late = late == Late::IsForgiven || self.has_liar();
        let mut able = order.iter().filter(is_able);
        let prompt = able.clone().find(|endpoint| !endpoint.is_late());
        prompt.or_else(|| able.find(|endpoint| may_be_late || !endpoint.is_silent())).copied()
    }

    /// Puts what is contested to further endpoints, and whoever is outvoted aside.
    async fn decide(&self, calls: &[Call], contests: Vec<Contest>, others: &mut Others<'_>, told: &mut Told) {
        let mut open = self.settle_all(calls, contests, told);
        while !open.is_empty() {
            let asked: Vec<Call> = open.iter().filter_map(|contest| calls.get(contest.place)).cloned().collect();
            let Some((endpoint, outcomes)) = others.decide(&asked).await else { break };
            for (contest, outcome) in open.iter_mut().zip(outcomes) {
                contest.hear(endpoint, outcome);
            }
            open = self.settle_all(calls, open, told);
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

    /// Settles what two agree on; returns the others.
    fn settle_all(&self, calls: &[Call], contests: Vec<Contest>, told: &mut Told) -> Vec<Contest> {
        let mut open = Vec::new();
        for contest in contests {
            match contest.majority() {
                Some(outcome) => self.settle(calls, &contest, outcome, told, |_| true),
                None => open.push(contest),
            }
        }
        open
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

/// Whether the second endpoint answered before the first.
enum Second<'c> {
    Asked(Asking<'c>),
    Answered(Answer),
}
