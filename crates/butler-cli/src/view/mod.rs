//! How values look: in tables for people, in JSON for programs.

pub mod format;
pub mod json;
pub mod table;
