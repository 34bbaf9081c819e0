//! The names of fields that the formats of key files have: they are no part of a secret, and are shown as they are.

/// Names of fields that the formats of key files have.
const KNOWN: [&str; 24] = [
    "attester",
    "eth",
    "bls",
    "publisher",
    "coinbase",
    "feeRecipient",
    "address",
    "remoteSignerUrl",
    "remoteSigner",
    "fundingAccount",
    "validators",
    "schemaVersion",
    "prover",
    "slasher",
    "id",
    "publicKeyG1",
    "publicKeyG2",
    "proofOfPossession",
    "attesters",
    "version",
    "publishers",
    "lastSeenState",
    "certPath",
    "certPass",
];

/// Whether a name is one of the formats' own.
pub(super) fn is_known(key: &str) -> bool {
    KNOWN.contains(&key)
}
