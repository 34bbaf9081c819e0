//! `docs/findings.md`: every kind of finding, made from the list of kinds.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{FindingKind, Source, remedy, severity_rule};

/// The page.
#[must_use]
pub fn render_page() -> String {
    let mut page = String::from(
        "# Findings

<!-- Generated from crates/butler-core/src/domain/findings. `cargo xtask docs` rewrites it. -->

What can be wrong, as `audit`, `doctor`, the exporter's page at `/` and its metrics tell it. It is decided in one place, from the
facts that were read; they only show it. `butler_findings` counts every kind by its severity, and
`butler_finding_until_timestamp_seconds` says when it is too late for the first of a kind, where there is such a moment.

Severity is how soon somebody must look: *critical* at once, *warning* in working hours, *info* when there is time. `audit` and
`doctor` also say whether something is an *error* (the check fails), whatever its severity: a key file with a fault can wait
until the morning, and is an error. Kinds marked with a star are those of `audit`.
",
    );
    for source in Source::ALL {
        // Writing to a string can not fail.
        let _ = write!(
            page,
            "\n## {}\n\n| kind | severity | what it means | what to do | runbook, metric |\n",
            source.title()
        );
        page.push_str("| --- | --- | --- | --- | --- |\n");
        for (codes, kind) in alike(source) {
            let _ = writeln!(
                page,
                "| {codes} | {} | {} | {} | [{runbook}](runbooks/{runbook}.md), `{}` |",
                capital(severity_rule(kind)),
                kind.meaning(),
                capital(remedy(kind)),
                kind.family(),
                runbook = kind.runbook(),
            );
        }
    }
    page
}

/// The kinds of a source in their order; those that say the same stand together.
fn alike(source: Source) -> Vec<(String, FindingKind)> {
    let mut rows: Vec<(String, FindingKind)> = Vec::new();
    let mut places = BTreeMap::<(&str, &str), usize>::new();
    for kind in FindingKind::all().filter(|kind| kind.source() == source) {
        let star = if kind.is_audited() { "\\*" } else { "" };
        let name = format!("`{}`{star}", kind.code());
        match places.get(&(kind.meaning(), severity_rule(kind))).and_then(|place| rows.get_mut(*place)) {
            Some((names, _)) => {
                names.push_str(", ");
                names.push_str(&name);
            }
            None => {
                places.insert((kind.meaning(), severity_rule(kind)), rows.len());
                rows.push((name, kind));
            }
        }
    }
    rows
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
