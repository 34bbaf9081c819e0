//! What is in the way of changing a keystore, looked for before there is something to write, with what a person does about it.
//!
//! Nothing is written here. On another machine the agent looks, as its user.

use std::sync::Arc;
use std::time::Duration;

use butler_core::key_files::edit::{Edit, FILES_LIMIT, Failure, FolderView, KeystoreAgent, Refused};
use butler_core::runtime::report::one_line;
use butler_core::store::beneath::Refusal;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::keystore::{Keystore, Source, Trouble};
use super::keystores::Keystores;

const AS_THE_OWNER: &str = "a file keeps its owner: run the watcher as that user, or have `butler-cli keystore agent` answer as that user; a group or an access list is not enough";
const WRITABLE_PATH: &str = "name the folder in the unit's `ReadWritePaths=`, or mount it writable";
const BY_HAND: &str = "what the program says itself is not shown: run it by hand, as the user that runs the watcher";

/// Which keystores are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Those in folders of this machine.
    Folders,
    /// Those that a command answers for, too.
    All,
}

/// What was found of one keystore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// The network.
    pub network: String,
    /// The server.
    pub server: String,
    /// How many files with validators can be changed, or what is in the way.
    pub found: Result<usize, Obstructed>,
}

/// What is in the way of changing a keystore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstructed {
    /// In one line.
    pub what: String,
    /// What a person does about it, where that is known.
    pub hint: Option<&'static str>,
}

impl Keystores {
    /// Looks at each keystore of the network, one after the other.
    pub async fn examine(self: Arc<Self>, reach: Reach) -> Vec<Examined> {
        let mut all = Vec::new();
        for keystore in self.all() {
            let found = match &keystore.source {
                Source::Folder(agent) => in_folder(agent.clone(), keystore.timeout).await,
                Source::Command(_) if reach == Reach::All => by_command(keystore).await,
                Source::Command(_) => continue,
            };
            let (network, server) = (self.network().to_owned(), keystore.server().to_owned());
            all.push(Examined { network, server, found });
        }
        all
    }
}

async fn in_folder(agent: KeystoreAgent, deadline: Duration) -> Result<usize, Obstructed> {
    let late = || Obstructed { what: format!("its folder did not answer in {} s", deadline.as_secs()), hint: None };
    let examined = timeout(deadline, spawn_blocking(move || agent.examine())).await.map_err(|_| late())?;
    let examined = examined.map_err(|error| Obstructed { what: one_line(&error), hint: None })?;
    let view = examined.map_err(|failure| Obstructed { what: one_line(&failure), hint: hint(&failure) })?;
    Ok(with_validators(&view).count())
}

/// A change that changes nothing is previewed of each file, which the agent refuses where it refuses others.
async fn by_command(keystore: &Keystore) -> Result<usize, Obstructed> {
    let obstructed = |trouble: Trouble| {
        let what = trouble.to_string();
        let is_silent = matches!(trouble, Trouble::Later(_) | Trouble::Lost(_));
        Obstructed { what, hint: is_silent.then_some(BY_HAND) }
    };
    let view = keystore.look().await.map_err(obstructed)?;
    let edits: Vec<Edit> = with_validators(&view).collect();
    for some in edits.chunks(FILES_LIMIT) {
        keystore.preview(some).await.map_err(obstructed)?;
    }
    Ok(edits.len())
}

fn with_validators(view: &FolderView) -> impl Iterator<Item = Edit> {
    let files = view.files.iter().filter(|file| !file.validators.is_empty());
    files.map(|file| Edit { file: file.name.clone(), digest_before: file.digest, changes: Vec::new() })
}

/// What a person does about a failure.
fn hint(failure: &Failure) -> Option<&'static str> {
    let Failure::Refused { why, .. } = failure else { return None };
    match why {
        Refused::File(Refusal::Owner) => Some(AS_THE_OWNER),
        Refused::File(Refusal::Group) => Some("put the user that runs the watcher into the file's group"),
        Refused::File(Refusal::ReadOnly) => Some(WRITABLE_PATH),
        Refused::File(Refusal::MountPoint) => Some("mount the folder, not the file: a file is replaced as a whole"),
        Refused::File(Refusal::Denied) => {
            Some("the user that runs the watcher must own the files and may write into the folder")
        }
        Refused::Exposed => Some("`chmod o-w` the file, after a look at what it says"),
        Refused::ExposedFolder => Some("`chmod o-w` the folder, after a look at what is in it"),
        Refused::Unopened => Some("is the path right, and may the user that runs the watcher enter each folder on it?"),
        Refused::File(_)
        | Refused::Edit(_)
        | Refused::Folder { .. }
        | Refused::OtherBefore { .. }
        | Refused::OtherAfter
        | Refused::Question
        | Refused::NoBackup
        | Refused::State
        | Refused::Dumps
        | Refused::TooMuch => None,
    }
}
