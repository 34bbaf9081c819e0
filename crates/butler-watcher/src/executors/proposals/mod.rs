//! Carrying out what the owners of a Safe must sign: proposed once, and looked at until it was executed, replaced or rejected.
//!
//! What is due is claimed from the journal, one network and one Safe after the other. Whether something was executed is read from the chain;
//! the service is asked to propose, whether that arrived, and now and then what waits. A key is opened when something is proposed.

mod desk;
mod end;
mod ground;
mod item;
mod look;
mod propose;
mod record;
mod round;
mod trouble;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use butler_core::client::l1::L1Client;
use butler_core::config::{Config, NetworkConfig, WatcherConfig};
use butler_core::domain::action::{Action, Phase, Place};
use butler_core::key_files::KeyFilesReport;
use butler_core::network::{NetworkError, l1_client};
use butler_core::runtime::clock::unix_now;
use butler_core::runtime::failures::FailureStreak;
use butler_core::runtime::report::one_line;
use ethers_core::types::Address;
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::block_in_place;
use tokio::time::sleep;

use self::desk::Desk;
use self::end::{End, told};
pub use self::ground::{Ground, JudgedKeys, look_at_all};
use self::item::{Item, LEASE};
use self::record::Begun;
use self::round::Round;
pub use self::round::{PATIENCE, VOID};
use super::log;
use crate::catalogue::ProposalState;
use crate::health::Health;
use crate::journal::{Batch, Claim, Journal, JournalError, Leased, Plan, Settlement, Work, each_live};

/// Actions that are taken together: what is read of the chain is read once for them.
const AT_ONCE: usize = 16;
/// How long nothing is looked for where nothing was due.
const QUIET: Duration = Duration::from_secs(1);
/// Where an action is not over.
const OPEN: [Phase; 5] = [Phase::AwaitingApproval, Phase::Due, Phase::Running, Phase::Verifying, Phase::Parked];

/// The key files of networks, as the watch read them last.
pub type Books = BTreeMap<Place, Arc<KeyFilesReport>>;

/// Whether what is planned for a network can be proposed.
#[must_use]
pub fn can_propose(network: &NetworkConfig) -> bool {
    network.safe.service.is_some() && network.safe.proposer.is_some()
}

/// Whether a journal's record says that something waits at the service, or may still arrive there.
#[must_use]
pub fn is_proposed(record: Option<&Value>) -> bool {
    Begun::of(record).map_or_else(
        || Begun::is_any(record),
        |begun| begun.state.is_open() || begun.may_arrive() && begun.state == ProposalState::Unsent,
    )
}

/// Proposes what is due.
#[derive(Debug)]
pub struct Proposer {
    config: Arc<Config>,
    networks: BTreeMap<Place, (String, L1Client)>,
    books: watch::Receiver<Books>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
    news: Arc<Notify>,
    wishes: watch::Receiver<Arc<WatcherConfig>>,
}

impl Proposer {
    /// Proposes for every network that has a service and a key for it; connects to nothing.
    ///
    /// # Errors
    /// A client cannot be built.
    pub fn new(
        config: &Arc<Config>,
        books: watch::Receiver<Books>,
        (journal, health, news): (Arc<dyn Journal>, Arc<Health>, Arc<Notify>),
        wishes: watch::Receiver<Arc<WatcherConfig>>,
    ) -> Result<Self, NetworkError> {
        let mut networks = BTreeMap::new();
        for network in config.networks.values().filter(|network| network.has_l1() && can_propose(network)) {
            let place = Place { chain_id: network.chain_id, contract: network.staking_registry };
            networks.insert(place, (network.name.clone(), l1_client(network, PATIENCE)?));
        }
        Ok(Self { config: Arc::clone(config), networks, books, journal, health, news, wishes })
    }

    /// Proposes until it is dropped.
    ///
    /// # Errors
    /// The journal is not what it was.
    pub async fn run(self) -> Result<(), JournalError> {
        let mut streak = FailureStreak::default();
        self.count()?;
        loop {
            match Box::pin(self.turn()).await {
                Ok(0) => {
                    streak.ended();
                    sleep(QUIET).await;
                }
                Ok(_) => streak.ended().map_or((), drop),
                Err(error @ JournalError::Full { .. }) => {
                    if streak.failed().is_some() {
                        tracing::error!("nothing is proposed: {}", one_line(&error));
                    }
                    sleep(QUIET).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Takes what is due; how many actions that was.
    async fn turn(&self) -> Result<usize, JournalError> {
        let holds = self.wishes.borrow().holds(unix_now());
        let ask = Claim { limit: AT_ONCE, lease: LEASE, chain_time: 0, holds, work: Work::Propose };
        let leased = block_in_place(|| self.journal.claim(&ask))?;
        let count = leased.len();
        let mut by_place = BTreeMap::<Place, Vec<Leased>>::new();
        for leased in leased {
            by_place.entry(leased.entry.action.place).or_default().push(leased);
        }
        for (place, leased) in by_place {
            Box::pin(self.at_network(place, leased)).await?;
        }
        if count > 0 {
            block_in_place(|| self.count())?;
            self.news.notify_one();
        }
        Ok(count)
    }

    async fn at_network(&self, place: Place, leased: Vec<Leased>) -> Result<(), JournalError> {
        let mut items: Vec<Item> = leased.into_iter().map(Item::of).collect();
        let network = self.networks.get(&place);
        let network = network.and_then(|(name, client)| Some((self.config.networks.get(name)?, client)));
        let Some((network, client)) = network else {
            for item in &items {
                let why = "no service of Safes, or no key that proposes, is configured for its network";
                self.settle(item, End::Refused(why.to_owned()))?;
            }
            return Ok(());
        };
        let keys = self.books.borrow().get(&place).cloned();
        let Some(keys) = keys else {
            for item in &items {
                let end = End::of(
                    &trouble::Trouble::NotNow("the network was not looked at yet".to_owned()),
                    QUIET,
                    item.is_look,
                );
                self.settle(item, end)?;
            }
            return Ok(());
        };
        let mut round = Round::new((&self.config, network), client, &keys);
        // What is looked at comes first: it frees nonces.
        items.sort_by_key(|item| !item.is_look);
        let mut by_safe = BTreeMap::<Address, Vec<Item>>::new();
        for item in items {
            let safe = item.proposal().map(|proposal| proposal.from).unwrap_or_default();
            by_safe.entry(safe).or_default().push(item);
        }
        for (safe, items) in by_safe {
            Box::pin(self.at_safe(&mut round, safe, items)).await?;
        }
        Ok(())
    }

    async fn at_safe(&self, round: &mut Round<'_>, safe: Address, items: Vec<Item>) -> Result<(), JournalError> {
        let journal = self.journal.as_ref();
        let opened = Desk::open((round.client(), round.config()), safe, journal).await?;
        let mut desk = match opened {
            Ok(desk) => desk,
            Err(trouble) => {
                for item in &items {
                    self.settle(item, End::of(&trouble, round.pause(), item.is_look))?;
                }
                return Ok(());
            }
        };
        for mut item in items {
            let end = if item.is_look {
                Box::pin(look::look(round, &mut desk, &mut item, journal)).await
            } else {
                Box::pin(propose::attempt(round, &mut desk, &mut item, journal)).await
            };
            let closed = block_in_place(|| desk.close(journal));
            self.settle(&item, end?)?;
            closed?;
        }
        let left = desk.service.budget().left(unix_now());
        self.health.proposals(&round.config().name, |figures| {
            figures.requests_left.insert(safe, left);
        });
        Ok(())
    }

    /// Says how one ended, and plans to tell what is new of its proposal, in one commit.
    fn settle(&self, item: &Item, end: End) -> Result<(), JournalError> {
        let Some(outcome) = end.outcome(item.is_look) else { return Ok(()) };
        let settlement = Settlement { lease: item.lease.clone(), outcome };
        log(std::slice::from_ref(&settlement));
        let begun = item.proposal().zip(item.begun.as_ref());
        let told: Option<Action> = begun.and_then(|(proposal, begun)| told(&item.action, proposal, begun));
        let policies = self.wishes.borrow().policies.clone();
        let plans: Vec<Plan> =
            told.map(|action| Plan { policy: policies.of(action.kind), action }).into_iter().collect();
        let batch = Batch { plans, ..Batch::default() };
        block_in_place(|| self.journal.settle_then(&[settlement], &mut |_| batch.clone()))?;
        Ok(())
    }

    /// Counts proposals by what is known of them. Blocks.
    fn count(&self) -> Result<(), JournalError> {
        for (place, (name, _)) in &self.networks {
            let mut counts = BTreeMap::<ProposalState, u64>::new();
            each_live(self.journal.as_ref(), &OPEN, |entry| {
                let begun = Begun::of(entry.standing.intent.as_ref()).filter(|_| entry.action.place == *place);
                if let Some(begun) = begun {
                    let count = counts.entry(begun.state).or_default();
                    *count = count.saturating_add(1);
                }
            })?;
            self.health.proposals(name, |figures| figures.states = Some(counts));
        }
        Ok(())
    }
}
