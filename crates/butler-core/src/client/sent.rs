//! One transaction as an endpoint tells it: where it went, and what it carried.

use ethers_core::types::{Address, Bytes, H256};
use serde::Deserialize;
use serde_json::json;

use super::error::RpcFailure;
use super::log_text::Data;
use super::wire::Request;
use crate::text::fixed::Fixed;

/// The method that tells it.
pub(super) const METHOD: &str = "eth_getTransactionByHash";

/// A transaction that is in a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The account or contract to which it went; `None` where it created one.
    pub to: Option<Address>,
    /// What it carried.
    pub input: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TransactionText {
    hash: Fixed<32>,
    #[serde(default)]
    block_hash: Option<Fixed<32>>,
    #[serde(default)]
    to: Option<Fixed<20>>,
    input: Data,
}

/// Asks for a transaction.
pub(super) fn request(hash: &H256) -> Request {
    Request::new(METHOD, &json!([hash]))
}

/// A transaction; `None` where there is none, or none in a block.
pub(super) fn sent(json: &str, hash: H256) -> Result<Option<Sent>, RpcFailure> {
    let text: Option<TransactionText> = serde_json::from_str(json)
        .map_err(|_| RpcFailure::Malformed(format!("the answer to {METHOD} is not a transaction")))?;
    let Some(text) = text.filter(|text| text.block_hash.is_some()) else { return Ok(None) };
    if H256(text.hash.0) != hash {
        return Err(RpcFailure::Malformed(format!("{METHOD} answered another transaction")));
    }
    Ok(Some(Sent { to: text.to.map(Address::from), input: text.input.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_the_one_that_was_asked_for_in_a_block_or_none() {
        let hash = H256::repeat_byte(7);
        let text =
            json!({ "hash": hash, "blockHash": H256::repeat_byte(1), "to": null, "input": "0xABcd", "type": "0x3" });
        let expected = Sent { to: None, input: vec![0xab, 0xcd].into() };
        assert_eq!(sent(&text.to_string(), hash).unwrap(), Some(expected));
        let mut to = text.clone();
        to["to"] = json!(Address::repeat_byte(9));
        assert_eq!(sent(&to.to_string(), hash).unwrap().unwrap().to, Some(Address::repeat_byte(9)));
        assert!(sent(&text.to_string(), H256::zero()).is_err(), "another one");
        let mut waiting = text;
        waiting["blockHash"] = json!(null);
        assert_eq!(sent(&waiting.to_string(), hash).unwrap(), None);
        assert_eq!(sent("null", hash).unwrap(), None);
        for nonsense in ["[]", "{}", "7", r#"{"hash":"0x1","input":"0x"}"#] {
            assert!(sent(nonsense, hash).is_err(), "{nonsense}");
        }
    }
}
