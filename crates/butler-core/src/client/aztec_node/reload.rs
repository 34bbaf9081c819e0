//! What came of asking a node to reload its keystore, by what the caller does next.
//!
//! Nodes answer success without a result, also when nothing changed, and refusals as error -32702 with words that may hold a signer's
//! password: the words only tell which refusal it is. Observed on 4.1.2; a refused reload leaves the keystore in use that the node had.

use thiserror::Error;

use crate::client::error::RpcFailure;

/// A keystore that was not reloaded, or may not have been.
#[derive(Debug, Error)]
pub enum ReloadError {
    /// The node does not take what stands in its files, and goes on with what it had: put back what it took before.
    #[error("the node refused the keystore: {0}")]
    Refused(ReloadRefusal),
    /// The node may have reloaded: ask again, which does no harm.
    #[error("it is not known whether the node reloaded its keystore")]
    Unknown(#[source] RpcFailure),
    /// The node was not asked, or was busy: ask again later.
    #[error("the node could not be asked to reload its keystore")]
    NotAsked(#[source] RpcFailure),
    /// This is no admin port of a node, or not with this key: somebody must mend the configuration.
    #[error("the node does not let its keystore be reloaded")]
    NotAllowed(#[source] RpcFailure),
}

/// Why a node refused a keystore.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ReloadRefusal {
    /// A file is no JSON.
    InvalidJson,
    /// A file has a field or a value that the node does not know.
    Schema,
    /// There is no file, or no folder.
    NoFiles,
    /// An attester stands there twice.
    Duplicate,
    /// Files of two versions.
    MixedVersions,
    /// A validator has no publisher that the node knew when it loaded its keystore last.
    UnknownPublisher,
    /// A remote signer does not answer, or has a URL that cannot be used.
    RemoteSigner,
    /// The node has its keys from elsewhere.
    NotFileBased,
    /// Another reason.
    Other,
}

impl ReloadRefusal {
    /// What it is, in our own words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::InvalidJson => "a file is no JSON",
            Self::Schema => "a file does not have the form that it wants",
            Self::NoFiles => "there are no key files",
            Self::Duplicate => "an attester stands there twice",
            Self::MixedVersions => "files of two versions lie side by side",
            Self::UnknownPublisher => {
                "a validator has no publisher that the node had at its last load: put it back with a publisher that is loaded and its own, reload, then with its own alone"
            }
            Self::RemoteSigner => "a remote signer does not answer",
            Self::NotFileBased => "the node has its keys from elsewhere, and no KEY_STORE_DIRECTORY",
            Self::Other => "for a reason that is not known here",
        }
    }

    /// Which one a node's words are, as they came.
    pub(super) fn of(words: &str) -> Self {
        const KNOWN: [(&str, ReloadRefusal); 11] = [
            ("Invalid JSON", ReloadRefusal::InvalidJson),
            ("different schema versions", ReloadRefusal::MixedVersions),
            ("Schema validation failed", ReloadRefusal::Schema),
            ("EISDIR", ReloadRefusal::Schema),
            ("No valid keystore files", ReloadRefusal::NoFiles),
            ("directory not found", ReloadRefusal::NoFiles),
            ("Duplicate attester", ReloadRefusal::Duplicate),
            ("none match the L1 signers", ReloadRefusal::UnknownPublisher),
            ("file-based keystore", ReloadRefusal::NotFileBased),
            ("web3signer", ReloadRefusal::RemoteSigner),
            ("URL that includes credentials", ReloadRefusal::RemoteSigner),
        ];
        KNOWN.iter().find(|(part, _)| words.contains(part)).map_or(Self::Other, |(_, refusal)| *refusal)
    }
}

impl std::fmt::Display for ReloadRefusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.words())
    }
}

impl ReloadError {
    /// What a failure means, which came with those words where it is an error of the node's.
    pub(super) fn of(failure: RpcFailure, refusal: ReloadRefusal) -> Self {
        match failure {
            RpcFailure::Rpc { .. } => Self::Refused(refusal),
            RpcFailure::Unauthorized { .. } | RpcFailure::MethodNotFound => Self::NotAllowed(failure),
            RpcFailure::Unreachable(_) | RpcFailure::Tls(_) | RpcFailure::RateLimited { .. } => Self::NotAsked(failure),
            RpcFailure::Timeout(_)
            | RpcFailure::Broken(_)
            | RpcFailure::Http { .. }
            | RpcFailure::TooLarge { .. }
            | RpcFailure::AnswerRefused
            | RpcFailure::Malformed(_)
            | RpcFailure::BlockUnknown
            | RpcFailure::StateUnavailable
            | RpcFailure::RangeRefused { .. }
            | RpcFailure::OutOfGas
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
            | RpcFailure::Disputed { .. } => Self::Unknown(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of 4.1.2.
    #[test]
    fn a_refusal_is_told_by_the_node_s_words_which_go_nowhere() {
        let cases = [
            ("Failed to load keystore from /k/a.json: Invalid JSON format", ReloadRefusal::InvalidJson),
            ("Failed to load keystore from /k: No valid keystore files found", ReloadRefusal::NoFiles),
            ("Failed to load keystore from /k: File or directory not found", ReloadRefusal::NoFiles),
            (
                "Failed to load keystore from /k/a.json: Schema validation failed: Invalid input ()",
                ReloadRefusal::Schema,
            ),
            (
                "Failed to load keystore from keystores[1].validators: Duplicate attester address 0x1",
                ReloadRefusal::Duplicate,
            ),
            ("Duplicate attester address found: 0x1. An attester address may …", ReloadRefusal::Duplicate),
            (
                "… publisher keys [0x1] but none match the L1 signers initialized at startup",
                ReloadRefusal::UnknownPublisher,
            ),
            ("Cannot merge keystores with different schema versions: 1 and 2", ReloadRefusal::MixedVersions),
            ("Request cannot be constructed from a URL that includes credentials: x", ReloadRefusal::RemoteSigner),
            ("Unable to connect to web3signer at x", ReloadRefusal::RemoteSigner),
            ("node is not using a file-based keystore.", ReloadRefusal::NotFileBased),
            ("Unexpected error: Error: EISDIR: illegal operation on a directory, read", ReloadRefusal::Schema),
            ("s3cr3t", ReloadRefusal::Other),
        ];
        for (words, expected) in cases {
            let failure = RpcFailure::Rpc { code: -32702, message: words.to_owned() };
            let error = ReloadError::of(failure, ReloadRefusal::of(words));
            assert!(matches!(error, ReloadError::Refused(refusal) if refusal == expected), "{words}: {error}");
            assert!(!error.to_string().contains(words));
        }
    }
}
