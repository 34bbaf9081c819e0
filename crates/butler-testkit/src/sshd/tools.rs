//! The programs of OpenSSH, and what they need of the machine.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

/// Where OpenSSH's programs are.
#[derive(Clone, Debug)]
pub struct SshTools {
    pub(super) ssh: PathBuf,
    pub(super) sshd: PathBuf,
    keygen: PathBuf,
}

/// The programs. `None` where one is missing and the test is to be left out, which is then said; with `CI` set it must not be.
///
/// # Panics
/// With `CI` set, when one is missing.
#[must_use]
pub fn find() -> Option<SshTools> {
    let tools = (|| Some(SshTools { ssh: program("ssh")?, sshd: program("sshd")?, keygen: program("ssh-keygen")? }))();
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(tools.is_some() || !is_ci, "OpenSSH is not installed: `apt-get install openssh-server openssh-client`");
    if tools.is_none() {
        #[expect(clippy::print_stderr, reason = "whoever runs the tests is told what was left out")]
        {
            eprintln!("left out: OpenSSH is not installed (hint: apt-get install openssh-server openssh-client)");
        }
    }
    tools
}

fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Servers are not on everybody's path.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(name)).find(|path| path.is_absolute() && path.is_file())
}

impl SshTools {
    /// Makes a key without a passphrase, and its public side beside it.
    pub(super) fn make_key(&self, path: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(&self.keygen);
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "butler test", "-f"]).arg(path).stdin(Stdio::null());
        let output = command.output().context("failed to run ssh-keygen")?;
        ensure!(output.status.success(), "failed to make a key: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

/// Who runs the test, by name.
pub(super) fn user() -> anyhow::Result<String> {
    let output = Command::new("id").arg("-un").output().context("failed to run id")?;
    ensure!(output.status.success(), "failed to learn who runs this: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout).context("failed to read a user's name")?.trim().to_owned())
}

/// The folder that a server of root's wants, which the system's own would make at its start; others want none.
pub(super) fn prepare_privilege_separation() -> anyhow::Result<()> {
    let is_root = fs::metadata("/proc/self").context("failed to learn who runs this")?.uid() == 0;
    if is_root {
        fs::create_dir_all("/run/sshd").context("failed to create `/run/sshd`")?;
    }
    Ok(())
}
