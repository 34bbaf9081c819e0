//! Any sequence of proposals at two rollups, held against what the last one at each says, and against what core makes of the same.

use std::collections::BTreeMap;

use butler_core::domain::duties::{FormerDuties, SeenProposal, proofs};
use proptest::prelude::*;

use super::proofs::{ATTESTER, FORMER, Looker, RIGHT, WRONG, expected, former, proposal};
use super::*;
use crate::plan::proofs::Proofs;

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A proposal, at the former rollup or not, right or not, that is read so many looks late.
    Propose {
        is_former: bool,
        is_right: bool,
        late: u8,
    },
    /// It stays at the former rollup, then moves along and is drawn there for a while, then has no duties there any more.
    Leave,
    Look,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (any::<bool>(), any::<bool>(), prop_oneof![2 => Just(0), 1 => 1..4_u8])
            .prop_map(|(is_former, is_right, late)| Step::Propose { is_former, is_right, late }),
        1 => Just(Step::Leave),
        4 => Just(Step::Look),
        1 => Just(Step::Restart),
    ]
}

/// A watcher and what it looks at.
#[derive(Default)]
struct Course {
    looker: Looker,
    has_looked: bool,
    /// How often it took a step away from the former rollup.
    left: u8,
    /// Each proposal in the order of their places, with how many looks it is late.
    all: Vec<(SeenProposal, u8)>,
}

impl Course {
    fn propose(&mut self, is_former: bool, is_right: bool, late: u8) {
        if is_former && self.left > 1 {
            return;
        }
        let block = 10 + u64::try_from(self.all.len()).unwrap();
        let (rollup, slot) = if is_former { (FORMER, 9_000 + block) } else { (ROLLUP, block) };
        let one = SeenProposal { block, ..proposal(slot, if is_right { RIGHT } else { WRONG }).at(address(rollup)) };
        // What the very first look does not see is not judged later where it is older than what that look saw.
        self.all.push((one, if self.has_looked { late } else { 0 }));
    }

    fn former(&self) -> Vec<FormerDuties> {
        former(self.left == 0, self.left == 1)
    }

    fn look(&mut self) -> Result<(), TestCaseError> {
        (self.has_looked, self.looker.former) = (true, self.former());
        let read: Vec<SeenProposal> = self.all.iter().filter(|(_, late)| *late == 0).map(|(one, _)| *one).collect();
        self.looker.take(&read);
        if read.len() == self.all.len() {
            self.compare(&read)?;
        }
        self.all.iter_mut().for_each(|(_, late)| *late = late.saturating_sub(1));
        Ok(())
    }

    /// What is open says what the last proposal says at each rollup where it has duties; or the last one, where it made none there.
    fn compare(&self, read: &[SeenProposal]) -> Result<(), TestCaseError> {
        let is_wrong = |one: &SeenProposal| one.coinbase != address(RIGHT);
        let has_duties = |one: &&SeenProposal| one.rollup != Some(address(FORMER)) || self.left < 2;
        let there: BTreeMap<_, _> = read.iter().filter(has_duties).map(|one| (one.rollup, is_wrong(one))).collect();
        let is_astray =
            if there.is_empty() { read.last().is_some_and(is_wrong) } else { there.values().any(|is_wrong| *is_wrong) };
        let open: Vec<_> = self.looker.memory.open().map(|(_, one)| one).collect();
        prop_assert_eq!(!open.is_empty(), is_astray, "{:?} {:#?}", there, open);
        let rollups: BTreeSet<_> = open.iter().map(|one| one.last.rollup).collect();
        prop_assert_eq!(rollups.len(), open.len(), "one at each rollup: {:#?}", open);
        for (rollup, is_wrong) in there {
            prop_assert_eq!(rollups.contains(&rollup), is_wrong, "{:?} {:#?}", rollup, open);
        }
        let core = proofs(read, &self.former(), &expected(RIGHT, 0));
        prop_assert_eq!(core[&address(ATTESTER)].is_astray(), is_astray);
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn what_is_open_is_what_the_last_proposals_say_whenever_they_are_read(
        is_begun in any::<bool>(),
        steps in prop::collection::vec(step(), 1..30),
    ) {
        let looker = if is_begun { Looker::begun() } else { Looker::default() };
        let mut course = Course { looker, has_looked: is_begun, ..Course::default() };
        for step in steps {
            match step {
                Step::Propose { is_former, is_right, late } => course.propose(is_former, is_right, late),
                Step::Leave => course.left += 1,
                Step::Look => course.look()?,
                Step::Restart => {
                    let kept = serde_json::to_vec(&course.looker.memory).unwrap();
                    course.looker.memory = serde_json::from_slice::<Proofs>(&kept).unwrap();
                }
            }
        }
        for _ in 0..4 {
            course.look()?;
        }
    }
}
