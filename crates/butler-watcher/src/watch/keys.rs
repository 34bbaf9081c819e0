//! The key files of one network as the watcher knows them: what was good and cannot be read stands, over a restart, too. Without that a
//! restart would take back what is wrong with everything that such a file names.

use std::path::Path;

use butler_core::config::NetworkConfig;
use butler_core::key_files::{KeptFiles, KeptKeysFile, KeyFilesReport, PrivateKeys};
use butler_core::network::key_sources;
use butler_core::runtime::clock::unix_now;

#[derive(Debug)]
pub(super) struct Keys {
    kept: KeptFiles,
    file: KeptKeysFile,
    is_kept: bool,
}

impl Keys {
    /// Takes in what the last run kept in the watcher's folder. Blocks.
    pub(super) fn open(state: &Path, network: &NetworkConfig) -> Self {
        let (mut kept, file) = (KeptFiles::default(), KeptKeysFile::of_watcher(state, network));
        if let Some(record) = file.load() {
            kept.restore(record);
        }
        Self { kept, file, is_kept: true }
    }

    /// Reads the files, and keeps what they say for the next start. Where that is not possible it is told, and tried again at the
    /// next look. Blocks.
    pub(super) fn load(&mut self, network: &NetworkConfig) -> KeyFilesReport {
        let report = self.kept.load(&key_sources(network, PrivateKeys::Refuse), unix_now());
        self.is_kept = self.file.save(&self.kept);
        report
    }

    /// Whether the next start will know what was read.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept
    }
}
