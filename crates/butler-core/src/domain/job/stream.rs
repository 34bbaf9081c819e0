//! The items of a pipeline, one after another: from the first that is configured to the newest that exists.
//!
//! No item is skipped and none comes twice: the next one follows from the last one that was begun, never from what is newest.

use std::num::NonZeroU64;

use super::item::Item;

/// Where items begin, and how many numbers each has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The first number of the first item.
    pub from: u64,
    /// How many numbers an item has.
    pub step: NonZeroU64,
}

impl Stream {
    /// The first item; `None` where numbers end before it is over.
    #[must_use]
    pub fn first(self) -> Option<Item> {
        Item::new(self.from, self.from.checked_add(self.step.get() - 1)?)
    }

    /// The item after one that was begun, or the first; with the step that holds now, right behind the one that was.
    #[must_use]
    pub fn next(self, begun: Option<Item>) -> Option<Item> {
        let Some(begun) = begun else { return self.first() };
        Self { from: begun.last().checked_add(1)?, ..self }.first()
    }

    /// The items that can be begun, oldest first: those that are whole at `newest`, at most `room`.
    #[must_use]
    pub fn items(self, begun: Option<Item>, newest: u64, room: usize) -> Vec<Item> {
        let whole = |item: &Item| item.last() <= newest;
        let first = self.next(begun).filter(whole);
        std::iter::successors(first, |item| self.next(Some(*item)).filter(whole)).take(room).collect()
    }
}

/// The period that can be proven when an epoch is final: `ahead` periods after the one that the epoch is in. `None` where
/// numbers end.
#[must_use]
pub fn period_of_epoch(epoch: u64, epochs_per_period: NonZeroU64, ahead: u64) -> Option<u64> {
    (epoch / epochs_per_period).checked_add(ahead)
}
