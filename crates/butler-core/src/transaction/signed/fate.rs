//! What became of a transaction that was signed here, from what the chain says.

use std::collections::BTreeMap;

use ethers_core::types::H256;

/// What the block that has a transaction says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sighting {
    /// Whether it did what it was for; else it reverted.
    pub succeeded: bool,
    /// The block, which is in the chain as it is now.
    pub block: u64,
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
/// block, `last_final` the last final block, `final_next` the next nonce there, `is_known` whether an endpoint has any of them waiting.
#[must_use]
pub fn fate_of(
    nonce: u64,
    sightings: &BTreeMap<H256, Sighting>,
    (next, final_next): (u64, u64),
    last_final: u64,
    is_known: bool,
) -> Fate {
    let seen = sightings.iter().next().map(|(hash, seen)| (*hash, *seen));
    if let Some((hash, Sighting { succeeded, block })) = seen {
        let outcome = if succeeded { Outcome::Succeeded { hash, block } } else { Outcome::Reverted { hash, block } };
        return if block <= last_final { Fate::Final(outcome) } else { Fate::Mined(outcome) };
    }
    if final_next > nonce {
        Fate::Final(Outcome::Displaced)
    } else if next > nonce {
        Fate::Mined(Outcome::Displaced)
    } else if is_known {
        Fate::Waiting
    } else {
        Fate::Gone
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
        let (done, failed) = (Outcome::Succeeded { hash, block: 90 }, Outcome::Reverted { hash, block: 90 });
        // Sightings of nonce 5; the next nonce at the newest and at the final block; the final block; whether somebody has it.
        for (what, sightings, nonces, last_final, is_known, expected) in [
            ("never sent, or dropped", &none, (5, 5), 80, false, Fate::Gone),
            ("waits", &none, (5, 5), 80, true, Fate::Waiting),
            ("waits behind another one", &none, (4, 4), 80, true, Fate::Waiting),
            ("mined", &seen(true, 90), (6, 5), 80, false, Fate::Mined(done)),
            ("mined and final", &seen(true, 90), (6, 6), 90, false, Fate::Final(done)),
            ("reverted", &seen(false, 90), (6, 5), 89, false, Fate::Mined(failed)),
            ("reverted for good", &seen(false, 90), (6, 6), 91, false, Fate::Final(failed)),
            ("reorged out, and still in mempools", &none, (5, 5), 80, true, Fate::Waiting),
            ("reorged out and lost", &none, (5, 5), 80, false, Fate::Gone),
            ("something else took its place", &none, (6, 5), 80, false, Fate::Mined(Outcome::Displaced)),
            ("for good", &none, (9, 6), 80, false, Fate::Final(Outcome::Displaced)),
        ] {
            assert_eq!(fate_of(5, sightings, nonces, last_final, is_known), expected, "{what}");
        }
    }
}
