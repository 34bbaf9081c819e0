//! What goes wrong around the watcher: its endpoints, its clock, its disk.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context as _;
use butler_testkit::proxy::{Fault, FaultPlan, FaultProxy, Lie};

use crate::kills::Dice;

/// Where distributions keep it.
const FAKETIME: [&str; 3] = [
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
];
/// The size of the watcher's disk: somewhat more than what must be free.
const DISK: u64 = 64 << 20;

/// Says which kinds of trouble this machine cannot make.
pub(super) fn say_what_is_missing() {
    if library().is_none() {
        eprintln!(
            "left out: no steps of the clock, since libfaketime is not installed (hint: apt-get install faketime)"
        );
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: no full disk, since only root can mount one");
    }
}

/// Gives each endpoint something to do wrong: at most one of them lies.
pub(super) fn at_endpoints(proxies: &[FaultProxy], dice: &mut Dice) {
    let liar = dice.below(8);
    for (index, proxy) in (0..).zip(proxies) {
        let lie = usize::try_from(dice.below(u64::try_from(Lie::ALL.len()).unwrap_or(1))).unwrap_or_default();
        proxy.set(match Lie::ALL.get(lie) {
            Some(lie) if liar == index => FaultPlan::always(Fault::Lie(*lie)),
            Some(_) | None => match dice.below(16) {
                0 => FaultPlan::always(Fault::Close),
                1 => FaultPlan::always(Fault::Hang),
                2 => FaultPlan::always(Fault::Truncate),
                3 => FaultPlan::always(Fault::NotJson),
                4 => FaultPlan::always(Fault::LaggingHead(1 + dice.below(8))),
                5 => FaultPlan::always(Fault::Latency(Duration::from_millis(dice.below(400)))),
                6 => FaultPlan::always(Fault::Status { code: 429, retry_after: Some(1), body: String::new() }),
                7 => FaultPlan::always(Fault::Status { code: 502, retry_after: None, body: "bad gateway".to_owned() }),
                _ => FaultPlan::none(),
            },
        });
    }
}

/// The watcher's own time, which is stepped while it runs.
#[derive(Debug)]
pub(super) struct Clock {
    library: &'static str,
    file: PathBuf,
    /// Seconds by which it is ahead at most so far.
    pub(super) most: u64,
}

fn library() -> Option<&'static str> {
    FAKETIME.into_iter().find(|path| Path::new(path).exists())
}

impl Clock {
    /// None where the library is missing.
    pub(super) fn new(folder: &Path) -> anyhow::Result<Option<Self>> {
        let Some(library) = library() else { return Ok(None) };
        let mut clock = Self { library, file: folder.join("clock"), most: 0 };
        clock.step(0)?;
        Ok(Some(clock))
    }

    /// So many seconds ahead of the machine's from now on.
    pub(super) fn step(&mut self, ahead: u64) -> anyhow::Result<()> {
        self.most = self.most.max(ahead);
        #[expect(clippy::disallowed_methods, reason = "a file of a trial that is thrown away")]
        std::fs::write(&self.file, format!("+{ahead}s\n")).context("failed to step the clock")
    }

    pub(super) fn variables(&self) -> Vec<(&'static str, String)> {
        let file = self.file.display().to_string();
        let fixed = [("DONT_FAKE_MONOTONIC", "1"), ("NO_FAKE_STAT", "1"), ("FAKETIME_CACHE_DURATION", "1")];
        let fixed = fixed.into_iter().map(|(name, value)| (name, value.to_owned()));
        fixed.chain([("LD_PRELOAD", self.library.to_owned()), ("FAKETIME_TIMESTAMP_FILE", file)]).collect()
    }
}

/// A small disk of the watcher's own where root can mount one; else a folder.
#[derive(Debug)]
pub(super) struct Disk {
    pub(super) path: PathBuf,
    is_mounted: bool,
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            let _ = Command::new("umount").arg("--lazy").arg(&self.path).status();
        }
    }
}

impl Disk {
    pub(super) fn new(path: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir(&path)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={DISK},mode=0700"), "tmpfs"]).arg(&path);
        let is_mounted = rustix::process::geteuid().is_root()
            && mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        Ok(Self { path, is_mounted })
    }

    /// Leaves so many bytes free, or all of them. Does nothing on a disk that others use.
    pub(super) fn leave(&self, free: Option<u64>) -> anyhow::Result<bool> {
        if !self.is_mounted {
            return Ok(false);
        }
        let ballast = self.path.join("ballast");
        let Some(free) = free else {
            let _ = std::fs::remove_file(&ballast);
            return Ok(false);
        };
        let stat = rustix::fs::statvfs(&self.path)?;
        let own = ballast.metadata().map_or(0, |metadata| metadata.len());
        let take = (stat.f_bavail * stat.f_frsize + own).saturating_sub(free);
        let file = std::fs::File::create(&ballast)?;
        // Whatever fits: the watcher writes meanwhile.
        let _ = rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, take);
        Ok(true)
    }
}
