//! Where key files are, and how much of a node's own keystore may be looked at.

use std::path::{Path, PathBuf};

/// Whether an address may be derived from a private key that a node's own keystore holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrivateKeys {
    /// In memory, and forgotten at once.
    Derive,
    /// Such a key's attester is not known.
    Refuse,
}

/// What is to be read.
#[derive(Debug, Clone, Copy)]
pub struct KeySources<'a> {
    /// Patterns of files of public keys.
    pub key_files: &'a [String],
    /// Patterns of keystores that nodes themselves read, secrets and all.
    pub node_keystores: &'a [String],
    /// Files of publishers by server.
    pub publisher_files: &'a [PathBuf],
    /// Where relative paths and patterns begin.
    pub base: &'a Path,
    /// How far node keystores are read.
    pub private_keys: PrivateKeys,
}
