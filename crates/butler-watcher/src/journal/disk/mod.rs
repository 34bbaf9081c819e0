//! The journal's files: the store behind it, who it is, and who may open it.

pub(crate) mod anchor;
pub(crate) mod folder;
pub(crate) mod identity;
mod pack;
pub(crate) mod store;
