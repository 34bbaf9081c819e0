//! What the operator's key files say, as plain values: which attester runs where, with which coinbase and publishers.
//!
//! Reading and checking the files happens in `key_files`; nothing secret is in here. An attester may have several entries,
//! whether that is meant (several servers for one key) or not: `duplicates` decides. What could not be read is a gap: then
//! an attester that no entry names is not known to be missing from the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ethers_core::types::Address;
use serde::Serialize;

use crate::domain::attester::bls_key::BlsKey;
use crate::domain::ids::Coinbase;

/// One validator of one key file, as its node runs it: what a file's top says for all is taken into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyEntry {
    /// The attester's address.
    pub attester: Address,
    /// Where its rewards go, if the file names another address than the attester's own.
    pub coinbase: Option<Coinbase>,
    /// Why there is no coinbase although the file has something in its place.
    pub coinbase_fault: Option<CoinbaseFault>,
    /// The accounts that may send its transactions.
    pub publishers: Vec<Address>,
    /// Whether the file names no publisher, so that the attester's own account pays. It is among `publishers` then.
    pub pays_itself: bool,
    /// The compressed BLS public key, if the file has it.
    pub bls_public_key: Option<BlsKey>,
    /// The server that runs this file.
    pub server: String,
    /// The file's path, for people to read.
    pub file: String,
    /// Position in the file's `validators`, from 0. Several attesters of one validator have the same.
    pub index: usize,
    /// Whether a node may run what this says. None runs a staker output, a cached list or an encrypted key by itself, but where no
    /// file is a keystore such lists are all that the operator says.
    #[serde(skip)]
    pub is_run: bool,
}

/// What stands where a coinbase should, and is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoinbaseFault {
    /// `0x0`: a node takes it, and its proposals fail.
    Zero,
    /// It is not legible, so what the node has is not known.
    Illegible,
    /// None stands in the file, and one may stand at the top of another file of the server, which could not be read.
    Unread,
}

/// What one entry says of where its attester's rewards go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CoinbaseSetting {
    /// To this address.
    Set(Coinbase),
    /// Nothing, or the attester's own address, which is what a node takes where nothing is set.
    NotSet,
    /// `0x0`: an error of its own.
    Zero,
    /// The file, or another one of its server that counts, is not legible there.
    Unknown,
}

impl KeyEntry {
    /// What the file says of the coinbase.
    #[must_use]
    pub fn coinbase_setting(&self) -> CoinbaseSetting {
        match (self.coinbase_fault, self.coinbase) {
            (Some(CoinbaseFault::Zero), _) => CoinbaseSetting::Zero,
            (Some(CoinbaseFault::Illegible | CoinbaseFault::Unread), _) => CoinbaseSetting::Unknown,
            (None, Some(coinbase)) => CoinbaseSetting::Set(coinbase),
            (None, None) => CoinbaseSetting::NotSet,
        }
    }

    /// Whether the node pays the attester's own address, since no coinbase is set.
    #[must_use]
    pub fn falls_back_to_attester(&self) -> bool {
        self.coinbase_setting() == CoinbaseSetting::NotSet
    }
}

/// A file, folder or part of a file that could not be read: attesters may stand there that no entry names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct KeyFileGap {
    /// The file or pattern, fit to be shown.
    pub file: String,
    /// Why, in a few words.
    pub why: String,
    /// The only attesters that may stand there; anybody may where that is not known.
    #[serde(skip)]
    pub attesters: Option<BTreeSet<Address>>,
}

impl KeyFileGap {
    /// Where any attester may stand.
    pub fn of_anybody(file: impl Into<String>, why: impl Into<String>) -> Self {
        Self { file: file.into(), why: why.into(), attesters: None }
    }

    fn may_have(&self, attester: Address) -> bool {
        self.attesters.as_ref().is_none_or(|attesters| attesters.contains(&attester))
    }
}

impl std::fmt::Display for KeyFileGap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.why)
    }
}

/// Whether the book has everything that the files say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness<'a> {
    /// It has: what no entry names, no file names.
    Complete,
    /// It may lack attesters.
    Incomplete(&'a [KeyFileGap]),
}

/// All key files together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyBook {
    /// Every validator of every file.
    pub entries: Vec<KeyEntry>,
    /// Every publisher that a server may use, by the server's name.
    pub publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
    /// Servers whose node has a `fundingAccount` that it reads: it refills its publishers itself, if its thresholds are set.
    #[serde(skip)]
    pub self_funding: BTreeSet<String>,
    /// What could not be read.
    pub gaps: Vec<KeyFileGap>,
    /// Attesters that files named before they could not be read any more, where nothing stands in for these.
    #[serde(skip)]
    pub remembered: BTreeSet<Address>,
}

impl KeyBook {
    /// Whether an attester without an entry is in no file. Where it is not, nothing must be concluded from that.
    #[must_use]
    pub fn completeness(&self) -> Completeness<'_> {
        if self.gaps.is_empty() { Completeness::Complete } else { Completeness::Incomplete(&self.gaps) }
    }

    /// Whether an attester may stand where nothing could be read.
    #[must_use]
    pub fn may_have(&self, attester: Address) -> bool {
        self.gaps.iter().any(|gap| gap.may_have(attester))
    }

    /// Where an attester may stand that no entry names, as `FILE: why`: the file that had it, else any.
    fn absence_doubt(&self, attester: Address) -> Option<String> {
        let had = |gap: &&KeyFileGap| gap.attesters.is_some() && gap.may_have(attester);
        if let Some(gap) = self.gaps.iter().find(had) {
            return Some(gap.to_string());
        }
        let mut any = self.gaps.iter().filter(|gap| gap.attesters.is_none());
        let first = any.next()?;
        let more = any.count();
        Some(if more == 0 { first.to_string() } else { format!("{first} (and {more} more)") })
    }

    /// Why it is not known which coinbase an attester with these entries (those of [`by_attester`](Self::by_attester), or
    /// none) has, as `FILE: why`; `None` where the files say it, or say that there is none.
    #[must_use]
    pub fn coinbase_doubt(&self, attester: Address, entries: &[&KeyEntry]) -> Option<String> {
        // What no node runs says nothing of what a node has.
        if entries.iter().all(|entry| !entry.is_run) {
            return self.absence_doubt(attester);
        }
        let illegible = entries.iter().find(|entry| entry.coinbase_setting() == CoinbaseSetting::Unknown)?;
        let folder = |file: &str| Path::new(file).parent().map(Path::to_path_buf);
        let is_beside = |gap: &&KeyFileGap| folder(&gap.file) == folder(&illegible.file) && gap.file != illegible.file;
        if illegible.coinbase_fault == Some(CoinbaseFault::Unread)
            && let Some(unread) = self.gaps.iter().find(is_beside)
        {
            return Some(unread.to_string());
        }
        Some(format!("{}: validators[{}] has no legible coinbase", illegible.file, illegible.index))
    }

    /// Every attester that some file names.
    #[must_use]
    pub fn attesters(&self) -> BTreeSet<Address> {
        self.entries.iter().map(|entry| entry.attester).collect()
    }

    /// The entries of each attester, in the order of the book: those that a node may run, and others of an attester that has none of
    /// these. Use this rather than the queries below for many at once.
    #[must_use]
    pub fn by_attester(&self) -> BTreeMap<Address, Vec<&KeyEntry>> {
        let mut entries = BTreeMap::<Address, Vec<&KeyEntry>>::new();
        for entry in &self.entries {
            entries.entry(entry.attester).or_default().push(entry);
        }
        for entries in entries.values_mut().filter(|entries| entries.iter().any(|entry| entry.is_run)) {
            entries.retain(|entry| entry.is_run);
        }
        entries
    }

    /// Every coinbase that some file names for the attester.
    #[must_use]
    pub fn coinbases_of(&self, attester: Address) -> BTreeSet<Coinbase> {
        self.entries_of(attester).filter_map(|entry| entry.coinbase).collect()
    }

    /// Every server that runs the attester.
    #[must_use]
    pub fn servers_of(&self, attester: Address) -> BTreeSet<&str> {
        self.entries_of(attester).map(|entry| entry.server.as_str()).collect()
    }

    /// Every server that runs each attester. Use this rather than [`servers_of`](Self::servers_of) for many at once.
    #[must_use]
    pub fn servers_by_attester(&self) -> BTreeMap<Address, BTreeSet<&str>> {
        let mut servers = BTreeMap::<Address, BTreeSet<&str>>::new();
        for entry in &self.entries {
            servers.entry(entry.attester).or_default().insert(&entry.server);
        }
        servers
    }

    /// The servers of every publisher: those that may use it, and those where a validator names it.
    #[must_use]
    pub fn servers_by_publisher(&self) -> BTreeMap<Address, BTreeSet<&str>> {
        let held = self
            .publishers_by_server
            .iter()
            .flat_map(|(server, held)| held.iter().map(move |publisher| (*publisher, server)));
        let named = self
            .entries
            .iter()
            .flat_map(|entry| entry.publishers.iter().map(move |publisher| (*publisher, &entry.server)));
        let mut servers = BTreeMap::<Address, BTreeSet<&str>>::new();
        for (publisher, server) in held.chain(named) {
            servers.entry(publisher).or_default().insert(server);
        }
        servers
    }

    fn entries_of(&self, attester: Address) -> impl Iterator<Item = &KeyEntry> {
        self.entries.iter().filter(move |entry| entry.attester == attester)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::samples::{address, coinbase, key_entry};

    fn book() -> KeyBook {
        KeyBook {
            entries: vec![
                KeyEntry {
                    coinbase: Some(coinbase(9)),
                    publishers: vec![address(50)],
                    ..key_entry(1, "paris", "paris.json", 0)
                },
                key_entry(2, "paris", "paris.json", 1),
                KeyEntry { coinbase: Some(coinbase(8)), ..key_entry(1, "oslo", "oslo.json", 0) },
            ],
            publishers_by_server: BTreeMap::from([("oslo".to_owned(), BTreeSet::from([address(50), address(51)]))]),
            ..KeyBook::default()
        }
    }

    #[test]
    fn queries_join_every_file() {
        let book = book();
        assert_eq!(book.attesters(), BTreeSet::from([address(1), address(2)]));
        assert_eq!(book.coinbases_of(address(1)), BTreeSet::from([coinbase(8), coinbase(9)]));
        assert_eq!(book.coinbases_of(address(2)), BTreeSet::new());
        assert_eq!(book.servers_of(address(1)), BTreeSet::from(["oslo", "paris"]));
        assert_eq!(book.servers_of(address(3)), BTreeSet::new());
        let one_by_one = book.attesters().into_iter().map(|attester| (attester, book.servers_of(attester)));
        assert_eq!(book.servers_by_attester(), one_by_one.collect());
        assert_eq!(book.by_attester()[&address(1)].len(), 2);
    }

    #[test]
    fn a_publisher_stands_on_every_server_that_holds_or_names_it() {
        assert_eq!(
            book().servers_by_publisher(),
            BTreeMap::from(
                [(address(50), BTreeSet::from(["oslo", "paris"])), (address(51), BTreeSet::from(["oslo"])),]
            )
        );
    }

    #[test]
    fn an_attester_of_no_entry_is_missing_only_when_every_file_was_read() {
        let mut book = book();
        assert_eq!((book.completeness(), book.coinbase_doubt(address(3), &[])), (Completeness::Complete, None));
        book.gaps.push(KeyFileGap::of_anybody("rome.json", "it is empty"));
        assert!(matches!(book.completeness(), Completeness::Incomplete([_])));
        assert_eq!(book.coinbase_doubt(address(3), &[]).unwrap(), "rome.json: it is empty");
        let entries = book.by_attester();
        assert_eq!(book.coinbase_doubt(address(2), &entries[&address(2)]), None, "its own file says that it has none");
    }

    #[test]
    fn of_a_file_that_is_gone_only_those_are_doubtful_that_stood_in_it() {
        let mut book = book();
        let gone =
            KeyFileGap { attesters: Some([address(3)].into()), ..KeyFileGap::of_anybody("rome.json", "it is gone") };
        book.gaps.push(gone);
        assert_eq!(book.coinbase_doubt(address(3), &[]).unwrap(), "rome.json: it is gone");
        assert_eq!((book.coinbase_doubt(address(4), &[]), book.may_have(address(4))), (None, false));
        book.gaps.insert(0, KeyFileGap::of_anybody("bern.json", "it is empty"));
        assert_eq!(book.coinbase_doubt(address(3), &[]).unwrap(), "rome.json: it is gone", "the one that had it");
        assert_eq!(book.coinbase_doubt(address(4), &[]).unwrap(), "bern.json: it is empty");
    }

    #[test]
    fn what_no_node_runs_says_nothing_beside_what_one_runs_and_nothing_of_a_coinbase_where_a_file_is_lost() {
        let mut book = book();
        book.entries.push(KeyEntry { is_run: false, ..key_entry(1, "paris", "staker_output.json", 0) });
        book.entries.push(KeyEntry { is_run: false, ..key_entry(3, "paris", "staker_output.json", 1) });
        let gap = KeyFileGap::of_anybody("rome.json", "it is empty");
        book.gaps.push(gap);
        let entries = book.by_attester();
        assert_eq!(
            entries[&address(1)].iter().map(|entry| entry.file.as_str()).collect::<Vec<_>>(),
            ["paris.json", "oslo.json"]
        );
        let doubt = |attester| book.coinbase_doubt(address(attester), &entries[&address(attester)]);
        assert_eq!((doubt(2), doubt(3)), (None, Some("rome.json: it is empty".to_owned())));
    }

    #[test]
    fn zero_and_illegible_are_neither_set_nor_absent() {
        let entry = |coinbase_fault| KeyEntry { coinbase_fault, ..key_entry(1, "paris", "paris.json", 3) };
        assert!(entry(None).falls_back_to_attester());
        let zero = entry(Some(CoinbaseFault::Zero));
        assert_eq!((zero.coinbase_setting(), zero.falls_back_to_attester()), (CoinbaseSetting::Zero, false));
        let illegible = entry(Some(CoinbaseFault::Illegible));
        assert_eq!(illegible.coinbase_setting(), CoinbaseSetting::Unknown);
        let doubt = KeyBook::default().coinbase_doubt(address(1), &[&illegible]);
        assert_eq!(doubt.unwrap(), "paris.json: validators[3] has no legible coinbase");
    }
}
