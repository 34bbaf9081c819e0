//! A plan tried at one block as the account that will send it.

use ethers_core::types::U256;

use super::change::Change;
use super::plan::Plan;
use super::refusal::{MOST_GAS, Refusal};
use super::revert;
use crate::client::error::RpcError;
use crate::client::l1::L1Client;
use crate::client::trial::{Message, Order, Trial, Tried};
use crate::domain::block::BlockRef;

/// What wallets offer beside the base fee, in wei: 2 gwei.
const TIP: u64 = 2_000_000_000;

/// What a plan takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulation {
    /// What each call takes; `None` for one that could not be tried.
    pub gas: Vec<Option<u64>>,
    /// What all calls cost at most, in wei: their gas at twice the block's base fee and a tip of 2 gwei; `None` where one could not be tried.
    pub worst_cost: Option<U256>,
    /// What gas cost at least in the block, in wei.
    pub base_fee: U256,
    /// Whether the sender pays for gas itself: it is no contract.
    pub sender_pays: bool,
}

/// What a Safe takes beside the calls of a batch: signatures, its own storage and logs.
const BATCH_GAS: u64 = 300_000;

impl Simulation {
    /// Whether the calls can be made in one transaction, as far as their gas is known.
    ///
    /// # Errors
    /// `BatchTooBig`.
    pub fn check_batch(&self) -> Result<(), Refusal> {
        let gas = self.gas.iter().flatten().fold(BATCH_GAS, |sum, gas| sum.saturating_add(*gas));
        if gas > MOST_GAS { Err(Refusal::BatchTooBig { calls: self.gas.len(), gas }) } else { Ok(()) }
    }
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub enum SimulationError {
    /// No endpoint tried it.
    #[error("failed to try it")]
    Rpc(#[source] RpcError),
    /// It would fail.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// Tries a plan at a block.
///
/// # Errors
/// `Refused` where a call would fail or takes more gas than a transaction may.
pub async fn simulate(client: &L1Client, pin: &BlockRef, plan: &Plan) -> Result<Simulation, SimulationError> {
    let message = |step: &super::change::Step| Message {
        from: plan.from(),
        to: step.call.to,
        value: step.call.value,
        data: step.call.data.clone(),
    };
    let messages: Vec<Message> = plan.steps().iter().map(message).collect();
    let trial = client.try_messages(pin, &messages, order(plan.change())).await.map_err(SimulationError::Rpc)?;
    Ok(judge(plan, &trial)?)
}

/// Whether the calls of a change need each other.
fn order(change: &Change) -> Order {
    match change {
        Change::Deposit { approve: Some(_), .. } => Order::Together,
        Change::Deposit { approve: None, .. }
        | Change::CreateProvider { .. }
        | Change::AddKeys { .. }
        | Change::Drip { .. }
        | Change::NameAdmin { .. }
        | Change::AcceptAdmin { .. }
        | Change::SetRecipient { .. }
        | Change::SetTakeRate { .. }
        | Change::Fund { .. } => Order::Apart,
    }
}

/// What came of it.
fn judge(plan: &Plan, trial: &Trial) -> Result<Simulation, Refusal> {
    let mut gas = Vec::with_capacity(trial.tried.len());
    for (step, tried) in plan.steps().iter().zip(&trial.tried) {
        gas.push(match tried {
            Tried::Passed { gas } if *gas > MOST_GAS => {
                return Err(Refusal::TooMuchGas { step: step.says.clone(), gas: *gas });
            }
            Tried::Passed { gas } => Some(*gas),
            Tried::Reverted { data, words } => {
                let why = revert::told(data, words.as_deref());
                return Err(Refusal::Reverts { from: plan.from(), step: step.says.clone(), why });
            }
            Tried::Untried => None,
        });
    }
    let total = gas.iter().copied().try_fold(U256::zero(), |sum, gas| Some(sum.saturating_add(gas?.into())));
    let base_fee = trial.base_fee.unwrap_or_default();
    let price = base_fee.saturating_mul(2.into()).saturating_add(TIP.into());
    Ok(Simulation {
        gas,
        worst_cost: total.map(|total| total.saturating_mul(price)),
        base_fee,
        sender_pays: trial.sender_pays,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::domain::samples::{address, provider_id};
    use crate::transaction::permitted::Places;
    use crate::transaction::plan::Wanted;

    fn plan() -> Plan {
        let places = Places {
            chain_id: 1,
            staking_registry: address(1),
            rollup: address(2),
            staking_asset: address(3),
            funded: BTreeSet::new(),
        };
        let change = Change::SetTakeRate { provider: provider_id(1), take_rate_bps: 5 };
        let wanted = Wanted { change, from: address(9), effects: Vec::new(), remarks: Vec::new() };
        Plan::new(wanted, places).unwrap()
    }

    fn judged(tried: Tried, base_fee: Option<u64>) -> Result<Simulation, Refusal> {
        judge(&plan(), &Trial { tried: vec![tried], base_fee: base_fee.map(U256::from), sender_pays: true })
    }

    #[test]
    fn the_worst_cost_is_the_gas_at_twice_the_base_fee_and_a_tip() {
        let simulated = judged(Tried::Passed { gas: 100 }, Some(5)).unwrap();
        let worst_cost = Some(U256::from(100 * (10 + TIP)));
        assert_eq!(simulated, Simulation { gas: vec![Some(100)], worst_cost, base_fee: 5.into(), sender_pays: true });
        let untried = judged(Tried::Untried, None).unwrap();
        let nobody_knows = Simulation { gas: vec![None], worst_cost: None, base_fee: U256::zero(), sender_pays: true };
        assert_eq!(untried, nobody_knows, "nobody knows what it costs");
    }

    #[test]
    fn calls_that_each_fit_a_transaction_and_not_together_are_no_batch() {
        let simulated = |gas: &[u64]| Simulation {
            gas: gas.iter().copied().map(Some).collect(),
            worst_cost: None,
            base_fee: U256::zero(),
            sender_pays: false,
        };
        simulated(&[10_300_000]).check_batch().unwrap();
        simulated(&[8_000_000, 8_000_000]).check_batch().unwrap();
        let refused = simulated(&[10_300_000, 10_300_000]).check_batch();
        assert_eq!(refused, Err(Refusal::BatchTooBig { calls: 2, gas: 20_600_000 + BATCH_GAS }));
    }

    #[test]
    fn what_would_fail_or_fits_no_transaction_is_refused() {
        let reverted = judged(Tried::Reverted { data: [1, 2, 3, 4].into(), words: None }, None);
        assert!(matches!(&reverted, Err(Refusal::Reverts { why, .. }) if why.contains("0x01020304")), "{reverted:?}");
        judged(Tried::Passed { gas: MOST_GAS }, None).unwrap();
        let dear = judged(Tried::Passed { gas: MOST_GAS + 1 }, None);
        assert!(matches!(dear, Err(Refusal::TooMuchGas { .. })), "{dear:?}");
    }
}
