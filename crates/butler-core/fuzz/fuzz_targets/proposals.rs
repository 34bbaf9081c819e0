//! The calldata of a transaction that may propose: the first byte says which recorded one it stands for, the rest is its calldata.
//!
//! Whatever the bytes are, the log of the recorded transaction tells of nothing but what was recorded.
#![no_main]

use std::sync::LazyLock;

use butler_core::contracts::propose::{Calldata, ProposeDecoder, attestation_signer};
use butler_core::domain::proposals::{Checkpoint, LoggedCheckpoint, Proposed, Unreadable};
use butler_core::domain::rollup::RollupClock;
use ethers_core::types::{Address, Bytes};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

struct Recorded {
    decoder: ProposeDecoder,
    to: Address,
    log: LoggedCheckpoint,
    proposed: Proposed,
}

static RECORDED: LazyLock<Vec<Recorded>> = LazyLock::new(|| {
    let text = include_str!("../../tests/fixtures/proposals.json");
    let fixture: Value = serde_json::from_str(text).expect("it is JSON");
    fixture["proposals"].as_array().expect("a list").iter().map(recorded).collect()
});

fn recorded(one: &Value) -> Recorded {
    let address = |value: &Value| value.as_str().and_then(|text| text.parse::<Address>().ok()).expect("an address");
    let number = |value: &Value| value.as_u64().expect("a number");
    let clock = RollupClock { genesis_time: number(&one["genesisTime"]), slot_seconds: 72, epoch_slots: 32 };
    let decoder = ProposeDecoder::new(number(&one["chainId"]), address(&one["rollup"]), clock);
    let to = address(&one["transaction"]["to"]);
    let input: Bytes = one["transaction"]["input"].as_str().and_then(|text| text.parse().ok()).expect("bytes");
    let mut every = decoder.every(Calldata { to: Some(to), input: &input }).expect("it was read");
    let proposed = every.pop().expect("one").expect("it is right");
    Recorded { decoder, to, log: log_of(proposed.checkpoint()), proposed }
}

fn log_of(checkpoint: &Checkpoint) -> LoggedCheckpoint {
    let Checkpoint { archive, payload_digest, attestations_hash, .. } = *checkpoint;
    LoggedCheckpoint { number: 1, archive, payload_digest, attestations_hash }
}

fn check(problem: Unreadable) {
    let text = problem.to_string();
    assert!(text.len() < 200 && text.is_ascii(), "{text}");
}

fuzz_target!(|input: &[u8]| {
    let Some((which, input)) = input.split_first() else { return };
    let recorded = &RECORDED[usize::from(*which) % RECORDED.len()];
    let calldata = Calldata { to: Some(recorded.to), input };
    match recorded.decoder.logged(calldata, &recorded.log) {
        Ok(proposed) => assert_eq!(proposed, recorded.proposed),
        Err(problem) => check(problem),
    }
    let every = match recorded.decoder.every(calldata) {
        Ok(every) => every,
        Err(problem) => return check(problem),
    };
    assert!(every.len() <= 16);
    for proposed in every {
        let proposed = match proposed {
            Ok(proposed) => proposed,
            Err(problem) => {
                check(problem);
                continue;
            }
        };
        let again = recorded.decoder.logged(calldata, &log_of(proposed.checkpoint()));
        assert!(again.as_ref() == Ok(&proposed) || again == Err(Unreadable::Ambiguous), "{again:?}");
        let Proposed::ByCommittee(proposal) = proposed else { continue };
        assert!(20 * proposal.committee.len() <= input.len());
        assert!(proposal.attested().any(|member| member == proposal.proposer));
        assert_eq!(proposal.attested().count() + proposal.missing().count(), proposal.committee.len());
        for member in proposal.committee.iter().take(4) {
            let _ = attestation_signer(&proposal, member);
        }
    }
});
