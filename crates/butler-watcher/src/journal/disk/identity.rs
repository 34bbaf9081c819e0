//! Who a journal is: a file beside the store that says its name, which store is the current one, and which folder it was made in.
//!
//! The store is replaced by writing this file anew, so there is always exactly one. A folder that was copied or restored is
//! another folder: its inode and its time of birth differ from what stands here. Older files in the same folder are known by the anchor
//! beside it.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::UNIX_EPOCH;

use butler_core::store::file::StoreError;
use butler_core::store::private::{load_owned, save_private};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};

use crate::journal::error::JournalError;
use crate::journal::op::json;
use crate::journal::schema::JOURNAL_SCHEMA;

const FILE: &str = "journal.json";
const LIMIT: u64 = 16 * 1024;

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identity {
    pub(crate) schema: u32,
    /// The journal's random name.
    pub(crate) id: String,
    /// The number of the current store.
    pub(crate) store: u64,
    /// The store is not made yet: nothing was ever acknowledged.
    pub(crate) fresh: bool,
    /// The folder that it was made in.
    pub(crate) folder: Stamp,
    /// A random word of whoever took it over, so that what was shown before decides nothing after; absent where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) taken_over: Option<String>,
}

/// What tells a folder, or a file, from its copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stamp {
    inode: u64,
    /// Nanoseconds since 1970; absent where the file system does not know.
    born: Option<u64>,
}

impl Stamp {
    pub(crate) fn of(path: &Path) -> Result<Self, JournalError> {
        let metadata = path.metadata().map_err(JournalError::io("look at", path))?;
        let born = metadata.created().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born = born.and_then(|since| u64::try_from(since.as_nanos()).ok());
        Ok(Self { inode: metadata.ino(), born })
    }

    /// Whether it is the same. A birth that one of the two does not know says nothing.
    pub(crate) fn is(self, other: Self) -> bool {
        let born = self.born.zip(other.born).is_none_or(|(one, two)| one == two);
        self.inode == other.inode && born
    }
}

#[derive(Deserialize)]
struct Version {
    schema: u32,
}

impl Identity {
    /// The journal's name with the folder that it was made in, or taken over in.
    pub(crate) fn place(&self) -> String {
        let born = self.folder.born.map(|born| born.to_string()).unwrap_or_default();
        let taken_over = self.taken_over.iter().map(|word| format!("/{word}")).collect::<String>();
        format!("{}/{}/{born}{taken_over}", self.id, self.folder.inode)
    }

    /// A journal that has nothing yet.
    pub(crate) fn fresh(path: &Path) -> Result<Self, JournalError> {
        let (id, folder) = (random_word(path)?, Stamp::of(path)?);
        Ok(Self { schema: JOURNAL_SCHEMA, id, store: 1, fresh: true, folder, taken_over: None })
    }

    /// Reads it; `None` when there is none.
    pub(crate) fn load(path: &Path) -> Result<Option<Self>, JournalError> {
        let file = path.join(FILE);
        // The folder is this user's, or this is root.
        let owner = path.metadata().map_err(JournalError::io("look at", path))?.uid();
        let bytes = match load_owned(&file, LIMIT, owner) {
            Ok(bytes) => bytes,
            Err(StoreError::Missing { .. }) => return Ok(None),
            Err(StoreError::Read { source, .. }) => return Err(JournalError::io("read", &file)(source)),
            Err(error) => return Err(JournalError::corrupt(&file, error.to_string())),
        };
        let damaged = |_| JournalError::corrupt(&file, "it is not the identity of a journal");
        let Version { schema } = serde_json::from_slice(&bytes).map_err(damaged)?;
        if schema > JOURNAL_SCHEMA {
            return Err(JournalError::Newer { path: path.to_path_buf(), found: schema, known: JOURNAL_SCHEMA });
        }
        serde_json::from_slice(&bytes).map(Some).map_err(damaged)
    }

    /// Replaces the file, durably.
    pub(crate) fn save(&self, path: &Path) -> Result<(), JournalError> {
        let file = path.join(FILE);
        save_private(&file, &json(self)).map_err(|error| match error {
            StoreError::Write { source, .. } | StoreError::Full { source, .. } | StoreError::Sync { source, .. } => {
                JournalError::io("write", &file)(source)
            }
            StoreError::Missing { .. }
            | StoreError::NotAFile { .. }
            | StoreError::NotOurs { .. }
            | StoreError::TooLarge { .. }
            | StoreError::Read { .. } => JournalError::corrupt(&file, error.to_string()),
        })
    }

    /// Whether the folder is the one that the journal was made in.
    pub(crate) fn is_at_home(&self, path: &Path) -> Result<bool, JournalError> {
        Ok(self.folder.is(Stamp::of(path)?))
    }

    /// Takes the folder where it is for the one that it was made in, and the files in it for those that were left there.
    pub(crate) fn take_over(&mut self, path: &Path) -> Result<(), JournalError> {
        self.folder = Stamp::of(path)?;
        self.taken_over = Some(random_word(path)?);
        Ok(())
    }

    /// The folder of a store by its number.
    pub(crate) fn store_name(number: u64) -> String {
        format!("store-{number:04}")
    }
}

/// A word that nobody guesses and that never comes twice.
fn random_word(path: &Path) -> Result<String, JournalError> {
    let mut random = [0_u8; 16];
    let failed = |_| JournalError::io("name", path)(std::io::Error::other("the system has no random numbers"));
    SystemRandom::new().fill(&mut random).map_err(failed)?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
