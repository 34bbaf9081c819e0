//! Last good contents: what was read once stands for a file that cannot be read now.
//!
//! A program that runs for long must not take a broken file for an empty one. So a file that is cut, emptied, unreadable, gone
//! or refused keeps what it said last, for a bounded time, and that is told. A file that is gone while others of its network
//! are there was probably removed on purpose: it is kept for a day. All others are kept for a week. A file that the
//! configuration does not name any more is forgotten at once, and so is what another file has now of one that is lost.

mod configured;
mod differing;
mod differing_file;
mod earlier;
mod files;
mod fill;
mod forget;
mod named;
mod one;
mod orphans;
mod record;
mod renamed;
mod stored;

pub use self::files::KeptFiles;
pub use self::record::KeptRecord;
pub use self::stored::KeptKeysFile;

#[cfg(test)]
mod tests;
