//! The recorded transactions.

use std::sync::LazyLock;

use butler_core::contracts::bindings::multicall3::{Aggregate3Call, Call3};
use butler_core::contracts::multicall::MULTICALL3;
use butler_core::contracts::propose::{Calldata, ProposeDecoder};
use butler_core::domain::proposals::{LoggedCheckpoint, Proposal, ProposeVersion, Proposed, Unreadable};
use butler_core::domain::rollup::RollupClock;
use ethers_core::abi::AbiEncode as _;
use ethers_core::types::{Address, Bytes, H256, U256};
use serde::Deserialize;

/// One transaction that proposed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recorded {
    pub(crate) name: String,
    pub(crate) contracts: String,
    chain_id: u64,
    pub(crate) rollup: Address,
    genesis_time: u64,
    pub(crate) transaction: Transaction,
    log: RecordedLog,
    pub(crate) expected: Expected,
}

/// One that did not, or whose proposal failed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Other {
    pub(crate) name: String,
    pub(crate) contracts: String,
    chain_id: u64,
    rollup: Address,
    genesis_time: u64,
    pub(crate) transaction: Transaction,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Transaction {
    pub(crate) to: Address,
    pub(crate) input: Bytes,
}

#[derive(Debug, Deserialize)]
struct RecordedLog {
    topics: Vec<H256>,
    data: Bytes,
}

/// What was decoded elsewhere.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Expected {
    pub(crate) wrapped_in: Option<String>,
    pub(crate) selector: Bytes,
    pub(crate) checkpoint_number: u64,
    pub(crate) archive: H256,
    pub(crate) slot: u64,
    pub(crate) header_timestamp: u64,
    pub(crate) epoch: u64,
    pub(crate) coinbase: Address,
    pub(crate) fee_recipient: H256,
    pub(crate) header_hash: H256,
    pub(crate) payload_digest: H256,
    pub(crate) attestations_hash: H256,
    pub(crate) member_signing_hash: H256,
    pub(crate) proposer: Address,
    pub(crate) proposer_index: usize,
    pub(crate) committee: Vec<Address>,
    pub(crate) attested_count: usize,
    pub(crate) signers: Vec<Address>,
    pub(crate) bits: Vec<u8>,
    pub(crate) attested: Vec<bool>,
    pub(crate) recovered: Option<Vec<Option<Address>>>,
}

#[derive(Debug, Deserialize)]
struct Fixture {
    proposals: Vec<Recorded>,
    others: Vec<Other>,
}

static FIXTURE: LazyLock<Fixture> =
    LazyLock::new(|| serde_json::from_str(include_str!("../fixtures/proposals.json")).unwrap());

pub(crate) fn recorded() -> &'static [Recorded] {
    &FIXTURE.proposals
}

pub(crate) fn others() -> &'static [Other] {
    &FIXTURE.others
}

/// The recorded transaction of that name, made with the contracts of a version that begins so.
pub(crate) fn named(name: &str, contracts: &str) -> &'static Recorded {
    recorded().iter().find(|recorded| recorded.name == name && recorded.contracts.starts_with(contracts)).unwrap()
}

pub(crate) fn clock(genesis_time: u64) -> RollupClock {
    RollupClock { genesis_time, slot_seconds: 72, epoch_slots: 32 }
}

impl Recorded {
    pub(crate) fn decoder(&self) -> ProposeDecoder {
        ProposeDecoder::new(self.chain_id, self.rollup, clock(self.genesis_time))
    }

    pub(crate) fn calldata(&self) -> Calldata<'_> {
        Calldata { to: Some(self.transaction.to), input: &self.transaction.input }
    }

    pub(crate) fn log(&self) -> LoggedCheckpoint {
        let word = |index: usize| H256::from_slice(&self.log.data[32 * index..32 * (index + 1)]);
        let number = U256::from_big_endian(self.log.topics[1].as_bytes());
        let (archive, payload_digest, attestations_hash) = (self.log.topics[2], word(1), word(2));
        LoggedCheckpoint { number: number.as_u64(), archive, payload_digest, attestations_hash }
    }

    /// What the log tells of, read from these bytes instead.
    pub(crate) fn logged(&self, to: Address, input: &[u8]) -> Result<Proposed, Unreadable> {
        self.decoder().logged(Calldata { to: Some(to), input }, &self.log())
    }

    /// What the log tells of, as it was sent.
    pub(crate) fn proposal(&self) -> Proposal {
        by_committee(self.decoder().logged(self.calldata(), &self.log()).unwrap())
    }

    /// Where the calldata of `propose` lies in the transaction's.
    pub(crate) fn place(&self) -> std::ops::Range<usize> {
        let input = &self.transaction.input;
        if self.expected.wrapped_in.is_none() {
            return 0..input.len();
        }
        let start = [&self.expected.selector[..], self.expected.archive.as_bytes()].concat();
        let at = input.windows(start.len()).position(|window| window == start).unwrap();
        let length = U256::from_big_endian(&input[at - 32..at]).as_usize();
        at..at + length
    }

    /// The calldata of `propose` alone.
    pub(crate) fn call(&self) -> &[u8] {
        &self.transaction.input[self.place()]
    }

    /// Words of its first argument.
    pub(crate) fn arguments(&self) -> usize {
        match self.proposal().checkpoint.version {
            ProposeVersion::V4 => 14,
            ProposeVersion::V5 => 15,
            ProposeVersion::V6 => 16,
        }
    }
}

impl Other {
    pub(crate) fn decoder(&self) -> ProposeDecoder {
        ProposeDecoder::new(self.chain_id, self.rollup, clock(self.genesis_time))
    }

    pub(crate) fn calldata(&self) -> Calldata<'_> {
        Calldata { to: Some(self.transaction.to), input: &self.transaction.input }
    }
}

pub(crate) fn by_committee(proposed: Proposed) -> Proposal {
    match proposed {
        Proposed::ByCommittee(proposal) => proposal,
        Proposed::LeftOut(checkpoint) => panic!("nobody stands behind {checkpoint:?}"),
    }
}

/// `aggregate3` of these calls, all of which may fail.
pub(crate) fn aggregate(calls: &[(Address, &[u8])]) -> Vec<u8> {
    let call = |(target, data): &(Address, &[u8])| Call3 {
        target: *target,
        allow_failure: true,
        call_data: data.to_vec().into(),
    };
    Aggregate3Call { calls: calls.iter().map(call).collect() }.encode()
}

/// As many `aggregate3` around a call as `depth` says.
pub(crate) fn nested(depth: usize, rollup: Address, call: &[u8]) -> Vec<u8> {
    let mut data = aggregate(&[(rollup, call)]);
    for _ in 1..depth {
        data = aggregate(&[(MULTICALL3, &data)]);
    }
    data
}
