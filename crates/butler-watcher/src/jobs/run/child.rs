//! A program that runs: a process group of its own, a deadline, and bounds on what it writes.
//!
//! At the deadline, or when it writes too much, the group is told to end, and killed when it does not. When the program itself has
//! ended, whatever it left in its group is killed, and who left the group and holds an output is not waited for.

use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use butler_core::client::secrets::Secrets;
use butler_core::runtime::report::one_line;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use super::environment::Environment;
use super::output::{Allowance, Tail};
use super::setup::Programs;
use crate::trusted::{DistrustError, trusted};

/// How long the outputs of a program that has ended are read further.
const REST: Duration = Duration::from_millis(500);
/// How often the file that it writes is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// How often it is looked whether a program has ended, beside when the system says so.
const AGAIN: Duration = Duration::from_secs(2);
/// How long a killed program may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// By itself, with that code.
    Code(i32),
    /// By a signal that is not ours.
    Signal(i32),
    /// It did not end within its time.
    Late,
    /// It wrote too much to its outputs.
    Talks,
    /// Its artifact grew too long.
    Grows,
    /// It was killed, and is still there: the system does not let it go.
    Stuck,
}

/// A program that ran.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) how: How,
    pub(super) took: Duration,
    errors: Tail,
}

/// A program that did not run.
#[derive(Debug)]
pub(super) enum NotRun {
    /// A person must change something.
    Refused(String),
    /// The system has no room for it, or the like.
    Later(String),
}

/// What is to run.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) programs: &'a Programs,
    pub(super) argv: &'a [String],
    pub(super) environment: &'a Environment<'a>,
    /// The file that it writes, and the most bytes of it.
    pub(super) file: Option<(&'a Path, u64)>,
}

impl Finished {
    /// How it ended, with the last of what it said.
    pub(super) fn told(&self, secrets: &Secrets) -> String {
        let how = match self.how {
            How::Code(code) => format!("it ended with code {code}"),
            How::Signal(signal) => format!("it was ended by signal {signal}"),
            How::Late => format!("it did not end within {} s, and was ended", self.took.as_secs()),
            How::Talks => "it wrote more to its output than it may, and was ended".to_owned(),
            How::Grows => "its artifact grew longer than it may, and it was ended".to_owned(),
            How::Stuck => "it does not end though it was killed".to_owned(),
        };
        let said = self.errors.shown(secrets);
        if said.is_empty() { how } else { format!("{how}: {said}") }
    }
}

/// Runs a program to its end.
pub(super) async fn run(run: &Run<'_>, stdin: Stdio) -> Result<Finished, NotRun> {
    let Some((program, arguments)) = run.argv.split_first() else {
        return Err(NotRun::Refused("no program is named".to_owned()));
    };
    let found = trusted(Path::new(program)).map_err(|error| not_trusted(&error))?;
    let mut command = Command::new(found);
    command.arg0(program).args(arguments).current_dir(&run.programs.folder).process_group(0).kill_on_drop(true);
    command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
    run.environment.give(&mut command);
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|error| not_started(program, &error))?;
    // The secrets that it holds are the program's by now.
    drop(command);
    let group = Group::of(&child);
    let (printed, errors, allowance) = (Tail::default(), Tail::default(), Allowance::new(run.programs.output_limit));
    let (stdout, stderr, is_read) = (child.stdout.take(), child.stderr.take(), Notify::new());
    let outputs = async {
        tokio::join!(printed.follow(stdout, &allowance), errors.follow(stderr, &allowance));
        is_read.notify_one();
        std::future::pending::<How>().await
    };
    let life = async {
        let how = live(&mut child, &group, run, &allowance).await;
        let _ = timeout(REST, is_read.notified()).await;
        how
    };
    let how = tokio::select! {
        how = life => how,
        how = outputs => how,
    };
    Ok(Finished { how, took: begun.elapsed(), errors })
}

/// Waits for the end of a child, or brings it about.
async fn live(child: &mut Child, group: &Group, run: &Run<'_>, allowance: &Allowance) -> How {
    let cut = tokio::select! {
        biased;
        // First, since a program that nobody reads any more may have ended of that.
        () = allowance.used_up.notified() => Some(How::Talks),
        () = ended(child) => None,
        () = sleep(run.programs.timeout) => Some(How::Late),
        () = grown(run.file) => Some(How::Grows),
    };
    if cut.is_some() {
        group.signal(Signal::TERM);
        let _ = timeout(run.programs.kill_grace, ended(child)).await;
    }
    // The child is not reaped yet, so its number is no other group's.
    group.signal(Signal::KILL);
    match timeout(GONE, child.wait()).await {
        Ok(status) => cut.unwrap_or_else(|| how(&status)),
        Err(_) => How::Stuck,
    }
}

fn how(status: &io::Result<ExitStatus>) -> How {
    use std::os::unix::process::ExitStatusExt as _;
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => How::Code(code),
            (None, signal) => How::Signal(signal.unwrap_or_default()),
        },
        // Somebody else reaped it: nothing is known of its end.
        Err(_) => How::Signal(0),
    }
}

/// Waits for a child's end, and leaves it to be reaped where the system lets it.
async fn ended(child: &mut Child) {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let (Some(number), Ok(mut news)) = (number(child), signal(SignalKind::child())) else {
        let _ = child.wait().await;
        return;
    };
    while let Ok(None) = waitid(WaitId::Pid(number), options) {
        // News that got lost cost a look, not the whole time that a program has.
        let _ = timeout(AGAIN, news.recv()).await;
    }
}

/// Ends when the file is longer than it may be.
async fn grown(file: Option<(&Path, u64)>) {
    let Some((path, limit)) = file else { return std::future::pending().await };
    loop {
        sleep(LOOK).await;
        if tokio::fs::symlink_metadata(path).await.is_ok_and(|metadata| metadata.len() > limit) {
            return;
        }
    }
}

fn number(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw)
}

/// The group of a child: what it started, too. It ends with this.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(number(child))
    }

    fn signal(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // Nobody is left in most cases.
            let _ = kill_process_group(group, signal);
        }
    }
}

fn not_trusted(error: &DistrustError) -> NotRun {
    let told = one_line(error);
    match error {
        DistrustError::NotTrusted { .. } => NotRun::Refused(told),
        DistrustError::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => NotRun::Refused(told),
        DistrustError::Io { .. } => NotRun::Later(told),
    }
}

fn not_started(program: &str, error: &io::Error) -> NotRun {
    let told = format!("`{program}` cannot be started: {error}");
    let is_lasting = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(rustix::io::Errno::NOEXEC.raw_os_error());
    if is_lasting { NotRun::Refused(told) } else { NotRun::Later(told) }
}
