//! One Safe: deployed as people deploy theirs, asked for hashes, and made to execute what its owners signed.

use anyhow::{Context as _, ensure};
use ethers_core::abi::{ParamType, Token, decode, encode};
use ethers_core::types::{Address, H256, U256};
use ethers_core::utils::{hex, id};
use serde_json::{Value, json};

use super::contracts::{DEPLOYER, place, transact};
use super::{SafeOwner, SafePackages, SafeRelease};
use crate::devnet::{Chain, Played, quantity};

const SETUP: &str = "setup(address[],uint256,address,bytes,address,address,uint256,address)";
const CREATE: &str = "createProxyWithNonce(address,bytes,uint256)";
pub(super) const HASH: &str =
    "getTransactionHash(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,uint256)";
const EXECUTE: &str = "execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)";

/// A Safe that stands on the chain.
#[derive(Debug, Clone)]
pub struct DeployedSafe {
    /// Its address.
    pub address: Address,
    /// The contracts that it was made of.
    pub release: SafeRelease,
    /// The `MultiSendCallOnly` of its version.
    pub call_only: Address,
    /// Whose signatures it wants.
    pub owners: Vec<SafeOwner>,
}

/// A transaction of a Safe, as the contract takes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SafeCall {
    /// Whom it calls.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// With what.
    pub data: Vec<u8>,
    /// 0 for a call, 1 for a delegate call.
    pub operation: u8,
    /// `safeTxGas`, `baseGas`, `gasPrice`.
    pub gas: [U256; 3],
    /// `gasToken`, `refundReceiver`.
    pub refund: [Address; 2],
    /// Its nonce.
    pub nonce: u64,
}

impl SafeCall {
    pub(super) fn tokens(&self) -> Vec<Token> {
        let mut tokens = vec![
            Token::Address(self.to),
            Token::Uint(self.value),
            Token::Bytes(self.data.clone()),
            Token::Uint(self.operation.into()),
        ];
        tokens.extend(self.gas.map(Token::Uint));
        tokens.extend(self.refund.map(Token::Address));
        tokens
    }
}

impl DeployedSafe {
    /// Deploys a Safe of these owners, of whom so many must sign. `salt` keeps two of the same owners apart.
    ///
    /// # Errors
    /// The chain refuses.
    pub async fn deploy(
        chain: &Chain,
        packages: &SafePackages,
        release: SafeRelease,
        (owners, threshold): (&[SafeOwner], u64),
        salt: u64,
    ) -> anyhow::Result<Self> {
        let placed = place(chain, packages, release).await?;
        let none = Token::Address(Address::zero());
        let addresses = owners.iter().map(|owner| Token::Address(owner.address())).collect();
        let setup = [
            Token::Array(addresses),
            Token::Uint(threshold.into()),
            none.clone(),
            Token::Bytes(Vec::new()),
            none.clone(),
            none.clone(),
            Token::Uint(U256::zero()),
            none,
        ];
        let setup = Token::Bytes(calldata(SETUP, &setup));
        let create = calldata(CREATE, &[Token::Address(placed.singleton), setup, Token::Uint(salt.into())]);
        let answer = call(chain, placed.factory, &create).await?;
        let address = decode(&[ParamType::Address], &answer)?.pop().and_then(Token::into_address);
        transact(chain, DEPLOYER, placed.factory, &create).await?;
        let address = address.context("the factory names no Safe")?;
        Ok(Self { address, release, call_only: placed.call_only, owners: owners.to_vec() })
    }

    /// What the contract says to be the hash.
    ///
    /// # Errors
    /// The chain refuses.
    pub async fn hash(&self, chain: &Chain, call: &SafeCall) -> anyhow::Result<H256> {
        let mut tokens = call.tokens();
        tokens.push(Token::Uint(call.nonce.into()));
        let answer = self::call(chain, self.address, &calldata(HASH, &tokens)).await?;
        ensure!(answer.len() == 32, "a hash of {} bytes", answer.len());
        Ok(H256::from_slice(&answer))
    }

    /// The nonce of its next transaction.
    ///
    /// # Errors
    /// The chain refuses.
    pub async fn nonce(&self, chain: &Chain) -> anyhow::Result<u64> {
        let answer = call(chain, self.address, &calldata("nonce()", &[])).await?;
        Ok(U256::from_big_endian(&answer).low_u64())
    }

    /// Executes it with the signatures of all owners, from an account of nobody's.
    ///
    /// # Errors
    /// The contract refuses: it is not this one's turn, or a signature is wrong.
    pub async fn execute(&self, chain: &Chain, call: &SafeCall) -> anyhow::Result<Played> {
        let signatures = SafeOwner::sign_together(&self.owners, self.hash(chain, call).await?)?;
        self.execute_signed(chain, call, signatures).await
    }

    /// Executes it with these signatures.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_signed(&self, chain: &Chain, call: &SafeCall, signatures: Vec<u8>) -> anyhow::Result<Played> {
        let mut tokens = call.tokens();
        tokens.push(Token::Bytes(signatures));
        let receipt = transact(chain, DEPLOYER, self.address, &calldata(EXECUTE, &tokens)).await?;
        let transaction = serde_json::from_value(receipt["transactionHash"].clone())?;
        Ok(Played { block: quantity(&receipt["blockNumber"])?, transaction })
    }
}

/// Asks a contract at the newest block.
pub(super) async fn call(chain: &Chain, to: Address, data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let question = json!([{ "to": to, "data": format!("0x{}", hex::encode(data)) }, "latest"]);
    bytes(&chain.rpc("eth_call", question).await?)
}

pub(super) fn bytes(answer: &Value) -> anyhow::Result<Vec<u8>> {
    hex::decode(answer.as_str().unwrap_or_default()).context("an answer that is no hex")
}

pub(super) fn calldata(signature: &str, arguments: &[Token]) -> Vec<u8> {
    [id(signature).as_slice(), &encode(arguments)].concat()
}
