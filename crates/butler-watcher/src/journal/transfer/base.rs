//! A base: an export beside the history that stands for the lines that are gone, so that a store can be made again from both.

use std::fs::{File, OpenOptions};
use std::io::{BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::export::export;
use crate::journal::disk::folder;
use crate::journal::disk::store::Store;
use crate::journal::error::JournalError;
use crate::journal::history::read::{file_name, files, written_mark};
use crate::journal::op::json;
use crate::journal::schema::{HEAD, Head};

const BEGUN: &str = "base.begun";

fn name(sequence: u64) -> String {
    format!("base-{sequence:016}.jsonl")
}

/// The bases of a history, the newest first.
pub(crate) fn bases(history: &Path) -> Result<Vec<PathBuf>, JournalError> {
    let names = folder::names(history)?.into_iter().rev();
    let is_base = |name: &String| name.starts_with("base-") && name.ends_with(".jsonl");
    Ok(names.filter(is_base).map(|name| history.join(name)).collect())
}

/// Writes a base durably, by whatever fills it.
pub(crate) fn write(
    history: &Path,
    sequence: u64,
    fill: impl FnOnce(&mut dyn std::io::Write) -> Result<(), JournalError>,
) -> Result<PathBuf, JournalError> {
    let (begun, path) = (history.join(BEGUN), history.join(name(sequence)));
    let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&begun);
    let mut writer = BufWriter::new(file.map_err(JournalError::io("make", &begun))?);
    fill(&mut writer)?;
    let synced = writer.flush().and_then(|()| writer.get_ref().sync_all());
    synced.map_err(JournalError::io("write", &begun))?;
    std::fs::rename(&begun, &path).map_err(JournalError::io("rename", &begun))?;
    folder::sync(history)?;
    Ok(path)
}

/// Opens a base to be read.
pub(crate) fn open(path: &Path) -> Result<BufReader<File>, JournalError> {
    File::open(path).map(BufReader::new).map_err(JournalError::io("open", path))
}

/// Bytes of a history's lines.
pub(crate) fn bytes(history: &Path) -> Result<Vec<(u64, u64)>, JournalError> {
    let mut sizes = Vec::new();
    for first in files(history)? {
        let path = history.join(file_name(first));
        sizes.push((first, path.metadata().map_err(JournalError::io("look at", &path))?.len()));
    }
    Ok(sizes)
}

/// When the history has grown beyond twice its limit: writes a base for its oldest files, and answers the head without them.
pub(crate) fn prepare(
    store: &Store,
    head: &Head,
    history: &Path,
    limit: u64,
) -> Result<Option<(Head, PathBuf)>, JournalError> {
    let sizes = bytes(history)?;
    let mut total: u64 = sizes.iter().map(|(_, size)| *size).sum();
    if total <= limit.saturating_mul(2) {
        return Ok(None);
    }
    let mut oldest = None;
    // The last file is never let go.
    for pair in sizes.windows(2) {
        let [(_, size), (next, _)] = pair else { break };
        if total.saturating_sub(*size) < limit {
            break;
        }
        total = total.saturating_sub(*size);
        oldest = Some(*next);
    }
    let Some(oldest) = oldest else { return Ok(None) };
    let mut head = head.clone();
    head.anchor = written_mark(history, oldest)?;
    let base = write(history, head.mark.sequence, |to| export(store, &head, to).map(drop))?;
    Ok(Some((head, base)))
}

/// Makes that head the store's, and lets the oldest files go. Whether the store took it is not known when this fails.
pub(crate) fn let_go(store: &Store, head: &Head, history: &Path, base: &Path) -> Result<(), JournalError> {
    store.apply(&[(HEAD.to_vec(), Some(json(head)))].into())?;
    store.persist()?;
    clear(history, head.anchor.lines, Some(base))
}

/// Removes files from before the anchor, and bases but the newest.
pub(crate) fn clear(history: &Path, anchor: u64, base: Option<&Path>) -> Result<(), JournalError> {
    let files =
        files(history)?.into_iter().filter(|first| *first <= anchor).map(|first| history.join(file_name(first)));
    let older = bases(history)?.into_iter().filter(|path| base.is_some_and(|base| base != path));
    let begun = Some(history.join(BEGUN)).filter(|path| path.exists());
    for path in files.chain(older).chain(begun) {
        std::fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
    }
    Ok(())
}
