//! A webhook's receiver that keeps what it is posted.

#![expect(clippy::disallowed_methods, reason = "its server ends with the test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "s3cr3t-webhook-path";

/// A receiver that answers what it is told to, and keeps what it got.
#[derive(Clone, Default)]
pub(crate) struct Receiver {
    pub(crate) answers: Arc<Mutex<Vec<u16>>>,
    pub(crate) got: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Receiver {
    /// Listens; answers these codes first, and 200 from then on.
    pub(crate) async fn start(answers: &[u16]) -> (Self, String) {
        let receiver = Self::default();
        receiver.answers.lock().unwrap().extend(answers.iter().rev());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/{SECRET}", listener.local_addr().unwrap());
        let serving = receiver.clone();
        tokio::task::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::task::spawn(serving.clone().answer(stream));
            }
        });
        (receiver, url)
    }

    pub(crate) async fn answer(self, mut stream: tokio::net::TcpStream) {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(read) = stream.read(&mut buffer).await
            && read > 0
        {
            text.extend_from_slice(&buffer[..read]);
            let whole = String::from_utf8_lossy(&text).into_owned();
            let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
            let length =
                head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() < length.unwrap_or(0_usize) {
                continue;
            }
            let code = self.answers.lock().unwrap().pop().unwrap_or(200);
            let path = head.split(' ').nth(1).unwrap().to_owned();
            if code == 200 {
                let body: Value = serde_json::from_str(body).unwrap();
                let id = head
                    .to_lowercase()
                    .lines()
                    .find_map(|line| Some(line.strip_prefix("idempotency-key: ")?.to_owned()));
                assert_eq!(id.as_deref(), body["id"].as_str());
                self.got.lock().unwrap().push((path, body));
            }
            let answer = format!("HTTP/1.1 {code} X\r\nContent-Length: {}\r\n\r\n{SECRET}", SECRET.len());
            let _ = stream.write_all(answer.as_bytes()).await;
            text.clear();
        }
    }

    /// How often each key came.
    pub(crate) fn keys(&self) -> BTreeMap<String, u32> {
        let mut keys = BTreeMap::new();
        for (path, body) in self.got.lock().unwrap().iter() {
            assert_eq!(path, &format!("/{SECRET}"));
            if body["retracted"] == true {
                continue;
            }
            *keys.entry(body["key"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        keys
    }
}
