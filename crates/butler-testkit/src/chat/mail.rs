//! A mail server that takes letters by SMTP (RFC 5321) and holds to its rules: order of commands, lines of at most 998 bytes that end in
//! CR LF, a password only over TLS.

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinSet,
};

use crate::proxy::tls::TestAuthority;

/// How a server keeps its connections from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Not at all.
    Nothing,
    /// From the first byte.
    Implicit,
    /// When it is asked for.
    StartTls,
}

/// A letter that was taken.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    /// Who sent it, of the envelope.
    pub from: String,
    /// Whom it is for, of the envelope.
    pub to: Vec<String>,
    /// Headers, an empty line and the body, as they came.
    pub text: String,
}

impl Letter {
    /// The value of a header, on one line.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let head = self.text.split("\r\n\r\n").next()?.replace("\r\n ", " ");
        head.lines().find_map(|line| Some(line.strip_prefix(&format!("{name}: "))?.to_owned()))
    }
}

#[derive(Debug, Default)]
struct State {
    letters: Vec<Letter>,
    /// Answers to whole letters that are given first: a code and a text.
    script: VecDeque<String>,
    faults: Vec<String>,
}

/// A mail server on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct MailServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    authority: Option<Arc<TestAuthority>>,
    _tasks: JoinSet<()>,
}

/// What one connection needs to know.
#[derive(Debug, Clone)]
struct House {
    state: Arc<Mutex<State>>,
    /// User and password, as `AUTH PLAIN` sends them.
    login: Option<String>,
    tls: MailTls,
    authority: Option<Arc<TestAuthority>>,
}

impl MailServer {
    /// Starts one. `login` is what `AUTH PLAIN` must send (base64); `script` are answers to whole letters, given first, such as `451 later`. An
    /// empty one takes the letter and closes.
    ///
    /// # Errors
    /// There is no port or no certificate.
    pub async fn start(tls: MailTls, login: Option<&str>, script: &[&str]) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("failed to listen on 127.0.0.1")?;
        let address = listener.local_addr().context("failed to learn the port")?;
        let script = script.iter().map(|line| (*line).to_owned()).collect();
        let state = Arc::new(Mutex::new(State { script, ..State::default() }));
        let authority = if tls == MailTls::Nothing { None } else { Some(Arc::new(TestAuthority::new(4096)?)) };
        let house =
            House { state: Arc::clone(&state), login: login.map(str::to_owned), tls, authority: authority.clone() };
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                visits.spawn(receive(house.clone(), stream));
            }
        });
        Ok(Self { address, state, authority, _tasks: tasks })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The authority that vouches for it, where it has TLS.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.authority.as_ref().map(|authority| authority.pem_path().to_path_buf())
    }

    /// What was taken so far.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).letters.clone()
    }

    /// What clients did that the rules forbid.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).faults.clone()
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

async fn receive(house: House, stream: tokio::net::TcpStream) {
    let acceptor = house.authority.as_ref().map(|authority| authority.acceptor());
    let implicit = acceptor.clone().filter(|_| house.tls == MailTls::Implicit);
    let first: Box<dyn Stream> = match implicit {
        None => Box::new(stream),
        Some(tls) => match tls.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
    };
    let mut reader = BufReader::new(first);
    if reader.write_all(b"220 mail.example ESMTP\r\n").await.is_err() {
        return;
    }
    let is_safe = house.tls == MailTls::Implicit;
    if let Ok(true) = talk(&house, &mut reader, is_safe).await
        && let Some(tls) = acceptor
        && let Ok(stream) = tls.accept(reader.into_inner()).await
    {
        let boxed: Box<dyn Stream> = Box::new(stream);
        let _ = talk(&house, &mut BufReader::new(boxed), true).await;
    }
}

/// One line without its end; a line that breaks the rules ends the connection.
async fn line(house: &House, reader: &mut BufReader<Box<dyn Stream>>) -> io::Result<String> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes).await?;
    let fault = |what: &str| {
        house.state.lock().unwrap_or_else(PoisonError::into_inner).faults.push(what.to_owned());
        io::Error::other(what.to_owned())
    };
    if bytes.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let Some(content) = bytes.strip_suffix(b"\r\n") else { return Err(fault("a line does not end in CR LF")) };
    if content.len() > 998 || content.contains(&b'\r') {
        return Err(fault("a line is too long, or holds a CR"));
    }
    String::from_utf8(content.to_vec()).map_err(|_| fault("a line is not UTF-8"))
}

/// Speaks until the other side leaves; whether TLS comes next.
async fn talk(house: &House, reader: &mut BufReader<Box<dyn Stream>>, is_safe: bool) -> io::Result<bool> {
    let (mut letter, mut is_in) = (Letter::default(), house.login.is_none());
    loop {
        let command = line(house, reader).await?;
        let upper = command.to_ascii_uppercase();
        let answer = if upper.starts_with("EHLO ") {
            let mut offers = "250-mail.example\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n".to_owned();
            if house.tls == MailTls::StartTls && !is_safe {
                offers.push_str("250-STARTTLS\r\n");
            }
            offers + "250 AUTH PLAIN"
        } else if upper == "STARTTLS" && house.tls == MailTls::StartTls {
            reader.write_all(b"220 go on\r\n").await?;
            return Ok(true);
        } else if let Some(login) = command.strip_prefix("AUTH PLAIN ") {
            is_in = is_safe && Some(login) == house.login.as_deref();
            if is_in { "235 welcome".to_owned() } else { format!("535 no: {login}") }
        } else if upper.starts_with("MAIL FROM:") && is_in {
            letter = Letter { from: address(&command), ..Letter::default() };
            "250 ok".to_owned()
        } else if upper.starts_with("RCPT TO:") && !letter.from.is_empty() {
            letter.to.push(address(&command));
            "250 ok".to_owned()
        } else if upper == "DATA" && !letter.to.is_empty() {
            reader.write_all(b"354 go on\r\n").await?;
            loop {
                let text = line(house, reader).await?;
                if text == "." {
                    break;
                }
                letter.text.push_str(text.strip_prefix('.').unwrap_or(&text));
                letter.text.push_str("\r\n");
            }
            let mut state = house.state.lock().unwrap_or_else(PoisonError::into_inner);
            let scripted = state.script.pop_front();
            if scripted.as_deref().is_none_or(str::is_empty) {
                state.letters.push(std::mem::take(&mut letter));
            }
            match scripted {
                Some(empty) if empty.is_empty() => return Ok(false),
                Some(answer) => answer,
                None => "250 taken".to_owned(),
            }
        } else if upper == "QUIT" {
            reader.write_all(b"221 bye\r\n").await?;
            return Ok(false);
        } else if upper == "RSET" || upper == "NOOP" {
            "250 ok".to_owned()
        } else {
            "503 not now".to_owned()
        };
        reader.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
}

fn address(command: &str) -> String {
    command
        .split_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map(|(address, _)| address.to_owned())
        .unwrap_or_default()
}
