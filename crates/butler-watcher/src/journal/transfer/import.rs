//! An export made into a store.

use std::io::BufRead;
use std::path::Path;

use ethers_core::types::H256;
use ring::digest::{Context, SHA256};

use super::export::{EXPORT_VERSION, Item};
use crate::journal::disk::store::Store;
use crate::journal::error::JournalError;
use crate::journal::history::read::LINE_LIMIT;
use crate::journal::image::Image;
use crate::journal::op::Op;
use crate::journal::request::Keep;
use crate::journal::schema::{Head, JOURNAL_SCHEMA};

/// How many keys are written at once.
const AT_ONCE: usize = 256;

/// A new store that is being filled.
#[derive(Debug)]
pub(crate) struct Filling<'s> {
    store: &'s Store,
    image: Option<Image<'s>>,
}

impl<'s> Filling<'s> {
    pub(crate) fn new(store: &'s Store) -> Self {
        Self { store, image: None }
    }

    /// Takes the next item. The first one must be the title.
    pub(crate) fn take(&mut self, item: Item) -> Result<(), JournalError> {
        let damaged = |what: &str| JournalError::corrupt(self.store.path(), what);
        let image = match (self.image.as_mut(), item) {
            (None, Item::Journal(title)) => {
                let mut head = Head::new(title.id);
                (head.mark, head.anchor, head.clock) = (title.mark, title.anchor, title.clock);
                self.image = Some(Image::new(self.store, head));
                return Ok(());
            }
            (None, _) => return Err(damaged("the export has no title")),
            (Some(_), Item::Journal(_)) => return Err(damaged("the export has two titles")),
            (Some(image), item) => {
                match item {
                    Item::Cursor { name, at } => image.apply(&Op::Cursor { name, at })?,
                    Item::Counter { name, count } => image.apply(&Op::Counted { name, count })?,
                    Item::Kept { name, value } => image.apply(&Op::Kept(Keep { name, value: Some(value) }))?,
                    Item::Spent { kind, hour, count } => image.apply(&Op::Spent { kind, hour, count })?,
                    Item::Live(entry) => image.apply(&Op::Planned(entry))?,
                    Item::Finished(finished) => image.apply_finished(&finished),
                    Item::Journal(_) | Item::End(_) => {}
                }
                image
            }
        };
        if image.len() > AT_ONCE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), JournalError> {
        if let Some(image) = self.image.take() {
            let (head, writes) = image.into_writes();
            self.store.apply(&writes)?;
            self.image = Some(Image::new(self.store, head));
        }
        Ok(())
    }

    /// Writes what is left, and makes all of it durable.
    pub(crate) fn finish(mut self) -> Result<Head, JournalError> {
        self.flush()?;
        self.store.persist_whole()?;
        match self.image {
            Some(image) => Ok(image.head),
            None => Err(JournalError::corrupt(self.store.path(), "the export has no title")),
        }
    }
}

/// Reads an export from `path` item by item. It is whole only when this returns `Ok`.
pub(crate) fn read_items(
    path: &Path,
    from: &mut dyn BufRead,
    mut each: impl FnMut(Item) -> Result<(), JournalError>,
) -> Result<(), JournalError> {
    let (mut context, mut lines) = (Context::new(&SHA256), 0_u64);
    let limit = u64::try_from(LINE_LIMIT).unwrap_or(u64::MAX);
    loop {
        let mut text = Vec::new();
        std::io::Read::take(&mut *from, limit).read_until(b'\n', &mut text).map_err(JournalError::io("read", path))?;
        let damaged = |what: &str| JournalError::corrupt(path, format!("line {}: {what}", lines.saturating_add(1)));
        if text.is_empty() {
            return Err(damaged("the export ends too early"));
        }
        let item: Item = serde_json::from_slice(&text).map_err(|error| damaged(&error.to_string()))?;
        match item {
            Item::End(sum) => {
                let sha256 = H256::from_slice(context.finish().as_ref());
                let rest = from.fill_buf().map_err(JournalError::io("read", path))?;
                if sum.lines != lines || sum.sha256 != sha256 || !rest.is_empty() {
                    return Err(damaged("the export was changed: its sum does not fit"));
                }
                return Ok(());
            }
            Item::Journal(title) if title.version > EXPORT_VERSION => {
                let (found, known) = (title.version, EXPORT_VERSION.max(JOURNAL_SCHEMA));
                return Err(JournalError::Newer { path: path.to_path_buf(), found, known });
            }
            item @ (Item::Journal(_)
            | Item::Cursor { .. }
            | Item::Counter { .. }
            | Item::Kept { .. }
            | Item::Spent { .. }
            | Item::Live(_)
            | Item::Finished(_)) => {
                context.update(&text);
                lines = lines.saturating_add(1);
                each(item)?;
            }
        }
    }
}
