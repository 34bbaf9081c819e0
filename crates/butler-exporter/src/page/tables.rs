//! Tables of what is served, a row for each name. On a narrow screen each row becomes a record: every cell knows its heading.

use std::collections::BTreeMap;

use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples};
use super::figures::{figure, short, whole};
use crate::catalogue::Family;
use crate::readings::Sample;

/// How a column writes its values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Truth,
    Figure,
    /// A share of one.
    Share,
    /// The last label instead of the value.
    Label,
    /// A moment, by its distance.
    Moment,
}

/// A heading, its family, the last label where only one counts, and how values are written.
pub(super) type Column = (&'static str, &'static Family, Option<&'static str>, Shape);

/// A row for each value of the first label after the network, a column for each family; nothing where there is no row.
pub(super) fn table(title: &str, label: &str, scrapers: &[&ScraperFacts], columns: &[Column], now: u64) -> Markup {
    let mut rows = BTreeMap::<&str, Vec<Option<&Sample>>>::new();
    for (index, (_, family, last, _)) in columns.iter().enumerate() {
        let wanted = |sample: &&Sample| last.is_none_or(|last| sample.labels.last().is_some_and(|label| label == last));
        for sample in samples(scrapers, family).filter(wanted) {
            let Some(name) = sample.labels.first() else { continue };
            let row = rows.entry(name).or_insert_with(|| vec![None; columns.len()]);
            if let Some(cell) = row.get_mut(index) {
                *cell = Some(sample);
            }
        }
    }
    // A column that nobody fills says nothing.
    let is_used: Vec<bool> =
        (0..columns.len()).map(|index| rows.values().any(|row| row.get(index).is_some_and(Option::is_some))).collect();
    let used = || columns.iter().zip(&is_used).filter(|(_, is_used)| **is_used).map(|(column, _)| column);
    if rows.is_empty() {
        return html! {};
    }
    html! {
        div.part {
            h3 { (title) }
            table {
                thead { tr { th scope="col" { (label) } @for (head, ..) in used() { th scope="col" { (head) } } } }
                tbody {
                    @for (name, cells) in &rows {
                        tr {
                            th scope="row" title=(name) { (short(name)) }
                            @for ((sample, (head, _, _, shape)), _) in
                                cells.iter().zip(columns).zip(&is_used).filter(|(_, is_used)| **is_used)
                            { (cell(*sample, head, *shape, now)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(sample: Option<&Sample>, head: &str, shape: Shape, now: u64) -> Markup {
    let Some(sample) = sample else { return html! { td.none data-label=(head) { "–" } } };
    let value = sample.value;
    match shape {
        Shape::Label => html! { td data-label=(head) { (sample.labels.last().map_or("", String::as_str)) } },
        Shape::Truth if value > 0.5 => html! { td.good data-label=(head) { "yes" } },
        Shape::Truth => html! { td.bad data-label=(head) { "no" } },
        Shape::Figure => html! { td data-label=(head) { (figure(value)) } },
        Shape::Share => html! { td data-label=(head) { (figure(value * 100.0)) " %" } },
        Shape::Moment => {
            let at = whole(value);
            html! { td data-label=(head) title=(moment(at)) { (distance(now, at)) } }
        }
    }
}
