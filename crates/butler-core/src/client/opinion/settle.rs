//! What becomes of a call that two endpoints answer differently. Pure.
//!
//! Two that agree are right. Where nobody agrees, whoever answers a call that all others let revert is right, for a revert is
//! easily said and an answer is not. Where several answers stand against each other nothing is decided. Of a call whose reverts
//! tell something, a reason is an answer as any other.

use crate::contracts::call::Call;
use crate::contracts::multicall::Outcome;

/// One call, and what endpoints say of it.
#[derive(Debug)]
pub(super) struct Contest {
    /// The call's place among all.
    pub(super) place: usize,
    reverts: Reverts,
    voices: Vec<(usize, Outcome)>,
}

/// What it means that a call reverts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reverts {
    /// That there is no answer, whatever the reason.
    AreSilence,
    /// What their reason says.
    Tell,
}

impl Reverts {
    /// Those of the call at that place.
    pub(super) fn of(calls: &[Call], place: usize) -> Self {
        if calls.get(place).is_some_and(|call| call.tells_by_reverting) { Self::Tell } else { Self::AreSilence }
    }
}

/// What a call told. An account without code answers no bytes, which is no answer either.
fn answer(outcome: &Outcome, reverts: Reverts) -> Option<&Outcome> {
    match outcome {
        Outcome::Returned(data) => (!data.is_empty()).then_some(outcome),
        Outcome::Failed(reason) => (reverts == Reverts::Tell && !reason.is_empty()).then_some(outcome),
    }
}

/// Whether two ends of a call are the same to whoever asked.
pub(super) fn agree(one: &Outcome, other: &Outcome, reverts: Reverts) -> bool {
    answer(one, reverts) == answer(other, reverts)
}

impl Contest {
    pub(super) fn new(place: usize, reverts: Reverts, one: (usize, Outcome)) -> Self {
        Self { place, reverts, voices: vec![one] }
    }

    pub(super) fn hear(&mut self, endpoint: usize, outcome: Outcome) {
        self.voices.push((endpoint, outcome));
    }

    /// What that endpoint says.
    pub(super) fn of(&self, endpoint: Option<usize>) -> Option<&Outcome> {
        self.voices.iter().find(|(voice, _)| Some(*voice) == endpoint).map(|(_, outcome)| outcome)
    }

    /// What two say.
    pub(super) fn majority(&self) -> Option<Outcome> {
        let mut voices = self.voices.iter().enumerate();
        let is_seconded = |index: usize, outcome: &Outcome| {
            self.voices.iter().skip(index + 1).any(|(_, other)| agree(outcome, other, self.reverts))
        };
        voices.find(|(index, (_, outcome))| is_seconded(*index, outcome)).map(|(_, (_, outcome))| outcome.clone())
    }

    /// The one answer beside reverts.
    pub(super) fn only_answer(&self) -> Option<Outcome> {
        let mut answers = self.voices.iter().filter(|(_, outcome)| answer(outcome, self.reverts).is_some());
        match (answers.next(), answers.next()) {
            (Some((_, outcome)), None) => Some(outcome.clone()),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    /// The endpoints that say something else.
    pub(super) fn outvoted(&self, decided: &Outcome) -> impl Iterator<Item = usize> {
        self.voices.iter().filter(|(_, outcome)| !agree(outcome, decided, self.reverts)).map(|(endpoint, _)| *endpoint)
    }

    /// Whether that endpoint gives no answer.
    pub(super) fn is_revert(&self, endpoint: usize) -> bool {
        self.of(Some(endpoint)).is_some_and(|outcome| answer(outcome, self.reverts).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(byte: u8) -> Outcome {
        Outcome::Returned(vec![byte; 32].into())
    }

    fn revert(reason: u8) -> Outcome {
        Outcome::Failed(vec![reason].into())
    }

    fn contest(voices: &[Outcome]) -> Contest {
        contest_of(Reverts::AreSilence, voices)
    }

    fn contest_of(reverts: Reverts, voices: &[Outcome]) -> Contest {
        let mut voices = voices.iter().cloned().enumerate();
        let mut contest = Contest::new(0, reverts, voices.next().unwrap());
        voices.for_each(|(endpoint, outcome)| contest.hear(endpoint, outcome));
        contest
    }

    #[test]
    fn two_that_agree_outvote_one_whatever_it_says() {
        for (voices, decided, liar) in [
            ([told(1), told(2), told(2)], told(2), 0),
            ([told(2), told(1), told(2)], told(2), 1),
            ([revert(0), told(2), told(2)], told(2), 0),
            ([told(1), revert(1), revert(2)], revert(1), 0),
            ([told(1), revert(1), Outcome::Returned(Vec::new().into())], revert(1), 0),
        ] {
            let contest = contest(&voices);
            assert_eq!(contest.majority(), Some(decided.clone()), "{voices:?}");
            assert_eq!(contest.outvoted(&decided).collect::<Vec<_>>(), [liar], "{voices:?}");
            assert_eq!(contest.is_revert(liar), matches!(voices[liar], Outcome::Failed(_)));
        }
    }

    #[test]
    fn of_two_an_answer_outweighs_a_revert_and_two_answers_decide_nothing() {
        assert_eq!(contest(&[revert(0), told(1)]).only_answer(), Some(told(1)));
        assert_eq!(contest(&[told(1), revert(0)]).only_answer(), Some(told(1)));
        for voices in [vec![told(1), told(2)], vec![told(1), told(2), revert(0)], vec![told(1), told(2), told(3)]] {
            let contest = contest(&voices);
            assert!(contest.majority().is_none() && contest.only_answer().is_none(), "{voices:?}");
        }
    }

    #[test]
    fn where_reverts_tell_something_a_reason_stands_against_an_answer_and_against_another_reason() {
        let silence = Outcome::Failed(Vec::new().into());
        assert!(agree(&revert(1), &revert(2), Reverts::AreSilence) && !agree(&revert(1), &revert(2), Reverts::Tell));
        assert!(!agree(&revert(1), &told(1), Reverts::Tell) && !agree(&revert(1), &silence, Reverts::Tell));
        let of = |voices: &[Outcome]| contest_of(Reverts::Tell, voices);
        for voices in [[revert(1), told(1)], [told(1), revert(1)], [revert(1), revert(2)]] {
            let contest = of(&voices);
            assert!(contest.majority().is_none() && contest.only_answer().is_none(), "{voices:?}");
        }
        for told in [revert(1), told(1)] {
            assert_eq!(of(&[silence.clone(), told.clone()]).only_answer(), Some(told), "no reason is no answer");
        }
        let contest = of(&[revert(2), revert(1), revert(1)]);
        assert_eq!(contest.majority(), Some(revert(1)));
        assert_eq!(contest.outvoted(&revert(1)).collect::<Vec<_>>(), [0]);
        assert!(!contest.is_revert(0), "it told something else");
    }
}
