//! Logs, from the text of an answer to what the ledger and `events` make of them.
//!
//! Input that begins with `[` is the answer's text. Any other is one log: which topic, three topics more, the data.
#![no_main]

use std::collections::BTreeSet;
use std::sync::LazyLock;

use butler_core::client::logs::LogFilter;
use butler_core::contracts::events::{Source, decode_delegation, decode_event, name_event};
use butler_core::contracts::ledger_events::{decode_ledger_event, ledger_topics};
use butler_core::contracts::split::{decode_split_creation, split_hash};
use butler_core::domain::provider::facts::{ProviderFacts, ProviderQueueEntry};
use butler_core::domain::provider::ledger::{prove, prove_queue};
use butler_core::fuzzing;
use ethers_core::types::{Address, H256, Log};
use libfuzzer_sys::fuzz_target;

const SOURCES: [Source; 8] = [
    Source::AztecRegistry,
    Source::StakingRegistry,
    Source::Rollup,
    Source::Gse,
    Source::SplitFactory,
    Source::PullSplit,
    Source::Slasher,
    Source::SlashingProposer,
];

/// The first topics of all their events.
static KNOWN: LazyLock<Vec<H256>> =
    LazyLock::new(|| SOURCES.iter().flat_map(|source| source.abi().events()).map(|event| event.signature()).collect());

fn log_of(selector: u8, rest: &[u8]) -> Log {
    let mut topics = vec![KNOWN[usize::from(selector) % KNOWN.len()]];
    let (words, data) = rest.split_at(rest.len().min(96));
    topics.extend(words.chunks_exact(32).map(H256::from_slice));
    Log {
        topics,
        data: data.to_vec().into(),
        block_number: Some(7.into()),
        block_hash: Some(H256::zero()),
        transaction_hash: Some(H256::zero()),
        log_index: Some(0.into()),
        ..Log::default()
    }
}

fn logs_of(input: &[u8]) -> Vec<Log> {
    let any = LogFilter { addresses: Vec::new(), topics: Vec::new() };
    match input.split_first() {
        Some((selector, rest)) if *selector != b'[' => vec![log_of(*selector, rest)],
        Some(_) | None => {
            let Ok(text) = std::str::from_utf8(input) else { return Vec::new() };
            let ours = LogFilter { addresses: vec![Address::repeat_byte(0x22)], topics: vec![ledger_topics()] };
            for log in fuzzing::logs(text, &ours, 5, (9, Some(H256::zero()))).unwrap_or_default() {
                assert!(log.address == Address::repeat_byte(0x22) && ledger_topics().contains(&log.topics[0]));
                assert!((5..=9).contains(&log.block_number.expect("it was checked").as_u64()));
            }
            fuzzing::logs(text, &any, 0, (u64::MAX, None)).unwrap_or_default()
        }
    }
}

fuzz_target!(|input: &[u8]| {
    let logs = logs_of(input);
    let places: BTreeSet<_> = logs.iter().map(|log| (log.block_number, log.log_index)).collect();
    assert_eq!(places.len(), logs.len(), "no place has two logs");
    let mut events = Vec::new();
    for log in &logs {
        for source in SOURCES {
            let (typed, named) = (decode_event(source, log), name_event(source, log));
            if let Ok(Some(named)) = &named {
                let length = serde_json::to_string(named).expect("it is JSON").len();
                assert!(length < 64 * log.data.len() + 4096, "{length} bytes out of {}", log.data.len());
            }
            for error in [typed.err(), named.err()].into_iter().flatten() {
                assert!(error.to_string().len() < 4096);
            }
        }
        let _ = decode_delegation(log);
        let registry = Address::repeat_byte(0x22);
        if let Ok(record) = decode_split_creation(log, registry).map(|creation| creation.record) {
            let _ = record.map(|record| (split_hash(&record), record.provider_part(u128::MAX.into())));
        }
        events.extend(decode_ledger_event(log));
    }
    let (admin, rewards_recipient) = (Address::repeat_byte(1), Address::repeat_byte(2));
    let queue = vec![ProviderQueueEntry::new(1, Address::repeat_byte(3))];
    let facts = ProviderFacts { admin, pending_admin: None, take_rate_bps: 500, rewards_recipient, queue };
    for event in &events {
        let id = event.provider_id;
        let _ = (event.delegation(), event.terms());
        let told = events.iter().filter(|event| event.provider_id == id);
        let _ = prove(id, &facts, &(1..2), told.clone()).map_err(|gap| (gap.to_string(), gap.may_be_late()));
        let _ = prove_queue(id, &facts.queue, told).map_err(|gap| gap.to_string());
        if events.len() > 100 {
            break;
        }
    }
});
