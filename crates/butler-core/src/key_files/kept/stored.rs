//! What is kept, on disk: so that a restart while a file cannot be read resolves no alarm, and a command that a person runs
//! knows which files were there before.
//!
//! One file for each network and kind of program, replaced as a whole: addresses, coinbases, publishers and where they were
//! read, and no key. It is a memory and not a truth.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::files::KeptFiles;
use super::record::KeptRecord;
use crate::config::{Config, NetworkConfig};
use crate::store::memory::{Memory, NetworkSubject};
use crate::store::record::{Format, Record, load_record};

/// How the file is written; the limit is for more than 200,000 addresses, which is what is kept at most.
const FORMAT: Format = Format { what: "a file of what key files said", version: 1, limit: 64 << 20 };

#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    version: u32,
    subject: NetworkSubject,
    kept: KeptRecord,
}

impl Record for Stored {
    type Subject = NetworkSubject;

    const FORMAT: Format = FORMAT;

    fn subject(&self) -> &NetworkSubject {
        &self.subject
    }
}

/// The file of one network.
#[derive(Debug)]
pub struct KeptKeysFile {
    memory: Memory,
    /// What was saved last, as its generation.
    saved: Option<u64>,
}

impl KeptKeysFile {
    /// That of the exporter; `None` when there is no folder for it.
    #[must_use]
    pub fn of_exporter(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        Some(Self::at(&folder.join(format!("exporter-{}-keys.json", network.name)), network))
    }

    /// That of the watcher, in its own folder.
    #[must_use]
    pub fn of_watcher(folder: &Path, network: &NetworkConfig) -> Self {
        Self::at(&folder.join(format!("{}-keys.json", network.name)), network)
    }

    /// That of commands that a person runs.
    #[must_use]
    pub fn of_commands(config: &Config, network: &NetworkConfig) -> Self {
        Self::at(&config.cache_directory.join(format!("{}-keys.json", network.name)), network)
    }

    fn at(path: &Path, network: &NetworkConfig) -> Self {
        let subject = NetworkSubject {
            network: network.name.clone(),
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
        };
        Self { memory: Memory::new(path.to_owned(), subject, "the last contents of key files"), saved: None }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.memory.path()
    }

    /// What the last run kept, nothing when that is of no use; what is wrong is told. Blocks.
    #[must_use]
    pub fn load(&self) -> Option<KeptRecord> {
        self.memory.load::<Stored>().map(|stored| stored.kept)
    }

    /// What another program keeps there, which is its own to mend. Blocks.
    #[must_use]
    pub fn peek(&self) -> Option<KeptRecord> {
        load_record::<Stored>(self.memory.path(), self.memory.subject()).ok().map(|stored| stored.kept)
    }

    /// Stores what is kept where that is not stored yet. False when that failed, which is told. Blocks.
    pub fn save(&mut self, kept: &KeptFiles) -> bool {
        let generation = kept.generation();
        if self.saved == Some(generation) {
            return true;
        }
        let subject = self.memory.subject().clone();
        let stored = Stored { version: FORMAT.version, subject, kept: kept.record() };
        #[expect(clippy::expect_used, reason = "keys of its objects are texts, and nothing else can fail")]
        let bytes = serde_json::to_vec(&stored).expect("what is kept can be written as JSON");
        let is_saved = self.memory.save(&bytes);
        if is_saved {
            self.saved = Some(generation);
        }
        is_saved
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use ethers_core::types::Address;

    use super::*;
    use crate::key_files::sources::{KeySources, PrivateKeys};
    use crate::store::file::save_atomic;

    fn file(folder: &Path) -> KeptKeysFile {
        let subject = NetworkSubject {
            network: "devnet".to_owned(),
            chain_id: 31_337,
            staking_registry: Address::repeat_byte(7),
        };
        let path = folder.join("state/exporter-devnet-keys.json");
        KeptKeysFile { memory: Memory::new(path, subject, "the last contents of key files"), saved: None }
    }

    fn load(kept: &mut KeptFiles, folder: &Path) -> usize {
        let key_files = ["*.json".to_owned()];
        let private_keys = PrivateKeys::Refuse;
        let sources =
            KeySources { key_files: &key_files, node_keystores: &[], publisher_files: &[], base: folder, private_keys };
        kept.load(&sources, 1_000_000).book.entries.len()
    }

    fn write(folder: &Path, text: &str) {
        save_atomic(&folder.join("server.json"), text.as_bytes(), 0o600).unwrap();
    }

    const GOOD: &str = r#"{"validators": [{"attester": "0x1111111111111111111111111111111111111111",
        "coinbase": "0x2222222222222222222222222222222222222222", "publisher": "0x3333333333333333333333333333333333333333"}]}"#;

    #[test]
    fn what_was_good_stands_in_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), GOOD);
        let mut first = KeptFiles::default();
        assert_eq!(load(&mut first, folder.path()), 1);
        let mut stored = file(folder.path());
        assert!(stored.load().is_none());
        stored.save(&first);
        assert_eq!(std::fs::metadata(stored.path()).unwrap().permissions().mode() & 0o777, 0o600);
        // Nothing new is not written again.
        std::fs::remove_file(stored.path()).unwrap();
        load(&mut first, folder.path());
        stored.save(&first);
        assert!(!stored.path().exists());
        file(folder.path()).save(&first);

        write(folder.path(), "{");
        let mut second = KeptFiles::default();
        assert_eq!(load(&mut second, folder.path()), 0);
        second.restore(file(folder.path()).load().unwrap());
        assert_eq!(load(&mut second, folder.path()), 1);
    }

    #[test]
    fn what_is_broken_foreign_newer_or_open_to_others_is_moved_aside() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), GOOD);
        let mut kept = KeptFiles::default();
        load(&mut kept, folder.path());
        file(folder.path()).save(&kept);
        let golden = std::fs::read_to_string(file(folder.path()).path()).unwrap();
        for (content, mode) in [
            (String::new(), 0o600),
            ("[1]".to_owned(), 0o600),
            (golden.replace("31337", "1"), 0o600),
            (golden.replace("\"version\":1", "\"version\":2"), 0o600),
            (golden.replace("0x1111", "0x111"), 0o600),
            (golden.clone(), 0o644),
        ] {
            let stored = file(folder.path());
            save_atomic(stored.path(), content.as_bytes(), mode).unwrap();
            assert!(stored.load().is_none());
            assert!(!stored.path().exists() && stored.path().with_extension("json.unusable").exists());
        }
        save_atomic(file(folder.path()).path(), golden.as_bytes(), 0o600).unwrap();
        assert!(file(folder.path()).load().is_some());
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        let golden = include_bytes!("../../../tests/golden/keys-1.json");
        let file = file(Path::new(""));
        let content: Stored = serde_json::from_slice(golden).unwrap();
        assert_eq!((content.version, &content.subject), (FORMAT.version, file.memory.subject()));
        assert_eq!(
            serde_json::to_value(&content).unwrap(),
            serde_json::from_slice::<serde_json::Value>(golden).unwrap()
        );
    }
}
