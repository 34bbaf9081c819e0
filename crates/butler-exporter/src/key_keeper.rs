//! The key files of a network as all of its scrapers know them: read again each time, with the last good content standing
//! in for what cannot be read. It outlives a restarted scraper and a new configuration.

use std::sync::{Arc, Mutex, PoisonError};

use butler_core::config::{Config, NetworkConfig};
use butler_core::key_files::{KeptFiles, KeyFilesReport, PrivateKeys};
use butler_core::network::key_sources;
use butler_core::runtime::clock::unix_now;

/// What is shared by the scrapers of one network.
#[derive(Debug, Clone, Default)]
pub struct KeyKeeper {
    kept: Arc<Mutex<KeptFiles>>,
}

impl KeyKeeper {
    /// Reads the network's key files. Blocks.
    #[must_use]
    pub fn load(&self, network: &NetworkConfig, private_keys: PrivateKeys) -> KeyFilesReport {
        // What a panic left behind was read as a whole, file by file.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.load(&key_sources(network, private_keys), unix_now())
    }
}

/// Whether the exporter may derive addresses from private keys.
#[must_use]
pub fn private_keys(config: &Config) -> PrivateKeys {
    if config.exporter.scrape.read_private_keystores { PrivateKeys::Derive } else { PrivateKeys::Refuse }
}
