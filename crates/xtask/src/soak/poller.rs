//! Somebody who scrapes all the time, and holds every answer against what was true.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::answer::Answer;
use super::requests::Requests;
use super::truth::Truth;

/// Between two scrapes.
const PAUSE: Duration = Duration::from_millis(50);
/// A scrape that takes longer is one that Prometheus would give up.
const PATIENCE: Duration = Duration::from_secs(5);
/// The most complaints that are kept.
const MOST: usize = 50;

/// What the poller found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Answers.
    pub(super) scrapes: u64,
    /// The greatest time for which a served reading's block had not been the head, in seconds.
    pub(super) oldest: f64,
    /// The longest that an answer took.
    pub(super) slowest: Duration,
    /// What must not be.
    pub(super) complaints: Vec<String>,
    pub(super) blocks: BTreeSet<(u64, u64)>,
    /// What scrapes cost.
    pub(super) requests: Requests,
    last: Option<Answer>,
    memory: Vec<u64>,
    descriptors: Vec<u64>,
}

/// The poller, as others see it.
#[derive(Debug)]
pub(super) struct Poller {
    truth: Arc<Truth>,
    process: PathBuf,
    limit: f64,
    found: Mutex<Found>,
    /// Whether an old block is a complaint. It is none while the endpoint itself pretends that the chain stands still.
    pub(super) judges_age: AtomicBool,
    stopped: AtomicBool,
}

impl Poller {
    /// A poller of the process with that number. No reading may be older than `limit`.
    pub(super) fn new(truth: Arc<Truth>, process: u32, limit: Duration) -> Self {
        Self {
            truth,
            process: PathBuf::from(format!("/proc/{process}")),
            limit: limit.as_secs_f64(),
            found: Mutex::default(),
            judges_age: AtomicBool::new(true),
            stopped: AtomicBool::new(false),
        }
    }

    /// What was found so far.
    pub(super) fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last answer.
    pub(super) fn last(&self) -> Answer {
        self.found().last.clone().unwrap_or_default()
    }

    /// Notes something that must not be.
    pub(super) fn complain(&self, what: String) {
        let mut found = self.found();
        if found.complaints.len() < MOST {
            found.complaints.push(what);
        }
    }

    /// Memory in kilobytes and open files: at the beginning, the most, at the end.
    pub(super) fn resources(&self) -> [[u64; 3]; 2] {
        let found = self.found();
        let three = |all: &[u64]| {
            let tenth = all.len() / 10;
            [all.get(tenth), all.iter().max(), all.last()].map(|value| value.copied().unwrap_or_default())
        };
        [three(&found.memory), three(&found.descriptors)]
    }

    /// Ends `run`.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Scrapes until it is stopped. Blocks.
    pub(super) fn run(&self, address: SocketAddr) {
        while !self.stopped.load(Ordering::Relaxed) {
            let asked = Instant::now();
            match get(address) {
                Ok(text) => self.judge(&text, asked),
                Err(_) if self.stopped.load(Ordering::Relaxed) => {}
                Err(error) => self.complain(format!("no answer: {error:#}")),
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn judge(&self, text: &str, asked: Instant) {
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        let series = samples.filter_map(|(key, value)| Some((key.to_owned(), value.parse().ok()?)));
        let answer = Answer { series: series.collect(), asked: Some(asked) };
        if let Some(height) = answer.height() {
            let age = self.truth.age(height, asked);
            if self.judges_age.load(Ordering::Relaxed) {
                if age > self.limit {
                    self.complain(format!("block {height} is served {age:.1} s after it was the head"));
                }
                let mut found = self.found();
                found.oldest = found.oldest.max(age);
            }
            self.found().blocks.extend(answer.time().map(|time| (height, time)));
        }
        let before = self.found().last.clone();
        if let Some(before) = before {
            // What is new or gone is no counter that went back.
            let counters = before.series.iter().filter(|(key, _)| key.split('{').next().is_some_and(is_counter));
            for (key, then) in counters {
                if let Some(now) = answer.series.get(key).filter(|now| *now < then) {
                    self.complain(format!("{key} went from {then} to {now}"));
                }
            }
        }
        let (memory, descriptors) = (self.memory(), self.descriptors());
        let mut found = self.found();
        found.memory.extend(memory);
        found.descriptors.extend(descriptors);
        found.scrapes += 1;
        found.slowest = found.slowest.max(asked.elapsed());
        found.requests.note(&answer);
        found.last = Some(answer);
    }

    fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(self.process.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    fn descriptors(&self) -> Option<u64> {
        u64::try_from(std::fs::read_dir(self.process.join("fd")).ok()?.count()).ok()
    }
}

fn is_counter(name: &str) -> bool {
    name.ends_with("_total")
}

fn get(address: SocketAddr) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("an answer without a head")?;
    anyhow::ensure!(head.starts_with("HTTP/1.1 200 "), "{}", head.lines().next().unwrap_or_default());
    Ok(body.to_owned())
}
