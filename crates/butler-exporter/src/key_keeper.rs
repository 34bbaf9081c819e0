//! The key files of a network as all of its scrapers know them: read again each time, with the last good content standing
//! in for what cannot be read. It outlives a restarted scraper, a new configuration and, where there is a folder for it, a
//! restart of the program.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use butler_core::config::{Config, NetworkConfig};
use butler_core::key_files::{KeptFiles, KeptKeysFile, KeyFilesReport, PrivateKeys, RegisteredKeys};
use butler_core::network::key_sources;
use butler_core::runtime::clock::unix_now;

/// What is shared by the scrapers of one network.
#[derive(Debug, Clone, Default)]
pub struct KeyKeeper {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    kept: KeptFiles,
    file: Option<KeptKeysFile>,
    is_unstored: bool,
}

impl KeyKeeper {
    fn shared(&self) -> MutexGuard<'_, Shared> {
        // What a panic left behind was read as a whole, file by file.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the last run of the program kept, the first time that it is called for a folder. Blocks.
    pub fn restore(&self, config: &Config, network: &NetworkConfig) {
        let mut shared = self.shared();
        let file = KeptKeysFile::of_exporter(config, network);
        if file.as_ref().map(KeptKeysFile::path) == shared.file.as_ref().map(KeptKeysFile::path) {
            return;
        }
        if let Some(record) = file.as_ref().and_then(KeptKeysFile::load) {
            shared.kept.restore(record);
        }
        shared.file = file;
        shared.is_unstored = false;
    }

    /// Whether what is kept is stored for the next start, where there is a folder for it.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        !self.shared().is_unstored
    }

    /// Reads the network's key files. Blocks.
    #[must_use]
    pub fn load(&self, network: &NetworkConfig, private_keys: PrivateKeys) -> KeyFilesReport {
        let mut shared = self.shared();
        let report = shared.kept.load(&key_sources(network, private_keys), unix_now());
        shared.save();
        report
    }

    /// Holds the BLS keys of what was read against those that the chain has registered. A file with one that differs does not
    /// count from now on, and its last good content does. Blocks.
    pub fn hold_against_chain(
        &self,
        keys: &mut KeyFilesReport,
        network: &NetworkConfig,
        private_keys: PrivateKeys,
        registered: &RegisteredKeys,
    ) {
        let is_any_refused = self.shared().kept.learn(registered);
        if is_any_refused {
            *keys = self.load(network, private_keys);
        } else {
            self.shared().save();
        }
        keys.hold_against_chain(registered);
    }
}

impl Shared {
    fn save(&mut self) {
        if let Some(file) = &mut self.file {
            self.is_unstored = !file.save(&self.kept);
        }
    }
}

/// Whether the exporter may derive addresses from private keys.
#[must_use]
pub fn private_keys(config: &Config) -> PrivateKeys {
    if config.exporter.scrape.read_private_keystores { PrivateKeys::Derive } else { PrivateKeys::Refuse }
}
