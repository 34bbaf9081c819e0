//! The one printer of tables: whatever the width, nothing that is one thing is broken.
//!
//! A table drops the columns that matter least and says which; where even the others do not fit, each row is a record of lines.

use super::layout::{Extent, GAP, Layout, Need, layout};
use super::value::{Form, Stance};
use crate::output::{Output, columns, fold, widest_word};

pub(crate) use super::value::{Tone, Value, named, number, painted, plain, subject, toned, words};

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    rank: u8,
}

/// A column that a row is nothing without.
#[must_use]
pub(crate) const fn key(name: &'static str) -> Column {
    Column { name, rank: 0 }
}

/// A column that goes where there is no room: the one of the greatest rank first.
#[must_use]
pub(crate) const fn column(name: &'static str, rank: u8) -> Column {
    Column { name, rank }
}

/// Renders a table with a header.
#[must_use]
pub(crate) fn table(output: &Output, header: &[Column], rows: impl IntoIterator<Item = Vec<Value>>) -> String {
    let shown = |row: Vec<Value>| row.into_iter().map(|value| value.shown(output)).collect();
    let rows: Vec<Vec<Value>> = rows.into_iter().map(shown).collect();
    let needs: Vec<Need> = header.iter().enumerate().map(|(at, column)| need(*column, at, &rows)).collect();
    let Some(layout) = layout(&needs, output.width) else { return records(output, header, &rows) };
    let mut text = grid(output, header, &rows, &layout);
    let is_missed = |at: &usize| {
        let is_shown = layout.shown.iter().any(|(shown, _)| shown == at);
        !is_shown && needs.get(*at).is_some_and(|need| !need.is_empty)
    };
    let missed: Vec<&str> = (0..header.len()).filter(is_missed).filter_map(|at| Some(header.get(at)?.name)).collect();
    if !missed.is_empty() {
        let told = format!("not shown: {}; widen the terminal or use --json", missed.join(", "));
        for line in fold(&told, output.width) {
            text.push_str(&format!("{}\n", painted(output, &line, Tone::Faint)));
        }
    }
    text
}

fn need(column: Column, at: usize, rows: &[Vec<Value>]) -> Need {
    let values = || rows.iter().filter_map(move |row| row.get(at));
    let name = columns(column.name);
    let extent = |form| {
        let natural = values().map(|value| value.natural(form)).max().unwrap_or_default();
        let least = values().map(|value| value.least(form)).max().unwrap_or_default();
        Extent { natural: natural.max(name), least: least.max(name) }
    };
    let is_empty = values().all(|value| value.text(Form::Long).is_empty());
    Need { rank: column.rank, is_empty, long: extent(Form::Long), short: extent(Form::Short) }
}

fn grid(output: &Output, header: &[Column], rows: &[Vec<Value>], layout: &Layout) -> String {
    let mut text = String::new();
    let is_right = |at: usize| {
        let mut stances = rows.iter().filter_map(|row| row.get(at)).map(Value::stance);
        stances.any(|stance| stance == Stance::Number)
    };
    let names = layout.shown.iter().filter_map(|(at, width)| {
        let name = header.get(*at)?.name;
        let bold = if output.color { format!("\u{1b}[1m{name}\u{1b}[0m") } else { name.to_owned() };
        Some(padded(&bold, *width, is_right(*at)))
    });
    push_line(&mut text, names);
    for row in rows {
        let cells = layout.shown.iter().filter_map(|(at, width)| Some((row.get(*at)?, *width)));
        let cells: Vec<Cell> = cells.map(|(value, width)| Cell::new(output, value, layout.form, width)).collect();
        let height = cells.iter().map(|cell| cell.lines.len()).max().unwrap_or_default().max(1);
        for line in 0..height {
            push_line(&mut text, cells.iter().map(|cell| cell.line(line)));
        }
    }
    text
}

/// A value in the lines of its place.
struct Cell {
    lines: Vec<String>,
    width: usize,
    is_right: bool,
}

impl Cell {
    fn new(output: &Output, value: &Value, form: Form, width: usize) -> Self {
        let lines = match value.stance() {
            Stance::Whole | Stance::Number => vec![value.text(form).to_owned()],
            Stance::Words => fold(value.text(form), width),
        };
        let lines = lines.iter().map(|line| painted(output, line, value.tone())).collect();
        Self { lines, width, is_right: value.stance() == Stance::Number }
    }

    fn line(&self, at: usize) -> String {
        padded(self.lines.get(at).map(String::as_str).unwrap_or_default(), self.width, self.is_right)
    }
}

fn padded(text: &str, width: usize, is_right: bool) -> String {
    let blank = " ".repeat(width.saturating_sub(columns(text)));
    if is_right { format!("{blank}{text}") } else { format!("{text}{blank}") }
}

fn push_line(text: &mut String, cells: impl Iterator<Item = String>) {
    let line = cells.collect::<Vec<_>>().join(&" ".repeat(GAP));
    text.push_str(line.trim_end());
    text.push('\n');
}

/// Each row as lines of names and values, below one another.
fn records(output: &Output, header: &[Column], rows: &[Vec<Value>]) -> String {
    let record = |row: &Vec<Value>| {
        let said = header.iter().zip(row).filter(|(_, value)| !value.text(Form::Long).is_empty());
        lines(output, said.map(|(column, value)| (column.name, value)))
    };
    rows.iter().map(record).collect::<Vec<_>>().join("\n")
}

/// Renders names beside values.
#[must_use]
pub(crate) fn pairs(output: &Output, rows: impl IntoIterator<Item = (&'static str, Value)>) -> String {
    let rows: Vec<(&str, Value)> = rows.into_iter().map(|(name, value)| (name, value.shown(output))).collect();
    lines(output, rows.iter().map(|(name, value)| (*name, value)))
}

/// Names with their values at the right of them, or below where there is no room at the right.
fn lines<'a>(output: &Output, pairs: impl Iterator<Item = (&'static str, &'a Value)>) -> String {
    const INDENT: usize = 2;
    let pairs: Vec<(&str, &Value)> = pairs.collect();
    let names = pairs.iter().map(|(name, _)| columns(name)).max().unwrap_or_default();
    let mut text = String::new();
    for (name, value) in pairs {
        let beside = names.saturating_add(GAP);
        // Here even what is no sentence may be folded: between words nothing is broken.
        let fits = |indent: usize| widest_word(value.text(Form::Long)) <= output.width.saturating_sub(indent);
        let (indent, form) = match (fits(beside), fits(INDENT)) {
            (true, _) => (beside, Form::Long),
            (false, true) => (INDENT, Form::Long),
            (false, false) => (INDENT, Form::Short),
        };
        let folded = fold(value.text(form), output.width.saturating_sub(indent));
        let mut folded = folded.iter().map(|line| painted(output, line, value.tone()));
        let first = if indent == beside { folded.next() } else { None };
        let name = padded(&painted(output, name, Tone::Faint), names, false);
        push_line(&mut text, [name].into_iter().chain(first));
        for line in folded {
            text.push_str(&format!("{}{line}\n", " ".repeat(indent)));
        }
    }
    text
}

/// A heading above a table.
#[must_use]
pub(crate) fn heading(output: &Output, text: &str) -> String {
    if output.color { format!("\n\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("\n{text}\n") }
}
