//! The live state as lines of JSON, and a new store made of them: backup, compaction and rebuilding are the same two halves.

pub(crate) mod base;
pub(crate) mod compact;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod rebuild;
