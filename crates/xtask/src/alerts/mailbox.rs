//! What Alertmanager sends, by receiver: a small server that takes its webhooks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use serde_json::Value;

/// The largest message that is read.
const LIMIT: usize = 4 * 1024 * 1024;

/// What was sent.
#[derive(Debug)]
pub(super) struct Mailbox {
    pub(super) address: SocketAddr,
    posts: Arc<Mutex<Vec<Value>>>,
}

/// What a receiver was told of one alert.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How many series of it fired.
    pub(super) alerts: usize,
    /// In how many messages it fires.
    pub(super) posts: usize,
    /// In how many messages it has ended.
    pub(super) ends: usize,
}

impl Mailbox {
    /// Begins to listen.
    pub(super) fn open() -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("failed to listen")?;
        let mailbox = Self { address: listener.local_addr()?, posts: Arc::default() };
        let posts = Arc::clone(&mailbox.posts);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                // Whoever sends half a message sends it again.
                if let Ok(post) = take(stream) {
                    posts.lock().unwrap_or_else(PoisonError::into_inner).push(post);
                }
            }
        });
        Ok(mailbox)
    }

    fn posts(&self) -> Vec<Value> {
        self.posts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Forgets what was sent, but for the heartbeats.
    pub(super) fn forget(&self) {
        let mut posts = self.posts.lock().unwrap_or_else(PoisonError::into_inner);
        posts.retain(|post| post["receiver"] == "heartbeat");
    }

    /// How many messages came.
    pub(super) fn len(&self) -> usize {
        self.posts().iter().filter(|post| post["receiver"] != "heartbeat").count()
    }

    /// What a receiver was told of an alert.
    pub(super) fn told(&self, receiver: &str, alert: &str) -> Told {
        let mut told = Told::default();
        let mut fired = BTreeSet::new();
        for post in self.posts().iter().filter(|post| post["receiver"] == receiver) {
            let about = alerts_of(post).filter(|one| one["labels"]["alertname"] == alert);
            let mut by_status = BTreeMap::<String, usize>::new();
            for one in about {
                if one["status"] == "firing" {
                    fired.insert(one["labels"].to_string());
                }
                *by_status.entry(one["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
            }
            told.posts = told.posts.saturating_add(usize::from(by_status.contains_key("firing")));
            told.ends = told.ends.saturating_add(usize::from(by_status.contains_key("resolved")));
        }
        told.alerts = fired.len();
        told
    }

    /// The names of all alerts that somebody was told of.
    pub(super) fn alerts(&self) -> BTreeSet<String> {
        let posts = self.posts();
        let people = posts.iter().filter(|post| post["receiver"] != "heartbeat");
        let names = people.flat_map(alerts_of).filter_map(|one| one["labels"]["alertname"].as_str().map(str::to_owned));
        names.collect()
    }
}

fn alerts_of(post: &Value) -> impl Iterator<Item = &Value> {
    post["alerts"].as_array().into_iter().flatten()
}

/// Reads one message and says that it was taken.
fn take(stream: TcpStream) -> anyhow::Result<Value> {
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().unwrap_or_default();
        }
    }
    anyhow::ensure!(length <= LIMIT, "the message is too large");
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    serde_json::from_slice(&body).context("the message is no JSON")
}
