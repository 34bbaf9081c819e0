//! A new store with the same content, since sled's files do not shrink.

use std::path::Path;

use super::export::items;
use super::import::Filling;
use crate::journal::disk::folder::{self, check_space};
use crate::journal::disk::identity::Identity;
use crate::journal::disk::store::{Durability, Store};
use crate::journal::error::JournalError;
use crate::journal::schema::Head;

/// sled splits a full page into halves: keys that come in order leave all of them half full, and twice as much of no use behind.
/// In so many rounds, each with keys from everywhere, the pages fill up. Measured: 1.5 times the keys and values instead of 3.5.
const PARTS: u8 = 4;

/// Fills a new store beside the old one, durably. It counts for nothing until the identity names it.
pub(crate) fn copy(
    folder: &Path,
    number: u64,
    durability: Durability,
    (store, head): (&Store, &Head),
) -> Result<(Store, Head), JournalError> {
    check_space(folder, folder::size(store.path()))?;
    let path = folder.join(Identity::store_name(number));
    folder::remove(&path)?;
    let new = Store::open(&path, durability)?;
    let mut filling = Filling::new(&new);
    items(store, head, PARTS, |item| filling.take(item))?;
    let filled = filling.finish()?;
    folder::sync(folder)?;
    if filled.counts != head.counts || filled.lanes != head.lanes || filled.mark != head.mark {
        return Err(JournalError::corrupt(store.path(), "its copy has another content"));
    }
    Ok((new, filled))
}
