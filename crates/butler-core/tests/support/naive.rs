//! The same facts read in the plainest way: one `eth_call` per value, by block number, without Multicall3, batches or the
//! butler's own client. Slow, and independent of what it checks.

use std::collections::{BTreeMap, BTreeSet};

use butler_core::chain::SnapshotRequest;
use butler_core::contracts::bindings::{aztec_registry, governance, gse, rollup, staking_registry};
use butler_core::contracts::decode;
use butler_core::contracts::deposit_events::{decode_deposit_event, deposit_topics};
use butler_core::contracts::events::{Source, TypedEvent, decode_delegation, decode_event};
use butler_core::contracts::proof::{ProvenKey, VerifierAnswer, verifier_answer, verifier_of};
use butler_core::domain::attester::delegation::{Delegation, LogId};
use butler_core::domain::attester::deposit::{DepositEvent, DepositStep, Winner};
use butler_core::domain::attester::fate::{FateFacts, WaitingDeposit};
use butler_core::domain::attester::proof::ProofVerdict;
use butler_core::domain::attester::view::AttesterView;
use butler_core::domain::block::BlockRef;
use butler_core::domain::ids::ProviderId;
use butler_core::domain::provider::facts::{EscrowView, ProviderFacts};
use butler_core::domain::provider::split::{SplitCheck, SplitRecord};
use butler_core::domain::rollup::{CheckpointTips, FlushFacts, QueuedDeposit, RollupClock, RollupFacts};
use butler_core::domain::snapshot::NetworkSnapshot;
use butler_testkit::devnet::Chain;
use ethers_contract::EthCall;
use ethers_core::abi::{AbiDecode, AbiEncode};
use ethers_core::types::{Address, Bytes, H256, Log, U256};
use serde_json::json;

struct Naive<'a> {
    chain: &'a Chain,
    number: u64,
}

impl Naive<'_> {
    async fn call<C: EthCall + AbiEncode, R: AbiDecode>(&self, to: Address, call: C) -> R {
        let data = Bytes::from(call.encode());
        let block = format!("{:#x}", self.number);
        let answer = self.chain.rpc("eth_call", json!([{ "to": to, "data": data }, block])).await.unwrap();
        let bytes: Bytes = serde_json::from_value(answer).unwrap();
        R::decode(&bytes).unwrap()
    }

    async fn number<C: EthCall + AbiEncode>(&self, to: Address, call: C) -> u64 {
        self.call::<C, U256>(to, call).await.as_u64()
    }

    async fn provider(&self, registry: Address, id: u64) -> Option<ProviderFacts> {
        let provider_identifier = U256::from(id);
        let pending = self.call(registry, staking_registry::PendingProviderAdminsCall { provider_identifier }).await;
        let record = self.call(registry, staking_registry::ProviderConfigurationsCall { provider_identifier }).await;
        let mut facts = decode::provider(&record, pending).unwrap()?;
        let first: u128 = self.call(registry, staking_registry::GetFirstIndexInQueueCall { provider_identifier }).await;
        let last: u128 = self.call(registry, staking_registry::GetLastIndexInQueueCall { provider_identifier }).await;
        for index in first..last {
            let call = staking_registry::GetValueAtIndexInQueueCall { provider_identifier, index };
            let answer: staking_registry::GetValueAtIndexInQueueReturn = self.call(registry, call).await;
            facts.queue.push(decode::provider_queue_entry(index.try_into().unwrap(), &answer.0).unwrap());
        }
        Some(facts)
    }

    /// What the escrow says of the keys in one of our own queues; its verifier is asked without a limit of gas.
    async fn look_at_keys(&self, registry: Address, gse: Address, id: ProviderId, facts: &mut ProviderFacts) {
        for entry in &mut facts.queue {
            let provider_identifier = U256::from(id);
            let call = staking_registry::GetValueAtIndexInQueueCall { provider_identifier, index: entry.index.into() };
            let answer: staking_registry::GetValueAtIndexInQueueReturn = self.call(registry, call).await;
            entry.escrow = Some(self.escrow(gse, &ProvenKey::from(&answer.0)).await);
        }
    }

    async fn escrow(&self, gse: Address, key: &ProvenKey) -> EscrowView {
        let bls_key_used = self.call(gse, gse::OwnedPKsCall { hashed_public_key: key.key_hash().0 }).await;
        let question = json!({ "to": verifier_of(gse), "data": key.question() });
        let answer = self.chain.rpc("eth_call", json!([question, format!("{:#x}", self.number)])).await;
        let answer: Option<Bytes> = answer.ok().map(|answer| serde_json::from_value(answer).unwrap());
        let proof = match verifier_answer(answer.as_deref()) {
            VerifierAnswer::Right => ProofVerdict::Valid,
            VerifierAnswer::Refused => ProofVerdict::Wrong,
            VerifierAnswer::NoVerifier => unreachable!("the devnet's escrow has a verifier"),
        };
        EscrowView { bls_key_used, proof: Some(proof) }
    }
}

/// Reads what `request` asks for at the block with that number.
pub(crate) async fn read(chain: &Chain, request: &SnapshotRequest, block: BlockRef) -> NetworkSnapshot {
    let naive = Naive { chain, number: block.number };
    let registry = request.staking_registry;
    let rollup: Address = naive.call(request.aztec_registry, aztec_registry::GetCanonicalRollupCall).await;
    let mut providers = BTreeMap::new();
    let mut other_providers = BTreeMap::new();
    for id in 1..naive.number(registry, staking_registry::NextProviderIdentifierCall).await {
        let facts = naive.provider(registry, id).await.unwrap();
        let id = id.try_into().unwrap();
        let map = if request.provider_ids.contains(&id) { &mut providers } else { &mut other_providers };
        map.insert(id, facts);
    }
    let gse = naive.call(rollup, rollup::GetGSECall).await;
    for (id, facts) in &mut providers {
        naive.look_at_keys(registry, gse, *id, facts).await;
    }
    let mut entry_queue = Vec::new();
    let mut queued_keys = Vec::new();
    for index in 0..naive.number(rollup, rollup::GetEntryQueueLengthCall).await {
        let call = rollup::GetEntryQueueAtCall { index: index.into() };
        let answer: rollup::GetEntryQueueAtReturn = naive.call(rollup, call).await;
        entry_queue.push(decode::queued_deposit(&answer.0).unwrap());
        queued_keys.push(ProvenKey::from(&answer.0));
    }
    let mut active_set = Vec::new();
    for index in 0..naive.number(rollup, rollup::GetActiveAttesterCountCall).await {
        active_set.push(naive.call(rollup, rollup::GetAttesterAtIndexCall { index: index.into() }).await);
    }
    let mut delegations = delegations(chain, request, block).await;
    let mut tracked: BTreeSet<Address> = request.attesters.clone();
    tracked.extend(delegations.iter().map(|delegation| delegation.attester));
    tracked.extend(providers.values().flat_map(|facts| &facts.queue).map(|entry| entry.attester));
    let governing = naive.call(request.aztec_registry, aztec_registry::GetGovernanceCall).await;
    let rules: governance::GetConfigurationReturn = naive.call(governing, governance::GetConfigurationCall).await;
    let delay = rules.0.voting_delay / 5 + rules.0.voting_duration + rules.0.execution_delay;
    let mut attesters = BTreeMap::new();
    for attester in tracked {
        let answer: rollup::GetAttesterViewReturn = naive.call(rollup, rollup::GetAttesterViewCall { attester }).await;
        let mut view = decode::attester_view(&answer.0).unwrap();
        if let Some(exit) = &mut view.exit {
            let call = governance::GetWithdrawalCall { withdrawal_id: exit.withdrawal_id };
            let answer: governance::GetWithdrawalReturn = naive.call(governing, call).await;
            exit.unlocks_at = Some(answer.0.unlocks_at.as_u64());
        }
        attesters.insert(attester, view);
    }
    // It depends on the escrow which of the deposits of one of ours can succeed, and whether one of a queued key of ours spoils that key.
    for place in 0..entry_queue.len() {
        let attester = entry_queue[place].attester;
        let is_ours = delegations.iter().any(|delegation| delegation.attester == attester);
        let is_queued = providers.values().flat_map(|facts| &facts.queue).any(|entry| {
            let is_same_key =
                entry.bls_public_key.is_some() && entry.bls_public_key == entry_queue[place].bls_public_key;
            entry.attester == attester || is_same_key
        });
        if (is_ours && !attesters[&attester].was_active_once()) || is_queued {
            entry_queue[place].escrow = Some(naive.escrow(gse, &queued_keys[place]).await);
        }
    }
    let winners = winners(chain, block, rollup, (&mut delegations, &attesters, &entry_queue)).await;
    let mut pending_rewards = BTreeMap::new();
    for coinbase in delegations.iter().map(|delegation| delegation.coinbase).chain(request.coinbases.iter().copied()) {
        let call = rollup::GetSequencerRewardsCall { coinbase: coinbase.address() };
        pending_rewards.insert(coinbase, naive.call(rollup, call).await);
    }
    let mut publisher_balances = BTreeMap::new();
    for publisher in &request.publishers {
        let block = format!("{:#x}", block.number);
        let balance = chain.rpc("eth_getBalance", json!([publisher, block])).await.unwrap();
        publisher_balances.insert(*publisher, serde_json::from_value(balance).unwrap());
    }
    NetworkSnapshot {
        chain_id: 31337,
        block,
        rollup: figures(&naive, rollup).await,
        providers,
        other_providers,
        entry_queue,
        active_set,
        former_rollups: Vec::new(),
        attesters,
        winners,
        dripped: dripped(chain, request, block, &delegations).await,
        // Whatever the chain itself made is confirmed.
        splits: delegations.iter().map(|one| (one.coinbase, SplitCheck::Confirmed(one.split.unwrap()))).collect(),
        delegations,
        publisher_balances,
        pending_rewards,
        zombie_causes: BTreeMap::new(),
        withdrawal_delay_seconds: Some(delay.as_u64()),
        unconfirmed: None,
    }
}

async fn logs(chain: &Chain, block: BlockRef, address: Option<Address>, topics: &[H256]) -> Vec<Log> {
    let query = json!({
        "fromBlock": "0x0", "toBlock": format!("{:#x}", block.number), "address": address, "topics": topics,
    });
    serde_json::from_value(chain.rpc("eth_getLogs", json!([query])).await.unwrap()).unwrap()
}

async fn delegations(chain: &Chain, request: &SnapshotRequest, block: BlockRef) -> Vec<Delegation> {
    let topic = "0xc91c8b4e934fb8f46c6d08a34d60ceb8dbe4ab6844a7040ca4c580e5a837d5c7".parse().unwrap();
    let logs = logs(chain, block, Some(request.staking_registry), &[topic]).await;
    let mut delegations = Vec::new();
    for delegation in logs.iter().map(|log| decode_delegation(log).unwrap()) {
        if request.provider_ids.contains(&delegation.provider_id) {
            let split = Some(split(chain, block, delegation.coinbase.address()).await);
            delegations.push(Delegation { split, ..delegation });
        }
    }
    delegations
}

/// Whose deposit was let in, of those for which the state leaves it open: the queue is first in, first out.
async fn winners(
    chain: &Chain,
    block: BlockRef,
    rollup: Address,
    (delegations, attesters, entry_queue): (&mut [Delegation], &BTreeMap<Address, AttesterView>, &[QueuedDeposit]),
) -> BTreeMap<Address, Winner> {
    let all = logs(chain, block, Some(rollup), &[]).await;
    let topics = deposit_topics();
    let events: Vec<DepositEvent> = all
        .iter()
        .filter(|log| topics.contains(&log.topics[0]))
        .map(|log| decode_deposit_event(log).unwrap())
        .collect();
    let mut winners = BTreeMap::new();
    for (attester, view) in attesters {
        let own: Vec<&Delegation> = delegations.iter().filter(|one| one.attester == *attester).collect();
        let waiting = (0..).zip(entry_queue).filter(|(_, one)| one.attester == *attester);
        let waiting: Vec<WaitingDeposit<'_>> =
            waiting.map(|(place, deposit)| WaitingDeposit { rollup, place, deposit, refusal: None }).collect();
        let facts = FateFacts { rollup, former: &[], delegations: &own, view, waiting: &waiting, winner: None };
        let events = || events.iter().filter(|event| event.attester == *attester);
        let is_refunded = |one: &Delegation| {
            let mut refunds = events().filter(|event| event.step == DepositStep::Refunded);
            refunds.any(|event| event.log.block_number >= one.log.block_number)
        };
        if !facts.needs_events() && !facts.resting().is_some_and(is_refunded) {
            continue;
        }
        // A transaction of the devnet stakes once.
        let own_event = |one: &Delegation| {
            events().find(|event| event.log.transaction_hash == one.log.transaction_hash).map(|event| event.withdrawer)
        };
        let withdrawers: BTreeMap<_, _> = own.iter().filter_map(|one| Some((one.log, own_event(one)?))).collect();
        if view.withdrawer.is_none() {
            set(delegations, &withdrawers);
            continue;
        }
        let mut queued = events().filter(|event| event.step == DepositStep::Queued);
        let decided = events().filter(|event| event.step != DepositStep::Queued);
        let mut pairs = decided.map(|event| (event, queued.next().unwrap()));
        let (_, deposit) = pairs.find(|(event, _)| event.step == DepositStep::Accepted).unwrap();
        let same = own.iter().find(|one| one.log.transaction_hash == deposit.log.transaction_hash);
        winners.insert(*attester, same.map_or(Winner::Stranger, |one| Winner::Delegation(one.log)));
        set(delegations, &withdrawers);
    }
    winners
}

fn set(delegations: &mut [Delegation], withdrawers: &BTreeMap<LogId, Address>) {
    for delegation in delegations {
        delegation.withdrawer = withdrawers.get(&delegation.log).copied().or(delegation.withdrawer);
    }
}

async fn split(chain: &Chain, block: BlockRef, coinbase: Address) -> SplitRecord {
    let topic = "0xf36c74b44f70742fdc66fe7f34107c9e5025433a131e7797e9203203a3a74428".parse().unwrap();
    let logs = logs(chain, block, None, &[topic, coinbase.into()]).await;
    let event = decode_event(Source::SplitFactory, &logs[0]).unwrap().unwrap().event;
    let TypedEvent::SplitFactory(event) = event else { panic!("not the creation of a split") };
    let made = event.split_params;
    SplitRecord::new(&made.recipients, &made.allocations, made.total_allocation, made.distribution_incentive).unwrap()
}

async fn dripped(
    chain: &Chain,
    request: &SnapshotRequest,
    block: BlockRef,
    delegations: &[Delegation],
) -> BTreeSet<Address> {
    let topic = "0x973a89c42abd20693a9268df8b16ebbf2ef4e660750a885ff8f8fc5936413301".parse().unwrap();
    let logs = logs(chain, block, Some(request.staking_registry), &[topic]).await;
    let is_ours = |log: &&Log| {
        let id = U256::from_big_endian(log.topics[1].as_bytes()).as_u64();
        id.try_into().is_ok_and(|id| request.provider_ids.contains(&id))
    };
    let drips = logs.iter().filter(is_ours).map(|log| {
        let place = (log.block_number.unwrap().as_u64(), log.log_index.unwrap().as_u64());
        (Address::from(log.topics[2]), place)
    });
    let is_staked_later = |attester: Address, place: (u64, u64)| {
        let mut stakes = delegations.iter().filter(|delegation| delegation.attester == attester);
        stakes.any(|stake| (stake.log.block_number, stake.log.log_index) > place)
    };
    drips.filter(|(attester, place)| !is_staked_later(*attester, *place)).map(|(attester, _)| attester).collect()
}

async fn figures(naive: &Naive<'_>, address: Address) -> RollupFacts {
    RollupFacts {
        address,
        version: naive.call(address, rollup::GetVersionCall).await,
        gse: naive.call(address, rollup::GetGSECall).await,
        slasher: naive.call(address, rollup::GetSlasherCall).await,
        staking_asset: naive.call(address, rollup::GetStakingAssetCall).await,
        clock: RollupClock {
            genesis_time: naive.number(address, rollup::GetGenesisTimeCall).await,
            slot_seconds: naive.number(address, rollup::GetSlotDurationCall).await,
            epoch_slots: naive.number(address, rollup::GetEpochDurationCall).await,
        },
        current_epoch: naive.number(address, rollup::GetCurrentEpochCall).await,
        checkpoints: CheckpointTips {
            pending: Some(naive.number(address, rollup::GetPendingCheckpointNumberCall).await),
            proven: Some(naive.number(address, rollup::GetProvenCheckpointNumberCall).await),
        },
        flush: FlushFacts {
            flush_size: naive.number(address, rollup::GetEntryQueueFlushSizeCall).await,
            available_flushes: naive.number(address, rollup::GetAvailableValidatorFlushesCall).await,
            next_flushable_epoch: naive.number(address, rollup::GetNextFlushableEpochCall).await,
            is_bootstrapped: naive.call(address, rollup::GetIsBootstrappedCall).await,
        },
        activation_threshold: naive.call(address, rollup::GetActivationThresholdCall).await,
        ejection_threshold: naive.call(address, rollup::GetEjectionThresholdCall).await,
        local_ejection_threshold: Some(naive.call(address, rollup::GetLocalEjectionThresholdCall).await),
        exit_delay_seconds: naive.number(address, rollup::GetExitDelayCall).await,
        set_lag_epochs: Some(naive.number(address, rollup::GetLagInEpochsForValidatorSetCall).await),
        // The devnet's own rollup is of a release that does not have them.
        attester_exits: None,
        slasher_change: None,
        missing: BTreeSet::new(),
    }
}
