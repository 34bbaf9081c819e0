//! The page at `/`, for a person on call: what needs attention first, then each network, then how the scrapes went.
//!
//! Text is escaped by its type: only what `html!` itself wrote is markup. The page is made of what is served as metrics and of what core found in the same scrapes, by a pure
//! function. Times left are those of the moment it
//! was made; it asks for itself again every half minute.

mod attention;
mod duties;
mod facts;
mod figures;
mod network;
mod runbooks;
mod slashers;

#[cfg(test)]
mod tests;

use butler_core::daemon::http::page::Frame;
use butler_core::domain::findings::Severity;
use maud::{Markup, html};

use self::attention::Line;
pub(crate) use self::facts::Facts;
pub(crate) use self::runbooks::runbook;

/// How what is below the verdict looks.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The page.
#[must_use]
pub(crate) fn render(facts: &Facts) -> String {
    let lines = attention::lines(facts);
    let (class, verdict) = verdict(&lines);
    let (program, version) = ("butler-exporter", env!("CARGO_PKG_VERSION"));
    let frame = Frame { program, version, class, verdict: &verdict, now: facts.now, refresh: 30, style: STYLE };
    frame.html(&html! {
        (attention(&lines))
        @for (name, scrapers) in facts.networks() {
            (network::section(name, &scrapers, facts.now))
        }
    })
}

/// How bad it is, as a class and in words.
fn verdict(lines: &[Line]) -> (&'static str, String) {
    let count = |severity| lines.iter().filter(|line| line.severity == severity).map(|line| line.count).sum();
    let critical: usize = count(Severity::Critical);
    let warning: usize = count(Severity::Warning);
    match (critical, warning) {
        (0, 0) => ("good", "nothing needs attention".to_owned()),
        (0, warning) => ("warning", format!("{warning} to look at")),
        (critical, 0) => ("critical", format!("{critical} critical")),
        (critical, warning) => ("critical", format!("{critical} critical, {warning} to look at")),
    }
}

fn attention(lines: &[Line]) -> Markup {
    html! {
        section.attention id="attention" {
            h2 { "Needs attention" }
            @if lines.is_empty() {
                p.empty { "Nothing that is scraped needs anybody now." }
            } @else {
                ul {
                    @for line in lines {
                        li class=(line.severity.name()) {
                            span.urgency { (line.severity.name()) } " "
                            span.network { (line.network) } " "
                            span.what { (line.text) } " "
                            @if let Some(left) = &line.left { span.left { (left) } }
                            " " a href={ "/runbooks/" (line.runbook) } { (line.runbook) }
                        }
                    }
                }
            }
        }
    }
}
