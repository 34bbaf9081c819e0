//! The daemon as a process, its folder, and an HTTPS client that trusts one certificate.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use butler_core::store::file::save_atomic;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tempfile::TempDir;

/// The longest that a test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A certificate for `localhost` that vouches for itself.
pub(crate) struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
}

impl Identity {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        Self { certificate, key }
    }

    pub(crate) fn write(&self, folder: &Path) {
        save_atomic(&folder.join("certificate.pem"), self.certificate.pem().as_bytes(), 0o644).unwrap();
        save_atomic(&folder.join("key.pem"), self.key.serialize_pem().as_bytes(), 0o600).unwrap();
    }
}

/// The daemon in a folder of its own; killed when dropped.
pub(crate) struct Daemon {
    folder: TempDir,
    child: Option<Child>,
    address: Option<SocketAddr>,
    log: Arc<Mutex<Vec<String>>>,
}

impl Daemon {
    pub(crate) fn prepared() -> Self {
        Self { folder: TempDir::new().unwrap(), child: None, address: None, log: Arc::default() }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        save_atomic(&self.folder().join(name), text.as_bytes(), 0o600).unwrap();
    }

    /// Starts it, and waits until it listens. The shell tells systemd's variable, which holds the process's own number.
    pub(crate) fn start(&mut self, variables: &[(&str, &str)]) {
        let mut command = Command::new("sh");
        command.args(["-c", "WATCHDOG_PID=$$ exec \"$0\" the_daemon --exact --ignored --nocapture"]);
        command.arg(std::env::current_exe().unwrap()).env_clear().env("HOME", self.folder());
        command.env("DAEMON_CONFIG", self.folder().join("butler.toml")).envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (stderr, log) = (child.stderr.take().unwrap(), Arc::clone(&self.log));
        self.child = Some(child);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                log.lock().unwrap().push(line);
            }
        });
        let mut address = None;
        self.wait_for("the address", || {
            address = self.log().lines().find_map(|line| line.strip_prefix("listening on ")?.parse().ok());
            address.is_some()
        });
        self.address = address;
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// The answer to one request over a connection of its own.
    pub(crate) fn get(&self, identity: &Identity, path: &str, headers: &[&str]) -> String {
        let mut roots = RootCertStore::empty();
        roots.add(identity.certificate.der().clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(self.address.unwrap()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut stream = StreamOwned::new(tls, stream);
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        stream
            .write_all(
                format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n").as_bytes(),
            )
            .unwrap();
        let mut answer = Vec::new();
        // Not everybody says goodbye before the connection ends.
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8(answer).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Sends a signal, and waits for the end and its code.
    pub(crate) fn end(&mut self, name: &str) -> Option<i32> {
        self.signal(name);
        self.ended()
    }

    /// Waits for the end and its code.
    pub(crate) fn ended(&mut self) -> Option<i32> {
        let mut child = self.child.take().unwrap();
        let mut status = None;
        self.wait_for("the end", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap().code()
    }

    pub(crate) fn wait_for(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(began.elapsed() < PATIENCE, "waited in vain for {what}: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
