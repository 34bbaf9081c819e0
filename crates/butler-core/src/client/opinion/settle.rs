//! What becomes of a call that two endpoints answer differently. Pure.
//!
//! Two that agree are right. Where nobody agrees, whoever answers a call that all others let revert is right, for a revert is
//! easily said and an answer is not. Where several answers stand against each other nothing is decided.

use crate::contracts::multicall::Outcome;

/// One call, and what endpoints say of it.
#[derive(Debug)]
pub(super) struct Contest {
    /// The call's place among all.
    pub(super) place: usize,
    voices: Vec<(usize, Outcome)>,
}

/// What a call returned. An account without code answers no bytes, which is no answer either.
fn answer(outcome: &Outcome) -> Option<&[u8]> {
    match outcome {
        Outcome::Returned(data) if !data.is_empty() => Some(data),
        Outcome::Returned(_) | Outcome::Failed(_) => None,
    }
}

/// Whether two ends of a call are the same to whoever asked: a reason for a revert is none.
pub(super) fn agree(one: &Outcome, other: &Outcome) -> bool {
    answer(one) == answer(other)
}

impl Contest {
    pub(super) fn new(place: usize, one: (usize, Outcome)) -> Self {
        Self { place, voices: vec![one] }
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
            self.voices.iter().skip(index + 1).any(|(_, other)| agree(outcome, other))
        };
        voices.find(|(index, (_, outcome))| is_seconded(*index, outcome)).map(|(_, (_, outcome))| outcome.clone())
    }

    /// The one answer beside reverts.
    pub(super) fn only_answer(&self) -> Option<Outcome> {
        let mut answers = self.voices.iter().filter(|(_, outcome)| answer(outcome).is_some());
        match (answers.next(), answers.next()) {
            (Some((_, outcome)), None) => Some(outcome.clone()),
            (Some(_), Some(_)) | (None, _) => None,
        }
    }

    /// The endpoints that say something else.
    pub(super) fn outvoted(&self, decided: &Outcome) -> impl Iterator<Item = usize> {
        self.voices.iter().filter(|(_, outcome)| !agree(outcome, decided)).map(|(endpoint, _)| *endpoint)
    }

    /// Whether that endpoint gives no answer.
    pub(super) fn is_revert(&self, endpoint: usize) -> bool {
        self.of(Some(endpoint)).is_some_and(|outcome| answer(outcome).is_none())
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
        let mut voices = voices.iter().cloned().enumerate();
        let mut contest = Contest::new(0, voices.next().unwrap());
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
}
