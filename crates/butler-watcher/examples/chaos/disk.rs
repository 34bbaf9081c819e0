//! Disks: what a traced child's files look like when the power fails, by what was synced and what may have been lost.
//!
//! Content that was not synced may be there, be gone or be torn, each write for itself. Names that were not synced are lost from the
//! end of what was done in their folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use butler_core::store::private::save_private;
use butler_watcher::journal::anchor_folder;

use crate::kills::Dice;
use crate::trace::Event;
use crate::worker::JOURNAL;

/// What becomes of what was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// All of it is there: the process was killed.
    Kept,
    /// All of it is gone.
    Gone,
    /// One write is gone, counted from the last.
    Without(usize),
    /// One write is there and all others are gone.
    Only(usize),
    /// The last write is there by half.
    Torn,
    /// By chance.
    Chance(u64),
}

/// How many writes before `end` are not safe, and so have a fate.
pub(crate) fn unsafe_writes(events: &[Event], end: usize) -> Vec<usize> {
    let events = events.get(..end).unwrap_or(events);
    let is_safe = |at: usize, path: &Path| {
        events.iter().any(|event| matches!(event, Event::Sync { path: synced, began } if synced == path && *began > at))
    };
    let writes = events.iter().enumerate().filter(|(at, event)| match event {
        Event::Write { path, .. } | Event::Truncate { path, .. } => !is_safe(*at, path),
        Event::Mkdir { .. }
        | Event::Create { .. }
        | Event::Rename { .. }
        | Event::Unlink { .. }
        | Event::Sync { .. }
        | Event::Tell { .. } => false,
    });
    writes.map(|(at, _)| at).collect()
}

/// Writes the disk as it is after `end` events.
pub(crate) fn image(events: &[Event], end: usize, fate: Fate, from: &Path, to: &Path) -> anyhow::Result<()> {
    let events = events.get(..end).unwrap_or(events);
    let open = unsafe_writes(events, events.len());
    let mut dice = Dice::new(match fate {
        Fate::Chance(seed) => seed,
        Fate::Kept | Fate::Gone | Fate::Without(_) | Fate::Only(_) | Fate::Torn => 1,
    });
    let from_last = |at: usize| open.iter().rev().position(|other| *other == at);
    let lost: BTreeSet<usize> = open
        .iter()
        .copied()
        .filter(|at| match fate {
            Fate::Kept | Fate::Torn => false,
            Fate::Gone => true,
            Fate::Without(place) => from_last(*at) == Some(place),
            Fate::Only(place) => from_last(*at) != Some(place),
            Fate::Chance(_) => dice.below(2) == 0,
        })
        .collect();
    let torn = if fate == Fate::Torn { open.last().copied() } else { None };
    let names = names_kept(events, fate, &mut dice);
    let mut files: BTreeMap<PathBuf, usize> = BTreeMap::new();
    let mut folders = BTreeSet::new();
    let mut contents: Vec<Vec<u8>> = Vec::new();
    // Where each file's content is, by the name that it has now, also when that name was lost.
    let mut true_names: BTreeMap<PathBuf, usize> = BTreeMap::new();
    for (at, event) in events.iter().enumerate() {
        let is_named = names.contains(&at);
        match event {
            Event::Mkdir { path } => {
                if is_named {
                    folders.insert(path.clone());
                }
            }
            Event::Create { path, truncate } => {
                let content = match true_names.get(path) {
                    Some(content) => *content,
                    None => {
                        contents.push(Vec::new());
                        contents.len() - 1
                    }
                };
                true_names.insert(path.clone(), content);
                if is_named {
                    files.entry(path.clone()).or_insert(content);
                }
                if *truncate && let Some(content) = contents.get_mut(content) {
                    content.clear();
                }
            }
            Event::Write { path, at: place, data } => {
                let data = if torn == Some(at) { data.get(..data.len() / 2).unwrap_or_default() } else { data };
                if !lost.contains(&at)
                    && let Some(content) = true_names.get(path).and_then(|content| contents.get_mut(*content))
                {
                    write(content, usize::try_from(*place)?, data);
                }
            }
            Event::Truncate { path, length } => {
                if !lost.contains(&at)
                    && let Some(content) = true_names.get(path).and_then(|content| contents.get_mut(*content))
                {
                    content.resize(usize::try_from(*length)?, 0);
                }
            }
            Event::Rename { from, to } => {
                if let Some(content) = true_names.remove(from) {
                    true_names.insert(to.clone(), content);
                }
                if is_named && let Some(content) = files.remove(from) {
                    files.insert(to.clone(), content);
                }
            }
            Event::Unlink { path } => {
                true_names.remove(path);
                if is_named {
                    files.remove(path);
                    folders.remove(path);
                }
            }
            Event::Sync { .. } | Event::Tell { .. } => {}
        }
    }
    lay_out(&files, &folders, &contents, from, to)
}

fn write(content: &mut Vec<u8>, at: usize, data: &[u8]) {
    let end = at + data.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(place) = content.get_mut(at..end) {
        place.copy_from_slice(data);
    }
}

/// Which changes of names are there: all up to the last sync of their folder, and some of the others.
fn names_kept(events: &[Event], fate: Fate, dice: &mut Dice) -> BTreeSet<usize> {
    let mut kept = BTreeSet::new();
    let mut broken = BTreeSet::new();
    for (at, event) in events.iter().enumerate() {
        let path = match event {
            Event::Mkdir { path } | Event::Create { path, .. } | Event::Unlink { path } => path,
            Event::Rename { to, .. } => to,
            Event::Write { .. } | Event::Truncate { .. } | Event::Sync { .. } | Event::Tell { .. } => continue,
        };
        let folder = path.parent().unwrap_or(path).to_path_buf();
        let is_synced =
            events.iter().any(|event| matches!(event, Event::Sync { path, began } if *path == folder && *began > at));
        let stays = is_synced
            || match fate {
                Fate::Kept | Fate::Torn | Fate::Without(_) => true,
                Fate::Gone | Fate::Only(_) => false,
                Fate::Chance(_) => !broken.contains(&folder) && dice.below(3) > 0,
            };
        if stays {
            kept.insert(at);
        } else {
            broken.insert(folder);
        }
    }
    kept
}

fn lay_out(
    files: &BTreeMap<PathBuf, usize>,
    folders: &BTreeSet<PathBuf>,
    contents: &[Vec<u8>],
    from: &Path,
    to: &Path,
) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let make = |path: &Path| std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
    make(to)?;
    for folder in folders.iter().filter_map(|path| path.strip_prefix(from).ok()) {
        make(&to.join(folder))?;
    }
    for (path, content) in files {
        let Ok(name) = path.strip_prefix(from) else { continue };
        let file = to.join(name);
        // A name in a folder that is gone is gone.
        let is_lost =
            name.parent().is_some_and(|below| !below.as_os_str().is_empty() && !folders.contains(&from.join(below)));
        if !is_lost {
            use std::io::Write as _;
            use std::os::unix::fs::OpenOptionsExt as _;
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.create(true).truncate(true).write(true).mode(0o600).open(&file)?;
            file.write_all(contents.get(*content).context("every file has a content")?)?;
        }
    }
    settle_in(to)
}

/// Copies a folder with what is below it.
pub(crate) fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    std::fs::DirBuilder::new().mode(0o700).create(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Makes a copy believe that it is the original: it stands for the same folder at another time.
pub(crate) fn settle_in(folder: &Path) -> anyhow::Result<()> {
    let journal = folder.join(JOURNAL);
    if let Ok(entries) = anchor_folder(&journal).read_dir() {
        for entry in entries {
            let file = entry?.path();
            // One that was written by half stays what it is.
            if serde_json::from_slice::<serde_json::Value>(&std::fs::read(&file)?).is_ok() {
                use std::io::Write as _;
                let mut opened = std::fs::OpenOptions::new().write(true).truncate(true).open(&file)?;
                opened.write_all(&serde_json::to_vec(&stamp(&file)?)?)?;
            }
        }
    }
    let file = journal.join("journal.json");
    let Ok(text) = std::fs::read(&file) else { return Ok(()) };
    let Ok(mut identity) = serde_json::from_slice::<serde_json::Value>(&text) else { return Ok(()) };
    identity["folder"] = stamp(&journal)?;
    Ok(save_private(&file, &serde_json::to_vec(&identity)?)?)
}

/// What tells a file from its copy.
fn stamp(path: &Path) -> anyhow::Result<serde_json::Value> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = path.metadata()?;
    let born = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
    let born = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
    Ok(serde_json::json!({ "inode": metadata.ino(), "born": born }))
}
