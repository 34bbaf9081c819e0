//! Where the key files of a network are, and what they are to a command that a person runs: what they say now, and which are
//! gone that were there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::config::{Config, NetworkConfig};
use crate::key_files::{
    KeptFiles, KeptKeysFile, KeptRecord, KeyFilesReport, KeySources, PrivateKeys, RegisteredKeys, list_key_files,
    list_servers,
};
use crate::runtime::clock::unix_now;

/// Where the key files of a network are.
#[must_use]
pub fn key_sources(network: &NetworkConfig, private_keys: PrivateKeys) -> KeySources<'_> {
    KeySources {
        key_files: &network.key_files,
        node_keystores: &network.node_keystores,
        publisher_files: &network.publisher_files,
        base: Path::new(""),
        private_keys,
    }
}

/// The key files of a network that are there now. Blocks.
#[must_use]
pub fn key_file_paths(network: &NetworkConfig) -> Vec<PathBuf> {
    list_key_files(&key_sources(network, PrivateKeys::Refuse))
}

/// The servers of a network's key files, as the names of the files have them. Blocks; no file is read.
#[must_use]
pub fn server_names(network: &NetworkConfig) -> BTreeSet<String> {
    list_servers(&key_sources(network, PrivateKeys::Refuse))
}

/// What the key files said, to be kept for the next command.
#[derive(Debug)]
pub(super) struct KeyMemory {
    kept: KeptFiles,
    file: KeptKeysFile,
}

impl KeyMemory {
    /// Takes in what the chain has registered, for the next command.
    pub(super) fn learn(&mut self, registered: &RegisteredKeys) {
        self.kept.learn(registered);
    }

    /// Stores what is new. What goes wrong is told. Blocks.
    pub(super) fn save(&mut self) {
        if self.kept.generation() > 0 {
            self.file.save(&self.kept);
        }
    }
}

/// Reads the network's key files. Blocks.
///
/// What a file said last stands in the memory of earlier commands, or in that of an exporter with the same configuration, if it is
/// ours to read. The one that was written last counts.
pub(super) fn load_now(config: &Config, network: &NetworkConfig) -> (KeyFilesReport, KeyMemory) {
    let file = KeptKeysFile::of_commands(config, network);
    let exporter = KeptKeysFile::of_exporter(config, network);
    let mut known: Vec<(Option<SystemTime>, KeptRecord)> = Vec::new();
    known.extend(file.load().map(|record| (written(file.path()), record)));
    known.extend(exporter.and_then(|file| Some((written(file.path()), file.peek()?))));
    known.sort_by(|(left, _), (right, _)| right.cmp(left));
    let mut kept = KeptFiles::default();
    known.into_iter().for_each(|(_, record)| kept.restore(record));
    let report = kept.load_once(&key_sources(network, PrivateKeys::Derive), unix_now());
    (report, KeyMemory { kept, file })
}

fn written(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
