//! `keystore agent`: one question about a folder of keystores, and its answer, for whoever is on the other end of a pipe.
//!
//! Nothing but stdin is believed: no variable, no configuration, nothing of what `ssh` says was asked for.

use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Duration;

use butler_core::key_files::edit::{KeystoreAgent, REQUEST_LIMIT};
use butler_core::runtime::exit::Exit;
use tokio::sync::oneshot;

use crate::error::CliError;
use crate::output::Output;

/// Answers one question.
///
/// # Errors
/// None came in time, or the answer cannot be written.
pub(crate) async fn agent(
    folder: PathBuf,
    state: PathBuf,
    deadline: Duration,
    output: Output,
) -> Result<Exit, CliError> {
    let question = tokio::time::timeout(deadline, read()).await;
    let question = question.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())).map_err(CliError::NoQuestion)?;
    let answer = KeystoreAgent::new(folder, state).answer_text(&question);
    let text = serde_json::to_string(&answer).map_err(io::Error::from)?;
    output.text(&format!("{text}\n"))?;
    Ok(Exit::Success)
}

/// All of stdin, or one byte more than a question may have.
async fn read() -> io::Result<Vec<u8>> {
    let (sender, read) = oneshot::channel();
    // A thread that nobody waits for: reading a pipe cannot be given up.
    std::thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        let limit = u64::try_from(REQUEST_LIMIT).unwrap_or(u64::MAX).saturating_add(1);
        let mut question = Vec::new();
        let done = io::stdin().lock().take(limit).read_to_end(&mut question);
        // Whoever waited may have given up.
        let _ = sender.send(done.map(|_| question));
    })?;
    read.await.unwrap_or_else(|_| Err(io::ErrorKind::UnexpectedEof.into()))
}
