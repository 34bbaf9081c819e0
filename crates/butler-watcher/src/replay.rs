//! `replay`: what would have been planned in a range of blocks, without a journal and without telling anybody.

use butler_core::client::l1::{BlockTag, Policy};
use butler_core::config::Config;
use butler_core::domain::action::Action;
use butler_core::network::Network;
use serde::Serialize;

use crate::follower::{Checkpoint, FollowError, Follower};
use crate::plan::{Retracted, plan};

/// One thing that would have happened to the journal.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Replayed {
    /// An action would have been planned.
    Planned(Box<Action>),
    /// An action would have been taken back.
    Retracted {
        /// Its key.
        key: String,
        /// Why.
        why: String,
    },
}

/// What `replay` reports.
#[derive(Debug, Clone, Serialize)]
pub struct Replay {
    /// The network.
    pub network: String,
    /// The first block.
    pub from_block: u64,
    /// The last block, which is final.
    pub to_block: u64,
    /// What would have been planned, in the chain's order, and then what would have been taken back.
    pub plans: Vec<Replayed>,
}

/// Replays blocks `from` to `to`; without `to`, up to the final block.
///
/// # Errors
/// The network cannot be read; `to` is not final.
pub async fn replay(
    config: &Config,
    network: Option<&str>,
    from: u64,
    to: Option<u64>,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Replay, FollowError> {
    let network = Network::open(config, network, Policy::ONE_SHOT)?;
    let name = network.config.name.clone();
    let mut follower = Follower::new(network);
    let checkpoint = Checkpoint { number: from.saturating_sub(1), hash: None };
    let mut tip = follower.tip(&checkpoint).await?;
    if let Some(to) = to.filter(|to| *to < tip.last.number) {
        let client = follower.network().reader.client();
        tip.last = client.head(BlockTag::Number(to), &[]).await.map_err(FollowError::Rpc)?.block;
    }
    let last = tip.last;
    let mut look = follower.look(&checkpoint, tip, progress).await?;
    let plans = plan(&look.setting, &mut look.known, &look.events, look.assurance);
    let planned = plans.actions.into_iter().map(|action| Replayed::Planned(Box::new(action)));
    let retracted = plans
        .retractions
        .into_iter()
        .map(|Retracted { key, why }| Replayed::Retracted { key: key.to_string(), why: why.to_owned() });
    Ok(Replay { network: name, from_block: from, to_block: last.number, plans: planned.chain(retracted).collect() })
}
