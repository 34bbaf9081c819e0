//! Runs a program, writes down each of its calls that counts, and strikes at one of them.
//!
//! Calls are counted over all threads, from the moment at which the program listens on its own socket. That is why it is not strace, which
//! counts each thread's calls on their own: what is asked of a watcher's disk is asked by whichever thread is free.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::calls::{Known, Shape, known, number};

/// The how manieth socket that a watcher listens on is the one that it is asked at: what follows carries out what is due.
const SOCKETS: u32 = 2;
/// The longest path that is read.
const PATH: usize = 4096;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where calls are told, a line each.
    #[arg(long)]
    told: PathBuf,
    /// The folder whose files count.
    #[arg(long)]
    root: PathBuf,
    /// Ports that count, as NAME=PORT.
    #[arg(long)]
    port: Vec<String>,
    /// What to strike at, as a line of `told`.
    #[arg(long)]
    at: Option<String>,
    /// `KILL`, or the error that it answers.
    #[arg(long, default_value = "KILL")]
    what: String,
    /// The program.
    #[arg(last = true)]
    command: Vec<OsString>,
}

/// What is told of a strike that came to pass.
pub(super) const STRUCK: &str = "struck";
/// What is told first: the program's process.
pub(super) const PROCESS: &str = "process ";

pub(crate) fn trace(options: &Options) -> anyhow::Result<()> {
    // It waits for a line, so that it is held before it becomes the program.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", r#"read -r go; exec "$0" "$@""#]).args(&options.command).stdin(Stdio::piped());
    let mut child = command.spawn().context("failed to start the program")?;
    let process = Pid::from_raw(i32::try_from(child.id())?);
    let mut told = File::create(&options.told)?;
    writeln!(told, "{PROCESS}{process}")?;
    let follow = ptrace::Options::PTRACE_O_TRACECLONE
        | ptrace::Options::PTRACE_O_TRACEFORK
        | ptrace::Options::PTRACE_O_TRACEVFORK
        | ptrace::Options::PTRACE_O_TRACEEXEC;
    let held = ptrace::Options::PTRACE_O_TRACESYSGOOD | ptrace::Options::PTRACE_O_EXITKILL;
    ptrace::seize(process, follow | held).context("failed to trace it")?;
    child.stdin.take().context("it has an input")?.write_all(b"\n")?;
    let mut ports = BTreeMap::new();
    for port in &options.port {
        let (name, port) = port.split_once('=').context("a port is NAME=PORT")?;
        ports.insert(port.parse()?, name.to_owned());
    }
    let what = match options.what.as_str() {
        "KILL" => What::Kill,
        error => What::Error(number(error).with_context(|| format!("{error} is no known error"))?),
    };
    let strike = options.at.clone().map(|at| (at, what));
    let tracer = Tracer {
        process,
        told,
        root: options.root.clone(),
        ports,
        strike,
        known: known(),
        listens: 0,
        inside: BTreeSet::new(),
        refused: BTreeMap::new(),
        sockets: BTreeMap::new(),
        counts: BTreeMap::new(),
    };
    tracer.run()
}

#[derive(Debug, Clone, Copy)]
enum What {
    Kill,
    Error(u64),
}

struct Tracer {
    process: Pid,
    told: File,
    root: PathBuf,
    ports: BTreeMap<u16, String>,
    /// What is to be struck.
    strike: Option<(String, What)>,
    known: BTreeMap<u64, Known>,
    /// How many sockets it listens on.
    listens: u32,
    /// Threads that are in a call.
    inside: BTreeSet<Pid>,
    /// Threads whose call is refused, with what.
    refused: BTreeMap<Pid, u64>,
    /// Connections, by descriptor.
    sockets: BTreeMap<u64, String>,
    /// How often a call was made.
    counts: BTreeMap<(&'static str, String), u64>,
}

impl Tracer {
    fn run(mut self) -> anyhow::Result<()> {
        loop {
            match waitpid(None, Some(WaitPidFlag::__WALL)) {
                Ok(WaitStatus::PtraceSyscall(thread)) => match self.at_call(thread) {
                    // It was killed meanwhile.
                    Ok(()) | Err(Errno::ESRCH) => go_on(thread, None)?,
                    Err(error) => return Err(error).context("failed to look at a call"),
                },
                Ok(WaitStatus::PtraceEvent(thread, _, event)) => {
                    if event == libc::PTRACE_EVENT_EXEC {
                        self.inside.insert(thread);
                    }
                    go_on(thread, None)?;
                }
                Ok(WaitStatus::Stopped(thread, signal)) => go_on(thread, Some(signal))?,
                Ok(WaitStatus::Exited(thread, code)) if thread == self.process => {
                    writeln!(self.told, "ended with code {code}")?;
                }
                Ok(WaitStatus::Signaled(thread, signal, _)) if thread == self.process => {
                    writeln!(self.told, "ended with {signal}")?;
                }
                Ok(
                    WaitStatus::Exited(..)
                    | WaitStatus::Signaled(..)
                    | WaitStatus::Continued(_)
                    | WaitStatus::StillAlive,
                )
                | Err(Errno::EINTR) => {}
                Err(Errno::ECHILD) => return Ok(()),
                Err(error) => bail!("failed to wait: {error}"),
            }
        }
    }

    /// A thread begins a call or ends it.
    fn at_call(&mut self, thread: Pid) -> Result<(), Errno> {
        if self.inside.remove(&thread) {
            if let Some(error) = self.refused.remove(&thread) {
                let mut registers = ptrace::getregs(thread)?;
                registers.rax = 0_u64.wrapping_sub(error);
                ptrace::setregs(thread, registers)?;
            }
            return Ok(());
        }
        self.inside.insert(thread);
        let mut registers = ptrace::getregs(thread)?;
        if u64::try_from(libc::SYS_listen) == Ok(registers.orig_rax) {
            self.listens = self.listens.saturating_add(1);
        }
        let Some(known) = self.known.get(&registers.orig_rax).copied() else { return Ok(()) };
        let arguments = [registers.rdi, registers.rsi];
        let place = self.place(thread, known, arguments);
        if known.name == "close" {
            self.sockets.remove(&registers.rdi);
        }
        let Some(place) = place.filter(|_| self.listens >= SOCKETS) else { return Ok(()) };
        let count = self.counts.entry((known.name, place.clone())).or_default();
        *count = count.saturating_add(1);
        let line = format!("{} {count} {place}", known.name);
        // Whoever runs this finds a file that cannot be written.
        let _ = writeln!(self.told, "{line}");
        let Some((_, what)) = self.strike.take_if(|(at, _)| *at == line) else { return Ok(()) };
        let _ = writeln!(self.told, "{STRUCK}");
        match what {
            What::Kill => nix::sys::signal::kill(self.process, Signal::SIGKILL),
            What::Error(error) => {
                // No call has this number, so nothing is done.
                registers.orig_rax = u64::MAX;
                ptrace::setregs(thread, registers)?;
                self.refused.insert(thread, error);
                Ok(())
            }
        }
    }

    /// What a call is about, where that counts: a path below the root, or the name of a port.
    fn place(&mut self, thread: Pid, known: Known, [first, second]: [u64; 2]) -> Option<String> {
        match known.shape {
            Shape::Path => self.below_root(&path_at(thread, first)?),
            Shape::Below => {
                let path = path_at(thread, second)?;
                // A stat of a descriptor has an empty path.
                let folder = if path.is_absolute() { None } else { opened(thread, first) };
                self.below_root(&folder.unwrap_or_default().join(path))
            }
            Shape::Descriptor => match self.sockets.get(&first) {
                Some(name) => Some(name.clone()),
                None => self.below_root(&opened(thread, first)?),
            },
            Shape::Address => {
                let address = bytes_at(thread, second, 4)?;
                let is_v4 = address.get(..2)? == u16::try_from(libc::AF_INET).ok()?.to_ne_bytes();
                let port = u16::from_be_bytes(address.get(2..4)?.try_into().ok()?);
                let name = self.ports.get(&port).filter(|_| is_v4)?.clone();
                self.sockets.insert(first, name.clone());
                Some(name)
            }
        }
    }

    fn below_root(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.root).ok()?;
        Some(below.display().to_string().trim_end_matches('/').to_owned())
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) -> anyhow::Result<()> {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(error) => Err(error).context("failed to let it go on"),
    }
}

/// Where a descriptor leads.
fn opened(thread: Pid, descriptor: u64) -> Option<PathBuf> {
    // What stands for the current folder is a negative number of 32 bits.
    let name = match i32::from_ne_bytes(u32::try_from(descriptor & 0xffff_ffff).ok()?.to_ne_bytes()) {
        libc::AT_FDCWD => "cwd".to_owned(),
        number => format!("fd/{number}"),
    };
    std::fs::read_link(format!("/proc/{thread}/{name}")).ok()
}

fn path_at(thread: Pid, address: u64) -> Option<PathBuf> {
    let bytes = bytes_at(thread, address, PATH)?;
    let text = bytes.split(|byte| *byte == 0).next()?;
    Some(PathBuf::from(OsStr::from_bytes(text)))
}

/// So many bytes of its memory, or less.
fn bytes_at(thread: Pid, address: u64, count: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; count];
    let read = File::open(format!("/proc/{thread}/mem")).ok()?.read_at(&mut bytes, address).ok()?;
    bytes.truncate(read);
    Some(bytes)
}
