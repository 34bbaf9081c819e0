//! A list of contract reads whose answers are fetched together and taken out by type.

use std::marker::PhantomData;

use ethers_contract::EthCall;
use ethers_core::abi::{AbiDecode, AbiEncode, AbiType};
use ethers_core::types::{Address, Bytes, U256};

use super::error::{Contract, SnapshotError};
use crate::client::l1::L1Client;
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

/// The answers.
#[derive(Debug)]
pub(super) struct Answers {
    reads: Reads,
    outcomes: Vec<Outcome>,
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

    /// How many reads there are.
    pub(super) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Fetches all of them at one block.
    pub(super) async fn fetch(self, client: &L1Client, pin: &BlockRef) -> Result<Answers, SnapshotError> {
        let outcomes = client.calls(pin, &self.calls).await.map_err(SnapshotError::Rpc)?;
        Ok(Answers { reads: self, outcomes })
    }
}

impl Answers {
    /// Takes an answer that must be there.
    pub(super) fn get<R: AbiDecode + AbiType>(&self, slot: &Slot<R>) -> Result<R, SnapshotError> {
        let (call, contract) = self.read(slot);
        match self.outcomes.get(slot.index) {
            Some(Outcome::Returned(data)) => {
                decode_return(&call.function, data).map_err(|source| blame(contract, call.address(), source))
            }
            Some(Outcome::Failed(_)) | None => Err(SnapshotError::Unsupported {
                contract,
                address: call.address(),
                function: call.function.clone().into_owned(),
            }),
        }
    }

    /// Takes an answer that older versions do not give.
    pub(super) fn get_if_supported<R: AbiDecode + AbiType>(&self, slot: &Slot<R>) -> Result<Option<R>, SnapshotError> {
        match self.get(slot) {
            Ok(answer) => Ok(Some(answer)),
            Err(SnapshotError::Unsupported { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes an answer and checks it.
    pub(super) fn checked<R: AbiDecode + AbiType, T>(
        &self,
        slot: &Slot<R>,
        check: impl FnOnce(R) -> Result<T, DecodeError>,
    ) -> Result<T, SnapshotError> {
        let (call, contract) = self.read(slot);
        check(self.get(slot)?).map_err(|source| blame(contract, call.address(), source))
    }

    fn read<R>(&self, slot: &Slot<R>) -> (&Call, Contract) {
        #[expect(clippy::indexing_slicing, reason = "a slot is made by the list that it indexes")]
        (&self.reads.calls[slot.index], self.reads.contracts[slot.index])
    }
}

fn blame(contract: Contract, address: Address, source: DecodeError) -> SnapshotError {
    match source {
        DecodeError::Empty { .. } => SnapshotError::NoContract { contract, address, source },
        DecodeError::Abi { .. } | DecodeError::Nonsense { .. } => SnapshotError::Nonsense { contract, address, source },
    }
}
