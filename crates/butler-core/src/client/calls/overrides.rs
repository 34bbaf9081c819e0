//! What speaks against a state override: a refusal of it, no answer of the program, or one that cannot be.
//!
//! Nothing that goes wrong with an override is held against the endpoint: the same calls are asked again without one, and what
//! comes then decides. Some clients refuse a third parameter, some ignore it, some apply it badly; a liar is held by
//! what it answers to `aggregate3`.

use super::outcome::bytes;
use super::proof;
use crate::client::error::RpcFailure;
use crate::client::limits::Refusal;
use crate::contracts::call::{Call, DecodeError, Target};
use crate::contracts::multicall::Outcome;
use crate::contracts::packed;
use crate::domain::block::BlockRef;

/// What JSON-RPC keeps for requests that are not understood.
const NOT_UNDERSTOOD: std::ops::RangeInclusive<i64> = -32_700..=-32_600;
/// The one of these that says nothing.
const INTERNAL: i64 = -32_603;

/// Whether a refusal may be one of the override rather than of the calls, and how sure that is.
pub(super) fn refused(failure: &RpcFailure) -> Option<Refusal> {
    match failure {
        RpcFailure::Rpc { code, message } => {
            let is_plain = *code != INTERNAL && NOT_UNDERSTOOD.contains(code);
            (is_plain || message.to_ascii_lowercase().contains("override")).then_some(Refusal::Spoken)
        }
        RpcFailure::MethodNotFound => Some(Refusal::Spoken),
        // The program cannot revert, and a gateway's rule may speak of rights, of rates, of batches, or of state that it does
        // not offer. A real refusal of a batch does not come this far.
        RpcFailure::Reverted { .. }
        | RpcFailure::Unauthorized { .. }
        | RpcFailure::RateLimited { .. }
        | RpcFailure::BatchRefused
        | RpcFailure::BlockUnknown
        | RpcFailure::StateUnavailable => Some(Refusal::Unspoken),
        RpcFailure::Unreachable(_)
        | RpcFailure::Tls(_)
        | RpcFailure::Timeout(_)
        | RpcFailure::Broken(_)
        | RpcFailure::Http { .. }
        | RpcFailure::TooLarge { .. }
        | RpcFailure::AnswerRefused
        | RpcFailure::Malformed(_)
        | RpcFailure::RangeRefused { .. }
        | RpcFailure::OutOfGas
        | RpcFailure::WrongChain { .. }
        | RpcFailure::Disagrees { .. }
        | RpcFailure::Lagging { .. }
        | RpcFailure::Leading { .. }
        | RpcFailure::WrongBlock { .. }
        | RpcFailure::Incomplete(_)
        | RpcFailure::LogsPruned
        | RpcFailure::Contradicted { .. }
        | RpcFailure::Outvoted { .. }
        | RpcFailure::Nonsense(_)
        | RpcFailure::Disputed { .. } => None,
    }
}

/// Reads the program's answer to these calls.
///
/// # Errors
/// How sure it is that the override was not taken, and why.
pub(super) fn read(returned: &str, calls: &[&Call], pin: &BlockRef) -> Result<Vec<Outcome>, (Refusal, String)> {
    let returned = bytes(returned).map_err(|failure| (Refusal::Spoken, failure.to_string()))?;
    let results = packed::decode(&returned, calls.len()).map_err(|error| match error {
        DecodeError::Empty { .. } | DecodeError::Abi { .. } | DecodeError::Nonsense { .. } => {
            (Refusal::Spoken, error.to_string())
        }
    })?;
    if !proof::fits(results.number, results.timestamp, pin) {
        return Err((Refusal::Unspoken, "it was read at another block".to_owned()));
    }
    // An override that loses the rest of the state leaves no contract anywhere; accounts may keep their balances.
    if !says_something(calls.iter().copied().zip(&results.outcomes)) {
        return Err((Refusal::Spoken, "no contract answered anything".to_owned()));
    }
    Ok(results.outcomes)
}

/// Whether any contract answered, or refused for a reason. One that fails alone and without a reason may lack the function.
pub(super) fn says_something<'c>(outcomes: impl Iterator<Item = (&'c Call, &'c Outcome)>) -> bool {
    let (mut functions, mut gone) = (0, 0);
    for (_, outcome) in outcomes.filter(|(call, _)| matches!(call.target, Target::Function { .. })) {
        functions += 1;
        match outcome {
            Outcome::Returned(data) if data.is_empty() => gone += 1,
            Outcome::Failed(data) if data.is_empty() => {}
            Outcome::Returned(_) | Outcome::Failed(_) => return true,
        }
    }
    functions == 0 || (functions == 1 && gone == 0)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::{Address, H256};

    use super::*;

    const PIN: BlockRef = BlockRef { number: 7, hash: H256::zero(), timestamp: 84 };

    fn answer(number: u64, timestamp: u64, results: &[u8]) -> String {
        let bytes = [&number.to_be_bytes()[..], &timestamp.to_be_bytes(), results].concat();
        format!("\"0x{}\"", ethers_core::utils::hex::encode(bytes))
    }

    fn view() -> Call {
        let target = Target::Function { to: Address::repeat_byte(1), data: vec![1, 2, 3, 4].into() };
        let (is_optional, goes_alone, tells_by_reverting) = (false, false, false);
        Call { target, function: "f".into(), gas: 1, limit: None, is_optional, goes_alone, tells_by_reverting }
    }

    #[test]
    fn only_an_answer_of_the_program_at_that_block_counts() {
        let (returned, view) = ([1, 0, 0, 1, 9], view());
        assert_eq!(read(&answer(7, 84, &returned), &[&view], &PIN).unwrap(), [Outcome::Returned(vec![9].into())]);
        for (told, how) in [
            ("\"0x\"".to_owned(), Refusal::Spoken),
            ("null".to_owned(), Refusal::Spoken),
            ("\"0x00\"".to_owned(), Refusal::Spoken),
            (answer(7, 84, &[]), Refusal::Spoken),
            (answer(7, 84, &[1, 0, 0, 0]), Refusal::Spoken),
            (answer(8, 96, &returned), Refusal::Unspoken),
            (answer(7, 85, &returned), Refusal::Unspoken),
        ] {
            assert_eq!(read(&told, &[&view], &PIN).unwrap_err().0, how, "{told}");
        }
    }

    #[test]
    fn a_state_in_which_no_contract_answers_is_not_the_chains_whatever_accounts_have() {
        let (view, balance) = (view(), Call::balance(Address::repeat_byte(2)));
        const GONE: &[u8] = &[1, 0, 0, 0];
        const FAILED: &[u8] = &[0, 0, 0, 0];
        const REASON: &[u8] = &[0, 0, 0, 1, 7];
        const WEI: &[u8] = &[1, 0, 0, 1, 5];
        let says = |calls: &[&Call], results: &[&[u8]]| read(&answer(7, 84, &results.concat()), calls, &PIN).is_ok();
        assert!(says(&[&view], &[FAILED]), "one function may be missing");
        assert!(says(&[&view, &view], &[FAILED, REASON]) && says(&[&view, &view], &[GONE, REASON]));
        assert!(says(&[&balance], &[WEI]), "nothing was asked of a contract");
        assert!(!says(&[&view, &balance], &[GONE, WEI]));
        assert!(!says(&[&view, &view, &balance], &[FAILED, FAILED, WEI]));
    }

    #[test]
    fn refusals_in_the_words_of_every_client_are_told_from_what_is_none() {
        let rpc = |code, message: &str| RpcFailure::Rpc { code, message: message.to_owned() };
        for failure in [
            rpc(-32602, "too many arguments, want at most 2"),
            rpc(-32602, "Invalid params"),
            rpc(-32602, "Expected between 1 and 2 arguments and got 3"),
            rpc(-32000, "State override is not supported on this plan"),
            rpc(-32600, "invalid request"),
            RpcFailure::MethodNotFound,
        ] {
            assert_eq!(refused(&failure), Some(Refusal::Spoken), "{failure}");
        }
        for failure in [
            RpcFailure::Reverted { data: Vec::new().into() },
            RpcFailure::BlockUnknown,
            RpcFailure::StateUnavailable,
            RpcFailure::RateLimited { retry_after: None },
        ] {
            assert_eq!(refused(&failure), Some(Refusal::Unspoken), "{failure}");
        }
        for failure in [rpc(-32603, "Internal error"), rpc(-32000, "busy"), RpcFailure::OutOfGas] {
            assert_eq!(refused(&failure), None, "{failure}");
        }
    }
}
