//! A network's folder that is read again and again while its files break, move and come back.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::files::KeptFiles;
use super::one::{GONE_FOR, KEPT_FOR};
use crate::key_files::{KeptWhy, KeyFilesReport, KeySources, PrivateKeys};

mod beside;
mod broken;
mod chain;
mod folders;
mod moved;
mod named;
mod once;
mod publishers;
mod shared;
mod shuffled;
mod silence;

/// A network's folder with two servers, read again and again.
struct Bench {
    folder: tempfile::TempDir,
    kept: KeptFiles,
    patterns: Vec<String>,
    now: u64,
}

const HOUR: u64 = 3_600;

/// What [`Bench::told`] tells.
type Told = (Vec<(String, u64)>, Vec<KeptWhy>, usize);

impl Bench {
    fn new() -> Self {
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            kept: KeptFiles::default(),
            patterns: vec!["keys/*/*.json".to_owned()],
            now: 1_000_000,
        };
        bench.write("keys/a/k.json", &keystore(&[1, 2]));
        bench.write("keys/b/k.json", &keystore(&[3]));
        bench
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        crate::store::file::save_atomic(&path, text.as_bytes(), 0o600).unwrap();
    }

    fn remove(&self, name: &str) {
        let path = self.folder.path().join(name);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }

    fn load(&mut self) -> KeyFilesReport {
        self.now += 60;
        let publisher_files = ["publishers.json".into()];
        let sources = KeySources {
            key_files: &self.patterns,
            node_keystores: &[],
            publisher_files: if self.folder.path().join("has-publishers").exists() { &publisher_files } else { &[] },
            base: self.folder.path(),
            private_keys: PrivateKeys::Refuse,
        };
        self.kept.load(&sources, self.now)
    }

    /// The program ends, and another one begins with what it stored.
    fn restart(&mut self) {
        let record = serde_json::from_value(serde_json::to_value(self.kept.record()).unwrap()).unwrap();
        self.kept = KeptFiles::default();
        self.kept.restore(record);
    }

    /// What a command reads that knows this much.
    fn load_once(&self, kept: &mut KeptFiles) -> KeyFilesReport {
        let sources = KeySources {
            key_files: &self.patterns,
            node_keystores: &[],
            publisher_files: &[],
            base: self.folder.path(),
            private_keys: PrivateKeys::Refuse,
        };
        kept.load_once(&sources, self.now)
    }

    /// Servers and numbers of all attesters, the reasons of kept files, and how many gaps there are.
    fn told(&mut self) -> Told {
        let report = self.load();
        let entries = report.book.entries.iter();
        let entries = entries.map(|entry| (entry.server.clone(), entry.attester.to_low_u64_be())).collect();
        (entries, report.kept.iter().map(|kept| kept.why).collect(), report.book.gaps.len())
    }
}

fn keystore(attesters: &[u64]) -> String {
    let validators: Vec<String> = attesters.iter().map(|n| format!(r#"{{"attester": "0x{n:040x}"}}"#)).collect();
    format!(r#"{{"validators": [{}]}}"#, validators.join(","))
}

fn all() -> Vec<(String, u64)> {
    [("a", 1), ("a", 2), ("b", 3)].map(|(server, attester)| (server.to_owned(), attester)).to_vec()
}

fn servers(told: &[(String, u64)]) -> Vec<(&str, u64)> {
    told.iter().map(|(server, attester)| (server.as_str(), *attester)).collect()
}
