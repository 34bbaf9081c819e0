//! What can go wrong in a command: its message, its hint and its exit code.

mod rpc;
mod safe;
mod signed;

use std::{fmt, io};

use butler_core::chain::SnapshotError;
use butler_core::client::error::RpcError;
use butler_core::config::ConfigError;
use butler_core::control::AskError;
use butler_core::domain::provider::publisher::TopUpError;
use butler_core::network::NetworkError;
use butler_core::runtime::exit::Exit;
use butler_core::store::file::StoreError;
use butler_core::text::nearest::nearest;
use butler_core::text::time::count;
use butler_core::transaction::keys::file::RegistrationError;
use butler_core::transaction::reading::ReadingError;
use butler_core::transaction::refusal::Refusal;
use butler_core::transaction::simulation::SimulationError;
use thiserror::Error;

use self::rpc::{rpc_exit, rpc_hint};
pub(crate) use self::safe::SafeFault;
pub(crate) use self::signed::SignedFault;

/// What people have names for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A network.
    Network,
    /// A server of the key files.
    Server,
    /// A label of attesters.
    Label,
    /// A pipeline.
    Pipeline,
    /// A job of a pipeline.
    Job,
}

impl Named {
    /// Where such names come from.
    fn source(self) -> &'static str {
        match self {
            Self::Network => "none is configured: add a `[networks.…]` section",
            Self::Server => "no key file says which server has which attesters: see `key_files`",
            Self::Label => "none is configured: see `labels` and `server_labels`",
            Self::Pipeline | Self::Job => "none is configured: see `[pipelines.NAME]` in docs/jobs.md",
        }
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Network => "network",
            Self::Server => "server",
            Self::Label => "label",
            Self::Pipeline => "pipeline",
            Self::Job => "job",
        })
    }
}

/// The most names that are listed.
const LISTED: usize = 12;

fn listed(known: &[String]) -> String {
    let names: Vec<&str> = known.iter().take(LISTED).map(String::as_str).collect();
    match known.len().saturating_sub(LISTED) {
        0 => format!("there are: {}", names.join(", ")),
        more => format!("there are: {} and {more} more", names.join(", ")),
    }
}

/// Why a command failed.
#[derive(Debug, Error)]
pub enum CliError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The network cannot be opened.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The chain could not be read.
    #[error(transparent)]
    Snapshot(#[from] SnapshotError),
    /// An endpoint failed outside of a snapshot.
    #[error("failed to read the chain")]
    Rpc(#[source] RpcError),
    /// Key files give figures that do not fit.
    #[error(transparent)]
    TopUp(#[from] TopUpError),
    /// A file could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file is in the way.
    #[error("`{0}` exists")]
    Exists(String),
    /// The result could not be written.
    #[error("failed to write the result")]
    Output(#[from] io::Error),
    /// The program could not start.
    #[error("failed to start")]
    Runtime(#[source] io::Error),
    /// A signal ended the program.
    #[error("stopped by a signal before the result was complete")]
    Stopped(Exit),
    /// The first block comes after the last one.
    #[error("--from-block {from} comes after the last block, {last}")]
    EmptyRange {
        /// What was asked for.
        from: u64,
        /// The last block.
        last: u64,
    },
    /// A span of time that ends before it begins or before the rollup's first slot, or begins in the future.
    #[error(
        "there is no time between `--from` and `--to`, or it is yet to come, or it was before the rollup's first slot"
    )]
    EmptySpan,
    /// An epoch that no rollup will have.
    #[error("there is no epoch {epoch}")]
    NoSuchEpoch {
        /// The epoch.
        epoch: u64,
    },
    /// No rollup of Aztec's registry is that one.
    #[error("Aztec's registry has no such rollup")]
    NoSuchRollup {
        /// The versions of those that there are.
        known: Vec<String>,
    },
    /// A rollup without a clock that is known: nothing of it can be read.
    #[error("the rollup of version {version} does not tell its clock")]
    NoClock {
        /// Its version.
        version: String,
    },
    /// There is nothing of that name.
    #[error("there is no {kind} `{name}`")]
    Unknown {
        /// What it would be.
        kind: Named,
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No attester that is followed has that address, or such digits.
    #[error("no attester that is followed is `{0}`")]
    UnknownAttester(String),
    /// The digits are those of several attesters.
    #[error("`{digits}` may be {}", count(.known.len(), "attester"))]
    SeveralAttesters {
        /// The digits.
        digits: String,
        /// Their addresses.
        known: Vec<String>,
    },
    /// A short key that several actions have.
    #[error("`{name}` may be {}", count(.known.len(), "action"))]
    SeveralActions {
        /// The digits.
        name: String,
        /// Enough digits of each of them, with what it is.
        known: Vec<String>,
    },
    /// The watcher cannot be asked.
    #[error("failed to ask the watcher at `{path}`")]
    Watcher {
        /// Its socket.
        path: String,
        /// Why.
        #[source]
        source: AskError,
    },
    /// The watcher does not answer the question.
    #[error("the watcher refuses: {0}")]
    WatcherRefused(String),
    /// The watcher does not take a decision.
    #[error("nothing was changed: {0}")]
    DecisionRefused(String),
    /// A decision does not say what it is about, and nobody can be asked.
    #[error("a decision says what it is about, and there is no terminal to show it on")]
    NothingShown,
    /// It is not said which actions are meant.
    #[error("decide on either one KEY, or on all of a `--kind`, `--because`, `--pipeline`, `--job` or `--older-than`")]
    NothingChosen,
    /// There is no folder where its socket could be.
    #[error("it is not known where the watcher's socket is")]
    NoSocket,
    /// No question came over stdin in time, or none to its end.
    #[error("no question came over stdin")]
    NoQuestion(#[source] io::Error),
    /// A change that is refused.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A change could not be tried.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
    /// What a change depends on could not be read.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// A registration file cannot be used.
    #[error("failed to read `{file}`")]
    Registration {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: RegistrationError,
    },
    /// A change is about one provider, and it is not clear which.
    #[error("{} are configured, and this is about one", count(*.0, "provider"))]
    NotOneProvider(usize),
    /// Something about a Safe.
    #[error(transparent)]
    Safe(#[from] SafeFault),
    /// Something about transactions that are signed here.
    #[error(transparent)]
    Signed(#[from] SignedFault),
    /// A contract's event does not decode.
    #[error("failed to decode an event")]
    Event(#[from] butler_core::contracts::events::EventError),
}

impl CliError {
    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Config(_) | Self::Network(_) | Self::TopUp(_) => Exit::Configuration,
            Self::Snapshot(error) => match error {
                SnapshotError::Rpc(error) => rpc_exit(error),
                SnapshotError::NoContract { .. }
                | SnapshotError::Unsupported { .. }
                | SnapshotError::UnknownProvider(_)
                | SnapshotError::UnknownAdmin(_)
                | SnapshotError::ForeignRegistry { .. }
                | SnapshotError::Preset { .. } => Exit::Refused,
                SnapshotError::Nonsense { .. } | SnapshotError::Ledger(_) | SnapshotError::Reorganised { .. } => {
                    Exit::Upstream
                }
            },
            Self::Rpc(error)
            | Self::Reading(ReadingError::Rpc(error))
            | Self::Simulation(SimulationError::Rpc(error)) => rpc_exit(error),
            Self::Reading(ReadingError::Answer(_)) => Exit::Upstream,
            Self::Reading(ReadingError::Unconfirmed(_)) => Exit::Refused,
            Self::Refused(_) | Self::Simulation(SimulationError::Refused(_)) => Exit::Refused,
            Self::Registration { .. } => Exit::Configuration,
            Self::Safe(fault) => fault.exit(),
            Self::Signed(fault) => fault.exit(),
            Self::NoClock { .. } | Self::Event(_) | Self::Watcher { .. } | Self::WatcherRefused(_) => Exit::Upstream,
            Self::NoSocket => Exit::Configuration,
            Self::Exists(_) | Self::DecisionRefused(_) => Exit::Refused,
            Self::EmptyRange { .. }
            | Self::EmptySpan
            | Self::NoSuchEpoch { .. }
            | Self::NoSuchRollup { .. }
            | Self::Unknown { .. }
            | Self::UnknownAttester(_)
            | Self::SeveralAttesters { .. }
            | Self::SeveralActions { .. }
            | Self::NothingShown
            | Self::NothingChosen
            | Self::NotOneProvider(_)
            | Self::NoQuestion(_) => Exit::Usage,
            Self::Store(_) | Self::Output(_) => Exit::LocalFile,
            Self::Runtime(_) => Exit::Bug,
            Self::Stopped(exit) => *exit,
        }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Network(NetworkError::NoEndpoint(network)) => Some(format!(
                "give one with `--l1-url URL`, or add a [[networks.{network}.l1]] section to the configuration"
            )),
            Self::Snapshot(SnapshotError::Rpc(error))
            | Self::Rpc(error)
            | Self::Reading(ReadingError::Rpc(error))
            | Self::Simulation(SimulationError::Rpc(error)) => rpc_hint(error),
            Self::Refused(refusal) | Self::Simulation(SimulationError::Refused(refusal)) => refusal.hint(),
            Self::Reading(ReadingError::Unconfirmed(endpoint)) => Refusal::Unconfirmed(endpoint.clone()).hint(),
            Self::Registration { .. } => Some(
                "it is the public `…_staker_output.json` that Aztec's `validator-keys` writes, never a keystore: nothing of the file was shown or kept".into(),
            ),
            Self::Safe(fault) => fault.hint(),
            Self::Signed(fault) => fault.hint(),
            Self::NotOneProvider(0) => Some("set `provider_ids`, or give `--provider-id ID`".into()),
            Self::NotOneProvider(_) => Some("give `--provider-id ID`".into()),
            Self::Snapshot(SnapshotError::NoContract { .. }) => Some(
                "compare the addresses in the configuration with those of the network, and the block with when the contract was deployed".to_owned(),
            ),
            Self::Snapshot(SnapshotError::Nonsense { giver: None, .. }) => Some(
                "two endpoints say the same: compare the addresses in the configuration with those of the network".to_owned(),
            ),
            Self::Snapshot(SnapshotError::Nonsense { giver: Some(_), .. }) => {
                Some("give another endpoint, and compare the addresses in the configuration with those of the network".to_owned())
            }
            Self::Snapshot(SnapshotError::Unsupported { .. }) => {
                Some("versions 2 to 6 of Aztec's contracts are supported".to_owned())
            }
            Self::Snapshot(SnapshotError::UnknownProvider(_) | SnapshotError::UnknownAdmin(_)) => {
                Some("`butler-cli provider find ADDRESS` finds providers by their addresses".to_owned())
            }
            Self::Snapshot(SnapshotError::ForeignRegistry { .. }) => {
                Some("compare both addresses in the configuration with those of the network".to_owned())
            }
            Self::Snapshot(SnapshotError::Preset { .. }) => Some(
                "is this the URL of the right network? the preset's addresses can be replaced by `aztec_registry` and `staking_registry`".to_owned(),
            ),
            Self::Exists(_) => Some("it is left as it is; name another file".to_owned()),
            Self::Store(StoreError::Full { .. }) => Some("make room on that disk, or set `cache_directory`".to_owned()),
            Self::Config(_)
            | Self::Network(NetworkError::Choice(_) | NetworkError::Endpoint { .. })
            | Self::Snapshot(SnapshotError::Ledger(_) | SnapshotError::Reorganised { .. })
            | Self::TopUp(_)
            | Self::Store(_)
            | Self::Output(_)
            | Self::Runtime(_)
            | Self::EmptyRange { .. }
            | Self::EmptySpan
            | Self::NoSuchEpoch { .. }
            | Self::NoClock { .. }
            | Self::Stopped(_)
            | Self::WatcherRefused(_)
            | Self::DecisionRefused(_)
            | Self::NothingChosen
            | Self::NoQuestion(_)
            | Self::Reading(ReadingError::Answer(_))
            | Self::Event(_) => None,
            Self::Watcher { .. } => Some(
                "is it running, and may you ask it (`watcher.readers`)? `watcher.runtime_directory` must be the same for both programs".into(),
            ),
            Self::NothingShown => Some("`--shown HASH`, with the `shown` of `actions show --json`, or of `actions list --json` for several".into()),
            Self::NoSuchRollup { known } => Some(format!("there are the versions {}", known.join(", "))),
            Self::Unknown { kind, known, .. } if known.is_empty() => Some(kind.source().to_owned()),
            Self::Unknown { name, known, .. } => Some(match nearest(name, known.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`? {}", listed(known)),
                None => listed(known),
            }),
            Self::UnknownAttester(_) => Some(
                "key files, provider queues, delegations and `extra_attesters` say who is followed; `butler-cli status` lists them; `proposals`, `duties` and `backtest` look up anybody with `--all`".into(),
            ),
            Self::SeveralAttesters { known, .. } | Self::SeveralActions { known, .. } => Some(format!("give more digits; {}", listed(known))),
            Self::NoSocket => Some("set `watcher.runtime_directory`".into()),
        }
    }
}
