//! Which transaction of an account comes next: one that was signed before, a new one, or none while something else is under way.

use ethers_core::types::H256;
use thiserror::Error;

use super::fate::Outcome;
use crate::transaction::call::Call;

/// What is known of an account's nonces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    /// The next one at the block that everything was decided at.
    pub at_block: u64,
    /// The next one at the last final block.
    pub at_final: u64,
    /// The next one behind all that endpoints have waiting.
    pub pending: u64,
}

/// A transaction that was signed from here and is not forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its nonce.
    pub nonce: u64,
    /// What it calls.
    pub call: Call,
    /// What that does, in words.
    pub says: String,
    /// Whether a transaction that does nothing was sent in its place.
    pub is_cancelled: bool,
    /// Its hash, or that of the last one in its place.
    pub hash: H256,
    /// How its nonce was used, where it was and that is known.
    pub outcome: Option<Outcome>,
}

/// What is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Sign the first of the calls with that nonce.
    Sign {
        /// The nonce.
        nonce: u64,
    },
    /// Go on with the one that was signed with that nonce.
    Resume {
        /// The nonce.
        nonce: u64,
    },
}

/// Why nothing is signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Blocked {
    /// Something else that was signed here is under way.
    #[error("transaction {hash:?} of nonce {nonce} is under way, which is to {says}")]
    Other {
        /// Its nonce.
        nonce: u64,
        /// Its hash.
        hash: H256,
        /// What it does.
        says: String,
    },
    /// The same is under way, and is being cancelled.
    #[error("transaction {hash:?} of nonce {nonce} is under way, which cancels the same")]
    Cancelled {
        /// Its nonce.
        nonce: u64,
        /// Its hash.
        hash: H256,
    },
    /// Something that was not sent from here waits.
    #[error("a transaction of nonce {nonce} of the same account waits that was not sent from here")]
    Foreign {
        /// Its nonce.
        nonce: u64,
    },
    /// What was signed here needs a nonce before it that is not used.
    #[error("transaction {hash:?} of nonce {nonce} was signed here, and the next nonce is {next}")]
    Gap {
        /// Its nonce.
        nonce: u64,
        /// Its hash.
        hash: H256,
        /// The account's next nonce.
        next: u64,
    },
    /// The same was signed before and had no effect, in a block that may still go: then it could have one after all.
    #[error("transaction {hash:?} of nonce {nonce} was for the same and had no effect, in a block that is not final")]
    Unsettled {
        /// Its nonce.
        nonce: u64,
        /// Its hash.
        hash: H256,
    },
}

/// Whether both have the same effect: two that send ether to the same publisher do, however much it is.
#[must_use]
pub fn is_same(one: &Call, other: &Call) -> bool {
    one == other || (one.to == other.to && one.data.is_empty() && other.data.is_empty())
}

/// Whether what was approved may be signed in a state that wants `fresh`: nothing that was delivered on the same approval, and no more ether than is
/// lacking now.
#[must_use]
pub fn is_covered(approved: &Call, fresh: &[Call], delivered: &[Call]) -> bool {
    let is_used_up = delivered.iter().any(|call| is_same(call, approved));
    let is_lacking = fresh.iter().any(|call| is_same(call, approved) && approved.value <= call.value);
    is_lacking && !is_used_up
}

/// Decides what is next, of the calls that are wanted in the state at that block.
///
/// # Errors
/// See [`Blocked`].
pub fn next(wanted: &[Call], written: &[Written], nonces: &Nonces) -> Result<Next, Blocked> {
    let is_wanted = |one: &Written| wanted.iter().any(|call| is_same(call, &one.call));
    let mut under_way: Vec<&Written> = written.iter().filter(|one| one.nonce >= nonces.at_block).collect();
    under_way.sort_by_key(|one| one.nonce);
    if let Some(first) = under_way.first() {
        let (nonce, hash) = (first.nonce, first.hash);
        if nonce > nonces.at_block {
            return Err(Blocked::Gap { nonce, hash, next: nonces.at_block });
        }
        return match (is_wanted(first), first.is_cancelled) {
            (true, false) => Ok(Next::Resume { nonce }),
            (true, true) => Err(Blocked::Cancelled { nonce, hash }),
            (false, _) => Err(Blocked::Other { nonce, hash, says: first.says.clone() }),
        };
    }
    if nonces.pending > nonces.at_block {
        return Err(Blocked::Foreign { nonce: nonces.at_block });
    }
    let failed = |one: &&Written| {
        let had_effect = !one.is_cancelled && matches!(one.outcome, Some(Outcome::Succeeded { .. }));
        one.nonce >= nonces.at_final && !had_effect
    };
    match written.iter().filter(failed).find(|one| is_wanted(one)) {
        Some(one) => Err(Blocked::Unsettled { nonce: one.nonce, hash: one.hash }),
        None => Ok(Next::Sign { nonce: nonces.at_block }),
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::{Address, U256};

    use super::*;

    fn call(data: u8) -> Call {
        Call { to: Address::repeat_byte(1), value: U256::zero(), data: vec![data; 4].into() }
    }

    fn ether(to: u8, wei: u64) -> Call {
        Call { to: Address::repeat_byte(to), value: wei.into(), data: Vec::new().into() }
    }

    fn hash(nonce: u64) -> H256 {
        H256::from_low_u64_be(nonce)
    }

    fn written(nonce: u64, call: Call) -> Written {
        Written { nonce, call, says: "do it".to_owned(), is_cancelled: false, hash: hash(nonce), outcome: None }
    }

    fn nonces(at_final: u64, at_block: u64, pending: u64) -> Nonces {
        Nonces { at_block, at_final, pending }
    }

    #[test]
    fn a_new_one_has_the_next_nonce_where_nothing_is_under_way() {
        let sign = |nonce| Ok(Next::Sign { nonce });
        assert_eq!(next(&[call(1)], &[], &nonces(3, 3, 3)), sign(3));
        // What is final has its effect in the state.
        assert_eq!(next(&[call(1)], &[written(2, call(1))], &nonces(3, 3, 3)), sign(3));
    }

    #[test]
    fn the_same_is_gone_on_with_and_nothing_is_signed_beside_it() {
        let resume = Ok(Next::Resume { nonce: 3 });
        // Whether it was sent or not, and however late a mempool tells.
        for pending in [3, 4] {
            assert_eq!(next(&[call(1)], &[written(3, call(1))], &nonces(3, 3, pending)), resume);
            let other = next(&[call(2)], &[written(3, call(1))], &nonces(3, 3, pending));
            assert_eq!(other, Err(Blocked::Other { nonce: 3, hash: hash(3), says: "do it".to_owned() }));
        }
        // A second call of the same change: the first that was signed comes first.
        assert_eq!(next(&[call(1), call(2)], &[written(3, call(2))], &nonces(3, 3, 4)), resume);
        // As much as was lacking then.
        assert_eq!(next(&[ether(7, 60)], &[written(3, ether(7, 50))], &nonces(3, 3, 4)), resume);
        assert!(next(&[ether(8, 50)], &[written(3, ether(7, 50))], &nonces(3, 3, 4)).is_err());
    }

    #[test]
    fn an_approval_is_for_one_call_and_for_no_more_than_is_lacking() {
        for (what, approved, fresh, delivered, expected) in [
            ("as it was shown", call(1), vec![call(1)], vec![], true),
            ("the next of several", call(2), vec![call(2)], vec![call(1)], true),
            ("somebody undid it", call(1), vec![call(1)], vec![call(1)], false),
            ("not wanted any more", call(1), vec![call(2)], vec![], false),
            ("as much", ether(7, 15), vec![ether(7, 15)], vec![], true),
            ("more is lacking by now", ether(7, 15), vec![ether(7, 16)], vec![], true),
            ("less is lacking by now", ether(7, 15), vec![ether(7, 9)], vec![], false),
            ("an older transfer went before", ether(7, 15), vec![ether(7, 15)], vec![ether(7, 6)], false),
            ("another publisher had its own", ether(8, 15), vec![ether(8, 15)], vec![ether(7, 15)], true),
        ] {
            assert_eq!(is_covered(&approved, &fresh, &delivered), expected, "{what}");
        }
    }

    #[test]
    fn an_older_state_than_that_of_the_last_transaction_signs_nothing() {
        // It was mined in block 90, and this state is that of block 89: the call still seems to be wanted.
        let mined = Written { outcome: Some(Outcome::Succeeded { hash: hash(3), block: 90 }), ..written(3, call(1)) };
        assert_eq!(next(&[call(1)], std::slice::from_ref(&mined), &nonces(3, 3, 3)), Ok(Next::Resume { nonce: 3 }));
        assert_eq!(next(&[call(1)], &[mined], &nonces(3, 4, 4)), Ok(Next::Sign { nonce: 4 }), "somebody undid it");
    }

    #[test]
    fn what_others_sent_or_what_lacks_a_nonce_before_it_is_waited_for() {
        assert_eq!(next(&[call(1)], &[], &nonces(3, 3, 4)), Err(Blocked::Foreign { nonce: 3 }));
        let gap = next(&[call(1)], &[written(4, call(1))], &nonces(3, 3, 3));
        assert_eq!(gap, Err(Blocked::Gap { nonce: 4, hash: hash(4), next: 3 }));
        let cancelled = Written { is_cancelled: true, ..written(3, call(1)) };
        let blocked = next(&[call(1)], &[cancelled], &nonces(3, 3, 4));
        assert_eq!(blocked, Err(Blocked::Cancelled { nonce: 3, hash: hash(3) }));
    }

    #[test]
    fn what_had_no_effect_is_repeated_only_when_that_is_final() {
        let reverted = Outcome::Reverted { hash: hash(3), block: 90 };
        for outcome in [Some(reverted), Some(Outcome::Displaced), None] {
            let one = Written { outcome, ..written(3, call(1)) };
            let blocked = next(&[call(1)], std::slice::from_ref(&one), &nonces(3, 4, 4));
            assert_eq!(blocked, Err(Blocked::Unsettled { nonce: 3, hash: hash(3) }), "{outcome:?}");
            assert_eq!(next(&[call(2)], std::slice::from_ref(&one), &nonces(3, 4, 4)), Ok(Next::Sign { nonce: 4 }));
            assert_eq!(next(&[call(1)], &[one], &nonces(4, 4, 4)), Ok(Next::Sign { nonce: 4 }));
        }
        // The cancellation was mined, and after a reorg what it took the place of could be.
        let done = Some(Outcome::Succeeded { hash: hash(3), block: 90 });
        let cancelled = Written { is_cancelled: true, outcome: done, ..written(3, call(1)) };
        let blocked = next(&[call(1)], &[cancelled], &nonces(3, 4, 4));
        assert_eq!(blocked, Err(Blocked::Unsettled { nonce: 3, hash: hash(3) }));
    }
}
