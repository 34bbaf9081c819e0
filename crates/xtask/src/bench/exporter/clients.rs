//! Clients that ask for the metrics over a kept connection, and how long they waited.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Clients at the same time.
const CLIENTS: u32 = 8;

/// How the text travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// Compressed, as Prometheus asks for it.
    Gzip,
    /// As it is.
    Identity,
}

/// How often a client asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Once in this time.
    Each(Duration),
    /// Again as soon as it was answered.
    None,
}

/// A kept connection; made again when the other side has closed it, which it does after a minute.
#[derive(Debug)]
pub(super) struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self { address, stream: None }
    }

    /// The body of the metrics as it travels.
    pub(super) fn get(&mut self, coding: Coding) -> anyhow::Result<Vec<u8>> {
        if self.stream.is_some()
            && let Ok(body) = self.exchange(coding)
        {
            return Ok(body);
        }
        let stream = TcpStream::connect(self.address).context("failed to connect to the exporter")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        self.stream = Some(BufReader::with_capacity(64 * 1024, stream));
        self.exchange(coding)
    }

    fn exchange(&mut self, coding: Coding) -> anyhow::Result<Vec<u8>> {
        let reader = self.stream.as_mut().context("not connected")?;
        let coding = match coding {
            Coding::Gzip => "gzip",
            Coding::Identity => "identity",
        };
        let accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
        let head = format!("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\nAccept-Encoding: {coding}\r\n\r\n");
        reader.get_mut().write_all(head.as_bytes())?;
        let (mut length, mut is_last, mut line) = (None, false, String::new());
        reader.read_line(&mut line)?;
        if !line.starts_with("HTTP/1.1 200") {
            bail!("the exporter answered {line:?}");
        }
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().ok(),
                "connection" => is_last = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; length.context("no length in the head")?];
        reader.read_exact(&mut body)?;
        if is_last {
            self.stream = None;
        }
        Ok(body)
    }
}

/// Clients at work. One half takes gzip, the other half does not.
pub(super) struct Load {
    clients: Vec<JoinHandle<anyhow::Result<Waits>>>,
    stopping: Arc<AtomicBool>,
    requests: Arc<AtomicU64>,
}

/// What the clients of one coding saw.
struct Waits {
    coding: Coding,
    waits: Vec<Duration>,
    bytes: usize,
}

impl Load {
    pub(super) fn start(address: SocketAddr, pace: Pace) -> Self {
        let (stopping, requests) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let client = |index: u32| {
            let coding = if index.is_multiple_of(2) { Coding::Gzip } else { Coding::Identity };
            let (stopping, requests) = (Arc::clone(&stopping), Arc::clone(&requests));
            std::thread::spawn(move || {
                let (mut connection, mut all) =
                    (Connection::new(address), Waits { coding, waits: Vec::new(), bytes: 0 });
                let began = Instant::now();
                let mut turn = 0_u32;
                while !stopping.load(Ordering::Relaxed) {
                    if let Pace::Each(pace) = pace {
                        // Evenly over the time, the clients one after another.
                        let due = pace.saturating_mul(turn) + pace * index / CLIENTS;
                        std::thread::sleep(due.saturating_sub(began.elapsed()));
                        turn += 1;
                    }
                    let asked = Instant::now();
                    all.bytes = connection.get(coding)?.len();
                    all.waits.push(asked.elapsed());
                    requests.fetch_add(1, Ordering::Relaxed);
                }
                Ok(all)
            })
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { clients, stopping, requests }
    }

    /// Requests answered so far.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn stop(&mut self) -> anyhow::Result<Answers> {
        self.stopping.store(true, Ordering::Relaxed);
        let ended = self.clients.drain(..).map(JoinHandle::join);
        let all = ended.map(|ended| ended.unwrap_or_else(|_| bail!("a client panicked")));
        Ok(Answers(all.collect::<anyhow::Result<_>>()?))
    }
}

/// All that was answered.
pub(super) struct Answers(Vec<Waits>);

impl Answers {
    pub(super) fn requests(&self) -> usize {
        self.0.iter().map(|client| client.waits.len()).sum()
    }

    /// The wait that so many of a hundred requests stay below, in milliseconds.
    pub(super) fn percentile(&self, coding: Coding, percent: usize) -> anyhow::Result<f64> {
        let of_coding = self.0.iter().filter(|client| client.coding == coding);
        let mut waits: Vec<Duration> = of_coding.flat_map(|client| client.waits.iter().copied()).collect();
        waits.sort_unstable();
        let at = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
        let wait = waits.get(at).context("there were no requests")?;
        Ok((wait.as_secs_f64() * 100_000.0).round() / 100.0)
    }

    /// The length of a body.
    pub(super) fn bytes(&self, coding: Coding) -> usize {
        self.0.iter().filter(|client| client.coding == coding).map(|client| client.bytes).max().unwrap_or_default()
    }
}
