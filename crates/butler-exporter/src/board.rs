//! The slots that are served. A reload replaces them as a whole, and whoever answers a request takes them once.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::status::Slot;

/// The slots of all scrapers, by network.
#[derive(Debug)]
pub struct Board(ArcSwap<Vec<Arc<Slot>>>);

impl Board {
    /// A board with these slots.
    #[must_use]
    pub fn new(slots: Vec<Arc<Slot>>) -> Self {
        Self(ArcSwap::from_pointee(slots))
    }

    /// The slots as they are now.
    #[must_use]
    pub fn slots(&self) -> Arc<Vec<Arc<Slot>>> {
        self.0.load_full()
    }
}
