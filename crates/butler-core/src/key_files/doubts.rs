//! Which attesters are in doubt since something could not be read, decided from one reading to the next.
//!
//! Something that cannot be read makes anybody doubtful at first, when nothing is known. Later, what is new and cannot be read changes
//! nothing: who was in no file still is. Only those are in doubt then whose own file ended to count, and they stand where
//! something began to be illegible when it did.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

use super::content::Content;
use super::discovery::{Found, Role};

/// Who may stand in one gap.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubt {
    /// Whether anybody may.
    pub(super) is_anybody: bool,
    /// Those who may.
    pub(super) attesters: BTreeSet<Address>,
    /// Whether something may stand there that holds for others.
    pub(super) says_for_all: bool,
}

impl Doubt {
    pub(super) fn of_anybody() -> Self {
        Self { is_anybody: true, attesters: BTreeSet::new(), says_for_all: true }
    }

    /// Adds a content that counts no longer.
    pub(super) fn add(&mut self, found: &Found, content: &Content) {
        self.attesters.extend(content.attesters());
        let is_for_all = found.role == Role::Publishers || content.says_something_for_all();
        self.says_for_all |= is_for_all || !content.publishers.is_empty();
    }

    fn unite(&mut self, other: Self) {
        self.is_anybody |= other.is_anybody;
        self.says_for_all |= other.says_for_all;
        self.attesters.extend(other.attesters);
    }
}

/// The gaps that there are, and who may stand in each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Doubts {
    gaps: BTreeMap<String, Doubt>,
    /// Who counts no longer since the last reading, and for whom there was no gap then.
    #[serde(skip)]
    left: Doubt,
}

impl Doubts {
    /// When nothing was known before: anybody may stand in each gap.
    pub(super) fn first(gaps: &BTreeSet<String>) -> Self {
        Self { gaps: gaps.iter().map(|gap| (gap.clone(), Doubt::of_anybody())).collect(), left: Doubt::default() }
    }

    /// After one more reading, since which `released` count no longer.
    pub(super) fn next(self, gaps: &BTreeSet<String>, released: Doubt) -> Self {
        let (mut known, over): (BTreeMap<_, _>, BTreeMap<_, _>) =
            self.gaps.into_iter().partition(|(gap, _)| gaps.contains(gap));
        let mut left = released.clone();
        let mut doubt = released;
        doubt.unite(self.left);
        for (_, ended) in over {
            left.unite(ended.clone());
            doubt.unite(ended);
        }
        let mut is_any_new = false;
        for gap in gaps {
            known.entry(gap.clone()).or_insert_with(|| {
                is_any_new = true;
                doubt.clone()
            });
        }
        Self { gaps: known, left: if is_any_new { Doubt::default() } else { left } }
    }

    /// Who may stand in a gap.
    pub(super) fn of(&self, gap: &str) -> Doubt {
        self.gaps.get(gap).cloned().unwrap_or_default()
    }

    /// Whether there was this gap when the files were read last.
    pub(super) fn has(&self, gap: &str) -> bool {
        self.gaps.contains_key(gap)
    }

    /// Whether what is to be stored differs.
    pub(super) fn differs(&self, other: &Self) -> bool {
        self.gaps != other.gaps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn released(attesters: &[u64]) -> Doubt {
        Doubt { attesters: attesters.iter().map(|n| Address::from_low_u64_be(*n)).collect(), ..Doubt::default() }
    }

    #[test]
    fn what_is_new_and_cannot_be_read_makes_only_those_doubtful_who_count_no_longer() {
        let nobody = Doubt::default();
        let anybody = Doubt::of_anybody();
        // What was a gap before, who is released, the gaps now, and who may stand in each.
        for (before, since, now, expected) in [
            (&[][..], released(&[]), &["new"][..], vec![nobody.clone()]),
            (&["old"], released(&[]), &["old"], vec![anybody.clone()]),
            (&["old"], released(&[]), &["old", "new"], vec![anybody.clone(), nobody.clone()]),
            (&["old"], released(&[]), &["new"], vec![anybody.clone()]),
            (&[], released(&[1]), &["new"], vec![released(&[1])]),
            (&["old"], released(&[1]), &["old", "new"], vec![anybody, released(&[1])]),
            (&["old"], released(&[1]), &[], vec![]),
        ] {
            let doubts = Doubts::first(&names(before)).next(&names(now), since);
            assert_eq!(now.iter().map(|gap| doubts.of(gap)).collect::<Vec<_>>(), expected, "{before:?} {now:?}");
            let again = doubts.clone().next(&names(now), nobody.clone());
            assert!(!again.differs(&doubts), "nothing changes by itself: {before:?} {now:?}");
        }
    }

    #[test]
    fn who_counts_no_longer_is_looked_for_in_the_gaps_of_that_reading_and_the_next() {
        let next = |readings: usize| {
            let mut doubts = Doubts::first(&names(&[])).next(&names(&[]), released(&[1]));
            for _ in 1..readings {
                doubts = doubts.next(&names(&[]), Doubt::default());
            }
            doubts.next(&names(&["new"]), Doubt::default()).of("new")
        };
        assert_eq!((next(1), next(2)), (released(&[1]), released(&[])));
    }
}
