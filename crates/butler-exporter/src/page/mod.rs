//! The pages for a person on call. The first one says what needs attention and what to do next, then shows each network in pictures and
//! tables; others list all findings, all attesters, and the runbooks.
//!
//! Text is escaped by its type: only what `html!` itself wrote is markup. A page is made of what is served as metrics and of what core
//! found in the same scrapes, when somebody asks for it, by pure functions. Times left are those of the moment it was made; it asks
//! for itself again only where somebody wants that.

mod attention;
mod attesters;
mod duties;
mod facts;
mod figures;
mod findings;
mod fold;
mod forms;
mod kinds;
mod lists;
mod network;
mod parts;
mod pictures;
mod program;
mod runbooks;
mod slashers;
mod tables;

#[cfg(test)]
mod tests;

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::page::Frame;
use butler_core::domain::findings::Severity;
use maud::{Markup, html};

use self::attention::Line;
pub(crate) use self::facts::Facts;
pub(crate) use self::runbooks::runbook;

/// How what is below the verdict looks.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The pages that every page leads to.
const PAGES: [(&str, &str); 5] = [
    ("/", "Overview"),
    ("/findings", "Findings"),
    ("/attesters", "Attesters"),
    ("/tables", "Tables"),
    ("/runbooks/", "Runbooks"),
];

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// What needs attention, and each network.
    Overview,
    /// Everything that was found.
    Findings,
    /// Own attesters one by one.
    Attesters,
    /// A table of one network, whole.
    Tables,
    /// The list of runbooks.
    Runbooks,
    /// One of them: its name and its text.
    Runbook(&'static str, &'static str),
}

impl View {
    /// The page at a path, if there is one.
    pub(crate) fn at(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Overview),
            "/findings" => Some(Self::Findings),
            "/attesters" => Some(Self::Attesters),
            "/tables" => Some(Self::Tables),
            "/runbooks" | "/runbooks/" => Some(Self::Runbooks),
            _ => runbook(path.strip_prefix("/runbooks/")?).map(|(name, text)| Self::Runbook(name, text)),
        }
    }
}

/// The page for what was asked.
#[must_use]
pub(crate) fn render(view: View, facts: &Facts, asked: &Asked) -> String {
    let lines = attention::all(facts);
    let (class, verdict) = verdict(&lines);
    let (title, part) = match view {
        View::Overview => ("", overview(facts, &lines)),
        View::Findings => ("Findings", findings::view(&lines, asked)),
        View::Attesters => ("Attesters", attesters::view(facts, asked)),
        View::Tables => ("Tables", lists::view(facts, asked)),
        View::Runbooks => ("Runbooks", runbooks::index()),
        View::Runbook(name, text) => (name, runbooks::view(name, text, facts, asked)),
    };
    let (program, version) = ("butler-exporter", env!("CARGO_PKG_VERSION"));
    let watcher = facts.watcher.as_ref().map(|address| (address.as_str(), "Watcher ↗"));
    let pages: Vec<(&str, &str)> = PAGES.into_iter().chain(watcher).collect();
    let (now, pages) = (facts.now, pages.as_slice());
    Frame { program, version, title, class, verdict: &verdict, now, asked, pages, style: STYLE }.html(&part)
}

/// How bad it is, as a class and in words.
fn verdict(lines: &[Line]) -> (&'static str, String) {
    let count = |severity| lines.iter().filter(|line| line.severity == severity).count();
    match (count(Severity::Critical), count(Severity::Warning)) {
        (0, 0) => ("good", "nothing needs attention".to_owned()),
        (0, warning) => ("warning", format!("{warning} to look at")),
        (critical, 0) => ("critical", format!("{critical} critical")),
        (critical, warning) => ("critical", format!("{critical} critical, {warning} to look at")),
    }
}

fn overview(facts: &Facts, lines: &[Line]) -> Markup {
    html! {
        section id="attention" {
            h2 { "Needs attention" }
            @if lines.is_empty() {
                p.empty { "Nothing that is scraped needs anybody now." }
            } @else {
                (attention::list(&attention::cut(lines)))
            }
        }
        (pictures::patterns())
        @for (name, scrapers) in facts.networks() {
            (network::section(name, &scrapers, facts.now))
        }
        (program::section(facts))
    }
}
