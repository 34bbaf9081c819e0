//! Multicall3's `aggregate3`: many reads in one `eth_call`.
//!
//! Every inner call may fail on its own. An inner call that ran out of gas looks like a revert without data, so the
//! caller must not believe such a failure before it asked again with fewer neighbours.

use std::borrow::Cow;

use ethers_core::abi::{AbiDecode, AbiEncode};
use ethers_core::types::{Address, Bytes};

use super::bindings::multicall3::{Aggregate3Call, Aggregate3Return, Call3, CallResult, GetEthBalanceCall};
use super::call::{Call, DecodeError, Target};

/// Multicall3's address on every public chain.
pub const MULTICALL3: Address = ethers_core::types::H160([
    0xca, 0x11, 0xbd, 0xe0, 0x59, 0x77, 0xb3, 0x63, 0x11, 0x67, 0x02, 0x88, 0x62, 0xbe, 0x2a, 0x17, 0x39, 0x76, 0xca,
    0x11,
]);

/// How one inner call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It returned these bytes.
    Returned(Bytes),
    /// It failed with these bytes; none when it ran out of gas.
    Failed(Bytes),
}

/// Encodes calls into one `aggregate3` of the Multicall3 at `multicall3`.
#[must_use]
pub fn encode_aggregate<'a>(multicall3: Address, calls: impl IntoIterator<Item = &'a Call>) -> Bytes {
    let calls = calls
        .into_iter()
        .map(|call| {
            let (target, call_data) = match &call.target {
                Target::Function { to, data } => (*to, data.clone()),
                Target::Balance(account) => {
                    let call = GetEthBalanceCall { account: *account };
                    (multicall3, call.encode().into())
                }
            };
            Call3 { target, allow_failure: true, call_data }
        })
        .collect();
    Aggregate3Call { calls }.encode().into()
}

/// Decodes the answer of an `aggregate3` of `expected` calls.
///
/// # Errors
/// `Empty` where there is no Multicall3, `Abi` or `Nonsense` where its answer is not one.
pub fn decode_aggregate(data: &[u8], expected: usize) -> Result<Vec<Outcome>, DecodeError> {
    const FUNCTION: Cow<'static, str> = Cow::Borrowed("aggregate3");
    if data.is_empty() {
        return Err(DecodeError::Empty { function: FUNCTION });
    }
    let Aggregate3Return(results) =
        Aggregate3Return::decode(data).map_err(|source| DecodeError::Abi { function: FUNCTION, source })?;
    if results.len() != expected {
        let problem = format!("{} results for {expected} calls", results.len());
        return Err(DecodeError::Nonsense { function: FUNCTION, problem });
    }
    Ok(results
        .into_iter()
        .map(
            |CallResult { success, return_data }| {
                if success { Outcome::Returned(return_data) } else { Outcome::Failed(return_data) }
            },
        )
        .collect())
}
