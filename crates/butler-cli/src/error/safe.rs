//! What can go wrong with a Safe, its service, or the key that proposes.

use butler_core::chain::SafeReadError;
use butler_core::client::http::HttpSetupError;
use butler_core::client::safe::{NotPrepared, ServiceError};
use butler_core::runtime::exit::Exit;
use butler_core::sign::{KeyError, SignError};
use butler_core::store::file::StoreError;
use butler_core::store::record::RecordError;
use butler_core::transaction::safe::{ProposerFault, Undecided};
use ethers_core::types::H256;
use thiserror::Error;

use super::rpc::{rpc_exit, rpc_hint};

/// Why nothing is known of a Safe, or nothing is proposed to it.
#[derive(Debug, Error)]
pub enum SafeFault {
    /// No service is known for the chain.
    #[error("network `{0}` has no service where transactions of Safes are proposed")]
    NoService(String),
    /// The client of the service cannot be built.
    #[error("failed to set up the Safe service")]
    Setup(#[source] HttpSetupError),
    /// It is not clear which Safe is meant.
    #[error("the configured providers have {0} admins, and this is about one Safe")]
    NotOneSafe(usize),
    /// A proposal has no text that a file could have.
    #[error("a proposal goes to the service and into no file")]
    NoFile,
    /// No key proposes.
    #[error("network `{0}` has no key that proposes")]
    NoProposer(String),
    /// The key cannot be used.
    #[error("failed to open the key that proposes")]
    Key(#[source] KeyError),
    /// The chain does not tell the Safe.
    #[error("failed to read the Safe")]
    Read(#[source] SafeReadError),
    /// The service does not do what it is asked for.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The account must not propose.
    #[error(transparent)]
    Proposer(#[from] ProposerFault),
    /// It cannot be decided whether to propose.
    #[error(transparent)]
    Undecided(#[from] Undecided),
    /// Some of it waits already.
    #[error("some of these calls wait as transaction {transaction:?} of nonce {nonce} already")]
    Partly {
        /// Its hash.
        transaction: H256,
        /// Its nonce.
        nonce: u64,
    },
    /// The contract makes another hash of what is to be signed.
    #[error("the Safe says that the transaction has the hash {told:?}, and it is {computed:?}")]
    OtherHash {
        /// What it says.
        told: H256,
        /// What the fields make.
        computed: H256,
    },
    /// The key does not sign.
    #[error("failed to sign the proposal")]
    Sign(#[source] SignError),
    /// What was signed may not be sent.
    #[error("the proposal cannot be made")]
    NotPrepared(#[source] NotPrepared),
    /// It has its end already, and there is nothing to delete.
    #[error("transaction {hash:?} of nonce {nonce} was executed, or another one of its nonce")]
    Over {
        /// Its hash.
        hash: H256,
        /// Its nonce.
        nonce: u64,
    },
    /// Only who proposed it can delete it.
    #[error("the key that proposes did not propose transaction {0:?}")]
    NotOurs(H256),
    /// Deleting it would stop nobody.
    #[error("enough owners signed transaction {0:?}: whoever has their signatures can execute it, deleted or not")]
    Signed(H256),
    /// The service said yes, and has it.
    #[error("the Safe service has transaction {0:?} still")]
    StillThere(H256),
    /// Another command is at it.
    #[error("another command is at work on this Safe")]
    Busy,
    /// What was written down of proposals cannot be used, so that it is not known what was sent.
    #[error("failed to read what was proposed from here")]
    Journal(#[source] RecordError),
    /// A proposal is not sent that cannot be written down.
    #[error("failed to write down what is proposed from here")]
    NotKept(#[source] StoreError),
}

impl SafeFault {
    /// The exit code.
    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::NoService(_) | Self::Setup(_) | Self::NoProposer(_) | Self::Key(_) => Exit::Configuration,
            Self::NotOneSafe(_) | Self::NoFile => Exit::Usage,
            Self::Read(SafeReadError::Rpc(error)) => rpc_exit(error),
            Self::Read(SafeReadError::Decode(_)) | Self::Undecided(Undecided::Behind(_)) => Exit::Upstream,
            Self::Service(ServiceError::Spent(_) | ServiceError::NotSent(_) | ServiceError::Refused { .. })
            | Self::Read(SafeReadError::Disputed(_) | SafeReadError::NotASafe(_))
            | Self::Proposer(_)
            | Self::Undecided(_)
            | Self::Partly { .. }
            | Self::OtherHash { .. }
            | Self::Sign(_)
            | Self::NotPrepared(_)
            | Self::Over { .. }
            | Self::NotOurs(_)
            | Self::Signed(_)
            | Self::Busy => Exit::Refused,
            Self::Service(_) | Self::StillThere(_) => Exit::Upstream,
            Self::Journal(_) | Self::NotKept(_) => Exit::LocalFile,
        }
    }

    /// What the operator can do about it; some say it themselves.
    pub(super) fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoService(network) => format!("set `url` in [networks.{network}.safe]"),
            Self::NotOneSafe(_) => "give `--safe ADDRESS`, or `--provider-id ID`".to_owned(),
            Self::NoFile => "leave out `--out`, or take `--form safe_builder`".to_owned(),
            Self::NoProposer(network) => format!(
                "set `proposer_keystore_file` and `proposer_password_file` in [networks.{network}.safe], or take `--form safe_builder`"
            ),
            Self::Read(SafeReadError::Rpc(error)) => return rpc_hint(error),
            Self::Read(SafeReadError::NotASafe(_)) => {
                "only a Safe is proposed to: `--form calldata` is for any other account".to_owned()
            }
            Self::Service(ServiceError::NotAnswered(_) | ServiceError::Failing(_) | ServiceError::RateLimited { .. }) => {
                "repeat the command later: what may have been sent is sent again as it was, and stays one proposal".to_owned()
            }
            Self::Service(ServiceError::Unauthorized(_)) => "see `api_key_file` in docs/configuration.md".to_owned(),
            Self::Service(ServiceError::Spent(_)) => "`requests_per_month` sets how many there are".to_owned(),
            Self::Undecided(Undecided::Behind(_)) => "repeat the command when the endpoint has the newest block".to_owned(),
            Self::Partly { .. } => {
                "look at it with `butler-cli safe proposals`, then sign or reject it; what is left is proposed afterwards".to_owned()
            }
            Self::Journal(_) => {
                "look at the queue in Safe's web interface, and move the file away: then only the service says what was proposed".to_owned()
            }
            Self::NotOurs(_) => "who proposed it can delete it in Safe's web interface, and owners can reject it".to_owned(),
            Self::Signed(_) => {
                "have owners reject it in Safe's web interface: they execute another transaction of the same nonce".to_owned()
            }
            Self::StillThere(_) => "repeat the command".to_owned(),
            Self::Busy => "wait for it to end".to_owned(),
            Self::Setup(_)
            | Self::Key(_)
            | Self::Read(_)
            | Self::Service(_)
            | Self::Proposer(_)
            | Self::Undecided(_)
            | Self::OtherHash { .. }
            | Self::Sign(_)
            | Self::NotPrepared(_)
            | Self::Over { .. }
            | Self::NotKept(_) => return None,
        })
    }
}
