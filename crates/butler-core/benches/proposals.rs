//! How many proposals are decoded in a second, with their proposers recovered: `cargo bench --package butler-core --bench proposals`.
//!
//! The recorded proposals of committees of 4 and of 48, each held against its log, again and again on one core and on all of
//! them; and those of 48 with the signature of every member recovered. Each figure is the best of several rounds.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints what it measured")]

use std::time::{Duration, Instant};

use butler_core::contracts::propose::{Calldata, ProposeDecoder, attestation_signer};
use butler_core::domain::proposals::{LoggedCheckpoint, Proposed};
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::{Address, Bytes, H256};
use serde_json::{Value, json};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(500);

/// One recorded proposal.
struct Case {
    decoder: ProposeDecoder,
    to: Address,
    input: Bytes,
    log: LoggedCheckpoint,
    members: usize,
}

impl Case {
    fn read(&self) -> Proposed {
        let calldata = Calldata { to: Some(self.to), input: &self.input };
        self.decoder.logged(calldata, &self.log).unwrap()
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
            "per_second_on_one_core": best(1, cases, Case::read),
            "per_second_on_all_cores": best(cores, cases, Case::read),
        })
    };
    let report = json!({
        "committee_of_4": figures(&small),
        "committee_of_48": figures(&large),
        "committee_of_48_every_signature": { "per_second_on_one_core": best(1, &large, Case::read_exactly) },
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
    Case {
        decoder: ProposeDecoder::new(number(&one["chainId"]), address(&one["rollup"]), clock),
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

/// Reads a second, by so many threads.
fn best<R>(threads: usize, cases: &[&Case], read: impl Fn(&Case) -> R + Sync) -> u64 {
    let round = || {
        let began = Instant::now();
        let count: u64 = std::thread::scope(|scope| {
            let one = || {
                let mut count = 0;
                while began.elapsed() < ROUND {
                    cases.iter().for_each(|case| drop(std::hint::black_box(read(case))));
                    count += u64::try_from(cases.len()).unwrap();
                }
                count
            };
            let threads: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        let milliseconds = u64::try_from(began.elapsed().as_millis()).unwrap();
        count * 1_000 / milliseconds
    };
    std::iter::repeat_with(round).take(ROUNDS).max().unwrap_or_default()
}
