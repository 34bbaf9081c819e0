//! The calls to the rollup in one transaction: the transaction itself, or inner calls of Multicall3's `aggregate3`.
//!
//! What Solidity takes is taken, but for two things that no program makes: places before the list of calls (its decoder lets them
//! wrap around), and calls that share so many bytes that they are far more than was sent. Either is malformed as a whole.

use ethers_core::types::Address;

use crate::contracts::multicall::{MULTICALL3, SELECTOR};
use crate::contracts::words::{WORD, address, bytes, number, word};
use crate::domain::proposals::Unreadable;

/// The deepest that an `aggregate3` may lie in others. Nodes make one; none is known that makes two.
const NESTING_LIMIT: usize = 4;
/// Words of a call beside its calldata: its place, its target, whether it may fail, the place and length of the calldata.
const CALL_WORDS: usize = 4;

/// The calldata of every call to `rollup`, in the order in which they are made.
///
/// # Errors
/// `Forwarded` or `UnknownSelector` when there is none, `Malformed` or `TooMany` when one could hide.
pub(super) fn calls_to(rollup: Address, to: Option<Address>, input: &[u8]) -> Result<Vec<&[u8]>, Unreadable> {
    let Some(to) = to else { return Err(Unreadable::Forwarded) };
    match input.first_chunk() {
        Some(selector) if to == MULTICALL3 && *selector != SELECTOR => {
            return Err(Unreadable::UnknownSelector { contract: MULTICALL3, selector: *selector });
        }
        Some(_) | None => {}
    }
    let mut walk = Walk { rollup, left: input.len().saturating_mul(NESTING_LIMIT), found: Vec::new() };
    walk.look(to, input, 0)?;
    if walk.found.is_empty() { Err(Unreadable::Forwarded) } else { Ok(walk.found) }
}

struct Walk<'a> {
    rollup: Address,
    /// Bytes of calls that may still be looked at.
    left: usize,
    found: Vec<&'a [u8]>,
}

impl<'a> Walk<'a> {
    fn look(&mut self, to: Address, data: &'a [u8], depth: usize) -> Result<(), Unreadable> {
        if to == self.rollup {
            self.found.push(data);
        } else if to == MULTICALL3
            && let Some(arguments) = data.strip_prefix(&SELECTOR)
        {
            if depth == NESTING_LIMIT {
                return Err(Unreadable::TooMany { what: "calls within calls" });
            }
            self.aggregate(arguments, depth)?;
        }
        Ok(())
    }

    fn aggregate(&mut self, data: &'a [u8], depth: usize) -> Result<(), Unreadable> {
        const MALFORMED: Unreadable = Unreadable::Malformed { what: "list of calls" };
        let list = number(data, 0).ok_or(MALFORMED)?;
        let count = number(data, list).ok_or(MALFORMED)?;
        // It was read, so it lies within memory.
        let head = list.saturating_add(WORD);
        for index in 0..count {
            let (to, call) = inner(data, head, index).ok_or(MALFORMED)?;
            let size = call.len().saturating_add(CALL_WORDS * WORD);
            self.left =
                self.left.checked_sub(size).ok_or(Unreadable::TooMany { what: "calls that share their bytes" })?;
            self.look(to, call, depth.saturating_add(1))?;
        }
        Ok(())
    }
}

/// Target and calldata of one call of a list whose elements begin at `head`. Whether it may fail says nothing of whether it did.
fn inner(data: &[u8], head: usize, index: usize) -> Option<(Address, &[u8])> {
    let place = number(data, head.checked_add(index.checked_mul(WORD)?)?)?;
    let tuple = head.checked_add(place)?;
    let to = address(word(data, tuple)?)?;
    let call = bytes(data, tuple, tuple.checked_add(2 * WORD)?)?;
    Some((to, call))
}
