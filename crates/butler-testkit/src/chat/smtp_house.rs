//! A real mail server, made of aiosmtpd, in a process of its own. What it cannot be made to do (break off behind a letter, say) is
//! [`MailServer`](super::MailServer)'s.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use serde::Deserialize;

use super::MailTls;
use crate::proxy::tls::TestAuthority;

/// The server's program.
const PROGRAM: &str = include_str!("smtp_house.py");
/// Who may have it: Debian's Python, for which Debian has a package, and whatever comes first.
const PYTHONS: [&str; 2] = ["/usr/bin/python3", "python3"];
/// How long it may take until it listens, or until a letter that was taken is told.
const PATIENCE: Duration = Duration::from_secs(30);

/// How the server is set up.
#[derive(Debug, Clone, Copy)]
pub struct SmtpHouseSettings<'a> {
    /// How connections are kept from others.
    pub tls: MailTls,
    /// The user and the password without which nothing is taken.
    pub login: Option<(&'a str, &'a str)>,
    /// The largest letter, in bytes.
    pub size_limit: u32,
}

/// A letter as the server understood it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TakenLetter {
    /// Who sent it, of the envelope.
    pub from: String,
    /// Whom it is for, of the envelope.
    pub to: Vec<String>,
    /// Its `Message-ID`.
    pub id: String,
    /// Its subject, decoded.
    pub subject: String,
    /// Its `Content-Type`.
    #[serde(rename = "type")]
    pub content_type: String,
    /// What breaks the rules in it.
    pub faults: Vec<String>,
    /// Its text, decoded; every line ends in a line feed.
    pub text: String,
    /// Whether nobody could read it on its way.
    pub is_safe: bool,
    /// Who was let in.
    pub user: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listening {
    port: u16,
}

type Letters = Arc<(Mutex<Vec<TakenLetter>>, Condvar)>;

/// A real mail server on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct SmtpHouse {
    child: Child,
    port: u16,
    authority: TestAuthority,
    letters: Letters,
}

impl SmtpHouse {
    /// Starts one; `None` where aiosmtpd is not installed, which stderr says. Blocks.
    ///
    /// # Errors
    /// It is not installed and `CI` is set, or it does not come up.
    pub fn start(settings: SmtpHouseSettings<'_>) -> anyhow::Result<Option<Self>> {
        let has = |python: &&str| {
            let asked = Command::new(python).args(["-c", "import aiosmtpd"]).stderr(Stdio::null()).status();
            asked.is_ok_and(|status| status.success())
        };
        let Some(python) = PYTHONS.into_iter().find(|python| has(python)) else {
            let missing = "aiosmtpd is not installed (Debian: apt-get install python3-aiosmtpd)";
            ensure!(std::env::var_os("CI").is_none_or(|value| value.is_empty()), missing);
            eprintln_once(missing);
            return Ok(None);
        };
        let authority = TestAuthority::new(4096)?;
        let tls = match settings.tls {
            MailTls::Nothing => "none",
            MailTls::Implicit => "implicit",
            MailTls::StartTls => "starttls",
        };
        let (user, password) = settings.login.unwrap_or_default();
        let mut command = Command::new(python);
        command.args(["-W", "ignore", "-c", PROGRAM, tls]).arg(authority.server_pem_path()).args([user, password]);
        command.arg(settings.size_limit.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().context("failed to start it")?;
        let mut lines = BufReader::new(child.stdout.take().context("it has no stdout")?).lines();
        let Some(first) = lines.next().transpose()? else {
            bail!("the mail server ended with {}", child.wait()?);
        };
        let Listening { port } = serde_json::from_str(&first).context("the mail server says no port")?;
        let letters = Letters::default();
        let told = Arc::clone(&letters);
        // It ends with the server's stdout.
        thread::spawn(move || {
            for letter in lines.map_while(Result::ok).filter_map(|line| serde_json::from_str(&line).ok()) {
                told.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter);
                told.1.notify_all();
            }
        });
        Ok(Some(Self { child, port, authority, letters }))
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that vouches for `localhost` and `127.0.0.1`.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.authority.pem_path().to_path_buf()
    }

    /// What was taken, once it is that many letters. Blocks.
    ///
    /// # Errors
    /// They do not come.
    pub fn letters(&self, count: usize) -> anyhow::Result<Vec<TakenLetter>> {
        let (letters, news) = &*self.letters;
        let locked = letters.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = news.wait_timeout_while(locked, PATIENCE, |letters| letters.len() < count);
        let letters = waited.unwrap_or_else(PoisonError::into_inner).0.clone();
        ensure!(letters.len() >= count, "{count} letters do not come: {letters:?}");
        Ok(letters)
    }
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see what was not run")]
fn eprintln_once(missing: &str) {
    static SAID: std::sync::Once = std::sync::Once::new();
    SAID.call_once(|| eprintln!("not run: {missing}"));
}

impl Drop for SmtpHouse {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
