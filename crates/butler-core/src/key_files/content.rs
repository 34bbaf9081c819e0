//! What one file says, before the files of a server are put together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::{Address, H256};
use serde::Serialize;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// `{"validators": […]}`: a keystore or a file of registered keys.
    Keystore,
    /// `{"attesters": […], "version": "2.0"}`.
    CachedAttesters,
    /// `{"attesters": […], "publishers": […], "version": "1.1"}`.
    ScrapeConfig,
    /// `{"server": ["0x…"]}`.
    Publishers,
    /// `[{"attester": "0x…", "publicKeyG1": …}]`: what was prepared for registration.
    StakerOutput,
    /// One encrypted key, of which only the address is read.
    EncryptedKey,
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keystore => "keystore",
            Self::CachedAttesters => "cached attesters",
            Self::ScrapeConfig => "scrape configuration",
            Self::Publishers => "publishers by server",
            Self::StakerOutput => "staker output",
            Self::EncryptedKey => "encrypted key",
        })
    }
}

/// What stands in a place for a coinbase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum WrittenCoinbase {
    #[default]
    Absent,
    Zero,
    Illegible,
    Address(Address),
}

/// What stands in a place for publishers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum WrittenPublishers {
    #[default]
    Absent,
    /// Those that are legible; none where a list is empty, or where zero stands for "none yet".
    Listed(Vec<Address>),
}

/// One element of a file's list: one or more attesters with what holds for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Validator {
    /// Its position in the file, from 0.
    pub(super) index: usize,
    pub(super) keys: Vec<(Address, Option<H256>)>,
    pub(super) coinbase: WrittenCoinbase,
    pub(super) publishers: WrittenPublishers,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) kind: FileKind,
    /// The schema of a keystore, where it says so.
    pub(super) schema: Option<u64>,
    pub(super) validators: Vec<Validator>,
    /// What a keystore says at its top for all validators.
    pub(super) coinbase: WrittenCoinbase,
    pub(super) default_publishers: WrittenPublishers,
    pub(super) has_funding_account: bool,
    /// Publishers of the file's own server that no validator names.
    pub(super) publishers: BTreeSet<Address>,
    /// Publishers of servers that the file names.
    pub(super) publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
    /// Why attesters of this file are not known, although the file was read.
    pub(super) illegible: Option<String>,
}

impl Content {
    pub(super) fn new(kind: FileKind) -> Self {
        Self {
            kind,
            schema: None,
            validators: Vec::new(),
            coinbase: WrittenCoinbase::Absent,
            default_publishers: WrittenPublishers::Absent,
            has_funding_account: false,
            publishers: BTreeSet::new(),
            publishers_by_server: BTreeMap::new(),
            illegible: None,
        }
    }

    /// Whether every entry's attester and coinbase could be read.
    pub(super) fn is_legible(&self) -> bool {
        let mut written = self.validators.iter().map(|validator| validator.coinbase).chain([self.coinbase]);
        self.illegible.is_none() && written.all(|coinbase| coinbase != WrittenCoinbase::Illegible)
    }

    /// Takes for what is illegible here what an earlier content of the same file says.
    pub(super) fn fill_from(&mut self, earlier: &Self) {
        if self.coinbase == WrittenCoinbase::Illegible {
            self.coinbase = earlier.coinbase;
        }
        let keys = |validator: &Validator| validator.keys.iter().map(|(attester, _)| *attester).collect::<Vec<_>>();
        let known: BTreeMap<Address, WrittenCoinbase> = earlier
            .validators
            .iter()
            .flat_map(|validator| keys(validator).into_iter().map(|attester| (attester, validator.coinbase)))
            .collect();
        for validator in self.validators.iter_mut().filter(|one| one.coinbase == WrittenCoinbase::Illegible) {
            if let Some(before) = validator.keys.first().and_then(|(attester, _)| known.get(attester)) {
                validator.coinbase = *before;
            }
        }
        if self.illegible.take().is_some() {
            let named: BTreeSet<Address> = self.validators.iter().flat_map(keys).collect();
            let mut lost = earlier.validators.clone();
            for validator in &mut lost {
                validator.keys.retain(|(attester, _)| !named.contains(attester));
            }
            self.validators.extend(lost.into_iter().filter(|validator| !validator.keys.is_empty()));
            self.validators.sort_by_key(|validator| validator.index);
        }
    }

    /// How many attesters it names.
    pub(super) fn attester_count(&self) -> usize {
        self.validators.iter().map(|validator| validator.keys.len()).sum()
    }

    /// How much it takes to keep it, in addresses.
    pub(super) fn size(&self) -> usize {
        let listed = |publishers: &WrittenPublishers| match publishers {
            WrittenPublishers::Absent => 0,
            WrittenPublishers::Listed(listed) => listed.len(),
        };
        let named: usize = self.validators.iter().map(|validator| 1 + listed(&validator.publishers)).sum();
        let by_server: usize = self.publishers_by_server.values().map(BTreeSet::len).sum();
        self.attester_count() + named + by_server + self.publishers.len() + listed(&self.default_publishers)
    }
}
