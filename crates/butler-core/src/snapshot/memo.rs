//! What need not be found out again: verdicts of the escrow's verifier, whose deposit made an attester a validator, and who may
//! withdraw what was staked.
//!
//! None of it can change once it is true, so each is read once and kept beside the ledger. The file is never trusted further
//! than whoever told it: what two endpoints agree on stays, what one alone told is asked again after a day, and as soon as
//! there is another endpoint to ask. Without the file everything is read anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};

use super::ledger::LedgerKey;
use super::refund_book::RefundBook;
use crate::client::l1::L1Client;
use crate::domain::delegation::LogId;
use crate::domain::deposit::Winner;
use crate::domain::proof::ProofVerdict;
use crate::store::file::StoreError;
use crate::store::private::{load_private, save_private};

/// Some ten thousand keys are 2 MB.
const FILE_LIMIT: u64 = 8 << 20;
const VERSION: u32 = 1;
/// More delegations than anybody has.
const MOST_UNREFUNDED: usize = 50_000;
/// What the only endpoint told is asked again after so many blocks: about a day.
pub(super) const ALONE: u64 = 7_200;
/// What one of several endpoints told is asked again after so many blocks: about ten minutes.
const ONE_OF_SEVERAL: u64 = 50;

/// Who told something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    /// Two endpoints that agree.
    ByTwo,
    /// One, by its name, when the chain was at that block.
    ByOne { endpoint: String, block: u64 },
}

impl Told {
    /// Whether it is believed at block `number` without asking again.
    pub(super) fn holds(&self, client: &L1Client, number: u64) -> bool {
        match self {
            Self::ByTwo => true,
            Self::ByOne { endpoint, block } => {
                let is_only_witness = client.endpoints().iter().all(|known| known.name() == endpoint);
                let patience = if is_only_witness { ALONE } else { ONE_OF_SEVERAL };
                (*block..block.saturating_add(patience)).contains(&number)
            }
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    /// Of key and proof.
    digest: H256,
    /// What the escrow granted, in gas; `None` where it has no cap.
    cap: Option<u64>,
    verdict: ProofVerdict,
    told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Success {
    attester: Address,
    winner: Winner,
    told: Told,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    delegation: LogId,
    withdrawer: Address,
    told: Told,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    key: LedgerKey,
    proofs: Vec<Proof>,
    successes: Vec<Success>,
    /// Who may withdraw what delegations staked.
    #[serde(default)]
    owners: Vec<Owner>,
    /// Hashes of BLS keys whose deposits waited last.
    #[serde(default)]
    waiting: BTreeSet<H256>,
    /// Refunded deposits, as each endpoint told them.
    #[serde(default)]
    refunds: Vec<RefundBook>,
    /// Delegations whose attesters were validators and were never refunded.
    #[serde(default)]
    unrefunded: Vec<Unrefunded>,
}

/// Delegations of which it was found out together, each by the hash of its block and its place there.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unrefunded {
    at: u64,
    told: Told,
    delegations: Vec<(H256, u64)>,
}

/// The memory, with its place on disk.
#[derive(Debug)]
pub(super) struct Memo {
    path: Option<PathBuf>,
    key: LedgerKey,
    proofs: BTreeMap<(H256, Option<u64>), Proof>,
    successes: BTreeMap<Address, Success>,
    owners: BTreeMap<LogId, Owner>,
    waiting: BTreeSet<H256>,
    /// By endpoint.
    refunds: BTreeMap<String, RefundBook>,
    /// By block and place there: when it was found out, and who told it.
    unrefunded: BTreeMap<(H256, u64), (u64, Told)>,
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
        self.is_saved = false;
    }

    /// The verdict on a proof under that cap, when it need not be asked for at block `number`.
    pub(super) fn proof(&self, client: &L1Client, number: u64, digest: H256, cap: Option<u64>) -> Option<ProofVerdict> {
        let known = self.proofs.get(&(digest, cap))?;
        known.told.holds(client, number).then_some(known.verdict)
    }

    /// Whether nothing is known of a proof, whatever the cap.
    pub(super) fn is_new(&self, digest: H256) -> bool {
        self.proofs.range((digest, None)..=(digest, Some(u64::MAX))).next().is_none()
    }

    /// Keeps a verdict.
    pub(super) fn note_proof(&mut self, digest: H256, cap: Option<u64>, verdict: ProofVerdict, told: Told) {
        let proof = Proof { digest, cap, verdict, told };
        if self.proofs.get(&(digest, cap)) != Some(&proof) {
            self.proofs.insert((digest, cap), proof);
            self.is_saved = false;
        }
    }

    /// Forgets verdicts on proofs that are in no queue of ours any more, and of other caps.
    pub(super) fn keep_proofs(&mut self, cap: Option<u64>, is_queued: impl Fn(H256) -> bool) {
        let before = self.proofs.len();
        self.proofs.retain(|(digest, of), _| *of == cap && is_queued(*digest));
        self.is_saved &= self.proofs.len() == before;
    }

    /// Whose deposit it was, when that need not be asked for at block `number`.
    pub(super) fn winner(&self, client: &L1Client, number: u64, attester: Address) -> Option<Winner> {
        let known = self.successes.get(&attester)?;
        known.told.holds(client, number).then_some(known.winner)
    }

    /// Keeps whose deposit it was.
    pub(super) fn note_winner(&mut self, attester: Address, winner: Winner, told: Told) {
        let success = Success { attester, winner, told };
        if self.successes.get(&attester) != Some(&success) {
            self.successes.insert(attester, success);
            self.is_saved = false;
        }
    }

    /// Forgets successes of attesters of which nobody asks any more.
    pub(super) fn keep_winners(&mut self, is_asked_for: impl Fn(Address) -> bool) {
        let before = self.successes.len();
        self.successes.retain(|attester, _| is_asked_for(*attester));
        self.is_saved &= self.successes.len() == before;
    }

    /// Who may withdraw what a delegation staked, when that need not be asked for at block `number`.
    pub(super) fn withdrawer(&self, client: &L1Client, number: u64, delegation: LogId) -> Option<Address> {
        let known = self.owners.get(&delegation)?;
        known.told.holds(client, number).then_some(known.withdrawer)
    }

    /// Keeps who may withdraw what a delegation staked.
    pub(super) fn note_withdrawer(&mut self, delegation: LogId, withdrawer: Address, told: Told) {
        let owner = Owner { delegation, withdrawer, told };
        if self.owners.get(&delegation) != Some(&owner) {
            self.owners.insert(delegation, owner);
            self.is_saved = false;
        }
    }

    /// Forgets who may withdraw what was staked by delegations that are none any more.
    pub(super) fn keep_withdrawers(&mut self, is_there: impl Fn(LogId) -> bool) {
        let before = self.owners.len();
        self.owners.retain(|delegation, _| is_there(*delegation));
        self.is_saved &= self.owners.len() == before;
    }

    /// The hashes of BLS keys whose deposits waited last: that they are asked about beside other reads saves a round trip.
    pub(super) fn waiting(&self) -> &BTreeSet<H256> {
        &self.waiting
    }

    /// Keeps the hashes of BLS keys whose deposits wait.
    pub(super) fn note_waiting(&mut self, hashes: BTreeSet<H256>) {
        self.is_saved &= self.waiting == hashes;
        self.waiting = hashes;
    }

    /// The refunds that an endpoint told before.
    pub(super) fn refunds(&self, endpoint: &str) -> Option<&RefundBook> {
        self.refunds.get(endpoint)
    }

    /// Keeps the refunds that an endpoint told.
    pub(super) fn keep_refunds(&mut self, book: RefundBook) {
        if self.refunds.get(&book.endpoint) != Some(&book) {
            self.refunds.insert(book.endpoint.clone(), book);
            self.is_saved = false;
        }
    }

    /// Whether it is known of no delegation that its attester was never refunded.
    pub(super) fn knows_no_unrefunded(&self) -> bool {
        self.unrefunded.is_empty()
    }

    /// Whether a delegation's attester became a validator and was never refunded since, when that need not be found out again
    /// at block `number`.
    pub(super) fn is_unrefunded(&self, client: &L1Client, number: u64, delegation: LogId) -> bool {
        let known = self.unrefunded.get(&(delegation.block_hash, delegation.log_index));
        known.is_some_and(|(_, told)| told.holds(client, number))
    }

    /// Keeps that a delegation's attester was a validator at block `at` and was not refunded until then.
    pub(super) fn note_unrefunded(&mut self, delegation: LogId, at: u64, told: Told) {
        if self.unrefunded.len() >= MOST_UNREFUNDED {
            self.unrefunded.clear();
        }
        self.unrefunded.insert((delegation.block_hash, delegation.log_index), (at, told));
        self.is_saved = false;
    }

    /// Forgets what was found out at block `next` and after it: these blocks may be others now.
    pub(super) fn forget_newer(&mut self, next: u64) {
        let before = self.unrefunded.len();
        self.unrefunded.retain(|_, (at, _)| *at < next);
        self.is_saved &= self.unrefunded.len() == before;
    }

    fn unrefunded_groups(&self) -> Vec<Unrefunded> {
        let mut groups = BTreeMap::<&(u64, Told), Vec<(H256, u64)>>::new();
        for (delegation, found) in &self.unrefunded {
            groups.entry(found).or_default().push(*delegation);
        }
        let group =
            |((at, told), delegations): (&(u64, Told), _)| Unrefunded { at: *at, told: told.clone(), delegations };
        groups.into_iter().map(group).collect()
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
        };
        let bytes = serde_json::to_vec(&file)
            .map_err(|error| StoreError::Write { path: path.clone(), source: error.into() })?;
        save_private(path, &bytes)?;
        self.is_saved = true;
        Ok(())
    }
}

/// Reads the file, if it is one of `key`.
fn load(path: &Path, key: &LedgerKey) -> Option<File> {
    let bytes = match load_private(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => return None,
        Err(error) => {
            tracing::warn!("what was checked before is checked anew: {error}");
            return None;
        }
    };
    let file: File = serde_json::from_slice(&bytes).ok()?;
    (file.version == VERSION && file.key == *key).then_some(file)
}
