//! The page at `/`, for a person on call: what needs attention first, then each network, then how the scrapes went.
//!
//! Text is escaped by its type: only what `html!` itself wrote is markup. The page is made of what is served as metrics and of what core found in the same scrapes, by a pure
//! function. It needs no script; the style is allowed
//! by its digest, so that nothing that slipped into the page would be run or loaded. Times left are those of the moment it
//! was made; it asks for itself again every half minute.

mod attention;
mod facts;
mod figures;
mod network;
mod runbooks;
mod slashers;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use butler_core::domain::findings::Severity;
use butler_core::text::time::moment;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use ring::digest;

use self::attention::Line;
pub(crate) use self::facts::Facts;
pub(crate) use self::runbooks::runbook;

const STYLE: &str = include_str!("style.css");

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
    let (class, verdict) = verdict(&lines);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content="30";
                title { (verdict) " · butler" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { "butler-exporter " small { (env!("CARGO_PKG_VERSION")) } }
                    p class={ "verdict " (class) } { (verdict) }
                    p.now { (moment(facts.now)) }
                }
                main {
                    (attention(&lines))
                    @for (name, scrapers) in facts.networks() {
                        (network::section(name, &scrapers, facts.now))
                    }
                    footer {
                        a href="/metrics" { "metrics" } " · " a href="/livez" { "livez" } " · " a href="/readyz" { "readyz" }
                    }
                }
            }
        }
    };
    page.into_string()
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
