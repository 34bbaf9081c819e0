//! One read of one contract: where it goes, what it says, and how its answer is decoded.
//!
//! An answer of no bytes comes from an address without code and is told apart from an answer that does not decode.

use std::borrow::Cow;

use ethers_contract::EthCall;
use ethers_core::abi::{AbiDecode, AbiEncode, AbiType, ParamType};
use ethers_core::types::{Address, Bytes};
use thiserror::Error;

use super::guard;

/// What is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A view function of a contract.
    Function {
        /// The contract.
        to: Address,
        /// Selector and arguments.
        data: Bytes,
    },
    /// An account's balance in wei; Multicall3 answers it among calls, `eth_getBalance` on its own.
    Balance(Address),
}

/// One read, encoded. Its answer is ABI-encoded in either case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is read.
    pub target: Target,
    /// The function's name, for messages.
    pub function: Cow<'static, str>,
    /// What the call costs at most, in gas: an estimate that decides how many calls fit into one request.
    pub gas: u64,
    /// The gas that the contract itself gets at most, where that is part of the question. Such a call goes alone, and
    /// whatever keeps it from answering is an answer.
    pub limit: Option<u64>,
    /// Whether contracts of some versions lack the function, so that a revert is as good as an answer.
    pub is_optional: bool,
    /// Whether the contract most likely lacks it: such a call goes beside the others and not in a pack, where its failure would
    /// have to be asked again.
    pub goes_alone: bool,
    /// Whether the reason of a revert is an answer, too: endpoints are compared by it as by what a call returns.
    pub tells_by_reverting: bool,
}

/// Gas that most getters stay under: a handful of cold storage reads behind one or two delegate calls.
pub const GETTER_GAS: u64 = 60_000;
const BALANCE_GAS: u64 = 10_000;

impl Call {
    /// Encodes a call of a getter.
    #[must_use]
    pub fn new<C: EthCall + AbiEncode>(to: Address, call: C) -> Self {
        Self {
            target: Target::Function { to, data: call.encode().into() },
            function: C::function_name(),
            gas: GETTER_GAS,
            limit: None,
            is_optional: false,
            goes_alone: false,
            tells_by_reverting: false,
        }
    }

    /// Reads an account's balance.
    #[must_use]
    pub fn balance(account: Address) -> Self {
        let function = Cow::Borrowed("eth_getBalance");
        let target = Target::Balance(account);
        let gas = BALANCE_GAS;
        let (is_optional, goes_alone, tells_by_reverting) = (false, false, false);
        Self { target, function, gas, limit: None, is_optional, goes_alone, tells_by_reverting }
    }

    /// Encoded bytes for a contract that gets just so much gas.
    #[must_use]
    pub fn limited(to: Address, function: &'static str, data: Bytes, limit: u64) -> Self {
        let function = Cow::Borrowed(function);
        let target = Target::Function { to, data };
        let (is_optional, goes_alone, tells_by_reverting) = (false, true, false);
        Self { target, function, gas: limit, limit: Some(limit), is_optional, goes_alone, tells_by_reverting }
    }

    /// The contract that is asked, or the account whose balance is read.
    #[must_use]
    pub fn address(&self) -> Address {
        match &self.target {
            Target::Function { to, .. } => *to,
            Target::Balance(account) => *account,
        }
    }

    /// The same call of a function that contracts of some versions lack.
    #[must_use]
    pub fn optional(self) -> Self {
        Self { is_optional: true, ..self }
    }

    /// The same call of a function that the contract most likely lacks.
    #[must_use]
    pub fn alone(self) -> Self {
        Self { is_optional: true, goes_alone: true, ..self }
    }

    /// The same call of a function whose reverts tell something by their reason.
    #[must_use]
    pub fn telling(self) -> Self {
        Self { tells_by_reverting: true, ..self }
    }

    /// The same call with another estimate of its gas.
    #[must_use]
    pub fn with_gas(self, gas: u64) -> Self {
        Self { gas, ..self }
    }
}

/// An answer that is not what the function's ABI says.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// No bytes came back: nothing at that address answers.
    #[error("`{function}` answered with no data: no contract there, or one without this function")]
    Empty {
        /// The function that was called.
        function: Cow<'static, str>,
    },
    /// The bytes do not decode.
    #[error("the answer of `{function}` does not decode")]
    Abi {
        /// The function that was called.
        function: Cow<'static, str>,
        /// What the decoder said.
        #[source]
        source: ethers_core::abi::AbiError,
    },
    /// The bytes decode to something that cannot be.
    #[error("the answer of `{function}` makes no sense: {problem}")]
    Nonsense {
        /// The function that was called.
        function: Cow<'static, str>,
        /// What is wrong with it.
        problem: String,
    },
}

impl DecodeError {
    /// Nonsense in the answer of `function`.
    pub fn nonsense(function: impl Into<Cow<'static, str>>, problem: impl Into<String>) -> Self {
        Self::Nonsense { function: function.into(), problem: problem.into() }
    }

    /// The function that was called.
    #[must_use]
    pub fn function(&self) -> &str {
        let (Self::Empty { function } | Self::Abi { function, .. } | Self::Nonsense { function, .. }) = self;
        function
    }
}

/// Decodes the answer to a call of `function`.
///
/// # Errors
/// `Empty` when there are no bytes, `Abi` when they do not decode, `Nonsense` when they would become more than they are.
pub fn decode_return<R: AbiDecode + AbiType>(function: &str, data: &[u8]) -> Result<R, DecodeError> {
    if data.is_empty() {
        return Err(DecodeError::Empty { function: function.to_owned().into() });
    }
    let kind = R::param_type();
    let types = if let ParamType::Tuple(types) = &kind { types.as_slice() } else { std::slice::from_ref(&kind) };
    if !guard::is_bounded(types, data) {
        return Err(DecodeError::nonsense(function.to_owned(), "values that share their places"));
    }
    R::decode(data).map_err(|source| DecodeError::Abi { function: function.to_owned().into(), source })
}
