//! What the owners of a Safe sign: one transaction of the Safe, and its hash.

use ethers_core::types::{Address, Bytes, H256, U256};
use ethers_core::utils::keccak256;

use super::typed::{self, Word};

const DOMAIN: &str = "EIP712Domain(uint256 chainId,address verifyingContract)";
const TRANSACTION: &str = "SafeTx(address to,uint256 value,bytes data,uint8 operation,uint256 safeTxGas,uint256 baseGas,\
                           uint256 gasPrice,address gasToken,address refundReceiver,uint256 nonce)";

/// A Safe on its chain: what a signature is bound to, beside the transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeAccount {
    /// The chain.
    pub chain_id: u64,
    /// The Safe.
    pub address: Address,
}

/// How a Safe calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// As any account calls.
    Call,
    /// With the other's code run as if it were the Safe's own: it can do anything to the Safe.
    DelegateCall,
}

/// What a Safe pays to whoever executes a transaction; nothing, in all that is proposed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GasRefund {
    /// The gas that the call must have.
    pub safe_tx_gas: U256,
    /// The gas that is paid for beside.
    pub base_gas: U256,
    /// What a unit of gas is paid with; 0 pays nothing.
    pub gas_price: U256,
    /// In which token; zero is ether.
    pub gas_token: Address,
    /// To whom; zero is whoever executes.
    pub receiver: Address,
}

/// One transaction of a Safe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeTransaction {
    /// Whom the Safe calls.
    pub to: Address,
    /// In wei.
    pub value: U256,
    /// With what.
    pub data: Bytes,
    /// How.
    pub operation: Operation,
    /// What is paid for it.
    pub refund: GasRefund,
    /// The Safe's own number of it: each is used once, in their order.
    pub nonce: u64,
}

impl Operation {
    /// The number that stands for it.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Call => 0,
            Self::DelegateCall => 1,
        }
    }

    /// What stands for a number; `None` for one that no Safe knows.
    #[must_use]
    pub const fn from_code(code: u64) -> Option<Self> {
        match code {
            0 => Some(Self::Call),
            1 => Some(Self::DelegateCall),
            _ => None,
        }
    }
}

impl SafeAccount {
    /// The hash of what typed data of this Safe begins with.
    fn domain(&self) -> Word {
        typed::structure(&[keccak256(DOMAIN), typed::number(self.chain_id.into()), typed::address(self.address)])
    }
}

impl SafeTransaction {
    /// The hash that is signed, the same as `getTransactionHash` of every version from 1.3.0 to 1.5.0.
    #[must_use]
    pub fn hash(&self, safe: &SafeAccount) -> H256 {
        let refund = &self.refund;
        let structure = typed::structure(&[
            keccak256(TRANSACTION),
            typed::address(self.to),
            typed::number(self.value),
            keccak256(&self.data),
            typed::number(self.operation.code().into()),
            typed::number(refund.safe_tx_gas),
            typed::number(refund.base_gas),
            typed::number(refund.gas_price),
            typed::address(refund.gas_token),
            typed::address(refund.receiver),
            typed::number(self.nonce.into()),
        ]);
        typed::digest(&safe.domain(), &structure)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The constants stand in the sources of the contracts of each version.
    #[test]
    fn the_types_are_those_of_the_contracts() {
        let hash = |text: &str| format!("{:?}", H256(keccak256(text)));
        assert_eq!(hash(DOMAIN), "0x47e79534a245952e8b16893a336b85a3d9ea9fa8c573f3d803afb92a79469218");
        assert_eq!(hash(TRANSACTION), "0xbb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8");
    }

    #[test]
    fn an_operation_is_one_of_two() {
        assert_eq!(
            [0, 1, 2, 255].map(Operation::from_code),
            [Some(Operation::Call), Some(Operation::DelegateCall), None, None]
        );
    }
}
