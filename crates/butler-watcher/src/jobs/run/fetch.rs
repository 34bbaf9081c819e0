//! The artifact of work that a service has done: fetched into the private folder, and taken from there like any other.

use std::fs::File;
use std::io::{self, Write as _};

use butler_core::client::http::FetchError;
use butler_core::runtime::report::one_line;
use tokio::task::block_in_place;

use super::artifact::Place;
use super::desk::Desk;
use super::postcondition::on_disk;
use super::task::Ended;

/// What became of it.
pub(super) enum Taken {
    /// The try, or the look, ends so.
    Ended(Ended),
    /// What the service made is no artifact, or its check refuses it.
    Refused(String),
}

/// Fetches what is done and takes it.
pub(super) async fn take(desk: &Desk<'_>, id: &str) -> Taken {
    if let (Some(path), Some(place)) = (&desk.service.fetch, &desk.judge.place) {
        if let Err(error) = on_disk(place, Place::prepare).await {
            return Taken::Ended(Ended::Unknown { reason: one_line(&error) });
        }
        let path = desk.path(path, id);
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        if let Err(taken) = fetch(desk, place, &path).await {
            let cleared = on_disk(place, Place::clear).await;
            return cleared.map_or_else(|error| Taken::Ended(Ended::Unknown { reason: one_line(&error) }), |()| taken);
        }
    }
    let ended = desk.judge.accept(desk.flight, &format!("the service has done `{id}`")).await;
    if let Some(place) = desk.judge.place.as_ref().filter(|_| !matches!(ended, Ended::Done { .. }))
        && let Err(error) = on_disk(place, Place::clear).await
    {
        tracing::warn!("what was fetched for `{}` is not removed: {}", desk.judge.task.job, one_line(&error));
    }
    match ended {
        Ended::Retry { reason, .. } => Taken::Refused(reason),
        Ended::Done { .. }
        | Ended::Submitted { .. }
        | Ended::Pending { .. }
        | Ended::Unknown { .. }
        | Ended::Refused { .. }
        | Ended::Busy { .. } => Taken::Ended(ended),
    }
}

async fn fetch(desk: &Desk<'_>, place: &Place, path: &[&str]) -> Result<(), Taken> {
    let unknown = |reason: String| Taken::Ended(Ended::Unknown { reason });
    let mut file = place.draft().map_err(|error| unknown(one_line(&error)))?;
    let limit = usize::try_from(place.limit()).unwrap_or(usize::MAX);
    let keep = |piece: &[u8]| keep(&mut file, piece);
    match desk.peer.fetch(path, limit, desk.judge.setup.programs.timeout, keep).await {
        Ok(_) => Ok(()),
        Err(FetchError::Failure(failure @ butler_core::client::error::RpcFailure::TooLarge { .. })) => {
            Err(Taken::Refused(format!("its artifact is longer than it may be: {}", one_line(&failure))))
        }
        Err(FetchError::Status { status: status @ 300..400, .. }) => {
            let reason = format!("its artifact is not fetched: HTTP {status}, a redirect, which is not followed");
            Err(Taken::Ended(Ended::Refused { reason }))
        }
        Err(error @ (FetchError::Failure(_) | FetchError::Status { .. } | FetchError::Kept(_))) => {
            Err(unknown(format!("its artifact is not fetched: {}", one_line(&error))))
        }
    }
}

fn keep(file: &mut File, piece: &[u8]) -> io::Result<()> {
    block_in_place(|| file.write_all(piece))
}
