//! Key files in a folder, and what is read of them as text.

use std::fs;

use butler_core::domain::operator::key_book::CoinbaseSetting;
use butler_core::key_files::{KeyFilesReport, KeySources, PrivateKeys, load_key_files};
use butler_core::store::file::save_atomic;

/// Addresses of the scalars 1 and 2, and the first ones of the mnemonic below.
pub(crate) const ONE: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
pub(crate) const TWO: &str = "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF";
pub(crate) const FIRST: &str = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
pub(crate) const SECOND: &str = "0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0";
pub(crate) const A: &str = "0x1111111111111111111111111111111111111111";
pub(crate) const B: &str = "0x2222222222222222222222222222222222222222";
pub(crate) const C: &str = "0x3333333333333333333333333333333333333333";
pub(crate) const RECIPIENT: &str = "0x0000000000000000000000000000000000000000000000000000000000000001";
pub(crate) const MNEMONIC: &str =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

pub(crate) fn key(scalar: u64) -> String {
    format!("0x{scalar:064x}")
}

/// A folder of key files.
pub(crate) struct Bench(pub(crate) tempfile::TempDir);

impl Bench {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = bench.0.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            save_atomic(&path, content.as_bytes(), 0o600).unwrap();
        }
        bench
    }

    pub(crate) fn public(&self, pattern: &str) -> KeyFilesReport {
        self.load(&[pattern.to_owned()], &[], PrivateKeys::Derive)
    }

    pub(crate) fn node(&self, pattern: &str) -> KeyFilesReport {
        self.load(&[], &[pattern.to_owned()], PrivateKeys::Derive)
    }

    pub(crate) fn load(
        &self,
        key_files: &[String],
        node_keystores: &[String],
        private_keys: PrivateKeys,
    ) -> KeyFilesReport {
        let base = self.0.path();
        load_key_files(&KeySources { key_files, node_keystores, publisher_files: &[], base, private_keys })
    }
}

/// Attester, coinbase (`-` none, `0` zero, `?` unknown) and publishers of each entry, as text.
pub(crate) fn told(report: &KeyFilesReport) -> Vec<String> {
    let entry = |entry: &butler_core::domain::operator::key_book::KeyEntry| {
        let coinbase = match entry.coinbase_setting() {
            CoinbaseSetting::Set(coinbase) => coinbase.to_string(),
            CoinbaseSetting::NotSet => "-".to_owned(),
            CoinbaseSetting::Zero => "0".to_owned(),
            CoinbaseSetting::Unknown => "?".to_owned(),
        };
        let short = |text: String| text.chars().take(6).collect::<String>();
        let publishers: Vec<String> =
            entry.publishers.iter().map(|publisher| short(format!("{publisher:?}"))).collect();
        format!("{} {} {}", short(format!("{:?}", entry.attester)), short(coinbase), publishers.join("+"))
            .to_lowercase()
    };
    report.book.entries.iter().map(entry).collect()
}

pub(crate) fn faults(report: &KeyFilesReport) -> String {
    report.faults.iter().map(|fault| format!("{fault}\n")).collect()
}

pub(crate) fn one(content: &str) -> (Vec<String>, String) {
    let report = Bench::new(&[("s/k.json", content)]).public("*/*.json");
    (told(&report), faults(&report))
}
