//! One row per tracked attester: everything that is decided about it from one snapshot and the key files.
//!
//! Rows come in the order of the attester's life, then of the queues. Each list of the snapshot is indexed once, so the
//! cost is that of sorting.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ethers_core::types::{Address, U256};
use serde::Serialize;

use crate::domain::attester::arrival::{Arrival, arrival};
use crate::domain::attester::coinbase::{
    CoinbaseCheck, CoinbaseFacts, CoinbasePolicies, CoinbasePolicy, Expectation, Severity, Unverified, check_coinbase,
};
use crate::domain::attester::entry_queue::Refusal;
use crate::domain::attester::fate::Fate;
use crate::domain::attester::position::{Position, PositionFacts, position};
use crate::domain::attester::state::{State, StateFacts, state};
use crate::domain::attester::transition::{Judgement, judge};
use crate::domain::attester::view::AttesterView;
use crate::domain::attester::zombie::ZombieCause;
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::operator::key_book::{CoinbaseSetting, KeyBook, KeyEntry};
use crate::domain::rollups::{FormerRollup, RewardsLeft, RollupId};
use crate::domain::snapshot::NetworkSnapshot;

mod stakes;

use self::stakes::{EntryQueue, Stakes, stakes_of};
pub use self::stakes::{Rival, StakeRow, counting_delegations};

/// What coinbases are judged by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoinbaseRules {
    /// A missing coinbase is critical when its attester may be active within this time.
    pub critical_within: Duration,
    /// Which coinbase is right.
    pub policies: CoinbasePolicies,
}

impl From<Duration> for CoinbaseRules {
    /// The rules of operators whose coinbases are splits.
    fn from(critical_within: Duration) -> Self {
        Self { critical_within, policies: CoinbasePolicies::default() }
    }
}

/// Everything that is known and decided about one attester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttesterRow {
    /// Whose row it is.
    pub attester: Address,
    /// The operator's view.
    pub state: State,
    /// Where the chain has it.
    pub position: Position,
    /// Why that is not known, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position_unknown: Option<String>,
    /// The rollup where it is so; `None` where it is at none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rollup: Option<RollupId>,
    /// Whether that rollup is not the canonical one any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub at_former: bool,
    /// What the step from its previous state means; `None` when it had none.
    pub judgement: Option<Judgement>,
    /// Our provider that queues it, or that it was staked with.
    pub provider_id: Option<ProviderId>,
    /// How many keys are taken before it; 0 is the next one.
    pub provider_queue_place: Option<u64>,
    /// How many deposits are before the first of its own that nothing speaks against, at its rollup; 0 is the head.
    pub entry_queue_place: Option<u64>,
    /// When it can become active, while it waits in the entry queue.
    pub arrival: Option<Arrival>,
    /// What is found about its coinbase.
    pub coinbase: CoinbaseCheck,
    /// How much that matters.
    pub coinbase_severity: Severity,
    /// Every coinbase that key files name for it.
    pub coinbase_configured: BTreeSet<Coinbase>,
    /// The split of the delegation that counts, where the chain confirms it and the policy asks for it.
    pub coinbase_expected: Option<Coinbase>,
    /// What the log of that delegation names, where the chain does not confirm it: never to be configured because of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coinbase_claimed: Option<Coinbase>,
    /// Why no coinbase is confirmed, where there should be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coinbase_doubt: Option<Unverified>,
    /// What its coinbase must be.
    pub coinbase_policy: CoinbasePolicy,
    /// The split of the delegation that counts, where the chain confirms it, whatever the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<Coinbase>,
    /// Whether somebody else's deposit made it a validator, or waits to, so that no delegation earns anything from it.
    pub is_strangers: bool,
    /// Why it is not known which coinbase the files name, as `FILE: why`; then nothing is concluded from finding none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coinbase_unknown: Option<String>,
    /// Why it is a zombie; `None` for one that is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zombie_cause: Option<ZombieCause>,
    /// Its rollup's own view: status, balance, exit.
    pub view: AttesterView,
    /// The servers that run it.
    pub servers: BTreeSet<String>,
    /// Whether it is known what the escrow's verifier says of the deposit of its delegation, while one waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof_checked: Option<bool>,
    /// Whether its stakes were refunded: staked on this rollup, and now neither waiting nor ever active.
    pub deposit_failed: bool,
    /// What became of each of its stakes, oldest first, where that is not the plain story of one that waits or succeeded.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stakes: Vec<StakeRow>,
    /// Rewards that wait for its confirmed coinbase, or else for its first configured one, in base units; `None` when
    /// they were not read. Those at former rollups are counted in.
    pub pending_rewards: Option<U256>,
    /// What of them waits at former rollups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rewards_left: Vec<RewardsLeft>,
    /// Who made the delegation that counts, or the last one where none does.
    pub staker: Option<Address>,
}

impl AttesterRow {
    /// The former rollup that refunded the last of its stakes, where it waits and validates nowhere.
    #[must_use]
    pub fn refunded_at(&self) -> Option<RollupId> {
        let last = self.stakes.last().filter(|stake| self.deposit_failed && stake.fate == Fate::Refunded)?;
        last.rollup.filter(|_| last.is_at_former)
    }
}

/// The lists of a snapshot and a key book, by attester.
struct Index<'a> {
    provider_queues: BTreeMap<Address, (ProviderId, u64)>,
    entry_queue: EntryQueue<'a>,
    stakes: BTreeMap<Address, Stakes<'a>>,
    key_entries: BTreeMap<Address, Vec<&'a KeyEntry>>,
    keys: &'a KeyBook,
}

impl<'a> Index<'a> {
    /// An attester that is in a provider's queue twice (`duplicates` says so) gets its first place.
    fn new(snapshot: &'a NetworkSnapshot, keys: &'a KeyBook) -> Self {
        let mut provider_queues = BTreeMap::new();
        for (id, provider) in &snapshot.providers {
            for (place, entry) in (0..).zip(&provider.queue) {
                provider_queues.entry(entry.attester).or_insert((*id, place));
            }
        }
        let entry_queue = EntryQueue::new(snapshot);
        let stakes = stakes_of(snapshot, &entry_queue);
        Self { provider_queues, entry_queue, stakes, key_entries: keys.by_attester(), keys }
    }
}

/// The row of every tracked attester, ordered by state, queue place and address.
///
/// `previous` are the states of the last overview, empty at first; steps are judged by them, and nothing else. A missing
/// coinbase becomes critical when its attester may be active within the time of `rules` of the snapshot's block.
#[must_use]
pub fn overview(
    snapshot: &NetworkSnapshot,
    keys: &KeyBook,
    previous: &BTreeMap<Address, State>,
    rules: impl Into<CoinbaseRules>,
) -> Vec<AttesterRow> {
    let rules = rules.into();
    let index = Index::new(snapshot, keys);
    let mut rows: Vec<AttesterRow> = snapshot
        .attesters
        .iter()
        .map(|(attester, view)| {
            let before = previous.get(attester).copied();
            row(snapshot, &index, (*attester, view), before, &rules)
        })
        .collect();
    rows.sort_by_key(|row| {
        let place = row.entry_queue_place.or(row.provider_queue_place);
        (row.state, place.is_none(), place, row.attester)
    });
    rows
}

fn row(
    snapshot: &NetworkSnapshot,
    index: &Index<'_>,
    (attester, view): (Address, &AttesterView),
    before: Option<State>,
    rules: &CoinbaseRules,
) -> AttesterRow {
    let now = snapshot.block.timestamp;
    let provider_queue = index.provider_queues.get(&attester).copied();
    let waiting = index.entry_queue.place(attester);
    let entry_queue_place = waiting.map(|waiting| waiting.place);
    let no_stakes = Stakes::default();
    let stakes = index.stakes.get(&attester).unwrap_or(&no_stakes);
    let delegation = stakes.delegation();
    let entries = index.key_entries.get(&attester).map_or(&[][..], Vec::as_slice);
    let coinbase_configured: BTreeSet<Coinbase> = entries.iter().filter_map(|entry| entry.coinbase).collect();
    let names_zero = entries.iter().any(|entry| entry.coinbase_setting() == CoinbaseSetting::Zero);

    let untold = snapshot.position_doubt(attester);
    let position = position(PositionFacts {
        view,
        in_provider_queue: provider_queue.is_some(),
        in_entry_queue: entry_queue_place.is_some(),
        is_untold: untold.is_some(),
    });
    let is_dripped = snapshot.dripped.contains(&attester);
    let coinbase_unknown = index.keys.coinbase_doubt(attester, entries);
    let found = state(StateFacts {
        status: view.status,
        was_active_once: view.was_active_once(),
        coinbase_configured: !coinbase_configured.is_empty(),
        in_provider_queue: provider_queue.is_some(),
        in_entry_queue: entry_queue_place.is_some(),
        staked_with_provider: delegation.is_some(),
        dripped: is_dripped,
    });
    let state = match before {
        // Where it stands is not told: it is what it was.
        Some(before) if position == Position::Unknown => before,
        Some(before) if coinbase_unknown.is_some() && differ_by_coinbase(before, found) => before,
        Some(_) | None => found,
    };
    let rollup = match position {
        Position::Validating | Position::Zombie | Position::Exiting => snapshot.stands_at(attester),
        Position::EntryQueue => waiting.map(|waiting| rollup_id(snapshot, waiting.rollup)),
        Position::Unregistered | Position::ProviderQueue | Position::Withdrawn | Position::Unknown => None,
    };
    let arrival = waiting
        .filter(|_| position == Position::EntryQueue)
        // What moves along is refused there at once, however long the queue is.
        .filter(|waiting| waiting.refusal != Some(Refusal::RollupReplaced))
        .and_then(|waiting| {
            let figures = snapshot.figures_of(waiting.rollup)?;
            arrival(waiting.place, &figures.clock, &figures.flush, now)
        });
    let provider_id = provider_queue.map(|(id, _)| id).or(delegation.map(|delegation| delegation.provider_id));
    let mut expected = stakes.expectation(snapshot, view, position, is_dripped);
    // What stands in our queue, or was taken out of it, is ours to be delegated, and nobody did: whoever deposited it did so in
    // another way.
    let is_undelegated = match expected {
        Expectation::Nothing => provider_queue.is_some(),
        Expectation::Unconfirmed { claimed: None, why: Unverified::Dripped } => coinbase_configured.is_empty(),
        Expectation::Strangers
        | Expectation::Burnt
        | Expectation::OwnAddress
        | Expectation::Confirmed(_)
        | Expectation::Unconfirmed { .. } => false,
    };
    let is_taken = is_undelegated && matches!(position, Position::EntryQueue | Position::Validating);
    // Whether it was taken out or staked is told by logs, which one endpoint alone can forge: the doubt stays.
    let doubt = expected.doubt();
    if is_taken {
        expected = Expectation::Strangers;
    }
    let policy = rules.policies.of(provider_id);
    if policy == CoinbasePolicy::OwnAddress && !matches!(expected, Expectation::Burnt | Expectation::Strangers) {
        expected = Expectation::OwnAddress;
    }
    let configured = coinbase_configured.clone();
    let coinbase = check_coinbase(&CoinbaseFacts { configured, names_zero, expected, position, arrival });
    let is_unknown = coinbase_unknown.is_some() && matches!(coinbase, CoinbaseCheck::Missing { .. });
    let coinbase = if is_unknown { CoinbaseCheck::Unknown } else { coinbase };
    let paid = expected.confirmed().or_else(|| coinbase_configured.first().copied());
    AttesterRow {
        attester,
        state,
        position,
        position_unknown: untold.filter(|_| position == Position::Unknown),
        rollup,
        at_former: rollup.is_some_and(|rollup| rollup != snapshot.canonical()),
        judgement: before.map(|before| judge(before, state)),
        provider_id,
        provider_queue_place: provider_queue.map(|(_, place)| place),
        entry_queue_place,
        arrival,
        coinbase,
        coinbase_severity: coinbase.severity(position, now, rules.critical_within),
        coinbase_configured,
        coinbase_expected: expected.confirmed(),
        coinbase_claimed: expected.claimed(),
        coinbase_doubt: expected.doubt().or(doubt),
        coinbase_policy: policy,
        split: stakes.split(snapshot),
        is_strangers: stakes.are_a_strangers() || is_taken,
        coinbase_unknown,
        zombie_cause: snapshot.zombie_cause(attester),
        view: *view,
        servers: entries.iter().filter(|entry| entry.is_run).map(|entry| entry.server.clone()).collect(),
        proof_checked: index
            .entry_queue
            .is_checked(attester)
            .filter(|_| delegation.is_some() && position == Position::EntryQueue),
        deposit_failed: position == Position::Unregistered && stakes.are_burnt(),
        stakes: stakes.rows(snapshot),
        rewards_left: paid.map(|paid| snapshot.rewards_left(paid)).unwrap_or_default(),
        pending_rewards: paid.and_then(|paid| snapshot.pending_rewards.get(&paid).copied()),
        staker: delegation.map(|delegation| delegation.staker),
    }
}

fn former(snapshot: &NetworkSnapshot, address: Address) -> Option<&FormerRollup> {
    snapshot.former_rollups.iter().find(|former| former.id.address == address)
}

fn rollup_id(snapshot: &NetworkSnapshot, address: Address) -> RollupId {
    former(snapshot, address).map_or_else(|| snapshot.canonical(), |former| former.id)
}

/// Whether nothing but a coinbase in a key file makes one state the other: a file that cannot be read is no step.
fn differ_by_coinbase(one: State, other: State) -> bool {
    let pair = [one, other];
    pair.contains(&State::CoinbaseNeeded) && pair.contains(&State::InStakingQueue)
}

/// How many rows are in each state; every state is there.
#[must_use]
pub fn counts_by_state(rows: &[AttesterRow]) -> BTreeMap<State, u64> {
    counts(State::ALL, rows.iter().map(|row| row.state))
}

/// How many rows are at each position; every position is there.
#[must_use]
pub fn counts_by_position(rows: &[AttesterRow]) -> BTreeMap<Position, u64> {
    counts(Position::ALL, rows.iter().map(|row| row.position))
}

fn counts<T: Ord>(all: impl IntoIterator<Item = T>, seen: impl Iterator<Item = T>) -> BTreeMap<T, u64> {
    let mut counts: BTreeMap<T, u64> = all.into_iter().map(|each| (each, 0)).collect();
    for each in seen {
        *counts.entry(each).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;
