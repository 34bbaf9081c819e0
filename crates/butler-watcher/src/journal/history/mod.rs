//! What was changed, and when: append-only files of sealed lines beside the store.
//!
//! A line is on disk before the change that it tells is acknowledged, so the history is what the store is held against at each
//! start. Files are named by their first line and roll over between commits. The oldest may go once a base stands for them.

pub(crate) mod read;
pub(crate) mod tail;
