//! From a folder to an open journal: whose it is, whether its store opens, and whether that is what was acknowledged.
//!
//! The store may be behind the history, by one commit when the process was killed between the two, by more when the disk lost what
//! it had confirmed: it is brought up from the history. It is never ahead; anything else is refused. A journal that is not where its
//! anchor says that it was is a copy, though the folder is the same.

use std::path::Path;

use ethers_core::types::H256;

use super::disk::anchor::{Anchor, Found};
use super::disk::folder::{self, Folder, check_space};
use super::disk::identity::Identity;
use super::disk::store::{Durability, Store};
use super::error::JournalError;
use super::history::read::{Start, walk};
use super::history::tail::Tail;
use super::image::{Image, parse};
use super::op::Mark;
use super::schema::{self, Head, JOURNAL_SCHEMA};
use super::settings::Settings;
use super::transfer::base::clear;
use super::transfer::rebuild::{bring_up, remake};

/// An open journal's parts.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) folder: Folder,
    pub(crate) identity: Identity,
    pub(crate) store: Store,
    pub(crate) head: Head,
    pub(crate) tail: Tail,
    pub(crate) anchor: Anchor,
    /// It was a copy, and is taken over.
    pub(crate) adopted: bool,
}

pub(crate) fn open(path: &Path, settings: &Settings) -> Result<Parts, JournalError> {
    let folder = Folder::take(path)?;
    check_space(path, 0)?;
    let identity = identify(&folder)?;
    let found = if identity.fresh {
        // Nothing was ever acknowledged: what stands there is of a journal before it.
        let anchor = Anchor::begin(path, &identity.id, Mark::default())?;
        Found::Here(anchor, 0, H256::zero())
    } else {
        Anchor::look(path, &identity.id)?
    };
    let mut is_copy = !identity.is_at_home(path)? || matches!(found, Found::Foreign);
    if is_copy && !settings.adopt {
        return Err(JournalError::Copied { path: path.to_path_buf() });
    }
    let current = Identity::store_name(identity.store);
    for name in folder::names(path)? {
        if name.starts_with("store-") && name != current {
            folder::remove(&path.join(name))?;
        }
    }
    let (mut identity, store, head) = if identity.fresh {
        make(&folder, identity, settings.durability)?
    } else {
        open_store(&folder, identity, settings.durability)?
    };
    let history = path.join("history");
    if history.is_dir() {
        clear(&history, head.anchor.lines, None)?;
    }
    let mut tail = Tail::open(&history, head.anchor, settings.file_limit, settings.durability)?;
    let head = reconcile(&store, head, &tail)?;
    is_copy |= is_behind(&found, &head, &tail)?;
    if is_copy && !settings.adopt {
        return Err(JournalError::Copied { path: path.to_path_buf() });
    }
    if tail.tidy()? {
        tracing::warn!("the history had an unfinished commit at its end, which was never acknowledged; it is cut off");
    }
    if is_copy {
        // A kill in between leaves an anchor that does not fit, and so one that must be taken over again.
        identity.take_over(path)?;
        identity.save(path)?;
    }
    let anchor = match found {
        Found::Here(anchor, ..) if !is_copy => anchor,
        Found::Here(..) | Found::Foreign | Found::Nothing => Anchor::begin(path, &identity.id, head.mark)?,
    };
    Ok(Parts { folder, identity, store, head, tail, anchor, adopted: is_copy })
}

/// Whether the history is shorter than the anchor says, or another one there.
fn is_behind(found: &Found, head: &Head, tail: &Tail) -> Result<bool, JournalError> {
    let Found::Here(_, lines, seal) = found else { return Ok(false) };
    let (lines, mark) = (*lines, tail.mark());
    if lines >= mark.lines {
        return Ok(lines > mark.lines || *seal != mark.seal);
    }
    // What was let go cannot be looked at.
    if lines <= head.anchor.lines {
        return Ok(false);
    }
    let mut is_other = false;
    let start = Start { anchor: head.anchor, after: lines.saturating_sub(1), expected: None };
    walk(tail.path(), start, |read| {
        is_other = read.mark.seal != *seal;
        Ok(false)
    })?;
    Ok(is_other)
}

/// Opens the store and looks at nothing beside it.
pub(crate) fn open_store_only(path: &Path) -> Result<(Folder, Store, Head), JournalError> {
    let folder = Folder::take(path)?;
    let Some(identity) = Identity::load(path)? else {
        return Err(JournalError::corrupt(path, "`journal.json` is missing"));
    };
    let store = folder.path().join(Identity::store_name(identity.store));
    if !store.join("db").is_file() {
        return Err(JournalError::corrupt(&store, "the store is missing"));
    }
    let (store, head) = opened(&store, &identity, Durability::Full)?;
    Ok((folder, store, head))
}

/// Whose journal it is; one that is made now where there is none.
fn identify(folder: &Folder) -> Result<Identity, JournalError> {
    let path = folder.path();
    if let Some(identity) = Identity::load(path)? {
        return Ok(identity);
    }
    if !folder.is_empty()? {
        return Err(JournalError::corrupt(path, "`journal.json` is missing, and there is a journal"));
    }
    let identity = Identity::fresh(path)?;
    identity.save(path)?;
    Ok(identity)
}

/// Makes the first store. Whatever a killed process left of it was never acknowledged.
fn make(
    folder: &Folder,
    mut identity: Identity,
    durability: Durability,
) -> Result<(Identity, Store, Head), JournalError> {
    let path = folder.path().join(Identity::store_name(identity.store));
    folder::remove(&path)?;
    let store = Store::open(&path, durability)?;
    let (head, writes) = Image::new(&store, Head::new(identity.id.clone())).into_writes();
    store.apply(&writes)?;
    store.persist_whole()?;
    folder::sync(folder.path())?;
    identity.fresh = false;
    identity.save(folder.path())?;
    Ok((identity, store, head))
}

fn open_store(
    folder: &Folder,
    identity: Identity,
    durability: Durability,
) -> Result<(Identity, Store, Head), JournalError> {
    let path = folder.path().join(Identity::store_name(identity.store));
    if !path.join("db").is_file() {
        return Err(JournalError::corrupt(&path, "the store is missing"));
    }
    match opened(&path, &identity, durability) {
        Ok((store, head)) => Ok((identity, store, head)),
        Err(JournalError::Corrupt { what, .. }) => {
            tracing::warn!("the journal's store does not open ({what}); trying without its snapshot");
            let copied = open_copy(folder, identity.clone(), &path, durability);
            let Err(JournalError::Corrupt { .. }) = copied else { return copied };
            let damage = JournalError::corrupt(&path, what);
            remade(folder, identity, damage, durability)
        }
        Err(error) => Err(error),
    }
}

/// sled may destroy its own file when a read fails while it starts. The history has everything that was acknowledged: where it is
/// whole, the store is made again from it; where it is not, `damage` stands.
fn remade(
    folder: &Folder,
    identity: Identity,
    damage: JournalError,
    durability: Durability,
) -> Result<(Identity, Store, Head), JournalError> {
    let (identity, mark) = match remake(folder, identity) {
        Ok(remade) => remade,
        Err(JournalError::Corrupt { what, .. }) => {
            tracing::error!("the store cannot be made again from the history either: {what}");
            return Err(damage);
        }
        Err(error) => return Err(error),
    };
    tracing::warn!(
        sequence = mark.sequence,
        "the damaged store is made again from the history, up to commit {}",
        mark.sequence
    );
    let (store, head) = opened(&folder.path().join(Identity::store_name(identity.store)), &identity, durability)?;
    Ok((identity, store, head))
}

pub(super) fn opened(path: &Path, identity: &Identity, durability: Durability) -> Result<(Store, Head), JournalError> {
    let store = Store::open(path, durability)?;
    let Some(bytes) = store.get(schema::HEAD)? else { return Err(JournalError::corrupt(path, "it has no head")) };
    let head: Head = parse(&store, &bytes)?;
    if head.schema > JOURNAL_SCHEMA {
        return Err(JournalError::Newer { path: path.to_path_buf(), found: head.schema, known: JOURNAL_SCHEMA });
    }
    if head.id != identity.id {
        return Err(JournalError::corrupt(path, "it is the store of another journal"));
    }
    Ok((store, head))
}

/// Tries a copy of a damaged store without what sled can make again. It takes the damaged one's place only when it opens;
/// whether it has everything is seen later.
fn open_copy(
    folder: &Folder,
    mut identity: Identity,
    damaged: &Path,
    durability: Durability,
) -> Result<(Identity, Store, Head), JournalError> {
    identity.store = identity.store.saturating_add(1);
    let copy = folder.path().join(Identity::store_name(identity.store));
    folder::remove(&copy)?;
    folder::make(&copy)?;
    let data = copy.join("db");
    std::fs::copy(damaged.join("db"), &data).map_err(JournalError::io("copy", &data))?;
    let opened = opened(&copy, &identity, durability);
    let (store, head) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            folder::remove(&copy)?;
            return Err(error);
        }
    };
    store.persist_whole()?;
    folder::sync(folder.path())?;
    identity.save(folder.path())?;
    Ok((identity, store, head))
}

/// Holds the store against the history, and brings it up to that where it is behind.
fn reconcile(store: &Store, head: Head, tail: &Tail) -> Result<Head, JournalError> {
    let written = tail.mark();
    if head.mark == written {
        return Ok(head);
    }
    if head.mark.sequence < written.sequence {
        let from = head.mark.sequence;
        let head = bring_up(store, head, tail.path(), written)?;
        let to = head.mark.sequence;
        tracing::warn!(
            from,
            to,
            "the store lacked the commits after {from}, it is brought up to {to} from the history"
        );
        return Ok(head);
    }
    let what = format!(
        "it ends at commit {} and the store at {}: it was cut, changed or belongs to another time",
        written.sequence, head.mark.sequence
    );
    Err(JournalError::corrupt(tail.path(), what))
}
