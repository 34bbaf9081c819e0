//! Messages tried as whoever would send them, at one block: nothing is signed and nothing changes.
//!
//! Each is called and its gas is estimated, by one endpoint. Messages of which one needs what another did before it are tried together
//! (`eth_simulateV1`), where the endpoint can. What a contract reverts with is an answer.

use ethers_core::abi::{ParamType, Token, decode};
use ethers_core::types::{Address, Bytes, U256};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use super::log_text::Data;
use super::wire::{Answer, Request};
use crate::domain::block::BlockRef;

const METHOD: &str = "eth_call";
const ESTIMATE: &str = "eth_estimateGas";
const CODE: &str = "eth_getCode";
/// What the code of an account begins with that delegates.
const DELEGATES: [u8; 3] = [0xef, 0x01, 0x00];
const SIMULATE: &str = "eth_simulateV1";
/// `Error(string)`, what `require` reverts with.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// The longest reason that is shown, in bytes.
const REASON: usize = 200;

/// A message as it would be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Who sends it.
    pub from: Address,
    /// To whom.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// Selector and arguments.
    pub data: Bytes,
}

/// Whether messages need each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Each may be sent alone.
    Apart,
    /// Each needs what those before it did.
    Together,
}

/// What came of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It would pass.
    Passed {
        /// What it takes.
        gas: u64,
    },
    /// It would fail.
    Reverted {
        /// What the contract said.
        data: Bytes,
        /// The same where it said so in words, fit to be shown.
        words: Option<String>,
    },
    /// The endpoint cannot try what needs another message before it.
    Untried,
}

/// What came of all, at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// One for each message.
    pub tried: Vec<Tried>,
    /// What gas cost at least in that block, in wei; `None` before London.
    pub base_fee: Option<U256>,
    /// Whether who sends the first one pays for its gas: an account without code, or one that only delegates (EIP-7702).
    pub sender_pays: bool,
}

impl L1Client {
    /// Tries messages at the block with that hash. What needs others before it is tried by whichever endpoint can.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered.
    pub async fn try_messages(&self, pin: &BlockRef, messages: &[Message], order: Order) -> Result<Trial, RpcError> {
        let endpoints = || self.order();
        let ask = |endpoint, _| attempt(endpoint, pin, messages, order).boxed();
        let (giver, mut trial) = self.in_rounds(METHOD, endpoints, ask).await?;
        if trial.tried.contains(&Tried::Untried) {
            for endpoint in self.order().into_iter().filter(|endpoint| endpoint.index() != giver) {
                // Whoever fails is as good as one that cannot.
                let all = together(endpoint, pin, messages).await.unwrap_or_default();
                if !all.is_empty() && !all.contains(&Tried::Untried) {
                    let known = trial.tried.iter().take_while(|tried| **tried != Tried::Untried).count();
                    trial.tried.truncate(known);
                    trial.tried.extend(all.into_iter().skip(known));
                    break;
                }
            }
        }
        Ok(trial)
    }
}

async fn attempt(endpoint: &Endpoint, pin: &BlockRef, messages: &[Message], order: Order) -> Result<Trial, RpcFailure> {
    let (alone, rest) = match order {
        Order::Apart => (messages, &[][..]),
        // The first needs nothing before it, whatever comes of the others.
        Order::Together => messages.split_at(messages.len().min(1)),
    };
    let sender = messages.first().map(|message| message.from).unwrap_or_default();
    let mut requests = vec![
        Request::new("eth_getBlockByHash", &json!([pin.hash, false])),
        Request::new(CODE, &json!([sender, { "blockHash": pin.hash }])),
    ];
    requests.extend(alone.iter().flat_map(|message| {
        let text = text(message);
        let height = format!("{:#x}", pin.number);
        [
            Request::new(METHOD, &json!([text, { "blockHash": pin.hash }])),
            Request::new(ESTIMATE, &json!([text, height])),
        ]
    }));
    let mut answers = endpoint.exchange(&requests).await?.into_iter();
    let mut next = || answers.next().unwrap_or_else(|| Err(malformed(METHOD)));
    let base_fee = base_fee(next()?.get())?;
    let sender_pays = pays(next()?.get())?;
    let mut tried: Vec<Tried> = alone.iter().map(|_| called(endpoint, next(), next())).collect::<Result<_, _>>()?;
    if !rest.is_empty() {
        let all = together(endpoint, pin, messages).await?;
        tried.extend(all.into_iter().skip(tried.len()));
    }
    Ok(Trial { tried, base_fee, sender_pays })
}

fn text(message: &Message) -> Value {
    let Message { from, to, value, data } = message;
    json!({ "from": from, "to": to, "value": value, "data": data })
}

fn called(endpoint: &Endpoint, called: Answer, estimated: Answer) -> Result<Tried, RpcFailure> {
    match (called, estimated) {
        // Gas is only estimated of what passes.
        (Err(RpcFailure::Reverted { data }), _) | (Ok(_), Err(RpcFailure::Reverted { data })) => {
            Ok(reverted(endpoint, data))
        }
        (Err(failure), _) | (Ok(_), Err(failure)) => Err(failure),
        (Ok(_), Ok(answer)) => Ok(Tried::Passed { gas: quantity(answer.get(), ESTIMATE)? }),
    }
}

#[derive(Deserialize)]
struct SimulatedBlock {
    calls: Vec<SimulatedCall>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimulatedCall {
    status: U256,
    gas_used: U256,
    #[serde(default)]
    return_data: Option<Data>,
    #[serde(default)]
    error: Option<SimulatedError>,
}

#[derive(Deserialize)]
struct SimulatedError {
    #[serde(default)]
    data: Option<Data>,
}

/// Tries all messages one after another, where the endpoint can.
async fn together(endpoint: &Endpoint, pin: &BlockRef, messages: &[Message]) -> Result<Vec<Tried>, RpcFailure> {
    let calls: Vec<Value> = messages.iter().map(text).collect();
    let blocks = json!({ "blockStateCalls": [{ "calls": calls }], "validation": false });
    // Alone, since who does not know it may refuse all that comes with it.
    let request = Request::new(SIMULATE, &json!([blocks, { "blockHash": pin.hash }]));
    let answers = endpoint.exchange(&[request]).await;
    let answer = answers.and_then(|answers| answers.into_iter().next().unwrap_or_else(|| Err(malformed(SIMULATE))));
    match answer {
        Ok(answer) => simulated(endpoint, answer.get(), messages.len()),
        // Older nodes do not have it, and some gateways do not let it through.
        Err(
            RpcFailure::MethodNotFound
            | RpcFailure::Rpc { .. }
            | RpcFailure::Unauthorized { .. }
            | RpcFailure::Http { .. },
        ) => Ok(vec![Tried::Untried; messages.len()]),
        Err(failure) => Err(failure),
    }
}

fn simulated(endpoint: &Endpoint, json: &str, messages: usize) -> Result<Vec<Tried>, RpcFailure> {
    let blocks: Vec<SimulatedBlock> = serde_json::from_str(json).map_err(|_| malformed(SIMULATE))?;
    let calls: Vec<SimulatedCall> = blocks.into_iter().flat_map(|block| block.calls).collect();
    if calls.len() != messages {
        return Err(malformed(SIMULATE));
    }
    let tried = |call: SimulatedCall| {
        if call.status.is_zero() {
            let data = call.error.and_then(|error| error.data).or(call.return_data);
            return Ok(reverted(endpoint, data.map(|data| data.0).unwrap_or_default()));
        }
        let gas = u64::try_from(call.gas_used).map_err(|_| malformed(SIMULATE))?;
        Ok(Tried::Passed { gas })
    };
    calls.into_iter().map(tried).collect()
}

fn reverted(endpoint: &Endpoint, data: Bytes) -> Tried {
    let words = words(&data).map(|words| endpoint.peer().secrets().foreign(&words));
    Tried::Reverted { data, words }
}

/// What `require` was given to say.
fn words(data: &[u8]) -> Option<String> {
    let encoded = data.strip_prefix(&ERROR)?;
    // More than a sentence is not decoded at all.
    let encoded = encoded.get(..encoded.len().min(64 + 2 * REASON))?;
    let tokens = decode(&[ParamType::String], encoded).ok()?;
    let words = tokens.into_iter().next().and_then(Token::into_string)?;
    let words = words.get(..words.floor_char_boundary(REASON))?.trim();
    (!words.is_empty()).then(|| words.to_owned())
}

fn base_fee(json: &str) -> Result<Option<U256>, RpcFailure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Header {
        #[serde(default)]
        base_fee_per_gas: Option<U256>,
    }
    let header: Option<Header> = serde_json::from_str(json).map_err(|_| malformed("eth_getBlockByHash"))?;
    Ok(header.ok_or(RpcFailure::BlockUnknown)?.base_fee_per_gas)
}

fn pays(json: &str) -> Result<bool, RpcFailure> {
    let code: Data = serde_json::from_str(json).map_err(|_| malformed(CODE))?;
    Ok(code.0.is_empty() || code.0.starts_with(&DELEGATES))
}

fn quantity(json: &str, method: &str) -> Result<u64, RpcFailure> {
    let number: U256 = serde_json::from_str(json).map_err(|_| malformed(method))?;
    u64::try_from(number).map_err(|_| malformed(method))
}

fn malformed(method: &str) -> RpcFailure {
    RpcFailure::Malformed(format!("the answer to {method} is not what it should be"))
}

#[cfg(test)]
mod tests {
    use ethers_core::abi::encode;

    use super::*;

    #[test]
    fn what_require_says_is_read_and_cut_and_nothing_else_is() {
        let said = |text: &str| [&ERROR[..], &encode(&[Token::String(text.to_owned())])].concat();
        assert_eq!(words(&said("not today")).as_deref(), Some("not today"));
        assert_eq!(words(&said("")), None);
        for nothing in [&[][..], &ERROR[..], &[1, 2, 3, 4], &said("not today")[..40]] {
            assert_eq!(words(nothing), None);
        }
    }

    #[test]
    fn an_account_without_code_or_that_delegates_pays_for_gas_and_a_contract_does_not() {
        for (code, expected) in [("0x", true), ("0xef0100aabb", true), ("0xef01", false), ("0x6000", false)] {
            assert_eq!(pays(&format!("\"{code}\"")).unwrap(), expected, "{code}");
        }
        assert!(pays("null").is_err());
    }

    #[test]
    fn a_block_without_a_base_fee_has_none_and_one_that_is_gone_is_no_answer() {
        assert_eq!(base_fee(r#"{"baseFeePerGas":"0x7"}"#).unwrap(), Some(7.into()));
        assert_eq!(base_fee("{}").unwrap(), None);
        assert!(matches!(base_fee("null"), Err(RpcFailure::BlockUnknown)));
        assert!(matches!(base_fee("7"), Err(RpcFailure::Malformed(_))));
    }
}
