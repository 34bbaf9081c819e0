//! How moves reach the chain: reading what they need to know, and sending transactions as whoever may.
//!
//! Only [`super::Move`] is for tests; this is its machinery.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use ethers_core::{
    abi::{ParamType, Token, decode, encode},
    types::{Address, H256, U256},
    utils::{hex, id},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{Chain, KeyStore, Played, quantity};

const SECONDS_PER_BLOCK: u64 = 12;
const MINED_WITHIN: Duration = Duration::from_secs(30);

/// Which rollup a stake belongs to when a new one becomes canonical.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// The new one.
    Latest,
    /// The one that it was made for.
    Nobody,
}

impl Chain {
    pub(super) async fn add_keys(&self, provider: u64, keys: Vec<Token>) -> anyhow::Result<Played> {
        let signature = format!("addKeysToProvider(uint256,(address,{G1},{G2},{G1})[])");
        let registry = self.oracle()?.contracts.staking_registry_address;
        self.send(self.admin(provider).await?, registry, &signature, &[number(provider), Token::Array(keys)]).await
    }

    pub(super) async fn deposit(&self, rollup: Address, key: Token, withdrawer: Address) -> anyhow::Result<Played> {
        let solo = self.oracle()?.account("solo")?;
        self.fund(solo, rollup).await?;
        let mut arguments = key.into_tuple().context("a key is a tuple")?;
        arguments.insert(1, Token::Address(withdrawer));
        arguments.push(Token::Bool(false));
        self.send(solo, rollup, &format!("deposit(address,address,{G1},{G2},{G1},bool)"), &arguments).await
    }

    /// Stakes as the first delegator, at the provider's current take rate.
    pub(super) async fn stake(
        &self,
        rollup: Address,
        provider: u64,
        withdrawer: Address,
        follows: Follows,
    ) -> anyhow::Result<Played> {
        let registry = self.oracle()?.contracts.staking_registry_address;
        let delegator = self.oracle()?.account("delegator1")?;
        self.fund(delegator, registry).await?;
        let answer = self.read(registry, "providerConfigurations(uint256)", &[number(provider)], &PROVIDER).await?;
        let rate = answer.get(1).cloned().context("a provider without take rate")?;
        let version = self.read(rollup, "getVersion()", &[], &[ParamType::Uint(256)]).await?;
        let version = version.into_iter().next().context("a rollup without a version")?;
        let (recipient, withdrawer) = (Token::Address(delegator), Token::Address(withdrawer));
        let follows = Token::Bool(follows == Follows::Latest);
        let arguments = [number(provider), version, withdrawer, rate, recipient, follows];
        self.send(delegator, registry, "stake(uint256,uint256,address,uint16,address,bool)", &arguments).await
    }

    /// Gives `owner` the stake of one attester and lets `spender` take it, when that is not so yet.
    pub(super) async fn fund(&self, owner: Address, spender: Address) -> anyhow::Result<()> {
        let token = self.oracle()?.contracts.staking_asset_address;
        let stake = self.oracle()?.rollup.activation_threshold;
        let amount = [ParamType::Uint(256)];
        let balance = self.read(token, "balanceOf(address)", &[Token::Address(owner)], &amount).await?;
        if balance.first().and_then(|balance| balance.clone().into_uint()).unwrap_or_default() < stake {
            let minter = self.oracle()?.account("deployer")?;
            self.send(minter, token, "mint(address,uint256)", &[Token::Address(owner), Token::Uint(stake)]).await?;
        }
        let parties = [Token::Address(owner), Token::Address(spender)];
        let allowance = self.read(token, "allowance(address,address)", &parties, &amount).await?;
        if allowance.first().and_then(|allowance| allowance.clone().into_uint()).unwrap_or_default() < stake {
            let arguments = [Token::Address(spender), Token::Uint(U256::MAX / 2)];
            self.send(owner, token, "approve(address,uint256)", &arguments).await?;
        }
        Ok(())
    }

    /// Gives an account so many stakes of the staked token.
    ///
    /// # Errors
    /// When a call fails.
    pub async fn endow_with_stakes(&self, owner: Address, stakes: u64) -> anyhow::Result<()> {
        let token = self.oracle()?.contracts.staking_asset_address;
        let amount = self.oracle()?.rollup.activation_threshold * stakes;
        let minter = self.oracle()?.account("deployer")?;
        self.send(minter, token, "mint(address,uint256)", &[Token::Address(owner), Token::Uint(amount)]).await.map(drop)
    }

    pub(super) async fn admin(&self, provider: u64) -> anyhow::Result<Address> {
        let registry = self.oracle()?.contracts.staking_registry_address;
        self.read_address(registry, "providerConfigurations(uint256)", number(provider)).await
    }

    pub(super) fn epoch_seconds(&self) -> anyhow::Result<u64> {
        let rollup = &self.oracle()?.rollup;
        Ok(rollup.slot_duration * rollup.epoch_duration)
    }

    pub(super) async fn jump(&self, seconds: u64) -> anyhow::Result<()> {
        let timestamp = self.timestamp().await? + seconds.max(SECONDS_PER_BLOCK);
        self.rpc("evm_setNextBlockTimestamp", json!([timestamp])).await?;
        self.mine().await
    }

    /// Finds the slot that the getter reads by trying those that it touches.
    pub(super) async fn set_rewards(&self, rollup: Address, coinbase: Address, tokens: u64) -> anyhow::Result<Played> {
        const GETTER: &str = "getSequencerRewards(address)";
        let amount = U256::from(tokens) * U256::exp10(18);
        let call = json!({ "to": rollup, "data": calldata(GETTER, &[Token::Address(coinbase)]) });
        let touched = self.rpc("eth_createAccessList", json!([call, "latest"])).await?;
        let mut slots = Vec::new();
        for entry in touched["accessList"].as_array().into_iter().flatten() {
            slots.extend(entry["storageKeys"].as_array().into_iter().flatten().cloned());
        }
        for slot in slots {
            let before = self.rpc("eth_getStorageAt", json!([rollup, slot, "latest"])).await?;
            self.rpc("anvil_setStorageAt", json!([rollup, slot, format!("{amount:#066x}")])).await?;
            let answer = self.read(rollup, GETTER, &[Token::Address(coinbase)], &[ParamType::Uint(256)]).await;
            if answer.is_ok_and(|answer| answer == [Token::Uint(amount)]) {
                // A block of its own, so that no block has two states.
                self.mine().await?;
                return self.head().await;
            }
            self.rpc("anvil_setStorageAt", json!([rollup, slot, before])).await?;
        }
        bail!("no storage slot holds the rewards of {coinbase:?}")
    }

    pub(super) async fn slasher_of(&self, rollup: Address) -> anyhow::Result<Address> {
        let answer = self.read(rollup, "getSlasher()", &[], &[ParamType::Address]).await?;
        answer.into_iter().next().and_then(Token::into_address).context("a rollup without a slasher")
    }

    pub(super) async fn head(&self) -> anyhow::Result<Played> {
        Ok(Played { block: self.block_number().await?, transaction: None })
    }

    pub(super) async fn read_address(&self, to: Address, signature: &str, argument: Token) -> anyhow::Result<Address> {
        let answer = self.read(to, signature, &[argument], &[ParamType::Address]).await?;
        answer.into_iter().next().and_then(Token::into_address).with_context(|| format!("{signature} gave no address"))
    }

    pub(super) async fn read(
        &self,
        to: Address,
        signature: &str,
        arguments: &[Token],
        types: &[ParamType],
    ) -> anyhow::Result<Vec<Token>> {
        let call = json!({ "to": to, "data": calldata(signature, arguments) });
        let answer = self.rpc("eth_call", json!([call, "latest"])).await?;
        let bytes = hex::decode(answer.as_str().unwrap_or_default()).context("failed to decode an answer")?;
        decode(types, &bytes).with_context(|| format!("failed to decode the answer of {signature}"))
    }

    /// Anvil answers a sent transaction before it has mined its block.
    pub(crate) async fn receipt(&self, hash: &Value) -> anyhow::Result<Value> {
        let deadline = Instant::now() + MINED_WITHIN;
        loop {
            let receipt = self.rpc("eth_getTransactionReceipt", json!([hash])).await?;
            if !receipt.is_null() {
                return Ok(receipt);
            }
            if Instant::now() > deadline {
                bail!("transaction {hash} was not mined");
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    pub(super) async fn send(
        &self,
        from: Address,
        to: Address,
        signature: &str,
        arguments: &[Token],
    ) -> anyhow::Result<Played> {
        let transaction = json!({ "from": from, "to": to, "data": calldata(signature, arguments), "gas": "0xb71b00" });
        self.rpc("anvil_impersonateAccount", json!([from])).await?;
        if quantity(&self.rpc("eth_getBalance", json!([from, "latest"])).await?).is_ok_and(|wei| wei < 10_u64.pow(17)) {
            self.rpc("anvil_setBalance", json!([from, "0xde0b6b3a7640000"])).await?;
        }
        let hash = self
            .rpc("eth_sendTransaction", json!([transaction]))
            .await
            .with_context(|| format!("failed to send {signature}"))?;
        let receipt = self.receipt(&hash).await?;
        if receipt["status"] != "0x1" {
            let reason = self.rpc("eth_call", json!([transaction, "latest"])).await.err();
            bail!(
                "{signature} reverted: {}",
                reason.map_or_else(|| "not when repeated".to_owned(), |error| error.to_string())
            );
        }
        let block = quantity(&receipt["blockNumber"])?;
        Ok(Played { block, transaction: serde_json::from_value::<Option<H256>>(hash).unwrap_or_default() })
    }
}

const G1: &str = "(uint256,uint256)";
const G2: &str = "(uint256,uint256,uint256,uint256)";
const PROVIDER: [ParamType; 3] = [ParamType::Address, ParamType::Uint(16), ParamType::Address];

fn calldata(signature: &str, arguments: &[Token]) -> Value {
    format!("0x{}{}", hex::encode(id(signature)), hex::encode(encode(arguments))).into()
}

pub(super) fn number(value: u64) -> Token {
    Token::Uint(value.into())
}

pub(super) fn key_store(key: &KeyStore) -> anyhow::Result<Token> {
    let point = |point: &BTreeMap<String, U256>, names: &[&str]| {
        let coordinate = |name: &&str| point.get(*name).copied().map(Token::Uint);
        names.iter().map(coordinate).collect::<Option<Vec<_>>>().map(Token::Tuple).context("a point lacks a coordinate")
    };
    Ok(Token::Tuple(vec![
        Token::Address(key.attester),
        point(&key.g1, &["x", "y"])?,
        point(&key.g2, &["x0", "x1", "y0", "y1"])?,
        point(&key.pop, &["x", "y"])?,
    ]))
}

/// Points that are on no curve, different for every attester.
pub(super) fn invalid_key(attester: Address) -> Token {
    let seed = U256::from_big_endian(attester.as_bytes());
    let point = |count: u64| Token::Tuple((1..=count).map(|offset| Token::Uint(seed + offset)).collect());
    Token::Tuple(vec![Token::Address(attester), point(2), point(4), point(2)])
}
