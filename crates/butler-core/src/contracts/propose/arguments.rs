//! The arguments of `propose`, as they lie in its calldata.
//!
//! `propose(args, (bytes signatureIndices, bytes signaturesOrAddresses), address[] signers, (uint8 v, bytes32 r, bytes32 s),
//! bytes blobInput)`. `args` is static and stands in front: archive, fee asset's price modifier, header, and from 6.0 a hint.
//! What the contract's decoder refuses is refused: too few bytes, places beyond them, numbers too large for their type.

use ethers_core::types::{Address, H256};

use crate::contracts::words::{WORD, address, bytes, sized, small};
use crate::domain::proposals::{ProposeVersion, SentSignature};

/// Words of `args` up to and with the header of 4.x.
const COMMON: usize = 14;
/// Words behind `args`: attestations, signers, the proposer's signature in three, blobs.
const BEHIND: usize = 6;

type Word = [u8; WORD];

/// One call of `propose`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arguments<'a> {
    pub(super) version: ProposeVersion,
    pub(super) header: Header<'a>,
    /// A bit for each member of the committee, the highest of each byte first.
    pub(super) indices: &'a [u8],
    /// For each member its signature or its address.
    pub(super) packed: &'a [u8],
    /// Addresses of who signed, a word each.
    pub(super) signers: &'a [Word],
    /// The proposer's, over attestations and signers.
    pub(super) signature: SentSignature,
}

/// What is signed by the committee.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header<'a> {
    pub(super) archive: &'a Word,
    pub(super) price_modifier: &'a Word,
    /// The five hashes that the header begins with.
    pub(super) hashes: &'a [Word],
    pub(super) slot: u64,
    pub(super) timestamp: u64,
    pub(super) coinbase: Address,
    pub(super) fee_recipient: &'a Word,
    /// Fees per unit of data and of gas, 16 bytes each.
    pub(super) fees: [&'a [u8; 16]; 2],
    /// Mana used, and from 5.0 the fees accumulated.
    pub(super) totals: &'a [Word],
}

/// Which `propose` has this selector.
pub(super) fn version(selector: [u8; 4]) -> Option<ProposeVersion> {
    match selector {
        [0x85, 0xb9, 0x8f, 0xd8] => Some(ProposeVersion::V4),
        [0x72, 0x63, 0x6d, 0xf9] => Some(ProposeVersion::V5),
        [0x0a, 0x88, 0x3a, 0x99] => Some(ProposeVersion::V6),
        _ => None,
    }
}

impl<'a> Arguments<'a> {
    /// Reads what stands behind the selector; `None` where the contract would not.
    pub(super) fn read(version: ProposeVersion, data: &'a [u8]) -> Option<Self> {
        // How many words of totals there are, and how many more of `args`.
        let (totals, hints) = match version {
            ProposeVersion::V4 => (1, 0),
            ProposeVersion::V5 => (2, 0),
            ProposeVersion::V6 => (2, 1),
        };
        let head_words = (COMMON - 1) + totals + hints + BEHIND;
        let (words, _) = data.get(..head_words * WORD)?.as_chunks::<WORD>();
        let (args, behind) = words.split_last_chunk::<BEHIND>()?;
        let header = Header::read(args.get(..COMMON - 1 + totals)?)?;
        let [attestations, _, v, r, s, _] = behind;
        let place = |index: usize| args.len().checked_add(index)?.checked_mul(WORD);
        // It is a struct of its own: its places are counted from where it begins.
        let tuple = usize::try_from(small(attestations)?).ok()?;
        let indices = bytes(data, tuple, tuple)?;
        let packed = bytes(data, tuple, tuple.checked_add(WORD)?)?;
        let (signers, _) = sized(data, 0, place(1)?, WORD)?.as_chunks::<WORD>();
        // Nothing in them is of interest, but the contract refuses what does not fit.
        bytes(data, 0, place(5)?)?;
        let signature = SentSignature { v: u8::try_from(small(v)?).ok()?, r: *r, s: *s };
        Some(Self { version, header, indices, packed, signers, signature })
    }
}

impl<'a> Header<'a> {
    fn read(args: &'a [Word]) -> Option<Self> {
        let (front, back) = args.split_at_checked(2 + 5)?;
        let ([archive, price_modifier], hashes) = front.split_first_chunk()?;
        let ([slot, timestamp, coinbase, fee_recipient, data_fee, gas_fee], totals) = back.split_first_chunk()?;
        Some(Self {
            archive,
            price_modifier,
            hashes,
            slot: small(slot)?,
            timestamp: small(timestamp)?,
            coinbase: address(coinbase)?,
            fee_recipient,
            fees: [half(data_fee)?, half(gas_fee)?],
            totals,
        })
    }

    pub(super) fn archive(&self) -> H256 {
        H256(*self.archive)
    }
}

/// The lower half of a word whose upper half is empty.
fn half(word: &Word) -> Option<&[u8; 16]> {
    let (high, low) = word.split_last_chunk::<16>()?;
    high.iter().all(|byte| *byte == 0).then_some(low)
}
