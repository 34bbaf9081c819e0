//! What is wrong with a key file. Names the file and the place, never the content.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::Serialize;

use super::shown::shown_path;
use crate::store::file::StoreError;
use crate::text::secrets::in_text;

/// What kind of thing is wrong, for those who decide how bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A pattern that is none.
    Pattern,
    /// There is no such file, or a pattern matches none.
    Missing,
    /// Permission denied (EACCES, EPERM).
    NoAccess,
    /// Too many open files (EMFILE, ENFILE): the program's or the system's limit, not the file's fault.
    NoDescriptors,
    /// A stale handle (ESTALE): the network's file system was exchanged below.
    Stale,
    /// Links that lead to each other (ELOOP).
    LinkLoop,
    /// The file or folder cannot be read for another reason.
    Unreadable,
    /// A node's own keystore that other users may read, or that is another user's.
    NotOurs,
    /// It is cut, empty, no JSON, or too large.
    Syntax,
    /// It holds what could be a secret, and is not listed where secrets are expected.
    Secret,
    /// It is JSON, and no key file that is known.
    Format,
    /// It is another tool's file that never names attesters.
    NotKeys,
    /// A BLS key is not the one that the chain has registered for its attester.
    BlsDiffers,
    /// It is a key file that names nobody: perhaps it named somebody before.
    NamesNobody,
    /// One entry is wrong; the file's others are taken.
    Entry,
    /// One entry has `0x0` as its coinbase; the entry is taken.
    ZeroCoinbase,
}

/// One thing that is wrong with one file, or with a pattern of files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyFileFault {
    /// The file or pattern as it was given, fit to be shown.
    pub file: String,
    /// What kind of thing it is.
    pub kind: FaultKind,
    /// The line, from 1, where it is known.
    pub line: Option<usize>,
    /// The place within the file, such as `validators[0].attester.eth`; empty for the whole.
    pub place: String,
    /// What is wrong and what was expected.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl KeyFileFault {
    /// Whether the file, or what a pattern stands for, was not taken at all.
    #[must_use]
    pub fn refuses_file(&self) -> bool {
        self.kind.refuses_file()
    }
}

impl FaultKind {
    pub(super) fn refuses_file(self) -> bool {
        match self {
            Self::NamesNobody | Self::Entry | Self::ZeroCoinbase => false,
            Self::Pattern
            | Self::Missing
            | Self::NoAccess
            | Self::NoDescriptors
            | Self::Stale
            | Self::LinkLoop
            | Self::Unreadable
            | Self::NotOurs
            | Self::Syntax
            | Self::Secret
            | Self::Format
            | Self::NotKeys
            | Self::BlsDiffers => true,
        }
    }
}

impl fmt::Display for KeyFileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        self.line.iter().try_for_each(|line| write!(f, ":{line}"))?;
        f.write_str(": ")?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.what)?;
        self.hint.iter().try_for_each(|hint| write!(f, " (hint: {hint})"))
    }
}

/// A fault before its file is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileFault {
    pub(super) kind: FaultKind,
    place: String,
    line: Option<usize>,
    pub(super) what: String,
    hint: Option<String>,
    /// Whether it may be this machine's, so that a node elsewhere, or in a container, would not meet it.
    is_local: bool,
}

impl FileFault {
    pub(super) fn new(kind: FaultKind, place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { kind, place: place.into(), line: None, what: what.into(), hint: None, is_local: false }
    }

    /// About the whole of a file that is no key file.
    pub(super) fn whole(what: impl Into<String>) -> Self {
        Self::new(FaultKind::Format, "", what)
    }

    /// About a file that is a key file, and names nobody.
    pub(super) fn names_nobody(place: &str, what: &str) -> Self {
        Self::new(FaultKind::NamesNobody, place, what).hint("remove the file, or put its attesters back")
    }

    /// About one entry.
    pub(super) fn at(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::new(FaultKind::Entry, place, what)
    }

    pub(super) fn secret(place: impl Into<String>, what: impl Into<String>) -> Self {
        let place = place.into();
        // The names of fields may be parts of the secret.
        let place = if in_text(&place).is_some() { "<hidden>".to_owned() } else { place };
        Self::new(FaultKind::Secret, place, format!("holds {}; the whole file is refused", what.into()))
            .hint("move it to a file that is not read; a keystore of a node belongs under `node_keystores`")
    }

    /// Whether attesters may stand in a file with this fault that are not known.
    pub(super) fn leaves_gap(&self) -> bool {
        self.kind.refuses_file() && self.kind != FaultKind::NotKeys
    }

    pub(super) fn hint(self, hint: &str) -> Self {
        Self { hint: Some(hint.to_owned()), ..self }
    }

    pub(super) fn local(self) -> Self {
        Self { is_local: true, ..self }
    }

    /// Whether a node elsewhere, or in a container, may not meet it.
    pub(super) fn is_local(&self) -> bool {
        self.is_local
    }

    pub(super) fn line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The line, from 1, where it is known.
    pub(super) fn line_number(&self) -> Option<usize> {
        self.line
    }

    pub(super) fn at_source(self, at: &Path) -> SourceFault {
        SourceFault { at: at.to_path_buf(), server: None, fault: self }
    }

    pub(super) fn of_file(self, file: &Path) -> KeyFileFault {
        let Self { kind, place, line, what, hint, is_local: _ } = self;
        KeyFileFault { file: shown_path(file), kind, line, place, what, hint }
    }
}

/// A fault of a pattern, of a folder on the way, or of a name: not of a file's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceFault {
    /// The pattern or path.
    pub(super) at: PathBuf,
    /// The server whose file it is, where others of its files may have been read.
    pub(super) server: Option<String>,
    pub(super) fault: FileFault,
}

/// Why a file cannot be read.
pub(super) fn unreadable(error: &StoreError) -> FileFault {
    match error {
        StoreError::Missing { .. } => FileFault::new(FaultKind::Missing, "", "there is no such file"),
        StoreError::NotAFile { .. } => FileFault::new(FaultKind::Unreadable, "", "this is not a regular file"),
        StoreError::NotOurs { why, .. } => FileFault::new(FaultKind::NotOurs, "", format!("the file {why}")),
        StoreError::TooLarge { size, limit, .. } => {
            FileFault::new(FaultKind::Syntax, "", format!("{size} bytes long, more than the limit of {limit}"))
        }
        StoreError::Read { source, .. }
        | StoreError::Full { source, .. }
        | StoreError::Write { source, .. }
        | StoreError::Sync { source, .. } => io_fault("can not be read", source),
    }
}

/// What the system says, in words that do not change with its version.
pub(super) fn io_fault(what: &str, error: &io::Error) -> FileFault {
    let (kind, why) = match Errno::from_io_error(error) {
        Some(Errno::ACCESS | Errno::PERM) => (FaultKind::NoAccess, "permission denied".to_owned()),
        Some(Errno::MFILE | Errno::NFILE) => (FaultKind::NoDescriptors, "too many open files".to_owned()),
        Some(Errno::STALE) => (FaultKind::Stale, "stale file handle".to_owned()),
        Some(Errno::LOOP) => (FaultKind::LinkLoop, "its links lead in a circle".to_owned()),
        Some(Errno::NOENT) => (FaultKind::Missing, "it is not there".to_owned()),
        Some(_) | None => (FaultKind::Unreadable, error.kind().to_string()),
    };
    FileFault::new(kind, "", format!("{what}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_has_a_kind_of_its_own() {
        for (errno, kind) in [
            (Errno::ACCESS, FaultKind::NoAccess),
            (Errno::MFILE, FaultKind::NoDescriptors),
            (Errno::NFILE, FaultKind::NoDescriptors),
            (Errno::STALE, FaultKind::Stale),
            (Errno::LOOP, FaultKind::LinkLoop),
            (Errno::IO, FaultKind::Unreadable),
        ] {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(unreadable(&StoreError::Read { path: "x".into(), source: error }).kind, kind, "{errno:?}");
        }
    }
}
