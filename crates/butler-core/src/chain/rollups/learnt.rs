//! What rollups of one version or another were found to lack, and when exits are unlocked: neither changes, and both would cost
//! an exchange with each reading.
//!
//! What a rollup lacks is asked again after about a day, whoever told it: a limit is not for ever. What the only endpoint told is
//! asked once more 64 blocks later before it counts as long; until then, where that costs no exchange, each time.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};
use serde::{Deserialize, Serialize};

use crate::chain::memo::{ALONE, Told};
use crate::chain::stages::{Getter, Opened};
use crate::client::l1::L1Client;
use crate::domain::attester::view::Exit;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::block::BlockRef;

/// Events that told nothing of an exit are asked again after so many blocks: some hours.
const UNTOLD: u64 = 900;

/// What one rollup lacks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lack {
    rollup: Address,
    getters: BTreeSet<Getter>,
    told: Told,
    /// When it was asked.
    block: u64,
}

/// When the governance gives one withdrawal out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unlock {
    governance: Address,
    withdrawal: U256,
    /// With its exit's own moment: after a reorg a number may be another exit's.
    exitable_at: u64,
    /// Where the exit is, and of how much it was.
    #[serde(default)]
    rollup: Address,
    #[serde(default)]
    amount: U256,
    unlocks_at: u64,
    told: Told,
}

impl Unlock {
    fn opened(&self) -> Opened {
        let Self { withdrawal, exitable_at, rollup, amount, .. } = *self;
        Opened { withdrawal, rollup, amount, exitable_at }
    }
}

/// Which exit: rollup, number of the withdrawal, and the moment that the rollup keeps it to.
type Place = (Address, U256, u64);

fn place(rollup: Address, exit: &Exit) -> Place {
    (rollup, exit.withdrawal_id, exit.exitable_at)
}

/// Why an exit began, as an event told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cause {
    place: Place,
    cause: ZombieCause,
    told: Told,
}

/// All of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Learnt {
    lacks: Vec<Lack>,
    unlocks: Vec<Unlock>,
    #[serde(default)]
    causes: Vec<Cause>,
    /// What the governance said of exits last: by withdrawal the block, the exit's moment and when it is unlocked.
    #[serde(skip)]
    last: BTreeMap<(Address, U256), (u64, u64, u64)>,
    /// Exits of which no event told, and when that was.
    #[serde(skip)]
    untold: Vec<(Place, u64)>,
}

impl Learnt {
    /// What a rollup is known to lack at `block`; `None` where it has to be asked.
    pub(super) fn lacks(&self, client: &L1Client, block: &BlockRef, rollup: Address) -> Option<&BTreeSet<Getter>> {
        let lack = self.lacks.iter().find(|lack| lack.rollup == rollup)?;
        let age = block.number.checked_sub(lack.block)?;
        (age < ALONE && lack.told.is_settled(client, block.number)).then_some(&lack.getters)
    }

    /// Keeps what a rollup lacks. Whether that is new.
    pub(super) fn note_lacks(&mut self, rollup: Address, getters: BTreeSet<Getter>, told: Told, block: u64) -> bool {
        let Some(known) = self.lacks.iter_mut().find(|lack| lack.rollup == rollup) else {
            self.lacks.push(Lack { rollup, getters, told, block });
            return true;
        };
        let told = if known.getters == getters { told.again(&known.told) } else { told };
        // The day runs from when it was told by those that are believed.
        let block = if told == known.told && told != Told::ByTwo { known.block } else { block };
        let new = Lack { rollup, getters, told, block };
        let is_new = *known != new;
        *known = new;
        is_new
    }

    /// Forgets what a rollup lacks. Whether that was known.
    pub(super) fn forget_lacks(&mut self, rollup: Address) -> bool {
        let before = self.lacks.len();
        self.lacks.retain(|lack| lack.rollup != rollup);
        self.lacks.len() < before
    }

    /// When the governance unlocks that exit, as far as it is known at `block`.
    pub(super) fn unlock(&self, client: &L1Client, block: &BlockRef, governance: Address, exit: &Exit) -> Option<u64> {
        let unlock = self.of_exit(governance, exit)?;
        unlock.told.is_of_nobody_else(client, block.number).then_some(unlock.unlocks_at)
    }

    /// Whether that is so sure that it need not be asked beside other reads either.
    pub(super) fn is_unlock_settled(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
        exit: &Exit,
    ) -> bool {
        self.of_exit(governance, exit).is_some_and(|unlock| unlock.told.is_settled(client, block.number))
    }

    /// Withdrawals of which one endpoint told it, and that are asked again where that costs no exchange.
    pub(super) fn open_unlocks(&self, client: &L1Client, block: &BlockRef, governance: Address) -> Vec<Opened> {
        let of_it = self.unlocks.iter().filter(|unlock| unlock.governance == governance && !unlock.rollup.is_zero());
        of_it.filter(|unlock| !unlock.told.is_settled(client, block.number)).map(Unlock::opened).collect()
    }

    fn of_exit(&self, governance: Address, exit: &Exit) -> Option<&Unlock> {
        let is_it = |unlock: &&Unlock| {
            (unlock.governance, unlock.withdrawal, unlock.exitable_at)
                == (governance, exit.withdrawal_id, exit.exitable_at)
        };
        self.unlocks.iter().find(is_it)
    }

    /// The same, with what was told for `block` itself, by whomever.
    pub(super) fn unlock_at(
        &self,
        client: &L1Client,
        block: &BlockRef,
        governance: Address,
        exit: &Exit,
    ) -> Option<u64> {
        let (at, exitable_at, unlocks_at) =
            self.last.get(&(governance, exit.withdrawal_id)).copied().unwrap_or_default();
        let is_now = at == block.number && exitable_at == exit.exitable_at;
        self.unlock(client, block, governance, exit).or_else(|| is_now.then_some(unlocks_at))
    }

    /// Keeps when exits are unlocked. Whether any of it has to be written.
    pub(super) fn note_unlocks(
        &mut self,
        governance: Address,
        unlocks: &[(Opened, u64)],
        told: &Told,
        block: u64,
    ) -> bool {
        let mut is_new = false;
        for (opened, unlocks_at) in unlocks.iter().copied() {
            let Opened { withdrawal, rollup, amount, exitable_at } = opened;
            let is_it = |known: &Unlock| (known.governance, known.withdrawal) == (governance, withdrawal);
            let before = self.unlocks.iter().position(is_it).map(|place| self.unlocks.swap_remove(place));
            let is_same = |known: &&Unlock| (known.exitable_at, known.unlocks_at) == (exitable_at, unlocks_at);
            let same = before.as_ref().filter(is_same);
            let told = same.map_or_else(|| told.clone(), |known| told.clone().again(&known.told));
            let unlock = Unlock { governance, withdrawal, exitable_at, rollup, amount, unlocks_at, told };
            self.last.insert((governance, withdrawal), (block, exitable_at, unlocks_at));
            is_new |= before.as_ref() != Some(&unlock);
            self.unlocks.push(unlock);
        }
        is_new
    }
}

impl Learnt {
    /// Why an exit began, as far as it is known at `block`.
    pub(super) fn cause(
        &self,
        client: &L1Client,
        block: &BlockRef,
        rollup: Address,
        exit: &Exit,
    ) -> Option<ZombieCause> {
        let known = self.causes.iter().find(|known| known.place == place(rollup, exit))?;
        known.told.is_of_nobody_else(client, block.number).then_some(known.cause)
    }

    /// Whether events may be asked about an exit at `block`: not again at once where they told nothing.
    pub(super) fn may_ask_cause(&self, block: &BlockRef, rollup: Address, exit: &Exit) -> bool {
        let place = place(rollup, exit);
        let is_recent = |at: u64| block.number.checked_sub(at).is_some_and(|age| age < UNTOLD);
        !self.untold.iter().any(|(known, at)| *known == place && is_recent(*at))
    }

    /// Keeps what events told of an exit, or that they told nothing. Whether that has to be written.
    pub(super) fn note_cause(
        &mut self,
        block: &BlockRef,
        rollup: Address,
        exit: &Exit,
        told: Option<(ZombieCause, Told)>,
    ) -> bool {
        let place = place(rollup, exit);
        self.untold.retain(|(known, _)| *known != place);
        let Some((cause, told)) = told else {
            self.untold.push((place, block.number));
            return false;
        };
        let before = self.causes.iter().position(|known| known.place == place).map(|at| self.causes.swap_remove(at));
        let same = before.as_ref().filter(|known| known.cause == cause);
        let told = match same {
            Some(known) => told.again(&known.told),
            None => told,
        };
        let new = Cause { place, cause, told };
        let is_new = before.as_ref() != Some(&new);
        self.causes.push(new);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use ethers_core::types::H256;

    use super::*;
    use crate::client::l1::Policy;

    fn block(number: u64) -> BlockRef {
        BlockRef { number, hash: H256::zero(), timestamp: number }
    }

    #[test]
    fn what_a_rollup_lacks_is_believed_for_a_day_by_the_word_of_two_and_for_less_by_that_of_one() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        let rollup = Address::repeat_byte(1);
        let lacks = BTreeSet::from([Getter::PendingSlasher]);
        let mut learnt = Learnt::default();
        assert_eq!(learnt.lacks(&client, &block(100), rollup), None);
        learnt.note_lacks(rollup, lacks.clone(), Told::ByTwo, 100);
        for (number, known) in [(99, false), (100, true), (100 + ALONE - 1, true), (100 + ALONE, false)] {
            assert_eq!(learnt.lacks(&client, &block(number), rollup).is_some(), known, "{number}");
        }
        assert_eq!(learnt.lacks(&client, &block(100), Address::repeat_byte(2)), None, "another rollup");
        learnt.note_lacks(rollup, lacks, Told::ByTwo, 200 + ALONE);
        assert!(learnt.lacks(&client, &block(200 + ALONE), rollup).is_some(), "it was asked again");
    }

    #[test]
    fn an_exit_of_the_same_number_after_a_reorg_is_another_one() {
        let client = L1Client::new(1, &[], Policy::ONE_SHOT).unwrap();
        let governance = Address::repeat_byte(1);
        let exit = Exit {
            withdrawal_id: U256::from(7),
            amount: U256::one(),
            exitable_at: 1_000,
            unlocks_at: None,
            recipient_or_withdrawer: Address::zero(),
            is_recipient: false,
        };
        let mut learnt = Learnt::default();
        learnt.note_unlocks(governance, &[(Opened::by(governance, &exit), 5_000)], &Told::ByTwo, 9);
        assert_eq!(learnt.unlock(&client, &block(9), governance, &exit), Some(5_000));
        let other = Exit { exitable_at: 1_012, ..exit };
        assert_eq!(learnt.unlock(&client, &block(9), governance, &other), None);
        assert_eq!(learnt.unlock(&client, &block(9), Address::repeat_byte(2), &exit), None);
        learnt.note_unlocks(governance, &[(Opened::by(governance, &other), 5_012)], &Told::ByTwo, 9);
        assert_eq!(learnt.unlock(&client, &block(9), governance, &other), Some(5_012));
        assert_eq!(learnt.unlocks.len(), 1, "what is gone is not kept");
    }
}
