//! How the transactions of an account stand: its nonces, and what became of each that was signed here.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::client::error::{RpcError, RpcFailure};
use butler_core::client::l1::{BlockTag, L1Client};
use butler_core::client::sending::{Found, NextNonces};
use butler_core::domain::block::BlockRef;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Fate, Nonces, Outcome, Presence, Sighting, agreed, fate_of};
use ethers_core::types::H256;

use super::journal::Journal;
use crate::error::{CliError, SignedFault};

/// How an account stands.
#[derive(Debug)]
pub(super) struct Standing {
    pub(super) nonces: Nonces,
    /// By nonce, of those that have not ended.
    pub(super) fates: BTreeMap<u64, Fate>,
    /// Those that an endpoint has, in a block or waiting.
    pub(super) known: BTreeSet<H256>,
    /// The only endpoint that told the nonces, where several are configured.
    unconfirmed: Option<String>,
    /// Whether one is said to be in a block after the one that nonces were looked up at.
    pub(super) is_behind: bool,
}

impl Standing {
    /// Looks at the account at that block, `confirmations` before which all is final, or the chain says what is.
    pub(super) async fn read(
        client: &L1Client,
        block: &BlockRef,
        confirmations: Option<u64>,
        journal: &Journal,
    ) -> Result<Self, CliError> {
        let tag = match confirmations {
            None => BlockTag::Finalized,
            Some(blocks) => BlockTag::Number(block.number.saturating_sub(blocks)),
        };
        let last_final = client.head(tag, &[]).await.map_err(CliError::Rpc)?.block;
        let (nonces, unconfirmed) = nonces(client, (block, &last_final), journal).await.map_err(CliError::Rpc)?;
        let hashes: Vec<H256> = journal.under_way().flat_map(|kept| kept.hashes().collect::<Vec<_>>()).collect();
        let mut found = find(client, &hashes).await?;
        // Whether somebody has none of those whose nonce is used for good.
        let is_missing = journal
            .under_way()
            .any(|kept| kept.entry.nonce < nonces.at_final && !kept.hashes().any(|hash| found.known.contains(&hash)));
        let is_looked_twice = is_missing && found.is_complete;
        if is_looked_twice {
            found = find(client, &hashes).await?;
        }
        let nobody_has = if is_looked_twice && found.is_complete { Presence::Nowhere } else { Presence::NotSeen };
        let sightings = sightings(client, &found).await?;
        let fate = |nonce: u64, hashes: Vec<H256>| {
            let of_nonce = sightings.iter().filter(|(hash, _)| hashes.contains(hash));
            let of_nonce = of_nonce.map(|(hash, seen)| (*hash, *seen)).collect();
            let is_known = hashes.iter().any(|hash| found.known.contains(hash));
            let presence = if is_known { Presence::Somewhere } else { nobody_has };
            fate_of(nonce, &of_nonce, (nonces.at_block, nonces.at_final), last_final.number, presence)
        };
        let fates = journal
            .under_way()
            .map(|kept| (kept.entry.nonce, fate(kept.entry.nonce, kept.hashes().collect())))
            .collect();
        let is_behind = sightings.values().any(|seen| seen.block > block.number);
        Ok(Self { nonces, fates, known: found.known, unconfirmed, is_behind })
    }

    /// The same, where nothing of it rests on the word of one of several endpoints.
    pub(super) fn confirmed(self) -> Result<Self, Refusal> {
        match self.unconfirmed {
            Some(endpoint) => Err(Refusal::Unconfirmed(endpoint)),
            None => Ok(self),
        }
    }

    /// How nonces were used, of those that were.
    pub(super) fn outcomes(&self) -> BTreeMap<u64, Outcome> {
        self.used(|fate| match fate {
            Fate::Final(outcome) | Fate::Mined(outcome) => Some(outcome),
            Fate::Waiting | Fate::Gone => None,
        })
    }

    /// How nonces were used for good.
    pub(super) fn ends(&self) -> BTreeMap<u64, Outcome> {
        self.used(|fate| match fate {
            Fate::Final(outcome) => Some(outcome),
            Fate::Mined(_) | Fate::Waiting | Fate::Gone => None,
        })
    }

    fn used(&self, outcome: impl Fn(Fate) -> Option<Outcome>) -> BTreeMap<u64, Outcome> {
        self.fates.iter().filter_map(|(nonce, fate)| Some((*nonce, outcome(*fate)?))).collect()
    }
}

/// The nonces; and the only endpoint that told them, where several are configured.
async fn nonces(
    client: &L1Client,
    (block, last_final): (&BlockRef, &BlockRef),
    journal: &Journal,
) -> Result<(Nonces, Option<String>), RpcError> {
    let account = journal.account();
    match client.next_nonces(account, &[*block, *last_final]).await {
        Ok(NextNonces { at, pending, only: None }) => {
            let mut at = at.into_iter();
            let at_block = at.next().unwrap_or_default();
            let at_final = at.next().unwrap_or_default().min(at_block);
            return Ok((Nonces { at_block, at_final, pending }, None));
        }
        Ok(_) => {}
        Err(error) if matches!(error.failure, RpcFailure::StateUnavailable) => {}
        Err(error) => return Err(error),
    }
    // Not everybody has the state of the last final block: then nothing counts as final yet.
    let NextNonces { at, pending, only } = client.next_nonces(account, &[*block]).await?;
    Ok((Nonces { at_block: at.first().copied().unwrap_or_default(), at_final: 0, pending }, only))
}

/// What endpoints have of them.
async fn find(client: &L1Client, hashes: &[H256]) -> Result<Found, CliError> {
    if hashes.is_empty() {
        return Ok(Found::default());
    }
    client.find_signed(hashes).await.map_err(CliError::Rpc)
}

/// Those that are in blocks of the chain as it is now.
async fn sightings(client: &L1Client, found: &Found) -> Result<BTreeMap<H256, Sighting>, CliError> {
    let mined: Vec<_> =
        found.mined.iter().flat_map(|(hash, mined)| mined.iter().map(move |one| (*hash, *one))).collect();
    if mined.is_empty() {
        return Ok(BTreeMap::new());
    }
    let numbers: Vec<u64> = mined.iter().map(|(_, one)| one.block).collect();
    let known = client.head(BlockTag::Latest, &numbers).await.map_err(CliError::Rpc)?.known;
    let is_there = |block: &Option<BlockRef>, hash: H256| block.is_some_and(|block| block.hash == hash);
    let there = mined.into_iter().zip(&known).filter(|((_, one), block)| is_there(block, one.block_hash));
    let there = there.map(|((hash, one), _)| (hash, Sighting { succeeded: one.succeeded, block: one.block }));
    Ok(agreed(there).map_err(SignedFault::from)?)
}
