//! What contracts return: the first byte says which function, the rest is its answer.
//!
//! What is decoded may not be more than what was sent, and what passes its check goes on to the domain.
#![no_main]

use butler_core::contracts::bindings::{
    governance, governance_proposer, gse, pull_split, rollup, staking_registry, tally_slashing_proposer as proposer,
};
use butler_core::contracts::call::decode_return;
use butler_core::contracts::decode;
use butler_core::contracts::multicall::{Outcome, decode_aggregate};
use butler_core::contracts::packed;
use butler_core::domain::slashing::{SlashingRules, decide, reaches_nobody, tally};
use ethers_core::abi::{AbiDecode, AbiEncode, AbiType};
use ethers_core::types::{Address, Bytes, U256};
use libfuzzer_sys::fuzz_target;

/// Decodes, and holds the size of what came out against that of the answer.
fn read<R: AbiDecode + AbiEncode + AbiType>(data: &[u8]) -> Option<R> {
    let value: R = match decode_return("fuzzed", data) {
        Ok(value) => value,
        Err(error) => {
            assert!(error.to_string().len() < 1024);
            return None;
        }
    };
    let encoded = value.encode();
    assert!(encoded.len() <= 4 * data.len() + 128, "{} bytes out of {}", encoded.len(), data.len());
    Some(decode_return("fuzzed", &encoded).expect("what was decoded can be encoded and decoded"))
}

fn votes(committees: &[Vec<Address>], data: &[u8]) {
    let rules = SlashingRules {
        quorum: 1,
        round_slots: 8,
        round_epochs: 2,
        committee_size: 2,
        execution_delay_rounds: 1,
        lifetime_rounds: 2,
        offset_rounds: 1,
        amounts: [1.into(), 2.into(), 3.into()],
    };
    if let Ok(counts) = tally(&rules, data.chunks_exact(1)) {
        let _ = (decide(&rules, committees, &counts), reaches_nobody(&rules, committees, &counts));
    }
}

/// The first byte says how many calls there were, the rest is the answer to all of them.
fn packs(data: &[u8], decode: impl FnOnce(&Bytes, usize) -> Option<Vec<Outcome>>) {
    let Some((expected, data)) = data.split_first() else { return };
    let expected = usize::from(*expected);
    let Some(outcomes) = decode(&Bytes::from(data.to_vec()), expected) else { return };
    assert_eq!(outcomes.len(), expected);
    let inner = outcomes.iter().map(|outcome| match outcome {
        Outcome::Returned(inner) | Outcome::Failed(inner) => inner,
    });
    assert!(inner.clone().map(|inner| inner.len()).sum::<usize>() <= data.len());
    inner.for_each(|inner| drop(read::<proposer::GetSlashTargetCommitteesReturn>(inner)));
}

fuzz_target!(|input: &[u8]| {
    let Some((which, data)) = input.split_first() else { return };
    match which % 21 {
        0 => drop(read::<Address>(data)),
        1 => drop(read::<U256>(data).map(|value| (decode::small("fuzzed", value), decode::length("fuzzed", value, 9)))),
        2 => drop(read::<bool>(data)),
        3 => drop(read::<u8>(data)),
        4 => drop(read::<[u8; 32]>(data)),
        5 => drop(read::<Bytes>(data).map(|vote| votes(&[], &vote))),
        6 => drop(read::<Vec<proposer::SlashAction>>(data)),
        7 => {
            if let Some(found) = read::<proposer::GetSlashTargetCommitteesReturn>(data) {
                votes(&found.committees, data);
            }
        }
        8 => drop(read::<proposer::GetRoundReturn>(data)),
        9 => drop(read::<rollup::GetAttesterViewReturn>(data).map(|found| decode::attester_view(&found.0))),
        10 => drop(read::<rollup::GetEntryQueueAtReturn>(data).map(|found| decode::queued_deposit(&found.0))),
        11 => drop(read::<gse::GetAttestersFromIndicesAtTimeReturn>(data)),
        12 => drop(
            read::<staking_registry::ProviderConfigurationsReturn>(data)
                .map(|found| decode::provider(&found, Address::zero())),
        ),
        13 => {
            let found = read::<staking_registry::ProviderQueuesReturn>(data);
            if let Some(Ok(indices)) = found.map(|found| decode::queue_indices(&found, 1000)) {
                assert!(indices.end - indices.start <= 1000);
            }
        }
        14 => drop(
            read::<staking_registry::GetValueAtIndexInQueueReturn>(data)
                .map(|found| decode::provider_queue_entry(1, &found.0)),
        ),
        15 => drop(read::<governance::GetProposalReturn>(data)),
        16 => drop(read::<governance_proposer::GetRoundDataReturn>(data)),
        17 => drop(read::<pull_split::GetSplitBalanceReturn>(data)),
        18 => drop(read::<Vec<Vec<Vec<Address>>>>(data)),
        19 => packs(data, |data, expected| decode_aggregate(data, expected).ok()),
        _ => packs(data, |data, expected| packed::decode(data, expected).ok().map(|results| results.outcomes)),
    }
});
