//! A program's own memory in one file: a version, whom it is about, and what is remembered; replaced as a whole.
//!
//! It is a memory and not a truth: a file of another version or subject, or that is not ours, is of no use, and it is moved aside
//! and not written over. The file is JSON with `version`, `subject` and one more key for the content.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::file::StoreError;
use super::private::{load_private, save_private};

/// What a kind of file is.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it is called in messages, such as "a file of states".
    pub what: &'static str,
    /// The version that is written, and the only one that is read.
    pub version: u32,
    /// The largest file in bytes.
    pub limit: u64,
}

/// Why a file is of no use.
#[derive(Debug, Error)]
pub enum RecordError {
    /// It cannot be read, or is not ours.
    #[error(transparent)]
    Store(StoreError),
    /// Its content is something else.
    #[error("`{}` is not {what}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What was expected.
        what: &'static str,
    },
    /// It was written by another program.
    #[error("`{}` has version {version}, this program knows {known}", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
        /// The only one that is read.
        known: u32,
    },
    /// It is about something else.
    #[error("`{}` belongs to another network, chain or registry", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

impl RecordError {
    /// Whether there is nothing, which is no fault.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Missing { .. }))
    }
}

/// Before anything else is believed.
#[derive(Debug, Deserialize)]
struct Head {
    version: u32,
}

/// What such a file holds: the content has its subject and its version in it.
pub trait Record: Serialize + DeserializeOwned {
    /// Whom it is about.
    type Subject: PartialEq;

    /// How it is written.
    const FORMAT: Format;

    /// Whom this one is about.
    fn subject(&self) -> &Self::Subject;
}

/// The bytes of a record, if they are of the only version and about `subject`.
///
/// # Errors
/// They are of another version, or about something else, or none.
pub fn decode<R: Record>(path: &Path, subject: &R::Subject, bytes: &[u8]) -> Result<R, RecordError> {
    let malformed = |_| RecordError::Malformed { path: path.to_path_buf(), what: R::FORMAT.what };
    let Head { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version != R::FORMAT.version {
        return Err(RecordError::Version { path: path.to_path_buf(), version, known: R::FORMAT.version });
    }
    let record: R = serde_json::from_slice(bytes).map_err(malformed)?;
    if record.subject() != subject {
        return Err(RecordError::Foreign { path: path.to_path_buf() });
    }
    Ok(record)
}

/// Reads what an earlier run remembered about `subject`. Blocks.
///
/// # Errors
/// There is nothing, or nothing of use.
pub fn load_record<R: Record>(path: &Path, subject: &R::Subject) -> Result<R, RecordError> {
    let bytes = load_private(path, R::FORMAT.limit).map_err(RecordError::Store)?;
    decode(path, subject, &bytes)
}

/// Replaces the file. Blocks. One whose folder could not be synced counts as written.
///
/// # Errors
/// Anything but a folder that could not be synced: the old content is still there.
pub fn save_record(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    match save_private(path, bytes) {
        Ok(()) | Err(StoreError::Sync { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Moves a file that is of no use aside, and says what became of it. Blocks.
#[must_use]
pub fn set_aside(path: &Path) -> String {
    let aside = path.with_extension("json.unusable");
    match std::fs::rename(path, &aside) {
        Ok(()) => format!("it is kept as `{}`", aside.display()),
        Err(error) => format!("it cannot be moved aside ({})", error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Notes {
        version: u32,
        subject: String,
        notes: Vec<u64>,
    }

    impl Record for Notes {
        type Subject = String;

        const FORMAT: Format = Format { what: "a file of notes", version: 2, limit: 1_000 };

        fn subject(&self) -> &String {
            &self.subject
        }
    }

    #[test]
    fn a_record_of_another_version_or_subject_is_of_no_use_and_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.json");
        let ours = "ours".to_owned();
        assert!(load_record::<Notes>(&path, &ours).unwrap_err().is_missing());
        let notes = Notes { version: 2, subject: ours.clone(), notes: vec![1, 2] };
        save_record(&path, &serde_json::to_vec(&notes).unwrap()).unwrap();
        assert_eq!(load_record::<Notes>(&path, &ours).unwrap(), notes);
        let told = |text: &str, subject: &str| {
            save_record(&path, text.as_bytes()).unwrap();
            load_record::<Notes>(&path, &subject.to_owned()).unwrap_err().to_string()
        };
        let good = r#"{"version":2,"subject":"ours","notes":[]}"#;
        assert!(told(good, "theirs").ends_with("belongs to another network, chain or registry"));
        assert!(told(&good.replace('2', "3"), "ours").ends_with("has version 3, this program knows 2"));
        for broken in ["", "{", r#"{"version":2}"#] {
            assert!(told(broken, "ours").ends_with("is not a file of notes"), "{broken}");
        }
        assert!(set_aside(&path).ends_with("notes.json.unusable`") && !path.exists());
        assert!(set_aside(&path).starts_with("it cannot be moved aside"));
    }
}
