//! The slots that are served. A reload replaces them as a whole, and whoever answers a request takes them once.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use butler_core::daemon::http::readiness::Readiness;
use butler_core::daemon::telemetry::metrics::process::ProcessFigures;
use butler_core::domain::findings::program::{ProcessState, of_process, of_scraper};
use butler_core::domain::findings::{Finding, Source, Thresholds, counts};

use super::slot::Slot;
use super::textfile::TextfileFigures;
use crate::catalogue;
use crate::readings::{Sample, number};

/// What stands for a network's name where something belongs to none.
const PROCESS: &str = "exporter";

/// The slots of all scrapers, by network, and the figures of the process.
#[derive(Debug)]
pub struct Slots {
    slots: ArcSwap<Vec<Arc<Slot>>>,
    process: Arc<ProcessFigures>,
    textfile: TextfileFigures,
    readiness: Readiness,
}

impl Slots {
    /// A table of these slots.
    #[must_use]
    pub fn new(slots: Vec<Arc<Slot>>) -> Self {
        Self {
            slots: ArcSwap::from_pointee(slots),
            process: Arc::new(ProcessFigures::new(env!("BUTLER_REVISION"))),
            textfile: TextfileFigures::default(),
            readiness: Readiness::default(),
        }
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

    /// What is wrong with the program itself at `now`, by network; with the process, under `PROCESS`.
    #[must_use]
    pub fn program_findings(&self, now: u64) -> BTreeMap<String, Vec<Finding>> {
        let thresholds = Thresholds::default();
        let state = ProcessState {
            certificate_is_current: Some(self.process.has_current_certificate()),
            configuration_is_current: self.process.has_current_configuration(),
            textfile_written_at: self.textfile.written_at(),
        };
        let process = of_process(&state, now, &thresholds);
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
        let mut samples = self.process.samples();
        samples.extend(self.textfile.samples());
        for (network, findings) in self.program_findings(now) {
            samples.extend(counts(Source::Program, &findings, now).into_iter().map(|((kind, severity), count)| {
                Sample::of_process(&catalogue::FINDINGS, [&network, kind.code(), severity.name()], number(count))
            }));
        }
        samples
    }

    /// The figures of the process.
    #[must_use]
    pub fn process(&self) -> &Arc<ProcessFigures> {
        &self.process
    }

    /// How writing the file for node_exporter goes.
    #[must_use]
    pub fn textfile(&self) -> &TextfileFigures {
        &self.textfile
    }

    /// Whether every scraper is at work.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.slots().iter().all(|slot| slot.is_alive())
    }

    /// Whether every scraper has tried once. Once true it stays so.
    pub fn is_ready(&self) -> bool {
        self.readiness.is_reached_or(|| self.slots().iter().all(|slot| slot.was_attempted()))
    }
}
