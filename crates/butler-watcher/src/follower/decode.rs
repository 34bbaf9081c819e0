//! The contracts' events in the plan's own words, and which of them are followed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use butler_core::client::logs::LogFilter;
use butler_core::contracts::bindings::aztec_registry::CanonicalRollupUpdatedFilter;
use butler_core::contracts::bindings::rollup::RollupEvents;
use butler_core::contracts::bindings::slasher::SlasherEvents;
use butler_core::contracts::bindings::staking_registry::StakingRegistryEvents;
use butler_core::contracts::events::{EventError, Source, TypedEvent, decode_event};
use butler_core::domain::attester::delegation::LogId;
use butler_core::domain::ids::{Coinbase, ProviderId};
use ethers_core::types::{Address, H256, Log, U256};

use crate::plan::Happened;

/// The events that are followed, by contract and name.
const FOLLOWED: [(Source, &[&str]); 4] = [
    (
        Source::StakingRegistry,
        &[
            "StakedWithProvider",
            "AttestersAddedToProvider",
            "ProviderQueueDripped",
            "ProviderAdminUpdateInitiated",
            "ProviderAdminUpdated",
            "ProviderTakeRateUpdated",
            "ProviderRewardsRecipientUpdated",
        ],
    ),
    (
        Source::Rollup,
        &[
            "ValidatorQueued",
            "Deposit",
            "FailedDeposit",
            "Slashed",
            "WithdrawInitiated",
            "WithdrawInitiatedByAttester",
            "WithdrawFinalized",
            "SlasherUpdated",
        ],
    ),
    (Source::AztecRegistry, &["CanonicalRollupUpdated"]),
    (Source::Slasher, &["SlashingDisabled", "VetoedPayload"]),
];

/// One filter over every followed event of these contracts.
#[must_use]
pub(super) fn filter(contracts: &BTreeMap<Address, Source>) -> LogFilter {
    let is_followed = |source: &Source| FOLLOWED.iter().any(|(followed, _)| followed == source);
    let addresses = contracts.iter().filter(|(_, source)| is_followed(source)).map(|(address, _)| *address);
    let topics: BTreeSet<H256> = FOLLOWED
        .iter()
        .flat_map(|(source, names)| source.abi().events().filter(|event| names.contains(&event.name.as_str())))
        .map(|event| event.signature())
        .collect();
    LogFilter { addresses: addresses.collect(), topics: vec![topics.into_iter().collect()] }
}

/// Whether a log may matter: of the registry's and the rollups' logs, those about somebody of ours.
#[must_use]
pub(super) fn may_matter(
    log: &Log,
    contracts: &BTreeMap<Address, Source>,
    providers: &BTreeSet<ProviderId>,
    attesters: &BTreeSet<Address>,
) -> bool {
    let Some(subject) = log.topics.get(1) else { return true };
    match contracts.get(&log.address) {
        Some(Source::StakingRegistry) => {
            let id = ProviderId::try_from(U256::from_big_endian(subject.as_bytes()));
            // A stake of ours through another provider's queue is told by the rollup.
            id.is_ok_and(|id| providers.contains(&id))
        }
        Some(Source::Rollup) => attesters.contains(&Address::from(*subject)) || is_slasher_updated(log),
        Some(
            Source::AztecRegistry
            | Source::Gse
            | Source::SplitFactory
            | Source::PullSplit
            | Source::Slasher
            | Source::SlashingProposer,
        )
        | None => true,
    }
}

/// Whether a rollup tells that it has another slasher.
fn is_slasher_updated(log: &Log) -> bool {
    /// A signature is a hash of text that is put together each time.
    static TOPIC: LazyLock<Option<H256>> = LazyLock::new(|| {
        let event = Source::Rollup.abi().events().find(|event| event.name == "SlasherUpdated");
        event.map(|event| event.signature())
    });
    log.topics.first() == TOPIC.as_ref()
}

/// What a log says; `None` for an event that is not followed.
///
/// # Errors
/// A log of a followed event that does not decode.
pub fn happened(source: Source, log: &Log) -> Result<Option<(LogId, Happened)>, EventError> {
    let Some(event) = decode_event(source, log)? else { return Ok(None) };
    let malformed = |problem: String| EventError::Malformed {
        block_number: event.id.block_number,
        log_index: event.id.log_index,
        topic: log.topics.first().copied().unwrap_or_default(),
        problem,
    };
    let what = match &event.event {
        TypedEvent::StakingRegistry(told) => of_registry(told).map_err(malformed)?,
        TypedEvent::Rollup(told) => of_rollup(told),
        TypedEvent::AztecRegistry(CanonicalRollupUpdatedFilter { instance, version }) => {
            Some(Happened::RollupChanged { rollup: *instance, version: *version })
        }
        TypedEvent::Slasher(told) => Some(of_slasher(told)),
        TypedEvent::Gse(_)
        | TypedEvent::SplitFactory(_)
        | TypedEvent::PullSplit(_)
        | TypedEvent::SlashingProposer(_) => None,
    };
    Ok(what.map(|what| (event.id, what)))
}

fn of_registry(told: &StakingRegistryEvents) -> Result<Option<Happened>, String> {
    let id = |word: U256| ProviderId::try_from(word).map_err(|error| error.to_string());
    Ok(Some(match told {
        StakingRegistryEvents::StakedWithProviderFilter(event) => Happened::Staked {
            provider: id(event.provider_identifier)?,
            rollup: event.rollup_address,
            attester: event.attester,
            coinbase: Some(
                Coinbase::try_from(event.coinbase_split_contract_address).map_err(|error| error.to_string())?,
            ),
        },
        StakingRegistryEvents::AttestersAddedToProviderFilter(event) => {
            Happened::KeysAdded { provider: id(event.provider_identifier)?, attesters: event.attesters.clone() }
        }
        StakingRegistryEvents::ProviderQueueDrippedFilter(event) => {
            Happened::Dripped { provider: id(event.provider_identifier)?, attester: event.attester }
        }
        StakingRegistryEvents::ProviderAdminUpdateInitiatedFilter(event) => {
            Happened::AdminChangeBegun { provider: id(event.provider_identifier)?, admin: event.new_admin }
        }
        StakingRegistryEvents::ProviderAdminUpdatedFilter(event) => {
            Happened::AdminChanged { provider: id(event.provider_identifier)?, admin: event.new_admin }
        }
        StakingRegistryEvents::ProviderTakeRateUpdatedFilter(event) => {
            Happened::TakeRateChanged { provider: id(event.provider_identifier)?, bps: event.new_take_rate }
        }
        StakingRegistryEvents::ProviderRewardsRecipientUpdatedFilter(event) => Happened::RecipientChanged {
            provider: id(event.provider_identifier)?,
            recipient: event.new_rewards_recipient,
        },
        StakingRegistryEvents::ProviderRegisteredFilter(_) => return Ok(None),
    }))
}

fn of_rollup(told: &RollupEvents) -> Option<Happened> {
    Some(match told {
        RollupEvents::ValidatorQueuedFilter(event) => {
            Happened::Queued { attester: event.attester, withdrawer: event.withdrawer }
        }
        RollupEvents::DepositFilter(event) => Happened::Accepted { attester: event.attester },
        RollupEvents::FailedDepositFilter(event) => {
            Happened::Refunded { attester: event.attester, withdrawer: event.withdrawer, splits: Vec::new() }
        }
        RollupEvents::SlashedFilter(event) => Happened::Slashed { attester: event.attester, amount: event.amount },
        RollupEvents::WithdrawInitiatedFilter(event) => {
            Happened::ExitByWithdrawer { attester: event.attester, recipient: event.recipient, amount: event.amount }
        }
        RollupEvents::WithdrawFinalizedFilter(event) => {
            Happened::ExitFinalized { attester: event.attester, recipient: event.recipient, amount: event.amount }
        }
        RollupEvents::SlasherUpdatedFilter(event) => {
            Happened::SlasherChanged { old: event.old_slasher, new: event.new_slasher }
        }
        RollupEvents::WithdrawInitiatedByAttesterFilter(event) => {
            Happened::ExitByAttester { attester: event.attester, withdrawer: event.withdrawer, amount: event.amount }
        }
        RollupEvents::StakingQueueConfigUpdatedFilter(_)
        | RollupEvents::LocalEjectionThresholdUpdatedFilter(_)
        | RollupEvents::PendingSlasherQueuedFilter(_)
        | RollupEvents::PendingSlasherCancelledFilter(_)
        | RollupEvents::LegacySlasherAuthorizedFilter(_) => return None,
    })
}

fn of_slasher(told: &SlasherEvents) -> Happened {
    match told {
        SlasherEvents::SlashingDisabledFilter(event) => Happened::SlashingPaused { until: event.disabled_until },
        SlasherEvents::VetoedPayloadFilter(event) => Happened::SlashVetoed { payload: event.payload },
    }
}
