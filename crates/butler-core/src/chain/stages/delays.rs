//! How long governance keeps what leaves: its present delay, and when each withdrawal of ours is unlocked.
//!
//! Every exit opens a withdrawal of the governance, which has its own, longer delay; it was fixed when the exit began.

use ethers_core::types::{Address, U256};

use super::capabilities::hear;
use crate::chain::error::{Contract, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::governance;
use crate::contracts::call::{DecodeError, GETTER_GAS};
use crate::contracts::decode;
use crate::domain::attester::view::Exit;

/// The most seconds that each part of the configuration may have (`ConfigurationLib.TIME_UPPER`).
const LONGEST: u64 = 90 * 86_400;

/// The governance's configuration, of which the delay is made (`ConfigurationLib.withdrawalDelay`).
pub(in crate::chain) struct DelayRead(Option<Slot<governance::GetConfigurationReturn>>);

impl DelayRead {
    pub(in crate::chain) fn plan(reads: &mut Reads, governance: Option<Address>) -> Self {
        Self(governance.map(|governance| {
            reads.push_if_supported(Contract::Governance, governance, GETTER_GAS, governance::GetConfigurationCall)
        }))
    }

    /// The delay in seconds; `None` for a governance that does not tell it in a form that is known.
    pub(in crate::chain) fn take(&self, answers: &Answers, is_alone: bool) -> Result<Option<u64>, SnapshotError> {
        const FUNCTION: &str = "getConfiguration";
        let delay = hear(answers, self.0.as_ref(), is_alone, |told| {
            let told = told.0;
            let part = |seconds| match decode::small(FUNCTION, seconds)? {
                seconds if seconds <= LONGEST => Ok(seconds),
                seconds => Err(DecodeError::nonsense(FUNCTION, format!("a delay of {seconds} seconds"))),
            };
            let (delay, voting, execution) =
                (part(told.voting_delay)?, part(told.voting_duration)?, part(told.execution_delay)?);
            let sum = (delay / 5).checked_add(voting).and_then(|sum| sum.checked_add(execution));
            sum.ok_or_else(|| DecodeError::nonsense(FUNCTION, "a delay that does not fit"))
        })?;
        Ok(delay.told())
    }
}

/// Withdrawals by the exits that opened them.
pub(in crate::chain) struct UnlockReads(Vec<(Opened, Slot<governance::GetWithdrawalReturn>)>);

/// What is known of a withdrawal before the governance is asked about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::chain) struct Opened {
    pub(in crate::chain) withdrawal: U256,
    /// Where the exit that opened it is.
    pub(in crate::chain) rollup: Address,
    pub(in crate::chain) amount: U256,
    pub(in crate::chain) exitable_at: u64,
}

impl Opened {
    /// By that exit.
    pub(in crate::chain) fn by(rollup: Address, exit: &Exit) -> Self {
        Self { withdrawal: exit.withdrawal_id, rollup, amount: exit.amount, exitable_at: exit.exitable_at }
    }

    /// When it is unlocked, if it is the withdrawal of that exit: the rollup receives what it opened (`GSE.withdraw`), of which
    /// slashes may take a part later, and no delay is longer than the parts that it is made of.
    fn unlocks_at(&self, told: &governance::Withdrawal) -> Result<u64, DecodeError> {
        const FUNCTION: &str = "getWithdrawal";
        let at = decode::small(FUNCTION, told.unlocks_at)?;
        let is_its = told.recipient == self.rollup && told.amount >= self.amount;
        let latest = self.exitable_at.saturating_add(3 * LONGEST);
        match at {
            0 => Ok(0),
            at if is_its && at <= latest => Ok(at),
            _ => Err(DecodeError::nonsense(FUNCTION, "another withdrawal than the exit opened")),
        }
    }
}

impl UnlockReads {
    pub(in crate::chain) fn plan(
        reads: &mut Reads,
        governance: Option<Address>,
        opened: impl Iterator<Item = Opened>,
    ) -> Self {
        let Some(governance) = governance else { return Self(Vec::new()) };
        let asked = opened.map(|opened| {
            let call = governance::GetWithdrawalCall { withdrawal_id: opened.withdrawal };
            (opened, reads.push_if_supported(Contract::Governance, governance, GETTER_GAS, call))
        });
        Self(asked.collect())
    }

    /// When each is unlocked; those that the governance does not tell are left out.
    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
        is_alone: bool,
    ) -> Result<Vec<(Opened, u64)>, SnapshotError> {
        let mut unlocks = Vec::new();
        for (opened, slot) in &self.0 {
            let at = hear(answers, Some(slot), is_alone, |told| opened.unlocks_at(&told.0))?;
            unlocks.extend(at.told().filter(|at| *at > 0).map(|at| (*opened, at)));
        }
        Ok(unlocks)
    }
}
