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
use tokio::time::{sleep, timeout};

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

/// Pause before it is tried again whether one more is let in.
const PAUSE: Duration = Duration::from_millis(20);

/// A connection, for as long as it takes: where many wait to be let in, the system asks to come again.
async fn connected(socket: &Path) -> Result<UnixStream, AskError> {
    loop {
        match UnixStream::connect(socket).await {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => sleep(PAUSE).await,
            connected => return connected.map_err(AskError::Connect),
        }
    }
}

async fn exchange(socket: &Path, ask: Ask) -> Result<Answer, AskError> {
    let text = serde_json::to_vec(&ControlRequest { version: PROTOCOL, ask }).map_err(|_| AskError::Strange)?;
    let request = Request::post(ROUTE).header(HOST, "butler").header(CONTENT_TYPE, "application/json");
    let request = request.body(Full::new(Bytes::from(text))).map_err(|_| AskError::Strange)?;
    let stream = connected(socket).await?;
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

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream as Blocking};

    use super::*;

    #[tokio::test]
    async fn where_many_wait_to_be_let_in_it_comes_again_until_its_deadline() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("socket");
        let socket =
            rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None).unwrap();
        rustix::net::bind(&socket, &rustix::net::SocketAddrUnix::new(&path).unwrap()).unwrap();
        rustix::net::listen(&socket, 0).unwrap();
        let listener = UnixListener::from(socket);
        // The one who waits already.
        let _first = Blocking::connect(&path).unwrap();
        let late = ask(&path, Ask::Status, Duration::from_millis(200)).await;
        assert!(matches!(late, Err(AskError::Late(_))), "{late:?}");
        let asking = ask(&path, Ask::Status, Duration::from_secs(20));
        let letting_in = tokio::task::spawn_blocking(move || {
            let _first = listener.accept().unwrap();
            let second = listener.accept().unwrap();
            drop(second);
        });
        let (answer, let_in) = tokio::join!(asking, letting_in);
        let_in.unwrap();
        // It was let in, and got no answer.
        assert!(matches!(answer, Err(AskError::Broken(_))), "{answer:?}");
    }
}
