//! Where the host still has the first version of control groups: a group of the memory controller for the container.
//!
//! `systemd-nspawn` hands a container no controllers of that version. In a group of its own, whose tree the container's
//! systemd may write, `MemoryMax=` is enforced by the kernel there too. On a host with version 2 nothing is needed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the memory controller of the first version is mounted.
const CONTROLLER: &str = "/sys/fs/cgroup/memory";

/// A group that is removed when dropped, with all that was made below it.
pub(super) struct Group {
    path: Option<PathBuf>,
}

impl Group {
    /// A new group below this process's own; none where the host has no such controller, or refuses.
    pub(super) fn new() -> Self {
        let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
        let own =
            groups.lines().find_map(|line| line.split_once(":memory:")).map(|(_, own)| own.trim_start_matches('/'));
        let path =
            own.map(|own| Path::new(CONTROLLER).join(own).join(format!("butler-service-{}", std::process::id())));
        Self { path: path.filter(|path| fs::create_dir(path).is_ok()) }
    }

    /// A command that enters the group and becomes that program.
    pub(super) fn command(&self, program: &str) -> Command {
        let Some(path) = &self.path else { return Command::new(program) };
        let mut command = Command::new("sh");
        command.args(["-c", "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""]).arg(path).arg(program);
        command
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            remove(path);
        }
    }
}

/// Removes a group that nothing runs in any more. What cannot be removed stays: it is empty and costs nothing.
fn remove(group: &Path) {
    for child in fs::read_dir(group).into_iter().flatten().flatten() {
        if child.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&child.path());
        }
    }
    let _ = fs::remove_dir(group);
}
