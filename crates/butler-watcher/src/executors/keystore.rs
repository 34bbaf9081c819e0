//! One server's keystore: what answers about its files, here or over a command, its web3signer, and the nodes that reload.

use std::time::Duration;

use butler_core::client::aztec_node::{AztecNode, ReloadError};
use butler_core::client::error::RpcFailure;
use butler_core::client::web3signer::Web3Signer;
use butler_core::domain::action::Place;
use butler_core::key_files::edit::{
    Answer, Ask, BoundEdit, Edit, Failure, FolderView, KeystoreAgent, PROTOCOL, Previewed, Refused, Request, Said,
};
use butler_core::runtime::report::one_line;
use ethers_core::types::H256;
use thiserror::Error;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::command::{CommandError, asked};
use super::intent::Written;
use super::verdict::AtServer;

/// Where a keystore's files are asked about.
#[derive(Debug)]
pub(super) enum Source {
    /// In this process.
    Folder(KeystoreAgent),
    /// By a program.
    Command(Vec<String>),
}

/// One server's keystore.
#[derive(Debug)]
pub(super) struct Keystore {
    /// The network that it is of.
    pub(super) place: Place,
    pub(super) server: String,
    pub(super) source: Source,
    pub(super) timeout: Duration,
    pub(super) signer: Option<Web3Signer>,
    /// The admin ports of the server's nodes.
    pub(super) nodes: Vec<AztecNode>,
}

/// What a keystore did not do, by what comes next.
#[derive(Debug, Error)]
pub(super) enum Trouble {
    /// It was not asked, or did nothing: again later.
    #[error("{0}")]
    Later(String),
    /// It may have done it, or not: to be looked at.
    #[error("{0}")]
    Lost(String),
    /// What is there is something else by now.
    #[error("{0}")]
    Conflict(String),
    /// It will not, as things are: a person must change something.
    #[error("{0}")]
    Refused(String),
    /// There is nothing to put back.
    #[error("{0}")]
    Gone(String),
}

/// What became of a reload.
#[derive(Debug)]
pub(super) enum Reloaded {
    /// Every node took it.
    Accepted,
    /// One may have done it: to be asked again.
    Unknown(String),
    /// One did not answer in time, and may be about it still: to be asked again.
    Late(String),
    /// One was not asked, or what is asked before it: to be asked again.
    NotAsked(String),
    /// One does not take it.
    Refused {
        /// Why.
        why: String,
        /// How many before it took it, which must take back what it is restored to.
        took: usize,
    },
}

impl Trouble {
    /// How it ends for what was not begun yet.
    pub(super) fn before_anything(&self) -> AtServer {
        match self {
            Self::Later(why) | Self::Lost(why) | Self::Conflict(why) => AtServer::Later(why.clone()),
            Self::Refused(why) | Self::Gone(why) => AtServer::Refused(why.clone()),
        }
    }

    /// How it ends for what was to be written.
    pub(super) fn after_the_intent(&self) -> AtServer {
        match self {
            Self::Later(why) | Self::Conflict(why) => AtServer::Later(why.clone()),
            Self::Lost(why) => AtServer::Unknown(why.clone()),
            Self::Refused(why) | Self::Gone(why) => AtServer::Refused(why.clone()),
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let told = one_line(&failure);
        match failure {
            Failure::Conflict { .. } => Self::Conflict(told),
            // Somebody changed something in the same moment.
            Failure::Refused { why: Refused::OtherBefore { .. } | Refused::OtherAfter, .. } => Self::Conflict(told),
            Failure::Refused { why: Refused::NoBackup, .. } => Self::Gone(told),
            Failure::Refused { .. } | Failure::Misunderstood(_) => Self::Refused(told),
            Failure::Later { .. } => Self::Later(told),
            Failure::Unsettled { .. } => Self::Lost(told),
        }
    }
}

impl Keystore {
    /// The server.
    pub(super) fn server(&self) -> &str {
        &self.server
    }

    /// How the folder looks. What killed writers left is removed.
    pub(super) async fn look(&self) -> Result<FolderView, Trouble> {
        Ok(self.look_through().await?.0)
    }

    /// The same with the old contents that are kept.
    pub(super) async fn look_through(&self) -> Result<(FolderView, Vec<H256>), Trouble> {
        let Said::Looked { folder, backups, .. } = self.ask(Ask::Look).await? else { return Err(strange()) };
        Ok((folder, backups))
    }

    /// What changes would make of files; refused where the node would not take it.
    pub(super) async fn preview(&self, edits: &[Edit]) -> Result<Vec<Previewed>, Trouble> {
        let Said::Previewed { files, .. } = self.ask(Ask::Preview { edits: edits.to_vec() }).await? else {
            return Err(strange());
        };
        if files.len() == edits.len() { Ok(files) } else { Err(strange()) }
    }

    /// Writes changes as they were previewed.
    pub(super) async fn apply(&self, edits: Vec<BoundEdit>) -> Result<(), Trouble> {
        let Said::Applied { .. } = self.ask(Ask::Apply { edits }).await? else { return Err(strange()) };
        Ok(())
    }

    /// Puts the old content of a file back, if the file is as it was written.
    pub(super) async fn restore(&self, file: &Written) -> Result<(), Trouble> {
        let (digest_written, digest_before) = (file.after, file.before);
        let ask = Ask::Restore { file: file.file.clone(), digest_written, digest_before };
        let Said::Restored { .. } = self.ask(ask).await? else { return Err(strange()) };
        Ok(())
    }

    /// Removes old contents of files, which nobody needs any more.
    pub(super) async fn finish(&self, backups: Vec<H256>) -> Result<(), Trouble> {
        let Said::Finished { .. } = self.ask(Ask::Finish { backups }).await? else { return Err(strange()) };
        Ok(())
    }

    /// The web3signer first, then each node.
    pub(super) async fn reload(&self) -> Reloaded {
        if let Some(signer) = &self.signer
            && let Err(error) = signer.reload().await
        {
            return Reloaded::NotAsked(one_line(&error));
        }
        for (took, node) in self.nodes.iter().enumerate() {
            let told = |error: &ReloadError| format!("the node {}: {}", node.name(), one_line(error));
            match node.reload_keystore().await {
                Ok(()) => {}
                Err(ReloadError::Refused(refusal)) => {
                    let why = format!("the node {} refused the keystore: {refusal}", node.name());
                    return Reloaded::Refused { why, took };
                }
                Err(error @ ReloadError::NotAllowed(_)) => return Reloaded::Refused { why: told(&error), took },
                Err(error @ ReloadError::Unknown(RpcFailure::Timeout(_))) => return Reloaded::Late(told(&error)),
                Err(error @ ReloadError::Unknown(_)) => return Reloaded::Unknown(told(&error)),
                Err(error @ ReloadError::NotAsked(_)) => return Reloaded::NotAsked(told(&error)),
            }
        }
        Reloaded::Accepted
    }

    /// Has the first `count` nodes take what is there now, after another one refused what they took.
    pub(super) async fn reload_again(&self, count: usize) -> Result<(), String> {
        for node in self.nodes.iter().take(count) {
            if let Err(error) = node.reload_keystore().await {
                return Err(format!("the node {} still has what was taken back: {}", node.name(), one_line(&error)));
            }
        }
        Ok(())
    }

    async fn ask(&self, ask: Ask) -> Result<Said, Trouble> {
        let may_write = matches!(ask, Ask::Apply { .. } | Ask::Restore { .. });
        let lost = |why: String| if may_write { Trouble::Lost(why) } else { Trouble::Later(why) };
        let request = Request::new(ask);
        let answer = match &self.source {
            Source::Folder(agent) => {
                let agent = agent.clone();
                // A folder on a mount that hangs is left to itself.
                let answer = timeout(self.timeout, spawn_blocking(move || agent.answer(&request))).await;
                let late = || lost(format!("its folder did not answer in {} s", self.timeout.as_secs()));
                answer.map_err(|_| late())?.map_err(|error| lost(one_line(&error)))?
            }
            Source::Command(argv) => {
                let text = serde_json::to_vec(&request).map_err(|error| Trouble::Refused(one_line(&error)))?;
                let answer = asked(argv, &text, self.timeout).await.map_err(|error| match error {
                    CommandError::NotRun { .. } => Trouble::Refused(one_line(&error)),
                    CommandError::Io { .. }
                    | CommandError::Failed { .. }
                    | CommandError::TooLong { .. }
                    | CommandError::Late { .. } => lost(one_line(&error)),
                })?;
                serde_json::from_slice::<Answer>(&answer)
                    .ok()
                    .filter(|answer| answer.version == PROTOCOL)
                    .ok_or_else(|| lost("its answer is not understood; is it of another version?".to_owned()))?
            }
        };
        if let Said::Failed { failure, written } = answer.said {
            // A part of it is done.
            return Err(if written.is_empty() { failure.into() } else { Trouble::Lost(one_line(&failure)) });
        }
        Ok(answer.said)
    }
}

fn strange() -> Trouble {
    Trouble::Lost("it answered something else than was asked".to_owned())
}
