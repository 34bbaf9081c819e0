//! The files of a server put together as its node does it.
//!
//! A node reads all files of its folder in the order of their names. What the last file says at its top about the coinbase
//! holds for the validators of all files that have none of their own; publishers at the top are pooled, but of a mnemonic and others
//! the later one counts. Without any
//! publisher the attester's own account pays. Without any coinbase, or with the attester's own address, none is set.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;

use ethers_core::types::Address;
use serde::Serialize;

use super::content::{Content, FileKind, Validator, WrittenCoinbase, WrittenPublishers};
use super::discovery::Role;
use super::shown::shown_path;
use super::unread::Unread;
use crate::domain::ids::Coinbase;
use crate::domain::operator::key_book::{CoinbaseFault, KeyBook, KeyEntry};

/// Something that a person should know of files that are good by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum KeyFileNotice {
    /// Keystores of both schemas lie in one folder: a node that reads it refuses them all.
    SchemasMixed {
        /// The folder.
        folder: String,
        /// Its keystores.
        files: Vec<String>,
    },
    /// Several keystores of one folder have the section of a prover: a node that reads it refuses them all.
    SeveralProvers {
        /// The folder.
        folder: String,
        /// Its keystores with a prover.
        files: Vec<String>,
    },
    /// A node's own keystore names accounts by their addresses, and no keystore of its folder says where to sign for them: a node
    /// that reads it refuses them all.
    SignerMissing {
        /// The file.
        file: String,
        /// How many of its accounts that are.
        accounts: usize,
    },
    /// A file lies beside a node's own keystore and is none: a node that reads its folder refuses it.
    NotAKeystore {
        /// The file.
        file: String,
        /// What it is.
        kind: FileKind,
    },
    /// A file has a `fundingAccount`, and its folder has another keystore: a node that reads it drops the account silently.
    FundingAccountDropped {
        /// The file.
        file: String,
    },
    /// What a file says at its top holds for validators of another file of its server.
    DefaultsLeak {
        /// The file whose top it is.
        from: String,
        /// The file whose validators have nothing of their own.
        into: String,
    },
    /// A file of publishers names a server of which there is no key file.
    ServerWithoutKeys {
        /// The server's name.
        server: String,
    },
    /// A BLS key of an attester that the chain does not know yet: it may be the private one.
    BlsUnproven {
        /// Whose key it should be.
        attester: Address,
        /// The file.
        file: String,
        /// Position in the file's `validators`, from 0.
        index: usize,
    },
}

/// A file that was read, or whose last good content stands for it.
pub(super) struct Taken<'a> {
    pub(super) path: &'a Path,
    pub(super) server: String,
    pub(super) role: Role,
    pub(super) content: &'a Content,
}

/// What files mean that name attesters and are no keystores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lists {
    /// There is no keystore, and none was lost: the lists are what the operator says of the nodes.
    AreAll,
    /// Nothing that a node runs.
    AreNotRun,
}

impl Lists {
    /// What they mean beside these files, where something may have been lost.
    pub(super) fn among(taken: &[Taken<'_>], is_any_lost: bool) -> Self {
        let is_keystore =
            |file: &Taken<'_>| file.content.kind == FileKind::Keystore && !file.content.validators.is_empty();
        if is_any_lost || taken.iter().any(is_keystore) { Self::AreNotRun } else { Self::AreAll }
    }
}

/// What all files say together, but for those that could not be read.
pub(super) fn merge(taken: &[Taken<'_>], unread: &Unread, lists: Lists) -> (KeyBook, Vec<KeyFileNotice>) {
    let (mut book, mut notices) = (KeyBook::default(), Vec::new());
    // A server that is named in a file of publishers has them from there.
    let pooled: BTreeSet<&str> =
        taken.iter().flat_map(|file| file.content.publishers_by_server.keys()).map(String::as_str).collect();
    let mut servers = BTreeMap::<&str, Vec<&Taken<'_>>>::new();
    for file in taken {
        servers.entry(&file.server).or_default().push(file);
        for (server, publishers) in &file.content.publishers_by_server {
            book.publishers_by_server.entry(server.clone()).or_default().extend(publishers);
        }
    }
    // A name without key files may be another server's old one, so nobody says of those without publishers that they pay themselves.
    let has_keys = |server: &str| {
        let of_server = servers.get(server).into_iter().flatten();
        of_server.into_iter().any(|file| !file.content.validators.is_empty())
    };
    let is_any_named = taken.iter().any(|file| !file.content.validators.is_empty());
    let nameless: Vec<&str> = pooled.iter().filter(|server| is_any_named && !has_keys(server)).copied().collect();
    let is_any_pool_unknown = unread.has_publishers() || !nameless.is_empty();
    let without_keys = |server: &&str| KeyFileNotice::ServerWithoutKeys { server: (*server).to_owned() };
    notices.extend(nameless.iter().filter(|server| !unread.is_any_of(server)).map(without_keys));
    let defaults: BTreeMap<&str, Defaults<'_>> =
        servers.iter().map(|(server, files)| (*server, Defaults::of(server, files, unread))).collect();
    let mut named = HashSet::new();
    // An encrypted key is mostly one that a keystore beside it names, so these come last.
    let is_key = |file: &&Taken<'_>| file.content.kind == FileKind::EncryptedKey;
    for file in taken.iter().filter(|file| !is_key(file)).chain(taken.iter().filter(is_key)) {
        let Some(defaults) = defaults.get(file.server.as_str()) else { continue };
        let entries = entries(file, defaults, pooled.contains(file.server.as_str()) || is_any_pool_unknown, lists);
        let used = entries.iter().flat_map(|entry| &entry.publishers).chain(&file.content.publishers);
        let top =
            if defaults.pooled_from.contains(&file.path) { file.content.default_publishers.listed() } else { &[] };
        let used: BTreeSet<Address> = used.chain(top).copied().collect();
        if !used.is_empty() {
            book.publishers_by_server.entry(file.server.clone()).or_default().extend(used);
        }
        notices.extend(defaults.leak(file));
        let is_key = file.content.kind == FileKind::EncryptedKey;
        for entry in entries {
            let is_new = named.insert((&file.server, entry.attester));
            if is_new || !is_key {
                book.entries.push(entry);
            }
        }
    }
    (book, notices)
}

/// What the tops of a server's files say together.
struct Defaults<'a> {
    coinbase: Option<&'a Taken<'a>>,
    /// Whether a file that could not be read may say another one.
    is_coinbase_unread: bool,
    publishers: Vec<Address>,
    pooled_from: Vec<&'a Path>,
    /// Whether there may be publishers that are not legible, or stand in a file that could not be read.
    has_others: bool,
}

impl<'a> Defaults<'a> {
    fn of(server: &str, files: &[&'a Taken<'a>], unread: &Unread) -> Self {
        let coinbase = files.iter().rev().find(|file| file.content.coinbase != WrittenCoinbase::Absent).copied();
        let (mut publishers, mut pooled) = (Vec::<Address>::new(), HashSet::new());
        let (mut pooled_from, mut is_any_illegible, mut is_mnemonic) = (Vec::new(), false, false);
        let says_publishers = |file: &&&Taken<'_>| match file.content.default_publishers {
            WrittenPublishers::Absent | WrittenPublishers::Null => false,
            WrittenPublishers::Zero | WrittenPublishers::Listed(_) | WrittenPublishers::Illegible(_) => true,
        };
        for file in files.iter().filter(says_publishers) {
            // Lists are pooled; of a mnemonic and whatever else the later one counts.
            if is_mnemonic || file.content.has_publisher_mnemonic {
                (publishers, pooled, pooled_from, is_any_illegible) = (Vec::new(), HashSet::new(), Vec::new(), false);
            }
            is_mnemonic = file.content.has_publisher_mnemonic;
            is_any_illegible |= file.content.default_publishers.is_illegible();
            let listed = file.content.default_publishers.listed();
            if !listed.is_empty() {
                pooled_from.push(file.path);
            }
            publishers.extend(listed.iter().filter(|publisher| pooled.insert(**publisher)));
        }
        let has_others = is_any_illegible || unread.is_any_of(server);
        let is_coinbase_unread = match coinbase {
            Some(file) => unread.is_any_after(server, file.path),
            None => unread.is_any_of(server),
        };
        Self { coinbase, is_coinbase_unread, publishers, pooled_from, has_others }
    }

    fn coinbase(&self) -> WrittenCoinbase {
        self.coinbase.map_or(WrittenCoinbase::Absent, |file| file.content.coinbase)
    }

    /// Whether another file's top holds for validators of this one.
    fn leak(&self, file: &Taken<'_>) -> Option<KeyFileNotice> {
        let validators = || file.content.validators.iter();
        let lacks_coinbase = validators().any(|validator| validator.coinbase == WrittenCoinbase::Absent);
        let is_absent = |written: &WrittenPublishers| match written {
            WrittenPublishers::Absent | WrittenPublishers::Null => true,
            WrittenPublishers::Zero | WrittenPublishers::Listed(_) | WrittenPublishers::Illegible(_) => false,
        };
        let lacks_publisher = validators().any(|validator| is_absent(&validator.publishers));
        let coinbase = self.coinbase.map(|from| from.path).filter(|from| lacks_coinbase && *from != file.path);
        let publisher = self.pooled_from.iter().copied().find(|from| lacks_publisher && *from != file.path);
        let from = coinbase.or(publisher)?;
        Some(KeyFileNotice::DefaultsLeak { from: shown_path(from), into: shown_path(file.path) })
    }
}

fn entries(file: &Taken<'_>, defaults: &Defaults<'_>, has_pool: bool, lists: Lists) -> Vec<KeyEntry> {
    let path = shown_path(file.path);
    let is_run = file.content.kind == FileKind::Keystore;
    let mut entries = Vec::new();
    for validator in &file.content.validators {
        for (attester, bls) in &validator.keys {
            let (coinbase, coinbase_fault) = coinbase_of(*attester, validator, defaults);
            let publishers = match &validator.publishers {
                WrittenPublishers::Listed(listed) | WrittenPublishers::Illegible(listed) => Some(listed.clone()),
                WrittenPublishers::Zero => Some(Vec::new()),
                WrittenPublishers::Absent | WrittenPublishers::Null => {
                    Some(defaults.publishers.clone()).filter(|pool| !pool.is_empty())
                }
            };
            let pays_itself = publishers.is_none() && is_run && !has_pool && !defaults.has_others;
            let own = if pays_itself { vec![*attester] } else { Vec::new() };
            entries.push(KeyEntry {
                attester: *attester,
                coinbase,
                coinbase_fault,
                publishers: publishers.unwrap_or(own),
                pays_itself,
                bls_public_key: bls.map(Into::into),
                server: file.server.clone(),
                file: path.clone(),
                index: validator.index,
                is_run: is_run || lists == Lists::AreAll,
            });
        }
    }
    entries
}

fn coinbase_of(
    attester: Address,
    validator: &Validator,
    defaults: &Defaults<'_>,
) -> (Option<Coinbase>, Option<CoinbaseFault>) {
    let written = match validator.coinbase {
        WrittenCoinbase::Absent if defaults.is_coinbase_unread => return (None, Some(CoinbaseFault::Unread)),
        WrittenCoinbase::Absent => defaults.coinbase(),
        own @ (WrittenCoinbase::Zero | WrittenCoinbase::Illegible | WrittenCoinbase::Address(_)) => own,
    };
    match written {
        WrittenCoinbase::Absent => (None, None),
        WrittenCoinbase::Zero => (None, Some(CoinbaseFault::Zero)),
        WrittenCoinbase::Illegible => (None, Some(CoinbaseFault::Illegible)),
        WrittenCoinbase::Address(address) => (Coinbase::try_from(address).ok().filter(|_| address != attester), None),
    }
}
