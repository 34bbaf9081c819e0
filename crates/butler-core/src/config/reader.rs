//! Walks the tree and hands out typed values, strictly.
//!
//! A `Section` knows its keys from the table of keys: it reports unknown ones, applies defaults and bounds, and notes
//! every value that it hands out for `config show`. It never stops at a fault: all of them are collected. Whatever is read of a
//! key is a [`Read`]: absent is `Ok(None)` where a key may be absent, and a fault, once it is reported, is `Err(Reported)`. Whoever
//! reads a section reads all of its keys before it gives up at the first of these.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::fault::{Fault, MOST_HINTS, Origin, show_key};
use super::keys::{Group, Key, Presence};
use super::noted::InEffect;
use super::setting::{Problem, Setting};
use super::source::Variables;
use super::text_setting::WrittenPath;
use super::tree::{Node, NodeValue};
use super::typed::{text_of, within};
use super::unshown::Noted;
use crate::text::nearest::nearest;

/// A fault, which is in the list of faults already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// A value, or a fault that was reported.
pub(crate) type Read<T> = Result<T, Reported>;

/// What all sections share.
pub(crate) struct Reader<'a> {
    pub(crate) variables: &'a Variables,
    /// The configuration file's folder; empty for the current one.
    pub(crate) folder: PathBuf,
    pub(crate) faults: RefCell<Vec<Fault>>,
    pub(super) effective: RefCell<Vec<InEffect>>,
    /// The files that the configuration depends on, whether they are there or not.
    pub(crate) files: RefCell<BTreeSet<PathBuf>>,
    /// The files of secrets, by the key that led to each.
    pub(super) secret_files: RefCell<Vec<(String, PathBuf)>>,
}

/// One section of the tree, present or not.
pub(crate) struct Section<'a> {
    pub(super) reader: &'a Reader<'a>,
    table: Option<&'a BTreeMap<String, Node>>,
    origin: Origin,
    pub(super) group: &'static Group,
    path: String,
}

impl<'a> Section<'a> {
    /// The section of a node; reports unknown keys at once.
    pub(crate) fn new(reader: &'a Reader<'a>, node: Option<&'a Node>, group: &'static Group, path: String) -> Self {
        let origin = node.map_or(Origin::Configuration, |node| node.origin.clone());
        let table = node.and_then(|node| match &node.value {
            NodeValue::Table(table) => Some(table),
            NodeValue::Gap
            | NodeValue::Reported
            | NodeValue::Boolean(_)
            | NodeValue::Integer(_)
            | NodeValue::Float
            | NodeValue::Text(_)
            | NodeValue::List(_) => None,
        });
        // The root has no place of its own.
        let origin = if path.is_empty() { Origin::Configuration } else { origin };
        let section = Self { reader, table, origin, group, path };
        section.report_unknown();
        section
    }

    fn report_unknown(&self) {
        for (name, node) in self.table.into_iter().flatten() {
            if self.group.names().all(|known| known != name) {
                // Whoever has that many has another kind of file, and comparing takes its time.
                let is_worth_it = self.reader.faults.borrow().len() < MOST_HINTS;
                let near = is_worth_it.then(|| nearest(name, self.group.names())).flatten();
                let hint = near.map(|known| format!("did you mean `{known}`?"));
                self.fault_at(node.origin.clone(), &show_key(name), "unknown key", hint);
            }
        }
    }

    pub(crate) fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    /// The full path of what is below, which is already fit to be shown.
    pub(super) fn path_of(&self, below: &str) -> String {
        match (self.path.is_empty(), below.is_empty()) {
            (true, _) => below.to_owned(),
            (false, true) => self.path.clone(),
            (false, false) => format!("{}.{below}", self.path),
        }
    }

    /// Where a key's value came from, if it is given.
    pub(crate) fn origin(&self, key: &str) -> Option<&Origin> {
        Some(&self.node(key)?.origin)
    }

    pub(super) fn node(&self, key: &str) -> Option<&'a Node> {
        self.table?.get(key)
    }

    pub(super) fn fault_at(
        &self,
        origin: Origin,
        key: &str,
        what: impl Into<String>,
        hint: Option<String>,
    ) -> Reported {
        let fault = Fault { origin, key: self.path_of(key), what: what.into(), hint };
        self.reader.faults.borrow_mut().push(fault);
        Reported
    }

    /// Reports a key's value.
    pub(crate) fn fault(&self, key: &str, problem: Problem) -> Reported {
        let origin = self.origin(key).unwrap_or(&self.origin).clone();
        self.fault_at(origin, key, problem.what, problem.hint)
    }

    /// Reports the value of a key of a section below, named by its path.
    pub(crate) fn fault_below(&self, path: &str, problem: Problem) -> Reported {
        let mut origin = self.origin.clone();
        let mut table = self.table;
        for part in path.split('.') {
            let Some(node) = table.and_then(|table| table.get(part)) else { break };
            origin = node.origin.clone();
            table = match &node.value {
                NodeValue::Table(table) => Some(table),
                NodeValue::Gap
                | NodeValue::Reported
                | NodeValue::Boolean(_)
                | NodeValue::Integer(_)
                | NodeValue::Float
                | NodeValue::Text(_)
                | NodeValue::List(_) => None,
            };
        }
        self.fault_at(origin, path, problem.what, problem.hint)
    }

    fn note<T: Setting>(&self, key: &str, value: Noted, origin: Origin) {
        let value = InEffect::new::<T>((&self.path, key), vec![value], false, origin);
        self.reader.effective.borrow_mut().push(value);
    }

    fn note_list<T: Setting>(&self, key: &str, values: Vec<Noted>, origin: Origin) {
        let value = InEffect::new::<T>((&self.path, key), values, true, origin);
        self.reader.effective.borrow_mut().push(value);
    }

    /// The key's entry in the table of keys. A key that is read without one is a mistake of this program.
    fn entry<T: Setting>(&self, key: &str, list: bool) -> Option<&'static Key> {
        let entry = self.group.key(key);
        debug_assert!(
            entry.is_some_and(|entry| entry.kind == T::KIND && entry.list == list),
            "the table of keys does not have `{}` as {}",
            self.path_of(key),
            T::KIND
        );
        entry
    }

    /// The value of a key that has a default or must be given.
    pub(crate) fn get<T: Setting>(&self, key: &str) -> Read<T> {
        self.get_or(key, || None)
    }

    /// As `get`, with a value that was found out elsewhere in place of an absent one.
    pub(crate) fn get_or<T: Setting>(&self, key: &str, found: impl FnOnce() -> Option<(T, Origin)>) -> Read<T> {
        let value = self.optional_or(key, found)?;
        debug_assert!(value.is_some(), "`{}` may be absent", self.path_of(key));
        value.ok_or(Reported)
    }

    /// The value of a key that may be absent.
    pub(crate) fn optional<T: Setting>(&self, key: &str) -> Read<Option<T>> {
        self.optional_or(key, || None)
    }

    /// As `optional`, with a value that was found out elsewhere in place of an absent one.
    pub(crate) fn optional_or<T: Setting>(
        &self,
        key: &str,
        found: impl FnOnce() -> Option<(T, Origin)>,
    ) -> Read<Option<T>> {
        let Some(entry) = self.entry::<T>(key, false) else { return Ok(None) };
        let (value, origin) = match self.node(key) {
            Some(node) => (self.read(entry, key, node)?, node.origin.clone()),
            None => match (found(), entry.presence) {
                (Some(found), _) => found,
                (None, Presence::Default(text)) => {
                    self.note::<T>(key, Noted::Plain(text.to_owned()), Origin::Default);
                    return T::from_text(text).map(Some).map_err(|problem| self.fault(key, problem));
                }
                (None, Presence::Optional | Presence::Computed(_)) => return Ok(None),
                (None, Presence::Required) => return Err(self.fault(key, Problem::new("this key is required"))),
                (None, Presence::Preset) => {
                    let problem = Problem::new("this key is required where no preset has it");
                    return Err(self.fault(key, problem.hint("or name a `preset`")));
                }
            },
        };
        self.note::<T>(key, value.noted(), origin);
        Ok(Some(value))
    }

    /// A list of values; absent means empty. In a variable or flag, commas separate. Faulty entries are reported and left out, so
    /// that what depends on the others is looked at, too.
    pub(crate) fn list<T: Setting>(&self, key: &str) -> Vec<(T, Origin)> {
        let Some(entry) = self.entry::<T>(key, true) else {
            return Vec::new();
        };
        let Some(node) = self.node(key) else {
            self.note_list::<T>(key, Vec::new(), Origin::Default);
            return Vec::new();
        };
        let mut values = Vec::new();
        let mut read = |path: &str, node: &Node| {
            values.extend(self.read::<T>(entry, path, node).map(|value| (value, node.origin.clone())));
        };
        match &node.value {
            NodeValue::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    read(&format!("{key}[{index}]"), item);
                }
            }
            NodeValue::Text(text) if node.is_untyped() => {
                for (index, part) in text.split(',').enumerate() {
                    let value = NodeValue::Text(part.trim().to_owned());
                    read(&format!("{key}[{index}]"), &Node { origin: node.origin.clone(), value });
                }
            }
            NodeValue::Reported => {}
            NodeValue::Gap
            | NodeValue::Boolean(_)
            | NodeValue::Integer(_)
            | NodeValue::Float
            | NodeValue::Text(_)
            | NodeValue::Table(_) => {
                self.fault(key, Problem::new(format!("expected a list, found {}", node.kind())).hint("write [ … ]"));
            }
        }
        self.note_list::<T>(key, values.iter().map(|(value, _)| value.noted()).collect(), node.origin.clone());
        values
    }

    /// Values under names that the operator chose; absent means none. Faulty entries are reported and left out.
    pub(crate) fn table<T: Setting>(&self, key: &str) -> BTreeMap<String, T> {
        let Some(entry) = self.entry::<T>(key, false) else { return BTreeMap::new() };
        let Some(node) = self.node(key) else { return BTreeMap::new() };
        let NodeValue::Table(table) = &node.value else {
            if node.value != NodeValue::Reported {
                let problem = Problem::new(format!("expected a table, found {}", node.kind()));
                self.fault(key, problem.hint("write { NAME = … }"));
            }
            return BTreeMap::new();
        };
        let mut values = BTreeMap::new();
        for (name, node) in table {
            let path = format!("{key}.{}", show_key(name));
            if let Ok(value) = self.read::<T>(entry, &path, node) {
                self.note::<T>(&path, value.noted(), node.origin.clone());
                values.insert(name.clone(), value);
            }
        }
        values
    }

    fn read<T: Setting>(&self, entry: &Key, path: &str, node: &Node) -> Read<T> {
        if node.value == NodeValue::Reported {
            return Err(Reported);
        }
        let read = text_of::<T>(node).and_then(|text| T::from_text(&text)).and_then(|value| within(entry, value));
        read.map_err(|problem| self.fault_at(node.origin.clone(), path, problem.what, problem.hint))
    }

    /// A path, taken from the configuration file's folder; one that a flag gives, from the current folder.
    pub(crate) fn path(&self, key: &str) -> Read<Option<PathBuf>> {
        let origin = self.origin(key).cloned();
        let path = self.optional::<WrittenPath>(key)?;
        Ok(path.map(|path| self.reader.resolve(&path.0, origin.as_ref())))
    }

    /// Notes a file that holds a secret.
    pub(crate) fn keeps_secret(&self, key: &str, path: &Path) {
        self.reader.secret_files.borrow_mut().push((self.path_of(key), path.to_path_buf()));
    }

    /// As `path`, for a file that the configuration depends on.
    pub(crate) fn file(&self, key: &str) -> Read<Option<PathBuf>> {
        let path = self.path(key)?;
        path.iter().for_each(|path| self.reader.depends_on(path));
        Ok(path)
    }
}

impl Reader<'_> {
    /// Notes a file that the configuration depends on.
    pub(crate) fn depends_on(&self, path: &Path) {
        self.files.borrow_mut().insert(path.to_path_buf());
    }

    /// A written path as the process can open it.
    pub(crate) fn resolve(&self, path: &str, origin: Option<&Origin>) -> PathBuf {
        match origin {
            Some(Origin::Flag(_)) => PathBuf::from(path),
            Some(_) | None => self.folder.join(Path::new(path)),
        }
    }
}
