//! What a ledger holds, and its form on disk.
//!
//! The file is JSON with a version. Events are short lists, because thousands of keys are read at every start. What does
//! not hang together is not read at all: the ledger is never trusted and never needed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::key::LedgerKey;
use crate::domain::attester::delegation::LogId;
use crate::domain::block::BlockRef;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::ledger::{Change, Corroboration, LedgerEvent};
use crate::domain::provider::split::SplitRecord;
use crate::domain::provider::terms::TermsChange;
use crate::text::fixed::Fixed;

/// The most providers that a file may cover: each is asked for in every query, and nobody runs as many.
const MOST_PROVIDERS: usize = 1_000;

/// Version 1 kept delegations only, which nothing could prove to be complete.
pub(super) const VERSION: u32 = 2;

/// An event and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) event: LedgerEvent,
    pub(super) seen: Corroboration,
    /// The chain's newest block when it was read first.
    pub(super) at: u64,
    /// The endpoint that told it, when this process read it.
    pub(super) giver: Option<usize>,
}

/// The content of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Book {
    pub(super) key: LedgerKey,
    pub(super) provider_ids: BTreeSet<ProviderId>,
    /// Blocks up to which the ledger was read, oldest first.
    pub(super) anchors: Vec<BlockRef>,
    /// The newest block at which the registry's counters confirmed it.
    pub(super) proven_to: Option<u64>,
    /// The last block that the only endpoint was asked about again, on its way round through the ledger.
    pub(super) asked_to: Option<u64>,
    /// How far the last blocks were read again before that was cut.
    pub(super) again_to: Option<u64>,
    /// In the chain's order.
    pub(super) entries: Vec<Entry>,
    /// What the factory told of the splits.
    pub(super) splits: BTreeMap<Coinbase, SplitRecord>,
    /// Widest log range that each endpoint was seen to grant, in blocks.
    pub(super) log_ranges: BTreeMap<String, u64>,
}

/// Why a file is not used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// Of an older or newer program, or of something else: nothing is wrong with it.
    Other,
    /// No ledger, or a broken one.
    Damaged { line: usize, column: usize },
    /// Its parts contradict each other.
    Disordered,
}

#[derive(Deserialize)]
struct Head {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    key: LedgerKey,
    provider_ids: BTreeSet<ProviderId>,
    anchors: Vec<BlockRef>,
    proven_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    asked_to: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    again_to: Option<u64>,
    log_ranges: BTreeMap<String, u64>,
    splits: Vec<(Coinbase, Fixed<20>, Fixed<20>, u16)>,
    events: Vec<Record>,
}

/// Block, index, block's hash, transaction's hash, provider, what happened; and the chain's newest block at the first
/// look, until there was a second one.
#[derive(Serialize, Deserialize)]
struct Record(u64, u64, Fixed<32>, Fixed<32>, ProviderId, Kept, Option<u64>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Registered(u16),
    TakeRate(u16),
    Recipient(Fixed<20>),
    Added(Vec<Fixed<20>>),
    Dripped(Fixed<20>),
    Staked(Fixed<20>, Fixed<20>, Coinbase, Fixed<20>),
}

impl Book {
    /// An empty one.
    pub(super) fn new(key: LedgerKey) -> Self {
        Self {
            key,
            provider_ids: BTreeSet::new(),
            anchors: Vec::new(),
            proven_to: None,
            asked_to: None,
            again_to: None,
            entries: Vec::new(),
            splits: BTreeMap::new(),
            log_ranges: BTreeMap::new(),
        }
    }

    /// The bytes of its file.
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        let split = |(coinbase, record): (&Coinbase, &SplitRecord)| -> (Coinbase, Fixed<20>, Fixed<20>, u16) {
            (*coinbase, record.provider_recipient.into(), record.delegator_recipient.into(), record.provider_bps)
        };
        serde_json::to_vec(&File {
            version: VERSION,
            key: self.key.clone(),
            provider_ids: self.provider_ids.clone(),
            anchors: self.anchors.clone(),
            proven_to: self.proven_to,
            asked_to: self.asked_to,
            again_to: self.again_to,
            log_ranges: self.log_ranges.clone(),
            splits: self.splits.iter().map(split).collect(),
            events: self.entries.iter().map(record).collect(),
        })
    }

    /// Reads a file that must belong to `key`.
    pub(super) fn decode(bytes: &[u8], key: &LedgerKey) -> Result<Self, Unusable> {
        let file: File = match serde_json::from_slice(bytes) {
            Ok(file) => file,
            Err(error) => {
                let is_other = serde_json::from_slice::<Head>(bytes).is_ok_and(|head| head.version != VERSION);
                let damaged = Unusable::Damaged { line: error.line(), column: error.column() };
                return Err(if is_other { Unusable::Other } else { damaged });
            }
        };
        if file.version != VERSION || file.key != *key {
            return Err(Unusable::Other);
        }
        let split = |(coinbase, provider, delegator, provider_bps): (Coinbase, Fixed<20>, Fixed<20>, u16)| {
            let (provider_recipient, delegator_recipient) = (provider.into(), delegator.into());
            (coinbase, SplitRecord { provider_recipient, delegator_recipient, provider_bps })
        };
        let book = Self {
            key: file.key,
            provider_ids: file.provider_ids,
            anchors: file.anchors,
            proven_to: file.proven_to,
            asked_to: file.asked_to,
            again_to: file.again_to,
            entries: file.events.into_iter().map(entry).collect(),
            splits: file.splits.into_iter().map(split).collect(),
            log_ranges: file.log_ranges,
        };
        if book.is_in_order() { Ok(book) } else { Err(Unusable::Disordered) }
    }

    fn is_in_order(&self) -> bool {
        let place = |entry: &Entry| (entry.event.log.block_number, entry.event.log.log_index);
        let last = self.anchors.last().map(|anchor| anchor.number);
        let covers = |number: u64| number >= self.key.from_block && last.is_some_and(|last| number <= last);
        self.provider_ids.len() <= MOST_PROVIDERS
            && self.anchors.is_sorted_by(|a, b| a.number < b.number)
            && self.anchors.iter().all(|anchor| covers(anchor.number))
            && self.entries.is_sorted_by(|a, b| place(a) < place(b))
            && self.proven_to.is_none_or(covers)
            && self.entries.iter().all(|entry| {
                covers(entry.event.log.block_number) && self.provider_ids.contains(&entry.event.provider_id)
            })
    }
}

fn record(entry: &Entry) -> Record {
    let LogId { block_number, log_index, block_hash, transaction_hash } = entry.event.log;
    let kept = match &entry.event.change {
        Change::Terms(TermsChange::Registered { take_rate_bps }) => Kept::Registered(*take_rate_bps),
        Change::Terms(TermsChange::TakeRate { take_rate_bps }) => Kept::TakeRate(*take_rate_bps),
        Change::Terms(TermsChange::Recipient { recipient }) => Kept::Recipient((*recipient).into()),
        Change::Added { attesters } => Kept::Added(attesters.iter().map(|attester| (*attester).into()).collect()),
        Change::Dripped { attester } => Kept::Dripped((*attester).into()),
        Change::Staked { rollup, attester, coinbase, staker } => {
            Kept::Staked((*rollup).into(), (*attester).into(), *coinbase, (*staker).into())
        }
    };
    let once = match entry.seen {
        Corroboration::Confirmed => None,
        // A dispute is looked into again by the next process.
        Corroboration::Once | Corroboration::Disputed => Some(entry.at),
    };
    Record(block_number, log_index, block_hash.into(), transaction_hash.into(), entry.event.provider_id, kept, once)
}

fn entry(record: Record) -> Entry {
    let Record(block_number, log_index, block_hash, transaction_hash, provider_id, kept, once) = record;
    let change = match kept {
        Kept::Registered(take_rate_bps) => Change::Terms(TermsChange::Registered { take_rate_bps }),
        Kept::TakeRate(take_rate_bps) => Change::Terms(TermsChange::TakeRate { take_rate_bps }),
        Kept::Recipient(recipient) => Change::Terms(TermsChange::Recipient { recipient: recipient.into() }),
        Kept::Added(attesters) => Change::Added { attesters: attesters.into_iter().map(Into::into).collect() },
        Kept::Dripped(attester) => Change::Dripped { attester: attester.into() },
        Kept::Staked(rollup, attester, coinbase, staker) => {
            Change::Staked { rollup: rollup.into(), attester: attester.into(), coinbase, staker: staker.into() }
        }
    };
    let log =
        LogId { block_number, log_index, block_hash: block_hash.into(), transaction_hash: transaction_hash.into() };
    let seen = if once.is_some() { Corroboration::Once } else { Corroboration::Confirmed };
    Entry { event: LedgerEvent { log, provider_id, change }, seen, at: once.unwrap_or(block_number), giver: None }
}
