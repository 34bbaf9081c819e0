//! An HTTP server that answers bytes as a test has them, right or wrong.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct RawRequest {
    /// Request line and headers.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: String,
    /// How many requests came on this connection before.
    pub(crate) before: usize,
}

impl RawRequest {
    /// The ids that the request has, in order.
    pub(crate) fn ids(&self) -> Vec<u64> {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let calls = json.as_array().cloned().unwrap_or_else(|| vec![json]);
        calls.iter().filter_map(|call| call["id"].as_u64()).collect()
    }
}

/// What is sent back: `piece` so many times between the others; nothing at all closes the connection.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    pub(crate) first: Vec<u8>,
    pub(crate) piece: Vec<u8>,
    pub(crate) times: usize,
    pub(crate) last: Vec<u8>,
}

impl Reply {
    /// A whole answer: status line and further headers, each with its line's end, and the body.
    pub(crate) fn of(status: &str, headers: &str, body: &[u8]) -> Self {
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
        Self { first: [head.as_bytes(), body].concat(), ..Self::default() }
    }
}

/// The server; it ends with its handle.
#[derive(Debug)]
pub(crate) struct RawServer {
    pub(crate) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl RawServer {
    pub(crate) async fn start(answer: impl Fn(&RawRequest) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let answer = Arc::clone(&answer);
                connections.spawn(async move {
                    let _ = serve(stream, answer.as_ref()).await;
                });
            }
        });
        Self { address, _tasks: tasks }
    }
}

async fn serve(mut stream: TcpStream, answer: &(dyn Fn(&RawRequest) -> Reply + Send + Sync)) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    for before in 0.. {
        let (head, body) = loop {
            if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                let length = head
                    .to_ascii_lowercase()
                    .split_once("content-length: ")
                    .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok());
                let whole = end + 4 + length.unwrap_or_default();
                if bytes.len() >= whole {
                    let body = String::from_utf8_lossy(&bytes[end + 4..whole]).into_owned();
                    bytes.drain(..whole);
                    break (head, body);
                }
            }
            if stream.read_buf(&mut bytes).await? == 0 {
                return Ok(());
            }
        };
        let reply = answer(&RawRequest { head, body, before });
        if reply.first.is_empty() {
            return Ok(());
        }
        stream.write_all(&reply.first).await?;
        for _ in 0..reply.times {
            stream.write_all(&reply.piece).await?;
        }
        stream.write_all(&reply.last).await?;
        // A status line that is none ends the connection.
        if !reply.first.starts_with(b"HTTP/1.1 ") {
            return Ok(());
        }
    }
    Ok(())
}
