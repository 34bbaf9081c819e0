//! The kinds of failures, and what each means for whoever asks next.

use serde::Serialize;

/// The kinds of [`RpcFailure`](super::RpcFailure): a closed set, for labels and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each stands for the variant of the same name")]
pub enum ErrorKind {
    Unreachable,
    Tls,
    Timeout,
    Broken,
    Unauthorized,
    RateLimited,
    Http,
    TooLarge,
    Malformed,
    BlockUnknown,
    StateUnavailable,
    RangeRefused,
    OutOfGas,
    BatchRefused,
    Reverted,
    MethodNotFound,
    Rpc,
    WrongChain,
    Disagrees,
    Lagging,
    Leading,
    WrongBlock,
    Incomplete,
    LogsPruned,
    Contradicted,
}

impl ErrorKind {
    /// Every kind, for counts that begin at zero.
    pub const ALL: [Self; 25] = [
        Self::Unreachable,
        Self::Tls,
        Self::Timeout,
        Self::Broken,
        Self::Unauthorized,
        Self::RateLimited,
        Self::Http,
        Self::TooLarge,
        Self::Malformed,
        Self::BlockUnknown,
        Self::StateUnavailable,
        Self::RangeRefused,
        Self::OutOfGas,
        Self::BatchRefused,
        Self::Reverted,
        Self::MethodNotFound,
        Self::Rpc,
        Self::WrongChain,
        Self::Disagrees,
        Self::Lagging,
        Self::Leading,
        Self::WrongBlock,
        Self::Incomplete,
        Self::LogsPruned,
        Self::Contradicted,
    ];

    /// The name that labels, logs and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Broken => "broken",
            Self::Unauthorized => "unauthorized",
            Self::RateLimited => "rate_limited",
            Self::Http => "http",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::BlockUnknown => "block_unknown",
            Self::StateUnavailable => "state_unavailable",
            Self::RangeRefused => "range_refused",
            Self::OutOfGas => "out_of_gas",
            Self::BatchRefused => "batch_refused",
            Self::Reverted => "reverted",
            Self::MethodNotFound => "method_not_found",
            Self::Rpc => "rpc",
            Self::WrongChain => "wrong_chain",
            Self::Disagrees => "disagrees",
            Self::Lagging => "lagging",
            Self::Leading => "leading",
            Self::WrongBlock => "wrong_block",
            Self::Incomplete => "incomplete",
            Self::LogsPruned => "logs_pruned",
            Self::Contradicted => "contradicted",
        }
    }

    /// Whether the same question may get an answer from another endpoint, or later from this one.
    #[must_use]
    pub fn is_worth_another_try(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Tls
            | Self::Timeout
            | Self::Broken
            | Self::Unauthorized
            | Self::RateLimited
            | Self::Http
            | Self::TooLarge
            | Self::Malformed
            | Self::BlockUnknown
            | Self::StateUnavailable
            | Self::OutOfGas
            | Self::Rpc
            | Self::MethodNotFound
            | Self::WrongChain
            | Self::Disagrees
            | Self::Lagging
            | Self::Leading
            | Self::WrongBlock
            | Self::Incomplete
            | Self::LogsPruned
            | Self::Contradicted
            | Self::RangeRefused
            | Self::BatchRefused => true,
            Self::Reverted => false,
        }
    }

    /// Whether an endpoint that answers so should be asked after the others next time. One that lacks old state, or
    /// grants less than was asked for, is as good as any for the next question.
    #[must_use]
    pub fn is_endpoints_fault(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Tls
            | Self::Timeout
            | Self::Broken
            | Self::Unauthorized
            | Self::RateLimited
            | Self::Http
            | Self::Malformed
            | Self::BlockUnknown
            | Self::Rpc
            | Self::WrongChain
            | Self::Disagrees
            | Self::Lagging
            | Self::Leading
            | Self::WrongBlock
            | Self::Incomplete
            | Self::Contradicted => true,
            Self::TooLarge
            | Self::StateUnavailable
            | Self::RangeRefused
            | Self::OutOfGas
            | Self::BatchRefused
            | Self::Reverted
            | Self::LogsPruned
            | Self::MethodNotFound => false,
        }
    }

    /// Whether waiting and asking the same endpoint again can help.
    #[must_use]
    pub fn is_passing(self) -> bool {
        match self {
            Self::Unreachable
            | Self::Timeout
            | Self::Broken
            | Self::RateLimited
            | Self::Http
            | Self::Malformed
            | Self::BlockUnknown
            | Self::Rpc
            | Self::WrongBlock
            | Self::Lagging => true,
            Self::Tls
            | Self::Unauthorized
            | Self::TooLarge
            | Self::StateUnavailable
            | Self::RangeRefused
            | Self::OutOfGas
            | Self::BatchRefused
            | Self::Reverted
            | Self::MethodNotFound
            | Self::WrongChain
            | Self::Disagrees
            | Self::Leading
            | Self::Incomplete
            | Self::LogsPruned
            | Self::Contradicted => false,
        }
    }

    /// Whether asking the same endpoint for less may help: it refuses what is too much, or says something that nobody
    /// recognises. Endpoints refuse wide ranges and big packs in any words, and with none (an empty body, a web page, an answer cut short), so whatever is not known to be something else counts.
    #[must_use]
    pub fn may_mean_too_much(self) -> bool {
        match self {
            Self::Timeout
            | Self::Http
            | Self::TooLarge
            | Self::RangeRefused
            | Self::OutOfGas
            | Self::BatchRefused
            | Self::Broken
            | Self::Malformed
            | Self::Rpc => true,
            Self::Unreachable
            | Self::Tls
            | Self::Unauthorized
            | Self::RateLimited
            | Self::BlockUnknown
            | Self::StateUnavailable
            | Self::Reverted
            | Self::MethodNotFound
            | Self::WrongChain
            | Self::Disagrees
            | Self::Lagging
            | Self::Leading
            | Self::WrongBlock
            | Self::Incomplete
            | Self::LogsPruned
            | Self::Contradicted => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_serialized_form() {
        for kind in ErrorKind::ALL {
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
        }
    }
}
