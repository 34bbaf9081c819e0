//! Who is silent has taken nothing back, and who is a stranger has no word.

use std::time::Duration;

use super::*;
use crate::client::aztec_node::L1ContractAddresses;
use crate::client::error::RpcFailure;
use crate::domain::findings::FindingKind as Kind;
use crate::domain::findings::Severity;
use crate::domain::samples::{address, network};
use crate::domain::slashing::sentinel::DutyCounts;
use crate::network::nodes::NodeFailure;

const NOW: u64 = 1_000_000;
/// Thirteen attestations of 32 missed, by the rule of the sample's epochs of as many slots.
const RULE: InactivityRule = InactivityRule { missed_permille: 800, epochs: 1 };

fn hung() -> NodeFailure {
    NodeFailure::Deadline(Duration::from_secs(1))
}

fn snapshot() -> NetworkSnapshot {
    let mut snapshot = network();
    snapshot.rollup.clock.epoch_slots = 32;
    snapshot
}

fn info(snapshot: &NetworkSnapshot) -> NodeInfo {
    NodeInfo {
        node_version: "4.1.2".to_owned(),
        l1_chain_id: 1,
        rollup_version: snapshot.rollup.version.as_u64(),
        l1_contract_addresses: L1ContractAddresses {
            rollup_address: snapshot.canonical().address,
            registry_address: address(1),
        },
    }
}

/// A report of an attester that missed so many in a row, from the snapshot's slot.
fn missed(streak: u64, snapshot: &NetworkSnapshot) -> SentinelReport {
    let attestations = DutyCounts { missed: streak, streak, total: Some(40) };
    SentinelReport {
        last_processed_slot: snapshot.rollup.clock.slot_at(snapshot.block.timestamp),
        slot_window: 96,
        duties: BTreeMap::from([(address(1), AttesterDuties { attestations, ..AttesterDuties::default() })]),
        ..SentinelReport::default()
    }
}

fn sentinel(report: Result<(NodeInfo, Result<SentinelReport, NodeFailure>), NodeFailure>) -> SentinelAnswers {
    SentinelAnswers { node: "alpha".to_owned(), report }
}

fn port(inactivity: Result<Option<InactivityRule>, NodeFailure>) -> AdminAnswers {
    AdminAnswers { node: "alpha".to_owned(), noted: Ok(Some([Vec::new(), Vec::new()])), inactivity }
}

/// What is found, and from how many missed in a row on an attester is about to be slashed.
fn judged(
    told: &SentinelAnswers,
    port: &AdminAnswers,
    (memory, now): (&DutyMemory, u64),
    snapshot: &NetworkSnapshot,
) -> (Vec<(Kind, Severity)>, u64) {
    let own = BTreeSet::from([address(1)]);
    let judged = judge_duties([told], &[port], (memory, now), &own, Some(snapshot), &Thresholds::default());
    let found = judged.findings.iter().map(|finding| (finding.kind, finding.severity)).collect();
    (found, judged.inactive_streak)
}

#[test]
fn a_sentinel_that_falls_silent_ends_no_alarm_and_is_told() {
    let mut at = snapshot();
    let mut memory = DutyMemory::default();
    let rule = port(Ok(Some(RULE)));
    let told = sentinel(Ok((info(&at), Ok(missed(30, &at)))));
    assert_eq!(judged(&told, &rule, (&memory, NOW), &at), (vec![(Kind::AttesterInactive, Severity::Critical)], 13));
    memory.learn_reports([&told]);
    let unread = (Kind::SentinelUnread, Severity::Warning);
    let inactive = (Kind::AttesterInactive, Severity::Critical);
    let silent = sentinel(Ok((info(&at), Err(hung()))));
    memory.learn_reports([&silent]);
    assert_eq!(judged(&silent, &rule, (&memory, NOW), &at).0, [unread, inactive]);
    // The node as a whole is down, which is told of the node.
    assert_eq!(judged(&sentinel(Err(hung())), &rule, (&memory, NOW), &at).0, [inactive]);
    // What was seen ages by the rollup's clock.
    at.block.timestamp += 31 * at.rollup.clock.slot_seconds;
    assert_eq!(judged(&silent, &rule, (&memory, NOW), &at).0, [unread, inactive]);
    at.block.timestamp += at.rollup.clock.slot_seconds;
    assert_eq!(judged(&silent, &rule, (&memory, NOW), &at).0, [unread, (Kind::SentinelStale, Severity::Warning)]);
    assert_eq!(judged(&silent, &rule, (&DutyMemory::default(), NOW), &at).0, [unread], "of a program that asks once");
}

#[test]
fn an_answer_replaces_what_was_told_before_whatever_it_says() {
    let at = snapshot();
    let mut memory = DutyMemory::default();
    let rule = port(Ok(Some(RULE)));
    memory.learn_reports([&sentinel(Ok((info(&at), Ok(missed(30, &at)))))]);
    let well = sentinel(Ok((info(&at), Ok(missed(0, &at)))));
    assert_eq!(judged(&well, &rule, (&memory, NOW), &at).0, []);
    let off = sentinel(Ok((info(&at), Ok(SentinelReport::default()))));
    assert_eq!(judged(&off, &rule, (&memory, NOW), &at).0, [(Kind::SentinelOff, Severity::Info)]);
    let ahead = SentinelReport { last_processed_slot: Some(10_000_000), ..missed(30, &at) };
    let ahead = sentinel(Ok((info(&at), Ok(ahead))));
    assert_eq!(judged(&ahead, &rule, (&memory, NOW), &at).0, [(Kind::SentinelUnread, Severity::Warning)]);
    // Slots of another rollup have nothing in common with those.
    let moved = sentinel(Ok((NodeInfo { rollup_version: 77, ..info(&at) }, Err(hung()))));
    memory.learn_reports([&moved]);
    assert_eq!(judged(&sentinel(Ok((info(&at), Err(hung())))), &rule, (&memory, NOW), &at).0.len(), 1);
}

#[test]
fn a_rule_that_is_not_told_now_is_the_one_that_was_told_within_a_day() {
    let at = snapshot();
    let told = sentinel(Ok((info(&at), Ok(missed(14, &at)))));
    let mut memory = DutyMemory::default();
    let untold = (Kind::InactivityUntold, Severity::Warning);
    let missing = (Kind::AttesterMissedAttestations, Severity::Warning);
    let inactive = (Kind::AttesterInactive, Severity::Critical);
    for silence in [|| Ok(None), || Err(hung()), || Err(NodeFailure::Rpc(RpcFailure::MethodNotFound))] {
        let silent = port(silence());
        let of = |memory: &DutyMemory, now| {
            let (mut found, streak) = judged(&told, &silent, (memory, now), &at);
            found.sort();
            (found, streak)
        };
        let sorted = |mut found: Vec<_>| {
            found.sort();
            found
        };
        memory = DutyMemory::default();
        assert_eq!(of(&memory, NOW), (sorted(vec![missing, untold]), 16), "what is usual is assumed, and that is told");
        memory.learn_rules([&port(Ok(Some(RULE)))], NOW);
        memory.learn_rules([&silent], NOW);
        assert_eq!(of(&memory, NOW + 86_400), (sorted(vec![inactive, untold]), 13));
        assert_eq!(of(&memory, NOW + 86_401).1, 16);
    }
    let without_slasher = AdminAnswers { noted: Ok(None), ..port(Err(hung())) };
    assert_eq!(
        judged(&told, &without_slasher, (&memory, NOW), &at).0,
        [inactive],
        "it slashes nobody, and is not told of"
    );
}

#[test]
fn a_stranger_decides_nothing_even_when_it_falls_silent() {
    let at = snapshot();
    let strict = port(Ok(Some(InactivityRule { missed_permille: 50, epochs: 1 })));
    let elsewhere = NodeInfo { rollup_version: 77, ..info(&at) };
    let strangers = [
        sentinel(Ok((elsewhere, Ok(missed(2, &at))))),
        sentinel(Err(NodeFailure::OtherChain { actual: 5, expected: 1 })),
        sentinel(Err(NodeFailure::OtherRegistry(address(5)))),
    ];
    for stranger in &strangers {
        let mut memory = DutyMemory::default();
        assert_eq!(judged(stranger, &strict, (&memory, NOW), &at), (vec![], 16));
        memory.learn_reports([stranger]);
        assert_eq!(judged(&sentinel(Err(hung())), &strict, (&memory, NOW), &at), (vec![], 16));
    }
}
