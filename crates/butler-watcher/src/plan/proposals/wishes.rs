//! What the configuration wants and the chain has otherwise.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::config::WantedConfig;
use butler_core::domain::action::{ActionKind, Wish};
use butler_core::domain::attester::queue_key::{BadQueueKey, Effect};
use butler_core::domain::findings::Thresholds;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::ProviderFacts;
use butler_core::domain::provider::runway::DelegationPace;
use butler_core::text::address::checksummed;
use butler_core::text::time::{count, duration};
use ethers_core::types::Address;

/// One thing that may be wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slot {
    /// What is done.
    pub kind: ActionKind,
    /// To which provider, where it is done to one.
    pub provider: Option<ProviderId>,
}

/// Something that is wanted, and who is to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// What.
    pub wish: Wish,
    /// Who sends it.
    pub from: Address,
    /// Why, in words.
    pub why: String,
}

/// What that follows from.
#[derive(Debug, Clone, Copy)]
pub struct Have<'a> {
    /// The own providers, as the chain has them.
    pub providers: &'a BTreeMap<ProviderId, ProviderFacts>,
    /// The keys in their queues that are of no use.
    pub bad_keys: &'a [BadQueueKey],
    /// What is wanted.
    pub config: &'a WantedConfig,
    /// The admins that are ours; empty where the configuration names none.
    pub admins: &'a [Address],
    /// How fast delegations come, where enough were seen.
    pub paces: &'a BTreeMap<ProviderId, DelegationPace>,
    /// Of which something waits for a person already.
    pub open: &'a BTreeSet<Slot>,
    /// From which length on a queue is short.
    pub thresholds: &'a Thresholds,
}

impl Slot {
    /// The slot of a wish.
    #[must_use]
    pub fn of(wish: &Wish) -> Self {
        Self { kind: wish.kind(), provider: wish.provider() }
    }
}

/// Every slot that the configuration is about, with what is wanted there; `None` where the chain has it.
#[must_use]
pub fn wishes(have: &Have<'_>) -> BTreeMap<Slot, Option<Wanted>> {
    let mut found = BTreeMap::new();
    for (id, facts) in have.providers {
        let mut note = |kind, wanted| found.insert(Slot { kind, provider: Some(*id) }, wanted);
        if let Some(admin) = have.config.admin {
            note(ActionKind::AcceptAdmin, acceptance(*id, facts, admin));
        }
        // What is not ours is nobody's to change.
        let is_ours = is_ours(facts.admin, have);
        let wanted = |wish: Option<(Wish, String)>| {
            wish.filter(|_| is_ours).map(|(wish, why)| Wanted { wish, from: facts.admin, why })
        };
        if let Some(take_rate_bps) = have.config.take_rate_bps {
            let why = format!("the configuration wants {take_rate_bps} basis points, and not {}", facts.take_rate_bps);
            let wish = Wish::SetTakeRate { provider: *id, take_rate_bps };
            note(ActionKind::SetTakeRate, wanted((facts.take_rate_bps != take_rate_bps).then_some((wish, why))));
        }
        if let Some(rewards_recipient) = have.config.rewards_recipient {
            let why = format!("the configuration wants {} to receive the share", checksummed(&rewards_recipient));
            let wish = Wish::SetRecipient { provider: *id, rewards_recipient };
            let is_other = facts.rewards_recipient != rewards_recipient;
            note(ActionKind::SetRecipient, wanted(is_other.then_some((wish, why))));
        }
        if have.config.keys.is_some() {
            note(ActionKind::AddKeys, wanted(shortage(*id, facts, have)));
        }
        if have.config.drip_bad_keys {
            note(ActionKind::Drip, wanted(bad_front(*id, facts, have.bad_keys)));
        }
    }
    if let Some(funding) = &have.config.funding {
        let why = "publishers have less ether than they should".to_owned();
        let wanted = Wanted { wish: Wish::FundPublishers, from: funding.payer, why };
        found.insert(Slot::of(&wanted.wish), Some(wanted));
    }
    if have.config.create_provider {
        found.insert(Slot { kind: ActionKind::CreateProvider, provider: None }, creation(have));
    }
    found
}

fn is_ours(admin: Address, have: &Have<'_>) -> bool {
    match have.config.admin {
        Some(wanted) => admin == wanted,
        None => have.admins.is_empty() || have.admins.contains(&admin),
    }
}

fn acceptance(provider: ProviderId, facts: &ProviderFacts, admin: Address) -> Option<Wanted> {
    let is_named = facts.pending_admin == Some(admin) && facts.admin != admin;
    let why = format!("{} was named to become admin, as the configuration wants", checksummed(&admin));
    is_named.then_some(Wanted { wish: Wish::AcceptAdmin { provider, admin }, from: admin, why })
}

/// A queue that does not last for long. One for which keys were asked already is longer by a quarter before it is long enough.
fn shortage(provider: ProviderId, facts: &ProviderFacts, have: &Have<'_>) -> Option<(Wish, String)> {
    let keys = u64::try_from(facts.queue.len()).unwrap_or(u64::MAX);
    let least = have.config.keys.as_ref()?.runway.as_secs();
    let is_open = have.open.contains(&Slot { kind: ActionKind::AddKeys, provider: Some(provider) });
    let least = if is_open { least.saturating_add(least / 4) } else { least };
    let runway = have.paces.get(&provider).and_then(|pace| pace.runway_seconds(keys));
    let why = if keys < have.thresholds.short_queue {
        format!("the queue of provider {provider} has {} left", count(keys, "key"))
    } else {
        let runway = runway.filter(|runway| *runway < least)?;
        format!("the queue of provider {provider} lasts for {} at the present pace", duration(runway))
    };
    Some((Wish::AddKeys { provider }, why))
}

/// The last of the keys at the front that are of no use for sure.
fn bad_front(provider: ProviderId, facts: &ProviderFacts, bad: &[BadQueueKey]) -> Option<(Wish, String)> {
    let bad: BTreeMap<u64, String> = bad
        .iter()
        .filter(|key| key.provider_id == provider && matches!(key.effect(), Effect::Blocks | Effect::Burns))
        .map(|key| (key.index, key.obstacles.first().map(ToString::to_string).unwrap_or_default()))
        .collect();
    let front = facts.queue.iter().take_while(|entry| bad.contains_key(&entry.index));
    let through = front.last()?.attester;
    let first = facts.queue.first()?;
    let why = format!(
        "{} at the front of the queue of provider {provider} would burn a delegator's stake: {}",
        checksummed(&first.attester),
        bad.get(&first.index)?
    );
    Some((Wish::Drip { provider, through }, why))
}

/// The provider that is wanted, where none of ours has that admin. Whether another one has is looked up before it is asked for.
fn creation(have: &Have<'_>) -> Option<Wanted> {
    let (admin, take_rate_bps) = (have.config.admin?, have.config.take_rate_bps?);
    let rewards_recipient = have.config.rewards_recipient?;
    if have.providers.values().any(|facts| facts.admin == admin) {
        return None;
    }
    let why = format!("{} has no provider yet, and the configuration wants one", checksummed(&admin));
    Some(Wanted { wish: Wish::CreateProvider { admin, take_rate_bps, rewards_recipient }, from: admin, why })
}
