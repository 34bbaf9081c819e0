//! A folder of keystores looked at, entry by entry, as its node reads it.
//!
//! Files are read one after the other, and nothing of a key outlives its file's turn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ethers_core::types::{Address, H256};
use zeroize::Zeroizing;

use super::frame::frame;
use super::names::FileName;
use super::obstacle::{Obstacle, ObstacleKind};
use super::reading::Reading;
use super::setting::Setting;
use super::view::{FileView, FolderView};
use crate::key_files::content::Content;
use crate::key_files::discovery::Role;
use crate::key_files::merge::{Lists, Taken, merge};
use crate::key_files::shown::shown_path;
use crate::key_files::together::of_folders;
use crate::key_files::unread::Unread;
use crate::text::address::checksummed;

/// What was found of one entry of a folder.
pub(super) enum Found {
    File { content: Zeroizing<Vec<u8>>, digest: H256, mode: u32, uid: u32, gid: u32 },
    Link,
    NotAFile,
    Unreadable,
    TooLarge,
}

/// A file that was read.
struct Read {
    name: String,
    view: FileView,
    content: Option<Content>,
}

/// A folder that is looked at, entry by entry.
pub(super) struct Survey {
    folder: PathBuf,
    read: Vec<Read>,
    hidden: usize,
    is_any_json: bool,
    is_any_unread: bool,
    obstacles: Vec<Obstacle>,
}

impl Survey {
    /// Of the folder at that path, which is needed for the encrypted keys that its files name.
    pub(super) fn of(folder: &Path) -> Self {
        let folder = folder.to_path_buf();
        Self { folder, read: Vec::new(), hidden: 0, is_any_json: false, is_any_unread: false, obstacles: Vec::new() }
    }

    /// Takes an entry that a node reads for its name, in the order of the names.
    pub(super) fn add(&mut self, name: &str, found: Found) {
        self.is_any_json = true;
        self.hidden += usize::from(name.starts_with('.'));
        let shown = FileName::shown(name);
        if shown.as_str() != name {
            let what = "its name could hold a part of a key: give it another one";
            self.obstacles.push(Obstacle::new(ObstacleKind::Name, Some(&shown), what));
        }
        let (kind, what) = match found {
            Found::File { content, digest, mode, uid, gid } => {
                let (coinbase, validators) = (Setting::Absent, Vec::new());
                let frame = frame(&content);
                let view = FileView { name: shown, digest, frame, mode, uid, gid, coinbase, validators };
                return self.read(name, &content, view);
            }
            Found::Link => (ObstacleKind::Link, "a link, which is not followed here"),
            Found::NotAFile => (ObstacleKind::NotAFile, "this is not a regular file"),
            Found::Unreadable => (ObstacleKind::Unreadable, "it can not be read"),
            Found::TooLarge => (ObstacleKind::Broken, "it is longer than the limit"),
        };
        self.is_any_unread = true;
        self.obstacles.push(Obstacle::new(kind, Some(&shown), what));
    }

    fn read(&mut self, name: &str, content: &[u8], mut view: FileView) {
        let (reading, faults) = match Reading::of(content, &self.folder.join(name)) {
            Ok((reading, faults)) => (Some(reading), faults),
            Err(fault) => (None, vec![fault]),
        };
        self.obstacles.extend(faults.into_iter().filter_map(|fault| Obstacle::of_fault(fault, &view.name)));
        let content = reading.and_then(|reading| {
            view.validators = reading.validators();
            view.coinbase = reading.top();
            reading.content
        });
        self.is_any_unread |= content.is_none();
        self.read.push(Read { name: name.to_owned(), view, content });
    }

    /// What all entries say together.
    pub(super) fn finish(mut self) -> FolderView {
        let taken: Vec<Taken<'_>> = self.read.iter().filter_map(Read::taken).collect();
        self.obstacles.extend(of_folders(&taken).iter().filter_map(Obstacle::of_notice));
        let (book, _) = merge(&taken, &Unread::default(), Lists::AreAll);
        let mut publishers = BTreeMap::<(String, usize), BTreeSet<Address>>::new();
        for entry in book.entries {
            publishers.entry((entry.file, entry.index)).or_default().extend(entry.publishers);
        }
        for file in &mut self.read {
            for validator in &mut file.view.validators {
                let paying = publishers.get(&(shown_path(Path::new(&file.name)), validator.index));
                validator.publishers = paying.into_iter().flatten().copied().collect();
            }
        }
        let files: Vec<FileView> = self.read.into_iter().map(|read| read.view).collect();
        self.obstacles.extend(duplicates(&files));
        if !self.is_any_json {
            self.obstacles.push(Obstacle::new(ObstacleKind::Empty, None, "there is no keystore"));
        } else if !self.is_any_unread && files.iter().all(|file| file.validators.is_empty()) {
            self.obstacles.push(Obstacle::new(ObstacleKind::NoValidators, None, "no file has a validator"));
        }
        FolderView { files, hidden: self.hidden, obstacles: self.obstacles }
    }
}

impl Read {
    fn taken(&self) -> Option<Taken<'_>> {
        let content = self.content.as_ref()?;
        Some(Taken { path: Path::new(&self.name), server: String::new(), role: Role::NodeKeystore, content })
    }
}

/// Attesters that stand in two validators, or twice in one.
fn duplicates(files: &[FileView]) -> Vec<Obstacle> {
    let mut seen = BTreeMap::<Address, (&FileName, usize)>::new();
    let mut found = Vec::new();
    for file in files {
        for validator in &file.validators {
            for attester in &validator.attesters {
                let Some((first, index)) = seen.insert(*attester, (&file.name, validator.index)) else { continue };
                let what = format!(
                    "validators[{}] has the attester {}, and so has validators[{index}] of {first}",
                    validator.index,
                    checksummed(attester)
                );
                found.push(Obstacle::new(ObstacleKind::DuplicateAttester, Some(&file.name), &what));
            }
        }
    }
    found
}
