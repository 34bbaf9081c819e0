//! Why something was not proposed, or is not known of a proposal: to be tried again, or for a person.

use butler_core::chain::SafeReadError;
use butler_core::client::error::RpcError;
use butler_core::client::http::HttpSetupError;
use butler_core::client::safe::{NotPrepared, ServiceError};
use butler_core::proposing::NotKnown;
use butler_core::runtime::report::one_line;
use butler_core::sign::{KeyError, SignError};
use butler_core::transaction::executed;
use butler_core::transaction::reading::ReadingError;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::safe::{ProposerFault, Undecided};
use butler_core::transaction::simulation::SimulationError;
use ethers_core::types::H256;
use thiserror::Error;

/// What went wrong.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    #[error("failed to read the chain: {0}")]
    Snapshot(String),
    #[error("failed to read the chain")]
    Rpc(#[from] RpcError),
    #[error(transparent)]
    Reading(#[from] ReadingError),
    #[error("failed to read the Safe")]
    Safe(#[from] SafeReadError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("the service of Safes cannot be set up")]
    Setup(#[from] HttpSetupError),
    #[error("no service of Safes is configured for this network")]
    NoService,
    #[error("no key that proposes is configured for this network")]
    NoProposer,
    #[error("the key that proposes cannot be used")]
    Key(#[from] KeyError),
    #[error("failed to sign the proposal")]
    Sign(#[from] SignError),
    #[error(transparent)]
    Proposer(#[from] ProposerFault),
    #[error(transparent)]
    Undecided(#[from] Undecided),
    #[error("the proposal cannot be made")]
    NotPrepared(#[from] NotPrepared),
    #[error("the Safe says that the transaction has the hash {told:?}, and it is {computed:?}")]
    OtherHash { told: H256, computed: H256 },
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error(
        "some of these calls wait as transaction {transaction:?} of nonce {nonce} already: sign or reject that one first"
    )]
    Partly { transaction: H256, nonce: u64 },
    #[error("{0}")]
    NotNow(String),
}

impl From<NotKnown> for Trouble {
    fn from(error: NotKnown) -> Self {
        match error {
            NotKnown::Rpc(error) => Self::Rpc(error),
            NotKnown::Service(error) => Self::Service(error),
        }
    }
}

impl From<executed::NotKnown> for Trouble {
    fn from(error: executed::NotKnown) -> Self {
        match error {
            executed::NotKnown::Rpc(error) => Self::Rpc(error),
            error @ executed::NotKnown::Unconfirmed(_) => Self::NotNow(error.to_string()),
        }
    }
}

impl From<SimulationError> for Trouble {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Rpc(error) => Self::Rpc(error),
            SimulationError::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

impl Trouble {
    /// Whether waiting may mend it.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Snapshot(_) | Self::Rpc(_) | Self::Reading(_) | Self::NotNow(_) => true,
            Self::Safe(error) => match error {
                SafeReadError::Rpc(_) | SafeReadError::Disputed(_) | SafeReadError::Decode(_) => true,
                SafeReadError::NotASafe(_) => false,
            },
            Self::Service(error) => match error {
                ServiceError::NotAnswered(_)
                | ServiceError::RateLimited { .. }
                | ServiceError::Failing(_)
                | ServiceError::Malformed(_)
                | ServiceError::Changing
                | ServiceError::Spent(_) => true,
                ServiceError::NotSent(_)
                | ServiceError::Unauthorized(_)
                | ServiceError::NotFound(_)
                | ServiceError::Refused { .. }
                | ServiceError::TooMany(_)
                | ServiceError::Lie(_) => false,
            },
            Self::Undecided(error) => matches!(error, Undecided::Behind(_)),
            Self::Refused(refusal) => matches!(refusal, Refusal::Unconfirmed(_)),
            Self::Setup(_)
            | Self::NoService
            | Self::NoProposer
            | Self::Key(_)
            | Self::Sign(_)
            | Self::Proposer(_)
            | Self::NotPrepared(_)
            | Self::OtherHash { .. }
            | Self::Partly { .. } => false,
        }
    }

    /// It in one line, with what a person can do about it.
    pub(super) fn told(&self) -> String {
        let hint = if let Self::Refused(refusal) = self { refusal.hint() } else { None };
        let hint = hint.map(|hint| format!(" (hint: {hint})")).unwrap_or_default();
        format!("{}{hint}", one_line(self))
    }
}
