//! A value of the tree as a setting's type: TOML's own types in the file, strict text elsewhere.

use std::time::Duration;

use super::keys::{Bounds, Key};
use super::setting::{Problem, Setting, Written};
use super::tree::{Node, NodeValue};
use crate::text::time::whole_duration;

/// The node's text, where its TOML type is the setting's.
pub(super) fn text_of<T: Setting>(node: &Node) -> Result<String, Problem> {
    let found = || Err(Problem::new(format!("expected {}, found {}", T::EXPECTED, node.kind())));
    match (&node.value, T::WRITTEN) {
        (NodeValue::Text(text), Written::Text) => Ok(text.clone()),
        (NodeValue::Text(text), Written::Integer | Written::Boolean) if node.is_untyped() => Ok(text.clone()),
        (NodeValue::Text(_), Written::Integer | Written::Boolean) => {
            found().map_err(|problem| problem.hint("remove the quotes"))
        }
        (NodeValue::Integer(integer), Written::Integer) => Ok(integer.to_string()),
        (NodeValue::Boolean(boolean), Written::Boolean) => Ok(boolean.to_string()),
        (NodeValue::Integer(_) | NodeValue::Float | NodeValue::Boolean(_), Written::Text) => {
            found().map_err(|problem| problem.hint("put it in quotes"))
        }
        (NodeValue::Gap | NodeValue::Reported, _) => {
            Err(Problem::new("this entry is missing").hint("number the entries from 0 without gaps"))
        }
        (NodeValue::List(_) | NodeValue::Table(_) | NodeValue::Float, _)
        | (NodeValue::Integer(_), Written::Boolean)
        | (NodeValue::Boolean(_), Written::Integer) => found(),
    }
}

pub(super) fn within<T: Setting>(entry: &Key, value: T) -> Result<T, Problem> {
    let outside = |least: u64, greatest: u64| value.magnitude().is_some_and(|it| it < least || it > greatest);
    match entry.bounds {
        Bounds::Number(least, greatest) if outside(least, greatest) => {
            Err(Problem::new(format!("expected {}", range(least, greatest, entry.unit))))
        }
        Bounds::Milliseconds(least, greatest) if outside(least, greatest) => {
            let show = |milliseconds| whole_duration(Duration::from_millis(milliseconds));
            Err(Problem::new(format!("expected a duration from {} to {}", show(least), show(greatest))))
        }
        Bounds::Any | Bounds::Number(..) | Bounds::Milliseconds(..) => Ok(value),
    }
}

/// A range in words.
pub(crate) fn range(least: u64, greatest: u64, unit: &str) -> String {
    let text = if greatest == u64::MAX { format!("at least {least}") } else { format!("{least} to {greatest}") };
    if unit.is_empty() { text } else { format!("{text} {unit}") }
}

/// A shown value as TOML.
pub(super) fn as_toml(written: Written, shown: &str) -> String {
    match written {
        Written::Integer | Written::Boolean => shown.to_owned(),
        Written::Text => quote(shown),
    }
}

/// Text as a TOML string.
fn quote(text: &str) -> String {
    toml_escaped(text, String::from("\"")) + "\""
}

fn toml_escaped(text: &str, mut quoted: String) -> String {
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character.is_control() => {
                quoted.push_str(&format!("\\u{:04x}", u32::from(character)));
            }
            _ => quoted.push(character),
        }
    }
    quoted
}
