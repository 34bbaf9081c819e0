//! The StakingRegistry's events about providers, from logs to the ledger's own words.
//!
//! A log that was asked for and does not decode is an error of whoever sent it: it is never stepped over.

use ethers_contract::{EthEvent as _, EthLogDecode as _};
use ethers_core::abi::RawLog;
use ethers_core::types::{H256, Log};

use super::bindings::staking_registry::{
    AttestersAddedToProviderFilter, ProviderQueueDrippedFilter, ProviderRegisteredFilter,
    ProviderRewardsRecipientUpdatedFilter, ProviderTakeRateUpdatedFilter, StakedWithProviderFilter,
    StakingRegistryEvents,
};
use super::events::{EventError, log_id, malformed};
use crate::domain::ids::{Coinbase, ProviderId};
use crate::domain::provider::ledger::{Change, LedgerEvent};
use crate::domain::provider::terms::TermsChange;

/// First topics of the events that [`decode_ledger_event`] knows.
#[must_use]
pub fn ledger_topics() -> Vec<H256> {
    vec![
        StakedWithProviderFilter::signature(),
        ProviderQueueDrippedFilter::signature(),
        AttestersAddedToProviderFilter::signature(),
        ProviderRegisteredFilter::signature(),
        ProviderRewardsRecipientUpdatedFilter::signature(),
        ProviderTakeRateUpdatedFilter::signature(),
    ]
}

/// Decodes an event of one of [`ledger_topics`].
///
/// # Errors
/// See [`EventError`]; any other event is `Malformed`.
pub fn decode_ledger_event(log: &Log) -> Result<LedgerEvent, EventError> {
    let id = log_id(log)?;
    let topic = log.topics.first().copied().unwrap_or_default();
    let raw = RawLog { topics: log.topics.clone(), data: log.data.to_vec() };
    let event = StakingRegistryEvents::decode_log(&raw).map_err(|error| malformed(id, topic, error.to_string()))?;
    let (provider, change) = match event {
        StakingRegistryEvents::StakedWithProviderFilter(event) => {
            let coinbase = Coinbase::try_from(event.coinbase_split_contract_address)
                .map_err(|error| malformed(id, topic, error.to_string()))?;
            let change = Change::Staked {
                rollup: event.rollup_address,
                attester: event.attester,
                coinbase,
                staker: event.staker_implementation,
            };
            (event.provider_identifier, change)
        }
        StakingRegistryEvents::ProviderQueueDrippedFilter(event) => {
            (event.provider_identifier, Change::Dripped { attester: event.attester })
        }
        StakingRegistryEvents::AttestersAddedToProviderFilter(event) => {
            (event.provider_identifier, Change::Added { attesters: event.attesters })
        }
        StakingRegistryEvents::ProviderRegisteredFilter(event) => (
            event.provider_identifier,
            Change::Terms(TermsChange::Registered { take_rate_bps: event.provider_take_rate }),
        ),
        StakingRegistryEvents::ProviderRewardsRecipientUpdatedFilter(event) => (
            event.provider_identifier,
            Change::Terms(TermsChange::Recipient { recipient: event.new_rewards_recipient }),
        ),
        StakingRegistryEvents::ProviderTakeRateUpdatedFilter(event) => {
            (event.provider_identifier, Change::Terms(TermsChange::TakeRate { take_rate_bps: event.new_take_rate }))
        }
        StakingRegistryEvents::ProviderAdminUpdateInitiatedFilter(_)
        | StakingRegistryEvents::ProviderAdminUpdatedFilter(_) => {
            return Err(malformed(id, topic, "an event that was not asked for".to_owned()));
        }
    };
    let provider_id = ProviderId::try_from(provider).map_err(|error| malformed(id, topic, error.to_string()))?;
    Ok(LedgerEvent { log: id, provider_id, change })
}
