//! What is wanted as a plan that was tried: on the list, payable, and passing as the real sender.

use butler_core::transaction::plan::{Decision, Plan, Wanted};
use butler_core::transaction::reading::balance;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::simulation::{Simulation, simulate};
use futures_util::future::LocalBoxFuture;

use crate::error::CliError;
use crate::gather::Gathered;

/// Looks at the chain and decides; as often as it is asked.
pub(super) type Decide<'a> = dyn Fn() -> LocalBoxFuture<'a, Result<(Gathered, Decision), CliError>> + 'a;

/// A plan and what it takes.
#[derive(Debug)]
pub(super) struct Tried {
    pub(super) plan: Plan,
    pub(super) simulation: Simulation,
}

impl Tried {
    /// Tries what is wanted at the snapshot's block.
    ///
    /// # Errors
    /// See [`CliError`].
    pub(super) async fn new(gathered: &Gathered, wanted: Wanted) -> Result<Self, CliError> {
        let plan = Plan::new(wanted, gathered.places()).map_err(Refusal::from)?;
        let (client, block, from) = (gathered.network.reader.client(), &gathered.snapshot.block, plan.from());
        let has = balance(client, block, from).await?;
        let poor = |needs| Refusal::Poor { from, what: "ETH", has, needs };
        if has < plan.value() {
            return Err(poor(plan.value()).into());
        }
        let simulation = simulate(client, block, &plan).await?;
        // A contract pays for no gas: whoever calls it does.
        let gas = simulation.worst_cost.filter(|_| simulation.sender_pays).unwrap_or_default();
        let needs = plan.value().saturating_add(gas);
        if has < needs {
            return Err(poor(needs).into());
        }
        Ok(Self { plan, simulation })
    }
}
