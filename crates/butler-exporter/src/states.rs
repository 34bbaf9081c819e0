//! The attesters' last states on disk, so that a change during a restart is judged and counted.
//!
//! One file for each network, replaced as a whole. It is a memory and not a truth: without it the first scrape judges
//! nothing. So no fault of it ends anything, and a file that is not ours to read is moved aside and not written over.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use butler_core::config::{Config, NetworkConfig};
use butler_core::domain::state::State;
use butler_core::runtime::report::Chain;
use butler_core::store::file::StoreError;
use butler_core::store::private::{load_private, save_private};
use ethers_core::types::Address;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The largest file: about 100,000 attesters.
const FILE_LIMIT: u64 = 8 << 20;
/// The version that is written, and the only one that is read.
const VERSION: u32 = 1;

/// What states belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Subject {
    network: String,
    chain_id: u64,
    staking_registry: Address,
}

/// Before anything else is believed.
#[derive(Debug, Deserialize)]
struct Head {
    version: u32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Content {
    version: u32,
    subject: Subject,
    states: BTreeMap<Address, State>,
}

/// Why a file of states is of no use.
#[derive(Debug, Error)]
enum StatesError {
    #[error(transparent)]
    Store(StoreError),
    #[error("`{}` is not a file of states", .path.display())]
    Malformed { path: PathBuf },
    #[error("`{}` has version {version}, this program knows {VERSION}", .path.display())]
    Version { path: PathBuf, version: u32 },
    #[error("`{}` belongs to another network, chain or registry", .path.display())]
    Foreign { path: PathBuf },
}

/// The file of one network.
#[derive(Debug)]
pub struct StatesFile {
    path: PathBuf,
    subject: Subject,
    memory: Mutex<Memory>,
}

#[derive(Debug, Default)]
struct Memory {
    saved: Option<BTreeMap<Address, State>>,
    is_failing: bool,
}

impl StatesFile {
    /// The file of a network; `None` when there is no folder for it.
    #[must_use]
    pub fn of(config: &Config, network: &NetworkConfig) -> Option<Self> {
        let folder = config.exporter.scrape.state_directory.as_ref()?;
        let subject = Subject {
            network: network.name.clone(),
            chain_id: network.chain_id,
            staking_registry: network.staking_registry,
        };
        let path = folder.join(format!("exporter-{}-states.json", network.name));
        Some(Self { path, subject, memory: Mutex::default() })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The states of the last run, none when there are none of use; what is wrong is told here. Blocks.
    pub fn load(&self) -> BTreeMap<Address, State> {
        let network = &self.subject.network;
        match self.read() {
            Ok(states) => {
                self.memory().saved = Some(states.clone());
                states
            }
            Err(StatesError::Store(StoreError::Missing { .. })) => BTreeMap::new(),
            Err(error) => {
                let aside = self.path.with_extension("json.unusable");
                let kept = match std::fs::rename(&self.path, &aside) {
                    Ok(()) => format!("it is kept as `{}`", aside.display()),
                    Err(error) => format!("it cannot be moved aside ({})", error.kind()),
                };
                let why = Chain(&error).to_string().replace("\n  because ", ": ");
                tracing::warn!(network, "the states of {network} begin anew: {why}; {kept}");
                BTreeMap::new()
            }
        }
    }

    fn read(&self) -> Result<BTreeMap<Address, State>, StatesError> {
        let bytes = load_private(&self.path, FILE_LIMIT).map_err(StatesError::Store)?;
        decode(&self.path, &self.subject, &bytes)
    }

    /// Keeps the states where they differ from what is kept. False when that failed, which is told the first time. Blocks.
    pub fn save(&self, states: &BTreeMap<Address, State>) -> bool {
        if self.memory().saved.as_ref() == Some(states) {
            return true;
        }
        let network = &self.subject.network;
        let result = self.write(states);
        let mut memory = self.memory();
        match result {
            Ok(()) | Err(StoreError::Sync { .. }) => {
                if std::mem::take(&mut memory.is_failing) {
                    tracing::info!(network, "the states of {network} are kept again");
                }
                memory.saved = Some(states.clone());
                true
            }
            Err(error) => {
                if !std::mem::replace(&mut memory.is_failing, true) {
                    let why = Chain(&error).to_string().replace("\n  because ", ": ");
                    tracing::warn!(network, "the states of {network} cannot be kept for the next start: {why}");
                }
                false
            }
        }
    }

    fn write(&self, states: &BTreeMap<Address, State>) -> Result<(), StoreError> {
        let bytes = encode(&self.subject, states);
        save_private(&self.path, &bytes)
    }
}

fn encode(subject: &Subject, states: &BTreeMap<Address, State>) -> Vec<u8> {
    let content = Content { version: VERSION, subject: subject.clone(), states: states.clone() };
    #[expect(clippy::expect_used, reason = "addresses are keys that JSON allows, and nothing else can fail")]
    let mut bytes = serde_json::to_vec_pretty(&content).expect("states can be written as JSON");
    bytes.push(b'\n');
    bytes
}

fn decode(path: &Path, subject: &Subject, bytes: &[u8]) -> Result<BTreeMap<Address, State>, StatesError> {
    let malformed = |_| StatesError::Malformed { path: path.to_path_buf() };
    let Head { version } = serde_json::from_slice(bytes).map_err(malformed)?;
    if version != VERSION {
        return Err(StatesError::Version { path: path.to_path_buf(), version });
    }
    let content: Content = serde_json::from_slice(bytes).map_err(malformed)?;
    if content.subject != *subject {
        return Err(StatesError::Foreign { path: path.to_path_buf() });
    }
    Ok(content.states)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use butler_core::store::file::save_atomic;

    use super::*;

    fn file(folder: &Path) -> StatesFile {
        let subject =
            Subject { network: "devnet".to_owned(), chain_id: 31_337, staking_registry: Address::repeat_byte(7) };
        StatesFile { path: folder.join("state/exporter-devnet-states.json"), subject, memory: Mutex::default() }
    }

    fn states() -> BTreeMap<Address, State> {
        State::ALL.into_iter().zip(1..).map(|(state, byte)| (Address::repeat_byte(byte), state)).collect()
    }

    #[test]
    fn version_1_is_written_and_read_as_it_always_was() {
        let golden = include_bytes!("../tests/golden/states-1.json");
        let file = file(Path::new(""));
        assert_eq!(String::from_utf8(encode(&file.subject, &states())).unwrap(), std::str::from_utf8(golden).unwrap());
        assert_eq!(decode(&file.path, &file.subject, golden).unwrap(), states());
    }

    #[test]
    fn states_come_back_and_are_written_only_when_they_changed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(file(folder.path()).load().is_empty());
        assert!(file(folder.path()).save(&states()));
        let second = file(folder.path());
        assert_eq!(second.load(), states());
        std::fs::remove_file(&second.path).unwrap();
        assert!(second.save(&states()) && !second.path.exists());
        assert!(second.save(&BTreeMap::new()) && second.path.exists());
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
            std::fs::create_dir(file.path.parent().unwrap()).unwrap();
            save_atomic(&file.path, content.as_bytes(), 0o600).unwrap();
            assert!(file.load().is_empty());
            let aside = file.path.with_extension("json.unusable");
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
        std::fs::set_permissions(&file.path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(file.load().is_empty());
        let victim = folder.path().join("victim");
        save_atomic(&victim, b"precious", 0o600).unwrap();
        symlink(&victim, &file.path).unwrap();
        let second = super::tests::file(folder.path());
        assert!(second.load().is_empty() && second.save(&states()));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
        assert_eq!(std::fs::symlink_metadata(&second.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
