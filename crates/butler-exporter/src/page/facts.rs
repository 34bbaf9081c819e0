//! What the page is made from: everything that is served, and everything that was found.

use std::collections::BTreeMap;
use std::sync::Arc;

use butler_core::domain::findings::Finding;

use super::figures::whole;
use crate::catalogue::values::ScraperKind;
use crate::catalogue::{self, Family};
use crate::readings::details::{AttesterLine, Details};
use crate::readings::strips::Strip;
use crate::readings::{Readings, Sample};
use crate::slots::{Slot, Slots};

/// Everything that the page knows.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// The time of day in unix seconds.
    pub(crate) now: u64,
    /// When the program started, and when the configuration in effect was read.
    pub(crate) moments: (u64, u64),
    /// What is wrong with the program itself, by network.
    pub(crate) program: BTreeMap<String, Vec<Finding>>,
    /// What is scraped, network by network.
    pub(crate) scrapers: Vec<ScraperFacts>,
    /// Where browsers find the watcher's page.
    pub(crate) watcher: Option<Arc<String>>,
}

/// One scraper of one network.
#[derive(Debug, Clone)]
pub(crate) struct ScraperFacts {
    pub(crate) network: String,
    pub(crate) kind: ScraperKind,
    /// How its scrapes went.
    pub(crate) own: Arc<Readings>,
    /// What it read, and how many seconds ago; absent when there is nothing, or nothing fresh.
    pub(crate) read: Option<(Arc<Readings>, u64)>,
    /// What it found; nothing when nothing is fresh.
    pub(crate) findings: Arc<Vec<Finding>>,
    /// What is shown beside; nothing when nothing is fresh.
    pub(crate) details: Arc<Details>,
}

impl Facts {
    /// What is served now.
    pub(crate) fn of(slots: &Slots, watcher: Option<Arc<String>>, now: u64) -> Self {
        let facts = |slot: &Arc<Slot>| {
            let read = slot.readings().map(|(readings, age)| (readings, age.as_secs()));
            ScraperFacts {
                network: slot.network.clone(),
                kind: slot.kind,
                own: Arc::clone(&slot.view().progress.readings),
                read,
                findings: slot.findings().unwrap_or_default(),
                details: slot.details().unwrap_or_default(),
            }
        };
        let scrapers = slots.slots().iter().map(facts).collect();
        Self { now, moments: slots.process().moments(), program: slots.program_findings(now), scrapers, watcher }
    }

    /// The scrapers by network.
    pub(super) fn networks(&self) -> BTreeMap<&str, Vec<&ScraperFacts>> {
        let mut networks = BTreeMap::<&str, Vec<&ScraperFacts>>::new();
        for scraper in &self.scrapers {
            networks.entry(&scraper.network).or_default().push(scraper);
        }
        networks
    }

    /// Everything that was found, with its network.
    pub(super) fn findings(&self) -> impl Iterator<Item = (&str, &Finding)> {
        let program = self.program.iter().flat_map(|(network, found)| found.iter().map(move |one| (&**network, one)));
        let read = self.scrapers.iter();
        program.chain(read.flat_map(|scraper| scraper.findings.iter().map(move |one| (&*scraper.network, one))))
    }

    /// Own attesters of every network, with the network.
    pub(super) fn attesters(&self) -> impl Iterator<Item = (&str, &AttesterLine)> {
        let scrapers = self.scrapers.iter();
        scrapers.flat_map(|scraper| scraper.details.attesters.iter().map(move |line| (&*scraper.network, line)))
    }
}

impl ScraperFacts {
    /// Everything that is served of this scraper.
    pub(super) fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.own.0.iter().chain(self.read.iter().flat_map(|(readings, _)| &readings.0))
    }

    /// The samples of one family.
    pub(super) fn of<'a>(&'a self, family: &'static Family) -> impl Iterator<Item = &'a Sample> {
        self.samples().filter(move |sample| std::ptr::eq(sample.family, family))
    }
}

/// Own attesters of a network.
pub(super) fn attesters<'a>(scrapers: &'a [&ScraperFacts]) -> impl Iterator<Item = &'a AttesterLine> + Clone {
    scrapers.iter().flat_map(|scraper| &scraper.details.attesters)
}

/// What the servers of a network did.
pub(super) fn strips<'a>(scrapers: &'a [&ScraperFacts]) -> impl Iterator<Item = &'a Strip> {
    scrapers.iter().flat_map(|scraper| &scraper.details.strips)
}

/// The samples of a family.
pub(super) fn samples<'a>(scrapers: &'a [&ScraperFacts], family: &'static Family) -> impl Iterator<Item = &'a Sample> {
    scrapers.iter().flat_map(move |scraper| scraper.of(family))
}

/// The value of a family that has no label but the network.
pub(super) fn single(scrapers: &[&ScraperFacts], family: &'static Family) -> Option<f64> {
    scrapers.iter().find_map(|scraper| scraper.of(family).next().map(|sample| sample.value))
}

/// When a scraper last succeeded, by the clock of this machine.
pub(super) fn last_success(scraper: &ScraperFacts) -> Option<u64> {
    scraper.of(&catalogue::SCRAPE_LAST_SUCCESS).next().map(|sample| whole(sample.value))
}
