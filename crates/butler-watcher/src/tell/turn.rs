//! What becomes of actions later, where somebody is to hear of it: they are parked, or wait for an approval anew.
//!
//! It is read off one change of the history, and many that share kind, turn and reason are one thing to tell.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use butler_core::domain::action::{ActionKind, EffectKey, Phase, Priority};

use crate::journal::Op;

/// The word of the journal for an action that its policy lets in; of one that is live it is the end of a `retry`.
const ADMITTED: &str = "admit";

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It is parked: nothing happens to it by itself any more.
    Parked,
    /// A person wants it tried again, and somebody must approve it anew.
    AsksAgain,
}

/// What several actions may share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Common {
    pub(super) turn: Turn,
    /// Absent for a key that names none.
    pub(super) kind: Option<ActionKind>,
    pub(super) why: String,
}

impl Common {
    /// What a change makes of a live action that somebody is to hear of; `None` for any other change.
    pub(super) fn of(op: &Op) -> Option<(&EffectKey, Self)> {
        let Op::Moved { key, by, standing } = op else { return None };
        let turn = match standing.phase {
            Phase::Parked => Turn::Parked,
            Phase::AwaitingApproval if by == ADMITTED => Turn::AsksAgain,
            Phase::AwaitingApproval
            | Phase::Planned
            | Phase::Due
            | Phase::Running
            | Phase::Verifying
            | Phase::Done
            | Phase::Dropped => return None,
        };
        Some((key, Self { turn, kind: kind_of(key), why: standing.reason.clone().unwrap_or_default() }))
    }

    /// How pressing it is: rewards may be lost while what changes something is not done.
    pub(super) fn priority(&self) -> Priority {
        pressing(self.kind)
    }

    /// It in words, of that many actions, the first of which has that key. The command stands before the reason, which may be cut.
    pub(super) fn sentence(&self, first: &EffectKey, count: usize) -> String {
        let Self { turn, kind, why } = self;
        let kind = kind.map_or("of an unknown kind", ActionKind::name);
        match (turn, count) {
            (Turn::Parked, 1) => {
                let (named, short) = (named(first), first.short());
                format!("{named} is parked (`butler-cli actions retry {short}`, or `drop`): {why}")
            }
            (Turn::Parked, _) => {
                format!("{count} {kind} are parked (`butler-cli actions retry --kind {kind}`, or `drop`): {why}")
            }
            (Turn::AsksAgain, 1) => {
                let short = first.short();
                format!("waits for an approval again (`butler-cli actions approve {short}`): {why}")
            }
            (Turn::AsksAgain, _) => {
                format!("{count} {kind} wait for an approval again (`butler-cli actions approve --kind {kind}`): {why}")
            }
        }
    }
}

/// An action as people are told of it by its key: what is done to whom, and the short key.
pub(super) fn named(key: &EffectKey) -> String {
    let mut parts = key.as_str().split('/');
    let mut told = parts.next().unwrap_or_default().to_owned();
    // The chain and the contract are the same for most.
    for part in parts.skip(2).filter(|part| !part.starts_with('~')) {
        told.push_str(&format!(" {}", brief(part)));
    }
    format!("{told} ({})", key.short())
}

/// A part of a key; of a long one its ends.
fn brief(part: &str) -> String {
    const ENDS: (usize, usize) = (6, 4);
    let ends = part.get(..ENDS.0).zip(part.len().checked_sub(ENDS.1).and_then(|from| part.get(from..)));
    match ends {
        Some((first, last)) if part.starts_with("0x") => format!("{first}…{last}"),
        Some(_) | None => part.to_owned(),
    }
}

/// The kind of an action by its key.
pub(super) fn kind_of(key: &EffectKey) -> Option<ActionKind> {
    key.as_str().split('/').next()?.parse().ok()
}

/// How pressing it is to hear of what becomes of an action of this kind.
pub(super) fn pressing(kind: Option<ActionKind>) -> Priority {
    if kind.is_some_and(ActionKind::writes) { Priority::Urgent } else { Priority::High }
}

/// What is gathered of that until it is told.
#[derive(Debug, Clone, Default)]
pub(super) struct Turned {
    groups: BTreeMap<Common, BTreeSet<EffectKey>>,
    places: HashMap<EffectKey, Common>,
}

impl Turned {
    /// Takes one in; what became of it before is of no interest any more.
    pub(super) fn take(&mut self, key: &EffectKey, common: Common) {
        self.leave_out(key);
        self.groups.entry(common.clone()).or_default().insert(key.clone());
        self.places.insert(key.clone(), common);
    }

    /// Leaves out what went on since.
    pub(super) fn leave_out(&mut self, key: &EffectKey) {
        let Some(common) = self.places.remove(key) else { return };
        if let Some(group) = self.groups.get_mut(&common) {
            group.remove(key);
            if group.is_empty() {
                self.groups.remove(&common);
            }
        }
    }

    /// How many actions it is about.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// How many of them are parked, and how many ask again.
    pub(super) fn counts(&self) -> [(usize, &'static str); 2] {
        let count =
            |turn| self.groups.iter().filter(|(common, _)| common.turn == turn).map(|(_, keys)| keys.len()).sum();
        [(count(Turn::Parked), "parked"), (count(Turn::AsksAgain), "wait again")]
    }

    /// A sentence for each group, with how many actions it is about.
    pub(super) fn sentences(&self) -> impl Iterator<Item = (String, usize)> {
        self.groups.iter().filter_map(|(common, keys)| {
            let sentence = common.sentence(keys.first()?, keys.len());
            let pressing = if common.priority() == Priority::Urgent { "URGENT " } else { "" };
            Some((format!("{pressing}{sentence}"), keys.len()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_key_people_are_told_what_is_done_to_whom_and_how_to_ask_for_it() {
        let (contract, attester, odd) = ("2".repeat(40), format!("0x{}beef", "1".repeat(36)), "3".repeat(64));
        let key: EffectKey = format!("condition_began/1/0x{contract}/{attester}/late/~{odd}").parse().unwrap();
        assert_eq!(named(&key), format!("condition_began 0x1111…beef late ({})", key.short()));
        assert_eq!(named(&"odd".parse().unwrap()).split(' ').next(), Some("odd"));
    }
}
