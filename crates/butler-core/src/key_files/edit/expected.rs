//! The proof that a changed file is the old one but for its coinbases: by what it means, and by its bytes.

use std::ops::Range;

use zeroize::Zeroizing;

use super::error::EditError;
use super::setting::Change;
use crate::key_files::accounts::Mode;
use crate::key_files::format::unwanted;
use crate::key_files::json::{self, Json};
use crate::key_files::sources::PrivateKeys;
use crate::text::address::checksummed;

/// Some bytes of the old file, and what stands for them in the new one. Nothing of the old file is in it.
pub(super) struct Splice {
    pub(super) at: Range<usize>,
    pub(super) text: String,
}

/// Checks that `after` is `before` with these changes, which these splices make.
///
/// # Errors
/// It is not.
pub(super) fn prove(
    (before, json): (&[u8], &Json),
    after: &[u8],
    changes: &[Change],
    splices: &[Splice],
) -> Result<(), EditError> {
    let read = json::parse(after, unwanted(Mode::Node(PrivateKeys::Derive))).map_err(|_| EditError::Unproven)?;
    let mut expected = json.clone();
    for change in changes {
        put(&mut expected, change).ok_or(EditError::Unproven)?;
    }
    let is_proven = read == expected && has_same_bytes(before, after, splices).unwrap_or(false);
    if is_proven { Ok(()) } else { Err(EditError::Unproven) }
}

/// Does a change to what was read.
fn put(json: &mut Json, change: &Change) -> Option<()> {
    let Json::Object(top) = json else { return None };
    let Json::List(validators) = top.iter_mut().find(|(name, _)| name == "validators").map(|(_, value)| value)? else {
        return None;
    };
    let Json::Object(members) = validators.get_mut(change.index)? else { return None };
    let value = Json::Text(Zeroizing::new(checksummed(&change.after.address()).to_string()));
    match members.iter_mut().find(|(name, _)| name == "coinbase") {
        Some((_, written)) => *written = value,
        None => {
            let attester = members.iter().position(|(name, _)| name == "attester")?;
            members.insert(attester + 1, ("coinbase".to_owned(), value));
        }
    }
    Some(())
}

/// Whether both have the same bytes outside of the splices, and the new one has theirs there.
fn has_same_bytes(before: &[u8], after: &[u8], splices: &[Splice]) -> Option<bool> {
    let (mut old, mut new) = (before, after);
    let mut at = 0_usize;
    for splice in splices {
        let kept = splice.at.start.checked_sub(at)?;
        if old.get(..kept)? != new.get(..kept)? || new.get(kept..)?.get(..splice.text.len())? != splice.text.as_bytes()
        {
            return Some(false);
        }
        old = old.get(kept + splice.at.len()..)?;
        new = new.get(kept + splice.text.len()..)?;
        at = splice.at.end;
    }
    Some(old == new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn splice(at: Range<usize>, text: &str) -> Splice {
        Splice { at, text: text.to_owned() }
    }

    #[test]
    fn one_byte_outside_of_what_changes_is_noticed() {
        let splices = [splice(1..2, "xyz"), splice(3..3, "!")];
        assert_eq!(has_same_bytes(b"abcde", b"axyzc!de", &splices), Some(true));
        for wrong in [&b"axyzc!dE"[..], b"Axyzc!de", b"axyzC!de", b"axyzc?de", b"axyZc!de", b"axyzc!def"] {
            assert_ne!(has_same_bytes(b"abcde", wrong, &splices), Some(true), "{wrong:?}");
        }
        assert_ne!(has_same_bytes(b"abcde", b"axyz", &splices), Some(true));
    }
}
