//! What a finding is about, and its one printer.

use std::fmt;

use ethers_core::types::Address;

use crate::domain::attester::bls_key::BlsKey;
use crate::domain::attester::duplicates;
use crate::domain::ids::ProviderId;
use crate::text::address::checksummed;

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An attester.
    Attester(Address),
    /// A publisher.
    Publisher(Address),
    /// A compressed BLS public key.
    BlsKey(BlsKey),
    /// One of our providers.
    Provider(ProviderId),
    /// An Aztec node, by its name in the configuration.
    Node(String),
    /// A host, by its name in the configuration.
    Host(String),
    /// A file, by its path.
    File(String),
    /// An L1 endpoint, by its name.
    Endpoint(String),
    /// A scraper of the exporter, by its name.
    Scraper(String),
    /// The network as a whole.
    Network,
    /// The program as a whole.
    Program,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attester(address) | Self::Publisher(address) => f.pad(&checksummed(address)),
            Self::BlsKey(key) => write!(f, "{key}"),
            Self::Provider(id) => write!(f, "provider {id}"),
            Self::Node(name) => write!(f, "node {name}"),
            Self::Host(name) => write!(f, "host {name}"),
            Self::File(path) => f.pad(path),
            Self::Endpoint(name) => write!(f, "L1 endpoint {name}"),
            Self::Scraper(name) => write!(f, "scraper {name}"),
            Self::Network => f.pad("network"),
            Self::Program => f.pad("program"),
        }
    }
}

impl From<duplicates::Subject> for Subject {
    fn from(subject: duplicates::Subject) -> Self {
        match subject {
            duplicates::Subject::Attester(address) => Self::Attester(address),
            duplicates::Subject::Publisher(address) => Self::Publisher(address),
            duplicates::Subject::BlsKey(key) => Self::BlsKey(key),
        }
    }
}
