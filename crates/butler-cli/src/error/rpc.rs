//! Requests to an L1 endpoint that failed: exit code and hint.

use butler_core::client::error::{ErrorKind, RpcError};
use butler_core::runtime::exit::Exit;

/// The exit code of a failed request.
pub(super) fn rpc_exit(error: &RpcError) -> Exit {
    match error.failure.kind() {
        ErrorKind::WrongChain | ErrorKind::Disagrees => Exit::Refused,
        ErrorKind::Unreachable
        | ErrorKind::Tls
        | ErrorKind::Timeout
        | ErrorKind::Broken
        | ErrorKind::Unauthorized
        | ErrorKind::RateLimited
        | ErrorKind::Http
        | ErrorKind::TooLarge
        | ErrorKind::Malformed
        | ErrorKind::BlockUnknown
        | ErrorKind::StateUnavailable
        | ErrorKind::RangeRefused
        | ErrorKind::OutOfGas
        | ErrorKind::BatchRefused
        | ErrorKind::Reverted
        | ErrorKind::MethodNotFound
        | ErrorKind::Rpc
        | ErrorKind::Lagging
        | ErrorKind::Leading
        | ErrorKind::WrongBlock
        | ErrorKind::Incomplete
        | ErrorKind::LogsPruned
        | ErrorKind::Contradicted => Exit::Upstream,
    }
}

/// What the operator can do about a failed request.
pub(super) fn rpc_hint(error: &RpcError) -> Option<String> {
    let hint = match error.failure.kind() {
        ErrorKind::Unreachable => "is the endpoint up, and is its host and port right?",
        ErrorKind::Tls => "is the certificate valid for that host? an own authority goes into `ca_file`",
        ErrorKind::Timeout => "the endpoint is slow or hangs; `timeout` sets how long to wait",
        ErrorKind::Unauthorized => {
            "the endpoint wants a key: see `url_file` and `bearer_token_file` in docs/configuration.md"
        }
        ErrorKind::RateLimited => "wait, lower `max_concurrency`, or add an endpoint",
        ErrorKind::WrongChain => "is this the URL of the right network? compare it with `chain_id`",
        ErrorKind::StateUnavailable => "old blocks need an archive node; leave out `--at`, or add an archive endpoint",
        ErrorKind::BlockUnknown => "the block does not exist, or not yet at this endpoint",
        ErrorKind::TooLarge => "`max_response_bytes` bounds an answer",
        ErrorKind::RangeRefused => "the endpoint does not serve logs over even one block; add another endpoint",
        ErrorKind::Disagrees => {
            "the endpoints have different histories and none has a majority: find out which one is right before you go on, or add a third"
        }
        ErrorKind::WrongBlock => "the endpoint reads other blocks than it is asked for: add another endpoint",
        ErrorKind::Incomplete => {
            "the endpoint leaves logs out or makes them up: add another endpoint; should all say so, `staking_registry_from_block` may be after the first key was added"
        }
        ErrorKind::LogsPruned => "add an endpoint that keeps all logs since the StakingRegistry's first block",
        ErrorKind::Broken
        | ErrorKind::Http
        | ErrorKind::Malformed
        | ErrorKind::OutOfGas
        | ErrorKind::BatchRefused
        | ErrorKind::Reverted
        | ErrorKind::MethodNotFound
        | ErrorKind::Rpc
        | ErrorKind::Lagging
        | ErrorKind::Leading
        | ErrorKind::Contradicted => return None,
    };
    Some(hint.to_owned())
}
