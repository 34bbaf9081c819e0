//! The attesters' last states on disk, so that a change during a restart is judged and counted.
//!
//! One file for each network, replaced as a whole. It is a memory and not a truth: without it the first scrape judges
//! nothing. So no fault of it ends anything, and a file that is not ours to read is moved aside and not written over.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use butler_core::config::{Config, NetworkConfig};
use butler_core::domain::attester::state::State;
use butler_core::store::memory::{Memory, NetworkSubject};
use butler_core::store::record::{Format, Record};
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};

/// How the file is written; the limit is for about 100,000 attesters.
const FORMAT: Format = Format { what: "a file of states", version: 1, limit: 8 << 20 };

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    subject: NetworkSubject,
    states: BTreeMap<Address, State>,
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
pub struct StatesFile {
    memory: Memory,
    saved: Mutex<Option<BTreeMap<Address, State>>>,
}

impl StatesFile {
    /// The file of a network; `None` when there is no folder for it.
    #[must_use]
    pub fn of(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        let subject = NetworkSubject {
            network: network.name.clone(),
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
        };
        let path = folder.join(format!("exporter-{}-states.json", network.name));
        Some(Self { memory: Memory::new(path, subject, "the states"), saved: Mutex::default() })
    }

    fn saved(&self) -> MutexGuard<'_, Option<BTreeMap<Address, State>>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The states of the last run, none when there are none of use; what is wrong is told. Blocks.
    pub fn load(&self) -> BTreeMap<Address, State> {
        let Some(Content { states, .. }) = self.memory.load() else { return BTreeMap::new() };
        *self.saved() = Some(states.clone());
        states
    }

    /// Keeps the states where they differ from what is kept. False when that failed, which is told. Blocks.
    pub fn save(&self, states: &BTreeMap<Address, State>) -> bool {
        if self.saved().as_ref() == Some(states) {
            return true;
        }
        let is_saved = self.memory.save(&encode(self.memory.subject(), states));
        if is_saved {
            *self.saved() = Some(states.clone());
        }
        is_saved
    }
}

fn encode(subject: &NetworkSubject, states: &BTreeMap<Address, State>) -> Vec<u8> {
    let content = Content { version: FORMAT.version, subject: subject.clone(), states: states.clone() };
    #[expect(clippy::expect_used, reason = "addresses are keys that JSON allows, and nothing else can fail")]
    let mut bytes = serde_json::to_vec_pretty(&content).expect("states can be written as JSON");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use butler_core::store::file::save_atomic;
    use butler_core::store::record::decode;

    use super::*;

    fn file(folder: &Path) -> StatesFile {
        let subject = NetworkSubject {
            network: "devnet".to_owned(),
            chain_id: 31_337,
            staking_registry: Address::repeat_byte(7),
        };
        let path = folder.join("state/exporter-devnet-states.json");
        StatesFile { memory: Memory::new(path, subject, "the states"), saved: Mutex::default() }
    }

    fn states() -> BTreeMap<Address, State> {
        State::ALL.into_iter().zip(1..).map(|(state, byte)| (Address::repeat_byte(byte), state)).collect()
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        let golden = include_bytes!("../tests/golden/states-1.json");
        let file = file(Path::new(""));
        assert_eq!(
            String::from_utf8(encode(file.memory.subject(), &states())).unwrap(),
            std::str::from_utf8(golden).unwrap()
        );
        assert_eq!(decode::<Content>(file.memory.path(), file.memory.subject(), golden).unwrap().states, states());
    }

    #[test]
    fn states_come_back_and_are_written_only_when_they_changed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(file(folder.path()).load().is_empty());
        assert!(file(folder.path()).save(&states()));
        let second = file(folder.path());
        assert_eq!(second.load(), states());
        std::fs::remove_file(second.memory.path()).unwrap();
        assert!(second.save(&states()) && !second.memory.path().exists());
        assert!(second.save(&BTreeMap::new()) && second.memory.path().exists());
    }

    #[test]
    fn what_is_broken_foreign_newer_or_too_large_is_moved_aside() {
        let golden = std::str::from_utf8(include_bytes!("../tests/golden/states-1.json")).unwrap();
        for content in [
            String::new(),
            "{".to_owned(),
            "[1]".to_owned(),
            golden.replace("\"ACTIVE\"", "\"ASLEEP\""),
            golden.replace("31337", "1"),
            golden.replace("\"devnet\"", "\"twin\""),
            golden.replace("\"version\": 1", "\"version\": 2"),
            "[".repeat(100_000),
            " ".repeat(9 << 20),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let file = file(folder.path());
            std::fs::create_dir(file.memory.path().parent().unwrap()).unwrap();
            save_atomic(file.memory.path(), content.as_bytes(), 0o600).unwrap();
            assert!(file.load().is_empty());
            let aside = file.memory.path().with_extension("json.unusable");
            assert_eq!(std::fs::read(aside).unwrap().len(), content.len());
            assert!(file.save(&states()));
            assert_eq!(super::tests::file(folder.path()).load(), states());
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_no_more_than_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        save_atomic(&folder.path().join("state"), b"a file", 0o600).unwrap();
        let file = file(folder.path());
        assert!(file.load().is_empty());
        assert!(!file.save(&states()) && !file.save(&states()));
        std::fs::remove_file(folder.path().join("state")).unwrap();
        assert!(file.save(&states()));
    }

    #[test]
    fn what_others_may_change_or_have_planted_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let file = file(folder.path());
        assert!(file.save(&states()));
        std::fs::set_permissions(file.memory.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(file.load().is_empty());
        let victim = folder.path().join("victim");
        save_atomic(&victim, b"precious", 0o600).unwrap();
        symlink(&victim, file.memory.path()).unwrap();
        let second = super::tests::file(folder.path());
        assert!(second.load().is_empty() && second.save(&states()));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(std::fs::symlink_metadata(second.memory.path()).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
