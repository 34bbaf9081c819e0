//! The right answers: `oracle.json`, as the build of the devnet read it from the chain by plain calls.
//!
//! It describes the state at [`Oracle::block`]; whatever a test changes afterwards is not in it.

use std::collections::BTreeMap;

use ethers_core::types::{Address, H256, U256};
use serde::{Deserialize, Deserializer, de::Error as _};

/// Everything known about the chain at the end of its build.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Oracle {
    /// Chain id, 31337.
    pub chain_id: u64,
    /// The last block.
    pub block: Block,
    /// Addresses of the contracts.
    pub contracts: Contracts,
    /// The people of the story by role: `adminA`, `delegator1`, `solo`, …; all of anvil's unlocked accounts.
    pub accounts: BTreeMap<String, Address>,
    /// Three publisher accounts: well funded, half empty, nearly dry.
    pub publishers: Vec<Publisher>,
    /// Valid keys that no provider has yet.
    pub spare_keys: Vec<KeyStore>,
    /// Every attester by name (`A0`, `S3`, `BADPOP`, …).
    pub attesters: BTreeMap<String, Attester>,
    /// The active set in the rollup's order.
    pub active_attesters: Vec<Address>,
    /// The rollup's entry queue from its head.
    pub entry_queue: Vec<EntryQueueItem>,
    /// Providers of the StakingRegistry by id.
    pub providers: BTreeMap<u64, Provider>,
    /// Figures of the rollup.
    pub rollup: Rollup,
    /// Decoded events in the order of the chain, without those of the deployment.
    pub events: Vec<Event>,
    /// Both rollups of a cut-over; see [`super::DevnetState::upgrade`].
    pub upgrade: Option<Upgrade>,
}

/// A cut-over that is about to happen, or has happened.
#[derive(Clone, Debug, Deserialize)]
pub struct Upgrade {
    /// The payload that makes the new rollup canonical.
    pub payload: Address,
    /// The rollup that was canonical until then.
    pub former: RollupSide,
    /// The one that is canonical afterwards.
    pub next: RollupSide,
}

/// What one rollup has of everybody.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RollupSide {
    /// The rollup.
    pub address: Address,
    /// Its version.
    #[serde(deserialize_with = "number")]
    pub version: u64,
    /// Every attester by name, as this rollup has it.
    pub attesters: BTreeMap<String, Attester>,
    /// The active set in the rollup's order.
    pub active_attesters: Vec<Address>,
    /// The entry queue from its head.
    pub entry_queue: Vec<EntryQueueItem>,
    /// What waits for each split.
    #[serde(deserialize_with = "amounts")]
    pub rewards: BTreeMap<Address, U256>,
}

/// Number and time of a block.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Block {
    /// Block number.
    #[serde(deserialize_with = "number")]
    pub number: u64,
    /// Seconds since 1970.
    #[serde(deserialize_with = "number")]
    pub timestamp: u64,
}

/// Addresses of the contracts that the butler meets.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "each field is the contract of that name")]
pub struct Contracts {
    pub registry_address: Address,
    pub rollup_address: Address,
    pub gse_address: Address,
    pub staking_asset_address: Address,
    pub staking_registry_address: Address,
    pub split_factory_address: Address,
    pub slasher_address: Address,
    pub slashing_proposer_address: Address,
    pub governance_address: Address,
    pub multicall3: Address,
}

/// An account that pays for an attester's transactions.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Publisher {
    /// Its address.
    pub address: Address,
    /// Its balance in wei.
    #[serde(deserialize_with = "amount")]
    pub balance: U256,
}

/// A validator key as the StakingRegistry takes it, with a valid proof of possession.
#[derive(Clone, Debug, Deserialize)]
pub struct KeyStore {
    /// The attester's address.
    pub attester: Address,
    /// The compressed BLS public key, as key files hold it.
    pub bls: H256,
    /// Public key in G1: x, y.
    #[serde(deserialize_with = "coordinates")]
    pub g1: BTreeMap<String, U256>,
    /// Public key in G2: x0, x1, y0, y1.
    #[serde(deserialize_with = "coordinates")]
    pub g2: BTreeMap<String, U256>,
    /// Proof of possession: x, y.
    #[serde(deserialize_with = "coordinates")]
    pub pop: BTreeMap<String, U256>,
}

/// What `getAttesterView` and `getSequencerRewards` say.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attester {
    /// Its address.
    pub address: Address,
    /// Its compressed BLS public key, as key files hold it.
    pub bls: H256,
    /// The rollup's status.
    pub status: Status,
    /// Stake in the GSE.
    #[serde(deserialize_with = "amount")]
    pub effective_balance: U256,
    /// The GSE's withdrawer; zero when it was never active.
    pub withdrawer: Address,
    /// The exit record.
    pub exit: Exit,
    /// Unclaimed rewards of the address.
    #[serde(deserialize_with = "amount")]
    pub sequencer_rewards: U256,
}

/// The rollup's four statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub enum Status {
    None,
    Validating,
    Zombie,
    Exiting,
}

/// The rollup's exit record; all zero when there is none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub struct Exit {
    #[serde(deserialize_with = "amount")]
    pub withdrawal_id: U256,
    #[serde(deserialize_with = "amount")]
    pub amount: U256,
    #[serde(deserialize_with = "number")]
    pub exitable_at: u64,
    pub recipient_or_withdrawer: Address,
    pub is_recipient: bool,
    pub exists: bool,
}

/// One deposit that waits in the rollup's entry queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are the contract's")]
pub struct EntryQueueItem {
    pub attester: Address,
    pub withdrawer: Address,
    #[serde(rename = "publicKeyInG1", deserialize_with = "coordinates")]
    pub public_key_in_g1: BTreeMap<String, U256>,
    #[serde(rename = "publicKeyInG2", deserialize_with = "coordinates")]
    pub public_key_in_g2: BTreeMap<String, U256>,
    #[serde(deserialize_with = "coordinates")]
    pub proof_of_possession: BTreeMap<String, U256>,
    pub move_with_latest_rollup: bool,
}

/// One provider of the StakingRegistry with its queue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Provider {
    /// Who may add keys.
    pub provider_admin: Address,
    /// Take rate in basis points.
    pub provider_take_rate: u16,
    /// Who gets the provider's share.
    pub provider_rewards_recipient: Address,
    /// Zero when no change of admin is pending.
    pub pending_admin: Address,
    /// Index of the first waiting key.
    #[serde(deserialize_with = "number")]
    pub first_index: u64,
    /// One more than the index of the last waiting key.
    #[serde(deserialize_with = "number")]
    pub last_index: u64,
    /// The waiting attesters, first in line first.
    pub queue: Vec<Address>,
}

/// Figures of the rollup at the last block; each is the answer of the getter of that name.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the names are the contract's getters")]
pub struct Rollup {
    #[serde(rename = "getActivationThreshold", deserialize_with = "amount")]
    pub activation_threshold: U256,
    #[serde(rename = "getEjectionThreshold", deserialize_with = "amount")]
    pub ejection_threshold: U256,
    #[serde(rename = "getLocalEjectionThreshold", deserialize_with = "amount")]
    pub local_ejection_threshold: U256,
    #[serde(rename = "getExitDelay", deserialize_with = "number")]
    pub exit_delay: u64,
    #[serde(rename = "getActiveAttesterCount", deserialize_with = "number")]
    pub active_attester_count: u64,
    #[serde(rename = "getEntryQueueLength", deserialize_with = "number")]
    pub entry_queue_length: u64,
    #[serde(rename = "getEntryQueueFlushSize", deserialize_with = "number")]
    pub entry_queue_flush_size: u64,
    #[serde(rename = "getAvailableValidatorFlushes", deserialize_with = "number")]
    pub available_validator_flushes: u64,
    #[serde(rename = "getNextFlushableEpoch", deserialize_with = "number")]
    pub next_flushable_epoch: u64,
    #[serde(rename = "getIsBootstrapped")]
    pub is_bootstrapped: bool,
    #[serde(rename = "getCurrentEpoch", deserialize_with = "number")]
    pub current_epoch: u64,
    #[serde(rename = "getCurrentSlot", deserialize_with = "number")]
    pub current_slot: u64,
    #[serde(rename = "getSlotDuration", deserialize_with = "number")]
    pub slot_duration: u64,
    #[serde(rename = "getEpochDuration", deserialize_with = "number")]
    pub epoch_duration: u64,
    #[serde(rename = "getTargetCommitteeSize", deserialize_with = "number")]
    pub target_committee_size: u64,
    #[serde(rename = "getGenesisTime", deserialize_with = "number")]
    pub genesis_time: u64,
    #[serde(rename = "getVersion", deserialize_with = "number")]
    pub version: u64,
    /// What `getCurrentEpochCommittee` answers to an `eth_call`: addresses, or the text of a revert.
    #[serde(rename = "getCurrentEpochCommittee (eth_call)")]
    pub current_epoch_committee: serde_json::Value,
    /// What `getCurrentProposer` answers to an `eth_call`: an address, or the text of a revert.
    #[serde(rename = "getCurrentProposer (eth_call)")]
    pub current_proposer: String,
}

/// One decoded event.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    /// Block number.
    pub block: u64,
    /// Transaction hash.
    pub tx: H256,
    /// Index of the log in its block.
    pub log_index: u64,
    /// `Rollup`, `FormerRollup` (after a cut-over), `GSE`, `Registry`, `StakingRegistry` or `StandInSplitFactory`.
    pub contract: String,
    /// Name of the event.
    pub event: String,
    /// Its first topic.
    pub topic0: H256,
    /// Its arguments by name; large numbers are decimal strings.
    pub args: serde_json::Value,
}

impl Oracle {
    /// The attester of that name.
    ///
    /// # Errors
    /// When the devnet has no such attester.
    pub fn attester(&self, name: &str) -> anyhow::Result<&Attester> {
        self.attesters.get(name).ok_or_else(|| anyhow::anyhow!("the devnet has no attester `{name}`"))
    }

    /// The account of that role.
    ///
    /// # Errors
    /// When the devnet has no such role.
    pub fn account(&self, role: &str) -> anyhow::Result<Address> {
        self.accounts.get(role).copied().ok_or_else(|| anyhow::anyhow!("the devnet has no account `{role}`"))
    }

    /// The events of that name in the order of the chain.
    pub fn events_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Event> {
        self.events.iter().filter(move |event| event.event == name)
    }

    /// Attester → coinbase, from the `StakedWithProvider` events; the last one of an attester wins.
    pub fn coinbases(&self) -> BTreeMap<Address, Address> {
        self.events_named("StakedWithProvider")
            .filter_map(|event| Some((event.address("attester")?, event.address("coinbaseSplitContractAddress")?)))
            .collect()
    }
}

impl Event {
    /// The argument of that name, when it is an address.
    pub fn address(&self, argument: &str) -> Option<Address> {
        serde_json::from_value(self.args.get(argument)?.clone()).ok()
    }
}

fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<U256, D::Error> {
    let text = String::deserialize(deserializer)?;
    U256::from_dec_str(&text).map_err(D::Error::custom)
}

fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

fn amounts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<Address, U256>, D::Error> {
    BTreeMap::<Address, String>::deserialize(deserializer)?
        .into_iter()
        .map(|(address, text)| Ok((address, U256::from_dec_str(&text).map_err(D::Error::custom)?)))
        .collect()
}

fn coordinates<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, U256>, D::Error> {
    BTreeMap::<String, String>::deserialize(deserializer)?
        .into_iter()
        .map(|(name, text)| Ok((name, U256::from_dec_str(&text).map_err(D::Error::custom)?)))
        .collect()
}
