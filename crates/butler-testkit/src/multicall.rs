//! Packs of calls: Multicall3's `aggregate3`, and calldata for the butler's own program, which a state override brings along.
//!
//! What a pack asks can be looked at, and its answer made anew with some of the results replaced. The second form is written
//! down here once more, so that it is held against a description that is not the program's own.

use anyhow::{Context as _, ensure};
use ethers_core::abi::{ParamType, Token, decode, encode};
use ethers_core::utils::{hex, id};
use serde_json::Value;

const AGGREGATE3: &str = "aggregate3((address,bool,bytes)[])";
const BALANCE: &str = "getEthBalance(address)";
const WORD: usize = 32;
/// Number and time of the block, before the results of our program.
const HEAD: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Aggregate,
    Packed,
}

/// How one call of a pack ended: whether well, and with what.
pub(crate) type Ended = (bool, Vec<u8>);

/// Whether this input of a call asks for an account's balance.
pub(crate) fn is_balance(input: &[u8]) -> bool {
    input.starts_with(&id(BALANCE))
}

/// The calls of one `eth_call`.
#[derive(Debug)]
pub(crate) struct Pack {
    form: Form,
    /// The input of each call.
    pub(crate) inputs: Vec<Vec<u8>>,
}

impl Pack {
    /// The pack that this JSON-RPC call is; `None` for any other call.
    pub(crate) fn of(call: &Value) -> anyhow::Result<Option<Self>> {
        if call["method"] != "eth_call" {
            return Ok(None);
        }
        let transaction = &call["params"][0];
        let input = transaction["data"].as_str().or_else(|| transaction["input"].as_str()).unwrap_or_default();
        let input = hex::decode(input.strip_prefix("0x").unwrap_or(input)).context("calldata that is no hex")?;
        if call["params"][2].is_object() {
            return Ok(Some(Self { form: Form::Packed, inputs: packed_inputs(&input)? }));
        }
        if input.get(..4) != Some(id(AGGREGATE3).as_slice()) {
            return Ok(None);
        }
        let inner = ParamType::Tuple(vec![ParamType::Address, ParamType::Bool, ParamType::Bytes]);
        let calls = decode(&[ParamType::Array(Box::new(inner))], input.get(4..).unwrap_or_default());
        let calls = calls.context("a call of Multicall3 that is none")?.into_iter().next().and_then(Token::into_array);
        let input = |call: Token| call.into_tuple()?.pop()?.into_bytes();
        Ok(Some(Self {
            form: Form::Aggregate,
            inputs: calls.unwrap_or_default().into_iter().filter_map(input).collect(),
        }))
    }

    /// Whether it needs a state override.
    pub(crate) fn is_packed(&self) -> bool {
        self.form == Form::Packed
    }

    /// How the calls ended.
    pub(crate) fn results(&self, answer: &[u8]) -> anyhow::Result<Vec<Ended>> {
        if self.form == Form::Packed {
            let mut rest = answer.get(HEAD..).context("an answer without a head")?;
            return self.inputs.iter().map(|_| take_result(&mut rest)).collect();
        }
        let result = ParamType::Array(Box::new(ParamType::Tuple(vec![ParamType::Bool, ParamType::Bytes])));
        let answer = decode(&[result], answer).context("the endpoint's Multicall3 answered nonsense")?;
        let results = answer.into_iter().next().and_then(Token::into_array).unwrap_or_default();
        let ended = |result: Token| {
            let mut parts = result.into_tuple()?;
            let bytes = parts.pop()?.into_bytes()?;
            Some((parts.pop()?.into_bool()?, bytes))
        };
        Ok(results.into_iter().filter_map(ended).collect())
    }

    /// The answer with these results; the honest one's head stays.
    pub(crate) fn answer(&self, honest: &[u8], results: Vec<Ended>) -> anyhow::Result<Vec<u8>> {
        if self.form == Form::Aggregate {
            let result = |(ok, bytes)| Token::Tuple(vec![Token::Bool(ok), Token::Bytes(bytes)]);
            return Ok(encode(&[Token::Array(results.into_iter().map(result).collect())]));
        }
        let mut answer = honest.get(..HEAD).context("an answer without a head")?.to_vec();
        for (ok, bytes) in results {
            let [high, length @ ..] = u32::try_from(bytes.len())?.to_be_bytes();
            ensure!(high == 0, "a result too long for its length");
            answer.push(u8::from(ok));
            answer.extend(length);
            answer.extend(bytes);
        }
        Ok(answer)
    }

    /// The answer with what `replace` gives for a call's input and honest result; `None` when it gives nothing at all.
    pub(crate) fn rewritten(
        &self,
        answer: &[u8],
        replace: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>,
    ) -> anyhow::Result<Option<Vec<u8>>> {
        let mut is_changed = false;
        let mut results = self.results(answer)?;
        for (result, input) in results.iter_mut().zip(&self.inputs) {
            if let Some(bytes) = replace(input, &result.1) {
                is_changed = true;
                *result = (true, bytes);
            }
        }
        if is_changed { self.answer(answer, results).map(Some) } else { Ok(None) }
    }
}

/// The inputs of calls that are packed for our program, behind four bytes that say where it has room.
fn packed_inputs(input: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut rest = input.get(4..).context("packed calls without a head")?;
    let (mut target, mut selector, mut words) = ([0; 20], [0; 4], 0_u16);
    let mut inputs = Vec::new();
    while !rest.is_empty() {
        let [flags] = take(&mut rest)?;
        if flags & 1 != 0 {
            target = take(&mut rest)?;
        }
        if flags & 2 != 0 {
            selector = take(&mut rest)?;
            words = u16::from_be_bytes(take(&mut rest)?);
        }
        let mut data = selector.to_vec();
        if flags & 4 != 0 {
            data = [&id(BALANCE)[..], &[0; 12], &target].concat();
        } else if flags & 8 != 0 {
            let length = usize::try_from(u32::from_be_bytes(take(&mut rest)?))?;
            data = take_bytes(&mut rest, length)?.to_vec();
        } else {
            for _ in 0..words {
                let [length] = take(&mut rest)?;
                let significant = take_bytes(&mut rest, usize::from(length))?;
                data.resize(data.len() + WORD - significant.len().min(WORD), 0);
                data.extend(significant);
            }
        }
        inputs.push(data);
    }
    Ok(inputs)
}

fn take_result(rest: &mut &[u8]) -> anyhow::Result<Ended> {
    let [ok, high, middle, low] = take(rest)?;
    let length = usize::try_from(u32::from_be_bytes([0, high, middle, low]))?;
    Ok((ok == 1, take_bytes(rest, length)?.to_vec()))
}

fn take<const N: usize>(rest: &mut &[u8]) -> anyhow::Result<[u8; N]> {
    Ok(take_bytes(rest, N)?.try_into()?)
}

fn take_bytes<'a>(rest: &mut &'a [u8], length: usize) -> anyhow::Result<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length).context("packed calls that end too soon")?;
    *rest = left;
    Ok(taken)
}
