//! The documented life cycle: one table of arrows, which judges each step and draws the diagram of the docs.
//!
//! A judgement never overrules the chain. The new state is believed in every case; a contradiction is for the log and
//! for a counter, because it tells that a rule or a reading is wrong.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use crate::domain::attester::state::State;

/// One arrow of the diagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Arrow {
    /// Where the step starts.
    pub from: State,
    /// Where it ends.
    pub to: State,
    /// What happened, for the diagram.
    pub label: &'static str,
}

const fn arrow(from: State, to: State, label: &'static str) -> Arrow {
    Arrow { from, to, label }
}

/// Every documented step.
pub const ARROWS: [Arrow; 9] = [
    arrow(State::New, State::InStakingProviderQueue, "added to the provider queue"),
    arrow(State::New, State::InStakingQueue, "coinbase configured directly"),
    arrow(State::InStakingProviderQueue, State::CoinbaseNeeded, "left the provider queue, no coinbase configured"),
    arrow(State::InStakingProviderQueue, State::InStakingQueue, "coinbase configured"),
    arrow(State::CoinbaseNeeded, State::InStakingQueue, "coinbase configured"),
    arrow(State::CoinbaseNeeded, State::InStakingProviderQueue, "added to the provider queue again"),
    arrow(State::InStakingQueue, State::Active, "status VALIDATING on the rollup"),
    arrow(State::InStakingQueue, State::CoinbaseNeeded, "coinbase removed (should not happen)"),
    arrow(State::Active, State::NoLongerActive, "status EXITING or ZOMBIE, or withdrawn"),
];

/// What a step from one state to another means.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// No step.
    Unchanged,
    /// An arrow of the diagram.
    Documented,
    /// Several arrows at once, because nobody was looking: the states passed through, with the end.
    CaughtUp(Vec<State>),
    /// No arrows lead there.
    Contradiction,
}

/// Judges the step from `before` to `after`. Of several shortest paths the one whose arrows come first wins.
#[must_use]
pub fn judge(before: State, after: State) -> Judgement {
    if before == after {
        return Judgement::Unchanged;
    }
    match shortest_path(before, after) {
        None => Judgement::Contradiction,
        Some(path) if path.len() == 1 => Judgement::Documented,
        Some(path) => Judgement::CaughtUp(path),
    }
}

/// The states after `from` on a shortest way to `to`, breadth first.
fn shortest_path(from: State, to: State) -> Option<Vec<State>> {
    let mut came_from = BTreeMap::new();
    let mut waiting = VecDeque::from([from]);
    while let Some(here) = waiting.pop_front() {
        if here == to {
            break;
        }
        for arrow in ARROWS.iter().filter(|arrow| arrow.from == here) {
            if arrow.to != from && !came_from.contains_key(&arrow.to) {
                came_from.insert(arrow.to, here);
                waiting.push_back(arrow.to);
            }
        }
    }
    let mut path = vec![to];
    let mut step = *came_from.get(&to)?;
    while step != from {
        path.push(step);
        step = *came_from.get(&step)?;
    }
    path.reverse();
    Some(path)
}

/// The diagram as Mermaid text, with a line feed at the end.
#[must_use]
pub fn mermaid() -> String {
    let mut text = format!("stateDiagram-v2\n    [*] --> {}: keys created\n", State::New);
    for Arrow { from, to, label } in ARROWS {
        // Writing to a string can not fail.
        let _ = writeln!(text, "    {from} --> {to}: {label}");
    }
    let _ = writeln!(text, "    {} --> [*]", State::NoLongerActive);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    use State::{Active, CoinbaseNeeded, InStakingProviderQueue, InStakingQueue, New, NoLongerActive};

    #[test]
    fn every_arrow_is_documented_and_leads_elsewhere() {
        for Arrow { from, to, label } in ARROWS {
            assert_eq!(judge(from, to), Judgement::Documented, "{from} to {to}: {label}");
        }
    }

    #[test]
    fn no_step_is_unchanged() {
        for state in State::ALL {
            assert_eq!(judge(state, state), Judgement::Unchanged);
        }
    }

    #[test]
    fn several_arrows_at_once_are_caught_up_by_the_shortest_path() {
        let table = [
            (New, CoinbaseNeeded, vec![InStakingProviderQueue, CoinbaseNeeded]),
            (New, Active, vec![InStakingQueue, Active]),
            (New, NoLongerActive, vec![InStakingQueue, Active, NoLongerActive]),
            (InStakingProviderQueue, Active, vec![InStakingQueue, Active]),
            (InStakingProviderQueue, NoLongerActive, vec![InStakingQueue, Active, NoLongerActive]),
            (CoinbaseNeeded, Active, vec![InStakingQueue, Active]),
            (CoinbaseNeeded, NoLongerActive, vec![InStakingQueue, Active, NoLongerActive]),
            (InStakingQueue, InStakingProviderQueue, vec![CoinbaseNeeded, InStakingProviderQueue]),
            (InStakingQueue, NoLongerActive, vec![Active, NoLongerActive]),
        ];
        for (before, after, path) in table {
            assert_eq!(judge(before, after), Judgement::CaughtUp(path), "{before} to {after}");
        }
    }

    #[test]
    fn nothing_leads_back_to_new_or_out_of_the_end() {
        for state in State::ALL {
            if state != New {
                assert_eq!(judge(state, New), Judgement::Contradiction, "{state} to NEW");
            }
            if state != NoLongerActive {
                assert_eq!(judge(NoLongerActive, state), Judgement::Contradiction);
                if state != Active {
                    assert_eq!(judge(Active, state), Judgement::Contradiction);
                }
            }
        }
    }

    #[test]
    fn the_states_of_a_caught_up_path_are_joined_by_arrows() {
        for before in State::ALL {
            for after in State::ALL {
                if let Judgement::CaughtUp(path) = judge(before, after) {
                    let starts = std::iter::once(before).chain(path.iter().copied());
                    for (from, to) in starts.zip(path.iter().copied()) {
                        assert_eq!(judge(from, to), Judgement::Documented);
                    }
                    assert_eq!(path.last(), Some(&after));
                }
            }
        }
    }

    #[test]
    fn the_diagram_starts_at_new_and_ends_once() {
        let text = mermaid();
        assert!(text.starts_with("stateDiagram-v2\n    [*] --> NEW: "));
        assert!(text.ends_with("    NO_LONGER_ACTIVE --> [*]\n"));
        assert_eq!(text.lines().count(), 3 + ARROWS.len());
    }
}
