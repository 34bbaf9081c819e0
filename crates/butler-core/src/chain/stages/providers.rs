//! The registries: which rollup is canonical, who the providers are, what their publishers have.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::{Address, U256};

use super::limits::LENGTH_LIMIT;
use crate::chain::error::{Contract, Giver, SnapshotError};
use crate::chain::reads::{Answers, Reads, Slot};
use crate::contracts::bindings::{aztec_registry, staking_registry};
use crate::contracts::call::GETTER_GAS;
use crate::contracts::decode;
use crate::domain::ids::ProviderId;
use crate::domain::provider::facts::ProviderFacts;

/// The most providers that are believed.
const PROVIDER_LIMIT: u64 = 100_000;

/// Where the answers about one provider are.
struct ProviderSlots {
    configuration: Slot<staking_registry::ProviderConfigurationsReturn>,
    queue: Slot<staking_registry::ProviderQueuesReturn>,
    pending_admin: Slot<Address>,
}

/// A provider with the indices of its queue.
pub(in crate::chain) struct ProviderHead {
    pub(in crate::chain) facts: ProviderFacts,
    pub(in crate::chain) indices: std::ops::Range<u64>,
}

fn push_provider(reads: &mut Reads, registry: Address, id: ProviderId) -> ProviderSlots {
    let provider_identifier = U256::from(id);
    let contract = Contract::StakingRegistry;
    ProviderSlots {
        configuration: reads.push(
            contract,
            registry,
            GETTER_GAS,
            staking_registry::ProviderConfigurationsCall { provider_identifier },
        ),
        queue: reads.push(contract, registry, GETTER_GAS, staking_registry::ProviderQueuesCall { provider_identifier }),
        pending_admin: reads.push(
            contract,
            registry,
            GETTER_GAS,
            staking_registry::PendingProviderAdminsCall { provider_identifier },
        ),
    }
}

fn take_provider(answers: &Answers, slots: &ProviderSlots) -> Result<Option<ProviderHead>, SnapshotError> {
    let pending_admin = answers.get(&slots.pending_admin)?;
    let facts =
        answers.checked(&slots.configuration, |configuration| decode::provider(&configuration, pending_admin))?;
    let indices = answers.checked(&slots.queue, |queue| decode::queue_indices(&queue, LENGTH_LIMIT))?;
    Ok(facts.map(|facts| ProviderHead { facts, indices }))
}

/// Stage one: the registries and the publishers' balances.
pub(in crate::chain) struct Registries {
    registry: Address,
    rollup: Slot<Address>,
    next_provider: Slot<U256>,
    split_factory: Slot<Address>,
    rollup_registry: Slot<Address>,
    governance: Slot<Address>,
    staking_asset: Slot<Address>,
    aztec_registry: Address,
    providers: BTreeMap<ProviderId, ProviderSlots>,
    balances: BTreeMap<Address, Slot<U256>>,
}

/// What stage one found.
pub(in crate::chain) struct RegistryFacts {
    pub(in crate::chain) rollup: Address,
    pub(in crate::chain) next_provider: u64,
    /// Where the registry has its splits made; `None` for a registry that does not say.
    pub(in crate::chain) split_factory: Option<Address>,
    /// Aztec's governance; `None` for a registry that does not say.
    pub(in crate::chain) governance: Option<Address>,
    /// What the registry stakes; `None` for one that does not say.
    pub(in crate::chain) staking_asset: Option<Address>,
    /// Whether the StakingRegistry names the registry of rollups.
    pub(in crate::chain) names_registry: bool,
    /// Who alone told all of it.
    pub(in crate::chain) giver: Option<Giver>,
    pub(in crate::chain) providers: BTreeMap<ProviderId, ProviderHead>,
    pub(in crate::chain) balances: BTreeMap<Address, U256>,
}

impl Registries {
    pub(in crate::chain) fn plan(
        reads: &mut Reads,
        aztec_registry: Address,
        staking_registry: Address,
        providers: &BTreeSet<ProviderId>,
        publishers: &BTreeSet<Address>,
    ) -> Self {
        Self {
            registry: staking_registry,
            rollup: reads.push(
                Contract::AztecRegistry,
                aztec_registry,
                GETTER_GAS,
                aztec_registry::GetCanonicalRollupCall,
            ),
            next_provider: reads.push(
                Contract::StakingRegistry,
                staking_registry,
                GETTER_GAS,
                staking_registry::NextProviderIdentifierCall,
            ),
            split_factory: reads.push_if_supported(
                Contract::StakingRegistry,
                staking_registry,
                GETTER_GAS,
                staking_registry::PullSplitFactoryCall,
            ),
            rollup_registry: reads.push_if_supported(
                Contract::StakingRegistry,
                staking_registry,
                GETTER_GAS,
                staking_registry::RollupRegistryCall,
            ),
            governance: reads.push_if_supported(
                Contract::AztecRegistry,
                aztec_registry,
                GETTER_GAS,
                aztec_registry::GetGovernanceCall,
            ),
            staking_asset: reads.push_if_supported(
                Contract::StakingRegistry,
                staking_registry,
                GETTER_GAS,
                staking_registry::StakingAssetCall,
            ),
            aztec_registry,
            providers: providers.iter().map(|id| (*id, push_provider(reads, staking_registry, *id))).collect(),
            balances: publishers.iter().map(|account| (*account, reads.push_balance(*account))).collect(),
        }
    }

    pub(in crate::chain) fn take(&self, answers: &Answers) -> Result<RegistryFacts, SnapshotError> {
        let rollup = answers.checked(&self.rollup, |address| decode::present("getCanonicalRollup", address))?;
        let next_provider = answers
            .checked(&self.next_provider, |next| decode::length("nextProviderIdentifier", next, PROVIDER_LIMIT))?;
        let split_factory = answers.get_if_supported(&self.split_factory)?.and_then(decode::optional);
        let rollup_registry = answers.get_if_supported(&self.rollup_registry)?.and_then(decode::optional);
        let names_registry = rollup_registry.is_some();
        if let Some(actual) = rollup_registry.filter(|actual| *actual != self.aztec_registry) {
            let (staking_registry, configured) = (self.registry, self.aztec_registry);
            return Err(SnapshotError::ForeignRegistry { staking_registry, configured, actual });
        }
        let governance = answers.get_if_supported(&self.governance)?.and_then(decode::optional);
        let staking_asset = answers.get_if_supported(&self.staking_asset)?.and_then(decode::optional);
        let giver = answers.only_giver().cloned();
        let mut providers = BTreeMap::new();
        for (id, slots) in &self.providers {
            match take_provider(answers, slots)? {
                Some(head) => providers.insert(*id, head),
                None if U256::from(*id) < next_provider.into() => {
                    let registry = (Contract::StakingRegistry, self.registry);
                    let problem = format!("no provider {id} before the next one, {next_provider}");
                    return Err(answers.nonsense(registry, "providerConfigurations", problem));
                }
                None => return Err(SnapshotError::UnknownProvider(*id)),
            };
        }
        let balances =
            self.balances.iter().map(|(account, slot)| Ok((*account, answers.get(slot)?))).collect::<Result<_, _>>()?;
        Ok(RegistryFacts {
            rollup,
            next_provider,
            split_factory,
            governance,
            staking_asset,
            names_registry,
            giver,
            providers,
            balances,
        })
    }
}

/// Reads providers that the configuration does not name: for their admins, or for duplicates in their queues.
pub(in crate::chain) struct OtherProviders(BTreeMap<ProviderId, ProviderSlots>);

impl OtherProviders {
    pub(in crate::chain) fn plan(reads: &mut Reads, registry: Address, ids: impl Iterator<Item = ProviderId>) -> Self {
        Self(ids.map(|id| (id, push_provider(reads, registry, id))).collect())
    }

    pub(in crate::chain) fn take(
        &self,
        answers: &Answers,
    ) -> Result<BTreeMap<ProviderId, ProviderHead>, SnapshotError> {
        let mut heads = BTreeMap::new();
        for (id, slots) in &self.0 {
            if let Some(head) = take_provider(answers, slots)? {
                heads.insert(*id, head);
            }
        }
        Ok(heads)
    }
}
