//! `/tables`: a table of one network whole, page by page.

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::identifiers::told;
use maud::{Markup, html};

use super::facts::Facts;
use super::forms::{Field, PAGE, Part, form};
use super::kinds::{ALL, Kind};
use super::tables::Rows;

/// The table that was asked for, with the form that asks for another one.
pub(super) fn view(facts: &Facts, asked: &Asked) -> Markup {
    let networks = facts.networks();
    let network = asked.get("network").filter(|name| networks.contains_key(name));
    let network = network.or_else(|| networks.keys().next().copied()).unwrap_or_default();
    let scrapers = networks.get(network).map(Vec::as_slice).unwrap_or_default();
    let wanted = asked.get("table");
    let kind: &Kind = ALL.into_iter().find(|kind| wanted == Some(kind.name)).unwrap_or(ALL[0]);
    let rows = Rows::of(kind, scrapers);
    let part = Part::of(asked, rows.len());
    let mut fields = Vec::new();
    if networks.len() > 1 {
        fields.push(Field::One {
            name: "network",
            words: "network",
            options: networks.keys().map(|name| (*name, *name)).collect(),
            chosen: network,
        });
    }
    let options = ALL.iter().map(|kind| (kind.name, kind.title)).collect();
    fields.push(Field::One { name: "table", words: "table", options, chosen: kind.name });
    html! {
        section {
            h2 { (kind.title) }
            (form(asked, &fields, "Show"))
            (part.ways(asked, "row"))
            @if rows.len() == 0 { p.empty { "Nothing of the kind is known." } } @else {
                div.part { (rows.markup(part.start(), PAGE, told, facts.now)) }
            }
            @if part.is_cut() { (part.ways(asked, "row")) }
        }
    }
}
