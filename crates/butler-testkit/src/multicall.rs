//! Answers of Multicall3's `aggregate3` with some of their results replaced.

use anyhow::Context as _;
use ethers_core::abi::{ParamType, Token, decode, encode};
use ethers_core::utils::id;

const AGGREGATE3: &str = "aggregate3((address,bool,bytes)[])";

/// Whether this is a call of `aggregate3`.
pub(crate) fn is_aggregate(input: &[u8]) -> bool {
    input.get(..4) == Some(id(AGGREGATE3).as_slice())
}

/// The inputs of the calls in an `aggregate3`.
pub(crate) fn inputs(input: &[u8]) -> anyhow::Result<Vec<Vec<u8>>> {
    let call = ParamType::Tuple(vec![ParamType::Address, ParamType::Bool, ParamType::Bytes]);
    let calls = decode(&[ParamType::Array(Box::new(call))], input.get(4..).unwrap_or_default());
    let calls = calls.context("a call of Multicall3 that is none")?.into_iter().next().and_then(Token::into_array);
    let input = |call: Token| call.into_tuple()?.pop()?.into_bytes();
    Ok(calls.unwrap_or_default().into_iter().filter_map(input).collect())
}

/// The answer with what `replace` gives for an inner call's input and honest result; `None` when it gives nothing at all.
pub(crate) fn rewritten(
    input: &[u8],
    answer: &[u8],
    replace: impl Fn(&[u8], &[u8]) -> Option<Vec<u8>>,
) -> anyhow::Result<Option<Vec<u8>>> {
    let result = ParamType::Array(Box::new(ParamType::Tuple(vec![ParamType::Bool, ParamType::Bytes])));
    let answer = decode(&[result], answer).context("the endpoint's Multicall3 answered nonsense")?;
    let results = answer.into_iter().next().and_then(Token::into_array).unwrap_or_default();
    let mut is_changed = false;
    let mut all = Vec::with_capacity(results.len());
    for (result, input) in results.into_iter().zip(inputs(input)?) {
        let honest = result.clone().into_tuple().and_then(|mut parts| parts.pop()?.into_bytes()).unwrap_or_default();
        all.push(match replace(&input, &honest) {
            Some(bytes) => {
                is_changed = true;
                Token::Tuple(vec![Token::Bool(true), Token::Bytes(bytes)])
            }
            None => result,
        });
    }
    Ok(is_changed.then(|| encode(&[Token::Array(all)])))
}
