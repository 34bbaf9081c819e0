//! How far a journal came, kept beside its folder: whoever puts older files back into that folder is behind it.
//!
//! It is the name of the one file in a folder of its own. The name changes once a commit is durable, so it is never ahead of a journal that
//! lost nothing; files that are copied over others add names and take none away. The file says which file it is, so that a copy of
//! it is none. It is not synced: a power cut leaves an earlier name, which asks for less.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use butler_core::runtime::failures::FailureStreak;
use ethers_core::types::H256;
use ring::digest::{SHA256, digest};

use super::folder::{names, sync};
use super::identity::Stamp;
use crate::journal::error::JournalError;
use crate::journal::op::{Mark, json};

/// What the folder's name has beside the journal's.
const SUFFIX: &str = "-anchor";
/// A file that has no name yet.
const BEGUN: &str = "begun";
/// Digits of the journal in a name, of a number of lines, and of a seal.
const DIGITS: [usize; 3] = [32, 20, 64];

/// The anchor of an open journal.
#[derive(Debug)]
pub(crate) struct Anchor {
    folder: PathBuf,
    /// The digits of the journal's name.
    journal: String,
    /// The file's name.
    name: String,
    streak: FailureStreak,
}

/// What stands beside a journal.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing: the journal is older than this program's anchors, or was moved.
    Nothing,
    /// The anchor, and how far the journal was: lines, and the seal of the last one.
    Here(Anchor, u64, H256),
    /// Another journal's, a copy, or several.
    Foreign,
}

/// The folder of a journal's anchor.
pub fn folder_of(journal: &Path) -> PathBuf {
    let mut name = journal.file_name().unwrap_or_default().to_os_string();
    name.push(SUFFIX);
    journal.with_file_name(name)
}

impl Anchor {
    /// Looks for the anchor of a journal of that name. Nothing is changed.
    pub(crate) fn look(path: &Path, id: &str) -> Result<Found, JournalError> {
        let folder = folder_of(path);
        if !folder.is_dir() {
            return Ok(Found::Nothing);
        }
        // What somebody's desktop or backup leaves there is no anchor of anybody's.
        let mut names = names(&folder)?.into_iter().filter(|name| is_of_an_anchor(name));
        let (first, more) = (names.next(), names.next());
        let Some(name) = first else { return Ok(Found::Nothing) };
        let journal = digits(id);
        let Some((lines, seal)) = read(&name, &journal).filter(|_| more.is_none()) else { return Ok(Found::Foreign) };
        let file = folder.join(&name);
        let written = std::fs::read(&file).map_err(JournalError::io("read", &file))?;
        let own: Option<Stamp> = serde_json::from_slice(&written).ok();
        if own.is_none_or(|own| !Stamp::of(&file).is_ok_and(|stamp| own.is(stamp))) {
            return Ok(Found::Foreign);
        }
        Ok(Found::Here(Self { folder, journal, name, streak: FailureStreak::default() }, lines, seal))
    }

    /// Makes the anchor of a journal that is as far as that, and forgets whatever was there. A kill in between leaves none.
    pub(crate) fn begin(path: &Path, id: &str, mark: Mark) -> Result<Self, JournalError> {
        let folder = folder_of(path);
        if !folder.is_dir() {
            DirBuilder::new().mode(0o700).create(&folder).map_err(JournalError::io("make", &folder))?;
            sync(folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))?;
        }
        for name in names(&folder)? {
            let file = folder.join(name);
            std::fs::remove_file(&file).map_err(JournalError::io("remove", &file))?;
        }
        // The old name must be gone before there is a new one.
        sync(&folder)?;
        let (journal, begun) = (digits(id), folder.join(BEGUN));
        let failed = || JournalError::io("write", &begun);
        let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&begun);
        let mut file = file.map_err(failed())?;
        file.write_all(&json(&Stamp::of(&begun)?)).and_then(|()| file.sync_all()).map_err(failed())?;
        let name = name(&journal, mark);
        std::fs::rename(&begun, folder.join(&name)).map_err(JournalError::io("rename", &begun))?;
        sync(&folder)?;
        Ok(Self { folder, journal, name, streak: FailureStreak::default() })
    }

    /// Says that the journal is as far as that, and will be after a kill and a power cut. A fault is told and changes nothing else: the
    /// anchor asks for less then.
    pub(crate) fn advance(&mut self, mark: Mark) {
        let next = name(&self.journal, mark);
        match std::fs::rename(self.folder.join(&self.name), self.folder.join(&next)) {
            Ok(()) => {
                self.name = next;
                self.streak.ended();
            }
            Err(error) => {
                if let Some(failures) = self.streak.failed() {
                    tracing::warn!(failures, "failed to rename `{}`: {error}", self.folder.join(&self.name).display());
                }
            }
        }
    }
}

/// A journal's name in a file's: whatever it is, these are digits.
fn digits(id: &str) -> String {
    let [length, ..] = DIGITS;
    let mut text = format!("{:x}", H256::from_slice(digest(&SHA256, id.as_bytes()).as_ref()));
    text.truncate(length);
    text
}

fn name(journal: &str, mark: Mark) -> String {
    format!("{journal}-{:020}-{:x}", mark.lines, mark.seal)
}

/// Whether a name is that of an anchor, of whatever journal.
fn is_of_an_anchor(name: &str) -> bool {
    let lengths = name.split('-').map(str::len);
    lengths.eq(DIGITS)
}

/// How far a name says that this journal was; `None` for any other name.
fn read(name: &str, journal: &str) -> Option<(u64, H256)> {
    let rest = name.strip_prefix(journal)?.strip_prefix('-')?;
    let (lines, seal) = rest.split_once('-')?;
    let [_, of_lines, of_seal] = DIGITS;
    (lines.len() == of_lines && seal.len() == of_seal).then_some(())?;
    Some((lines.parse().ok()?, seal.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(lines: u64) -> Mark {
        Mark { lines, sequence: lines, seal: H256::repeat_byte(7) }
    }

    fn found(path: &Path, id: &str) -> Option<u64> {
        match Anchor::look(path, id).unwrap() {
            Found::Here(_, lines, seal) => {
                assert_eq!(seal, H256::repeat_byte(7));
                Some(lines)
            }
            Found::Nothing => None,
            Found::Foreign => Some(u64::MAX),
        }
    }

    #[test]
    fn it_says_how_far_its_journal_was_and_knows_its_copies_and_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        assert_eq!(found(&path, "one"), None);
        let mut anchor = Anchor::begin(&path, "one", mark(3)).unwrap();
        anchor.advance(mark(5));
        assert_eq!((found(&path, "one"), found(&path, "two")), (Some(5), Some(u64::MAX)));
        // Another file with the same name and content.
        let file = folder_of(&path).join(&anchor.name);
        let content = std::fs::read(&file).unwrap();
        let aside = folder.path().join("aside");
        std::fs::rename(&file, &aside).unwrap();
        butler_core::store::private::save_private(&file, &content).unwrap();
        assert_eq!(found(&path, "one"), Some(u64::MAX));
        // The file itself, and an older name beside it.
        std::fs::rename(&aside, &file).unwrap();
        assert_eq!(found(&path, "one"), Some(5));
        butler_core::store::private::save_private(&folder_of(&path).join(name(&digits("one"), mark(4))), &content)
            .unwrap();
        assert_eq!(found(&path, "one"), Some(u64::MAX));
        Anchor::begin(&path, "one", mark(4)).unwrap();
        assert_eq!(found(&path, "one"), Some(4));
    }
}
