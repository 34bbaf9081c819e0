//! The slots that are served. A reload replaces them as a whole, and whoever answers a request takes them once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use butler_core::domain::findings::program::{of_process, of_scraper};
use butler_core::domain::findings::{Finding, Source, Thresholds, counts};

use crate::catalogue;
use crate::life::Life;
use crate::readings::{Sample, number};
use crate::status::Slot;

/// What stands for a network's name where something belongs to none.
pub const PROCESS: &str = "exporter";

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

    /// What is wrong with the program itself at `now`, by network; with the process, under [`PROCESS`].
    #[must_use]
    pub fn program_findings(&self, now: u64) -> BTreeMap<String, Vec<Finding>> {
        let thresholds = Thresholds::default();
        let process = of_process(&self.life.state(), now, &thresholds);
        let mut found = BTreeMap::from([(PROCESS.to_owned(), process)]);
        for slot in self.slots().iter() {
            let of_network: &mut Vec<Finding> = found.entry(slot.network.clone()).or_default();
            of_network.extend(of_scraper(&slot.state(now), now, &thresholds));
        }
        found
    }

    /// Everything that belongs to no single scrape, at `now`.
    #[must_use]
    pub fn samples(&self, now: u64) -> Vec<Sample> {
        let mut samples = self.life.samples();
        for (network, findings) in self.program_findings(now) {
            samples.extend(counts(Source::Program, &findings, now).into_iter().map(|((kind, severity), count)| {
                Sample::own(&catalogue::FINDINGS, [&network, kind.code(), severity.name()], number(count))
            }));
        }
        samples
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
