//! A real OpenSSH server on loopback, for commands that run on another machine: an ordinary process with a folder of its own.
//!
//! It takes one key and runs what the client asks, or one command whatever it asks. It needs no right that the test has not: the
//! user who logs in is the one who runs the test. It is killed by its number when it is dropped.

mod tools;

use std::{
    fs::{self, File},
    io::Write as _,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tempfile::TempDir;

pub use tools::{SshTools, find};

/// What a client may run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whatever it asks for.
    Any,
    /// This command of the shell, whatever it asks for; what it asked for is in `SSH_ORIGINAL_COMMAND`.
    Forced(String),
}

/// A running server.
#[derive(Debug)]
pub struct Sshd {
    folder: TempDir,
    tools: SshTools,
    user: String,
    port: u16,
    process: Child,
}

/// How often another port is tried, where somebody took the one that was free a moment ago.
const TRIES: u32 = 8;
const PATIENCE: Duration = Duration::from_secs(20);

impl Sshd {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When a tool fails or the server does not come up; its log is in the error.
    pub fn start(tools: &SshTools, access: &Access) -> anyhow::Result<Self> {
        let folder = TempDir::new().context("failed to create a folder")?;
        for name in ["host_key", "client_key"] {
            tools.make_key(&folder.path().join(name))?;
        }
        write(&folder.path().join("authorized_keys"), &authorized(folder.path(), access)?)?;
        tools::prepare_privilege_separation()?;
        let user = tools::user()?;
        for _ in 0..TRIES {
            let port = free_port()?;
            let mut process = tools.serve(&config(folder.path(), port)?, folder.path())?;
            if is_up(&mut process, folder.path())? {
                let host_key = read(&folder.path().join("host_key.pub"))?;
                write(&folder.path().join("known_hosts"), &format!("[127.0.0.1]:{port} {host_key}"))?;
                return Ok(Self { folder, tools: tools.clone(), user, port, process });
            }
            let log = log(folder.path());
            ensure!(log.contains("Address already in use"), "failed to start sshd: {log}");
        }
        bail!("failed to find a free port")
    }

    /// The command line with which a client calls it, to be followed by what is to be run there.
    #[must_use]
    pub fn argv(&self) -> Vec<String> {
        let path = |name: &str| self.path(name).display().to_string();
        let options = [
            "BatchMode=yes".to_owned(),
            "StrictHostKeyChecking=yes".to_owned(),
            "IdentitiesOnly=yes".to_owned(),
            format!("UserKnownHostsFile={}", path("known_hosts")),
            "GlobalKnownHostsFile=none".to_owned(),
            "ConnectTimeout=10".to_owned(),
        ];
        let mut argv = vec![self.tools.ssh.display().to_string()];
        argv.extend(["-F", "none", "-T", "-i"].map(str::to_owned));
        argv.extend([path("client_key"), "-p".to_owned(), self.port.to_string()]);
        argv.extend(options.into_iter().flat_map(|option| ["-o".to_owned(), option]));
        argv.push(format!("{}@127.0.0.1", self.user));
        argv
    }

    /// The client's command, to which arguments can be added.
    #[must_use]
    pub fn client(&self) -> Command {
        let mut command = Command::new(&self.tools.ssh);
        command.args(self.argv().into_iter().skip(1));
        command
    }

    /// The file with the keys of hosts that the client knows, for a test that changes it.
    #[must_use]
    pub fn known_hosts(&self) -> PathBuf {
        self.path("known_hosts")
    }

    /// What the server wrote into its log.
    #[must_use]
    pub fn log(&self) -> String {
        log(self.folder.path())
    }

    /// Ends the server: nobody listens any more. Commands that still run end with their connection.
    pub fn stop(&mut self) {
        self.await_sessions();
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Gives sessions whose client has gone a moment to end while there is a parent to bury them.
    fn await_sessions(&self) {
        let pid = self.process.id();
        let children = format!("/proc/{pid}/task/{pid}/children");
        let deadline = Instant::now() + Duration::from_secs(1);
        while fs::read_to_string(&children).is_ok_and(|children| !children.is_empty()) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Waits until it listens; `false` when it ended.
fn is_up(process: &mut Child, folder: &Path) -> anyhow::Result<bool> {
    let deadline = Instant::now() + PATIENCE;
    while !log(folder).contains("Server listening on") {
        if process.try_wait().context("failed to look at sshd")?.is_some() {
            return Ok(false);
        }
        if Instant::now() > deadline {
            let _ = process.kill();
            let _ = process.wait();
            bail!("sshd does not come up: {}", log(folder));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(true)
}

fn log(folder: &Path) -> String {
    fs::read_to_string(folder.join("log")).unwrap_or_default()
}

fn authorized(folder: &Path, access: &Access) -> anyhow::Result<String> {
    let key = read(&folder.join("client_key.pub"))?;
    Ok(match access {
        Access::Any => format!("restrict {key}"),
        Access::Forced(command) => format!("restrict,command=\"{}\" {key}", command.replace('"', "\\\"")),
    })
}

fn config(folder: &Path, port: u16) -> anyhow::Result<PathBuf> {
    let path = |name: &str| folder.join(name).display().to_string();
    let lines = [
        "ListenAddress 127.0.0.1".to_owned(),
        format!("Port {port}"),
        format!("HostKey {}", path("host_key")),
        format!("AuthorizedKeysFile {}", path("authorized_keys")),
        "AuthenticationMethods publickey".to_owned(),
        "PermitRootLogin prohibit-password".to_owned(),
        "StrictModes no".to_owned(),
        "UsePAM no".to_owned(),
        "PidFile none".to_owned(),
        "PrintMotd no".to_owned(),
        "LogLevel VERBOSE".to_owned(),
    ];
    let config = folder.join("sshd_config");
    write(&config, &(lines.join("\n") + "\n"))?;
    Ok(config)
}

fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("failed to find a free port")?;
    Ok(listener.local_addr().context("failed to learn a free port")?.port())
}

fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    let write = || File::create(path)?.write_all(content.as_bytes());
    write().with_context(|| format!("failed to write `{}`", path.display()))
}

fn read(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
}

impl SshTools {
    fn serve(&self, config: &Path, folder: &Path) -> anyhow::Result<Child> {
        // It wants to be called by its full path, since it calls itself for every connection.
        Command::new(&self.sshd)
            .arg("-D")
            .arg("-f")
            .arg(config)
            .arg("-E")
            .arg(folder.join("log"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("failed to start sshd")
    }
}
