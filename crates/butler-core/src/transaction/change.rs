//! What is wanted, and the calls that do it.

use std::collections::BTreeMap;

use ethers_contract::EthCall;
use ethers_core::abi::AbiEncode;
use ethers_core::types::{Address, H256, U256};
use ethers_core::utils::keccak256;

use super::call::Call;
use super::permitted::Places;
use crate::contracts::bindings::staking_registry::{self, KeyStore};
use crate::contracts::bindings::{erc20, rollup};
use crate::domain::action::{EffectKey, Part, Place};
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;
use crate::text::amount::amount;
use crate::text::time::count;

/// The most keys of one call: a key takes some 206,000 gas, and one transaction no more than 16,777,216 (EIP-7825).
pub const CHUNK: usize = 50;

/// The name of [`Change::Drip`].
pub(super) const DRIP: &str = "drip";
/// The name of [`Change::Fund`].
pub(super) const FUND: &str = "fund_publishers";

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new provider.
    CreateProvider {
        /// Who may change it.
        admin: Address,
        /// Its share, in basis points.
        take_rate_bps: u16,
        /// Who receives that share.
        rewards_recipient: Address,
    },
    /// More keys at the end of a provider's queue.
    AddKeys {
        /// Whose queue.
        provider: ProviderId,
        /// The keys, in their order.
        keys: Vec<KeyStore>,
    },
    /// Fewer keys at the front of a provider's queue.
    Drip {
        /// Whose queue.
        provider: ProviderId,
        /// The absolute index of the first key that goes.
        first: u64,
        /// How many go.
        keys: u64,
    },
    /// Somebody may become admin.
    NameAdmin {
        /// Of which provider.
        provider: ProviderId,
        /// Who.
        admin: Address,
    },
    /// The one who was named becomes admin.
    AcceptAdmin {
        /// Of which provider.
        provider: ProviderId,
        /// Who that is.
        admin: Address,
    },
    /// Somebody else receives the share of future delegations.
    SetRecipient {
        /// Of which provider.
        provider: ProviderId,
        /// Who.
        rewards_recipient: Address,
    },
    /// Another share of future delegations.
    SetTakeRate {
        /// Of which provider.
        provider: ProviderId,
        /// In basis points.
        take_rate_bps: u16,
    },
    /// Publishers have more ether.
    Fund {
        /// How much each gets, in wei.
        transfers: BTreeMap<Address, U256>,
    },
    /// Direct stakes.
    Deposit {
        /// Who may withdraw them.
        withdrawer: Address,
        /// The keys, in their order.
        keys: Vec<KeyStore>,
        /// Each stake, in base units.
        stake: U256,
        /// What the rollup is allowed to take, where that is not so yet.
        approve: Option<U256>,
        /// Whether the stakes follow the latest rollup.
        follows: bool,
    },
}

/// One call, and what it does in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The call.
    pub call: Call,
    /// What it does.
    pub says: String,
}

impl Change {
    /// What is done, as one word of effect keys, files and JSON.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreateProvider { .. } => "create_provider",
            Self::AddKeys { .. } => "add_keys",
            Self::Drip { .. } => DRIP,
            Self::NameAdmin { .. } => "set_admin",
            Self::AcceptAdmin { .. } => "accept_admin",
            Self::SetRecipient { .. } => "set_recipient",
            Self::SetTakeRate { .. } => "set_take_rate",
            Self::Fund { .. } => FUND,
            Self::Deposit { .. } => "deposit",
        }
    }

    /// The effect's key: whoever wants the same again has the same key.
    #[must_use]
    pub fn key(&self, places: &Places) -> EffectKey {
        let mut place = Place { chain_id: places.chain_id, contract: places.staking_registry };
        let hash: String;
        let about = match self {
            Self::CreateProvider { admin, take_rate_bps, rewards_recipient } => {
                let rate = Part::Number(u64::from(*take_rate_bps));
                vec![Part::Address(*admin), rate, Part::Address(*rewards_recipient)]
            }
            Self::AddKeys { provider, keys } => {
                hash = hash_of(keys);
                vec![Part::Number(provider.get()), Part::Name(&hash)]
            }
            Self::Drip { provider, first, keys } => {
                vec![Part::Number(provider.get()), Part::Number(*first), Part::Number(*keys)]
            }
            Self::NameAdmin { provider, admin } | Self::AcceptAdmin { provider, admin } => {
                vec![Part::Number(provider.get()), Part::Address(*admin)]
            }
            Self::SetRecipient { provider, rewards_recipient } => {
                vec![Part::Number(provider.get()), Part::Address(*rewards_recipient)]
            }
            Self::SetTakeRate { provider, take_rate_bps } => {
                vec![Part::Number(provider.get()), Part::Number(u64::from(*take_rate_bps))]
            }
            Self::Fund { transfers } => {
                place.contract = Address::zero();
                let transfers: Vec<(Address, U256)> = transfers.iter().map(|(to, wei)| (*to, *wei)).collect();
                hash = format!("{:x}", H256(keccak256(transfers.encode())));
                vec![Part::Name(&hash)]
            }
            Self::Deposit { withdrawer, keys, .. } => {
                place.contract = places.rollup;
                hash = hash_of(keys);
                vec![Part::Address(*withdrawer), Part::Name(&hash)]
            }
        };
        EffectKey::named(self.name(), &place, &about)
    }

    /// The calls that do it, in their order.
    #[must_use]
    pub fn steps(&self, places: &Places) -> Vec<Step> {
        let registry = places.staking_registry;
        match self {
            Self::CreateProvider { admin, take_rate_bps, rewards_recipient } => {
                let call = staking_registry::RegisterProviderCall {
                    provider_admin: *admin,
                    provider_take_rate: *take_rate_bps,
                    provider_rewards_recipient: *rewards_recipient,
                };
                let [admin, recipient] = [admin, rewards_recipient].map(checksummed);
                let says = format!(
                    "register a provider with the admin {admin}, which keeps {take_rate_bps} basis points and sends its share to {recipient}"
                );
                vec![step(registry, call, says)]
            }
            Self::AddKeys { provider, keys } => {
                keys.chunks(CHUNK).map(|chunk| step(registry, add(*provider, chunk), adds(*provider, chunk))).collect()
            }
            Self::Drip { provider, keys, .. } => {
                let call = staking_registry::DripProviderQueueCall {
                    provider_identifier: (*provider).into(),
                    number_of_keys_to_drip: (*keys).into(),
                };
                vec![step(
                    registry,
                    call,
                    format!("take {} out of the queue of provider {provider}", count(*keys, "key")),
                )]
            }
            Self::NameAdmin { provider, admin } => {
                let call = staking_registry::UpdateProviderAdminCall {
                    provider_identifier: (*provider).into(),
                    new_admin: *admin,
                };
                vec![step(
                    registry,
                    call,
                    format!("name {} as the next admin of provider {provider}", checksummed(admin)),
                )]
            }
            Self::AcceptAdmin { provider, .. } => {
                let call = staking_registry::AcceptProviderAdminCall { provider_identifier: (*provider).into() };
                vec![step(registry, call, format!("become the admin of provider {provider}"))]
            }
            Self::SetRecipient { provider, rewards_recipient } => {
                let call = staking_registry::UpdateProviderRewardsRecipientCall {
                    provider_identifier: (*provider).into(),
                    new_rewards_recipient: *rewards_recipient,
                };
                let to = checksummed(rewards_recipient);
                vec![step(registry, call, format!("send the share of provider {provider} to {to}"))]
            }
            Self::SetTakeRate { provider, take_rate_bps } => {
                let call = staking_registry::UpdateProviderTakeRateCall {
                    provider_identifier: (*provider).into(),
                    new_take_rate: *take_rate_bps,
                };
                vec![step(
                    registry,
                    call,
                    format!("set the share of provider {provider} to {take_rate_bps} basis points"),
                )]
            }
            Self::Fund { transfers } => transfers.iter().map(|(to, wei)| fund(*to, *wei)).collect(),
            Self::Deposit { withdrawer, keys, stake, approve, follows } => {
                let approve = approve.map(|value| {
                    let call = erc20::ApproveCall { spender: places.rollup, value };
                    let (rollup, asset) = (checksummed(&places.rollup), checksummed(&places.staking_asset));
                    let says = format!("let the rollup {rollup} take {} of the token {asset}", amount(value, 6));
                    step(places.staking_asset, call, says)
                });
                let deposit = |key: &KeyStore| {
                    let says = deposits(&amount(*stake, 6).to_string(), (&key.attester, withdrawer), *follows);
                    step(places.rollup, deposit(key, *withdrawer, *follows), says)
                };
                approve.into_iter().chain(keys.iter().map(deposit)).collect()
            }
        }
    }
}

fn step<C: EthCall + AbiEncode>(to: Address, call: C, says: String) -> Step {
    Step { call: Call { to, value: U256::zero(), data: call.encode().into() }, says }
}

fn add(provider: ProviderId, chunk: &[KeyStore]) -> staking_registry::AddKeysToProviderCall {
    staking_registry::AddKeysToProviderCall { provider_identifier: provider.into(), key_stores: chunk.to_vec() }
}

fn adds(provider: ProviderId, chunk: &[KeyStore]) -> String {
    let [first, last] = [chunk.first(), chunk.last()].map(|key| key.map(|key| checksummed(&key.attester).to_string()));
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    format!("add {} to the queue of provider {provider}: {first} to {last}", count(chunk.len(), "key"))
}

fn fund(to: Address, wei: U256) -> Step {
    let says = format!("send {} ETH to the publisher {}", amount(wei, 18), checksummed(&to));
    Step { call: Call { to, value: wei, data: ethers_core::types::Bytes::new() }, says }
}

/// What a deposit of so much does.
pub(super) fn deposits(stake: &str, (attester, withdrawer): (&Address, &Address), follows: bool) -> String {
    let [attester, withdrawer] = [attester, withdrawer].map(checksummed);
    let where_to = if follows { "follows the latest rollup" } else { "stays at this rollup" };
    format!("deposit {stake} for {attester}, which {withdrawer} may withdraw and which {where_to}")
}

fn deposit(key: &KeyStore, withdrawer: Address, follows: bool) -> rollup::DepositCall {
    let (g1, g2, proof) = (&key.public_key_g1, &key.public_key_g2, &key.proof_of_possession);
    rollup::DepositCall {
        attester: key.attester,
        withdrawer,
        public_key_in_g1: rollup::G1Point { x: g1.x, y: g1.y },
        public_key_in_g2: rollup::G2Point { x_0: g2.x_0, x_1: g2.x_1, y_0: g2.y_0, y_1: g2.y_1 },
        proof_of_possession: rollup::G1Point { x: proof.x, y: proof.y },
        move_with_latest_rollup: follows,
    }
}

/// One word for these keys in this order.
fn hash_of(keys: &[KeyStore]) -> String {
    let encoded: Vec<u8> = keys.iter().flat_map(|key| key.clone().encode()).collect();
    format!("{:x}", H256(keccak256(encoded)))
}
