//! The seeds of the fuzz targets in `fuzz/` are what their readers understand: others would teach a fuzzer nothing.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use butler_core::chain::LedgerKey;
use butler_core::client::aztec_node::{NodeInfo, PeerCounts, WorldState};
use butler_core::client::logs::LogFilter;
use butler_core::config::{Config, ConfigFile, Sources};
use butler_core::contracts::events::{Source, name_event};
use butler_core::contracts::ledger_events::{decode_ledger_event, ledger_topics};
use butler_core::contracts::propose::{Calldata, ProposeDecoder};
use butler_core::contracts::safe::{SafeAccount, SafeVersion};
use butler_core::control::ControlRequest;
use butler_core::domain::rollup::RollupClock;
use butler_core::fuzzing;
use butler_core::transaction::keys::file;
use butler_core::transaction::safe::contents_of;
use ethers_core::types::Address;
use serde_json::Value;

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(paths.len() > 1);
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn text_seeds(target: &str) -> Vec<(PathBuf, String)> {
    seeds(target).into_iter().map(|(path, seed)| (path, String::from_utf8(seed).unwrap())).collect()
}

#[test]
fn a_node_gives_such_answers() {
    let own = BTreeSet::new();
    for (path, seed) in text_seeds("node_answers") {
        let is_read = fuzzing::node_tips(&seed).is_some()
            || fuzzing::sentinel_report(&seed, &own).is_some()
            || fuzzing::offences(&seed).is_some()
            || serde_json::from_str::<NodeInfo>(&seed).is_ok()
            || serde_json::from_str::<WorldState>(&seed).is_ok()
            || serde_json::from_str::<PeerCounts>(&seed).is_ok();
        assert!(is_read, "{}", path.display());
    }
}

#[test]
fn the_watcher_is_asked_so() {
    for (path, seed) in seeds("control") {
        assert!(ControlRequest::read(&seed).is_ok(), "{}", path.display());
    }
}

#[test]
fn key_files_look_like_that() {
    for (path, seed) in seeds("key_files") {
        assert_eq!(fuzzing::key_file(&seed).faults, [], "{}", path.display());
    }
}

#[test]
fn a_ledger_is_kept_so() {
    let key = LedgerKey { chain_id: 1, staking_registry: Address::repeat_byte(1), from_block: 10 };
    let read = seeds("ledger").iter().filter_map(|(_, seed)| fuzzing::ledger(seed, &key)).count();
    assert_eq!(read, 1, "the other is of the first version");
}

#[test]
fn configurations_are_written_so() {
    for (path, _) in seeds("configuration").into_iter().filter(|(path, _)| path.ends_with("example")) {
        let sources = Sources { file: ConfigFile::Required(path), ..Sources::default() };
        let faults = Config::load(&sources).err().map(|error| error.to_string());
        assert_eq!(faults, None);
    }
}

#[test]
fn nodes_propose_so() {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/proposals.json")).unwrap();
    for (path, seed) in seeds("proposals") {
        let (which, input) = seed.split_first().unwrap();
        let one = &fixture["proposals"][usize::from(*which)];
        let address = |value: &Value| value.as_str().unwrap().parse::<Address>().unwrap();
        let genesis_time = one["genesisTime"].as_u64().unwrap();
        let clock = RollupClock { genesis_time, slot_seconds: 72, epoch_slots: 32 };
        let decoder = ProposeDecoder::new(one["chainId"].as_u64().unwrap(), address(&one["rollup"]), clock);
        let calldata = Calldata { to: Some(address(&one["transaction"]["to"])), input };
        let every = decoder.every(calldata).unwrap();
        assert!(every.len() == 1 && every.iter().all(Result::is_ok), "{}", path.display());
    }
}

#[test]
fn endpoints_tell_such_logs() {
    let any = LogFilter { addresses: Vec::new(), topics: Vec::new() };
    for (path, seed) in seeds("logs").into_iter().filter(|(_, seed)| seed.starts_with(b"[")) {
        let logs = fuzzing::logs(&String::from_utf8(seed).unwrap(), &any, 0, (u64::MAX, None)).unwrap();
        assert!(!logs.is_empty());
        for log in logs {
            let source = [Source::StakingRegistry, Source::SplitFactory];
            let is_named = source.iter().any(|source| matches!(name_event(*source, &log), Ok(Some(_))));
            assert!(is_named, "{}", path.display());
            let is_the_ledgers = log.topics.first().is_some_and(|topic| ledger_topics().contains(topic));
            assert_eq!(decode_ledger_event(&log).is_ok(), is_the_ledgers, "{}", path.display());
        }
    }
}

#[test]
fn registration_files_look_like_that() {
    for (path, seed) in seeds("registrations") {
        assert!(file::read(&seed).is_ok(), "{}", path.display());
    }
}

#[cfg(feature = "sign")]
#[test]
fn keys_are_encrypted_so() {
    for (path, seed) in seeds("encrypted_keys") {
        assert_eq!(fuzzing::encrypted_key(&seed), None, "{}", path.display());
    }
}

#[test]
fn transactions_of_safes_are_told_so() {
    let safe = SafeAccount { chain_id: 31_337, address: Address::repeat_byte(0x5a) };
    for (path, seed) in seeds("safe_answers") {
        let told = fuzzing::safe_page(&seed, &safe).unwrap();
        let calls = told.iter().map(|one| contents_of(&one.transaction, SafeVersion::V1_4_1).calls.len());
        assert!(calls.sum::<usize>() > 0, "{}", path.display());
    }
}
