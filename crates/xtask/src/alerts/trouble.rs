//! What is planted, and who must be told of it.

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A node answers nobody.
    NodeDown,
    /// A key file holds no JSON.
    KeyFileBroken,
    /// No key file holds JSON.
    KeyFilesBroken,
    /// An attester that validates has another one's coinbase.
    CoinbaseWrong,
    /// An attester that validates has no coinbase.
    CoinbaseMissing,
    /// An attester is in both servers' files.
    KeyTwice,
    /// The L1 endpoint of both exporters answers nobody.
    EndpointDown,
    /// One exporter is killed.
    ExporterKilled,
    /// Both are.
    ExportersKilled,
}

/// One trouble.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// What tells it.
    pub(super) alert: &'static str,
    /// Whether that wakes somebody.
    pub(super) pages: bool,
    /// What must be quiet beside it.
    pub(super) mutes: &'static [&'static str],
}

/// Everything that is tried, in order.
pub(super) const TROUBLES: &[Trouble] = &[
    Trouble {
        name: "a node is down",
        kind: Kind::NodeDown,
        alert: "ButlerNodeDown",
        pages: true,
        mutes: &["ButlerNodeNotReady", "ButlerNodeLagging", "ButlerNodePeersNone", "ButlerNodeDownIdle"],
    },
    Trouble {
        name: "a key file cannot be read",
        kind: Kind::KeyFileBroken,
        alert: "ButlerKeyFileUnreadable",
        pages: false,
        mutes: &["ButlerCoinbaseMissing", "ButlerAttesterUnserved"],
    },
    Trouble {
        name: "no key file can be read",
        kind: Kind::KeyFilesBroken,
        alert: "ButlerKeyFilesGone",
        pages: false,
        mutes: &["ButlerKeyFileUnreadable", "ButlerKeyFileFaults"],
    },
    Trouble {
        name: "a coinbase is wrong",
        kind: Kind::CoinbaseWrong,
        alert: "ButlerCoinbaseWrong",
        pages: true,
        mutes: &[],
    },
    Trouble {
        name: "a coinbase is missing",
        kind: Kind::CoinbaseMissing,
        alert: "ButlerCoinbaseOverdue",
        pages: true,
        mutes: &[
            "ButlerCoinbaseMissing",
            "ButlerCoinbaseMissing24h",
            "ButlerCoinbaseMissing6h",
            "ButlerCoinbaseMissing1h",
        ],
    },
    Trouble {
        name: "a key is on two servers",
        kind: Kind::KeyTwice,
        alert: "ButlerKeyOnSeveralServers",
        pages: true,
        mutes: &["ButlerDuplicateKeys"],
    },
    Trouble {
        name: "the L1 endpoint is down",
        kind: Kind::EndpointDown,
        alert: "ButlerSnapshotStale",
        pages: true,
        mutes: &[],
    },
    Trouble {
        name: "one of two exporters is killed",
        kind: Kind::ExporterKilled,
        alert: "ButlerExporterInstanceDown",
        pages: false,
        mutes: &["ButlerExporterDown"],
    },
    Trouble {
        name: "both exporters are killed",
        kind: Kind::ExportersKilled,
        alert: "ButlerExporterDown",
        pages: true,
        mutes: &["ButlerExporterInstanceDown"],
    },
];
