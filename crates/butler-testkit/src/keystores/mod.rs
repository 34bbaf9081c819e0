//! Keystores of every shape that a node takes, for tests: each with its attesters, its coinbases' places, and its secrets.
//!
//! The keys are test keys, made from their number. The text is laid out as the tools of Aztec do it, two blanks deep, so that a test
//! of narrow edits has something to keep.

mod keys;
mod shape;

use std::{
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use anyhow::Context as _;
use ethers_core::types::Address;

pub use keys::{PHRASE, TestKey, address_of, bls_secret, key};
pub use shape::Shape;

/// One keystore file, and what a test may ask about it.
#[derive(Clone, Debug)]
pub struct TestKeystore {
    /// The file's content.
    pub text: String,
    /// The attesters block by block, in the order of the file; those of one block share its coinbase.
    pub blocks: Vec<Vec<Address>>,
    /// The publishers that it names.
    pub publishers: Vec<Address>,
    /// Whatever of it must never be seen elsewhere: private keys, passwords, phrases, credentials.
    pub secrets: Vec<String>,
    /// Encrypted keys that it leads to: paths below its folder, and their content.
    pub beside: Vec<(String, String)>,
    accounts: Vec<String>,
}

impl TestKeystore {
    /// Every attester, in the order of the file.
    #[must_use]
    pub fn attesters(&self) -> Vec<Address> {
        self.blocks.concat()
    }

    /// Every attester, sorted.
    #[must_use]
    pub fn sorted_attesters(&self) -> Vec<Address> {
        let mut attesters = self.attesters();
        attesters.sort();
        attesters
    }

    /// The private keys behind its accounts, for a remote signer to hold.
    #[must_use]
    pub fn secrets_of_accounts(&self) -> Vec<&str> {
        self.accounts.iter().map(String::as_str).collect()
    }

    /// Writes the file of that name into a folder, and its encrypted keys into a folder below it, which a node does not read.
    ///
    /// # Errors
    /// When the file system refuses it.
    pub fn write(&self, folder: &Path, name: &str) -> anyhow::Result<()> {
        let all = self.beside.iter().map(|(name, text)| (name.as_str(), text)).chain([(name, &self.text)]);
        for (name, text) in all {
            let path = folder.join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).with_context(|| format!("failed to create `{}`", parent.display()))?;
            }
            let write = || File::create(&path)?.write_all(text.as_bytes());
            write().with_context(|| format!("failed to write `{}`", path.display()))?;
        }
        Ok(())
    }
}
