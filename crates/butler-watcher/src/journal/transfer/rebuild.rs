//! A store from what is durable beside it: a base and the history, or an export of another folder.

use std::io::BufRead;
use std::path::Path;

use super::base;
use super::export::{Item, export};
use super::import::{Filling, read_items};
use crate::journal::disk::anchor::{Anchor, Found};
use crate::journal::disk::folder::{self, Folder, check_space};
use crate::journal::disk::identity::Identity;
use crate::journal::disk::store::{Durability, Store};
use crate::journal::error::JournalError;
use crate::journal::history::read::{Start, file_name, files, walk};
use crate::journal::image::Image;
use crate::journal::op::{Line, Mark};
use crate::journal::schema::Head;

/// How many keys are written at once when a store is brought up.
const AT_ONCE: usize = 4096;

/// Makes every change of the history up to `to` that the store does not have.
pub(crate) fn bring_up(store: &Store, head: Head, history: &Path, to: Mark) -> Result<Head, JournalError> {
    let (anchor, from) = (head.anchor, head.mark);
    let mut head = head;
    let mut pending = None;
    walk(history, Start::at(anchor, from), |read| {
        let mut image = pending.take().unwrap_or_else(|| Image::new(store, head.clone()));
        image.apply(&read.line.op)?;
        image.head.clock = read.line.at;
        image.head.mark = read.mark;
        head = image.head.clone();
        if read.line.last && (image.len() > AT_ONCE || read.mark == to) {
            store.apply(&image.into_writes().1)?;
        } else {
            pending = Some(image);
        }
        Ok(read.mark != to)
    })?;
    if head.mark != to {
        return Err(JournalError::corrupt(history, "it does not belong to this store"));
    }
    store.persist()?;
    Ok(head)
}

/// Makes the store again from the newest base and the history; the old one stays beside it as `damaged`. Answers where it stands.
///
/// # Errors
/// Lines are missing or were changed: nothing is replaced then.
pub(crate) fn rebuild(path: &Path, adopt: bool) -> Result<Mark, JournalError> {
    let folder = Folder::take(path)?;
    let Some(mut identity) = Identity::load(path)? else {
        return Err(JournalError::corrupt(path, "`journal.json` is missing: import an export into a new folder"));
    };
    let is_copy = !identity.is_at_home(path)? || matches!(Anchor::look(path, &identity.id)?, Found::Foreign);
    if is_copy && !adopt {
        return Err(JournalError::Copied { path: path.to_path_buf() });
    }
    if adopt {
        identity.take_over(path)?;
    }
    let (identity, mark) = remake(&folder, identity)?;
    // Without it whoever opens the journal looks whether the history goes as far as its anchor.
    if adopt {
        Anchor::begin(path, &identity.id, mark)?;
    }
    Ok(mark)
}

/// Makes another store of the base and the history, and the current one of it. The old one stays beside it as `damaged`.
pub(crate) fn remake(folder: &Folder, mut identity: Identity) -> Result<(Identity, Mark), JournalError> {
    let (path, history) = (folder.path(), folder.path().join("history"));
    check_space(path, folder::size(&history).saturating_mul(2))?;
    let old = path.join(Identity::store_name(identity.store));
    identity.store = identity.store.saturating_add(1);
    let new = path.join(Identity::store_name(identity.store));
    folder::remove(&new)?;
    let store = Store::open(&new, Durability::Full)?;
    let head = from_base(&store, &history, &identity.id)?;
    let to = last_commit(&history, &head)?;
    let head = if to == head.mark { head } else { bring_up(&store, head, &history, to)? };
    store.persist_whole()?;
    drop(store);
    folder::sync(path)?;
    identity.fresh = false;
    identity.save(path)?;
    let kept = path.join("damaged");
    folder::remove(&kept)?;
    if old.exists() {
        std::fs::rename(&old, &kept).map_err(JournalError::io("rename", &old))?;
    }
    Ok((identity, head.mark))
}

/// The state of the newest base that is whole; of nothing when the history begins with its first line.
fn from_base(store: &Store, history: &Path, id: &str) -> Result<Head, JournalError> {
    if let Some(newest) = base::bases(history)?.first() {
        let mut filling = Filling::new(store);
        read_items(newest, &mut base::open(newest)?, |item| filling.take(item))?;
        let head = filling.finish()?;
        return if head.id == id { Ok(head) } else { Err(JournalError::corrupt(newest, "it is of another journal")) };
    }
    match files(history)?.first() {
        Some(1) => {
            let (head, writes) = Image::new(store, Head::new(id.to_owned())).into_writes();
            store.apply(&writes)?;
            Ok(head)
        }
        Some(_) | None => Err(JournalError::corrupt(history, "its first lines are missing, and so is a base for them")),
    }
}

/// The last whole commit after a head. What is behind it was never acknowledged; what is wrong before it is an error.
fn last_commit(history: &Path, head: &Head) -> Result<Mark, JournalError> {
    let mut last = head.mark;
    let walked = walk(history, Start::at(head.anchor, head.mark), |read| {
        if read.line.last {
            last = read.mark;
        }
        Ok(true)
    });
    match walked {
        Ok(_) => Ok(last),
        // A commit that broke off stands at the very end of the last file.
        Err(JournalError::Corrupt { .. }) if is_end(history, last)? => Ok(last),
        Err(error) => Err(error),
    }
}

/// Whether nothing after a mark is a whole commit, as far as its lines can be read at all.
fn is_end(history: &Path, last: Mark) -> Result<bool, JournalError> {
    let Some(first) = files(history)?.pop() else { return Ok(true) };
    if first > last.lines.saturating_add(1) {
        return Ok(false);
    }
    let path = history.join(file_name(first));
    let content = std::fs::read(&path).map_err(JournalError::io("read", &path))?;
    let later = content.split(|byte| *byte == b'\n').filter_map(|text| text.get(65..));
    let mut later = later.filter_map(|text| serde_json::from_slice::<Line>(text).ok());
    Ok(!later.any(|line| line.last && line.line > last.lines))
}

/// Makes a journal of an export in a folder that has none. Answers where it stands.
///
/// # Errors
/// There is a journal; the export was changed or is newer. What was begun has no `journal.json` then, and is refused.
pub(crate) fn import(path: &Path, from: &mut dyn BufRead) -> Result<Mark, JournalError> {
    let folder = Folder::take(path)?;
    check_space(path, 0)?;
    if !folder.is_empty()? {
        return Err(JournalError::Occupied { path: path.to_path_buf() });
    }
    let mut identity = Identity::fresh(path)?;
    let history = path.join("history");
    folder::make(&history)?;
    let store = Store::open(&path.join(Identity::store_name(identity.store)), Durability::Full)?;
    let mut filling = Filling::new(&store);
    read_items(path, from, |mut item| {
        // The history stays where the export came from.
        if let Item::Journal(title) = &mut item {
            title.anchor = title.mark;
        }
        filling.take(item)
    })?;
    let head = filling.finish()?;
    base::write(&history, head.mark.sequence, |to| export(&store, &head, to).map(drop))?;
    folder::sync(path)?;
    identity.id.clone_from(&head.id);
    identity.fresh = false;
    // Before there is a journal: it may be older than the one that was here.
    Anchor::begin(path, &identity.id, head.mark)?;
    identity.save(path)?;
    Ok(head.mark)
}
