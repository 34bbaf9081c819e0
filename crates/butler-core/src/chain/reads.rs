//! A list of contract reads whose answers are fetched together and taken out by type.

use std::marker::PhantomData;

use ethers_contract::EthCall;
use ethers_core::abi::{AbiDecode, AbiEncode, AbiType, ParamType};
use ethers_core::types::{Address, Bytes, U256};

use super::error::{Contract, Giver, SnapshotError};
use crate::client::error::{RpcError, RpcFailure};
use crate::client::l1::L1Client;
use crate::client::opinion::Told;
use crate::contracts::call::{Call, DecodeError, decode_return};
use crate::contracts::multicall::Outcome;
use crate::domain::block::BlockRef;

/// Reads that go out together.
#[derive(Debug, Default)]
pub(super) struct Reads {
    calls: Vec<Call>,
    contracts: Vec<Contract>,
}

/// Where the answer to one read will be, and its type.
#[derive(Debug)]
pub(super) struct Slot<R> {
    index: usize,
    answer: PhantomData<fn() -> R>,
}

/// The answers, and who gave them.
#[derive(Debug)]
pub(super) struct Answers {
    reads: Reads,
    told: Told,
    giver: Option<Giver>,
    witness: Option<Giver>,
}

impl Reads {
    /// Adds a read that costs about `gas`.
    pub(super) fn push<C: EthCall + AbiEncode, R>(
        &mut self,
        contract: Contract,
        address: Address,
        gas: u64,
        call: C,
    ) -> Slot<R> {
        self.add(contract, Call::new(address, call).with_gas(gas))
    }

    /// Adds a read of a function that contracts of some versions lack.
    pub(super) fn push_if_supported<C: EthCall + AbiEncode, R>(
        &mut self,
        contract: Contract,
        address: Address,
        gas: u64,
        call: C,
    ) -> Slot<R> {
        self.add(contract, Call::new(address, call).with_gas(gas).optional())
    }

    /// Adds a read of a function that the contract most likely lacks: that it fails is known with the first answer.
    pub(super) fn push_doubtful<C: EthCall + AbiEncode, R>(
        &mut self,
        contract: Contract,
        address: Address,
        gas: u64,
        call: C,
    ) -> Slot<R> {
        self.add(contract, Call::new(address, call).with_gas(gas).alone())
    }

    /// Adds a read of a function whose reverts tell something by their reason; see [`Answers::checked_or_reason`].
    pub(super) fn push_telling<C: EthCall + AbiEncode, R>(
        &mut self,
        contract: Contract,
        address: Address,
        gas: u64,
        call: C,
    ) -> Slot<R> {
        self.add(contract, Call::new(address, call).with_gas(gas).telling())
    }

    /// Adds a question to a contract that gets just so much gas, and answers yes or no.
    pub(super) fn push_limited(
        &mut self,
        contract: Contract,
        address: Address,
        function: &'static str,
        data: Bytes,
        limit: u64,
    ) -> Slot<bool> {
        self.add(contract, Call::limited(address, function, data, limit))
    }

    /// Adds the balance of an account.
    pub(super) fn push_balance(&mut self, account: Address) -> Slot<U256> {
        self.add(Contract::Account, Call::balance(account))
    }

    fn add<R>(&mut self, contract: Contract, call: Call) -> Slot<R> {
        self.calls.push(call);
        self.contracts.push(contract);
        Slot { index: self.calls.len() - 1, answer: PhantomData }
    }

    /// Makes room for so many more: a list that grows by doubling is held twice.
    pub(super) fn reserve(&mut self, reads: usize) {
        self.calls.reserve_exact(reads);
        self.contracts.reserve_exact(reads);
    }

    /// How many reads there are.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Fetches all of them at one block.
    pub(super) async fn fetch(self, client: &L1Client, pin: &BlockRef) -> Result<Answers, SnapshotError> {
        let told = client.calls(pin, &self.calls).await.map_err(SnapshotError::Rpc)?;
        let giver = Giver::of(client, told.giver);
        let witness = told.witness.and_then(|index| Giver::of(client, index));
        Ok(Answers { reads: self, told, giver, witness })
    }
}

impl Answers {
    /// Takes an answer that must be there.
    pub(super) fn get<R: AbiDecode + AbiType>(&self, slot: &Slot<R>) -> Result<R, SnapshotError> {
        self.checked(slot, Ok)
    }

    /// Takes an answer that older versions do not give.
    pub(super) fn get_if_supported<R: AbiDecode + AbiType>(&self, slot: &Slot<R>) -> Result<Option<R>, SnapshotError> {
        match self.get(slot) {
            Ok(answer) => Ok(Some(answer)),
            Err(SnapshotError::Unsupported { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes an answer and checks it. Of two endpoints that answer differently, one whose answer cannot be is to blame.
    pub(super) fn checked<R: AbiDecode + AbiType, T>(
        &self,
        slot: &Slot<R>,
        check: impl Fn(R) -> Result<T, DecodeError>,
    ) -> Result<T, SnapshotError> {
        self.checked_or_reason(slot, check, |_| None)
    }

    /// Takes an answer and checks it, or what `reason` makes of a revert's. A revert of which it makes nothing is no answer.
    pub(super) fn checked_or_reason<R: AbiDecode + AbiType, T>(
        &self,
        slot: &Slot<R>,
        check: impl Fn(R) -> Result<T, DecodeError>,
        reason: impl Fn(&[u8]) -> Option<T>,
    ) -> Result<T, SnapshotError> {
        let take = (&check, &reason);
        let Some(other) = self.told.disputed.get(&slot.index) else {
            return self.read(slot, self.told.outcomes.get(slot.index), take, self.only_giver());
        };
        let told = self.read(slot, self.told.outcomes.get(slot.index), take, self.giver.as_ref());
        let is_disputed = |error: &SnapshotError| {
            let is_silence = matches!(error, SnapshotError::Unsupported { .. } | SnapshotError::NoContract { .. });
            let call = self.question(slot).0;
            is_silence && (call.is_optional || call.tells_by_reverting)
        };
        match (told, self.read(slot, Some(other), take, self.witness.as_ref())) {
            (Err(error), Ok(_)) | (Ok(_), Err(error)) if !is_disputed(&error) => Err(error),
            (Err(error), Err(_)) => Err(error),
            (_, _) => Err(self.disputed(&self.question(slot).0.function)),
        }
    }

    /// Whether the answer has more words than the type of a getter that is not known for certain.
    pub(super) fn is_longer<R: AbiType>(&self, slot: &Slot<R>) -> bool {
        let outcome = self.told.outcomes.get(slot.index).filter(|_| !self.is_disputed(slot));
        matches!(outcome, Some(Outcome::Returned(data)) if is_longer(&R::param_type(), data.len()))
    }

    /// Whether two endpoints answer it differently, and nobody decides.
    pub(super) fn is_disputed<R>(&self, slot: &Slot<R>) -> bool {
        self.told.disputed.contains_key(&slot.index)
    }

    /// Answers that each can be, and together cannot.
    pub(super) fn nonsense(
        &self,
        (contract, address): (Contract, Address),
        function: &'static str,
        problem: impl Into<String>,
    ) -> SnapshotError {
        let source = DecodeError::nonsense(function, problem);
        SnapshotError::Nonsense { contract, address, giver: self.only_giver().cloned(), source }
    }

    /// The same of what was answered `earlier` by whoever was alone then, and what is answered now.
    pub(super) fn contradicts(
        &self,
        earlier: Option<&Giver>,
        (contract, address): (Contract, Address),
        function: &'static str,
        problem: impl Into<String>,
    ) -> SnapshotError {
        let source = DecodeError::nonsense(function, problem);
        SnapshotError::Nonsense { contract, address, giver: self.only_giver().or(earlier).cloned(), source }
    }

    /// Who gave them, unless somebody else was heard to say the same.
    pub(super) fn only_giver(&self) -> Option<&Giver> {
        self.giver.as_ref().filter(|_| self.witness.is_none() && self.reads.len() > 0)
    }

    fn disputed(&self, function: &str) -> SnapshotError {
        let names: Vec<&str> =
            [&self.giver, &self.witness].into_iter().flatten().map(|one| one.name.as_str()).collect();
        SnapshotError::Rpc(RpcError {
            endpoint: names.join(" and "),
            method: "eth_call",
            failure: RpcFailure::Disputed { function: function.to_owned() },
        })
    }

    fn read<R: AbiDecode + AbiType, T>(
        &self,
        slot: &Slot<R>,
        outcome: Option<&Outcome>,
        (check, reason): (&impl Fn(R) -> Result<T, DecodeError>, &impl Fn(&[u8]) -> Option<T>),
        giver: Option<&Giver>,
    ) -> Result<T, SnapshotError> {
        let (call, contract) = self.question(slot);
        let address = call.address();
        match outcome {
            Some(Outcome::Returned(data)) => {
                decode_return(&call.function, data).and_then(check).map_err(|source| match source {
                    DecodeError::Empty { .. } => SnapshotError::NoContract { contract, address, source },
                    DecodeError::Abi { .. } | DecodeError::Nonsense { .. } => {
                        SnapshotError::Nonsense { contract, address, giver: giver.cloned(), source }
                    }
                })
            }
            Some(Outcome::Failed(data)) if let Some(told) = reason(data) => Ok(told),
            Some(Outcome::Failed(_)) | None => {
                Err(SnapshotError::Unsupported { contract, address, function: call.function.clone().into_owned() })
            }
        }
    }

    fn question<R>(&self, slot: &Slot<R>) -> (&Call, Contract) {
        #[expect(clippy::indexing_slicing, reason = "a slot is made by the list that it indexes")]
        (&self.reads.calls[slot.index], self.reads.contracts[slot.index])
    }
}

/// Whether so many bytes are more than an answer of static types has.
fn is_longer(kind: &ParamType, bytes: usize) -> bool {
    fn words(kind: &ParamType) -> Option<usize> {
        match kind {
            ParamType::Tuple(members) => members.iter().map(words).sum(),
            ParamType::FixedArray(member, count) => words(member)?.checked_mul(*count),
            ParamType::Address
            | ParamType::Int(_)
            | ParamType::Uint(_)
            | ParamType::Bool
            | ParamType::FixedBytes(_) => Some(1),
            ParamType::Bytes | ParamType::String | ParamType::Array(_) => None,
        }
    }
    words(kind).is_some_and(|words| bytes > words.saturating_mul(32))
}
