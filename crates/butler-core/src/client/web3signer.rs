//! A web3signer, as far as its keys are reloaded: `POST /reload`, and where it is told so, `GET /reload` until that is over.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;
use tokio::time::{Instant, sleep};

use super::error::RpcFailure;
use super::http::{HttpPeer, HttpSettings, HttpSetupError};
use super::payload::Payload;

/// Pause between two questions whether it is over.
const PAUSE: Duration = Duration::from_millis(250);

/// A web3signer's port.
#[derive(Debug)]
pub struct Web3Signer {
    peer: HttpPeer,
}

/// Keys that were not reloaded, or may not have been. Asking again does no harm.
#[derive(Debug, Error)]
pub enum SignerError {
    /// It could not be asked, or broke off.
    #[error("the web3signer could not be asked to reload its keys")]
    NotAsked(#[source] RpcFailure),
    /// It refuses, or failed to.
    #[error("the web3signer did not reload its keys: HTTP {0}")]
    Refused(u16),
    /// It says that reloading failed.
    #[error("the web3signer says that reloading its keys failed")]
    Failed,
    /// It says something that is not known here.
    #[error("what the web3signer says of reloading its keys is not known here; is it of another version?")]
    Strange,
    /// It went on for too long.
    #[error("the web3signer did not finish reloading its keys within {}", humantime::format_duration(*.0))]
    Late(Duration),
}

#[derive(Deserialize)]
struct ReloadStatus {
    status: String,
}

impl Web3Signer {
    /// Prepares a client of the web3signer at that URL; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        let mut url = settings.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("reload");
        }
        Ok(Self { peer: HttpPeer::new(&HttpSettings { url, ..settings.clone() })? })
    }

    /// Has it read its keys again, and waits until that is over where it says so.
    ///
    /// # Errors
    /// See [`SignerError`].
    pub async fn reload(&self) -> Result<(), SignerError> {
        let answer = self.peer.post(Payload::default()).await.map_err(SignerError::NotAsked)?;
        if !(200..300).contains(&answer.status) {
            return Err(SignerError::Refused(answer.status));
        }
        let until = Instant::now() + self.peer.timeout();
        loop {
            let answer = self.peer.get(&[], &[]).await.map_err(SignerError::NotAsked)?;
            match answer.status {
                200..300 => {}
                // Older ones reload before they answer, and have no status.
                404 | 405 => return Ok(()),
                status => return Err(SignerError::Refused(status)),
            }
            let status = serde_json::from_slice::<ReloadStatus>(&answer.body).map_err(|_| SignerError::Strange)?;
            match status.status.to_ascii_lowercase().as_str() {
                "running" => {}
                "idle" | "completed" => return Ok(()),
                "completed_with_errors" | "failed" | "error" => return Err(SignerError::Failed),
                _ => return Err(SignerError::Strange),
            }
            if Instant::now() >= until {
                return Err(SignerError::Late(self.peer.timeout()));
            }
            sleep(PAUSE).await;
        }
    }
}
