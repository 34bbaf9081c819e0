//! What one file says, before the files of a server are put together.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::folders::KeyFolders;
use super::shown::shown_key;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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

impl FileKind {
    /// Whether what a file of another kind says of its attesters may have moved into one of this kind, which says as much: a keystore
    /// says all that a node knows of them, a list of an older tool their coinbases at most, the others only that they are there.
    pub(super) fn says_as_much_as(self, other: Self) -> bool {
        let said = |kind: Self| match kind {
            Self::Keystore => 2,
            Self::CachedAttesters | Self::ScrapeConfig => 1,
            Self::Publishers | Self::StakerOutput | Self::EncryptedKey => 0,
        };
        said(self) >= said(other)
    }
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WrittenCoinbase {
    #[default]
    Absent,
    Zero,
    Illegible,
    Address(Address),
}

/// What stands in a place for publishers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum WrittenPublishers {
    #[default]
    Absent,
    /// `null`, which a node takes for absent. Not so where publishers stood before: nobody writes that on purpose.
    Null,
    /// The zero address, which stands for "none yet" in files that were just made.
    Zero,
    /// All of them.
    Listed(Vec<Address>),
    /// Some are not legible, or the list is empty, which no node can use; these are.
    Illegible(Vec<Address>),
}

impl WrittenPublishers {
    /// Those that are legible.
    pub(super) fn listed(&self) -> &[Address] {
        match self {
            Self::Absent | Self::Null | Self::Zero => &[],
            Self::Listed(listed) | Self::Illegible(listed) => listed,
        }
    }

    pub(super) fn is_illegible(&self) -> bool {
        match self {
            Self::Absent | Self::Null | Self::Zero | Self::Listed(_) => false,
            Self::Illegible(_) => true,
        }
    }

    /// Whether something stands there that names nobody.
    pub(super) fn is_void(&self) -> bool {
        match self {
            Self::Null | Self::Zero => true,
            Self::Absent | Self::Listed(_) | Self::Illegible(_) => false,
        }
    }

    /// What it says where nothing stood before.
    fn settle(&mut self) {
        match self {
            Self::Null => *self = Self::Absent,
            Self::Zero => *self = Self::Listed(Vec::new()),
            Self::Absent | Self::Listed(_) | Self::Illegible(_) => {}
        }
    }
}

/// One element of a file's list: one or more attesters with what holds for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Validator {
    /// Its position in the file, from 0.
    pub(super) index: usize,
    /// Attesters with their BLS keys. Written without these: nobody has vouched for them.
    #[serde(rename = "attesters", serialize_with = "write_attesters", deserialize_with = "read_attesters")]
    pub(super) keys: Vec<(Address, Option<H256>)>,
    pub(super) coinbase: WrittenCoinbase,
    pub(super) publishers: WrittenPublishers,
    /// The folders of encrypted keys that it leads to.
    #[serde(default, skip_serializing_if = "KeyFolders::is_empty")]
    pub(super) folders: KeyFolders,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) kind: FileKind,
    /// The schema of a keystore, where it says so.
    pub(super) schema: Option<u64>,
    pub(super) validators: Vec<Validator>,
    /// What a keystore says at its top for all validators.
    pub(super) coinbase: WrittenCoinbase,
    pub(super) default_publishers: WrittenPublishers,
    /// Whether those are of a mnemonic.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_publisher_mnemonic: bool,
    pub(super) has_funding_account: bool,
    /// Whether a keystore has the section of a prover.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) has_prover: bool,
    /// Publishers of the file's own server that no validator names.
    pub(super) publishers: BTreeSet<Address>,
    /// Publishers of servers that the file names.
    pub(super) publishers_by_server: BTreeMap<String, BTreeSet<Address>>,
    /// Whether some of the publishers of these two are not legible, or `null` or zero stands in their place.
    pub(super) has_illegible_publishers: bool,
    /// Why attesters of this file are not known, although the file was read.
    pub(super) illegible: Option<String>,
    /// Whether a node's own keystore says at its top where to sign.
    #[serde(skip)]
    pub(super) has_signer: bool,
    /// How many accounts of a node's own keystore are addresses of which neither they nor their validator say where to sign.
    #[serde(skip)]
    pub(super) unsigned: usize,
    /// The folders of encrypted keys that its top leads to, with its prover's as keys.
    #[serde(default, skip_serializing_if = "KeyFolders::is_empty")]
    pub(super) folders: KeyFolders,
}

impl Content {
    pub(super) fn new(kind: FileKind) -> Self {
        Self {
            kind,
            schema: None,
            validators: Vec::new(),
            coinbase: WrittenCoinbase::Absent,
            default_publishers: WrittenPublishers::Absent,
            has_publisher_mnemonic: false,
            has_funding_account: false,
            has_prover: false,
            publishers: BTreeSet::new(),
            publishers_by_server: BTreeMap::new(),
            has_illegible_publishers: false,
            illegible: None,
            has_signer: false,
            unsigned: 0,
            folders: KeyFolders::default(),
        }
    }

    /// Whether every entry's attester, coinbase and publishers could be read.
    pub(super) fn is_legible(&self) -> bool {
        let is_legible = |coinbase: WrittenCoinbase, publishers: &WrittenPublishers| {
            coinbase != WrittenCoinbase::Illegible && !publishers.is_illegible()
        };
        self.illegible.is_none()
            && !self.has_illegible_publishers
            && is_legible(self.coinbase, &self.default_publishers)
            && self.validators.iter().all(|validator| is_legible(validator.coinbase, &validator.publishers))
    }

    /// Whether an earlier content may say what is not said here.
    pub(super) fn has_holes(&self) -> bool {
        let is_void = |validator: &Validator| validator.publishers.is_void();
        let is_any_void = self.default_publishers.is_void() || self.validators.iter().any(is_void);
        !self.is_legible() || is_any_void || self.publishers_by_server.values().any(BTreeSet::is_empty)
    }

    /// What it says where no earlier content says more.
    pub(super) fn settle(&mut self) {
        self.default_publishers.settle();
        self.validators.iter_mut().for_each(|validator| validator.publishers.settle());
    }

    /// Takes for what is not legible here, and for publishers of which none are left, what an earlier content of the same file
    /// says, but for attesters that have moved elsewhere. `None` when that says nothing of it, else the places of publishers that were
    /// taken away.
    pub(super) fn fill_from(&mut self, earlier: &Self, has_moved: impl Fn(Address) -> bool) -> Option<Vec<String>> {
        let as_read = self.clone();
        let mut taken_away = Vec::new();
        fill(&mut self.coinbase, earlier.coinbase);
        if fill_publishers(&mut self.default_publishers, &earlier.default_publishers) {
            taken_away.push("publisher".to_owned());
        }
        if self.has_illegible_publishers {
            self.publishers.extend(&earlier.publishers);
            for (server, publishers) in &earlier.publishers_by_server {
                self.publishers_by_server.entry(server.clone()).or_default().extend(publishers);
            }
        }
        for (server, publishers) in &mut self.publishers_by_server {
            let before = earlier.publishers_by_server.get(server).filter(|before| !before.is_empty());
            if let Some(before) = before.filter(|_| publishers.is_empty()) {
                publishers.clone_from(before);
                taken_away.push(shown_key(server));
            }
        }
        let keys = |validator: &Validator| validator.keys.iter().map(|(attester, _)| *attester).collect::<Vec<_>>();
        let known: BTreeMap<Address, &Validator> = earlier
            .validators
            .iter()
            .flat_map(|validator| keys(validator).into_iter().map(move |attester| (attester, validator)))
            .collect();
        for validator in &mut self.validators {
            if let Some(before) = validator.keys.first().and_then(|(attester, _)| known.get(attester)) {
                fill(&mut validator.coinbase, before.coinbase);
                if fill_publishers(&mut validator.publishers, &before.publishers) {
                    taken_away.push(format!("validators[{}].publisher", validator.index));
                }
            }
        }
        if self.illegible.is_some() && earlier.illegible.is_none() {
            self.illegible = None;
            let named: BTreeSet<Address> = self.validators.iter().flat_map(keys).collect();
            let mut lost = earlier.validators.clone();
            for validator in &mut lost {
                validator.keys.retain(|(attester, _)| !named.contains(attester) && !has_moved(*attester));
            }
            self.validators.extend(lost.into_iter().filter(|validator| !validator.keys.is_empty()));
            self.validators.sort_by_key(|validator| validator.index);
        }
        (*self != as_read).then_some(taken_away)
    }

    /// Whether it says something at its top, which may hold for other files of its server.
    pub(super) fn says_something_for_all(&self) -> bool {
        self.coinbase != WrittenCoinbase::Absent || self.default_publishers != WrittenPublishers::Absent
    }

    /// Whether it names nobody, and says nothing that holds for others.
    pub(super) fn says_nothing(&self) -> bool {
        self.is_empty() && !self.says_something_for_all()
    }

    /// Whether it says at its top what another one says there.
    pub(super) fn has_top_of(&self, other: &Self) -> bool {
        let publishers = self.default_publishers.listed();
        self.coinbase == other.coinbase && other.default_publishers.listed().iter().all(|one| publishers.contains(one))
    }

    /// Every attester that it names.
    pub(super) fn attesters(&self) -> impl Iterator<Item = Address> {
        self.validators.iter().flat_map(|validator| validator.keys.iter().map(|(attester, _)| *attester))
    }

    /// Every account that it says to pay.
    pub(super) fn all_publishers(&self) -> BTreeSet<Address> {
        let named = self.validators.iter().flat_map(|validator| validator.publishers.listed());
        let by_server = self.publishers_by_server.values().flatten();
        let all = named.chain(self.default_publishers.listed()).chain(&self.publishers).chain(by_server);
        all.copied().collect()
    }

    /// Whether it names nobody at all.
    pub(super) fn is_empty(&self) -> bool {
        self.attester_count() == 0 && self.all_publishers().is_empty()
    }

    /// How many attesters it names.
    pub(super) fn attester_count(&self) -> usize {
        self.validators.iter().map(|validator| validator.keys.len()).sum()
    }

    /// How much it takes to keep it, in addresses.
    pub(super) fn size(&self) -> usize {
        let named: usize = self.validators.iter().map(|validator| 1 + validator.publishers.listed().len()).sum();
        let by_server: usize = self.publishers_by_server.values().map(BTreeSet::len).sum();
        self.attester_count() + named + by_server + self.publishers.len() + self.default_publishers.listed().len()
    }
}

fn fill(written: &mut WrittenCoinbase, earlier: WrittenCoinbase) {
    if *written == WrittenCoinbase::Illegible {
        *written = earlier;
    }
}

/// Whether publishers were taken away, which does not count.
fn fill_publishers(written: &mut WrittenPublishers, earlier: &WrittenPublishers) -> bool {
    let is_taken_away = written.is_void() && !earlier.listed().is_empty();
    if is_taken_away || (written.is_illegible() && !earlier.is_illegible()) {
        *written = earlier.clone();
    }
    is_taken_away
}

/// Attesters in a stored file stand without their BLS keys.
fn write_attesters<S: Serializer>(keys: &[(Address, Option<H256>)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(keys.iter().map(|(attester, _)| attester))
}

fn read_attesters<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(Address, Option<H256>)>, D::Error> {
    Ok(Vec::<Address>::deserialize(deserializer)?.into_iter().map(|attester| (attester, None)).collect())
}
