//! What is found out about a node by asking it: whether its own L1 answers, and whether a port is its admin port.
//!
//! A node goes on calling itself ready when its L1 is gone, and repeats the words of its L1, key and all. So only the kind
//! of an answer counts here, and no words of it are kept.

use std::time::Duration;

use tokio::time::timeout;

use super::{AztecNode, OffenceRange};
use crate::client::error::RpcFailure;
use crate::domain::slashing::offence::NotedOffence;

/// How long a node may take to ask its L1. A node whose L1 hangs never answers.
pub const L1_PROBE_DEADLINE: Duration = Duration::from_secs(10);

/// Whether a node can use its own L1 endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum L1Access {
    /// It got an answer from it.
    Usable,
    /// It got none: an error, whatever it says, or silence.
    Unusable,
    /// It cannot be told: the node does not know the question, or did not hear it.
    Unknown,
}

impl L1Access {
    fn of(answer: &Result<(), RpcFailure>) -> Self {
        match answer {
            Ok(()) => Self::Usable,
            Err(RpcFailure::MethodNotFound | RpcFailure::Unreachable(_) | RpcFailure::Tls(_)) => Self::Unknown,
            Err(_) => Self::Unusable,
        }
    }

    /// Whether it is usable; `None` where that cannot be told.
    #[must_use]
    pub fn is_usable(self) -> Option<bool> {
        match self {
            Self::Usable => Some(true),
            Self::Unusable => Some(false),
            Self::Unknown => None,
        }
    }
}

impl AztecNode {
    /// Asks a question that the node has to pass on to its L1. Says something only of a node that answers others at that
    /// time: one in standby answers none.
    pub async fn l1_access(&self, deadline: Duration) -> L1Access {
        match timeout(deadline.min(L1_PROBE_DEADLINE), self.current_fees()).await {
            Ok(answer) => L1Access::of(&answer),
            Err(_) => L1Access::Unusable,
        }
    }

    /// The offences that the node noted, of the node's admin port; `None` for a node without a slasher, which notes none.
    ///
    /// # Errors
    /// The failure of the exchange; `MethodNotFound` for a port that is no admin port; `Unauthorized` without the right key.
    pub async fn noted_offences(&self, range: OffenceRange) -> Result<Option<Vec<NotedOffence>>, RpcFailure> {
        match self.slash_offences(range).await {
            Err(RpcFailure::Rpc { message, .. }) if is_without_slasher(&message) => Ok(None),
            answer => answer.map(Some),
        }
    }
}

/// Whether an error's words mean that the node runs no slasher. Its code has changed from release to release, and stands for
/// whatever fails inside of the node.
fn is_without_slasher(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("slasher") && ["not enabled", "disabled", "not available"].iter().any(|off| message.contains(off))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_but_an_answer_means_that_the_l1_is_not_usable() {
        let unusable = [
            RpcFailure::Rpc { code: -32702, message: String::new() },
            RpcFailure::Rpc { code: -32603, message: String::new() },
            RpcFailure::RateLimited { retry_after: None },
            RpcFailure::Http { status: 502, text: String::new() },
            RpcFailure::Unauthorized { refusal: crate::client::error::Unauthorized::Status(401) },
            RpcFailure::Timeout(Duration::from_secs(1)),
            RpcFailure::Malformed(String::new()),
            RpcFailure::BlockUnknown,
            RpcFailure::OutOfGas,
        ];
        for failure in unusable {
            let name = failure.kind().name();
            assert_eq!(L1Access::of(&Err(failure)).is_usable(), Some(false), "{name}");
        }
        assert_eq!(L1Access::of(&Ok(())).is_usable(), Some(true));
        assert_eq!(L1Access::of(&Err(RpcFailure::MethodNotFound)).is_usable(), None);
        assert_eq!(L1Access::of(&Err(RpcFailure::Unreachable("gone".into()))).is_usable(), None);
    }

    #[test]
    fn only_a_node_that_says_so_has_no_slasher() {
        assert!(["Slasher client not enabled", "slasher is disabled"].iter().all(|words| is_without_slasher(words)));
        let others = ["", "HTTP request failed", "slasher: HTTP request failed", "Sentinel is not enabled"];
        assert!(!others.iter().any(|words| is_without_slasher(words)));
    }
}
