//! What tells a proposer that tallies votes from others, and the rules that it was deployed with.

use ethers_core::types::{Address, U256};

use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::client::l1::L1Client;
use crate::contracts::bindings::tally_slashing_proposer as proposer;
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::domain::block::BlockRef;
use crate::domain::slashing::{Blindness, SlashingRules};

/// `SlasherFlavor.EMPIRE` of 4.x.
const EMPIRE: u8 = 2;
/// An answer that a contract may not have: nothing there answers, or not to this.
pub(super) fn if_answered<T>(answer: Result<T, SnapshotError>) -> Result<Option<T>, SnapshotError> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Where the answers about a proposer's rules are. A proposer that gives all of them tallies votes, whatever its version
/// calls itself: the getter of its kind is gone since 5.0.
pub(super) struct RuleSlots {
    figures: [Slot<U256>; 7],
    amounts: [Slot<U256>; 3],
    /// The rollup and the slasher that it was deployed for.
    pair: [Slot<Address>; 2],
}

impl RuleSlots {
    pub(super) fn plan(reads: &mut Reads, address: Address) -> Self {
        macro_rules! figure {
            ($call:ident) => {
                reads.push_if_supported(Contract::SlashingProposer, address, GETTER_GAS, proposer::$call)
            };
        }
        Self {
            figures: [
                figure!(QuorumCall),
                figure!(RoundSizeCall),
                figure!(RoundSizeInEpochsCall),
                figure!(CommitteeSizeCall),
                figure!(ExecutionDelayInRoundsCall),
                figure!(LifetimeInRoundsCall),
                figure!(SlashOffsetInRoundsCall),
            ],
            amounts: [figure!(SlashAmountSmallCall), figure!(SlashAmountMediumCall), figure!(SlashAmountLargeCall)],
            pair: [figure!(InstanceCall), figure!(SlasherCall)],
        }
    }

    /// Whether the proposer is one of that rollup and slasher, as far as it tells: it reads its committees there, and slashes
    /// through that slasher (`TallySlashingProposer`).
    ///
    /// # Errors
    /// `Nonsense` where one of several endpoints alone says that it is not.
    pub(super) fn fits(
        &self,
        answers: &Answers,
        (address, rollup, slasher): (Address, Address, Address),
        is_alone: bool,
    ) -> Result<bool, SnapshotError> {
        let [instance, own_slasher] = &self.pair;
        for (slot, function, named) in [(instance, "INSTANCE", rollup), (own_slasher, "SLASHER", slasher)] {
            if if_answered(answers.get(slot))?.is_some_and(|told| told != named) {
                if is_alone || answers.only_giver().is_none() {
                    return Ok(false);
                }
                let contract = (Contract::SlashingProposer, address);
                return Err(answers.nonsense(contract, function, "another contract than the one that names it"));
            }
        }
        Ok(true)
    }

    /// The rules; `None` when one of them is not answered.
    pub(super) fn take(&self, answers: &Answers, address: Address) -> Result<Option<SlashingRules>, SnapshotError> {
        let mut figures = [0; 7];
        for (figure, slot) in figures.iter_mut().zip(&self.figures) {
            match if_answered(answers.get(slot))? {
                Some(_) => *figure = answers.checked(slot, |value| decode::small("SlashingProposer", value))?,
                None => return Ok(None),
            }
        }
        let mut amounts = [U256::zero(); 3];
        for (amount, slot) in amounts.iter_mut().zip(&self.amounts) {
            match if_answered(answers.get(slot))? {
                Some(answer) => *amount = answer,
                None => return Ok(None),
            }
        }
        let [quorum, round_slots, round_epochs, committee_size, execution_delay_rounds, lifetime_rounds, offset_rounds] =
            figures;
        let rules = SlashingRules {
            quorum,
            round_slots,
            round_epochs,
            committee_size,
            execution_delay_rounds,
            lifetime_rounds,
            offset_rounds,
            amounts,
        };
        match rules.problem() {
            Some(problem) => Err(answers.nonsense((Contract::SlashingProposer, address), "QUORUM", problem)),
            None => Ok(Some(rules)),
        }
    }
}

/// What a proposer without a tally's rules is.
pub(super) async fn read_kind(client: &L1Client, pin: &BlockRef, address: Address) -> Result<Blindness, SnapshotError> {
    let mut reads = Reads::default();
    let slot: Slot<u8> =
        reads.push_if_supported(Contract::SlashingProposer, address, GETTER_GAS, proposer::SlashingProposerTypeCall);
    let answers = reads.fetch(client, pin).await?;
    let kind = if_answered(answers.get(&slot))?;
    Ok(if kind == Some(EMPIRE) { Blindness::Empire } else { Blindness::UnknownProposer })
}
