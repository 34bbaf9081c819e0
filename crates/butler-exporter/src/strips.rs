//! What the servers did hour by hour on disk, so that the strips of the page reach over a restart.
//!
//! One file for each network, replaced as a whole. It is a memory and not a truth: without it the strips begin anew with the day that is
//! followed. So no fault of it ends anything, and a file that is not ours to read is moved aside and not written over.

use std::collections::BTreeMap;

use butler_core::config::{Config, NetworkConfig};
use butler_core::store::memory::{Memory, NetworkSubject};
use butler_core::store::record::{Format, Record};
use serde::{Deserialize, Serialize};

use crate::readings::strips::{Hour, StripHistory};

/// How the file is written; the limit is for more than a thousand servers.
const FORMAT: Format = Format { what: "a file of strips", version: 1, limit: 8 << 20 };

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    subject: NetworkSubject,
    /// Hours by their number since 1970, by server.
    strips: BTreeMap<String, BTreeMap<u64, Hour>>,
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
pub struct StripsFile {
    memory: Memory,
    saved: Option<Vec<u8>>,
}

impl StripsFile {
    /// The file of a network; `None` when there is no folder for it.
    #[must_use]
    pub fn of(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        let subject = NetworkSubject {
            network: network.name.clone(),
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
        };
        let path = folder.join(format!("exporter-{}-strips.json", network.name));
        Some(Self { memory: Memory::new(path, subject, "the strips of duties"), saved: None })
    }

    /// The strips of the last run, none when there are none of use; what is wrong is told. Blocks.
    #[must_use]
    pub fn load(&self) -> StripHistory {
        StripHistory::of(self.memory.load().map(|Content { strips, .. }| strips).unwrap_or_default())
    }

    /// Keeps the strips where they differ from what was kept last. False when that failed, which is told. Blocks.
    pub fn save(&mut self, history: &StripHistory) -> bool {
        let bytes = encode(self.memory.subject(), history);
        if self.saved.as_ref() == Some(&bytes) {
            return true;
        }
        let is_saved = self.memory.save(&bytes);
        self.saved = is_saved.then_some(bytes);
        is_saved
    }
}

fn encode(subject: &NetworkSubject, history: &StripHistory) -> Vec<u8> {
    let content = Content { version: FORMAT.version, subject: subject.clone(), strips: history.servers().clone() };
    #[expect(clippy::expect_used, reason = "names and numbers are keys that JSON allows, and nothing else can fail")]
    let mut bytes = serde_json::to_vec(&content).expect("strips can be written as JSON");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use butler_core::store::file::save_atomic;
    use ethers_core::types::Address;

    use super::*;

    fn file(folder: &Path) -> StripsFile {
        let subject = NetworkSubject {
            network: "devnet".to_owned(),
            chain_id: 31_337,
            staking_registry: Address::repeat_byte(7),
        };
        let path = folder.join("state/exporter-devnet-strips.json");
        StripsFile { memory: Memory::new(path, subject, "the strips of duties"), saved: None }
    }

    fn history() -> StripHistory {
        let hours = [(488_888, Hour { done: 12, missed: 1 }), (488_889, Hour { done: 3, missed: 0 })];
        StripHistory::of([("paris".to_owned(), hours.into())].into())
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        let golden = include_str!("../tests/golden/strips-1.json");
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert_eq!(std::str::from_utf8(&encode(file.memory.subject(), &history())).unwrap(), golden);
        std::fs::create_dir(file.memory.path().parent().unwrap()).unwrap();
        save_atomic(file.memory.path(), golden.as_bytes(), 0o600).unwrap();
        assert_eq!(file.load(), history());
    }

    #[test]
    fn strips_come_back_and_are_written_only_when_they_changed() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = file(folder.path());
        assert_eq!(first.load(), StripHistory::default());
        assert!(first.save(&history()));
        assert_eq!(file(folder.path()).load(), history());
        std::fs::remove_file(first.memory.path()).unwrap();
        assert!(first.save(&history()) && !first.memory.path().exists());
        assert!(first.save(&StripHistory::default()) && first.memory.path().exists());
    }

    #[test]
    fn a_file_that_is_of_no_use_is_moved_aside() {
        let golden = include_str!("../tests/golden/strips-1.json");
        let too_large = golden.replace("\"done\":12", "\"done\":18446744073709551616");
        for content in
            ["{".to_owned(), golden.replace("\"version\":1", "\"version\":2"), golden.replace("31337", "1"), too_large]
        {
            let folder = tempfile::tempdir().unwrap();
            let mut file = file(folder.path());
            std::fs::create_dir(file.memory.path().parent().unwrap()).unwrap();
            save_atomic(file.memory.path(), content.as_bytes(), 0o600).unwrap();
            assert_eq!(file.load(), StripHistory::default(), "{content}");
            assert!(file.memory.path().with_extension("json.unusable").exists());
            assert!(file.save(&history()));
        }
    }
}
