//! Tables that fit the terminal, with colour only where it means something.

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, Table};

use crate::output::Output;

/// How good or bad a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing to say.
    Plain,
    /// As it should be.
    Good,
    /// Look at it soon.
    Warning,
    /// Act now.
    Bad,
    /// Of little interest.
    Faint,
}

/// A value in a table.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    text: String,
    tone: Tone,
    is_number: bool,
}

/// Text without a tone.
pub(crate) fn plain(text: impl Into<String>) -> Value {
    Value { text: text.into(), tone: Tone::Plain, is_number: false }
}

/// Text with a tone.
pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Value {
    Value { text: text.into(), tone, is_number: false }
}

/// A number, which stands at the right.
pub(crate) fn number(text: impl Into<String>) -> Value {
    Value { text: text.into(), tone: Tone::Plain, is_number: true }
}

/// Renders a table with a header.
#[must_use]
pub(crate) fn table(output: &Output, header: &[&str], rows: impl IntoIterator<Item = Vec<Value>>) -> String {
    let mut table = base(output);
    table.set_header(header.iter().map(|name| {
        let cell = Cell::new(name);
        if output.color { cell.add_attribute(Attribute::Bold) } else { cell }
    }));
    for row in rows {
        table.add_row(row.into_iter().map(|value| cell(output, value)));
    }
    trimmed(&table)
}

/// Renders names beside values.
#[must_use]
pub(crate) fn pairs(output: &Output, rows: impl IntoIterator<Item = (&'static str, Value)>) -> String {
    let mut table = base(output);
    for (name, value) in rows {
        let mut name = Cell::new(name);
        if output.color {
            name = name.fg(Color::DarkGrey);
        }
        table.add_row([name, cell(output, value)]);
    }
    trimmed(&table)
}

/// A heading above a table.
#[must_use]
pub(crate) fn heading(output: &Output, text: &str) -> String {
    if output.color { format!("\n\u{1b}[1m{text}\u{1b}[0m\n") } else { format!("\n{text}\n") }
}

/// Text in the colour of its tone.
#[must_use]
pub(crate) fn painted(output: &Output, text: &str, tone: Tone) -> String {
    let code = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Good => 32,
        Tone::Warning => 33,
        Tone::Bad => 31,
        Tone::Faint => 90,
    };
    if output.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn base(output: &Output) -> Table {
    let mut table = Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(output.width);
    if output.color {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

fn cell(output: &Output, value: Value) -> Cell {
    let mut cell = Cell::new(value.text);
    if value.is_number {
        cell = cell.set_alignment(CellAlignment::Right);
    }
    if !output.color {
        return cell;
    }
    match value.tone {
        Tone::Plain => cell,
        Tone::Good => cell.fg(Color::Green),
        Tone::Warning => cell.fg(Color::Yellow),
        Tone::Bad => cell.fg(Color::Red),
        Tone::Faint => cell.fg(Color::DarkGrey),
    }
}

/// Without the spaces that fill the last column.
fn trimmed(table: &Table) -> String {
    let mut text = String::new();
    for line in table.lines() {
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
