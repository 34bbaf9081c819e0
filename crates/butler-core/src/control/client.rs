//! Asking the watcher: one request over its socket, bounded and under a deadline.

use std::io;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::Request;
use hyper::client::conn::http1::handshake;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::protocol::{ANSWER_LIMIT, Answer, Ask, ControlRequest, PROTOCOL, ROUTE};

/// Nothing that can be used came back.
#[derive(Debug, Error)]
pub enum AskError {
    /// Nobody listens, or may be asked.
    #[error("failed to connect")]
    Connect(#[source] io::Error),
    /// It took too long.
    #[error("it did not answer in {} s", .0.as_secs())]
    Late(Duration),
    /// The exchange broke off.
    #[error("it broke off")]
    Broken(#[source] hyper::Error),
    /// What came is no answer, or too long.
    #[error("its answer is not understood; is it of another version?")]
    Strange,
}

/// Asks the watcher that listens there.
///
/// # Errors
/// See [`AskError`]. A refusal is an answer.
pub async fn ask(socket: &Path, ask: Ask, deadline: Duration) -> Result<Answer, AskError> {
    timeout(deadline, exchange(socket, ask)).await.map_err(|_| AskError::Late(deadline))?
}

async fn exchange(socket: &Path, ask: Ask) -> Result<Answer, AskError> {
    let text = serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask }).map_err(|_| AskError::Strange)?;
    let request = Request::post(ROUTE).header(HOST, "butler").header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(Bytes::from(text))).map_err(|_| AskError::Strange)?;
    let stream = UnixStream::connect(socket).await.map_err(AskError::Connect)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.map_err(AskError::Broken)?;
    let exchange = async {
        let answer = sender.send_request(request).await.map_err(AskError::Broken)?;
        let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await.map_err(|_| AskError::Strange)?;
        serde_json::from_slice(&body.to_bytes()).map_err(|_| AskError::Strange)
    };
    let mut connection = std::pin::pin!(connection);
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = &mut connection => {
            // What was read before the end is still handed on.
            drop(ended);
            exchange.await
        }
    }
}
