//! The operator's key files: found, read and checked, without ever needing a private key.
//!
//! A file that is wrong as a whole is left out and the others go on; a wrong entry is told and the file's others are taken.
//! What could not be read is a gap of the book, never an empty file. A file that could hold a secret is refused, unless it
//! is listed as a node's own keystore; nothing of a secret is kept or printed. What the entries mean together is not judged here.

mod accounts;
mod addresses;
mod content;
mod discovery;
mod doubts;
pub mod edit;
mod encrypted;
mod entry;
mod fault;
mod findings;
mod folders;
mod format;
mod gaps;
mod json;
mod kept;
mod kept_file;
mod keystore;
mod known;
mod merge;
mod names;
mod outcome;
mod private;
mod public;
mod read;
mod registered;
mod report;
mod required;
mod scan;
mod schema;
mod servers;
mod shown;
mod sources;
mod together;
mod unread;
mod vanished;
mod walk;

pub use self::content::FileKind;
pub use self::fault::{FaultKind, KeyFileFault};
pub use self::kept::{KeptFiles, KeptKeysFile, KeptRecord};
pub use self::kept_file::{KeptFile, KeptWhy};
pub use self::merge::KeyFileNotice;
pub use self::read::{list_key_files, list_servers, load_key_files};
pub use self::registered::RegisteredKeys;
pub use self::report::{KeyFilesReport, LoadedFile};
pub use self::sources::{KeySources, PrivateKeys};
