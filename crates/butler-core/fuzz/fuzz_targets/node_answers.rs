//! The text of an Aztec node's answer, read as each of those that are asked for.
#![no_main]

use std::collections::BTreeSet;

use butler_core::client::aztec_node::{NodeInfo, PeerCounts, WorldState};
use butler_core::fuzzing;
use ethers_core::types::Address;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|answer: &[u8]| {
    let Ok(text) = std::str::from_utf8(answer) else { return };
    let own: BTreeSet<Address> =
        ["0x40cba5b7a6dc4fd081e247a64029cb6b63dfb595".parse().expect("it is one"), Address::repeat_byte(1)].into();
    if let Some(report) = fuzzing::sentinel_report(text, &own) {
        assert!(report.duties.keys().all(|attester| own.contains(attester)));
        let _ = (report.is_enabled(), report.duties.values().filter(|duties| duties.has_misses()).count());
    }
    for offence in fuzzing::offences(text).unwrap_or_default() {
        let _ = format!("{offence:?}");
    }
    let _ = fuzzing::node_tips(text);
    let _ = serde_json::from_str::<NodeInfo>(text);
    let _ = serde_json::from_str::<WorldState>(text);
    if let Ok(peers) = serde_json::from_str::<PeerCounts>(text) {
        let counted: u64 = peers.by_status().iter().map(|(_, count)| count).sum();
        assert!(counted <= answer.len() as u64);
    }
});
