//! A webhook that keeps what it was told, and now and then is not well.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

/// One of so many posts is refused.
const UNWELL: u64 = 12;

/// What it was told: how often, by key and try.
#[derive(Debug, Default)]
struct Told {
    posts: u64,
    kept: BTreeMap<String, BTreeMap<u64, u64>>,
}

/// The webhook.
#[derive(Debug, Clone)]
pub(super) struct Hook {
    url: String,
    told: Arc<Mutex<Told>>,
}

impl Hook {
    pub(super) fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let hook = Self { url: format!("http://{}/", listener.local_addr()?), told: Arc::default() };
        let answering = hook.clone();
        // It ends with this program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let one = answering.clone();
                thread::spawn(move || one.answer(stream));
            }
        });
        Ok(hook)
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// How often each try of each key was taken.
    pub(super) fn kept(&self) -> BTreeMap<String, BTreeMap<u64, u64>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).kept.clone()
    }

    /// Answers until the other side closes.
    fn answer(&self, stream: TcpStream) -> Option<()> {
        let mut writing = stream.try_clone().ok()?;
        let mut reading = BufReader::new(stream);
        loop {
            let (mut length, mut line) = (0, String::new());
            while reading.read_line(&mut line).ok()? > 0 && line != "\r\n" {
                let lower = line.to_ascii_lowercase();
                length = lower.strip_prefix("content-length:").map_or(Some(length), |text| text.trim().parse().ok())?;
                line.clear();
            }
            if line.is_empty() {
                return None;
            }
            let mut body = vec![0; length];
            reading.read_exact(&mut body).ok()?;
            let status = if self.take(&serde_json::from_slice(&body).ok()?) { "200 OK" } else { "503 Unwell" };
            writing.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").as_bytes()).ok()?;
        }
    }

    fn take(&self, body: &Value) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.posts += 1;
        if told.posts.is_multiple_of(UNWELL) {
            return false;
        }
        // What is taken back is no try of anything.
        if body["retracted"] == true {
            return true;
        }
        let key = body["key"].as_str().unwrap_or_default().to_owned();
        *told.kept.entry(key).or_default().entry(body["attempt"].as_u64().unwrap_or_default()).or_default() += 1;
        true
    }
}
