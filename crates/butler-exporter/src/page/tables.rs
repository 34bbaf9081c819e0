//! Tables of what is served, a row for each name. On a narrow screen each row becomes a record: every cell knows its heading.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use butler_core::daemon::http::asked::Asked;
use butler_core::daemon::http::identifiers::brief;
use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples};
use super::figures::{figure, whole};
use super::fold::{Inside, fold};
use super::kinds::{First, Kind, Shape};
use crate::readings::Sample;

/// So many rows of a table stand on the first page.
const SHOWN: usize = 10;

/// The first rows of a table, with the way to all of them; nothing where there is none.
pub(super) fn table(kind: &'static Kind, network: &str, scrapers: &[&ScraperFacts], now: u64) -> Markup {
    let rows = Rows::of(kind, scrapers);
    if rows.len() == 0 {
        return html! {};
    }
    let hidden = rows.len().saturating_sub(SHOWN);
    let part = html! {
        (rows.markup(0, SHOWN, brief, now))
        @if hidden > 0 {
            p.ways {
                a href=(Asked::new("/tables", [("network", network), ("table", kind.name)]).link()) { "and " (hidden) " more" }
            }
        }
    };
    html! { div.part { (fold(kind.title, Inside::of(rows.len(), rows.bad()), &part)) } }
}

/// The rows of a table, those first that somebody has to look at.
pub(super) struct Rows<'a> {
    kind: &'static Kind,
    rows: Vec<Row<'a>>,
}

struct Row<'a> {
    name: &'a str,
    cells: Vec<Option<&'a Sample>>,
}

impl Row<'_> {
    fn bad(&self, kind: &Kind) -> usize {
        let cells = self.cells.iter().zip(kind.columns);
        cells.filter(|(cell, (.., shape))| matches!(shape, Shape::Truth) && cell.is_some_and(is_no)).count()
    }
}

impl<'a> Rows<'a> {
    /// A row for each value of the first label after the network, with a cell for each column.
    pub(super) fn of(kind: &'static Kind, scrapers: &'a [&ScraperFacts]) -> Self {
        let mut rows = BTreeMap::<&str, Vec<Option<&Sample>>>::new();
        for (index, (_, family, only, _)) in kind.columns.iter().enumerate() {
            let wanted = |sample: &&Sample| only.is_none_or(|(name, value)| label_of(sample, name) == Some(value));
            for sample in samples(scrapers, family).filter(wanted) {
                let Some(name) = sample.labels.first() else { continue };
                let row = rows.entry(name).or_insert_with(|| vec![None; kind.columns.len()]);
                if let Some(cell) = row.get_mut(index) {
                    *cell = Some(sample);
                }
            }
        }
        let due: Vec<(BTreeMap<&str, f64>, First)> =
            kind.due.iter().map(|(family, first)| (by_name(samples(scrapers, family)), *first)).collect();
        let mut rows: Vec<Row<'_>> = rows.into_iter().map(|(name, cells)| Row { name, cells }).collect();
        // Stable: rows that are as pressing stay in the order of their names.
        rows.sort_by(|one, other| {
            let by_due = due.iter().map(|(values, first)| {
                let value = |row: &Row<'_>| pressing(values.get(row.name).copied(), *first);
                value(one).total_cmp(&value(other))
            });
            by_due.fold(other.bad(kind).cmp(&one.bad(kind)), Ordering::then)
        });
        Self { kind, rows }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// In how many something is bad.
    fn bad(&self) -> usize {
        self.rows.iter().filter(|row| row.bad(self.kind) > 0).count()
    }

    /// So many of them from there on, with their names written so.
    pub(super) fn markup(&self, start: usize, most: usize, name: fn(&str) -> Markup, now: u64) -> Markup {
        let columns = self.kind.columns;
        // A column that nobody fills says nothing.
        let is_used: Vec<bool> = (0..columns.len())
            .map(|index| self.rows.iter().any(|row| row.cells.get(index).is_some_and(Option::is_some)))
            .collect();
        let used = || columns.iter().zip(&is_used).filter(|(_, is_used)| **is_used).map(|(column, _)| column);
        html! {
            table {
                thead { tr { th scope="col" { (self.kind.label) } @for (head, ..) in used() { th scope="col" { (head) } } } }
                tbody {
                    @for row in self.rows.iter().skip(start).take(most) {
                        tr {
                            th scope="row" { (name(row.name)) }
                            @for ((sample, (head, _, _, shape)), _) in
                                row.cells.iter().zip(columns).zip(&is_used).filter(|(_, is_used)| **is_used)
                            { (cell(*sample, head, *shape, now)) }
                        }
                    }
                }
            }
        }
    }
}

/// The lowest value of each name.
fn by_name<'a>(samples: impl Iterator<Item = &'a Sample>) -> BTreeMap<&'a str, f64> {
    let mut values = BTreeMap::new();
    for sample in samples {
        if let Some(name) = sample.labels.first() {
            let value = values.entry(name.as_str()).or_insert(sample.value);
            *value = sample.value.min(*value);
        }
    }
    values
}

/// How pressing a value is; the lowest is first. What has none is not.
fn pressing(value: Option<f64>, first: First) -> f64 {
    match (value, first) {
        (Some(value), First::Least) => value,
        (Some(value), First::Most) => -value,
        (None, _) => f64::INFINITY,
    }
}

/// The value of a label by its name. A family's first label is the network, which no sample of a network repeats.
fn label_of<'a>(sample: &'a Sample, name: &str) -> Option<&'a str> {
    let declared = sample.family.labels.iter().skip(1);
    declared.zip(&sample.labels).find(|(label, _)| label.name == name).map(|(_, value)| value.as_str())
}

fn is_no(sample: &Sample) -> bool {
    sample.value <= 0.5
}

fn cell(sample: Option<&Sample>, head: &str, shape: Shape, now: u64) -> Markup {
    let Some(sample) = sample else { return html! { td.none data-label=(head) { "–" } } };
    let value = sample.value;
    match shape {
        Shape::Label(name) => html! { td data-label=(head) { (brief(label_of(sample, name).unwrap_or_default())) } },
        Shape::Truth if is_no(sample) => html! { td.bad data-label=(head) { "no" } },
        Shape::Truth => html! { td.good data-label=(head) { "yes" } },
        Shape::Figure => html! { td data-label=(head) { (figure(value)) } },
        Shape::Share => html! { td data-label=(head) { (figure(value * 100.0)) " %" } },
        Shape::Moment => {
            let at = whole(value);
            html! { td data-label=(head) title=(moment(at)) { (distance(now, at)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::parts::{slashing, tables};
    use super::*;
    use crate::catalogue;
    use crate::catalogue::values::ScraperKind;
    use crate::readings::Readings;

    #[test]
    fn a_column_shows_the_label_that_it_names_wherever_that_stands() {
        let mut readings = Readings::default();
        readings.push(&catalogue::SLASHING_ROUND, [], 7.0);
        readings.push(&catalogue::SLASHING_ATTESTERS, ["voted".to_owned()], 1.0);
        let labels = ["0xa".to_owned(), "voted".to_owned(), "paris".to_owned()];
        readings.push(&catalogue::SLASHING_VOTES, labels, 12.0);
        for (check, success) in [("dns", 1.0), ("p2p", 0.0)] {
            readings.push(&catalogue::HOST_CHECK_SUCCESS, ["h".to_owned(), check.to_owned()], success);
        }
        let scraper = ScraperFacts {
            network: "mainnet".to_owned(),
            kind: ScraperKind::Slashing,
            own: Arc::default(),
            read: Some((Arc::new(readings), 0)),
            findings: Arc::default(),
            details: Arc::default(),
        };
        let html = slashing("mainnet", &[&scraper], 0).into_string();
        assert!(html.contains("data-label=\"stage\">voted<") && html.contains("data-label=\"votes\">12<"), "{html}");
        assert!(!html.contains("paris"), "{html}");
        let html = tables("mainnet", &[&scraper], 0).into_string();
        assert!(html.contains("data-label=\"name\">yes<") && html.contains("data-label=\"p2p\">no<"), "{html}");
        assert!(
            html.contains("<h3>Hosts</h3> <span class=\"inside\">1</span> <strong class=\"bad inside\">1 bad"),
            "{html}"
        );
    }

    #[test]
    fn of_many_rows_those_that_are_due_first_stand_on_the_first_page_with_the_way_to_all() {
        let mut readings = Readings::default();
        for index in 0..250_u32 {
            let name = format!("publisher{index:03}");
            readings.push(&catalogue::PUBLISHER_BALANCE, [name.clone()], f64::from(1_000 - index));
            if index == 77 {
                readings.push(&catalogue::PUBLISHER_RUNWAY, [name], 5.0);
            }
        }
        let scraper = ScraperFacts {
            network: "mainnet".to_owned(),
            kind: ScraperKind::L1,
            own: Arc::default(),
            read: Some((Arc::new(readings), 0)),
            findings: Arc::default(),
            details: Arc::default(),
        };
        let html = table(&crate::page::kinds::PUBLISHERS, "mainnet", &[&scraper], 0).into_string();
        let shown: Vec<&str> = html.split("<th scope=\"row\">").skip(1).map(|row| &row[..12]).collect();
        let last = (241..250).rev().map(|index| format!("publisher{index}"));
        assert_eq!(shown, ["publisher077".to_owned()].into_iter().chain(last).collect::<Vec<_>>());
        let way = "<a href=\"/tables?network=mainnet&amp;table=publishers\">and 240 more</a>";
        assert!(html.contains(way) && html.contains("<span class=\"inside\">250</span>"), "{html}");
        let facts = super::super::Facts { scrapers: vec![scraper], ..Default::default() };
        let page = |asked: &[(&'static str, &'static str)]| {
            let asked = Asked::new("/tables", asked.iter().copied());
            super::super::render(super::super::View::Tables, &facts, &asked)
        };
        let html = page(&[("network", "mainnet"), ("table", "publishers"), ("page", "3")]);
        assert!(html.contains("201 to 250 of 250 rows") && html.matches("<th scope=\"row\">").count() == 50, "{html}");
        let html = page(&[("network", "none"), ("table", "<script>")]);
        assert!(html.contains("Nothing of the kind is known.") && !html.contains("<script"), "{html}");
    }
}
