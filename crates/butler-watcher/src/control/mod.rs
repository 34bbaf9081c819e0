//! The watcher's socket: whoever runs the watcher, and root, may ask it how things stand, and decide on what is parked.
//!
//! The socket stands in a folder of the watcher's own (mode 0700), and the kernel says who asks. One question and one answer for each
//! connection, both bounded, under a deadline; whoever comes when too many are there waits.

mod answers;
mod decisions;
mod rows;

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use butler_core::control::{Answer, ControlRequest, PROTOCOL, REQUEST_LIMIT, socket_in};
use butler_core::runtime::failures::FailureStreak;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{sleep, timeout};

use crate::health::Health;
use crate::journal::Journal;

/// Questions that are answered at the same time.
const AT_ONCE: usize = 16;
/// How long one question with its answer may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// A pause after the system would not accept.
const PAUSE: Duration = Duration::from_millis(100);

/// The socket cannot be had.
#[derive(Debug, Error)]
pub enum ControlError {
    /// Its folder is not this user's alone.
    #[error("`{}` is not a folder of this user alone (mode 0700)", .0.display())]
    Exposed(PathBuf),
    /// Something else stands in its place.
    #[error("`{}` is in the way", .0.display())]
    Occupied(PathBuf),
    /// The system refuses.
    #[error("failed to listen on `{}`", .path.display())]
    Io {
        /// The socket.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// The watcher's socket.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
}

impl Control {
    /// Listens below this folder, in one that is made when it is not there. Blocks; needs a runtime. The journal's lock says that there is
    /// no other watcher: a socket that is there is left from an earlier one.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub fn listen(runtime: &Path, journal: Arc<dyn Journal>, health: Arc<Health>) -> Result<Self, ControlError> {
        let path = socket_in(runtime);
        let folder = path.parent().unwrap_or(runtime);
        let failed = |source| ControlError::Io { path: path.clone(), source };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let metadata = std::fs::symlink_metadata(folder).map_err(failed)?;
        if !metadata.is_dir() || metadata.uid() != own_uid() || metadata.mode() & 0o077 != 0 {
            return Err(ControlError::Exposed(folder.to_owned()));
        }
        match std::fs::symlink_metadata(&path) {
            Ok(found) if found.file_type().is_socket() => std::fs::remove_file(&path).map_err(failed)?,
            Ok(_) => return Err(ControlError::Occupied(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let listener = UnixListener::bind(&path).map_err(failed)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
        Ok(Self { listener, journal, health })
    }

    /// Answers until it is dropped.
    pub async fn run(self) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let (mut visits, mut streak) = (JoinSet::new(), FailureStreak::default());
        loop {
            while visits.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    streak.ended();
                    let (journal, health) = (Arc::clone(&self.journal), Arc::clone(&self.health));
                    visits.spawn(async move {
                        let _place = place;
                        let _ = timeout(DEADLINE, visit(stream, journal.as_ref(), &health)).await;
                    });
                }
                Err(error) => {
                    if streak.failed().is_some() {
                        tracing::warn!("failed to accept on the socket: {error}");
                    }
                    sleep(PAUSE).await;
                }
            }
        }
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

async fn visit(stream: UnixStream, journal: &dyn Journal, health: &Health) -> io::Result<()> {
    let asker = stream.peer_cred()?.uid();
    let (reading, mut writing) = stream.into_split();
    let answer = if asker == own_uid() || asker == 0 {
        let mut line = Vec::new();
        let limit = u64::try_from(REQUEST_LIMIT).unwrap_or(u64::MAX);
        BufReader::new(reading.take(limit)).read_until(b'\n', &mut line).await?;
        block_in_place(|| answer(&line, asker, journal, health))
    } else {
        tracing::warn!(uid = asker, "user {asker} asked through the socket and was refused");
        Answer::Refused("only the watcher's own user and root may ask".to_owned())
    };
    let mut text = serde_json::to_vec(&answer)?;
    text.push(b'\n');
    writing.write_all(&text).await?;
    writing.shutdown().await
}

/// The answer to a line of this user's.
fn answer(line: &[u8], asker: u32, journal: &dyn Journal, health: &Health) -> Answer {
    if !line.ends_with(b"\n") {
        return Answer::Refused(format!("a question is one line of at most {REQUEST_LIMIT} bytes"));
    }
    #[derive(serde::Deserialize)]
    struct Head {
        version: u32,
    }
    match serde_json::from_slice::<Head>(line) {
        Ok(Head { version: PROTOCOL }) => {}
        Ok(Head { version }) => {
            return Answer::Refused(format!("version {version} is not spoken here, version {PROTOCOL} is"));
        }
        Err(_) => return Answer::Refused("this is no question".to_owned()),
    }
    match serde_json::from_slice::<ControlRequest>(line) {
        Ok(question) => answers::answer(&question.ask, asker, journal, health),
        Err(_) => Answer::Refused("this question is not known here".to_owned()),
    }
}

#[cfg(test)]
mod tests;
