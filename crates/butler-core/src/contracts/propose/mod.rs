//! Calls of `propose`, decoded: the checkpoint, whom it pays, who proposed it, the committee and who attested.
//!
//! A log of the rollup decides which call of a transaction counts, since calls of Multicall3 may fail unseen. Its hashes bind all of
//! the header and the attestations, so slot, coinbase and bitmap are proven; the proposer is recovered from its signature, which the
//! contract checked, and must be of the committee. Who is said to have signed is bound by that signature alone: a proposer who hides
//! its call behind another contract could put a second one beside it that names others. So whoever knows the epoch's committee and
//! the slot's proposer holds them against these. What is not readable is told with a reason, and never guessed.

mod arguments;
mod calls;
mod committee;
mod digests;
mod many;
mod signature;

use ethers_core::types::{Address, H256};

use self::arguments::Arguments;
use self::digests::{Encoded, TypedData};
use crate::domain::proposals::{Checkpoint, CommitteeMember, LoggedCheckpoint, Proposal, Proposed, Unreadable};
use crate::domain::rollup::RollupClock;

/// The most bytes of calldata that are looked at. A proposal with the largest committee that is believed has a tenth of them, and
/// nodes of L1 pass on no transactions that are longer.
pub const CALLDATA_LIMIT: usize = 1 << 20;
/// The most calls of `propose` in one transaction; nodes make one.
const PROPOSAL_LIMIT: usize = 16;

/// Functions of rollups from 4.1 to 6.0 that stand beside proposals and propose nothing: `setupEpoch`, both invalidations, `prune`,
/// and `submitEpochRootProof` of 4.x, 5.x and 6.0.
const OTHER_FUNCTIONS: [[u8; 4]; 7] = [
    [0xe3, 0x38, 0x0b, 0x79],
    [0xaf, 0x58, 0x4d, 0xd3],
    [0xae, 0x89, 0x55, 0x81],
    [0x9f, 0x2b, 0x31, 0x54],
    [0xd8, 0xea, 0x42, 0x77],
    [0x06, 0x9d, 0x15, 0x25],
    [0x5d, 0xe4, 0xc4, 0x2e],
];

/// What is read of a transaction.
#[derive(Debug, Clone, Copy)]
pub struct Calldata<'a> {
    /// The contract that is called; `None` where the transaction makes one.
    pub to: Option<Address>,
    /// Selector and arguments.
    pub input: &'a [u8],
}

/// Decodes proposals to one rollup.
#[derive(Debug, Clone, Copy)]
pub struct ProposeDecoder {
    rollup: Address,
    clock: RollupClock,
    typed_data: TypedData,
}

impl ProposeDecoder {
    /// Proposals to `rollup` on the L1 with this chain id; `clock` is the rollup's.
    #[must_use]
    pub fn new(chain_id: u64, rollup: Address, clock: RollupClock) -> Self {
        Self { rollup, clock, typed_data: TypedData::of(chain_id, rollup) }
    }

    /// The proposal of which `log` tells, a log of this rollup and of this transaction.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn logged(&self, calldata: Calldata<'_>, log: &LoggedCheckpoint) -> Result<Proposed, Unreadable> {
        let Found { calls, unknown } = self.find(calldata)?;
        // What stays unread could be what the log tells of.
        let mut problem = unknown;
        let mut found: Option<Proposed> = None;
        for call in calls {
            let candidate = match call.and_then(|arguments| self.candidate(arguments)) {
                Ok(candidate) => candidate,
                Err(unreadable) => {
                    problem = problem.or(Some(unreadable));
                    continue;
                }
            };
            if !candidate.is_told_by(log) {
                continue;
            }
            match self.proposed(candidate) {
                Ok(proposed) if found.as_ref().is_some_and(|found| *found != proposed) => {
                    return Err(Unreadable::Ambiguous);
                }
                Ok(proposed) => found = Some(proposed),
                // The contract would have refused it: it explains nothing where another one is right.
                Err(unreadable) => problem = Some(unreadable),
            }
        }
        found.ok_or(problem.unwrap_or(Unreadable::NotLogged))
    }

    /// [`Self::logged`] for each transaction with its log, in their order and on all cores. It keeps the thread that calls it.
    #[must_use]
    pub fn each_logged(&self, all: &[(Calldata<'_>, LoggedCheckpoint)]) -> Vec<Result<Proposed, Unreadable>> {
        many::side_by_side(all, |(calldata, log)| self.logged(*calldata, log))
    }

    /// Every call that proposes to the rollup, in order, without proof that any of them succeeded.
    ///
    /// # Errors
    /// See [`Unreadable`]; a call that is not readable is an error of its own.
    pub fn every(&self, calldata: Calldata<'_>) -> Result<Vec<Result<Proposed, Unreadable>>, Unreadable> {
        let Found { calls, unknown } = self.find(calldata)?;
        if let Some(unknown) = unknown.filter(|_| calls.is_empty()) {
            return Err(unknown);
        }
        let read = |arguments| self.proposed(self.candidate(arguments)?);
        Ok(calls.into_iter().map(|call| call.and_then(read)).collect())
    }

    fn find<'a>(&self, calldata: Calldata<'a>) -> Result<Found<'a>, Unreadable> {
        let bytes = calldata.input.len();
        if bytes > CALLDATA_LIMIT {
            return Err(Unreadable::TooLong { bytes });
        }
        let mut found = Found { calls: Vec::new(), unknown: None };
        for data in calls::calls_to(self.rollup, calldata.to, calldata.input)? {
            let Some((selector, data)) = data.split_first_chunk() else { continue };
            if let Some(version) = arguments::version(*selector) {
                let what = "arguments of `propose`";
                found.calls.push(Arguments::read(version, data).ok_or(Unreadable::Malformed { what }));
            } else if !OTHER_FUNCTIONS.contains(selector) {
                let (contract, selector) = (self.rollup, *selector);
                found.unknown.get_or_insert(Unreadable::UnknownSelector { contract, selector });
            }
        }
        if found.calls.len() > PROPOSAL_LIMIT {
            return Err(Unreadable::TooMany { what: "proposals" });
        }
        if found.calls.is_empty() && found.unknown.is_none() {
            return Err(Unreadable::NoProposal);
        }
        Ok(found)
    }

    fn candidate<'a>(&self, arguments: Arguments<'a>) -> Result<Candidate<'a>, Unreadable> {
        let header = &arguments.header;
        let committee = committee::committee(&arguments)?;
        let header_hash = digests::header(header);
        let encoded = Encoded::of(arguments.indices, arguments.packed);
        let checkpoint = Checkpoint {
            version: arguments.version,
            slot: header.slot,
            timestamp: header.timestamp,
            coinbase: header.coinbase,
            fee_recipient: H256(*header.fee_recipient),
            archive: header.archive(),
            header_hash,
            payload_digest: self.typed_data.payload(arguments.version, header, header_hash),
            attestations_hash: encoded.hash(),
        };
        Ok(Candidate { arguments, checkpoint, committee, encoded })
    }

    fn proposed(&self, candidate: Candidate<'_>) -> Result<Proposed, Unreadable> {
        let Candidate { arguments, checkpoint, committee, encoded } = candidate;
        let (slot, timestamp) = (checkpoint.slot, checkpoint.timestamp);
        if self.clock.slot_start(slot) != Some(timestamp) {
            return Err(Unreadable::Implausible { slot, timestamp });
        }
        if committee.is_empty() {
            return Ok(Proposed::LeftOut(checkpoint));
        }
        let digest = self.typed_data.bundle(&arguments, &encoded);
        let signer = signature::signer(digest, &arguments.signature).ok_or(Unreadable::Unsigned)?;
        let is_the_proposer = |member: &CommitteeMember| member.address == signer && member.attestation.is_some();
        if !committee.iter().any(is_the_proposer) {
            return Err(Unreadable::SignedByStranger { signer });
        }
        Ok(Proposed::ByCommittee(Proposal {
            checkpoint,
            proposer: signer,
            committee,
            attestation_digest: digests::attestation(checkpoint.version, checkpoint.payload_digest),
        }))
    }
}

/// Whoever signed the attestation that was sent for a member; `None` where none was sent and where it is no signature. It is valid
/// when that is the member.
///
/// As costly as all else of a proposal together. `propose` looks at the proposer's alone: of any other a wrong one shows when the
/// checkpoint is invalidated, or here.
#[must_use]
pub fn attestation_signer(proposal: &Proposal, member: &CommitteeMember) -> Option<Address> {
    signature::signer(proposal.attestation_digest, member.attestation.as_ref()?)
}

/// The calls to the rollup that matter.
struct Found<'a> {
    /// Those that propose.
    calls: Vec<Result<Arguments<'a>, Unreadable>>,
    /// The first that may do anything.
    unknown: Option<Unreadable>,
}

/// A call whose hashes are known and whose signature is not.
struct Candidate<'a> {
    arguments: Arguments<'a>,
    checkpoint: Checkpoint,
    committee: Vec<CommitteeMember>,
    encoded: Encoded,
}

impl Candidate<'_> {
    fn is_told_by(&self, log: &LoggedCheckpoint) -> bool {
        let Checkpoint { archive, payload_digest, attestations_hash, .. } = self.checkpoint;
        (archive, payload_digest, attestations_hash) == (log.archive, log.payload_digest, log.attestations_hash)
    }
}
