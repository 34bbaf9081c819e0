//! Runs a child, and listens to it.

use std::io::Read as _;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::judge::Told;
use crate::script::Scenario;

/// A child that says nothing for longer hangs. The daemon's watchdog would end it, and so does this.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs a child below a program such as strace, and listens to it.
pub(crate) fn run(folder: &Path, below: &[&str], scenario: Scenario, abort: bool) -> anyhow::Result<Told> {
    run_child(folder, below, scenario, if abort { &["--abort"] } else { &[] }, None)
}

/// The same with more words, and killed after a while.
pub(crate) fn run_child(
    folder: &Path,
    below: &[&str],
    scenario: Scenario,
    more: &[&str],
    kill_after: Option<Duration>,
) -> anyhow::Result<Told> {
    let path = folder.with_extension("socket");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    let own = std::env::current_exe()?;
    let mut words = below.iter().map(std::ffi::OsString::from).collect::<Vec<_>>();
    words.extend([own.into_os_string(), "work".into(), folder.into(), "--socket".into(), (&path).into()]);
    words.extend(["--scenario".into(), format!("{scenario:?}").to_lowercase().into()]);
    words.extend(more.iter().map(std::ffi::OsString::from));
    let mut words = words.into_iter();
    let program = words.next().context("there is a program")?;
    let mut command = Command::new(program);
    // A group of its own, so that what strace runs dies with it.
    command.args(words).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = command.spawn()?;
    let told = listen(&listener, &mut child, kill_after);
    let status = child.wait()?;
    std::fs::remove_file(&path)?;
    told.with_context(|| format!("the child ended with {status}"))
}

fn listen(listener: &UnixListener, child: &mut Child, kill_after: Option<Duration>) -> anyhow::Result<Told> {
    listener.set_nonblocking(true)?;
    let begun = Instant::now();
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(_) if child.try_wait()?.is_some() => return Ok(Told::default()),
            Err(_) if begun.elapsed() > LONGEST => {
                show_threads(child);
                kill(child)?;
                bail!("the child does not come");
            }
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    };
    stream.set_nonblocking(false)?;
    let (mut text, mut piece, mut is_hung) = (Vec::new(), [0; 4096], false);
    loop {
        let left = kill_after.map_or(LONGEST, |limit| limit.saturating_sub(begun.elapsed()));
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => text.extend_from_slice(piece.get(..read).unwrap_or_default()),
            Err(_) if kill_after.is_some() => kill(child)?,
            Err(_) => {
                show_threads(child);
                kill(child)?;
                is_hung = true;
            }
        }
        if kill_after.is_some_and(|limit| begun.elapsed() >= limit) {
            kill(child)?;
        }
    }
    let mut told = Told { is_hung, ..Told::default() };
    // Whoever is killed may have begun a line.
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    for line in String::from_utf8_lossy(text.get(..whole).unwrap_or_default()).lines() {
        told.hear(line);
    }
    Ok(told)
}

fn kill(child: &Child) -> anyhow::Result<()> {
    match kill_process_group(group(child)?, Signal::KILL) {
        Ok(()) | Err(rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn group(child: &Child) -> anyhow::Result<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw).context("a child has a process id")
}

/// Where each thread of the group waits.
fn show_threads(child: &Child) {
    let group = child.id().to_string();
    let folders = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    for process in folders(Path::new("/proc")) {
        let stat = std::fs::read_to_string(process.join("stat")).unwrap_or_default();
        // After the name in brackets: state, parent, group.
        let of = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(2));
        if of != Some(group.as_str()) {
            continue;
        }
        for task in folders(&process.join("task")) {
            let read = |name: &str| std::fs::read_to_string(task.join(name)).unwrap_or_default().trim().to_owned();
            let state = read("status").lines().filter(|line| line.starts_with("State:")).collect::<String>();
            eprintln!("hangs: {} {} {state} {} [{}]", task.display(), read("comm"), read("wchan"), read("syscall"));
        }
    }
}
