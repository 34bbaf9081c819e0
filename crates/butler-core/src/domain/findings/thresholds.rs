//! Every limit from which something is wrong, once.
//!
//! The command line, the page, the metrics and (checked by `cargo xtask check`) the alert rules all take their numbers from
//! here. Where the configuration has a key, its value replaces the default.

use std::time::Duration;

/// A sentinel this many slots behind the rollup is not believed: a node that lost its L1 keeps the rows from before.
pub const SENTINEL_STALE_SLOTS: u64 = 32;

/// A node's number of a checkpoint or slot that is more ahead of the rollup's own is of another rollup: no snapshot that is still
/// compared with is this old.
pub const FAR_AHEAD: u64 = 256;

const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;

/// Limits. Times are in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// A missing coinbase is critical this long before its attester can be active: `coinbase_critical`.
    pub coinbase_critical: u64,
    /// The first reminder of a missing coinbase comes this long before.
    pub coinbase_reminder: u64,
    /// The last reminder of a missing coinbase comes this long before.
    pub coinbase_last_reminder: u64,
    /// A provider's queue of fewer keys is short.
    pub short_queue: u64,
    /// A queue that lasts for less is critical.
    pub provider_runway: u64,
    /// The next own arrival is told this long before.
    pub arrival_soon: u64,
    /// A publisher with less than what its attesters need, divided by this, is nearly dry.
    pub publisher_dry_part: u64,
    /// A publisher whose ether lasts for less is told.
    pub publisher_runway: u64,
    /// A publisher whose ether lasts for less is critical.
    pub publisher_runway_critical: u64,
    /// A node with fewer connected peers has few.
    pub node_peers: u64,
    /// So long after a cut-over a node may follow the former rollup, in seconds: two epochs of duties, and the last epoch's proof.
    pub node_on_former_rollup: u64,
    /// A node that is more checkpoints behind L1 lags.
    pub node_lag_checkpoints: u64,
    /// A node that is more blocks behind the best one is behind.
    pub node_behind_blocks: u64,
    /// A sentinel that is so many slots behind is stale.
    pub sentinel_stale_slots: u64,
    /// So many attestations missed in a row are told.
    pub attestation_streak: u64,
    /// So many attestations missed in a row are critical.
    pub inactive_streak: u64,
    /// Own attesters that made less of their attestations in a hundred, of those that most others made, attest too little.
    pub attestation_rate: u64,
    /// From so many attestations on their rate says something.
    pub attestation_duties: u64,
    /// So many proposals missed in a row are told.
    pub proposal_streak: u64,
    /// A certificate is told this long before its end.
    pub certificate_end: u64,
    /// A certificate is critical this long before its end.
    pub certificate_end_critical: u64,
    /// Votes of the quorum divided by this are more than one node's opinion.
    pub vote_part: u64,
    /// A decided slash is told again this long before it can be executed.
    pub slash_reminder: u64,
    /// So few small slashes until ejection are told.
    pub ejection_slashes: u64,
    /// Signals of the quorum divided by this are told.
    pub signal_part: u64,
    /// The execution of a proposal is told this long before.
    pub governance_execution: u64,
    /// A snapshot's block that is older means that an endpoint lags or the chain stands still.
    pub block_age: u64,
    /// Without a success for longer, nobody knows.
    pub scrape_age: u64,
    /// A panic, or a file that was not written, is told for so long.
    pub recent: u64,
    /// A file for node_exporter that is older is stale.
    pub textfile_age: u64,
    /// What never ends by itself is alerted on for so long.
    pub news: u64,
    /// An alert that must not end while nobody knows holds the last known value for so long.
    pub held: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            coinbase_critical: 6 * HOUR,
            coinbase_reminder: DAY,
            coinbase_last_reminder: HOUR,
            short_queue: 5,
            provider_runway: 2 * DAY,
            arrival_soon: DAY,
            publisher_dry_part: 4,
            publisher_runway: 3 * DAY,
            publisher_runway_critical: DAY,
            node_peers: 5,
            node_on_former_rollup: 3 * HOUR,
            node_lag_checkpoints: 5,
            node_behind_blocks: 20,
            sentinel_stale_slots: SENTINEL_STALE_SLOTS,
            attestation_streak: 3,
            inactive_streak: 16,
            attestation_rate: 90,
            attestation_duties: 50,
            proposal_streak: 2,
            certificate_end: 14 * DAY,
            certificate_end_critical: DAY,
            vote_part: 10,
            slash_reminder: DAY,
            ejection_slashes: 2,
            signal_part: 10,
            governance_execution: 3 * DAY,
            block_age: 300,
            scrape_age: 600,
            recent: 900,
            textfile_age: 900,
            news: 7 * DAY,
            held: DAY,
        }
    }
}

impl Thresholds {
    /// The defaults, with what a network's configuration says instead.
    #[must_use]
    pub fn configured(coinbase_critical: Duration) -> Self {
        Self { coinbase_critical: coinbase_critical.as_secs(), ..Self::default() }
    }
}
