//! The layer of the configuration file: TOML with the line of every value.

use std::path::Path;

use config::{Map, Value};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{MOST_HINTS, Origin, show_key};
use super::keys::ROOT;
use super::tree::{Layer, Notes};
use crate::text::nearest::nearest;

/// A file's text with the places where its lines end: each value asks for its line, and there may be many of both.
struct Text<'a> {
    path: String,
    text: &'a str,
    ends: Vec<usize>,
}

impl<'a> Text<'a> {
    fn new(path: String, text: &'a str) -> Self {
        Self { path, text, ends: text.match_indices('\n').map(|(at, _)| at).collect() }
    }

    fn origin(&self, at: usize) -> Origin {
        Origin::File { path: self.path.clone(), line: Some(self.line(at)), column: None }
    }

    fn origin_with_column(&self, at: usize) -> Origin {
        let before = self.text.get(..at).unwrap_or(self.text);
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        Origin::File { path: self.path.clone(), line: Some(self.line(at)), column: Some(column) }
    }

    /// The line of a place, from 1.
    fn line(&self, at: usize) -> usize {
        self.ends.partition_point(|end| *end < at) + 1
    }
}

/// Reads a file's bytes. What can not be read becomes a fault and an empty layer.
pub(crate) fn file_layer(path: &Path, bytes: &[u8], notes: &mut Notes) -> Layer {
    let path = path.display().to_string();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or(bytes);
            let line = String::from_utf8_lossy(valid).matches('\n').count() + 1;
            let origin = Origin::File { path, line: Some(line), column: None };
            notes.fault(
                origin,
                String::new(),
                "the file is not UTF-8",
                Some("save it as UTF-8 without other encodings"),
            );
            return Layer(Vec::new());
        }
    };
    let text = Text::new(path, text);
    match DeTable::parse(text.text) {
        Ok(table) => top(&text, table.into_inner(), notes),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            // Only the fixed part of the message: the whole one quotes the line, which may hold a secret.
            notes.fault(text.origin_with_column(at), String::new(), syntax(error.message()), None);
            Layer(Vec::new())
        }
    }
}

/// The parser's own words up to the first quoted part of the file.
fn syntax(message: &str) -> String {
    let first = message.lines().next().unwrap_or(message);
    format!("this is not TOML: {}", first.trim())
}

fn top(text: &Text<'_>, table: DeTable<'_>, notes: &mut Notes) -> Layer {
    let mut layer = Vec::new();
    for (key, value) in table {
        let at = key.span().start;
        let name = key.into_inner().into_owned();
        // The crate reads the names of this level as paths, so only known ones get that far.
        if ROOT.names().any(|known| known == name) {
            let value = convert(text, &name, value, notes);
            layer.push((name, value));
        } else {
            let near = (notes.faults.len() < MOST_HINTS).then(|| nearest(&name, ROOT.names())).flatten();
            let hint = near.map(|known| format!("did you mean `{known}`?"));
            notes.fault(text.origin(at), show_key(&name), "unknown key", hint.as_deref());
        }
    }
    Layer(layer)
}

fn convert(text: &Text<'_>, path: &str, value: Spanned<DeValue<'_>>, notes: &mut Notes) -> Value {
    let origin = text.origin(value.span().start);
    match value.into_inner() {
        DeValue::String(string) => notes.value(origin, string.into_owned()),
        DeValue::Boolean(boolean) => notes.value(origin, boolean),
        DeValue::Float(_) => notes.value(origin, 0.0_f64),
        DeValue::Integer(integer) => match i64::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(integer) => notes.value(origin, integer),
            Err(_) => notes.reported(origin, path, "not an integer of at most 63 bits", None),
        },
        DeValue::Datetime(_) => notes.reported(origin, path, "no key holds a date", Some("write text in quotes")),
        DeValue::Array(array) => {
            let items = array.into_iter().enumerate();
            let items: Vec<Value> =
                items.map(|(index, item)| convert(text, &format!("{path}[{index}]"), item, notes)).collect();
            notes.value(origin, items)
        }
        DeValue::Table(table) => {
            let mut map = Map::new();
            for (key, item) in table {
                let name = key.into_inner().into_owned();
                let path = format!("{path}.{}", show_key(&name));
                map.insert(name, convert(text, &path, item, notes));
            }
            notes.sections.insert(path.to_owned(), origin.clone());
            notes.value(origin, map)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_place_has_the_line_that_counting_gives(text in "[a\n]{0,60}", at in 0_usize..60) {
            let at = at.min(text.len());
            let lines = Text::new(String::new(), &text);
            prop_assert_eq!(lines.line(at), text[..at].matches('\n').count() + 1);
        }
    }
}
