//! Pure readers of foreign text for the fuzz targets in `fuzz/`, and for nothing else.
//!
//! The modules that own these readers keep them to themselves, since a program only reaches them through a socket or a
//! file, which a fuzzer must not need. Everything here passes on to them and decides nothing. No part of the programs' own
//! interface: it may change with any commit.

use std::collections::BTreeSet;
use std::path::Path;

use ethers_core::types::{Address, H256, Log};

use crate::chain::{LedgerCache, LedgerKey};
use crate::client::aztec_node::L2Tips;
use crate::client::aztec_node::answers::{OffenceText, TipsText, tips};
use crate::client::aztec_node::stats;
use crate::client::error::RpcFailure;
use crate::client::logs::{Last, LogFilter, check, decode_logs};
use crate::client::safe::{ListedTransaction, read_page};
use crate::contracts::safe::SafeAccount;
use crate::domain::slashing::offence::NotedOffence;
use crate::domain::slashing::sentinel::SentinelReport;
use crate::key_files::KeyFilesReport;

/// The logs of an answer to `eth_getLogs`, held against what was asked: `filter` from block `from` to block `to`.
///
/// # Errors
/// What is wrong with the answer.
pub fn logs(
    json: &str,
    filter: &LogFilter,
    from: u64,
    (to, hash): (u64, Option<H256>),
) -> Result<Vec<Log>, RpcFailure> {
    let logs = decode_logs(json)?;
    check(&logs, filter, from, &Last { number: to, hash })?;
    Ok(logs)
}

/// The tips of a node's answer.
#[must_use]
pub fn node_tips(json: &str) -> Option<L2Tips> {
    tips(&serde_json::from_str::<TipsText>(json).ok()?).ok()
}

/// The sentinel's statistics of a node's answer.
#[must_use]
pub fn sentinel_report(json: &str, own: &BTreeSet<Address>) -> Option<SentinelReport> {
    stats::report(json, own).ok()
}

/// The offences of a node's answer.
#[must_use]
pub fn offences(json: &str) -> Option<Vec<NotedOffence>> {
    let offences: Vec<OffenceText> = serde_json::from_str(json).ok()?;
    Some(offences.into_iter().map(NotedOffence::from).collect())
}

/// What a key file of these bytes says.
#[must_use]
pub fn key_file(bytes: &[u8]) -> KeyFilesReport {
    KeyFilesReport::of_bytes(Path::new("keys.json"), bytes)
}

/// The ledger of a file of these bytes.
#[must_use]
pub fn ledger(bytes: &[u8], key: &LedgerKey) -> Option<LedgerCache> {
    LedgerCache::of_bytes(bytes, key)
}

/// The file of a ledger.
#[must_use]
pub fn ledger_file(ledger: &LedgerCache) -> Option<Vec<u8>> {
    ledger.to_bytes()
}

/// The transactions of a page of Safe's transaction service that are what they say to be.
#[must_use]
pub fn safe_page(json: &[u8], safe: &SafeAccount) -> Option<Vec<ListedTransaction>> {
    read_page(json, safe)
}

/// What is wrong with an encrypted key before any password is tried; `None` for one that could be opened.
#[cfg(feature = "sign")]
#[must_use]
pub fn encrypted_key(bytes: &[u8]) -> Option<crate::sign::KeystoreFault> {
    crate::sign::read_keystore(bytes).err()
}
