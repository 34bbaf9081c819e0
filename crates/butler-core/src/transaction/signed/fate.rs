//! What became of a transaction that was signed here, from what the chain says.

use std::collections::BTreeMap;

use ethers_core::types::H256;
use thiserror::Error;

/// What the block that has a transaction says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Whether it did what it was for; else it reverted.
    pub succeeded: bool,
    /// The block, which is in the chain as it is now.
    pub block: u64,
}

/// Endpoints say different things of one transaction in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("endpoints say different things of transaction {0:?}")]
pub struct Disputed(pub H256);

/// What all say of each transaction.
///
/// # Errors
/// See [`Disputed`].
pub fn agreed(told: impl IntoIterator<Item = (H256, Sighting)>) -> Result<BTreeMap<H256, Sighting>, Disputed> {
    let mut agreed = BTreeMap::new();
    for (hash, seen) in told {
        if agreed.insert(hash, seen).is_some_and(|before| before != seen) {
            return Err(Disputed(hash));
        }
    }
    Ok(agreed)
}

/// Who has a transaction that is in no block, or any of those with its nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// An endpoint does.
    Somewhere,
    /// Every endpoint was asked more than once, and none does.
    Nowhere,
    /// None of those that answered does, which is no fact yet.
    NotSeen,
}

/// How a nonce was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// By the transaction with that hash, which did what it was for.
    Succeeded {
        /// Which of those with this nonce.
        hash: H256,
        /// In which block.
        block: u64,
    },
    /// By the transaction with that hash, which reverted.
    Reverted {
        /// Which of those with this nonce.
        hash: H256,
        /// In which block.
        block: u64,
    },
    /// By a transaction that was not sent from here.
    Displaced,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Its nonce is used, and nothing changes that any more.
    Final(Outcome),
    /// Its nonce is used, in a block that may still go.
    Mined(Outcome),
    /// It waits.
    Waiting,
    /// Nobody has it: it was never sent, or was dropped, or its block is gone.
    Gone,
}

/// Decides it for one nonce.
///
/// `sightings` are those of the transactions with this nonce, of whichever was replaced, too; `next` is the account's next nonce at the newest
/// block, `last_final` the last final block, `final_next` the next nonce there.
///
/// Anybody can make a receipt up, so that none counts before the nonce is used, nor where two transactions are said to have used it.
#[must_use]
pub fn fate_of(
    nonce: u64,
    sightings: &BTreeMap<H256, Sighting>,
    (next, final_next): (u64, u64),
    last_final: u64,
    presence: Presence,
) -> Fate {
    let (is_used, is_used_for_good) = (next > nonce, next > nonce && final_next > nonce);
    let mut seen = sightings.iter();
    match (seen.next(), seen.next()) {
        (Some((hash, sighting)), None) if is_used => {
            let (hash, block) = (*hash, sighting.block);
            let outcome =
                if sighting.succeeded { Outcome::Succeeded { hash, block } } else { Outcome::Reverted { hash, block } };
            if is_used_for_good && block <= last_final { Fate::Final(outcome) } else { Fate::Mined(outcome) }
        }
        (Some(_), _) => Fate::Waiting,
        (None, _) => match presence {
            Presence::Somewhere => Fate::Waiting,
            Presence::Nowhere if is_used_for_good => Fate::Final(Outcome::Displaced),
            Presence::Nowhere | Presence::NotSeen if is_used => Fate::Mined(Outcome::Displaced),
            Presence::Nowhere | Presence::NotSeen => Fate::Gone,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_of_it_is_decided_by_blocks_nonces_and_mempools() {
        let hash = H256::repeat_byte(1);
        let seen = |succeeded, block| BTreeMap::from([(hash, Sighting { succeeded, block })]);
        let none = BTreeMap::new();
        let both = BTreeMap::from(
            [true, false].map(|succeeded| (H256::repeat_byte(succeeded.into()), Sighting { succeeded, block: 90 })),
        );
        let (done, failed) = (Outcome::Succeeded { hash, block: 90 }, Outcome::Reverted { hash, block: 90 });
        let displaced = Outcome::Displaced;
        let (somewhere, nowhere, not_seen) = (Presence::Somewhere, Presence::Nowhere, Presence::NotSeen);
        // Sightings of nonce 5; the next nonce at the newest and at the final block; the final block; who has it.
        for (what, sightings, nonces, last_final, presence, expected) in [
            ("never sent, or dropped", &none, (5, 5), 80, not_seen, Fate::Gone),
            ("the same, for sure", &none, (5, 5), 80, nowhere, Fate::Gone),
            ("waits", &none, (5, 5), 80, somewhere, Fate::Waiting),
            ("waits behind another one", &none, (4, 4), 80, somewhere, Fate::Waiting),
            ("mined", &seen(true, 90), (6, 5), 80, somewhere, Fate::Mined(done)),
            ("mined and final", &seen(true, 90), (6, 6), 90, somewhere, Fate::Final(done)),
            ("reverted", &seen(false, 90), (6, 5), 89, somewhere, Fate::Mined(failed)),
            ("reverted for good", &seen(false, 90), (6, 6), 91, somewhere, Fate::Final(failed)),
            ("a receipt of a nonce that is not used", &seen(true, 90), (5, 5), 95, somewhere, Fate::Waiting),
            ("final by its block, and not by its nonce", &seen(true, 90), (6, 5), 95, somewhere, Fate::Mined(done)),
            ("two that used one nonce", &both, (6, 6), 95, somewhere, Fate::Waiting),
            ("reorged out, and still in mempools", &none, (5, 5), 80, somewhere, Fate::Waiting),
            ("reorged out and lost", &none, (5, 5), 80, not_seen, Fate::Gone),
            ("its block is there, its receipt not yet", &none, (6, 5), 80, somewhere, Fate::Waiting),
            ("something else took its place", &none, (6, 5), 80, nowhere, Fate::Mined(displaced)),
            ("for good", &none, (9, 6), 80, nowhere, Fate::Final(displaced)),
            ("perhaps for good", &none, (9, 6), 80, not_seen, Fate::Mined(displaced)),
            ("a final nonce is no more than the newest", &none, (5, 6), 80, nowhere, Fate::Gone),
        ] {
            assert_eq!(fate_of(5, sightings, nonces, last_final, presence), expected, "{what}");
        }
    }

    #[test]
    fn who_contradicts_another_one_about_a_transaction_disputes_it() {
        let told = |hash, succeeded| (H256::repeat_byte(hash), Sighting { succeeded, block: 90 });
        assert_eq!(agreed([told(1, true), told(2, false), told(1, true)]).unwrap().len(), 2);
        assert_eq!(agreed([told(1, true), told(2, false), told(1, false)]), Err(Disputed(H256::repeat_byte(1))));
    }
}
