//! Reading many records: actions page by page, and whatever stands under names.

use std::collections::BTreeMap;
use std::ops::Bound;

use butler_core::domain::action::{Phase, ShortKey};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::disk::store::Store;
use super::entry::{Entry, Finished, Known};
use super::error::JournalError;
use super::image::{Image, parse};
use super::request::{Page, Query};
use super::schema::{self, FINISHED, Id, LIVE};

/// A page of actions, in the store's order.
pub(super) fn page(image: &Image<'_>, store: &Store, query: &Query) -> Result<Page, JournalError> {
    let is_finished = query.phase.is_some_and(Phase::is_final);
    let letter = [if is_finished { FINISHED } else { LIVE }];
    let mut from = match &query.after {
        Some(key) if is_finished => Bound::Excluded(schema::finished(Id::of(key))),
        Some(key) => Bound::Excluded(schema::live(Id::of(key))),
        None => Bound::Included(letter.to_vec()),
    };
    let mut page = Page::default();
    while let Some((key, value)) = image.next(from, &letter)? {
        let last = if is_finished {
            let finished: Finished = parse(store, &value)?;
            let last = finished.key.clone();
            page.finished.extend(Some(finished).filter(|finished| Some(finished.phase) == query.phase));
            last
        } else {
            let entry: Entry = parse(store, &value)?;
            let last = entry.action.key.clone();
            page.live.extend(Some(entry).filter(|entry| query.phase.is_none_or(|phase| phase == entry.standing.phase)));
            last
        };
        if page.live.len().max(page.finished.len()) >= query.limit {
            page.next = Some(last);
            break;
        }
        from = Bound::Excluded(key);
    }
    Ok(page)
}

/// The first of the actions that a short key may stand for: live ones, then those that are over.
pub(super) fn beginning(
    image: &Image<'_>,
    store: &Store,
    short: &ShortKey,
    most: usize,
) -> Result<Vec<Known>, JournalError> {
    let mut found = Vec::new();
    let id = Id::from(short);
    for (letter, first) in [(LIVE, schema::live(id)), (FINISHED, schema::finished(id))] {
        let mut from = Bound::Included(first);
        while let Some((key, value)) = image.next(from, &[letter])? {
            let known = if letter == LIVE {
                Known::Live(Box::new(parse(store, &value)?))
            } else {
                Known::Finished(parse(store, &value)?)
            };
            if found.len() >= most || !short.begins(known.key().digest()) {
                break;
            }
            found.push(known);
            from = Bound::Excluded(key);
        }
    }
    Ok(found)
}

/// Every record whose key begins so, by the rest of its key after the letter.
pub(super) fn named<T: DeserializeOwned>(store: &Store, begin: &[u8]) -> Result<BTreeMap<String, T>, JournalError> {
    let mut found = BTreeMap::new();
    store.each(begin, |key, value| {
        let name = key.get(1..).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
        found.insert(name.to_owned(), parse(store, &value)?);
        Ok(())
    })?;
    Ok(found)
}

/// What is kept under names that begin so.
pub(super) fn kept(store: &Store, begin: &str) -> Result<BTreeMap<String, Value>, JournalError> {
    named(store, &schema::kept(begin))
}
