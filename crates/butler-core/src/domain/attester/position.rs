//! Where the chain has an attester: one answer from the facts of one block, without any memory.
//!
//! The contract's own status decides first. Only an attester that the rollup does not know is looked for in the queues,
//! and only one that is in no queue is asked whether it was active once.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumCount as _, VariantArray as _};

use crate::domain::attester::view::{AttesterView, OnChainStatus};
use crate::text::closed::every;

/// Where an attester stands on chain. The order is the order of its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// In none of the places below.
    Unregistered,
    /// In a queue of one of our providers.
    ProviderQueue,
    /// Deposited, and waiting in the rollup's entry queue.
    EntryQueue,
    /// Active on the rollup.
    Validating,
    /// Slashed out; its withdrawer has not initiated the withdrawal.
    Zombie,
    /// Its withdrawal was initiated and is not finalized.
    Exiting,
    /// Was active once and is no more.
    Withdrawn,
    /// A rollup that does not tell whether it has it, or that is not known, may have it.
    Unknown,
}

impl Position {
    /// Every position, in the order of an attester's life.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that reports, labels and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What `position` decides from. All of it belongs to one block.
#[derive(Debug, Clone, Copy)]
pub struct PositionFacts<'a> {
    /// The rollup's view of the attester.
    pub view: &'a AttesterView,
    /// Whether one of our providers' queues holds it.
    pub in_provider_queue: bool,
    /// Whether the rollup's entry queue holds it.
    pub in_entry_queue: bool,
    /// Whether a rollup that does not tell, or is not known, may have it.
    pub is_untold: bool,
}

/// Where the chain has the attester.
#[must_use]
pub fn position(facts: PositionFacts<'_>) -> Position {
    match facts.view.status {
        OnChainStatus::Validating => Position::Validating,
        OnChainStatus::Zombie => Position::Zombie,
        OnChainStatus::Exiting => Position::Exiting,
        OnChainStatus::None if facts.in_entry_queue => Position::EntryQueue,
        // A key that was never let in waits in the provider's queue, whoever else deposited it.
        OnChainStatus::None if facts.is_untold && (facts.view.was_active_once() || !facts.in_provider_queue) => {
            Position::Unknown
        }
        OnChainStatus::None if facts.in_provider_queue => Position::ProviderQueue,
        OnChainStatus::None if facts.view.was_active_once() => Position::Withdrawn,
        OnChainStatus::None => Position::Unregistered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::view;

    /// Decides for a view with this status; `was_active`, `in_provider_queue`, `in_entry_queue`.
    fn decide(status: OnChainStatus, facts: [bool; 3]) -> Position {
        let [was_active, in_provider_queue, in_entry_queue] = facts;
        let view = view(status, was_active);
        position(PositionFacts { view: &view, in_provider_queue, in_entry_queue, is_untold: false })
    }

    #[test]
    fn what_a_former_rollup_does_not_tell_is_not_known_and_never_taken_for_gone() {
        let untold = |status, was_active: bool, in_provider_queue, in_entry_queue| {
            let view = view(status, was_active);
            position(PositionFacts { view: &view, in_provider_queue, in_entry_queue, is_untold: true })
        };
        let none = OnChainStatus::None;
        for (was_active, in_provider_queue, in_entry_queue, expected) in [
            (true, false, false, Position::Unknown),
            (true, true, false, Position::Unknown),
            (false, false, false, Position::Unknown),
            (false, true, false, Position::ProviderQueue),
            (true, false, true, Position::EntryQueue),
        ] {
            let found = untold(none, was_active, in_provider_queue, in_entry_queue);
            assert_eq!(found, expected, "{was_active} {in_provider_queue} {in_entry_queue}");
        }
        assert_eq!(untold(OnChainStatus::Validating, true, false, false), Position::Validating);
    }

    #[test]
    fn the_contracts_status_wins_over_every_queue() {
        for was_active in [false, true] {
            for in_provider_queue in [false, true] {
                for in_entry_queue in [false, true] {
                    let facts = [was_active, in_provider_queue, in_entry_queue];
                    assert_eq!(decide(OnChainStatus::Validating, facts), Position::Validating);
                    assert_eq!(decide(OnChainStatus::Zombie, facts), Position::Zombie);
                    assert_eq!(decide(OnChainStatus::Exiting, facts), Position::Exiting);
                }
            }
        }
    }

    #[test]
    fn without_a_status_the_furthest_queue_wins_and_then_the_past() {
        let table = [
            ([false, false, false], Position::Unregistered),
            ([false, false, true], Position::EntryQueue),
            ([false, true, false], Position::ProviderQueue),
            ([false, true, true], Position::EntryQueue),
            ([true, false, false], Position::Withdrawn),
            ([true, false, true], Position::EntryQueue),
            ([true, true, false], Position::ProviderQueue),
            ([true, true, true], Position::EntryQueue),
        ];
        for (facts, expected) in table {
            assert_eq!(decide(OnChainStatus::None, facts), expected, "{facts:?}");
        }
    }

    #[test]
    fn names_are_those_of_the_serialized_form() {
        for position in Position::ALL {
            let json = serde_json::to_string(&position).unwrap();
            assert_eq!(json, format!("\"{position}\""));
        }
    }
}
