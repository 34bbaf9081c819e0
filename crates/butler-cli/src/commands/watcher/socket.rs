//! Where the watcher is asked.

use std::time::Duration;

use butler_core::control::{Answer, Ask, socket_in};

use crate::args::Global;
use crate::error::CliError;
use crate::gather::load;

/// How long the watcher may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Asks the watcher that the configuration names.
///
/// # Errors
/// There is none, it does not answer, or refuses.
pub(in crate::commands) async fn ask(global: &Global, ask: Ask) -> Result<Answer, CliError> {
    let config = load(global)?;
    let watcher = &config.watcher;
    let runtime = watcher.runtime_directory.as_ref().or(watcher.state_directory.as_ref()).ok_or(CliError::NoSocket)?;
    let path = socket_in(runtime);
    match butler_core::control::ask(&path, ask, DEADLINE).await {
        Ok(Answer::Refused(why)) => Err(CliError::WatcherRefused(why)),
        Ok(answer) => Ok(answer),
        Err(source) => Err(CliError::Watcher { path: path.display().to_string(), source }),
    }
}

/// An answer to another question.
pub(in crate::commands) fn strange() -> CliError {
    CliError::WatcherRefused("its answer is not understood; is it of another version?".to_owned())
}
