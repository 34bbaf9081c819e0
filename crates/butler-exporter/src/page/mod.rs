//! The page at `/`, for a person on call: what needs attention first, then each network, then how the scrapes went.
//!
//! It is made of what is served as metrics and of what core found in the same scrapes, by a pure function. It needs no script; the style is allowed
//! by its digest, so that nothing that slipped into the page would be run or loaded. Times left are those of the moment it
//! was made; it asks for itself again every half minute.

mod attention;
mod network;
mod runbooks;
mod write;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use butler_core::domain::findings::{Finding, Severity};
use ring::digest;

use self::attention::Line;
pub(crate) use self::runbooks::runbook;
use self::write::{escape, moment, push};
use crate::catalogue::values::ScraperKind;
use crate::catalogue::{self, Family};
use crate::readings::{Readings, Sample};
use crate::slots::Slot;
use crate::slots::Slots;

const STYLE: &str = include_str!("style.css");

/// Everything that the page knows.
#[derive(Debug)]
pub(crate) struct Facts {
    /// The time of day in unix seconds.
    pub(crate) now: u64,
    /// What is wrong with the program itself, by network.
    pub(crate) program: BTreeMap<String, Vec<Finding>>,
    /// What is scraped, network by network.
    pub(crate) scrapers: Vec<ScraperFacts>,
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
}

impl Facts {
    /// What is served now.
    pub(crate) fn of(slots: &Slots, now: u64) -> Self {
        let facts = |slot: &Arc<Slot>| {
            let read = slot.readings().map(|(readings, age)| (readings, age.as_secs()));
            ScraperFacts {
                network: slot.network.clone(),
                kind: slot.kind,
                own: Arc::clone(&slot.view().progress.readings),
                read,
                findings: slot.findings().unwrap_or_default(),
            }
        };
        Self { now, program: slots.program_findings(now), scrapers: slots.slots().iter().map(facts).collect() }
    }

    /// The scrapers by network.
    fn networks(&self) -> BTreeMap<&str, Vec<&ScraperFacts>> {
        let mut networks = BTreeMap::<&str, Vec<&ScraperFacts>>::new();
        for scraper in &self.scrapers {
            networks.entry(&scraper.network).or_default().push(scraper);
        }
        networks
    }
}

impl ScraperFacts {
    /// Everything that is served of this scraper.
    fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.own.0.iter().chain(self.read.iter().flat_map(|(readings, _)| &readings.0))
    }

    /// The samples of one family.
    fn of<'a>(&'a self, family: &'static Family) -> impl Iterator<Item = &'a Sample> {
        self.samples().filter(move |sample| std::ptr::eq(sample.family, family))
    }
}

/// The value of `Content-Security-Policy`.
pub(crate) fn policy() -> &'static str {
    static POLICY: LazyLock<String> = LazyLock::new(|| {
        let digest = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
        format!(
            "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    });
    &POLICY
}

/// The page.
#[must_use]
pub(crate) fn render(facts: &Facts) -> String {
    let lines = attention::lines(facts);
    let mut page = String::with_capacity(16 * 1024);
    push_head(&mut page, facts, &lines);
    push_attention(&mut page, &lines);
    for (name, scrapers) in facts.networks() {
        network::push_network(&mut page, name, &scrapers, facts.now);
    }
    push(
        &mut page,
        "<footer><a href=\"/metrics\">metrics</a> · <a href=\"/livez\">livez</a> · <a href=\"/readyz\">readyz</a></footer>\n\
         </main>\n</body>\n</html>\n",
    );
    page
}

fn push_head(page: &mut String, facts: &Facts, lines: &[Line]) {
    let count = |severity| lines.iter().filter(|line| line.severity == severity).map(|line| line.count).sum();
    let critical: usize = count(Severity::Critical);
    let warning: usize = count(Severity::Warning);
    let (class, verdict) = match (critical, warning) {
        (0, 0) => ("good", "nothing needs attention".to_owned()),
        (0, warning) => ("warning", format!("{warning} to look at")),
        (critical, 0) => ("critical", format!("{critical} critical")),
        (critical, warning) => ("critical", format!("{critical} critical, {warning} to look at")),
    };
    push(
        page,
        &format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<meta http-equiv=\"refresh\" content=\"30\">\n\
             <title>{verdict} · butler</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<header>\n\
             <h1>butler-exporter <small>{}</small></h1>\n<p class=\"verdict {class}\">{verdict}</p>\n\
             <p class=\"now\">{}</p>\n</header>\n<main>\n",
            env!("CARGO_PKG_VERSION"),
            moment(facts.now),
        ),
    );
}

fn push_attention(page: &mut String, lines: &[Line]) {
    push(page, "<section class=\"attention\" id=\"attention\">\n<h2>Needs attention</h2>\n");
    if lines.is_empty() {
        push(page, "<p class=\"empty\">Nothing that is scraped needs anybody now.</p>\n");
    } else {
        push(page, "<ul>\n");
        for line in lines {
            let class = line.severity.name();
            let left = line.left.as_deref().map(|left| format!("<span class=\"left\">{}</span>", escape(left)));
            push(
                page,
                &format!(
                    "<li class=\"{class}\"><span class=\"urgency\">{class}</span> <span class=\"network\">{}</span> \
                     <span class=\"what\">{}</span> {} <a href=\"/runbooks/{name}\">{name}</a></li>\n",
                    escape(&line.network),
                    escape(&line.text),
                    left.unwrap_or_default(),
                    name = line.runbook,
                ),
            );
        }
        push(page, "</ul>\n");
    }
    push(page, "</section>\n");
}

/// The value of a family that has no label but the network.
fn single(scrapers: &[&ScraperFacts], family: &'static Family) -> Option<f64> {
    scrapers.iter().find_map(|scraper| scraper.of(family).next().map(|sample| sample.value))
}

/// When a scraper last succeeded, by the clock of this machine.
fn last_success(scraper: &ScraperFacts) -> Option<u64> {
    scraper.of(&catalogue::SCRAPE_LAST_SUCCESS).next().map(|sample| write::whole(sample.value))
}
