//! What need not be found out again: verdicts of the escrow's verifier, whose deposit made an attester a validator, and who may
//! withdraw what was staked.
//!
//! None of it can change once it is true, so each is read once and kept beside the ledger. The file is never trusted further
//! than whoever told it: what two endpoints agree on stays, what one alone told is asked again after a day, and as soon as
//! there is another endpoint to ask. Without the file everything is read anew.

mod claim;
mod deposits;
mod file;
mod proofs;
mod refund_book;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ethers_core::types::{Address, H256};
use tokio::time::Instant;

pub(super) use self::claim::Claim;
use self::file::{Counted, File, Owner, Proof, Success, Unrefunded, VERSION, load};
pub(super) use self::refund_book::{Refund, RefundBook};
pub(super) use self::told::{ALONE, Told};
use super::ledger::LedgerKey;
use crate::client::l1::L1Client;
use crate::store::file::StoreError;
use crate::store::private::save_private;

/// How long other endpoints are not asked again that did not tell what one told.
const PAUSE: Duration = Duration::from_secs(60);

/// The memory, with its place on disk.
#[derive(Debug)]
pub(super) struct Memo {
    path: Option<PathBuf>,
    key: LedgerKey,
    proofs: BTreeMap<(H256, Option<u64>), Proof>,
    successes: BTreeMap<Address, Success>,
    owners: BTreeMap<Claim, Owner>,
    waiting: BTreeSet<H256>,
    /// By endpoint.
    refunds: BTreeMap<String, RefundBook>,
    /// When it was found out, and who told it.
    unrefunded: BTreeMap<Claim, (u64, Told)>,
    /// By attester; nothing of it where there is only one endpoint.
    counted: BTreeMap<Address, Counted>,
    /// When others may be asked again about what one of several endpoints told.
    second_word_at: Option<Instant>,
    is_saved: bool,
}

impl Memo {
    /// The memory beside the ledger at `ledger`; a ledger that is not kept has none that is kept. Blocks.
    pub(super) fn beside(ledger: Option<&Path>, key: LedgerKey) -> Self {
        let path = ledger.map(|path| path.with_extension("checks.json"));
        let mut memo = Self {
            path,
            key,
            proofs: BTreeMap::new(),
            successes: BTreeMap::new(),
            owners: BTreeMap::new(),
            waiting: BTreeSet::new(),
            refunds: BTreeMap::new(),
            unrefunded: BTreeMap::new(),
            counted: BTreeMap::new(),
            second_word_at: None,
            is_saved: true,
        };
        if let Some(file) = memo.path.as_ref().and_then(|path| load(path, &memo.key)) {
            memo.proofs = file.proofs.into_iter().map(|proof| ((proof.digest, proof.cap), proof)).collect();
            memo.successes = file.successes.into_iter().map(|success| (success.attester, success)).collect();
            memo.owners = file.owners.into_iter().map(|owner| (owner.delegation, owner)).collect();
            memo.waiting = file.waiting;
            memo.refunds = file.refunds.into_iter().map(|book| (book.endpoint.clone(), book)).collect();
            for Unrefunded { at, told, delegations } in file.unrefunded {
                memo.unrefunded.extend(delegations.into_iter().map(|delegation| (delegation, (at, told.clone()))));
            }
            memo.counted = file.counted.into_iter().collect();
        }
        memo
    }

    /// Forgets all of it.
    pub(super) fn forget(&mut self) {
        self.proofs.clear();
        self.successes.clear();
        self.owners.clear();
        self.waiting.clear();
        self.refunds.clear();
        self.unrefunded.clear();
        self.counted.clear();
        self.is_saved = false;
    }

    /// Whether what one of several endpoints told may be asked again now, because another one can be.
    pub(super) fn may_seek_second_word(&self, client: &L1Client) -> bool {
        let able = client.endpoints().iter().filter(|endpoint| !endpoint.is_quarantined()).count();
        able > 1 && self.second_word_at.is_none_or(|at| at <= Instant::now())
    }

    /// Notes that no second endpoint told it.
    pub(super) fn note_no_second_word(&mut self) {
        self.second_word_at = Instant::now().checked_add(PAUSE);
    }

    /// Writes the memory when it changed. Blocks.
    ///
    /// # Errors
    /// What stopped the file from being replaced; the old one is still whole.
    pub(super) fn save(&mut self) -> Result<(), StoreError> {
        let Some(path) = self.path.as_ref().filter(|_| !self.is_saved) else { return Ok(()) };
        let file = File {
            version: VERSION,
            key: self.key.clone(),
            proofs: self.proofs.values().cloned().collect(),
            successes: self.successes.values().cloned().collect(),
            owners: self.owners.values().cloned().collect(),
            waiting: self.waiting.clone(),
            refunds: self.refunds.values().cloned().collect(),
            unrefunded: self.unrefunded_groups(),
            counted: self.counted.iter().map(|(attester, counted)| (*attester, *counted)).collect(),
        };
        let bytes = serde_json::to_vec(&file)
            .map_err(|error| StoreError::Write { path: path.clone(), source: error.into() })?;
        save_private(path, &bytes)?;
        self.is_saved = true;
        Ok(())
    }
}
