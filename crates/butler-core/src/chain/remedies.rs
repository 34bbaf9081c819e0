//! What to do when the ledger does not add up, from the cheapest to the last.
//!
//! An endpoint that has not indexed its newest blocks looks like a liar for a moment, a ledger that a liar left behind
//! makes an honest one look wrong, and a lie about counters looks like one about logs. So the same is read again, then
//! anew, then from other endpoints with everything that belongs to it; each endpoint is given up once, so this ends.

use std::collections::BTreeSet;
use std::time::Duration;

use super::ledger::{Doubt, Trouble};

/// Waits before the newest blocks are read again.
const PAUSES: [Duration; 3] = [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1)];

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Read the newest blocks again after a while.
    Again(Duration),
    /// Drop what was never proven, and read that again.
    SinceProven,
    /// Read at an older block.
    Older,
    /// Drop the ledger and scan anew.
    All,
    /// Believe this endpoint no more, and begin again without it.
    Distrust(usize),
    /// There is nobody else to ask.
    GiveUp,
}

/// What can be tried of one reading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Means {
    /// How many endpoints there are.
    pub(super) endpoints: usize,
    /// Whether some of the ledger was there before.
    pub(super) has_past: bool,
    /// Whether an older block would do.
    pub(super) may_be_older: bool,
}

/// What was tried in one reading.
#[derive(Debug, Default)]
pub(super) struct Remedies {
    suspects: BTreeSet<usize>,
    pauses: usize,
    since_proven: bool,
    older: bool,
    all: bool,
}

impl Remedies {
    /// The next remedy for a doubt.
    pub(super) fn next(&mut self, doubt: &Doubt, means: Means) -> Remedy {
        if matches!(doubt.trouble, Trouble::Disputed { .. }) {
            return Remedy::GiveUp;
        }
        let is_alone = means.endpoints < 2;
        let may_be_late = doubt.may_be_late();
        if !doubt.is_outvoted {
            if means.has_past && !std::mem::replace(&mut self.since_proven, true) {
                return Remedy::SinceProven;
            }
            if let Some(pause) = PAUSES.get(self.pauses).filter(|_| may_be_late) {
                self.pauses += 1;
                return Remedy::Again(*pause);
            }
            if is_alone && may_be_late && means.may_be_older && !std::mem::replace(&mut self.older, true) {
                return Remedy::Older;
            }
        }
        if (means.has_past || is_alone) && !std::mem::replace(&mut self.all, true) {
            return Remedy::All;
        }
        match doubt.giver {
            Some(giver) if self.suspects.insert(giver) && self.suspects.len() < means.endpoints => {
                self.pauses = 0;
                Remedy::Distrust(giver)
            }
            Some(_) | None => Remedy::GiveUp,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::ledger::Trouble;
    use crate::domain::provider::ledger::Gap;

    fn doubt(giver: usize, told: u64) -> Doubt {
        let gap = Gap::Added { provider: 1.try_into().unwrap(), counted: 3, told };
        Doubt { giver: Some(giver), trouble: Trouble::Gap(gap), is_outvoted: false }
    }

    fn all(means: Means, mut doubt: impl FnMut(&[Remedy]) -> Doubt) -> Vec<Remedy> {
        let (mut remedies, mut tried) = (Remedies::default(), Vec::new());
        while tried.last() != Some(&Remedy::GiveUp) {
            let next = remedies.next(&doubt(&tried), means);
            tried.push(next);
            assert!(tried.len() < 40, "{tried:?}");
        }
        tried
    }

    #[test]
    fn a_single_endpoint_is_asked_again_and_then_given_up() {
        let means = Means { endpoints: 1, has_past: true, may_be_older: true };
        let pauses = PAUSES.map(Remedy::Again);
        let late = [&[Remedy::SinceProven][..], &pauses, &[Remedy::Older, Remedy::All, Remedy::GiveUp]].concat();
        assert_eq!(all(means, |_| doubt(0, 2)), late);
        let forged = [Remedy::SinceProven, Remedy::All, Remedy::GiveUp];
        assert_eq!(all(means, |_| doubt(0, 4)), forged, "too much is never late");
    }

    #[test]
    fn each_of_several_endpoints_is_given_up_once() {
        let means = Means { endpoints: 3, has_past: false, may_be_older: true };
        // Whoever is distrusted comes last, and then first again.
        let tried = all(means, |tried| {
            let gone = tried.iter().filter(|remedy| matches!(remedy, Remedy::Distrust(_))).count();
            doubt(gone % 3, 4)
        });
        assert_eq!(tried, [Remedy::Distrust(0), Remedy::Distrust(1), Remedy::GiveUp]);
        let outvoted = Doubt { is_outvoted: true, ..doubt(0, 2) };
        assert_eq!(Remedies::default().next(&outvoted, means), Remedy::Distrust(0));
    }
}
