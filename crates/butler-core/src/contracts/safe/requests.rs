//! What is signed for Safe's transaction service itself: to delete a proposal, to name a delegate.
//!
//! Each counts for the hour that it names and the one after it.

use ethers_core::types::{Address, H256};
use ethers_core::utils::keccak256;

use super::transaction::SafeAccount;
use super::typed::{self, Word};

const NAME: &str = "Safe Transaction Service";
const VERSION: &str = "1.0";
/// How long one number of the hour stands, in seconds since 1970.
pub const TOTP_SECONDS: u64 = 3_600;

/// Something that is asked of the service, signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRequest {
    /// A proposal that was not executed is to be deleted, by whoever proposed it.
    Delete {
        /// Whose.
        safe: SafeAccount,
        /// Its hash.
        transaction: H256,
    },
    /// An owner names somebody who may propose, or takes that back.
    Delegate {
        /// The chain.
        chain_id: u64,
        /// Who may propose.
        delegate: Address,
    },
}

impl ServiceRequest {
    /// The hash that is signed at `now`, in unix seconds.
    #[must_use]
    pub fn hash(&self, now: u64) -> H256 {
        let totp = typed::number((now / TOTP_SECONDS).into());
        match self {
            Self::Delete { safe, transaction } => {
                let kind = keccak256("DeleteRequest(bytes32 safeTxHash,uint256 totp)");
                typed::digest(
                    &domain(safe.chain_id, Some(safe.address)),
                    &typed::structure(&[kind, transaction.0, totp]),
                )
            }
            Self::Delegate { chain_id, delegate } => {
                let kind = keccak256("Delegate(address delegateAddress,uint256 totp)");
                typed::digest(&domain(*chain_id, None), &typed::structure(&[kind, typed::address(*delegate), totp]))
            }
        }
    }
}

fn domain(chain_id: u64, contract: Option<Address>) -> Word {
    let kind = match contract {
        Some(_) => "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        None => "EIP712Domain(string name,string version,uint256 chainId)",
    };
    let mut words = vec![keccak256(kind), keccak256(NAME), keccak256(VERSION), typed::number(chain_id.into())];
    words.extend(contract.map(typed::address));
    typed::structure(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashed by viem.
    #[test]
    fn both_requests_are_hashed_as_wallets_do() {
        let safe = SafeAccount { chain_id: 11_155_111, address: Address::repeat_byte(0x5a) };
        let delete = ServiceRequest::Delete { safe, transaction: H256::repeat_byte(9) };
        let delegate = ServiceRequest::Delegate { chain_id: 11_155_111, delegate: Address::repeat_byte(7) };
        // The first second of an hour, and its last.
        for now in [497_777 * TOTP_SECONDS, 497_778 * TOTP_SECONDS - 1] {
            let hashes = [delete, delegate].map(|request| format!("{:?}", request.hash(now)));
            assert_eq!(
                hashes,
                [
                    "0xd874be271982ce7ba516f2d38f66c155386a1cae475df42a59de35ca3ca8d4e1",
                    "0xbc06b8f9259835ec57511f230859d96f956dab045a69a85fee528ed4d0da222d"
                ]
            );
        }
        assert_ne!(delete.hash(0), delete.hash(TOTP_SECONDS));
    }
}
