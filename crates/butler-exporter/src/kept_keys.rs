//! The last good contents of key files on disk, so that a restart while a file cannot be read resolves no alarm.
//!
//! One file for each network, replaced as a whole: addresses, coinbases, publishers and where they were read, and no key. It is
//! a memory and not a truth: no fault of it ends anything, and a file that is not ours to read is moved aside.

use std::path::{Path, PathBuf};

use butler_core::config::{Config, NetworkConfig};
use butler_core::key_files::{KeptFiles, KeptRecord};
use butler_core::runtime::report::one_line;
use butler_core::store::file::StoreError;
use butler_core::store::record::{Format, Record, load_record, save_record, set_aside};
use serde::{Deserialize, Serialize};

use crate::subject::NetworkSubject;

/// How the file is written; the limit is for more than 200,000 addresses, which is what is kept at most.
const FORMAT: Format = Format { what: "a file of what key files said", version: 1, limit: 64 << 20 };

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    subject: NetworkSubject,
    kept: KeptRecord,
}

impl Record for Content {
    type Subject = NetworkSubject;

    const FORMAT: Format = FORMAT;

    fn subject(&self) -> &NetworkSubject {
        &self.subject
    }
}

/// The file of one network.
#[derive(Debug)]
pub struct KeptKeysFile {
    path: PathBuf,
    subject: NetworkSubject,
    /// What was saved last, as its generation.
    saved: Option<u64>,
    is_failing: bool,
}

impl KeptKeysFile {
    /// The file of a network; `None` when there is no folder for it.
    #[must_use]
    pub fn of(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        let subject = NetworkSubject::of(network);
        let path = folder.join(format!("exporter-{}-keys.json", network.name));
        Some(Self { path, subject, saved: None, is_failing: false })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the last run kept, nothing when that is of no use; what is wrong is told here. Blocks.
    #[must_use]
    pub fn load(&self) -> Option<KeptRecord> {
        let network = &self.subject.network;
        match load_record::<Content>(&self.path, &self.subject) {
            Ok(content) => Some(content.kept),
            Err(error) if error.is_missing() => None,
            Err(error) => {
                let (why, kept) = (one_line(&error), set_aside(&self.path));
                tracing::warn!(network, "what key files of {network} said before is not known: {why}; {kept}");
                None
            }
        }
    }

    /// Stores what is kept where that is not stored yet. A failure is told the first time. Blocks.
    pub fn save(&mut self, kept: &KeptFiles) {
        let generation = kept.generation();
        if self.saved == Some(generation) {
            return;
        }
        let network = &self.subject.network;
        match self.write(kept) {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    tracing::info!(network, "what key files of {network} say is kept again");
                }
                self.saved = Some(generation);
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    let why = one_line(&error);
                    tracing::warn!(network, "what key files of {network} say cannot be kept for the next start: {why}");
                }
            }
        }
    }

    fn write(&self, kept: &KeptFiles) -> Result<(), StoreError> {
        let content = Content { version: FORMAT.version, subject: self.subject.clone(), kept: kept.record() };
        #[expect(clippy::expect_used, reason = "keys of its objects are texts, and nothing else can fail")]
        let bytes = serde_json::to_vec(&content).expect("what is kept can be written as JSON");
        save_record(&self.path, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use butler_core::key_files::{KeySources, PrivateKeys};
    use butler_core::store::file::save_atomic;
    use ethers_core::types::Address;

    use super::*;

    fn file(folder: &Path) -> KeptKeysFile {
        let subject = NetworkSubject {
            network: "devnet".to_owned(),
            chain_id: 31_337,
            staking_registry: Address::repeat_byte(7),
        };
        KeptKeysFile { path: folder.join("state/exporter-devnet-keys.json"), subject, saved: None, is_failing: false }
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
        let golden = include_bytes!("../tests/golden/keys-1.json");
        let file = file(Path::new(""));
        let content: Content = serde_json::from_slice(golden).unwrap();
        assert_eq!((content.version, &content.subject), (FORMAT.version, &file.subject));
        assert_eq!(
            serde_json::to_value(&content).unwrap(),
            serde_json::from_slice::<serde_json::Value>(golden).unwrap()
        );
    }
}
