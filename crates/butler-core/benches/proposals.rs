//! How many proposals are decoded in a second, with their proposers recovered: `cargo bench --package butler-core --bench proposals`.
//!
//! The recorded proposals of committees of 4 and of 48, each held against its log, again and again on one core and on all of
//! them; and those of 48 with the signature of every member recovered. A figure by the second is the best of several rounds; that of the
//! processor's time is Linux's.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use butler_core::contracts::propose::{Calldata, ProposeDecoder, attestation_signer};
use butler_core::domain::proposals::{LoggedCheckpoint, Proposed};
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::{Address, Bytes, H256};
use serde_json::{Value, json};

const BATCH: usize = 64;
const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(500);

/// One recorded proposal.
struct Case {
    decoder: ProposeDecoder,
    rollup: Address,
    to: Address,
    input: Bytes,
    log: LoggedCheckpoint,
    members: usize,
}

impl Case {
    fn calldata(&self) -> Calldata<'_> {
        Calldata { to: Some(self.to), input: &self.input }
    }

    fn read(&self) -> Proposed {
        self.decoder.logged(self.calldata(), &self.log).unwrap()
    }

    fn read_exactly(&self) -> usize {
        let Proposed::ByCommittee(proposal) = self.read() else { return 0 };
        let signers = proposal.committee.iter().filter(|member| attestation_signer(&proposal, member).is_some());
        signers.count()
    }
}

fn main() {
    let fixture: Value = serde_json::from_str(include_str!("../tests/fixtures/proposals.json")).unwrap();
    let cases: Vec<Case> = fixture["proposals"].as_array().unwrap().iter().map(case).collect();
    let of = |members| cases.iter().filter(|case| case.members == members).collect::<Vec<_>>();
    let (small, large) = (of(4), of(48));
    let cores = std::thread::available_parallelism().unwrap().get();
    let figures = |cases: &[&Case]| {
        json!({
            "bytes": cases.iter().map(|case| case.input.len()).sum::<usize>() / cases.len(),
            "processor_us": processor_us(cases),
            "per_second_on_one_core": best(cases.len(), || cases.iter().for_each(|case| drop(black_box(case.read())))),
            "per_second_on_all_cores": best_of_all_cores(cases),
        })
    };
    let report = json!({
        "committee_of_4": figures(&small),
        "committee_of_48": figures(&large),
        "committee_of_48_every_signature": {
            "per_second_on_one_core": best(large.len(), || large.iter().for_each(|case| assert!(black_box(case.read_exactly()) > 0))),
        },
        "cores": cores,
    });
    println!("{report}");
}

fn case(one: &Value) -> Case {
    let address = |value: &Value| value.as_str().unwrap().parse::<Address>().unwrap();
    let bytes = |value: &Value| value.as_str().unwrap().parse::<Bytes>().unwrap();
    let number = |value: &Value| value.as_u64().unwrap();
    let clock = RollupClock { genesis_time: number(&one["genesisTime"]), slot_seconds: 72, epoch_slots: 32 };
    let expected = &one["expected"];
    let hash = |name: &str| expected[name].as_str().unwrap().parse::<H256>().unwrap();
    let rollup = address(&one["rollup"]);
    Case {
        decoder: ProposeDecoder::new(number(&one["chainId"]), rollup, clock),
        rollup,
        to: address(&one["transaction"]["to"]),
        input: bytes(&one["transaction"]["input"]),
        log: LoggedCheckpoint {
            number: number(&expected["checkpointNumber"]),
            archive: hash("archive"),
            payload_digest: hash("payloadDigest"),
            attestations_hash: hash("attestationsHash"),
        },
        members: expected["committee"].as_array().unwrap().len(),
    }
}

/// The best of several rounds, in proposals a second. A round does `jobs` of them again and again.
fn best(jobs: usize, work: impl Fn()) -> u64 {
    let round = || {
        let (began, mut count) = (Instant::now(), 0);
        while began.elapsed() < ROUND {
            work();
            count += u64::try_from(jobs).unwrap();
        }
        count * 1_000 / u64::try_from(began.elapsed().as_millis()).unwrap()
    };
    std::iter::repeat_with(round).take(ROUNDS).max().unwrap_or_default()
}

/// Processor time of one proposal, in microseconds, which other programs on the same cores change little.
fn processor_us(cases: &[&Case]) -> u64 {
    let spent = || {
        let schedule = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
        schedule.split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    let (began, times) = (spent(), 500);
    (0..times).for_each(|_| cases.iter().for_each(|case| drop(black_box(case.read()))));
    (spent() - began) / 1_000 / times / u64::try_from(cases.len()).unwrap()
}

/// The same on all cores, a batch for each rollup.
fn best_of_all_cores(cases: &[&Case]) -> u64 {
    let mut batches: BTreeMap<Address, (ProposeDecoder, Vec<_>)> = BTreeMap::new();
    for case in cases {
        let (_, batch) = batches.entry(case.rollup).or_insert_with(|| (case.decoder, Vec::new()));
        batch.extend(vec![(case.calldata(), case.log); BATCH]);
    }
    best(BATCH * cases.len(), || {
        for (decoder, batch) in batches.values() {
            assert!(black_box(decoder.each_logged(batch)).iter().all(Result::is_ok));
        }
    })
}
