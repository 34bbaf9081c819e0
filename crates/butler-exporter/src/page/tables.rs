//! Tables of what is served, a row for each name. On a narrow screen each row becomes a record: every cell knows its heading.

use std::collections::BTreeMap;

use butler_core::text::time::{distance, moment};
use maud::{Markup, html};

use super::facts::{ScraperFacts, samples};
use super::figures::{figure, short, whole};
use super::fold::{Inside, fold};
use crate::catalogue::Family;
use crate::readings::Sample;

/// How a column writes its values.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Truth,
    Figure,
    /// A share of one.
    Share,
    /// The label of that name instead of the value.
    Label(&'static str),
    /// A moment, by its distance.
    Moment,
}

/// A heading, its family, the label with the value that counts where only one does, and how values are written.
pub(super) type Column = (&'static str, &'static Family, Option<(&'static str, &'static str)>, Shape);

/// A row for each value of the first label after the network, a column for each family; nothing where there is no row.
pub(super) fn table(title: &str, label: &str, scrapers: &[&ScraperFacts], columns: &[Column], now: u64) -> Markup {
    let mut rows = BTreeMap::<&str, Vec<Option<&Sample>>>::new();
    for (index, (_, family, only, _)) in columns.iter().enumerate() {
        let wanted = |sample: &&Sample| only.is_none_or(|(name, value)| label_of(sample, name) == Some(value));
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
    let is_bad = |row: &&Vec<Option<&Sample>>| {
        row.iter().zip(columns).any(|(sample, (.., shape))| matches!(shape, Shape::Truth) && sample.is_some_and(is_no))
    };
    let inside = Inside::of(rows.len(), rows.values().filter(is_bad).count());
    let part = html! {
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
    };
    html! { div.part { (fold(title, inside, &part)) } }
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
        Shape::Label(name) => html! { td data-label=(head) { (label_of(sample, name).unwrap_or_default()) } },
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
        let html = slashing(&[&scraper], 0).into_string();
        assert!(html.contains("data-label=\"stage\">voted<") && html.contains("data-label=\"votes\">12<"), "{html}");
        assert!(!html.contains("paris"), "{html}");
        let html = tables(&[&scraper], 0).into_string();
        assert!(html.contains("data-label=\"name\">yes<") && html.contains("data-label=\"p2p\">no<"), "{html}");
        assert!(
            html.contains("<h3>Hosts</h3> <span class=\"inside\">1</span> <strong class=\"bad inside\">1 bad"),
            "{html}"
        );
    }
}
