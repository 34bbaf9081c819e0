//! How long keys and ether last.

use butler_core::daemon::http::identifiers::brief;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Subject};
use butler_core::text::time::duration;
use maud::{Markup, html};

use super::bars::{Bar, bars, permille};
use crate::catalogue::{self, Family};
use crate::page::facts::{ScraperFacts, samples};
use crate::page::figures::whole;
use crate::page::fold::{Inside, fold};

/// A bar is full at so many seconds.
const FULL: u64 = 30 * 86_400;
/// So many are shown, those that end first.
const SHOWN: usize = 10;

/// The queues and the publishers that will run dry, the first one first; nothing where none does.
pub(in crate::page) fn runways(scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let of = |family: &'static Family, what: &'static str| {
        samples(scrapers, family)
            .filter_map(move |sample| Some((whole(sample.value), what, sample.labels.first()?.as_str())))
    };
    let mut ends: Vec<(u64, &str, &str)> =
        of(&catalogue::PROVIDER_RUNWAY, "keys of").chain(of(&catalogue::PUBLISHER_RUNWAY, "ether of")).collect();
    ends.sort_unstable();
    if ends.is_empty() {
        return html! {};
    }
    let found = || scrapers.iter().flat_map(|scraper| scraper.findings.iter());
    let list: Vec<Bar> = ends
        .iter()
        .take(SHOWN)
        .map(|(seconds, what, name)| {
            let severity =
                found().filter(|finding| is_about(finding, name)).map(|finding| finding.severity_at(now)).min();
            let (class, word) = match severity {
                Some(Severity::Critical) => ("bad", "critical"),
                Some(Severity::Warning | Severity::Info) => ("warn", "short"),
                None => ("ok", ""),
            };
            Bar {
                name: html! { (what) " " @if *what == "keys of" { "provider " } (brief(name)) },
                permille: permille(*seconds, FULL),
                class,
                words: html! { (duration(*seconds)) @if !word.is_empty() { " " strong class=(class) { (word) } } },
            }
        })
        .collect();
    let part = html! {
        (bars(&list))
        p.note { "Full bars are 30 days or more, at the pace of the last days." }
        @if ends.len() > SHOWN { p.note { (ends.len().saturating_sub(SHOWN)) " more last longer." } }
    };
    let short = list.iter().filter(|bar| bar.class != "ok").count();
    html! { div.part { (fold("Runways", Inside::of(ends.len(), short), &part)) } }
}

/// Whether it says that this provider or publisher runs dry.
fn is_about(finding: &Finding, name: &str) -> bool {
    match (&finding.subject, finding.kind) {
        (Subject::Provider(id), FindingKind::ProviderRunsDry) => id.to_string() == name,
        (Subject::Publisher(_), FindingKind::PublisherRunsDry) => finding.subject.to_string() == name,
        _ => false,
    }
}
