//! What the watcher wants, held against the chain: the same checks as those of the commands.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::abi::AbiDecode as _;
use ethers_core::types::Address;

use super::funding::{FundingRule, fund};
use super::keys::{Judged, add_keys};
use super::plan::{Decision, Plan};
use super::provider::{Provider, create};
use super::refusal::Refusal;
use crate::contracts::bindings::staking_registry::{AddKeysToProviderCall, KeyStore};
use crate::domain::action::{Proposal, ProposedCall, Wish};
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;
use crate::domain::provider::publisher::PublisherRow;
use crate::domain::snapshot::NetworkSnapshot;

/// The most publishers that one proposal funds.
pub const MOST_FUNDED: usize = 50;

/// What a wish is held against.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The chain, with the queues of other providers where a provider is to be created.
    pub snapshot: &'a NetworkSnapshot,
    /// The keys that are to be added, and what was found of them; where that is not known, none can be.
    pub keys: Option<(&'a [KeyStore], &'a Judged)>,
    /// The publishers, those whose nodes fund themselves, and the rule.
    pub funding: Option<(&'a [PublisherRow], &'a BTreeSet<String>, &'a FundingRule)>,
}

/// Decides what a wish takes, which `from` is to send.
///
/// # Errors
/// See [`Refusal`]. A provider that is not known is one whose admin is nobody.
pub fn decide(wish: &Wish, from: Address, facts: &Facts<'_>) -> Result<Decision, Refusal> {
    let of = |id: ProviderId| {
        let facts = facts.snapshot.providers.get(&id);
        let unknown = Refusal::NotAdmin { provider: id, admin: Address::zero(), from };
        facts.map(|facts| Provider { id, facts, from: Some(from) }).ok_or(unknown)
    };
    match wish {
        Wish::AddKeys { provider } => {
            let (all, judged) = facts.keys.ok_or_else(|| Refusal::Keys(vec!["nothing is known of them".to_owned()]))?;
            add_keys(&of(*provider)?, all, judged.clone())
        }
        Wish::CreateProvider { admin, take_rate_bps, rewards_recipient } => {
            let all = facts.snapshot.providers.iter().chain(&facts.snapshot.other_providers);
            let all: BTreeMap<ProviderId, &ProviderFacts> = all.map(|(id, facts)| (*id, facts)).collect();
            create(&all, (*admin, *take_rate_bps, *rewards_recipient), Some(from))
        }
        Wish::SetTakeRate { provider, take_rate_bps } => of(*provider)?.set_take_rate(*take_rate_bps),
        Wish::SetRecipient { provider, rewards_recipient } => of(*provider)?.set_recipient(*rewards_recipient),
        Wish::Drip { provider, through } => of(*provider)?.drip(*through, &facts.snapshot.dripped),
        Wish::AcceptAdmin { provider, .. } => of(*provider)?.accept_admin(from),
        Wish::FundPublishers => {
            let (rows, funds_itself, rule) = facts.funding.ok_or(Refusal::NoPublisher)?;
            fund(rows, funds_itself, from, rule)
        }
    }
}

/// What owners are asked to sign for a plan.
#[must_use]
pub fn proposal_of(plan: &Plan, wish: Wish) -> Proposal {
    let call = |step: &super::change::Step| ProposedCall {
        to: step.call.to,
        value: step.call.value,
        data: step.call.data.clone(),
        says: step.says.clone(),
    };
    Proposal {
        from: plan.from(),
        wish,
        effect: plan.key().clone(),
        calls: plan.steps().iter().map(call).collect(),
        effects: plan.effects().to_vec(),
        remarks: plan.remarks().to_vec(),
    }
}

/// The keys that a proposal adds, in their order; `None` where a call is no such call.
#[must_use]
pub fn keys_of(proposal: &Proposal) -> Option<Vec<KeyStore>> {
    let calls = proposal.calls.iter().map(|call| AddKeysToProviderCall::decode(&call.data).ok());
    Some(calls.collect::<Option<Vec<_>>>()?.into_iter().flat_map(|call| call.key_stores).collect())
}

/// The first good keys of a file, so many; and how many of the file cannot be used, which are left out.
#[must_use]
pub fn first_good(judged: Judged, most: usize) -> (Judged, usize) {
    let left_out = judged.bad.len();
    let good = judged.good.into_iter().take(most).collect();
    (Judged { good, bad: Vec::new(), ..judged }, left_out)
}
