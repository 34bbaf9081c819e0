//! `/findings`: everything that was found, as much of it as somebody wants to see.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::daemon::http::asked::Asked;
use butler_core::domain::findings::Severity;
use maud::{Markup, html};

use super::attention::{Line, list};
use super::forms::{Field, PAGE, Part, form};

/// The lines that were asked for, with the form that asks for others.
pub(super) fn view(lines: &[Line], asked: &Asked) -> Markup {
    let networks: BTreeSet<&str> = lines.iter().map(|line| &*line.network).collect();
    let kinds: BTreeMap<&str, String> =
        lines.iter().map(|line| (line.kind.code(), line.kind.code().replace('_', " "))).collect();
    let same = |text: &'static str| (text, text);
    let fields = [
        Field::Choice {
            name: "network",
            words: "network",
            options: networks.iter().map(|name| (*name, *name)).collect(),
        },
        Field::Choice {
            name: "severity",
            words: "severity",
            options: Severity::ALL.iter().map(|severity| same(severity.name())).collect(),
        },
        Field::Choice {
            name: "kind",
            words: "kind",
            options: kinds.iter().map(|(code, words)| (*code, &**words)).collect(),
        },
    ];
    let is_asked = |name: &str, value: &str| asked.get(name).is_none_or(|wanted| wanted == value);
    let chosen: Vec<Line> = lines
        .iter()
        .filter(|line| is_asked("network", &line.network))
        .filter(|line| is_asked("severity", line.severity.name()))
        .filter(|line| is_asked("kind", line.kind.code()))
        .cloned()
        .collect();
    let part = Part::of(asked, chosen.len());
    let shown: Vec<Line> = chosen.into_iter().skip(part.start()).take(PAGE).collect();
    html! {
        section {
            h2 { "Findings" }
            (form(asked, &fields, "Show"))
            (part.ways(asked, "finding"))
            (list(&shown))
            @if part.is_cut() { (part.ways(asked, "finding")) }
        }
    }
}
