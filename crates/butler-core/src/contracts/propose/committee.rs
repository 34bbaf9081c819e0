//! The committee, put together from the bitmap, the packed signatures and addresses, and the stated signers.
//!
//! As `AttestationLib` of Aztec's contracts does it: in the committee's order 65 bytes (v, r, s) where the bit is set, 20 (the
//! address) where it is not, and whoever signed is next among the signers. Bits behind the last member have no meaning there, and
//! have none here.

use ethers_core::types::Address;

use super::arguments::Arguments;
use crate::contracts::words::address;
use crate::domain::proposals::{CommitteeMember, SentSignature, Unreadable};
use crate::domain::proposers::COMMITTEE_LIMIT;

/// Bytes of a signature, v first.
const SIGNATURE: usize = 65;
/// Bytes of an address.
const ADDRESS: usize = 20;

/// The whole committee, in order. Nobody where no attestations were sent.
///
/// # Errors
/// `Malformed` where bitmap, packed bytes and signers are not of one committee, `TooMany` beyond [`COMMITTEE_LIMIT`].
pub(super) fn committee(arguments: &Arguments<'_>) -> Result<Vec<CommitteeMember>, Unreadable> {
    const MALFORMED: Unreadable = Unreadable::Malformed { what: "attestations" };
    // Every member takes 20 bytes at least, so no more is allocated than was sent.
    let most = u64::try_from(arguments.packed.len() / ADDRESS).unwrap_or(u64::MAX).min(COMMITTEE_LIMIT);
    let mut committee = Vec::with_capacity(usize::try_from(most).unwrap_or_default());
    let (mut rest, mut signers) = (arguments.packed, arguments.signers.iter());
    while !rest.is_empty() {
        if u64::try_from(committee.len()).unwrap_or(u64::MAX) >= COMMITTEE_LIMIT {
            return Err(Unreadable::TooMany { what: "members of a committee" });
        }
        let (member, after) = member(committee.len(), arguments.indices, rest, &mut signers).ok_or(MALFORMED)?;
        committee.push(member);
        rest = after;
    }
    let is_whole = signers.next().is_none() && committee.len().div_ceil(8) == arguments.indices.len();
    is_whole.then_some(committee).ok_or(MALFORMED)
}

fn member<'a>(
    index: usize,
    indices: &[u8],
    packed: &'a [u8],
    signers: &mut std::slice::Iter<'_, [u8; 32]>,
) -> Option<(CommitteeMember, &'a [u8])> {
    let has_signed = indices.get(index / 8)? & (0x80 >> (index % 8)) != 0;
    if !has_signed {
        let (address, rest) = packed.split_first_chunk::<ADDRESS>()?;
        return Some((CommitteeMember { address: Address::from(*address), attestation: None }, rest));
    }
    let (signature, rest) = packed.split_first_chunk::<SIGNATURE>()?;
    let address = address(signers.next()?)?;
    let [v, halves @ ..] = signature;
    let (r, s) = (halves.first_chunk()?, halves.last_chunk()?);
    let attestation = Some(SentSignature { v: *v, r: *r, s: *s });
    Some((CommitteeMember { address, attestation }, rest))
}
