//! Our ABI files against a list of hashes that somebody else computed, and the scenario's logs decoded by them.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::contracts::bindings::gse::GseEvents;
use butler_core::contracts::bindings::rollup::RollupEvents;
use butler_core::contracts::bindings::staking_registry::StakingRegistryEvents;
use butler_core::contracts::bindings::{
    aztec_registry, erc20, escape_hatch, governance, governance_proposer, gse, multi_send, multicall3, pull_split,
    rollup, rollup_checkpoints, safe, slasher, split_factory, staking_registry, tally_slashing_proposer,
};
use butler_core::contracts::events::{EventError, Source, TypedEvent, decode_delegation, decode_event, name_event};
use butler_core::domain::attester::delegation::LogId;
use butler_testkit::devnet::{Chain, DevnetSpec, Event, Oracle, ensure};
use ethers_core::abi::{Abi, ErrorExt as _, EventExt as _, FunctionExt as _};
use ethers_core::types::{Address, Bytes, H256, Log, U64, U256};
use ethers_core::utils::hex;
use serde_json::{Value, json};

const LIST: &str = include_str!("signatures.txt");

fn abis() -> [(&'static str, &'static Abi); 16] {
    [
        ("AztecRegistry", &aztec_registry::AZTECREGISTRY_ABI),
        ("Erc20", &erc20::ERC20_ABI),
        ("EscapeHatch", &escape_hatch::ESCAPEHATCH_ABI),
        ("Governance", &governance::GOVERNANCE_ABI),
        ("GovernanceProposer", &governance_proposer::GOVERNANCEPROPOSER_ABI),
        ("Gse", &gse::GSE_ABI),
        ("MultiSend", &multi_send::MULTISEND_ABI),
        ("Multicall3", &multicall3::MULTICALL3_ABI),
        ("PullSplit", &pull_split::PULLSPLIT_ABI),
        ("Rollup", &rollup::ROLLUP_ABI),
        ("RollupCheckpoints", &rollup_checkpoints::ROLLUPCHECKPOINTS_ABI),
        ("Safe", &safe::SAFE_ABI),
        ("Slasher", &slasher::SLASHER_ABI),
        ("SplitFactory", &split_factory::SPLITFACTORY_ABI),
        ("StakingRegistry", &staking_registry::STAKINGREGISTRY_ABI),
        ("TallySlashingProposer", &tally_slashing_proposer::TALLYSLASHINGPROPOSER_ABI),
    ]
}

/// The lines that our ABI files would make.
fn ours() -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for (contract, abi) in abis() {
        for function in abi.functions() {
            let selector = hex::encode(function.selector());
            lines.insert(format!("{contract} function {} 0x{selector}", function.abi_signature()));
        }
        for event in abi.events() {
            lines.insert(format!("{contract} event {} {:#x}", event.abi_signature(), event.signature()));
        }
        for error in abi.errors() {
            let selector = hex::encode(error.selector());
            lines.insert(format!("{contract} error {} 0x{selector}", error.abi_signature()));
        }
    }
    lines
}

#[test]
fn every_entry_of_the_abi_files_has_the_listed_hash_and_nothing_is_missing() {
    let listed: BTreeSet<String> =
        LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect();
    let ours = ours();
    let only_listed: Vec<_> = listed.difference(&ours).collect();
    let only_ours: Vec<_> = ours.difference(&listed).collect();
    assert!(only_listed.is_empty() && only_ours.is_empty(), "listed: {only_listed:#?}\nours: {only_ours:#?}");
}

#[test]
fn no_two_entries_of_one_contract_share_a_hash() {
    let mut seen = BTreeMap::new();
    for line in ours() {
        let words: Vec<&str> = line.split(' ').collect();
        let key = (words[0].to_owned(), words[1] == "event", words[3].to_owned());
        assert_eq!(seen.insert(key, words[2].to_owned()), None, "{line}");
    }
}

#[test]
fn every_source_reads_its_logs_by_its_own_abi() {
    for (source, contract) in [
        (Source::AztecRegistry, "AztecRegistry"),
        (Source::StakingRegistry, "StakingRegistry"),
        (Source::Rollup, "Rollup"),
        (Source::Gse, "Gse"),
        (Source::SplitFactory, "SplitFactory"),
        (Source::PullSplit, "PullSplit"),
        (Source::Slasher, "Slasher"),
        (Source::SlashingProposer, "TallySlashingProposer"),
    ] {
        let abi = abis().into_iter().find(|(name, _)| *name == contract).unwrap().1;
        assert!(std::ptr::eq(source.abi(), abi), "{contract}");
    }
}

/// The scenario's chain with all logs of the contracts that its oracle tells of.
struct Recorded {
    chain: Chain,
    logs: Vec<(Source, Log)>,
}

impl Recorded {
    async fn load() -> Self {
        let chain = Chain::start(&ensure(&DevnetSpec::scenario()).unwrap()).await.unwrap();
        let contracts = chain.oracle().unwrap().contracts;
        let mut logs = Vec::new();
        for (source, address) in [
            (Source::AztecRegistry, contracts.registry_address),
            (Source::StakingRegistry, contracts.staking_registry_address),
            (Source::Rollup, contracts.rollup_address),
            (Source::Gse, contracts.gse_address),
            (Source::SplitFactory, contracts.split_factory_address),
        ] {
            let filter = json!([{ "fromBlock": "0x0", "toBlock": "latest", "address": address }]);
            let found: Vec<Log> = serde_json::from_value(chain.rpc("eth_getLogs", filter).await.unwrap()).unwrap();
            logs.extend(found.into_iter().map(|log| (source, log)));
        }
        Self { chain, logs }
    }

    fn oracle(&self) -> &Oracle {
        self.chain.oracle().unwrap()
    }

    /// The log of an event of the oracle.
    fn log(&self, event: &Event) -> &(Source, Log) {
        let here = |log: &Log| {
            log.block_number == Some(event.block.into()) && log.log_index == Some(U256::from(event.log_index))
        };
        self.logs.iter().find(|(_, log)| here(log)).unwrap()
    }

    fn first(&self, name: &str) -> &(Source, Log) {
        self.log(self.oracle().events_named(name).next().unwrap())
    }
}

fn number(value: U256) -> Value {
    value.to_string().into()
}

fn staking_registry(event: StakingRegistryEvents) -> Value {
    use StakingRegistryEvents as E;
    match event {
        E::AttestersAddedToProviderFilter(e) => {
            json!({ "providerIdentifier": number(e.provider_identifier), "attesters": e.attesters })
        }
        E::ProviderAdminUpdateInitiatedFilter(e) => {
            json!({ "providerIdentifier": number(e.provider_identifier), "newAdmin": e.new_admin })
        }
        E::ProviderAdminUpdatedFilter(e) => {
            json!({ "providerIdentifier": number(e.provider_identifier), "newAdmin": e.new_admin })
        }
        E::ProviderQueueDrippedFilter(e) => {
            json!({ "providerIdentifier": number(e.provider_identifier), "attester": e.attester })
        }
        E::ProviderRegisteredFilter(e) => json!({
            "providerIdentifier": number(e.provider_identifier),
            "providerAdmin": e.provider_admin,
            "providerTakeRate": e.provider_take_rate,
        }),
        E::ProviderRewardsRecipientUpdatedFilter(e) => json!({
            "providerIdentifier": number(e.provider_identifier),
            "newRewardsRecipient": e.new_rewards_recipient,
        }),
        E::ProviderTakeRateUpdatedFilter(e) => {
            json!({ "providerIdentifier": number(e.provider_identifier), "newTakeRate": e.new_take_rate })
        }
        E::StakedWithProviderFilter(e) => json!({
            "providerIdentifier": number(e.provider_identifier),
            "rollupAddress": e.rollup_address,
            "attester": e.attester,
            "coinbaseSplitContractAddress": e.coinbase_split_contract_address,
            "stakerImplementation": e.staker_implementation,
        }),
    }
}

fn rollup(event: RollupEvents) -> Value {
    use RollupEvents as E;
    let g1 = |point: rollup::G1Point| json!({ "x": number(point.x), "y": number(point.y) });
    let g2 = |point: rollup::G2Point| json!({ "x0": number(point.x_0), "x1": number(point.x_1), "y0": number(point.y_0), "y1": number(point.y_1) });
    match event {
        E::DepositFilter(e) => json!({
            "attester": e.attester,
            "withdrawer": e.withdrawer,
            "publicKeyInG1": g1(e.public_key_in_g1),
            "publicKeyInG2": g2(e.public_key_in_g2),
            "proofOfPossession": g1(e.proof_of_possession),
            "amount": number(e.amount),
        }),
        E::FailedDepositFilter(e) => json!({
            "attester": e.attester,
            "withdrawer": e.withdrawer,
            "publicKeyInG1": g1(e.public_key_in_g1),
            "publicKeyInG2": g2(e.public_key_in_g2),
            "proofOfPossession": g1(e.proof_of_possession),
        }),
        E::SlashedFilter(e) => json!({ "attester": e.attester, "amount": number(e.amount) }),
        E::ValidatorQueuedFilter(e) => json!({ "attester": e.attester, "withdrawer": e.withdrawer }),
        E::WithdrawFinalizedFilter(e) => {
            json!({ "attester": e.attester, "recipient": e.recipient, "amount": number(e.amount) })
        }
        E::WithdrawInitiatedFilter(e) => {
            json!({ "attester": e.attester, "recipient": e.recipient, "amount": number(e.amount) })
        }
        other @ (E::StakingQueueConfigUpdatedFilter(_)
        | E::SlasherUpdatedFilter(_)
        | E::PendingSlasherQueuedFilter(_)
        | E::PendingSlasherCancelledFilter(_)
        | E::LegacySlasherAuthorizedFilter(_)
        | E::WithdrawInitiatedByAttesterFilter(_)
        | E::LocalEjectionThresholdUpdatedFilter(_)) => panic!("{other:?} is not in the story"),
    }
}

fn gse(event: GseEvents) -> Value {
    match event {
        GseEvents::DelegateChangedFilter(e) => {
            json!({ "attester": e.attester, "oldDelegatee": e.old_delegatee, "newDelegatee": e.new_delegatee })
        }
        GseEvents::DelegateVotesChangedFilter(e) => {
            json!({ "delegatee": e.delegatee, "oldValue": number(e.old_value), "newValue": number(e.new_value) })
        }
        GseEvents::DepositFilter(e) => {
            json!({ "instance": e.instance, "attester": e.attester, "withdrawer": e.withdrawer })
        }
    }
}

/// A typed event's fields under the ABI's names.
fn fields(event: TypedEvent) -> Value {
    match event {
        TypedEvent::StakingRegistry(event) => staking_registry(event),
        TypedEvent::Rollup(event) => rollup(event),
        TypedEvent::Gse(event) => gse(event),
        TypedEvent::SplitFactory(e) => json!({
            "split": e.split,
            "splitParams": {
                "recipients": e.split_params.recipients,
                "allocations": e.split_params.allocations.into_iter().map(number).collect::<Vec<_>>(),
                "totalAllocation": number(e.split_params.total_allocation),
                "distributionIncentive": e.split_params.distribution_incentive,
            },
            "owner": e.owner,
            "creator": e.creator,
            "nonce": number(e.nonce),
        }),
        TypedEvent::AztecRegistry(e) => json!({ "instance": e.instance, "version": number(e.version) }),
        other @ (TypedEvent::PullSplit(_) | TypedEvent::Slasher(_) | TypedEvent::SlashingProposer(_)) => {
            panic!("{other:?} is not in the story")
        }
    }
}

/// The oracle's arguments with addresses in lower case, as `serde` writes them.
fn lower(value: &Value) -> Value {
    match value {
        Value::String(text) => text.to_lowercase().into(),
        Value::Array(items) => items.iter().map(lower).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), lower(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[tokio::test]
async fn every_recorded_log_becomes_its_typed_event_with_its_place() {
    let recorded = Recorded::load().await;
    let oracle = recorded.oracle();
    assert!(oracle.events.len() > 60);
    for expected in &oracle.events {
        let (source, log) = recorded.log(expected);
        let event = decode_event(*source, log).unwrap().unwrap();
        let block_hash = log.block_hash.unwrap();
        let id = LogId {
            block_number: expected.block,
            log_index: expected.log_index,
            block_hash,
            transaction_hash: expected.tx,
        };
        assert_eq!((event.id, event.address), (id, log.address), "{expected:?}");
        assert_eq!(log.topics[0], expected.topic0);
        assert_eq!(fields(event.event), lower(&expected.args), "{expected:?}");
        assert_eq!(name_event(*source, log).unwrap().unwrap().name, expected.event);
    }
}

#[tokio::test]
async fn every_log_of_our_contracts_decodes_or_is_none_of_ours() {
    let recorded = Recorded::load().await;
    let mut unknown = BTreeSet::new();
    for (source, log) in &recorded.logs {
        let typed = decode_event(*source, log).unwrap();
        let named = name_event(*source, log).unwrap();
        assert_eq!(typed.is_some(), named.is_some());
        if typed.is_none() {
            unknown.insert(log.topics[0]);
        }
    }
    // Of the deployment: OwnershipTransferred and the like. Nothing of the story is among them.
    assert!(recorded.oracle().events.iter().all(|event| !unknown.contains(&event.topic0)), "{unknown:?}");
}

#[tokio::test]
async fn delegations_are_the_oracles_coinbases() {
    let recorded = Recorded::load().await;
    let oracle = recorded.oracle();
    let found: BTreeMap<Address, Address> = oracle
        .events_named("StakedWithProvider")
        .map(|event| decode_delegation(&recorded.log(event).1).unwrap())
        .map(|delegation| (delegation.attester, delegation.coinbase.address()))
        .collect();
    assert_eq!(found, oracle.coinbases());
    // No other event is mistaken for one.
    let (_, slashed) = recorded.first("Slashed");
    assert!(matches!(decode_delegation(slashed), Err(EventError::Malformed { .. })));
}

#[tokio::test]
async fn a_log_without_its_place_or_with_other_bytes_is_an_error() {
    let recorded = Recorded::load().await;
    let (source, good) = recorded.first("StakedWithProvider").clone();
    let fails = |change: &dyn Fn(&mut Log)| {
        let mut log = good.clone();
        change(&mut log);
        let error = decode_event(source, &log).unwrap_err();
        assert_eq!(std::mem::discriminant(&name_event(source, &log).unwrap_err()), std::mem::discriminant(&error));
        assert!(decode_delegation(&log).is_err());
        error
    };
    let no_place = EventError::NoPlace { address: good.address };
    assert_eq!(fails(&|log| log.block_number = None), no_place);
    assert_eq!(fails(&|log| log.block_hash = None), no_place);
    assert_eq!(fails(&|log| log.transaction_hash = None), no_place);
    assert_eq!(fails(&|log| log.log_index = None), no_place);
    assert_eq!(fails(&|log| log.log_index = Some(U256::MAX)), no_place);
    assert_eq!(fails(&|log| log.removed = Some(true)), EventError::Removed { address: good.address });
    let malformed = |error| matches!(error, EventError::Malformed { .. });
    assert!(malformed(fails(&|log| log.data = Bytes::from(log.data[..40].to_vec()))));
    assert!(malformed(fails(&|log| log.data = Bytes::new())));
    assert!(malformed(fails(&|log| log.topics.truncate(3))));
    assert!(malformed(fails(&|log| log.topics.push(H256::zero()))));

    let mut foreign = good.clone();
    foreign.topics[0] = H256::repeat_byte(1);
    assert_eq!(decode_event(source, &foreign), Ok(None));
    foreign.topics.clear();
    assert_eq!(decode_event(source, &foreign), Ok(None));
    let mut zero = good.clone();
    zero.data = Bytes::from(vec![0; 64]);
    assert!(decode_delegation(&zero).is_err(), "zero is no coinbase");
    let mut pending = good;
    pending.block_number = Some(U64::MAX);
    assert!(decode_event(source, &pending).is_ok());
}
