//! What of a keystore is not a coinbase, as one number.
//!
//! An approval of one coinbase must not end with every other one that is written into the same file, and must end with
//! anything else that changes in it. So it is bound to the frame: the digest of all bytes but those of the validators' members
//! named `coinbase`, which are left out whole. A member that is inserted therefore leaves the frame as it was.

use std::ops::Range;

use ethers_core::types::H256;
use sha2::{Digest as _, Sha256};

use super::spans::{Member, validators};

/// Told apart from the digest of a whole file.
const DOMAIN: &[u8] = b"butler keystore frame 1\0";

/// The frame of a keystore of these bytes. `None` for what is no JSON object with a list of validators.
#[must_use]
pub fn frame(content: &[u8]) -> Option<H256> {
    let text = str::from_utf8(content).ok()?;
    let mut digest = Sha256::new_with_prefix(DOMAIN);
    let mut after = 0;
    for left_out in validators(text)?.iter().filter_map(|members| coinbase(members)) {
        digest.update(content.get(after..left_out.start)?);
        after = left_out.end;
    }
    digest.update(content.get(after..)?);
    Some(H256(digest.finalize().into()))
}

/// Where a validator's coinbase stands, with the comma that comes with it.
fn coinbase(members: &[Member]) -> Option<Range<usize>> {
    let at = members.iter().position(|member| member.name == "coinbase")?;
    let member = members.get(at)?;
    let before = at.checked_sub(1).and_then(|before| members.get(before));
    Some(match (before, members.get(at + 1)) {
        (Some(before), _) => before.value.end..member.value.end,
        (None, Some(next)) => member.key.start..next.key.start,
        (None, None) => member.key.start..member.value.end,
    })
}
