//! What is hashed and signed when a checkpoint is proposed.
//!
//! Two digests: the payload's, which each attesting member signs, and the bundle's (attestations with who signed them), which the
//! proposer signs. 4.x signs Ethereum messages (EIP-191) over a hash that begins with a number of its own for each purpose; 5.0 and
//! later sign typed data (EIP-712). The contract hashes its own encoding of what it decoded, and so does this: how calldata was laid
//! out changes no digest.

use ethers_core::types::{Address, H256};
use ethers_core::utils::keccak256;
use sha2::{Digest as _, Sha256};

use super::arguments::{Arguments, Header};
use crate::contracts::words::{WORD, encoded};
use crate::domain::proposals::ProposeVersion;

/// The number of an attestation and of a bundle in 4.x.
const ATTESTATION: usize = 1;
const BUNDLE: usize = 2;

/// What typed data of one rollup begins with, hashed once.
#[derive(Debug, Clone, Copy)]
pub(super) struct TypedData {
    domain: [u8; WORD],
    attestation: [u8; WORD],
    bundle: [u8; WORD],
}

/// Attestations as the contract encodes them, to be hashed alone and together with who signed them.
#[derive(Debug)]
pub(super) struct Encoded {
    /// The place of the tuple, then the tuple.
    attestations: Vec<u8>,
}

impl TypedData {
    pub(super) fn of(chain_id: u64, rollup: Address) -> Self {
        let kind = keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        let mut chain = [0; WORD];
        let mut contract = [0; WORD];
        if let (Some(chain), Some(contract)) = (chain.last_chunk_mut(), contract.last_chunk_mut()) {
            (*chain, *contract) = (chain_id.to_be_bytes(), rollup.0);
        }
        let words = [kind, keccak256("Aztec Rollup"), keccak256("1"), chain, contract];
        Self {
            domain: keccak256(words.as_flattened()),
            attestation: keccak256("CheckpointAttestation(bytes32 payloadHash)"),
            bundle: keccak256("AttestationsAndSigners(bytes32 payloadHash)"),
        }
    }

    /// The digest of the payload, as the log tells it.
    pub(super) fn payload(&self, version: ProposeVersion, header: &Header<'_>, header_hash: H256) -> H256 {
        let payload = [*header.archive, *header.price_modifier, header_hash.0];
        H256(match version {
            ProposeVersion::V4 => keccak256([encoded(ATTESTATION).as_slice(), payload.as_flattened()].concat()),
            ProposeVersion::V5 | ProposeVersion::V6 => {
                self.typed(&self.attestation, &keccak256(payload.as_flattened()))
            }
        })
    }

    /// What the proposer signs.
    pub(super) fn bundle(&self, arguments: &Arguments<'_>, encoded_attestations: &Encoded) -> H256 {
        let tuple = encoded_attestations.attestations.get(WORD..).unwrap_or_default();
        let number = match arguments.version {
            ProposeVersion::V4 => Some(encoded(BUNDLE)),
            ProposeVersion::V5 | ProposeVersion::V6 => None,
        };
        let head_words = 2 + number.iter().len();
        let mut all = Vec::with_capacity(tuple.len() + (head_words + 1 + arguments.signers.len()) * WORD);
        all.extend(number.iter().flatten());
        all.extend(encoded(head_words * WORD));
        all.extend(encoded(head_words * WORD + tuple.len()));
        all.extend_from_slice(tuple);
        all.extend(encoded(arguments.signers.len()));
        all.extend_from_slice(arguments.signers.as_flattened());
        let hash = keccak256(all);
        H256(match arguments.version {
            ProposeVersion::V4 => signed_message(&hash),
            ProposeVersion::V5 | ProposeVersion::V6 => self.typed(&self.bundle, &hash),
        })
    }

    fn typed(&self, kind: &[u8; WORD], payload: &[u8; WORD]) -> [u8; WORD] {
        let content = keccak256([*kind, *payload].as_flattened());
        let mut all = [0; 2 + 2 * WORD];
        let parts = [0x19, 0x01].iter().chain(&self.domain).chain(&content);
        all.iter_mut().zip(parts).for_each(|(byte, part)| *byte = *part);
        keccak256(all)
    }
}

/// What a member signs to attest a payload.
pub(super) fn attestation(version: ProposeVersion, payload_digest: H256) -> H256 {
    match version {
        ProposeVersion::V4 => H256(signed_message(&payload_digest.0)),
        ProposeVersion::V5 | ProposeVersion::V6 => payload_digest,
    }
}

fn signed_message(hash: &[u8; WORD]) -> [u8; WORD] {
    keccak256([b"\x19Ethereum Signed Message:\n32".as_slice(), hash].concat())
}

/// The hash of a header: its fields without padding, and the time in 64 bits; of sha256 all but the last byte, behind an empty one.
pub(super) fn header(header: &Header<'_>) -> H256 {
    let mut hasher = Sha256::new();
    hasher.update(header.hashes.as_flattened());
    let mut slot = [0; WORD];
    if let Some(low) = slot.last_chunk_mut() {
        *low = header.slot.to_be_bytes();
    }
    hasher.update(slot);
    hasher.update(header.timestamp.to_be_bytes());
    hasher.update(header.coinbase);
    hasher.update(header.fee_recipient);
    hasher.update(header.fees.map(|fee| *fee).as_flattened());
    hasher.update(header.totals.as_flattened());
    let whole: [u8; WORD] = hasher.finalize().into();
    let mut hash = H256::zero();
    hash.0.iter_mut().skip(1).zip(whole).for_each(|(byte, of)| *byte = of);
    hash
}

impl Encoded {
    pub(super) fn of(indices: &[u8], packed: &[u8]) -> Self {
        let padded = indices.len().next_multiple_of(WORD);
        let mut all = Vec::with_capacity(5 * WORD + padded + packed.len() + WORD);
        all.extend(encoded(WORD));
        all.extend(encoded(2 * WORD));
        all.extend(encoded(3 * WORD + padded));
        for bytes in [indices, packed] {
            all.extend(encoded(bytes.len()));
            all.extend_from_slice(bytes);
            all.resize(all.len().next_multiple_of(WORD), 0);
        }
        Self { attestations: all }
    }

    /// The hash that the log tells.
    pub(super) fn hash(&self) -> H256 {
        H256(keccak256(&self.attestations))
    }
}
