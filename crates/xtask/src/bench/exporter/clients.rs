//! Clients that ask for the metrics over a kept connection, and how long they waited.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::connection::{Coding, Connection};

/// Clients at the same time.
const CLIENTS: u32 = 8;

/// How often a client asks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Once in this time.
    Each(Duration),
    /// Again as soon as it was answered.
    None,
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
