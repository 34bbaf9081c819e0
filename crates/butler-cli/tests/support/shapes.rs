//! The page of JSON shapes, and values held against it both ways.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// What the page says.
pub(crate) struct Page {
    /// By command, then path: the type.
    pub(crate) tables: BTreeMap<String, BTreeMap<String, String>>,
    /// By type: the closed set.
    pub(crate) names: BTreeMap<String, BTreeSet<String>>,
}

pub(crate) fn page() -> Page {
    read(include_str!("../../src/json_shapes.md"))
}

pub(crate) fn read(text: &str) -> Page {
    let (mut tables, mut names) = (BTreeMap::<String, BTreeMap<_, _>>::new(), BTreeMap::new());
    let mut heading = String::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("### ") {
            title.clone_into(&mut heading);
            continue;
        }
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if heading == "Names" && cells.len() == 4 && cells[2].starts_with('`') {
            let set = cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect();
            names.insert(cells[1].to_owned(), set);
        } else if let [_, path, kind, meaning, _] = cells.as_slice()
            && let Some(path) = path.strip_prefix('`').and_then(|path| path.strip_suffix('`'))
        {
            assert!(meaning.ends_with('.'), "{path}: a meaning is a sentence");
            let before = tables.entry(heading.clone()).or_default().insert(path.to_owned(), (*kind).to_owned());
            assert_eq!(before, None, "{heading}: {path} is documented twice");
        }
    }
    Page { tables, names }
}

/// Holds values against one command's table.
pub(crate) struct Checker<'a> {
    page: &'a Page,
    pub(crate) table: BTreeMap<String, String>,
    /// The paths that occurred with a value.
    pub(crate) seen: BTreeSet<String>,
    pub(crate) problems: BTreeSet<String>,
}

impl<'a> Checker<'a> {
    /// For the table of one command.
    pub(crate) fn new(page: &'a Page, table: BTreeMap<String, String>) -> Self {
        Self { page, table, seen: BTreeSet::new(), problems: BTreeSet::new() }
    }

    fn problem(&mut self, path: &str, what: impl std::fmt::Display) {
        self.problems.insert(format!("{path}: {what}"));
    }

    /// Checks the keys of an object; `prefix` is empty or ends with a dot.
    pub(crate) fn object(&mut self, prefix: &str, value: &Value) {
        let Some(object) = value.as_object() else {
            return self.problem(prefix, "not an object");
        };
        for (key, value) in object {
            self.value(&format!("{prefix}{key}"), value);
        }
        // Absence is `null`, never a missing key.
        let direct =
            |path: &&String| path.strip_prefix(prefix).is_some_and(|rest| !rest.contains('.') && !rest.ends_with('*'));
        let missing: Vec<String> = self.table.keys().filter(direct).cloned().collect();
        for path in missing {
            if !object.contains_key(&path[prefix.len()..]) {
                self.problem(&path, "documented, and missing in one of the objects");
            }
        }
    }

    fn value(&mut self, path: &str, value: &Value) {
        let Some(documented) = self.table.get(path).cloned() else {
            return self.problem(path, "not documented");
        };
        let (kind, may_be_null) = match documented.strip_suffix(" or null") {
            Some(kind) => (kind, true),
            None => (documented.as_str(), false),
        };
        if value.is_null() {
            if !may_be_null {
                self.problem(path, "null, and not documented as such");
            }
            return;
        }
        self.seen.insert(path.to_owned());
        match (kind, value) {
            ("object", _) => self.object(&format!("{path}."), value),
            ("map", Value::Object(map)) => {
                for value in map.values() {
                    self.value(&format!("{path}.*"), value);
                }
            }
            ("list of object", Value::Array(list)) => {
                for value in list {
                    self.object(&format!("{path}[]."), value);
                }
            }
            (kind, Value::Array(list)) if kind.starts_with("list of ") => {
                for value in list {
                    self.scalar(path, &kind["list of ".len()..], value);
                }
            }
            (kind, value) => self.scalar(path, kind, value),
        }
    }

    fn scalar(&mut self, path: &str, kind: &str, value: &Value) {
        let text = value.as_str();
        let is_hex = |digits| {
            text.and_then(|text| text.strip_prefix("0x"))
                .is_some_and(|hex| hex.len() == digits && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let fits = match kind {
            "any" => true,
            "text" => text.is_some(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_u64(),
            "time" => value.as_u64().is_some_and(|time| time > 1_600_000_000),
            "address" => {
                is_hex(40)
                    && text.is_some_and(|text| {
                        text.parse().is_ok_and(|address| ethers_core::utils::to_checksum(&address, None) == text)
                    })
            }
            "account" => is_hex(40) && text.is_some_and(|text| text.to_lowercase() == text),
            "hash" => is_hex(64) && text.is_some_and(|text| text.to_lowercase() == text),
            "amount" => text.is_some_and(|text| ethers_core::types::U256::from_dec_str(text).is_ok()),
            name => match self.page.names.get(name) {
                Some(set) => text.is_some_and(|text| set.contains(text)),
                None => false,
            },
        };
        if !fits {
            self.problem(path, format!("{value} is not of type `{kind}`"));
        }
    }
}
