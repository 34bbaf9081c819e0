//! What is to be signed for a call: on the list of this moment, and within what is granted and what the account has.

use butler_core::transaction::change::Step;
use butler_core::transaction::permitted::purpose_of;
use butler_core::transaction::reading::balance;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::signed::{Draft, Fees, gas_limit, is_same, worst_cost};
use ethers_core::types::U256;

use super::signer::{limits, market};
use crate::args::SigningArgs;
use crate::commands::transactions::tried::Tried;
use crate::error::{CliError, SignedFault};
use crate::gather::Gathered;

/// Drafts a step with that nonce.
pub(super) fn draft(
    gathered: &Gathered,
    tried: &Tried,
    (step, nonce): (&Step, u64),
    args: &SigningArgs,
) -> Result<Draft, CliError> {
    purpose_of(&step.call, &gathered.places()).map_err(Refusal::from)?;
    let config = &gathered.network.config.signer;
    let place = tried.plan.steps().iter().position(|one| is_same(&one.call, &step.call));
    let gas = place.and_then(|place| tried.simulation.gas.get(place).copied().flatten());
    let gas = gas_limit(gas.ok_or_else(|| SignedFault::Untried(step.says.clone()))?);
    let market = market(config, tried.simulation.base_fee);
    let fees = Fees::first(market, &limits(config, args), gas).map_err(SignedFault::from)?;
    let (chain_id, from) = (gathered.snapshot.chain_id, tried.plan.from());
    Ok(Draft { chain_id, from, nonce, call: step.call.clone(), gas, fees })
}

/// What a plan costs at most as it is signed now, in wei.
pub(in crate::commands) fn cost(gathered: &Gathered, tried: &Tried, args: &SigningArgs) -> Option<U256> {
    let config = &gathered.network.config.signer;
    worst_cost(&tried.simulation.gas, market(config, tried.simulation.base_fee), &limits(config, args))
}

/// Whether the account has what they cost at most, gas included.
pub(super) async fn check_balance(gathered: &Gathered, drafts: &[Draft]) -> Result<(), CliError> {
    let Some(from) = drafts.first().map(|draft| draft.from) else { return Ok(()) };
    let costs = drafts.iter().flat_map(|draft| [draft.call.value, draft.worst_cost()]);
    let needs = costs.fold(U256::zero(), |sum, wei| sum.saturating_add(wei));
    let has = balance(gathered.network.reader.client(), &gathered.snapshot.block, from).await?;
    if has < needs {
        return Err(Refusal::Poor { from, what: "ETH", has, needs }.into());
    }
    Ok(())
}
