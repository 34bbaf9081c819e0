//! Why there is no snapshot, by what the operator does next.

use std::fmt;

use ethers_core::types::Address;
use thiserror::Error;

use crate::client::error::{ErrorKind, RpcError};
use crate::client::l1::L1Client;
use crate::contracts::call::DecodeError;
use crate::contracts::events::EventError;
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;

/// A contract that a snapshot reads, by the role that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Contract {
    /// Aztec's registry of rollups, from the configuration.
    AztecRegistry,
    /// The registry of staking providers, from the configuration.
    StakingRegistry,
    /// The canonical rollup, from Aztec's registry.
    Rollup,
    /// The governance staking escrow, from the rollup.
    Gse,
    /// The rollup's slasher, from the rollup.
    Slasher,
    /// The slasher's proposer, from the slasher.
    SlashingProposer,
    /// Aztec's governance, from Aztec's registry.
    Governance,
    /// Where signals for payloads are counted, from the governance.
    GovernanceProposer,
    /// A delegation's split.
    Split,
    /// The escape hatch, from the rollup.
    EscapeHatch,
    /// No contract: an account whose balance is read.
    Account,
}

impl fmt::Display for Contract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AztecRegistry => "Aztec Registry",
            Self::StakingRegistry => "StakingRegistry",
            Self::Rollup => "rollup",
            Self::Gse => "GSE",
            Self::Slasher => "slasher",
            Self::SlashingProposer => "slashing proposer",
            Self::Governance => "governance",
            Self::GovernanceProposer => "governance proposer",
            Self::Split => "split",
            Self::EscapeHatch => "escape hatch",
            Self::Account => "account",
        })
    }
}

/// Why there is no snapshot.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// No endpoint answered.
    #[error("failed to read the chain")]
    Rpc(#[source] RpcError),
    /// The address holds no contract, or another one.
    #[error("no {contract} answers at {}", checksummed(.address))]
    NoContract {
        /// The role that the address should have.
        contract: Contract,
        /// The address.
        address: Address,
        /// What came back.
        #[source]
        source: DecodeError,
    },
    /// The contract is there and lacks a function that we need.
    #[error("the {contract} at {} does not answer `{function}`: this version of it is not supported", checksummed(.address))]
    Unsupported {
        /// The contract's role.
        contract: Contract,
        /// Its address.
        address: Address,
        /// The function.
        function: String,
    },
    /// An answer that cannot be.
    #[error("the {contract} at {} answered nonsense{}", checksummed(.address), by(.giver.as_ref()))]
    Nonsense {
        /// The contract's role.
        contract: Contract,
        /// Its address.
        address: Address,
        /// Who says so, when nobody else was heard to say the same; `None` when that is what the contract answers.
        giver: Option<Giver>,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
    /// A log of ours that does not decode.
    #[error("failed to read the ledger of delegations")]
    Ledger(#[source] EventError),
    /// No provider has that id.
    #[error("provider {0} is not registered")]
    UnknownProvider(ProviderId),
    /// No provider has that admin.
    #[error("no provider has the admin {}", checksummed(.0))]
    UnknownAdmin(Address),
    /// The StakingRegistry takes its rollups from another registry than the configured one.
    #[error(
        "the StakingRegistry {} stakes for the rollups of the Aztec Registry {}, not of {}",
        checksummed(.staking_registry), checksummed(.actual), checksummed(.configured)
    )]
    ForeignRegistry {
        /// The StakingRegistry.
        staking_registry: Address,
        /// The Aztec Registry of the configuration.
        configured: Address,
        /// The one that it names.
        actual: Address,
    },
    /// The chain is not the one of the preset that the configuration takes its addresses from.
    #[error("the preset `{preset}`, for chain {chain_id}, does not fit the chain that is read")]
    Preset {
        /// The preset.
        preset: &'static str,
        /// Its chain.
        chain_id: u64,
        /// What does not fit.
        #[source]
        source: Box<Self>,
    },
    /// The chain moved away under the snapshot, time and again.
    #[error("the newest block was gone in each of {attempts} attempts to read it, the last time at {endpoint}")]
    Reorganised {
        /// Where it was gone the last time.
        endpoint: String,
        /// How often it was tried.
        attempts: u32,
    },
}

impl SnapshotError {
    /// With the preset that does not fit, where there is one and that is what the error says: another chain, or no such registries
    /// there.
    #[must_use]
    pub(super) fn naming(self, preset: Option<&'static str>, chain_id: u64) -> Self {
        let is_misfit = match &self {
            Self::Rpc(error) => error.failure.kind() == ErrorKind::WrongChain,
            Self::NoContract { contract, .. } | Self::Unsupported { contract, .. } => {
                matches!(contract, Contract::AztecRegistry | Contract::StakingRegistry)
            }
            Self::ForeignRegistry { .. } => true,
            Self::Nonsense { .. }
            | Self::Ledger(_)
            | Self::UnknownProvider(_)
            | Self::UnknownAdmin(_)
            | Self::Preset { .. }
            | Self::Reorganised { .. } => false,
        };
        match preset.filter(|_| is_misfit) {
            Some(preset) => Self::Preset { preset, chain_id, source: Box::new(self) },
            None => self,
        }
    }
}

/// An endpoint that gave an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giver {
    /// Its index among the client's endpoints.
    pub index: usize,
    /// Its name.
    pub name: String,
}

impl Giver {
    /// The endpoint of that index.
    pub(super) fn of(client: &L1Client, index: usize) -> Option<Self> {
        client.endpoints().get(index).map(|endpoint| Self { index, name: endpoint.name().to_owned() })
    }
}

fn by(giver: Option<&Giver>) -> String {
    giver.map(|giver| format!(", as {} has it", giver.name)).unwrap_or_default()
}
