//! What was proposed to a rollup, as L1 alone tells it: a checkpoint, whom it pays, who proposed it and who attested.
//!
//! Pure values, and why a transaction could not be read. `contracts/propose/` reads them from the calldata of `propose` and says
//! there what is proven. Whether a coinbase is the right one, and whose duty was missed, is decided elsewhere.

use ethers_core::types::{Address, H256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Which `propose` was called, told apart by its selector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProposeVersion {
    /// Of 4.x: `0x85b98fd8`, signed as Ethereum messages (EIP-191).
    V4,
    /// Of 5.x and of the nightlies of 6 before its release: `0x72636df9`, signed as typed data (EIP-712), as ever since.
    V5,
    /// Of 6.0: `0x0a883a99`.
    V6,
}

/// What one `CheckpointProposed` says, as far as calldata can be held against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCheckpoint {
    /// The checkpoint's number, which is used again after an invalidation and a prune. Calldata does not have it.
    pub number: u64,
    /// The archive's root after the checkpoint.
    pub archive: H256,
    /// Hash of archive, fee asset's price and header: it binds slot and coinbase.
    pub payload_digest: H256,
    /// Hash of the attestations as they were sent: it binds bitmap, signatures and the addresses of who did not sign.
    pub attestations_hash: H256,
}

/// A proposed checkpoint, without who stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which `propose` it came by.
    pub version: ProposeVersion,
    /// The slot that it is of.
    pub slot: u64,
    /// When that slot began, in unix seconds.
    pub timestamp: u64,
    /// Whom L1 pays the rewards and fees of the checkpoint.
    pub coinbase: Address,
    /// Whom L2 pays, an address of Aztec's.
    pub fee_recipient: H256,
    /// The archive's root after the checkpoint.
    pub archive: H256,
    /// Hash of the header alone.
    pub header_hash: H256,
    /// As in [`LoggedCheckpoint`].
    pub payload_digest: H256,
    /// As in [`LoggedCheckpoint`].
    pub attestations_hash: H256,
}

/// A signature as it was sent: nobody looked at it, but for the proposer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SentSignature {
    /// 27 or 28 where it is one.
    pub v: u8,
    /// The first half.
    pub r: [u8; 32],
    /// The second half.
    pub s: [u8; 32],
}

/// One member of a committee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitteeMember {
    /// Who it is.
    pub address: Address,
    /// The attestation that was sent for it. `propose` checks that of the proposer and no other.
    pub attestation: Option<SentSignature>,
}

/// A checkpoint that was proposed for its slot's committee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// What was proposed.
    pub checkpoint: Checkpoint,
    /// Who signed it as the slot's proposer; one of the committee, with an attestation.
    pub proposer: Address,
    /// The whole committee, in its order.
    pub committee: Vec<CommitteeMember>,
    /// What a member signs to attest.
    pub attestation_digest: H256,
}

impl Proposal {
    /// Those for whom an attestation was sent, in the committee's order.
    pub fn attested(&self) -> impl Iterator<Item = Address> {
        self.committee.iter().filter(|member| member.attestation.is_some()).map(|member| member.address)
    }

    /// Those for whom none was sent, in the committee's order.
    pub fn missing(&self) -> impl Iterator<Item = Address> {
        self.committee.iter().filter(|member| member.attestation.is_none()).map(|member| member.address)
    }
}

/// What a call of `propose` comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// A committee stands behind it.
    ByCommittee(Proposal),
    /// It came without any attestations, as it may while the escape hatch is open and where there is no committee. Its proposer is
    /// whoever sent it, so it is nobody's duty and left out.
    LeftOut(Checkpoint),
}

impl Proposed {
    /// What was proposed, by whomever.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::ByCommittee(proposal) => &proposal.checkpoint,
            Self::LeftOut(checkpoint) => checkpoint,
        }
    }
}

/// Why a transaction is not readable: what it proposed stays unknown, and nothing is guessed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// Nothing was looked at.
    #[error("its calldata of {bytes} bytes is longer than is read")]
    TooLong {
        /// Bytes of its calldata.
        bytes: usize,
    },
    /// The transaction calls a contract that passes calls on; a trace would show them.
    #[error("it calls the rollup by way of another contract, if at all")]
    Forwarded,
    /// The rollup is called for other things only.
    #[error("none of its calls to the rollup proposes")]
    NoProposal,
    /// A version of the contract that is not known, perhaps.
    #[error("it calls {:#010x} of {contract:#x}, which is not known", u32::from_be_bytes(*selector))]
    UnknownSelector {
        /// The rollup or Multicall3.
        contract: Address,
        /// The first four bytes of the calldata.
        selector: [u8; 4],
    },
    /// The contracts would have refused it, or it is encoded as no program does.
    #[error("its {what} cannot be decoded")]
    Malformed {
        /// The part of it.
        what: &'static str,
    },
    /// More than anybody sends; a proposal could hide there.
    #[error("it has more {what} than are read")]
    TooMany {
        /// Of what.
        what: &'static str,
    },
    /// The rollup would have refused it, or the clock is another rollup's.
    #[error("slot {slot} does not begin at {timestamp}")]
    Implausible {
        /// The slot of the header.
        slot: u64,
        /// The time of the header, in unix seconds.
        timestamp: u64,
    },
    /// The log tells of another proposal.
    #[error("it has no proposal of which the log tells")]
    NotLogged,
    /// Which of them succeeded cannot be told.
    #[error("it has proposals by several proposers, of which the log tells alike")]
    Ambiguous,
    /// The rollup would have refused it.
    #[error("its proposer's signature is none")]
    Unsigned,
    /// The rollup would have refused it.
    #[error("it was signed by {signer:#x}, who is nobody of the committee or did not attest")]
    SignedByStranger {
        /// Whose signature it is.
        signer: Address,
    },
}
