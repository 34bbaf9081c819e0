//! What happens on the chain meanwhile: whatever may happen to a provider and its attesters, in any order.

use butler_testkit::devnet::{Chain, Move};
use ethers_core::types::Address;

use crate::kills::Dice;

/// The provider that the watcher is of.
const OURS: u64 = 1;
/// The last blocks that may still go: as many as it waits for before a block counts as final.
pub(super) const CONFIRMATIONS: u64 = 2;

/// Lets some of it happen. What the contracts refuse, such as a stake with an empty queue, has not happened.
pub(super) async fn some(chain: &Chain, dice: &mut Dice, keys: &mut u64) {
    for _ in 0..dice.below(4) {
        for one in one(chain, dice, keys).unwrap_or_default() {
            let _ = chain.play(one).await;
        }
    }
}

fn one(chain: &Chain, dice: &mut Dice, keys: &mut u64) -> Option<Vec<Move>> {
    let oracle = chain.oracle().ok()?;
    let attester = oracle.attester(&format!("A{}", dice.below(10))).ok()?.address;
    // Whoever has the place cannot be named for it once more, so that two take turns.
    let first = oracle.providers.get(&OURS)?.provider_admin;
    let admin = if dice.below(2) == 0 { first } else { oracle.account("stranger").ok()? };
    let one = match dice.below(20) {
        0..=4 => {
            *keys += 1;
            // Whoever is staked with such a key comes back at the next flush.
            Move::AddKeysRaw { provider: OURS, attester: Address::from_low_u64_be(0xbad0_0000 + *keys) }
        }
        5..=8 => Move::Stake { provider: OURS },
        9 => Move::Drip { provider: OURS, count: 1 },
        10 => Move::SetTakeRate { provider: OURS, rate: u16::try_from(100 + dice.below(900)).ok()? },
        11 => Move::ProposeAdmin { provider: OURS, admin },
        // Both at once: a reorg may have dropped whoever was named before.
        12 => return Some(vec![Move::ProposeAdmin { provider: OURS, admin }, Move::AcceptAdmin { provider: OURS }]),
        13 => Move::Slash { attester, tokens: 1 },
        14 => Move::Flush,
        15 => Move::InitiateWithdraw { attester },
        16 => Move::Deposit { attester: Address::from_low_u64_be(0xbad0_0000 + dice.below(*keys + 1)) },
        17 => Move::AddKeys {
            provider: OURS,
            keys: vec![oracle.spare_keys.get(usize::try_from(dice.below(20)).ok()?)?.clone()],
        },
        18 => Move::Reorg { depth: 1 + dice.below(CONFIRMATIONS) },
        _ => Move::Mine,
    };
    Some(vec![one])
}
