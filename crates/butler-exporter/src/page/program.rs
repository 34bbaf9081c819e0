//! The program's own state: since when it runs, under which configuration, and how each scraper gets on.

use butler_core::domain::findings::FindingKind;
use butler_core::text::time::{distance, duration, moment};
use maud::{Markup, html};

use super::facts::{Facts, ScraperFacts, last_success};
use super::figures::whole;
use super::fold::{Inside, fold};
use crate::catalogue::{self, Family};
use crate::readings::Sample;

/// The section about the program.
pub(super) fn section(facts: &Facts) -> Markup {
    let (started, loaded) = facts.moments;
    let has = |kind: FindingKind| facts.program.values().flatten().any(|finding| finding.kind == kind);
    html! {
        section id="program" {
            h2 { "This program" }
            ul {
                li { "butler-exporter " (env!("CARGO_PKG_VERSION")) @if started > 0 { ", running since " (moment(started)) " (" (duration(facts.now.saturating_sub(started))) ")" } }
                @if has(FindingKind::ConfigurationRejected) {
                    li.bad { "configuration: the last one was rejected; that of " (moment(loaded)) " stays in effect" }
                } @else if loaded > 0 {
                    li { "configuration read at " (moment(loaded)) }
                }
                @if has(FindingKind::FilesNotKept) {
                    li.bad { "files for the next start: some could not be written" }
                } @else {
                    li { "files for the next start: kept" }
                }
                @if has(FindingKind::CertificateNotReplaced) { li.bad { "certificate: the new one cannot be used" } }
                @if let Some(watcher) = &facts.watcher { li { a href=(watcher) rel="noreferrer" { "the watcher's page" } } }
            }
            @for (network, scrapers) in facts.networks() { (scrapes(network, &scrapers, facts.now)) }
        }
    }
}

fn scrapes(network: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let is_bad =
        |scraper: &&&ScraperFacts| scraper.read.is_none() || success(scraper).is_some_and(|value| value <= 0.5);
    let inside = Inside::of(scrapers.len(), scrapers.iter().filter(is_bad).count());
    let part = html! {
        table {
            thead {
                tr {
                    @for head in ["scraper", "last", "readings", "last success", "took", "failures since the start"] {
                        th scope="col" { (head) }
                    }
                }
            }
            tbody { @for scraper in scrapers { (scrape(scraper, now)) } }
        }
    };
    html! { div.part { (fold(&format!("Scrapes of {network}"), inside, &part)) } }
}

/// Whether its last scrape succeeded; nothing before the first.
fn success(scraper: &ScraperFacts) -> Option<f64> {
    scraper.of(&catalogue::SCRAPE_SUCCESS).next().map(|sample| sample.value)
}

fn scrape(scraper: &ScraperFacts, now: u64) -> Markup {
    let own = |family: &'static Family| scraper.of(family).next().map(|sample| sample.value);
    let errors = scraper.of(&catalogue::SCRAPE_ERRORS).filter(|sample| sample.value > 0.0);
    let kind = |sample: &Sample| sample.labels.last().cloned().unwrap_or_default();
    let errors: Vec<String> = errors.map(|sample| format!("{} {}", kind(sample), whole(sample.value))).collect();
    html! {
        tr {
            th scope="row" { (scraper.kind.name()) }
            @match success(scraper) {
                None => td.none data-label="last" { "not yet" },
                Some(value) if value > 0.5 => td.good data-label="last" { "good" },
                Some(_) => td.bad data-label="last" { "failed" },
            }
            @match &scraper.read {
                None => td.bad data-label="readings" { "none" },
                Some((_, age)) => td data-label="readings" { (duration(*age)) " old" },
            }
            td data-label="last success" { (last_success(scraper).map_or_else(|| "–".to_owned(), |at| distance(now, at))) }
            td data-label="took" { (own(&catalogue::SCRAPE_DURATION).map_or_else(|| "–".to_owned(), |took| format!("{took:.2} s"))) }
            td.text data-label="failures since the start" { @if errors.is_empty() { "none" } @else { (errors.join(", ")) } }
        }
    }
}
