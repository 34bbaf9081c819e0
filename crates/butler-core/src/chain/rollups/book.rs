//! What is known of former rollups from one reading to the next: their addresses, and what they do not hold.
//!
//! It is kept beside the ledger. The file is never trusted further than whoever told it; without it everything is read anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use super::learnt::Learnt;
use super::look::Look;
use crate::chain::error::Giver;
use crate::chain::ledger::LedgerKey;
use crate::chain::memo::Told;
use crate::chain::reads::Answers;
use crate::chain::stages::{Getter, Opened};
use crate::client::l1::L1Client;
use crate::domain::attester::view::Exit;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::block::BlockRef;
use crate::domain::rollup::RollupFacts;
use crate::store::file::StoreError;
use crate::store::private::{load_private, save_private};

/// Some ten thousand attesters at ten rollups are 5 MB.
const FILE_LIMIT: u64 = 16 << 20;
const VERSION: u32 = 1;
/// For so many blocks the event of a cut-over that nobody told is not asked for again: ten minutes.
const UNDATED: u64 = 50;

/// A former rollup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    version: U256,
    address: Address,
    told: Told,
    /// The block in which it was first seen, and its time, or that of the event which made it a former one.
    block: u64,
    since: u64,
    /// Whether it is the event's.
    #[serde(default)]
    is_dated: bool,
    look: Option<Look>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    key: LedgerKey,
    rollups: Vec<Known>,
    #[serde(default)]
    learnt: Learnt,
}

/// The book, with its place on disk.
#[derive(Debug)]
pub(in crate::chain) struct RollupBook {
    path: Option<PathBuf>,
    key: LedgerKey,
    rollups: BTreeMap<U256, Known>,
    learnt: Learnt,
    /// How many versions the registry had last.
    versions: usize,
    /// The block at which the event of the last cut-over was asked for in vain.
    undated: Option<u64>,
    is_saved: bool,
}

impl RollupBook {
    /// The book beside the ledger at `ledger`; a ledger that is not kept has none that is kept. Blocks.
    pub(in crate::chain) fn beside(ledger: Option<&Path>, key: LedgerKey) -> Self {
        let path = ledger.map(|path| path.with_extension("rollups.json"));
        let file = path.as_ref().and_then(|path| load(path, &key));
        let (rollups, learnt) = file.map(|file| (file.rollups, file.learnt)).unwrap_or_default();
        let versions = if rollups.is_empty() { 0 } else { rollups.len() + 1 };
        Self {
            path,
            key,
            rollups: rollups.into_iter().map(|known| (known.version, known)).collect(),
            learnt,
            versions,
            undated: None,
            is_saved: true,
        }
    }

    /// Forgets all of it.
    pub(in crate::chain) fn forget(&mut self) {
        self.rollups.clear();
        self.learnt = Learnt::default();
        self.is_saved = false;
    }

    /// How many versions there were last.
    pub(in crate::chain) fn versions(&self) -> usize {
        self.versions
    }

    /// Keeps how many versions there are.
    pub(in crate::chain) fn note_versions(&mut self, versions: usize) {
        self.versions = versions;
    }

    /// Whether the address of a version need not be asked for at `block`.
    pub(in crate::chain) fn has(&self, client: &L1Client, block: &BlockRef, version: U256) -> bool {
        let known = self.rollups.get(&version);
        known.is_some_and(|known| known.block <= block.number && known.told.is_settled(client, block.number))
    }

    /// The address of a version, whoever told it.
    pub(in crate::chain) fn address(&self, version: U256) -> Option<Address> {
        self.rollups.get(&version).map(|known| known.address)
    }

    /// When a rollup was first seen as a former one: now, where that is not known.
    pub(super) fn since(&self, version: U256, block: &BlockRef) -> u64 {
        self.rollups.get(&version).map_or(block.timestamp, |known| known.since)
    }

    /// Whether the event that made a rollup a former one may be asked for: not again at once where it was not told.
    pub(super) fn may_ask_cut_over(&self, version: U256, block: &BlockRef) -> bool {
        let is_recent = self.undated.is_some_and(|at| block.number.checked_sub(at).is_some_and(|age| age < UNDATED));
        self.rollups.get(&version).is_some_and(|known| !known.is_dated) && !is_recent
    }

    /// Keeps when the last cut-over was, or that nobody told it: no former rollup was canonical since.
    pub(super) fn note_cut_over(&mut self, time: Option<u64>, block: &BlockRef) {
        let Some(time) = time else {
            self.undated = Some(block.number);
            return;
        };
        for known in self.rollups.values_mut() {
            known.since = known.since.min(time);
            known.is_dated = true;
        }
        (self.undated, self.is_saved) = (None, false);
    }

    /// Keeps the address of a version.
    pub(super) fn note_address(&mut self, version: U256, address: Address, giver: Option<&Giver>, block: &BlockRef) {
        let told = told_by(giver, block);
        match self.rollups.get_mut(&version) {
            Some(known) if known.address == address && known.block <= block.number => {
                let told = told.again(&known.told);
                self.is_saved &= known.told == told;
                known.told = told;
            }
            Some(_) | None => {
                let (block, since) = (block.number, block.timestamp);
                let known = Known { version, address, told, block, since, is_dated: false, look: None };
                self.rollups.insert(version, known);
                self.is_saved = false;
            }
        }
    }

    /// Forgets what was seen before `block` and is none of these versions, which are the former ones there: the cut-over was
    /// undone. Should it come again, that is when it was.
    pub(super) fn keep_only(&mut self, versions: &[U256], block: &BlockRef) {
        let before = self.rollups.len();
        self.rollups.retain(|version, known| versions.contains(version) || known.block > block.number);
        self.is_saved &= self.rollups.len() == before;
    }

    /// Forgets a version, whose rollup is another one than it was told to be.
    pub(super) fn forget_version(&mut self, version: U256) {
        self.is_saved &= self.rollups.remove(&version).is_none();
    }

    /// What was looked for at a rollup and not found, where that still holds at `block`.
    pub(super) fn look(&self, client: &L1Client, block: &BlockRef, version: U256) -> Option<&Look> {
        let known = self.rollups.get(&version)?;
        let look = known.look.as_ref()?;
        let is_past = look.block <= block.number && look.time <= block.timestamp;
        let is_fresh = is_past && !look.is_stale(known.since, block.timestamp);
        (is_fresh && look.told.is_settled(client, block.number)).then_some(look)
    }

    /// What was looked for at a rollup last, fresh or not.
    pub(super) fn last_look(&self, version: U256) -> Option<&Look> {
        self.rollups.get(&version)?.look.as_ref()
    }

    /// Keeps what was looked for at a rollup and not found.
    pub(super) fn note_look(&mut self, version: U256, look: Look) {
        if let Some(known) = self.rollups.get_mut(&version) {
            let new = match &known.look {
                Some(before) => look.after(before),
                None => look,
            };
            self.is_saved &= known.look.as_ref() == Some(&new);
            known.look = Some(new);
        }
    }

    /// Forgets what was looked for at a rollup.
    pub(super) fn forget_look(&mut self, version: U256) {
        if let Some(known) = self.rollups.get_mut(&version) {
            self.is_saved &= known.look.is_none();
            known.look = None;
        }
    }

    /// What a rollup is known to lack at `block`; `None` where it has to be asked.
    pub(in crate::chain) fn lacks(
        &self,
        client: &L1Client,
        block: &BlockRef,
        rollup: Address,
    ) -> Option<&BTreeSet<Getter>> {
        self.learnt.lacks(client, block, rollup)
    }

    /// Keeps what a rollup with these figures lacks, by whoever told it. Where something is missing that is expected, all of it
    /// is asked the next time, too.
    pub(in crate::chain) fn note_lacks(
        &mut self,
        figures: &RollupFacts,
        lacks: BTreeSet<Getter>,
        answers: &Answers,
        (client, block): (&L1Client, &BlockRef),
    ) {
        let rollup = figures.address;
        if !figures.missing.is_empty() {
            self.is_saved &= !self.learnt.forget_lacks(rollup);
        } else if self.lacks(client, block, rollup) != Some(&lacks) {
            self.is_saved &= !self.learnt.note_lacks(rollup, lacks, told_by(answers.only_giver(), block), block.number);
        }
    }

    /// When the governance unlocks an exit, as far as it is known at `block`.
    pub(in crate::chain) fn unlock(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
        exit: &Exit,
    ) -> Option<u64> {
        self.learnt.unlock(client, block, governance, exit)
    }

    /// Whether that is so sure that it need not be asked beside other reads either.
    pub(in crate::chain) fn is_unlock_settled(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
        exit: &Exit,
    ) -> bool {
        self.learnt.is_unlock_settled(client, block, governance, exit)
    }

    /// Withdrawals of which one endpoint told it, and that are asked again where that costs no exchange.
    pub(in crate::chain) fn open_unlocks(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
    ) -> Vec<Opened> {
        self.learnt.open_unlocks(client, block, governance)
    }

    /// The same, with what was told for `block` itself, by whomever.
    pub(in crate::chain) fn unlock_at(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
        exit: &Exit,
    ) -> Option<u64> {
        self.learnt.unlock_at(client, block, governance, exit)
    }

    /// Keeps when exits are unlocked, by whoever told it.
    pub(in crate::chain) fn note_unlocks(
        &mut self,
        governance: Address,
        unlocks: &[(Opened, u64)],
        answers: &Answers,
        block: &BlockRef,
    ) {
        if !unlocks.is_empty() {
            let told = told_by(answers.only_giver(), block);
            self.is_saved &= !self.learnt.note_unlocks(governance, unlocks, &told, block.number);
        }
    }

    /// Why an exit at a rollup began, as an event told; as far as it is known at `block`.
    pub(in crate::chain) fn cause(
        &self,
        client: &L1Client,
        block: &BlockRef,
        rollup: Address,
        exit: &Exit,
    ) -> Option<ZombieCause> {
        self.learnt.cause(client, block, rollup, exit)
    }

    /// Whether events may be asked about an exit at `block`.
    pub(in crate::chain) fn may_ask_cause(&self, block: &BlockRef, rollup: Address, exit: &Exit) -> bool {
        self.learnt.may_ask_cause(block, rollup, exit)
    }

    /// Keeps what events told of an exit, or that they told nothing.
    pub(in crate::chain) fn note_cause(
        &mut self,
        block: &BlockRef,
        rollup: Address,
        exit: &Exit,
        told: Option<(ZombieCause, Told)>,
    ) {
        self.is_saved &= !self.learnt.note_cause(block, rollup, exit, told);
    }

    /// Writes the book when it changed. Blocks.
    ///
    /// # Errors
    /// What stopped the file from being replaced; the old one is still whole.
    pub(in crate::chain) fn save(&mut self) -> Result<(), StoreError> {
        let Some(path) = self.path.as_ref().filter(|_| !self.is_saved) else { return Ok(()) };
        let rollups = self.rollups.values().cloned().collect();
        let file = File { version: VERSION, key: self.key.clone(), rollups, learnt: self.learnt.clone() };
        let bytes = serde_json::to_vec(&file)
            .map_err(|error| StoreError::Write { path: path.clone(), source: error.into() })?;
        save_private(path, &bytes)?;
        self.is_saved = true;
        Ok(())
    }
}

/// Who told what was answered at `block`.
pub(super) fn told_by(giver: Option<&Giver>, block: &BlockRef) -> Told {
    giver.map_or(Told::ByTwo, |giver| Told::ByOne { endpoint: giver.name.clone(), block: block.number, since: None })
}

/// Reads the file, if it is one of `key`.
fn load(path: &Path, key: &LedgerKey) -> Option<File> {
    let bytes = match load_private(path, FILE_LIMIT) {
        Ok(bytes) => bytes,
        Err(StoreError::Missing { .. }) => return None,
        Err(error) => {
            tracing::warn!("former rollups are looked through anew: {error}");
            return None;
        }
    };
    let file: File = serde_json::from_slice(&bytes).ok()?;
    (file.version == VERSION && file.key == *key).then_some(file)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;

    #[test]
    fn a_cut_over_that_was_undone_and_comes_again_is_dated_anew() {
        let block = |number| BlockRef { number, hash: H256::zero(), timestamp: 100 * number };
        let key = LedgerKey { chain_id: 1, staking_registry: Address::zero(), from_block: 0 };
        let (version, address) = (U256::from(7), Address::repeat_byte(7));
        let mut book = RollupBook::beside(None, key);
        book.note_address(version, address, None, &block(10));
        book.keep_only(&[version], &block(20));
        book.keep_only(&[], &block(9));
        assert_eq!(book.since(version, &block(500)), 1_000, "an earlier block undoes nothing");
        book.keep_only(&[], &block(20));
        book.note_address(version, address, None, &block(500));
        assert_eq!(book.since(version, &block(600)), 50_000);
    }
}
