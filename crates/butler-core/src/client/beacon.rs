//! A beacon node, as far as finality is concerned: `GET /eth/v1/beacon/states/head/finality_checkpoints`.

use ethers_core::types::H256;
use serde::Deserialize;
use thiserror::Error;

use super::error::RpcFailure;
use super::http::{HttpPeer, HttpSettings, HttpSetupError};

/// The most bytes of an answer, which has a few hundred.
const ANSWER_LIMIT: usize = 64 * 1024;
/// Where a node tells it, from the Beacon API.
const PATH: [&str; 6] = ["eth", "v1", "beacon", "states", "head", "finality_checkpoints"];

/// A checkpoint of the beacon chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BeaconCheckpoint {
    /// The epoch.
    pub epoch: u64,
    /// The root of its first block.
    pub root: H256,
}

/// A final checkpoint that is not known.
#[derive(Debug, Error)]
pub enum BeaconError {
    /// The node could not be asked, or answered something else.
    #[error("the beacon node does not tell what is final")]
    Ask(#[source] RpcFailure),
    /// The node follows a chain whose blocks it has not checked itself.
    #[error("the beacon node has not checked its own chain yet (`execution_optimistic`)")]
    Optimistic,
}

/// A client of one beacon node.
#[derive(Debug)]
pub struct BeaconNode {
    name: String,
    peer: HttpPeer,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    execution_optimistic: bool,
    data: Checkpoints,
}

#[derive(Deserialize)]
struct Checkpoints {
    finalized: CheckpointText,
}

#[derive(Deserialize)]
struct CheckpointText {
    epoch: String,
    root: H256,
}

impl BeaconNode {
    /// Prepares a client; connects to nothing.
    ///
    /// # Errors
    /// See [`HttpSetupError`].
    pub fn new(name: &str, settings: &HttpSettings) -> Result<Self, HttpSetupError> {
        let max_response_bytes = settings.max_response_bytes.min(ANSWER_LIMIT);
        let peer = HttpPeer::new(&HttpSettings { max_response_bytes, ..settings.clone() })?;
        Ok(Self { name: name.to_owned(), peer })
    }

    /// The node's name in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest checkpoint that is final there. A chain that has finalized nothing has epoch 0.
    ///
    /// # Errors
    /// See [`BeaconError`].
    pub async fn finalized(&self) -> Result<BeaconCheckpoint, BeaconError> {
        let answer = self.peer.get(&PATH, &[]).await.map_err(BeaconError::Ask)?;
        match answer.status {
            200 => read(&answer.body),
            429 => Err(BeaconError::Ask(RpcFailure::RateLimited { retry_after: answer.retry_after })),
            status => {
                let text = self.peer.secrets().foreign_bytes(&answer.body);
                Err(BeaconError::Ask(RpcFailure::Http { status, text }))
            }
        }
    }
}

fn read(body: &[u8]) -> Result<BeaconCheckpoint, BeaconError> {
    let malformed = |what: &str| BeaconError::Ask(RpcFailure::Malformed(what.to_owned()));
    let answer: Answer = serde_json::from_slice(body).map_err(|_| malformed("no checkpoints of a beacon chain"))?;
    if answer.execution_optimistic {
        return Err(BeaconError::Optimistic);
    }
    let CheckpointText { epoch, root } = answer.data.finalized;
    let is_plain = epoch.bytes().all(|byte| byte.is_ascii_digit());
    let epoch = epoch.parse().ok().filter(|_| is_plain).ok_or_else(|| malformed("an epoch that is no number"))?;
    Ok(BeaconCheckpoint { epoch, root })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(epoch: &str, more: &str) -> String {
        let root = format!("0x{}", "ab".repeat(32));
        let checkpoint = format!(r#"{{"epoch":{epoch},"root":"{root}"}}"#);
        format!(
            r#"{{{more}"data":{{"previous_justified":{checkpoint},"current_justified":{checkpoint},"finalized":{checkpoint}}}}}"#
        )
    }

    #[test]
    fn the_final_checkpoint_is_read_with_whatever_stands_beside_it() {
        let expected = BeaconCheckpoint { epoch: 398_123, root: H256::repeat_byte(0xab) };
        for more in ["", r#""execution_optimistic":false,"finalized":false,"#] {
            assert_eq!(read(answer("\"398123\"", more).as_bytes()).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_no_checkpoint_or_not_checked_is_not_believed() {
        let optimistic = answer("\"7\"", r#""execution_optimistic":true,"#);
        assert!(matches!(read(optimistic.as_bytes()), Err(BeaconError::Optimistic)));
        for epoch in ["7", "\"-7\"", "\"+7\"", "\"\"", "\"7.5\"", "\"18446744073709551616\"", "null", "[]"] {
            assert!(matches!(read(answer(epoch, "").as_bytes()), Err(BeaconError::Ask(_))), "{epoch}");
        }
        for text in
            ["", "[]", "{}", "<html>", r#"{"data":{}}"#, r#"{"data":{"finalized":{"epoch":"7","root":"0x12"}}}"#]
        {
            assert!(matches!(read(text.as_bytes()), Err(BeaconError::Ask(RpcFailure::Malformed(_)))), "{text}");
        }
    }
}
