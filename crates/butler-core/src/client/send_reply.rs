//! What an endpoint says to a signed transaction, in the words of the nodes of Ethereum.

use thiserror::Error;

use super::error::RpcFailure;

/// What it says. Only the first two mean that it has the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Reply {
    /// It has it now.
    #[error("it was taken")]
    Taken,
    /// It had it before.
    #[error("it is known already")]
    Known,
    /// The nonce is used: by this one or by another.
    #[error("its nonce is used already")]
    NonceUsed,
    /// One with this nonce waits, and this one does not offer enough more to take its place.
    #[error("one with the same nonce waits, and this one does not offer enough more for gas")]
    Underpriced,
    /// It offers too little for gas.
    #[error("it offers too little for gas at present")]
    FeeTooLow,
    /// The account cannot pay for it.
    #[error("the account has not enough ether for it and its gas")]
    Poor,
    /// Something else, in the endpoint's words.
    #[error("the endpoint refuses it: {0}")]
    Refused(String),
}

/// Each in the words of geth, Reth, Erigon, Nethermind, Besu and anvil, letters and digits only; the first that is found counts.
const WORDS: [(&[&str], Reply); 5] = [
    (&["alreadyknown", "alreadyimported", "knowntransaction", "existingtxwithsamehash", "alreadyinpool"], Reply::Known),
    (&["noncetoolow", "oldnonce", "nonceislow", "noncelow"], Reply::NonceUsed),
    (
        &[
            "replacementtransactionunderpriced",
            "replacementnotallowed",
            "couldnotreplaceexisting",
            "underpricedtoreplace",
            "toolowtoreplace",
        ],
        Reply::Underpriced,
    ),
    (&["insufficientfunds", "upfrontcostexceeds", "exceedsaccountbalance", "insufficientbalance"], Reply::Poor),
    (
        &[
            "underpriced",
            "feetoolow",
            "lessthanblockbasefee",
            "belowconfiguredminimum",
            "belowcurrentbasefee",
            "gaspricetoolow",
            "tiptoolow",
        ],
        Reply::FeeTooLow,
    ),
];

impl Reply {
    /// What a failure says; `None` where nobody knows whether it arrived.
    pub(super) fn of(failure: &RpcFailure) -> Option<Self> {
        match failure {
            RpcFailure::Rpc { message, .. } => Some(Self::of_words(message)),
            RpcFailure::OutOfGas => Some(Self::Refused("out of gas".to_owned())),
            RpcFailure::Unauthorized { .. } | RpcFailure::MethodNotFound => Some(Self::Refused(failure.to_string())),
            RpcFailure::Unreachable(_)
            | RpcFailure::Tls(_)
            | RpcFailure::Timeout(_)
            | RpcFailure::Broken(_)
            | RpcFailure::RateLimited { .. }
            | RpcFailure::Http { .. }
            | RpcFailure::TooLarge { .. }
            | RpcFailure::AnswerRefused
            | RpcFailure::Malformed(_)
            | RpcFailure::BlockUnknown
            | RpcFailure::StateUnavailable
            | RpcFailure::RangeRefused { .. }
            | RpcFailure::BatchRefused
            | RpcFailure::Reverted { .. }
            | RpcFailure::WrongChain { .. }
            | RpcFailure::Disagrees { .. }
            | RpcFailure::Lagging { .. }
            | RpcFailure::Leading { .. }
            | RpcFailure::WrongBlock { .. }
            | RpcFailure::Incomplete(_)
            | RpcFailure::LogsPruned
            | RpcFailure::Contradicted { .. }
            | RpcFailure::Outvoted { .. }
            | RpcFailure::Nonsense(_)
            | RpcFailure::Disputed { .. } => None,
        }
    }

    fn of_words(message: &str) -> Self {
        let letters: String = message.chars().filter(char::is_ascii_alphanumeric).collect();
        // A type of transaction that a node does not know is none that it has.
        let letters = letters.to_ascii_lowercase().replace("unknowntransaction", "");
        let known = WORDS.iter().find(|(words, _)| words.iter().any(|word| letters.contains(word)));
        known.map_or_else(|| Self::Refused(message.to_owned()), |(_, reply)| reply.clone())
    }

    /// Whether an endpoint has it.
    #[must_use]
    pub fn has_arrived(&self) -> bool {
        matches!(self, Self::Taken | Self::Known)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn replies_of_known_nodes_are_told_apart() {
        for (expected, words) in [
            (
                Reply::Known,
                &[
                    "already known",
                    "AlreadyKnown",
                    "Known transaction",
                    "transaction already imported",
                    "existing tx with same hash",
                ][..],
            ),
            (
                Reply::NonceUsed,
                &[
                    "nonce too low",
                    "nonce too low: next nonce 5, tx nonce 3",
                    "OldNonce, Current nonce: 5, nonce of rejected tx: 3",
                ],
            ),
            (
                Reply::Underpriced,
                &["replacement transaction underpriced", "ReplacementNotAllowed", "could not replace existing tx"],
            ),
            (
                Reply::Poor,
                &[
                    "insufficient funds for gas * price + value: balance 0, tx cost 1, overshot 1",
                    "Insufficient funds for gas * price + value",
                    "InsufficientFunds, Balance is 0",
                    "Upfront cost exceeds account balance",
                ],
            ),
            (
                Reply::FeeTooLow,
                &[
                    "transaction underpriced",
                    "max fee per gas less than block base fee",
                    "FeeTooLow, FeePerGas needs to be higher than 1",
                    "Gas price below configured minimum gas price",
                ],
            ),
        ] {
            for words in words {
                let failure = RpcFailure::Rpc { code: -32_000, message: (*words).to_owned() };
                assert_eq!(Reply::of(&failure), Some(expected.clone()), "{words}");
            }
        }
        for words in ["txpool is full", "unknown transaction type: 2", "Unknown transaction", "UnknownTransactionType"]
        {
            let other = RpcFailure::Rpc { code: -32_000, message: words.to_owned() };
            assert_eq!(Reply::of(&other), Some(Reply::Refused(words.to_owned())));
        }
    }

    #[test]
    fn a_reply_that_is_lost_says_nothing() {
        for lost in [
            RpcFailure::Timeout(Duration::from_secs(1)),
            RpcFailure::Http { status: 502, text: "bad gateway".to_owned() },
            RpcFailure::RateLimited { retry_after: None },
        ] {
            assert_eq!(Reply::of(&lost), None);
        }
    }
}
