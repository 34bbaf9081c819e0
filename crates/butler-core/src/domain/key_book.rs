//! What the operator's key files say, as plain values: which attester runs where, with which coinbase and publishers.
//!
//! Reading and checking the files happens in `config`; nothing secret is in here. An attester may have several entries,
//! whether that is meant (several servers for one key) or not: `duplicates` decides.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::ids::Coinbase;

/// One validator of one key file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEntry {
    /// The attester's address.
    pub attester: Address,
    /// Where its rewards go, if the file says so.
    pub coinbase: Option<Coinbase>,
    /// The accounts that may send its transactions.
    pub publishers: Vec<Address>,
    /// The compressed BLS public key, if the file has it.
    pub bls_public_key: Option<H256>,
    /// The server that runs this file.
    pub server: String,
    /// The file's path, for people to read.
    pub file: String,
    /// Position in the file's `validators`, from 0.
    pub index: usize,
}

/// All key files together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyBook {
    /// Every validator of every file.
    pub entries: Vec<KeyEntry>,
    /// Every publisher that a server may use, by the server's name.
    pub publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
}

impl KeyBook {
    /// Every attester that some file names.
    #[must_use]
    pub fn attesters(&self) -> BTreeSet<Address> {
        self.entries.iter().map(|entry| entry.attester).collect()
    }

    /// The entries of each attester, in the order of the book. Use this rather than the queries below for many at once.
    #[must_use]
    pub fn by_attester(&self) -> BTreeMap<Address, Vec<&KeyEntry>> {
        let mut entries = BTreeMap::<Address, Vec<&KeyEntry>>::new();
        for entry in &self.entries {
            entries.entry(entry.attester).or_default().push(entry);
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
}
