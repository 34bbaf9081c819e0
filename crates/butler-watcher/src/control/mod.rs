//! The watcher's socket: the kernel says who asks, the configuration what that user may do.
//!
//! The socket stands in a folder of the watcher's own, which others can pass only where the configuration names any. One question and one
//! answer for each connection, in HTTP, both bounded, under a deadline; whoever comes when too many are there waits. Who may decide, who may
//! ask and strangers have places of their own, so that nobody keeps those waiting who may do more.

mod access;
mod answers;
mod decisions;
mod lookup;
mod record;
mod rights;
mod rows;
mod visit;

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use butler_core::control::socket_in;
use butler_core::runtime::failures::FailureStreak;
use thiserror::Error;
use tokio::net::UnixListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{sleep, timeout};

use self::access::Right;
pub use self::access::{Access, UnknownUser};
pub use self::rights::Rights;
use self::visit::Visit;

use crate::health::Health;
use crate::journal::Journal;

/// Questions of those with one right that are answered at the same time.
const AT_ONCE: usize = 8;
/// Connections of those with one right that are there at the same time; more are left without an answer.
const WAITING: usize = 256;
/// Strangers who are refused at the same time; more are left without an answer.
const STRANGERS: usize = 4;
/// How long one question with its answer may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// How long a refusal may take.
const REFUSAL: Duration = Duration::from_secs(1);
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

/// Whether an earlier watcher's socket is left in a folder that is this user's alone.
fn is_left(folder: &Path, path: &Path) -> Result<bool, ControlError> {
    let failed = |source| ControlError::Io { path: path.to_owned(), source };
    let metadata = std::fs::symlink_metadata(folder).map_err(failed)?;
    // Passing it, which an earlier configuration may have allowed, is no harm: nothing else is in there.
    if !metadata.is_dir() || metadata.uid() != own_uid() || metadata.mode() & 0o066 != 0 {
        return Err(ControlError::Exposed(folder.to_owned()));
    }
    match std::fs::symlink_metadata(path) {
        Ok(found) if found.file_type().is_socket() => Ok(true),
        Ok(_) => Err(ControlError::Occupied(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// The watcher's socket.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    rights: watch::Receiver<Rights>,
    journal: Arc<dyn Journal>,
    health: Arc<Health>,
}

impl Control {
    /// Listens below this folder, in one that is made when it is not there. Blocks; needs a runtime. The journal's lock says that there is
    /// no other watcher: a socket that is there is left from an earlier one.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub fn listen(
        runtime: &Path,
        rights: watch::Receiver<Rights>,
        journal: Arc<dyn Journal>,
        health: Arc<Health>,
    ) -> Result<Self, ControlError> {
        let path = socket_in(runtime);
        let folder = path.parent().unwrap_or(runtime);
        let failed = |source| ControlError::Io { path: path.clone(), source };
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(folder).map_err(failed)?;
        if is_left(folder, &path)? {
            std::fs::remove_file(&path).map_err(failed)?;
        }
        // Until it is said who may come, nobody can.
        set_mode(folder, 0o700).map_err(failed)?;
        let listener = UnixListener::bind(&path).map_err(failed)?;
        open_to(&path, &rights.borrow().access).map_err(failed)?;
        Ok(Self { listener, path, rights, journal, health })
    }

    /// Looks whether it could listen below this folder, and makes nothing. Blocks.
    ///
    /// # Errors
    /// See [`ControlError`].
    pub fn examine(runtime: &Path) -> Result<(), ControlError> {
        let path = socket_in(runtime);
        let too_long = |source| ControlError::Io { path: path.clone(), source };
        SocketAddr::from_pathname(&path).map_err(too_long)?;
        let folder = path.parent().unwrap_or(runtime);
        // Whether one that is not there can be made is asked of folders.
        if folder.symlink_metadata().is_ok() {
            is_left(folder, &path)?;
        }
        Ok(())
    }

    /// Answers until it is dropped.
    pub async fn run(mut self) {
        let [readers, approvers] = [Pool::new(AT_ONCE), Pool::new(AT_ONCE)];
        let strangers = Arc::new(Semaphore::new(STRANGERS));
        let (mut visits, mut streak) = (JoinSet::new(), FailureStreak::default());
        loop {
            while visits.try_join_next().is_some() {}
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                Ok(()) = self.rights.changed() => {
                    let access = self.rights.borrow_and_update().access.clone();
                    if let Err(error) = block_in_place(|| open_to(&self.path, &access)) {
                        tracing::warn!("failed to change who can reach the socket: {error}");
                    }
                    continue;
                }
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    if streak.failed().is_some() {
                        tracing::warn!("failed to accept on the socket: {error}");
                    }
                    sleep(PAUSE).await;
                    continue;
                }
            };
            streak.ended();
            let Ok(peer) = stream.peer_cred() else { continue };
            let right = self.rights.borrow().access.right(peer.uid());
            let (rights, journal) = (self.rights.clone(), Arc::clone(&self.journal));
            let visit = Visit { user: peer.uid(), rights, journal, health: Arc::clone(&self.health) };
            let pool = match right {
                Some(Right::Approve) => &approvers,
                Some(Right::Read) => &readers,
                None => {
                    let Ok(place) = Arc::clone(&strangers).try_acquire_owned() else { continue };
                    visits.spawn(async move {
                        let _place = place;
                        let _ = timeout(REFUSAL, visit.answer(stream)).await;
                    });
                    continue;
                }
            };
            let Ok(door) = Arc::clone(&pool.doors).try_acquire_owned() else { continue };
            let places = Arc::clone(&pool.places);
            visits.spawn(async move {
                let _door = door;
                let Ok(_place) = places.acquire_owned().await else { return };
                let _ = timeout(DEADLINE, visit.answer(stream)).await;
            });
        }
    }
}

/// Room for those who have one right: so many are answered at the same time, and more wait.
#[derive(Debug)]
struct Pool {
    places: Arc<Semaphore>,
    doors: Arc<Semaphore>,
}

impl Pool {
    fn new(places: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(places)), doors: Arc::new(Semaphore::new(WAITING)) }
    }
}

/// Lets those reach the socket whom somebody named. Who they are is looked at with each connection.
fn open_to(path: &Path, access: &Access) -> io::Result<()> {
    let (folder, socket) = if access.has_others() { (0o711, 0o666) } else { (0o700, 0o600) };
    set_mode(path, socket)?;
    path.parent().map_or(Ok(()), |parent| set_mode(parent, folder))
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

#[cfg(test)]
mod tests;
