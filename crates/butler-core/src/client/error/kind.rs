//! The kinds of failures, and what each means for whoever asks next.

use serde::Serialize;
use strum::{EnumCount as _, VariantArray as _};

use crate::text::closed::every;

/// The kinds of [`RpcFailure`](super::RpcFailure): a closed set, for labels and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[derive(strum::IntoStaticStr, strum::VariantArray, strum::EnumCount)]
#[strum(serialize_all = "snake_case")]
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
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The name that labels, logs and JSON use.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
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
