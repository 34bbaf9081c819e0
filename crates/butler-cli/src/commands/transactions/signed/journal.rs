//! What was signed for one account, written down before it is sent; and what became of it.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use butler_core::domain::action::EffectKey;
use butler_core::store::file::StoreError;
use butler_core::store::private::{lock_private, save_private};
use butler_core::store::record::{Format, Record, RecordError, load_record};
use butler_core::transaction::Call;
use butler_core::transaction::signed::{Outcome, SignedTransaction, Written};
use ethers_core::types::{Address, Bytes, H256};
use serde::{Deserialize, Serialize};

use crate::error::SignedFault;

/// How many transactions are remembered whose end is final.
const REMEMBERED: usize = 200;

/// The account that a file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Subject {
    chain_id: u64,
    account: Address,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    version: u32,
    subject: Subject,
    transactions: Vec<Entry>,
}

/// All that was signed with one nonce.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// The effect that it is part of.
    pub(super) effect: EffectKey,
    /// What it does, in words.
    pub(super) says: String,
    /// The nonce.
    pub(super) nonce: u64,
    /// The first transaction and those in its place.
    versions: Vec<Version>,
    /// How it ended, for good.
    pub(super) ended: Option<End>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    hash: H256,
    raw: Bytes,
    signed_at: u64,
}

/// How the use of a nonce ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "how")]
pub(super) enum End {
    /// The transaction did what it was for.
    Done { hash: H256, block: u64 },
    /// It reverted.
    Reverted { hash: H256, block: u64 },
    /// Something that was not sent from here used the nonce.
    Displaced,
}

impl From<Outcome> for End {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded { hash, block } => Self::Done { hash, block },
            Outcome::Reverted { hash, block } => Self::Reverted { hash, block },
            Outcome::Displaced => Self::Displaced,
        }
    }
}

impl From<End> for Outcome {
    fn from(end: End) -> Self {
        match end {
            End::Done { hash, block } => Self::Succeeded { hash, block },
            End::Reverted { hash, block } => Self::Reverted { hash, block },
            End::Displaced => Self::Displaced,
        }
    }
}

/// An entry with its transactions, read from their bytes.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    /// The first and those in its place.
    pub(super) transactions: Vec<SignedTransaction>,
}

impl Kept {
    /// The one that is sent: the last.
    pub(super) fn last(&self) -> Option<&SignedTransaction> {
        self.transactions.last()
    }

    /// When the last was signed, in unix seconds.
    pub(super) fn signed_at(&self) -> u64 {
        self.entry.versions.last().map(|version| version.signed_at).unwrap_or_default()
    }

    /// Whether one that does nothing was sent in its place.
    pub(super) fn is_cancelled(&self) -> bool {
        self.transactions.iter().any(|one| one.draft().is_cancellation())
    }

    /// Their hashes.
    pub(super) fn hashes(&self) -> impl Iterator<Item = H256> {
        self.transactions.iter().map(SignedTransaction::hash)
    }
}

impl Record for Content {
    type Subject = Subject;

    const FORMAT: Format = Format { what: "a file of signed transactions", version: 1, limit: 64 << 20 };

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

/// The file of one account, which no other command has at the same time.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    subject: Subject,
    kept: Vec<Kept>,
    /// Held until the journal goes; `None` of one that is only looked at.
    _lock: Option<File>,
}

impl Journal {
    /// Opens the file of an account in that folder. Blocks.
    pub(super) fn open(folder: &Path, chain_id: u64, account: Address) -> Result<Self, SignedFault> {
        let path = file_of(folder, chain_id, account);
        let lock = lock_private(&path.with_extension("lock")).map_err(SignedFault::NotKept)?;
        let lock = lock.ok_or(SignedFault::Busy)?;
        Ok(Self { _lock: Some(lock), ..Self::look(folder, chain_id, account)? })
    }

    /// Looks at the file of an account, which another command may be at. Blocks.
    pub(super) fn look(folder: &Path, chain_id: u64, account: Address) -> Result<Self, SignedFault> {
        let path = file_of(folder, chain_id, account);
        let subject = Subject { chain_id, account };
        let content: Content = match load_record(&path, &subject) {
            Ok(content) => content,
            Err(error) if error.is_missing() => {
                Content { version: Content::FORMAT.version, subject, transactions: Vec::new() }
            }
            Err(error) => return Err(SignedFault::Journal(error)),
        };
        let kept = content.transactions.into_iter().map(|entry| entry.read(&subject)).collect::<Option<_>>();
        let malformed = || RecordError::Malformed { path: path.clone(), what: Content::FORMAT.what };
        let kept = kept.ok_or_else(|| SignedFault::Journal(malformed()))?;
        Ok(Self { path, subject, kept, _lock: None })
    }

    /// The accounts of a chain that have a file in that folder.
    pub(super) fn accounts(folder: &Path, chain_id: u64) -> Vec<Address> {
        let before = format!("signed-{chain_id}-");
        let names =
            folder.read_dir().into_iter().flatten().flatten().filter_map(|file| file.file_name().into_string().ok());
        let mut accounts: Vec<Address> =
            names.filter_map(|name| name.strip_prefix(&before)?.strip_suffix(".json")?.parse().ok()).collect();
        accounts.sort();
        accounts
    }

    /// Whose it is.
    pub(super) fn account(&self) -> Address {
        self.subject.account
    }

    /// All that is remembered.
    pub(super) fn kept(&self) -> &[Kept] {
        &self.kept
    }

    /// What has this nonce and has not ended.
    pub(super) fn open_at(&self, nonce: u64) -> Option<&Kept> {
        self.kept.iter().find(|kept| kept.entry.nonce == nonce && kept.entry.ended.is_none())
    }

    /// What was signed with this nonce first: the call that it is for.
    pub(super) fn call_of(&self, nonce: u64) -> Option<&Call> {
        let kept = self.kept.iter().rev().find(|kept| kept.entry.nonce == nonce)?;
        kept.transactions.first().map(|first| &first.draft().call)
    }

    /// What has not ended for good.
    pub(super) fn under_way(&self) -> impl Iterator<Item = &Kept> {
        self.kept.iter().filter(|kept| kept.entry.ended.is_none())
    }

    /// The same, as it is decided on.
    pub(super) fn written(&self, outcomes: &BTreeMap<u64, Outcome>) -> Vec<Written> {
        let written = |kept: &Kept| {
            Some(Written {
                nonce: kept.entry.nonce,
                call: kept.transactions.first()?.draft().call.clone(),
                says: kept.entry.says.clone(),
                is_cancelled: kept.is_cancelled(),
                hash: kept.last()?.hash(),
                outcome: outcomes.get(&kept.entry.nonce).copied(),
            })
        };
        self.under_way().filter_map(written).collect()
    }

    /// Writes a transaction down, before its first byte leaves; in the place of another one where that has its nonce. Blocks.
    pub(super) fn note(
        &mut self,
        transaction: SignedTransaction,
        (effect, says): (&EffectKey, &str),
        now: u64,
    ) -> Result<(), SignedFault> {
        let nonce = transaction.draft().nonce;
        let version = Version { hash: transaction.hash(), raw: transaction.raw().clone(), signed_at: now };
        match self.kept.iter_mut().find(|kept| kept.entry.nonce == nonce && kept.entry.ended.is_none()) {
            Some(kept) => {
                kept.entry.versions.push(version);
                kept.transactions.push(transaction);
            }
            None => {
                let entry = Entry {
                    effect: effect.clone(),
                    says: says.to_owned(),
                    nonce,
                    versions: vec![version],
                    ended: None,
                };
                self.kept.push(Kept { entry, transactions: vec![transaction] });
            }
        }
        self.save()
    }

    /// These ended for good. Blocks.
    pub(super) fn end(&mut self, ends: &BTreeMap<u64, Outcome>) -> Result<(), SignedFault> {
        let mut changed = false;
        for kept in self.kept.iter_mut().filter(|kept| kept.entry.ended.is_none()) {
            if let Some(outcome) = ends.get(&kept.entry.nonce) {
                kept.entry.ended = Some((*outcome).into());
                changed = true;
            }
        }
        if !changed {
            return Ok(());
        }
        let mut surplus = self.kept.iter().filter(|kept| kept.entry.ended.is_some()).count().saturating_sub(REMEMBERED);
        self.kept.retain(|kept| {
            let goes = kept.entry.ended.is_some() && surplus > 0;
            surplus = surplus.saturating_sub(u64::from(goes).try_into().unwrap_or_default());
            !goes
        });
        self.save()
    }

    fn save(&self) -> Result<(), SignedFault> {
        let transactions = self.kept.iter().map(|kept| kept.entry.clone()).collect();
        let content = Content { version: Content::FORMAT.version, subject: self.subject, transactions };
        let bytes = serde_json::to_vec(&content).map_err(|error| {
            SignedFault::NotKept(StoreError::Write { path: self.path.clone(), source: error.into() })
        })?;
        // Unlike a mere memory: what may be gone after a loss of power is not written down, and nothing is sent on it.
        save_private(&self.path, &bytes).map_err(SignedFault::NotKept)
    }
}

fn file_of(folder: &Path, chain_id: u64, account: Address) -> PathBuf {
    folder.join(format!("signed-{chain_id}-{account:?}.json"))
}

impl Entry {
    /// Reads its transactions; `None` where they are not what the entry says, or nothing.
    fn read(self, subject: &Subject) -> Option<Kept> {
        let read = |version: &Version| {
            let transaction = SignedTransaction::read(&version.raw, subject.chain_id).ok()?;
            let draft = transaction.draft();
            let fits = transaction.hash() == version.hash && draft.nonce == self.nonce && draft.from == subject.account;
            fits.then_some(transaction)
        };
        let transactions: Vec<SignedTransaction> = self.versions.iter().map(read).collect::<Option<_>>()?;
        (!transactions.is_empty()).then_some(Kept { entry: self, transactions })
    }
}
