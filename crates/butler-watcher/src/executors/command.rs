//! A program that is asked something: one question to its standard input, one answer from its standard output, and nothing else.
//!
//! There is no shell, no environment, and no word of the chain among the arguments: those are the configuration's. The program is one that
//! nobody else can have put there (`trusted`). It is a process group of its own, which ends with the question.

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use thiserror::Error;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::trusted::{DistrustError, trusted};

/// The longest answer in bytes.
const ANSWER_LIMIT: u64 = 16 * 1024 * 1024;

/// A question that a program did not answer.
#[derive(Debug, Error)]
pub(super) enum CommandError {
    /// Somebody must mend the program or the configuration.
    #[error("`{}` is not run: {why}", path.display())]
    NotRun {
        /// The program, or a folder above it.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// It could not be started, or broke off.
    #[error("failed to run `{}`", path.display())]
    Io {
        /// The program.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended without an answer.
    #[error("`{}` ended with {}", path.display(), code.map_or_else(|| "a signal".to_owned(), |code| format!("code {code}")))]
    Failed {
        /// The program.
        path: PathBuf,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
    },
    /// It answered too much.
    #[error("`{}` answered more than {ANSWER_LIMIT} bytes", path.display())]
    TooLong {
        /// The program.
        path: PathBuf,
    },
    /// It took too long; whatever it did may be done.
    #[error("`{}` did not answer in {} s", path.display(), deadline.as_secs())]
    Late {
        /// The program.
        path: PathBuf,
        /// The deadline.
        deadline: Duration,
    },
}

impl From<DistrustError> for CommandError {
    fn from(error: DistrustError) -> Self {
        match error {
            DistrustError::NotTrusted { path, why } => Self::NotRun { path, why },
            DistrustError::Io { path, source } => Self::Io { path, source },
        }
    }
}

/// Runs a program with its arguments, asks it, and takes its answer.
///
/// # Errors
/// See [`CommandError`].
pub(super) async fn asked(argv: &[String], question: &[u8], deadline: Duration) -> Result<Vec<u8>, CommandError> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(CommandError::NotRun { path: PathBuf::new(), why: "no program is named" });
    };
    let path = PathBuf::from(program);
    let found = trusted(&path).map_err(|error| match error {
        // The folder that is missing on the way says less than the program.
        DistrustError::Io { source, .. } => CommandError::Io { path: path.clone(), source },
        DistrustError::NotTrusted { .. } => error.into(),
    })?;
    let failed = |source| CommandError::Io { path: path.clone(), source };
    let mut command = Command::new(found);
    command.arg0(&path).args(arguments).env_clear().current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    let group = Group::of(&child);
    let answer = timeout(deadline, exchange(&mut child, question)).await;
    drop(group);
    match answer {
        Err(_) => Err(CommandError::Late { path, deadline }),
        Ok(Err(error)) => Err(failed(error)),
        Ok(Ok((answer, _))) if u64::try_from(answer.len()).is_ok_and(|length| length > ANSWER_LIMIT) => {
            Err(CommandError::TooLong { path })
        }
        Ok(Ok((answer, Some(0)))) => Ok(answer),
        Ok(Ok((_, code))) => Err(CommandError::Failed { path, code }),
    }
}

async fn exchange(child: &mut Child, question: &[u8]) -> io::Result<(Vec<u8>, Option<i32>)> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let give = async {
        if let Some(mut stdin) = stdin {
            // One that ends without reading says so by its exit code.
            let _ = stdin.write_all(question).await;
        }
    };
    let take = async {
        let mut answer = Vec::new();
        match stdout {
            Some(stdout) => stdout.take(ANSWER_LIMIT.saturating_add(1)).read_to_end(&mut answer).await.map(|_| answer),
            None => Ok(answer),
        }
    };
    let ((), answer) = tokio::join!(give, take);
    let answer = answer?;
    if u64::try_from(answer.len()).is_ok_and(|length| length > ANSWER_LIMIT) {
        return Ok((answer, None));
    }
    Ok((answer, child.wait().await?.code()))
}

/// Ends the whole group of a child: what it started, too.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nobody is left in most cases.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use butler_core::store::file::save_atomic;
    use tempfile::TempDir;

    use super::*;

    fn script(folder: &TempDir, text: &str, mode: u32) -> String {
        let path = folder.path().join("program");
        save_atomic(&path, format!("#!/bin/sh\n{text}\n").as_bytes(), mode).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_program_gets_its_arguments_as_they_are_no_environment_and_the_question() {
        let folder = TempDir::new().unwrap();
        let program = script(&folder, r#"/usr/bin/env | /usr/bin/grep -c SECRET; printf '%s|' "$@"; /bin/cat"#, 0o700);
        let argv = [program, "$(id)".to_owned(), "a;b\nc".to_owned(), "-o".to_owned()];
        let answer = asked(&argv, b"question", Duration::from_secs(20)).await.unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), "0\n$(id)|a;b\nc|-o|question");
    }

    #[tokio::test]
    async fn what_fails_hangs_or_floods_is_told_and_leaves_nobody_behind() {
        let folder = TempDir::new().unwrap();
        let run = async |text: &str, seconds| {
            let program = script(&folder, text, 0o700);
            asked(&[program], b"", Duration::from_secs(seconds)).await
        };
        assert!(matches!(run("exit 3", 20).await, Err(CommandError::Failed { code: Some(3), .. })));
        assert!(matches!(run("kill -9 $$", 20).await, Err(CommandError::Failed { code: None, .. })));
        let flood = run("exec /bin/cat /dev/zero", 60).await;
        assert!(matches!(flood, Err(CommandError::TooLong { .. })), "{flood:?}");
        let pid = folder.path().join("pid");
        let hang = format!("/bin/sleep 600 & echo $! >{}; wait", pid.display());
        assert!(matches!(run(&hang, 1).await, Err(CommandError::Late { .. })));
        let child = fs::read_to_string(&pid).unwrap();
        let stat = || fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        while !(stat().is_empty() || stat().contains(") Z")) {
            assert!(std::time::Instant::now() < deadline, "its child lives");
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_program_that_others_could_have_replaced_is_not_run() {
        let folder = TempDir::new().unwrap();
        for mode in [0o720, 0o702] {
            let program = script(&folder, "exit 0", mode);
            let refused = asked(&[program], b"", Duration::from_secs(20)).await;
            assert!(matches!(refused, Err(CommandError::NotRun { .. })), "{refused:?}");
        }
        for path in ["program", "/", "/nowhere/program"] {
            assert!(asked(&[path.to_owned()], b"", Duration::from_secs(20)).await.is_err(), "{path}");
        }
    }
}
