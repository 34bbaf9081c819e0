//! The slots that are served. A reload replaces them as a whole, and whoever answers a request takes them once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use crate::life::Life;
use crate::status::Slot;

/// The slots of all scrapers, by network, and the figures of the process.
#[derive(Debug)]
pub struct Board {
    slots: ArcSwap<Vec<Arc<Slot>>>,
    life: Life,
    was_ready: AtomicBool,
}

impl Board {
    /// A board with these slots.
    #[must_use]
    pub fn new(slots: Vec<Arc<Slot>>) -> Self {
        Self { slots: ArcSwap::from_pointee(slots), life: Life::default(), was_ready: AtomicBool::new(false) }
    }

    /// The slots as they are now.
    #[must_use]
    pub fn slots(&self) -> Arc<Vec<Arc<Slot>>> {
        self.slots.load_full()
    }

    /// From now on these slots are served.
    pub fn replace(&self, slots: Vec<Arc<Slot>>) {
        // Before new slots come, which nobody has scraped yet.
        self.is_ready();
        self.slots.store(Arc::new(slots));
    }

    /// The figures of the process.
    #[must_use]
    pub fn life(&self) -> &Life {
        &self.life
    }

    /// Whether every scraper has tried once. Once true it stays so.
    pub fn is_ready(&self) -> bool {
        if !self.was_ready.load(Ordering::Relaxed) && self.slots().iter().all(|slot| slot.was_attempted()) {
            self.was_ready.store(true, Ordering::Relaxed);
        }
        self.was_ready.load(Ordering::Relaxed)
    }
}
