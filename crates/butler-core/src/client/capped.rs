//! Calls that get an exact amount of gas: what a contract does with no more than that is what is asked.
//!
//! Multicall3 cannot limit one of its calls, so each is a request of its own, many in one exchange. Running out of gas is an
//! answer here, as a revert is.

use std::collections::BTreeSet;

use ethers_core::types::{Address, Bytes, H256};
use futures_util::FutureExt as _;
use serde_json::json;

use super::endpoint::Endpoint;
use super::error::{RpcError, RpcFailure};
use super::l1::L1Client;
use super::wire::Request;
use crate::domain::block::BlockRef;

/// Calls in one exchange.
const AT_ONCE: usize = 100;
/// What every call costs before the contract begins (EIP-2028): a base, and each byte of its data.
const BASE_GAS: u64 = 21_000;
const ZERO_BYTE_GAS: u64 = 4;
const BYTE_GAS: u64 = 16;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CappedCall {
    /// The contract.
    pub to: Address,
    /// Selector and arguments.
    pub data: Bytes,
    /// What the contract itself may use.
    pub gas: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CappedOutcome {
    /// It returned these bytes.
    Returned(Bytes),
    /// It reverted, or the gas did not suffice.
    Failed,
}

impl CappedCall {
    /// The request that carries it, at the block with hash `pin`.
    pub(super) fn request(&self, pin: H256) -> Request {
        let data = self.data.iter().fold(0_u64, |sum, byte| sum + if *byte == 0 { ZERO_BYTE_GAS } else { BYTE_GAS });
        let gas = self.gas.saturating_add(BASE_GAS).saturating_add(data);
        let call = json!({ "to": self.to, "data": self.data, "gas": format!("{gas:#x}") });
        Request::new("eth_call", &json!([call, { "blockHash": pin }]))
    }
}

impl L1Client {
    /// Makes all `calls` at one endpoint that is not among `beside`. Returns which one it was: its index.
    ///
    /// # Errors
    /// The last endpoint's failure when none answered; also when there is no other endpoint.
    pub async fn capped_calls(
        &self,
        pin: &BlockRef,
        calls: &[CappedCall],
        beside: &BTreeSet<usize>,
    ) -> Result<(usize, Vec<CappedOutcome>), RpcError> {
        self.on_some_endpoint("eth_call", beside, |endpoint| call_all(endpoint, pin, calls).boxed()).await
    }
}

async fn call_all(
    endpoint: &Endpoint,
    pin: &BlockRef,
    calls: &[CappedCall],
) -> Result<(usize, Vec<CappedOutcome>), RpcFailure> {
    let mut outcomes = Vec::with_capacity(calls.len());
    for pack in calls.chunks(AT_ONCE) {
        let requests: Vec<Request> = pack.iter().map(|call| call.request(pin.hash)).collect();
        for answer in endpoint.exchange(&requests).await? {
            outcomes.push(match answer {
                Ok(raw) => {
                    let data = serde_json::from_str(raw.get());
                    let malformed = |_| RpcFailure::Malformed("the answer to eth_call is not a hex string".to_owned());
                    CappedOutcome::Returned(data.map_err(malformed)?)
                }
                Err(RpcFailure::Reverted { .. } | RpcFailure::OutOfGas) => CappedOutcome::Failed,
                Err(failure) => return Err(failure),
            });
        }
    }
    Ok((endpoint.index(), outcomes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_gets_the_gas_beside_what_the_call_itself_costs() {
        let call = CappedCall { to: Address::repeat_byte(1), data: Bytes::from(vec![0, 1, 2]), gas: 250_000 };
        let params: serde_json::Value = serde_json::from_slice(&call.request(H256::zero()).params).unwrap();
        assert_eq!(params[0]["gas"], format!("{:#x}", 250_000 + 21_000 + 4 + 2 * 16));
    }
}
