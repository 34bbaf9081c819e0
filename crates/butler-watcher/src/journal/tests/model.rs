//! Random calls, crashes between them and a clock that jumps, against a model of a few maps.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::domain::action::Phase;
use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;
use crate::journal::schema::Id;

const NUMBERS: std::ops::Range<u64> = 0..6;

#[derive(Debug, Clone)]
enum Call {
    Range { to: u64, numbers: Vec<u64> },
    Stale { numbers: Vec<u64> },
    Retract(u64),
    Claim(usize),
    Settle(u64, u8),
    SettleTwice(u64, u8),
    Pass(u64),
    Reopen,
}

/// What must hold of each action, as little as says whether something was lost or done twice.
#[derive(Debug, Clone, Default)]
struct Model {
    cursor: Option<u64>,
    phases: BTreeMap<u64, Phase>,
    /// When leases run out.
    leases: BTreeMap<u64, u64>,
    /// When it may be claimed.
    due: BTreeMap<u64, u64>,
    tries: BTreeMap<u64, u32>,
    looks: BTreeMap<u64, u32>,
    again: BTreeSet<u64>,
    now: u64,
}

fn pause(count: u32) -> u64 {
    10 << (count.max(1) - 1)
}

impl Model {
    fn plan(&mut self, number: u64) {
        if !self.phases.contains_key(&number) || self.again.remove(&number) {
            self.phases.insert(number, Phase::Due);
            self.due.insert(number, self.now);
            self.tries.insert(number, 0);
            self.looks.insert(number, 0);
        }
    }

    fn take_back(&mut self) {
        let over: Vec<u64> = self.leases.iter().filter(|(_, until)| **until <= self.now).map(|(n, _)| *n).collect();
        for number in over {
            self.leases.remove(&number);
            self.due.insert(number, self.now);
            let used_up = self.phases[&number] == Phase::Verifying && self.looks[&number] >= 2;
            self.phases.insert(number, if used_up { Phase::Parked } else { Phase::Verifying });
        }
    }

    fn settle(&mut self, number: u64, outcome: u8) {
        if self.leases.remove(&number).is_none() {
            return;
        }
        let is_look = self.phases[&number] == Phase::Verifying;
        let (tries, looks) = (self.tries[&number], self.looks[&number]);
        let (phase, pause) = match outcome {
            0 => (Phase::Done, 0),
            1 if tries >= 2 => (Phase::Parked, 0),
            1 => (Phase::Due, pause(tries)),
            2 if is_look && looks >= 2 => (Phase::Parked, 0),
            2 if is_look => (Phase::Verifying, pause(looks)),
            2 => (Phase::Verifying, pause(1)),
            _ => (Phase::Parked, 0),
        };
        self.phases.insert(number, phase);
        self.due.insert(number, self.now + pause);
    }
}

fn outcome(number: u8) -> Outcome {
    let reason = "test".to_owned();
    match number {
        0 => Outcome::Proven { proof: None },
        1 => Outcome::Retry { after: None, reason },
        2 => Outcome::Unknown { reason },
        _ => Outcome::Refused { reason },
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Call;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self { now: BEGIN, ..Self::default() }).boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Call> {
        let from = state.cursor.unwrap_or(0);
        let numbers = proptest::collection::vec(NUMBERS, 0..4);
        prop_oneof![
            3 => (from + 1..from + 5, numbers.clone()).prop_map(|(to, numbers)| Call::Range { to, numbers }),
            1 => numbers.prop_map(|numbers| Call::Stale { numbers }),
            1 => NUMBERS.prop_map(Call::Retract),
            4 => (1_usize..4).prop_map(Call::Claim),
            4 => (NUMBERS, 0_u8..4).prop_map(|(number, how)| Call::Settle(number, how)),
            1 => (NUMBERS, 0_u8..4).prop_map(|(number, how)| Call::SettleTwice(number, how)),
            2 => prop_oneof![Just(5_u64), Just(30), Just(60_001)].prop_map(Call::Pass),
            1 => Just(Call::Reopen),
        ]
        .boxed()
    }

    fn apply(mut state: Self, call: &Call) -> Self {
        match call {
            Call::Range { to, numbers } => {
                state.cursor = Some(*to);
                numbers.iter().for_each(|number| state.plan(*number));
            }
            Call::Stale { .. } | Call::Reopen => {}
            Call::Retract(number) => {
                if matches!(state.phases.get(number), Some(Phase::Due | Phase::Parked)) {
                    state.phases.insert(*number, Phase::Dropped);
                    state.again.insert(*number);
                }
            }
            Call::Claim(limit) => {
                state.take_back();
                // Looks first, then what is to be done; each by its time and then its place in the store.
                let place = |number: u64| Id::of(&action(number).key);
                let mut ready: Vec<(bool, u64, Id, u64)> = state
                    .phases
                    .iter()
                    .filter(|(number, phase)| {
                        matches!(phase, Phase::Due | Phase::Verifying)
                            && !state.leases.contains_key(number)
                            && state.due[number] <= state.now
                    })
                    .map(|(number, phase)| (*phase == Phase::Due, state.due[number], place(*number), *number))
                    .collect();
                ready.sort_unstable();
                for (is_try, _, _, number) in ready.into_iter().take(*limit) {
                    state.leases.insert(number, state.now + 60_000);
                    if is_try {
                        *state.tries.entry(number).or_default() += 1;
                        state.looks.insert(number, 0);
                        state.phases.insert(number, Phase::Running);
                    } else {
                        *state.looks.entry(number).or_default() += 1;
                    }
                }
            }
            Call::Settle(number, how) | Call::SettleTwice(number, how) => state.settle(*number, *how),
            Call::Pass(millis) => state.now += millis,
        }
        state
    }
}

#[derive(Debug)]
struct Real {
    folder: tempfile::TempDir,
    hand: Hand,
    keeper: Option<Keeper>,
    leases: BTreeMap<u64, Leased>,
    cursor: Option<u64>,
}

impl Real {
    fn keeper(&self) -> &Keeper {
        self.keeper.as_ref().unwrap()
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(_: &Model) -> Self {
        let (folder, hand, keeper) = fresh();
        Self { folder, hand, keeper: Some(keeper), leases: BTreeMap::new(), cursor: None }
    }

    fn apply(mut real: Self, model: &Model, call: Call) -> Self {
        match call {
            Call::Range { to, numbers } => {
                let batch = range(real.cursor, to, &numbers);
                real.keeper().commit(&batch).unwrap();
                // The answer may be lost: asked again, nothing is done twice.
                assert!(matches!(real.keeper().commit(&batch), Err(JournalError::CursorConflict { .. })));
                real.cursor = Some(to);
            }
            Call::Stale { numbers } => {
                let stale = range(Some(u64::MAX / 100), u64::MAX / 50, &numbers);
                assert!(matches!(real.keeper().commit(&stale), Err(JournalError::CursorConflict { .. })));
            }
            Call::Retract(number) => {
                let retractions = vec![Retraction { key: action(number).key, reason: "test".to_owned() }];
                real.keeper().commit(&Batch { retractions, ..Batch::default() }).unwrap();
            }
            Call::Claim(limit) => {
                for leased in real.keeper().claim(&ask(limit)).unwrap() {
                    let number = leased.entry.action.why.strip_prefix("test ").unwrap().parse().unwrap();
                    real.leases.insert(number, leased);
                }
            }
            Call::Settle(number, how) => {
                if let Some(leased) = real.leases.remove(&number) {
                    settle(real.keeper(), &leased, outcome(how));
                }
            }
            Call::SettleTwice(number, how) => {
                if let Some(leased) = real.leases.remove(&number) {
                    settle(real.keeper(), &leased, outcome(how));
                    assert!(matches!(settle(real.keeper(), &leased, outcome(how)), Settled::LostLease(_)));
                }
            }
            Call::Pass(millis) => real.hand.pass(millis),
            Call::Reopen => {
                real.keeper = None;
                real.keeper = Some(open(&real.folder.path().join("journal"), &real.hand).unwrap());
            }
        }
        assert_eq!(real.keeper().cursor("l1").unwrap(), model.cursor.map(at));
        for number in NUMBERS {
            let known = real.keeper().look_up(&action(number).key).unwrap().map(|known| match known {
                Known::Live(entry) => (entry.standing.phase, entry.standing.leased_until),
                Known::Finished(finished) => (finished.phase, None),
            });
            let expected = model.phases.get(&number).map(|phase| (*phase, model.leases.get(&number).copied()));
            assert_eq!(known, expected, "action {number}");
        }
        real
    }

    fn teardown(real: Self, _: Model) {
        assert_sound(real.keeper());
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 24, ..Config::default() })]

    #[test]
    fn the_journal_does_what_its_model_does(sequential 1..40 => Real);
}
