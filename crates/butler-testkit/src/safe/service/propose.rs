//! A proposal: taken when its hash is the contract's, its nonce is not used by an execution that is known, and who signed it is an owner or a
//! delegate of one. The same again changes nothing.

use anyhow::Context as _;
use ethers_core::abi::{ParamType, Token, decode};
use ethers_core::types::{Address, H256, RecoveryMessage, Signature, U256};
use ethers_core::utils::hex;
use serde_json::{Value, json};

use super::state::{Kept, Lag, Reply, Service};
use crate::safe::deployed::{HASH, SafeCall, bytes, calldata};

const ORIGIN_LIMIT: usize = 200;

pub(super) async fn propose(service: &Service, safe: Address, body: &[u8]) -> anyhow::Result<Reply> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Ok((400, None)) };
    let Some(asked) = Asked::read(&body) else { return Ok(refuse("a field is missing or no good")) };
    if asked.safe != safe {
        return Ok(refuse("Safe address does not match"));
    }
    if asked.origin.as_ref().is_some_and(|origin| origin.chars().count() > ORIGIN_LIMIT) {
        return Ok(refuse("Ensure this field has no more than 200 characters."));
    }
    let hash = contract_hash(service, &asked).await?;
    if hash != asked.hash {
        return Ok(refuse(&format!("Contract-transaction-hash={hash:?} does not match provided contract-tx-hash")));
    }
    let owners = owners(service, safe).await?;
    let mut state = service.state();
    if state.transactions.values().any(|kept| kept.safe == safe && kept.nonce == asked.call.nonce && kept.is_executed) {
        return Ok(refuse(&format!("Tx with nonce={} for safe={safe:?} already executed", asked.call.nonce)));
    }
    let delegator = state
        .delegates
        .iter()
        .find(|(delegate, delegator, of)| {
            *delegate == asked.sender && owners.contains(delegator) && of.is_none_or(|of| of == safe)
        })
        .map(|(_, delegator, _)| *delegator);
    let (proposer, delegate) = match (owners.contains(&asked.sender), delegator) {
        (true, _) => (asked.sender, None),
        (false, Some(delegator)) => (delegator, Some(asked.sender)),
        (false, None) => return Ok(refuse(&format!("Sender={:?} is not an owner or delegate", asked.sender))),
    };
    if asked.signer.is_some_and(|signer| signer != Some(asked.sender)) {
        return Ok(refuse("Signature does not match sender"));
    }
    let is_trusted = asked.signer.is_some();
    let number = state.transactions.len();
    let is_listed = state.lag == Lag::None;
    let kept = state.transactions.entry(hash).or_insert_with(|| Kept {
        safe,
        nonce: asked.call.nonce,
        is_trusted,
        is_executed: false,
        is_listed,
        number,
        proposer,
        delegate,
        told: told(&asked, proposer, delegate, is_trusted),
    });
    if is_trusted && !kept.is_trusted {
        kept.is_trusted = true;
        kept.told["trusted"] = true.into();
        kept.told["origin"] = json!(asked.origin.clone().unwrap_or_else(|| "{}".to_owned()));
    }
    if is_trusted && delegate.is_none() {
        let confirmation = json!({ "owner": asked.sender, "signature": body["signature"], "signatureType": "EOA" });
        let confirmations = kept.told["confirmations"].as_array_mut().context("a list of confirmations")?;
        if !confirmations.iter().any(|one| one["owner"] == confirmation["owner"]) {
            confirmations.push(confirmation);
        }
    }
    Ok((201, None))
}

fn refuse(why: &str) -> Reply {
    (422, Some(json!({ "nonFieldErrors": [why] })))
}

struct Asked {
    safe: Address,
    call: SafeCall,
    hash: H256,
    sender: Address,
    /// Who signed; none where nobody did, and none within where the signature is nobody's.
    signer: Option<Option<Address>>,
    origin: Option<String>,
}

impl Asked {
    fn read(body: &Value) -> Option<Self> {
        let text = |name: &str| body[name].as_str();
        let address = |name: &str| text(name)?.parse::<Address>().ok();
        let number = |name: &str| match body[name].as_u64() {
            Some(number) => Some(U256::from(number)),
            None => U256::from_dec_str(text(name)?).ok(),
        };
        let data = if body["data"].is_null() { Vec::new() } else { hex::decode(text("data")?).ok()? };
        let call = SafeCall {
            to: address("to")?,
            value: number("value")?,
            data,
            operation: u8::try_from(number("operation")?.low_u64()).ok()?,
            gas: [number("safeTxGas")?, number("baseGas")?, number("gasPrice")?],
            refund: [address("gasToken")?, address("refundReceiver")?],
            nonce: number("nonce")?.low_u64(),
        };
        let hash = text("contractTransactionHash")?.parse::<H256>().ok()?;
        let signer = text("signature").map(|signature| {
            let signature = Signature::try_from(hex::decode(signature).ok()?.as_slice()).ok()?;
            signature.recover(RecoveryMessage::Hash(hash)).ok()
        });
        let origin = text("origin").map(str::to_owned);
        Some(Self { safe: address("safe")?, call, hash, sender: address("sender")?, signer, origin })
    }
}

/// As the service tells it; an origin that is JSON is written anew.
fn told(asked: &Asked, proposer: Address, delegate: Option<Address>, is_trusted: bool) -> Value {
    let SafeCall { to, value, data, operation, gas, refund, nonce } = &asked.call;
    let origin = match asked.origin.as_deref().map(serde_json::from_str::<Value>) {
        Some(Ok(origin)) => origin.to_string().replace("\":\"", "\": \"").replace("\",\"", "\", \""),
        Some(Err(_)) => asked.origin.clone().unwrap_or_default(),
        None => "{}".to_owned(),
    };
    json!({
        "safe": asked.safe, "to": to, "value": value.to_string(),
        "data": if data.is_empty() { Value::Null } else { format!("0x{}", hex::encode(data)).into() },
        "operation": operation, "gasToken": refund[0], "refundReceiver": refund[1],
        "safeTxGas": gas[0].to_string(), "baseGas": gas[1].to_string(), "gasPrice": gas[2].to_string(),
        "nonce": nonce.to_string(), "safeTxHash": asked.hash, "submissionDate": "2026-11-01T00:00:00Z",
        "executionDate": null, "transactionHash": null, "isExecuted": false, "isSuccessful": null,
        "proposer": proposer, "proposedByDelegate": delegate, "origin": origin, "trusted": is_trusted,
        "confirmationsRequired": 2, "confirmations": [], "signatures": null,
    })
}

async fn contract_hash(service: &Service, asked: &Asked) -> anyhow::Result<H256> {
    let mut tokens = asked.call.tokens();
    tokens.push(Token::Uint(asked.call.nonce.into()));
    let answer = ask(service, asked.safe, &calldata(HASH, &tokens)).await?;
    Ok(H256::from_slice(answer.get(..32).context("no hash")?))
}

pub(super) async fn owners(service: &Service, safe: Address) -> anyhow::Result<Vec<Address>> {
    let answer = ask(service, safe, &calldata("getOwners()", &[])).await?;
    let owners = decode(&[ParamType::Array(Box::new(ParamType::Address))], &answer)?.pop();
    let owners = owners.and_then(Token::into_array).context("no owners")?;
    Ok(owners.into_iter().filter_map(Token::into_address).collect())
}

async fn ask(service: &Service, to: Address, data: &[u8]) -> anyhow::Result<Vec<u8>> {
    let question = json!([{ "to": to, "data": format!("0x{}", hex::encode(data)) }, "latest"]);
    bytes(&service.chain.call("eth_call", &question).await?)
}
