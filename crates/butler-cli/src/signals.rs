//! Being stopped: what was read so far is kept, and the exit code says which signal it was.

use butler_core::runtime::exit::Exit;
use tokio::signal::unix::{SignalKind, signal};

use crate::error::CliError;

/// Does `work` unless a signal ends it first.
///
/// # Errors
/// `Stopped`, when one did; `work` is dropped where it was.
pub(crate) async fn unless_stopped<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    tokio::select! {
        // Work that itself notices the signal comes first: it has something to keep.
        biased;
        done = work => Ok(done),
        exit = stopped() => Err(CliError::Stopped(exit)),
    }
}

async fn stopped() -> Exit {
    let (interrupted, terminated) = (received(SignalKind::interrupt()), received(SignalKind::terminate()));
    tokio::select! {
        () = interrupted => Exit::Interrupted,
        () = terminated => Exit::Terminated,
    }
}

/// Waits for a signal; for ever when it cannot be listened for, and then it ends the program as it always did.
async fn received(kind: SignalKind) {
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    }
}
