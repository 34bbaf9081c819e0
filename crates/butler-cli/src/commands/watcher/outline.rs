//! What a report says beside its tables, one name and value in a line, further in the deeper it stands; no value is ever broken.

use butler_core::client::text::is_visible;
use serde_json::Value as Json;

use crate::output::columns;

/// How far in each level stands.
const INDENT: usize = 2;

/// The members of an object, or the values of a list, in lines of at most so many columns where words allow that.
pub(super) fn outline(value: &Json, width: usize) -> String {
    let mut text = String::new();
    below(value, 0, width, &mut text);
    text
}

fn below(value: &Json, indent: usize, width: usize, text: &mut String) {
    match value {
        Json::Object(members) => {
            for (name, value) in members {
                member(&format!("{name}:"), value, indent, width, text);
            }
        }
        Json::Array(values) => {
            for value in values {
                member("-", value, indent, width, text);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => line(&plain(value), indent, text),
    }
}

fn member(name: &str, value: &Json, indent: usize, width: usize, text: &mut String) {
    let said = plain(value);
    let beside = format!("{name} {said}");
    let fits = indent.saturating_add(columns(&beside)) <= width;
    if !said.is_empty() && (fits || said.contains(' ')) {
        line(&beside, indent, text);
        return;
    }
    line(name, indent, text);
    below(value, indent.saturating_add(INDENT), width, text);
}

fn line(said: &str, indent: usize, text: &mut String) {
    text.push_str(&format!("{:indent$}{said}\n", ""));
}

/// A value that stands in one line; nothing of one that has others in it.
fn plain(value: &Json) -> String {
    match value {
        Json::Object(members) if members.is_empty() => "none".to_owned(),
        Json::Array(values) if values.is_empty() => "none".to_owned(),
        Json::Object(_) | Json::Array(_) => String::new(),
        Json::Null => "-".to_owned(),
        Json::String(said) => escaped(said),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A text in which nothing makes a line of its own, or turns one: it may be somebody else's.
fn escaped(text: &str) -> String {
    let one = |letter: char| if is_visible(letter) { letter.to_string() } else { letter.escape_unicode().to_string() };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_stands_beside_its_name_or_below_it_and_is_never_broken() {
        let hash = "0x0123456789abcdef";
        let value =
            json!({ "until": null, "block": { "hash": hash }, "evidence": [{ "log": 7 }, "state"], "edits": [] });
        let told = "block:\n  hash: 0x0123456789abcdef\nedits: none\nevidence:\n  -\n    log: 7\n  - state\nuntil: -\n";
        assert_eq!(outline(&value, 80), told);
        let foreign = json!({ "named": "x\nshown: 1\u{202e}\u{1b}[2J" });
        assert_eq!(outline(&foreign, 80), "named: x\\u{a}shown: 1\\u{202e}\\u{1b}[2J\n");
        assert_eq!(outline(&json!({ "block": { "hash": hash } }), 20), "block:\n  hash:\n    0x0123456789abcdef\n");
    }
}
