//! `replay`: what would have been planned in a range of blocks, without a journal and without telling anybody; and what would have been
//! said of own proposals and duties in them, by the engine of `butler-cli backtest`.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::{DutiesRequest, PastRequest, read_duties};
use butler_core::client::l1::{BlockTag, Policy};
use butler_core::config::Config;
use butler_core::domain::action::Action;
use butler_core::domain::attester::overview::overview;
use butler_core::domain::attester::position::Position;
use butler_core::domain::backtest::{Backtest, Change, Moment, Said, Setting};
use butler_core::domain::block::BlockRef;
use butler_core::domain::duties::expected;
use butler_core::domain::findings::Severity;
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_core::network::Network;
use butler_core::runtime::report::Chain;
use ethers_core::types::Address;
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
    /// What would have been said of own proposals and duties at the canonical rollup, in the chain's order.
    pub said: Vec<Told>,
    /// Why nothing is known of these.
    pub unsaid: Option<String>,
}

impl Replay {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).map(|text| format!("{text}\n")).unwrap_or_default()
    }

    /// For people, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{} in blocks {} to {}\n", self.network, self.from_block, self.to_block);
        for one in &self.plans {
            text.push_str(&match one {
                Replayed::Planned(action) => format!("{}  {}\n", action.kind, action.why),
                Replayed::Retracted { key, why } => format!("taken back  {key}: {why}\n"),
            });
        }
        for one in &self.said {
            let (change, severity) = (one.change.name(), one.severity);
            text.push_str(&format!(
                "{change}  {severity}  {} in block {}  {}: {}\n",
                one.kind, one.block_number, one.subject, one.message
            ));
        }
        text.extend(self.unsaid.iter().map(|why| format!("{why}\n")));
        text
    }
}

/// One thing that would have been said.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// The L1 block.
    pub block_number: u64,
    /// Its time, or that of its slot's beginning; unix seconds.
    pub time: u64,
    /// Whether it began, got worse or better, or ended.
    pub change: Change,
    /// How bad it was.
    pub severity: Severity,
    /// What it is.
    pub kind: &'static str,
    /// What it is about.
    pub subject: String,
    /// In words.
    pub message: String,
}

impl Told {
    fn of(said: Said) -> Self {
        Self {
            block_number: said.at.block,
            time: said.at.time,
            change: said.change,
            severity: said.severity,
            kind: said.kind.code(),
            subject: said.subject.to_string(),
            message: said.message,
        }
    }
}

/// A day of slots of 72 seconds: so long duties are counted.
const SLOTS: u64 = 1_200;

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
    let plans = planned.chain(retracted).collect();
    let (said, unsaid) = match &look.snapshot {
        Some(snapshot) if from <= last.number => match said(follower.network(), snapshot, (from, last)).await {
            Ok(said) => (said, None),
            Err(error) => (Vec::new(), Some(format!("proposals and duties could not be read: {}", Chain(&error)))),
        },
        Some(_) | None => (Vec::new(), None),
    };
    Ok(Replay { network: name, from_block: from, to_block: last.number, plans, said, unsaid })
}

/// What would have been said of own proposals and duties. What is right is what the newest state says.
async fn said(
    network: &Network,
    snapshot: &NetworkSnapshot,
    (from, to): (u64, BlockRef),
) -> Result<Vec<Told>, FollowError> {
    let client = network.reader.client();
    let first = client.head(BlockTag::Number(from), &[]).await.map_err(FollowError::Rpc)?.block;
    let rows = overview(snapshot, &network.keys.book, &BTreeMap::new(), network.config.coinbase_rules());
    let own: BTreeSet<Address> = rows.iter().map(|row| row.attester).collect();
    let validating = rows.iter().filter(|row| row.position == Position::Validating).map(|row| row.attester).collect();
    let expected = expected(&rows, &snapshot.delegations);
    let (rollup, clock) = (snapshot.rollup.address, snapshot.rollup.clock);
    let pending = snapshot.rollup.checkpoints.pending.filter(|_| to == snapshot.block);
    let (own, newest) = (Some(&own), snapshot.block);
    let request = DutiesRequest { rollup, clock, own, from: first, to, pending, newest };
    let read = read_duties(client, &request, &|_| ()).await?;
    let past = read.past(&PastRequest { clock, own, expected: &expected, blocks: (first, to) });
    let [from, last] = [first, to].map(|block| Moment { block: block.number, time: block.timestamp });
    let setting = Setting { rollup, clock, from, slots: SLOTS, thresholds: network.config.thresholds() };
    Ok(Backtest::new(setting, &validating).run(past, last).said.into_iter().map(Told::of).collect())
}
