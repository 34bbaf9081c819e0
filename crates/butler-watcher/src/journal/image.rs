//! The live state with changes that are not written yet.
//!
//! [`Image::apply`] is the only way in which anything changes: a step of the running journal, a line of the history that is
//! replayed and a line of an import all go through it, so that they make the same state.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;

use butler_core::domain::action::{ActionKind, EffectKey, Phase};
use serde::de::DeserializeOwned;

use super::disk::store::{Pair, Store, Writes};
use super::entry::{Cursor, Entry, Finished, LaneCounts, Standing, Work};
use super::error::JournalError;
use super::op::{Op, json};
use super::request::Keep;
use super::schema::{self, Head, Id};

/// A store and what would be written to it.
#[derive(Debug)]
pub(crate) struct Image<'s> {
    store: &'s Store,
    writes: Writes,
    /// What was read or changed, so that nothing is read twice.
    live: RefCell<HashMap<Id, Option<Entry>>>,
    /// Which of them are to be written.
    changed: HashSet<Id>,
    ended: RefCell<HashMap<Id, Option<Finished>>>,
    /// The head as it will be.
    pub(crate) head: Head,
}

impl<'s> Image<'s> {
    pub(crate) fn new(store: &'s Store, head: Head) -> Self {
        Self {
            store,
            writes: BTreeMap::new(),
            live: RefCell::default(),
            changed: HashSet::new(),
            ended: RefCell::default(),
            head,
        }
    }

    /// How many keys would be written.
    pub(crate) fn len(&self) -> usize {
        self.writes.len().saturating_add(self.changed.len())
    }

    /// What is to be written, with the head.
    pub(crate) fn into_writes(mut self) -> (Head, Writes) {
        self.settle_records();
        self.put(schema::HEAD.to_vec(), json(&self.head));
        (self.head, self.writes)
    }

    /// Makes records of the live actions that changed.
    pub(crate) fn settle_records(&mut self) {
        for id in std::mem::take(&mut self.changed) {
            let record = self.live.get_mut().get(&id).and_then(Option::as_ref).map(json);
            self.writes.insert(schema::live(id), record);
        }
    }

    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.writes.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.writes.insert(key, None);
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, JournalError> {
        match self.writes.get(key) {
            Some(value) => Ok(value.clone()),
            None => self.store.get(key),
        }
    }

    fn read<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>, JournalError> {
        self.get(key)?.map(|bytes| self.parse(&bytes)).transpose()
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, JournalError> {
        parse(self.store, bytes)
    }

    /// The first pair after `from` whose key begins with `prefix`.
    pub(crate) fn next(&self, from: Bound<Vec<u8>>, prefix: &[u8]) -> Result<Option<Pair>, JournalError> {
        let mut bound = from.clone();
        let kept = loop {
            let at = match &bound {
                Bound::Included(key) => Bound::Included(key.as_slice()),
                Bound::Excluded(key) => Bound::Excluded(key.as_slice()),
                Bound::Unbounded => Bound::Unbounded,
            };
            match self.store.next(at, prefix)? {
                Some((key, _)) if self.writes.contains_key(&key) => bound = Bound::Excluded(key),
                found => break found,
            }
        };
        let written = self.writes.range((from, Bound::Unbounded)).take_while(|(key, _)| key.starts_with(prefix));
        let mut written = written.filter_map(|(key, value)| Some((key.clone(), value.clone()?)));
        Ok(match (kept, written.next()) {
            (Some(kept), Some(written)) => Some(if written.0 < kept.0 { written } else { kept }),
            (kept, written) => kept.or(written),
        })
    }

    /// A live action.
    pub(crate) fn entry(&self, key: &EffectKey) -> Result<Option<Entry>, JournalError> {
        let entry = self.entry_at(Id::of(key))?;
        if entry.as_ref().is_some_and(|entry| entry.action.key != *key) {
            return Err(self.damaged("an action stands in another one's place"));
        }
        Ok(entry)
    }

    /// The live action at a place.
    pub(crate) fn entry_at(&self, id: Id) -> Result<Option<Entry>, JournalError> {
        if let Some(known) = self.live.borrow().get(&id) {
            return Ok(known.clone());
        }
        let entry: Option<Entry> = self.read(&schema::live(id))?;
        self.live.borrow_mut().insert(id, entry.clone());
        Ok(entry)
    }

    /// What is left of an action that ended.
    pub(crate) fn finished(&self, key: &EffectKey) -> Result<Option<Finished>, JournalError> {
        let finished = self.finished_at(Id::of(key))?;
        if finished.as_ref().is_some_and(|finished| finished.key != *key) {
            return Err(self.damaged("what is left of an action stands in another one's place"));
        }
        Ok(finished)
    }

    /// What is left of the action at a place.
    pub(crate) fn finished_at(&self, id: Id) -> Result<Option<Finished>, JournalError> {
        if let Some(known) = self.ended.borrow().get(&id) {
            return Ok(known.clone());
        }
        let finished: Option<Finished> = self.read(&schema::finished(id))?;
        self.ended.borrow_mut().insert(id, finished.clone());
        Ok(finished)
    }

    /// Where a cursor is.
    pub(crate) fn cursor(&self, name: &str) -> Result<Option<Cursor>, JournalError> {
        self.read(&schema::cursor(name))
    }

    /// How far something is counted.
    pub(crate) fn counter(&self, name: &str) -> Result<u64, JournalError> {
        Ok(self.read(&schema::counter(name))?.unwrap_or_default())
    }

    /// How many of a kind were begun in an hour.
    pub(crate) fn spent(&self, kind: ActionKind, hour: u64) -> Result<u32, JournalError> {
        Ok(self.read(&schema::spent(kind, hour))?.unwrap_or_default())
    }

    /// The store is not what it was.
    pub(crate) fn damaged(&self, what: &str) -> JournalError {
        JournalError::corrupt(self.store.path(), what)
    }

    /// Makes one change.
    pub(crate) fn apply(&mut self, op: &Op) -> Result<(), JournalError> {
        match op {
            Op::Planned(entry) => {
                let key = &entry.action.key;
                let before = self.entry(key)?;
                if let Some(finished) = self.finished(key)? {
                    let id = Id::of(key);
                    self.remove(schema::finished(id));
                    self.ended.get_mut().insert(id, None);
                    count(&mut self.head.counts, &finished.kind, finished.phase, Count::Less);
                }
                self.stand(before.as_ref(), entry);
            }
            Op::Moved { key, standing, .. } => {
                let before = self.entry(key)?.ok_or_else(|| self.damaged("an action moves that is not live"))?;
                let after = Entry { action: before.action.clone(), standing: Standing::clone(standing) };
                self.stand(Some(&before), &after);
            }
            Op::Finished(finished) => {
                let key = &finished.key;
                let before = self.entry(key)?.ok_or_else(|| self.damaged("an action ends that is not live"))?;
                self.forget(&before);
                self.apply_finished(finished);
            }
            Op::Cursor { name, at } => self.put(schema::cursor(name), json(at)),
            Op::Spent { kind, hour, count } => {
                // Only the present hour matters.
                if let Some(before) = hour.checked_sub(1) {
                    self.remove_spent(*kind, before)?;
                }
                self.put(schema::spent(*kind, *hour), json(count));
            }
            Op::Counted { name, count } => self.put(schema::counter(name), json(count)),
            Op::Kept(Keep { name, value: Some(value) }) => self.put(schema::kept(name), json(value)),
            Op::Kept(Keep { name, value: None }) => self.remove(schema::kept(name)),
            Op::Note(_) => {}
        }
        Ok(())
    }

    /// What is left of an action that ended, here or elsewhere.
    pub(crate) fn apply_finished(&mut self, finished: &Finished) {
        let id = Id::of(&finished.key);
        self.put(schema::finished(id), json(finished));
        self.ended.get_mut().insert(id, Some(finished.clone()));
        count(&mut self.head.counts, &finished.kind, finished.phase, Count::More);
    }

    fn remove_spent(&mut self, kind: ActionKind, last: u64) -> Result<(), JournalError> {
        let prefix = schema::spent_prefix(kind);
        let mut from = Bound::Included(prefix.clone());
        while let Some((key, _)) = self.next(from, &prefix)? {
            if key > schema::spent(kind, last) {
                break;
            }
            self.remove(key.clone());
            from = Bound::Excluded(key);
        }
        Ok(())
    }

    fn stand(&mut self, before: Option<&Entry>, after: &Entry) {
        if let Some(before) = before {
            self.unindex(before);
        }
        for key in schema::index_keys(after) {
            self.put(key, Vec::new());
        }
        let id = Id::of(&after.action.key);
        self.changed.insert(id);
        self.live.get_mut().insert(id, Some(after.clone()));
        count(&mut self.head.counts, &after.action.kind, after.standing.phase, Count::More);
        count_lane(&mut self.head.lanes, after, Count::More);
    }

    fn forget(&mut self, before: &Entry) {
        self.unindex(before);
        let id = Id::of(&before.action.key);
        self.changed.insert(id);
        self.live.get_mut().insert(id, None);
    }

    fn unindex(&mut self, before: &Entry) {
        for key in schema::index_keys(before) {
            self.remove(key);
        }
        count(&mut self.head.counts, &before.action.kind, before.standing.phase, Count::Less);
        count_lane(&mut self.head.lanes, before, Count::Less);
    }
}

/// Reads a record of the store.
pub(crate) fn parse<T: DeserializeOwned>(store: &Store, bytes: &[u8]) -> Result<T, JournalError> {
    serde_json::from_slice(bytes).map_err(|error| JournalError::corrupt(store.path(), format!("a record: {error}")))
}

#[derive(Clone, Copy)]
pub(crate) enum Count {
    More,
    Less,
}

/// Counts a live job in its queue; nothing else has one.
pub(crate) fn count_lane(lanes: &mut LaneCounts, entry: &Entry, how: Count) {
    if entry.work() == Work::Job {
        count(lanes, &entry.action.lane(), entry.standing.phase, how);
    }
}

pub(crate) fn count<K: Ord + Clone>(counts: &mut BTreeMap<K, BTreeMap<Phase, u64>>, key: &K, phase: Phase, how: Count) {
    let phases = counts.entry(key.clone()).or_default();
    let before = phases.get(&phase).copied().unwrap_or_default();
    let after = match how {
        Count::More => before.saturating_add(1),
        Count::Less => before.saturating_sub(1),
    };
    if after == 0 {
        phases.remove(&phase)
    } else {
        phases.insert(phase, after)
    };
    if phases.is_empty() {
        counts.remove(key);
    }
}
