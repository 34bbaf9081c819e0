//! What is asked of the agent of a folder of keystores, and what it answers: JSON, one question and one answer.
//!
//! Nothing of a key is in either. A question of another version is refused in so many words, and whatever is not understood is not
//! guessed. Whoever asks computes nothing by itself: `preview` says what a change would make of a file, and `apply` does that or nothing.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::failure::{Failure, Misunderstood};
use super::names::FileName;
use super::obstacle::Obstacle;
use super::setting::{Change, Setting, with_checksum};
use super::view::FolderView;
use crate::domain::ids::Coinbase;

/// The version of questions and answers.
pub const PROTOCOL: u32 = 1;
/// The longest question in bytes.
pub const REQUEST_LIMIT: usize = 1 << 20;
/// The longest answer in bytes.
pub const ANSWER_LIMIT: usize = 16 << 20;
/// The most files of one question.
pub const FILES_LIMIT: usize = 16;
/// The most coinbases of one question.
pub const CHANGES_LIMIT: usize = 2_000;

/// A question, with the version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// [`PROTOCOL`].
    pub version: u32,
    /// What is asked.
    pub ask: Ask,
}

impl Request {
    /// A question of this version.
    #[must_use]
    pub fn new(ask: Ask) -> Self {
        Self { version: PROTOCOL, ask }
    }

    /// Reads a question.
    ///
    /// # Errors
    /// It is none, or none that is understood here.
    pub fn read(text: &[u8]) -> Result<Self, Misunderstood> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        if text.len() > REQUEST_LIMIT {
            return Err(Misunderstood::TooLong);
        }
        match serde_json::from_slice::<Head>(text) {
            Ok(Head { version: PROTOCOL }) => {}
            Ok(Head { version: _ }) => return Err(Misunderstood::Version { spoken: PROTOCOL }),
            Err(_) => return Err(Misunderstood::NoRequest),
        }
        serde_json::from_slice(text).map_err(|_| Misunderstood::NoRequest)
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// How the folder looks, and which backups there are. Removes what killed writers left.
    Look,
    /// What changes would make of files. Nothing is written.
    Preview {
        /// The changes.
        edits: Vec<Edit>,
    },
    /// Writes changes, as they were previewed. All files are checked before the first is written; what is written already stays, so
    /// that the same question can be asked again.
    Apply {
        /// The changes.
        edits: Vec<BoundEdit>,
    },
    /// Puts the old content of a file back, if the file is as it was written, and removes the backup.
    Restore {
        /// The file.
        file: FileName,
        /// SHA-256 of what was written.
        digest_written: H256,
        /// SHA-256 of what was there before.
        digest_before: H256,
    },
    /// Removes backups that nobody needs any more, by their [`backup_id`](super::backup_id). One that is not there is no error.
    Finish {
        /// Which.
        backups: Vec<H256>,
    },
}

/// Changes of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The file.
    pub file: FileName,
    /// SHA-256 of what must be there.
    pub digest_before: H256,
    /// Which coinbases are wanted.
    pub changes: Vec<Wish>,
}

/// Changes of one file that were previewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundEdit {
    /// The changes.
    pub edit: Edit,
    /// SHA-256 of what they make of the file.
    pub digest_after: H256,
}

/// A coinbase that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// Whose it is.
    #[serde(serialize_with = "with_checksum")]
    pub attester: Address,
    /// What must stand there before.
    pub before: Setting,
    /// The coinbase.
    #[serde(serialize_with = "with_checksum")]
    pub after: Coinbase,
}

/// An answer, with the version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// [`PROTOCOL`].
    pub version: u32,
    /// What is answered.
    pub said: Said,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Said {
    /// To `Look`.
    Looked {
        /// The folder.
        folder: FolderView,
        /// The backups of changes that are not finished.
        backups: Vec<H256>,
        /// Files with a `.tmp` beside them that is at work, or somebody else's.
        beside: Vec<FileName>,
    },
    /// To `Preview`.
    Previewed {
        /// What becomes of each file, in the order of the question.
        files: Vec<Previewed>,
        /// What would be in the way of a reload afterwards. With one that the node refuses, `Apply` writes nothing.
        obstacles: Vec<Obstacle>,
    },
    /// To `Apply`: every file is as it was asked for.
    Applied {
        /// What became of each file, in the order of the question.
        files: Vec<Applied>,
    },
    /// To `Restore`: the file is as it was before.
    Restored {
        /// Whether it was so already.
        was_already: bool,
    },
    /// To `Finish`.
    Finished {
        /// How many backups were removed.
        removed: usize,
    },
    /// It was not done, or not all of it.
    Failed {
        /// Why, and what to do next.
        failure: Failure,
        /// Files that are as `Apply` asked for all the same. Nothing else was changed, but for what the failure says of its own file.
        written: Vec<FileName>,
    },
}

/// What a change would make of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previewed {
    /// The file.
    pub file: FileName,
    /// SHA-256 of what is there.
    pub digest_before: H256,
    /// SHA-256 of what would be there.
    pub digest_after: H256,
    /// All of the file but its coinbases: see [`frame`](super::frame).
    pub frame: H256,
    /// What changes; empty when every coinbase is right already.
    pub changes: Vec<Change>,
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Applied {
    /// The file.
    pub file: FileName,
    /// SHA-256 of what is there, as it was read back.
    pub digest: H256,
    /// Whether it was so already.
    pub was_already: bool,
}
