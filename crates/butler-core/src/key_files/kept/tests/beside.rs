//! Files that lie beside a keystore and name its attesters, and say nothing of their coinbases: it has not moved there.

use ethers_core::types::Address;

use super::*;
use crate::key_files::RegisteredKeys;

const KEYSTORE: &str = "node/key1.json";

/// What lies beside a keystore of attesters 11 and 12, or appears when it is lost.
#[derive(Debug, Clone, Copy)]
enum Beside {
    /// Encrypted keys, which the keystore names. Their names tell something of a key, so they are not remembered.
    EncryptedKeys,
    StakerOutput,
    CachedList,
}

const ALL: [Beside; 3] = [Beside::EncryptedKeys, Beside::StakerOutput, Beside::CachedList];

impl Beside {
    fn write(self, bench: &Bench) {
        match self {
            Self::EncryptedKeys => [11, 12].into_iter().for_each(|n| {
                bench.write(&encrypted(n), &format!(r#"{{"version": 3, "address": "{n:040x}"}}"#));
            }),
            Self::StakerOutput => {
                let attesters = [11, 12].map(|n| format!(r#"{{"attester": "0x{n:040x}"}}"#));
                bench.write("node/c0ffee25.json", &format!("[{}]", attesters.join(",")));
            }
            Self::CachedList => {
                let attesters = [11, 12].map(|n| format!(r#"{{"address": "0x{n:040x}"}}"#));
                let list = format!(r#"{{"version": "2.0", "attesters": [{}]}}"#, attesters.join(","));
                bench.write("node/c0ffee26.json", &list);
            }
        }
    }

    fn keystore(self, coinbase: u64) -> String {
        let validator = |n: u64| {
            let attester = match self {
                Self::EncryptedKeys => {
                    let name = encrypted(n).replace("node/", "");
                    format!(r#"{{"path": "{name}", "password": "secret"}}"#)
                }
                Self::StakerOutput | Self::CachedList => format!(r#""0x{n:040x}""#),
            };
            format!(
                r#"{{"attester": {attester}, "coinbase": "0x{:040x}", "publisher": "0x{:040x}"}}"#,
                coinbase + n,
                50
            )
        };
        format!(r#"{{"schemaVersion": 1, "validators": [{}, {}]}}"#, validator(11), validator(12))
    }
}

fn encrypted(n: u64) -> String {
    format!("node/keystore-eth-attester_{n}_0a1b2c3{n}.json")
}

fn bench(beside: Beside) -> Bench {
    let bench = Bench::new();
    bench.write(KEYSTORE, &beside.keystore(100));
    bench
}

fn load(bench: &mut Bench, is_once: bool) -> KeyFilesReport {
    bench.now += 60;
    let key_files = bench.patterns.clone();
    let node_keystores = ["node/*.json".to_owned()];
    let base = bench.folder.path().to_owned();
    let private_keys = PrivateKeys::Refuse;
    let sources = KeySources {
        key_files: &key_files,
        node_keystores: &node_keystores,
        publisher_files: &[],
        base: &base,
        private_keys,
    };
    if is_once { bench.kept.load_once(&sources, bench.now) } else { bench.kept.load(&sources, bench.now) }
}

/// The coinbases of attesters 11 and 12 in what a node may run.
fn coinbases(report: &KeyFilesReport) -> Vec<u64> {
    let entries = report.book.entries.iter().filter(|entry| entry.is_run && entry.attester.to_low_u64_be() > 10);
    entries.filter_map(|entry| entry.coinbase).map(|coinbase| Address::from(coinbase).to_low_u64_be()).collect()
}

#[test]
fn a_keystore_that_is_gone_has_not_moved_to_what_lies_beside_it_after_a_restart_either() {
    for beside in ALL {
        for (is_restarted, is_new) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut bench = bench(beside);
            if matches!(beside, Beside::EncryptedKeys) || !is_new {
                beside.write(&bench);
            }
            assert_eq!(coinbases(&load(&mut bench, false)), [111, 112], "{beside:?}");
            if is_restarted {
                bench.restart();
            }
            bench.remove(KEYSTORE);
            beside.write(&bench);
            for _ in 0..2 {
                let report = load(&mut bench, false);
                assert_eq!((coinbases(&report), report.kept.len()), (vec![111, 112], 1), "{beside:?} {is_restarted}");
                bench.restart();
            }
            bench.now += GONE_FOR;
            assert_eq!(coinbases(&load(&mut bench, false)), [0_u64; 0], "{beside:?}: after a day it was meant");
        }
    }
}

#[test]
fn to_a_command_the_coinbases_of_a_keystore_that_is_gone_are_unknown() {
    for beside in ALL {
        let mut bench = bench(beside);
        beside.write(&bench);
        load(&mut bench, true);
        bench.remove(KEYSTORE);
        for _ in 0..2 {
            bench.restart();
            let report = load(&mut bench, true);
            let entries = report.book.by_attester();
            for n in [11, 12] {
                let attester = Address::from_low_u64_be(n);
                let of_attester = entries.get(&attester).map_or(&[][..], Vec::as_slice);
                let doubt = report.book.coinbase_doubt(attester, of_attester);
                assert!(doubt.is_some_and(|doubt| doubt.ends_with("key1.json: it is gone")), "{beside:?}");
            }
        }
    }
}

#[test]
fn a_keystore_moves_to_another_keystore_beside_whatever_else_names_its_attesters() {
    for beside in ALL {
        for is_restarted in [false, true] {
            let mut bench = bench(beside);
            beside.write(&bench);
            load(&mut bench, false);
            if is_restarted {
                bench.restart();
            }
            bench.remove(KEYSTORE);
            bench.write("node/key2.json", &beside.keystore(200));
            let report = load(&mut bench, false);
            assert_eq!((coinbases(&report), report.kept.len()), (vec![211, 212], 0), "{beside:?} {is_restarted}");
        }
    }
}

#[test]
fn what_is_not_legible_in_a_new_keystore_is_not_what_a_list_said_that_is_gone() {
    for beside in [Beside::StakerOutput, Beside::CachedList] {
        let mut bench = Bench::new();
        beside.write(&bench);
        load(&mut bench, false);
        bench.remove("node");
        bench.write(KEYSTORE, &beside.keystore(100).replace(&format!("0x{:040x}", 111), "0xzz"));
        let report = load(&mut bench, false);
        let entry = report.book.entries.iter().find(|entry| entry.attester == Address::from_low_u64_be(11)).unwrap();
        assert!(!entry.falls_back_to_attester(), "{beside:?}");
    }
}

#[test]
fn a_keystore_that_a_bls_key_refused_has_not_moved_to_a_file_without_coinbases() {
    let point = |low: &u64| crate::contracts::bn254::could_be_public(ethers_core::types::H256::from_low_u64_be(*low));
    let points: Vec<u64> = (1..).filter(point).take(2).collect();
    let mut bench = Bench::new();
    bench.patterns.push("lists/*.json".to_owned());
    let with_bls = |point: u64| {
        let key = format!(r#"{{"eth": "0x{:040x}", "bls": "0x{point:064x}"}}"#, 1);
        keystore(&[1, 2]).replacen(&format!(r#""0x{:040x}""#, 1), &key, 1)
    };
    bench.write("keys/a/k.json", &with_bls(points[0]));
    load(&mut bench, false);
    let registered = ethers_core::types::H256::from_low_u64_be(points[0]).into();
    let registered: RegisteredKeys = [(Address::from_low_u64_be(1), [registered].into())].into();
    assert!(!bench.kept.learn(&registered));
    bench.write("keys/a/k.json", &with_bls(points[1]));
    load(&mut bench, false);
    bench.remove("keys/a/k.json");
    bench.write("lists/l.json", &format!(r#"[{{"attester": "0x{:040x}"}}]"#, 1));
    for _ in 0..2 {
        assert_eq!(load(&mut bench, false).remembered.len(), 1);
    }
    bench.write("keys/c/k.json", &keystore(&[1, 2]));
    assert_eq!(load(&mut bench, false).remembered.len(), 0);
}
