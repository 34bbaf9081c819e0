//! The page at `/`, for a person on call: what needs attention first, then each network, then how the scrapes went.
//!
//! It is made of what is served as metrics and of what core found in the same scrapes, by a pure function. It needs no script; the style is allowed
//! by its digest, so that nothing that slipped into the page would be run or loaded. Times left are those of the moment it
//! was made; it asks for itself again every half minute.

mod attention;
mod facts;
mod network;
mod runbooks;
mod write;

#[cfg(test)]
mod tests;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use butler_core::domain::findings::Severity;
use ring::digest;

use self::attention::Line;
pub(crate) use self::facts::Facts;
pub(crate) use self::runbooks::runbook;
use self::write::{escape, moment, push};

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
