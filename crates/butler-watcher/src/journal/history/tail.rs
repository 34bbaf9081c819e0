//! The end of the history, where lines are added.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::read::{End, FileReader, file_name, files, written_mark};
use crate::journal::disk::folder;
use crate::journal::disk::store::Durability;
use crate::journal::error::JournalError;
use crate::journal::op::Mark;

/// The history, open at its end.
#[derive(Debug)]
pub(crate) struct Tail {
    path: PathBuf,
    durability: Durability,
    /// A file that grew beyond this many bytes is followed by another.
    file_limit: u64,
    /// Where the history stands.
    mark: Mark,
    /// The file that grows, and its length; absent until there is a line.
    open: Option<(File, u64)>,
    /// Files behind that one in which no commit was finished.
    unfinished: Vec<PathBuf>,
}

impl Tail {
    /// Looks where the history ends. Nothing is changed: [`tidy`](Self::tidy) cuts off an unfinished commit.
    pub(crate) fn open(
        path: &Path,
        anchor: Mark,
        file_limit: u64,
        durability: Durability,
    ) -> Result<Self, JournalError> {
        folder::make(path)?;
        let mut tail =
            Self { path: path.to_path_buf(), durability, file_limit, mark: anchor, open: None, unfinished: Vec::new() };
        let mut all = files(path)?;
        // Files from before the anchor are on their way out.
        all.retain(|first| *first > anchor.lines);
        // A file that has no whole commit yet says nothing of where it begins.
        for first in all.iter().rev() {
            let before = if first.saturating_sub(1) == anchor.lines { anchor } else { written_mark(path, *first)? };
            let (mark, length) = last_commit(path, *first, before)?;
            if length > 0 || Some(first) == all.first() {
                tail.mark = mark;
                let file = path.join(file_name(*first));
                let opened = OpenOptions::new().write(true).open(&file).map_err(JournalError::io("open", &file))?;
                tail.open = Some((opened, length));
                break;
            }
            tail.unfinished.push(path.join(file_name(*first)));
        }
        Ok(tail)
    }

    /// Where the history stands.
    pub(crate) fn mark(&self) -> Mark {
        self.mark
    }

    /// Whether the next commit begins another file.
    pub(crate) fn is_full(&self) -> bool {
        self.open.as_ref().is_none_or(|(_, length)| *length >= self.file_limit)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Cuts off what stands behind the last whole commit, and answers whether there was anything.
    pub(crate) fn tidy(&mut self) -> Result<bool, JournalError> {
        let mut was_untidy = !self.unfinished.is_empty();
        for path in self.unfinished.drain(..) {
            std::fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
        }
        if let Some((file, length)) = &self.open {
            let failed = |source| JournalError::io("cut", &self.path)(source);
            if file.metadata().map_err(failed)?.len() > *length {
                was_untidy = true;
                file.set_len(*length).and_then(|()| file.sync_all()).map_err(failed)?;
            }
        }
        Ok(was_untidy)
    }

    /// Adds the lines of one commit, which lead to `after`, and makes them durable.
    pub(crate) fn append(&mut self, lines: &[u8], after: Mark) -> Result<(), JournalError> {
        let is_full = self.is_full();
        if is_full {
            let path = self.path.join(file_name(self.mark.lines.saturating_add(1)));
            let opened = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&path);
            self.open = Some((opened.map_err(JournalError::io("make", &path))?, 0));
        }
        let path = self.path.clone();
        let durability = self.durability;
        let Some((file, length)) = &mut self.open else { return Err(JournalError::Stopped) };
        let begin = *length;
        let write = || {
            file.write_all_at(lines, begin)?;
            if durability == Durability::Full { file.sync_data() } else { Ok(()) }
        };
        write().map_err(JournalError::io("write", &path))?;
        if is_full && durability == Durability::Full {
            folder::sync(&path)?;
        }
        *length = begin.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX));
        self.mark = after;
        Ok(())
    }
}

/// Where the last whole commit of a file ends, as a mark and in bytes.
fn last_commit(path: &Path, first: u64, before: Mark) -> Result<(Mark, u64), JournalError> {
    let mut reader = FileReader::open(path.join(file_name(first)), before)?;
    let mut end = (before, 0);
    loop {
        match reader.next()? {
            Ok(read) if read.line.last => end = (read.mark, read.end),
            Ok(_) => {}
            Err(End::Whole | End::Bad(_)) => return Ok(end),
        }
    }
}
