//! Deleting a proposal: by whoever proposed it, signed for this hour or the one before.

use std::time::{SystemTime, UNIX_EPOCH};

use ethers_core::abi::{Token, encode};
use ethers_core::types::{Address, H256, RecoveryMessage, Signature, U256};
use ethers_core::utils::{hex, keccak256};
use serde_json::{Value, json};

use super::state::{Reply, Service};

pub(super) fn remove(service: &Service, hash: &str, body: &[u8]) -> Reply {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut state = service.state();
    let Some((hash, kept)) = hash.parse::<H256>().ok().and_then(|hash| Some((hash, state.transactions.get(&hash)?)))
    else {
        return (404, Some(json!({ "detail": "Not found." })));
    };
    if kept.is_executed {
        return (400, Some(json!({ "nonFieldErrors": ["Executed transactions cannot be deleted"] })));
    }
    let signature = body["signature"].as_str().and_then(|text| hex::decode(text).ok()).unwrap_or_default();
    let signer = |totp: u64| {
        let digest = digest(service.chain_id, kept.safe, hash, totp);
        Signature::try_from(signature.as_slice()).ok()?.recover(RecoveryMessage::Hash(digest)).ok()
    };
    #[expect(clippy::disallowed_methods, reason = "the real service asks its own clock")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()) / 3_600;
    let is_proposer = |signer: Address| signer == kept.proposer || Some(signer) == kept.delegate;
    if ![now, now.saturating_sub(1)].into_iter().filter_map(signer).any(is_proposer) {
        return (400, Some(json!({ "nonFieldErrors": ["Provided owner is not the proposer of the transaction"] })));
    }
    state.transactions.remove(&hash);
    (204, None)
}

fn digest(chain_id: u64, safe: Address, transaction: H256, totp: u64) -> H256 {
    let hash = |text: &str| Token::FixedBytes(keccak256(text).to_vec());
    let domain = keccak256(encode(&[
        hash("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
        hash("Safe Transaction Service"),
        hash("1.0"),
        Token::Uint(chain_id.into()),
        Token::Address(safe),
    ]));
    let request = keccak256(encode(&[
        hash("DeleteRequest(bytes32 safeTxHash,uint256 totp)"),
        Token::FixedBytes(transaction.as_bytes().to_vec()),
        Token::Uint(U256::from(totp)),
    ]));
    H256(keccak256([[0x19, 1].as_slice(), &domain, &request].concat()))
}
