//! Parts of the first page that a telephone shows closed: the heading stays with how much is in it and how much of that is bad. On a wide
//! screen they stand open.

use maud::{Markup, html};

/// What stands beside the heading of a part.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Inside {
    /// How many lines it has, where that says something.
    pub(super) lines: Option<usize>,
    /// How many of them are bad.
    pub(super) bad: usize,
}

impl Inside {
    /// A part with so many lines, of which so many are bad.
    pub(super) fn of(lines: usize, bad: usize) -> Self {
        Self { lines: Some(lines), bad }
    }
}

/// A part under its heading.
pub(super) fn fold(title: &str, inside: Inside, part: &Markup) -> Markup {
    html! {
        details.fold {
            summary {
                h3 { (title) }
                @if let Some(lines) = inside.lines { " " span.inside { (lines) } }
                @if inside.bad > 0 { " " strong.bad.inside { (inside.bad) " bad" } }
            }
            (part)
        }
    }
}
