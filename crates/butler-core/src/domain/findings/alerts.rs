//! Which alert of `deploy/prometheus/butler.rules.yml` tells which kind, how urgent it is, and the numbers in its expression.
//!
//! The rules are written for Prometheus and not made from here, but `cargo xtask check` holds them against this table: a limit
//! that is changed in [`Thresholds`] makes the check fail until its rule follows. Every kind that can be critical or a warning
//! has an alert of that severity: one of its own, or the one that tells the [`rest`].

use super::{FindingKind as Kind, Severity, Thresholds};
use crate::domain::attester::duplicates::DuplicateKind;

/// What an alert tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tells {
    /// That there are findings of a kind.
    Kind(Kind),
    /// That there are duplicates, whatever their kind.
    Duplicates,
    /// That there are findings of any kind that has no other alert of that severity.
    Rest,
    /// That something changed, which only Prometheus remembers.
    Change,
    /// That there are more of a kind than there were: what lasts for ever is no alert.
    More(Kind),
}

/// The numbers of an expression by the limits that they come from, in order.
pub type Numbers = fn(&Thresholds) -> Vec<u64>;

/// One alert.
#[derive(Debug)]
pub struct Alert {
    /// Its name.
    pub name: &'static str,
    /// What it tells.
    pub tells: Tells,
    /// How urgent it is.
    pub severity: Severity,
    /// How long it must hold before it fires, in seconds.
    pub hold: u64,
    /// The numbers of its expression in order, times in seconds.
    pub numbers: Numbers,
}

const fn alert(name: &'static str, tells: Tells, severity: Severity, hold: u64, numbers: Numbers) -> Alert {
    Alert { name, tells, severity, hold, numbers }
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
/// How long a critical deadline must be near: two looks, so that one strange sample wakes nobody.
const DEADLINE: u64 = 2 * MINUTE;
/// Zero as the other side of a comparison: whether there is any, or whether something is false.
const NONE: Numbers = |_| vec![0];
/// Whether something is true.
const YES: Numbers = |_| vec![1];

/// How long recording rules hold a last known value, by name, with the numbers of their expressions.
pub const RECORDS: &[(&str, Numbers)] = &[
    ("network_attester:butler_coinbase_missing:held", |limits| vec![limits.held]),
    ("network_attester:butler_coinbase_deadline_timestamp_seconds:held", |limits| vec![limits.held]),
    ("network:butler_coinbase_critical_seconds:held", |limits| vec![limits.held]),
    ("network_attester:butler_coinbase_wrong:held", |limits| vec![limits.held]),
    ("network:butler_coinbases_used_wrong:held", |limits| vec![limits.held]),
    ("network_attester:butler_slashing_executable_timestamp_seconds:held", |limits| vec![limits.held]),
    ("network:butler_zombies:slashed", |_| vec![]),
    ("network_provider:butler_provider_delegations:last7d", |limits| vec![limits.news, limits.news]),
];

/// The alert that always fires, so that its silence tells that no alert arrives. It tells no finding and has no severity.
pub const WATCHDOG: &str = "ButlerWatchdog";

/// Every other alert.
pub const ALERTS: &[Alert] = {
    use Severity::{Critical, Info, Warning};
    use Tells::{Change, Duplicates, Rest};
    const SEVERAL: Tells = Tells::Kind(Kind::Duplicate(DuplicateKind::SeveralKeyFiles));
    const fn of(kind: Kind) -> Tells {
        Tells::Kind(kind)
    }
    &[
        alert("ButlerExporterDown", Change, Critical, 5 * MINUTE, NONE),
        alert("ButlerExporterInstanceDown", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerScrapeFailing", of(Kind::ScrapeFailing), Warning, 10 * MINUTE, NONE),
        alert("ButlerSnapshotStale", of(Kind::ScrapeStale), Critical, 5 * MINUTE, |limits| {
            vec![limits.scrape_age, DAY, 1, 1]
        }),
        alert("ButlerSnapshotBlockOld", of(Kind::BlockOld), Warning, 5 * MINUTE, |limits| vec![limits.block_age]),
        alert("ButlerScraperRestarting", of(Kind::ScraperRestarted), Warning, 0, |limits| vec![limits.recent, 0]),
        alert("ButlerEndpointUnhealthy", of(Kind::EndpointUnhealthy), Warning, 10 * MINUTE, NONE),
        alert("ButlerSnapshotUnconfirmed", of(Kind::SnapshotUnconfirmed), Warning, 30 * MINUTE, YES),
        alert("ButlerClockBehind", of(Kind::ClockBehind), Warning, 5 * MINUTE, NONE),
        alert("ButlerKeyFileFaults", of(Kind::KeyFile), Warning, 5 * MINUTE, NONE),
        alert("ButlerKeyFileUnreadable", of(Kind::KeyFileUnreadable), Warning, 5 * MINUTE, YES),
        alert("ButlerKeyFilesGone", of(Kind::KeyFilesGone), Critical, 5 * MINUTE, NONE),
        alert("ButlerNotWatched", of(Kind::NotWatched), Warning, DAY, NONE),
        alert("ButlerCertificateNotReplaced", of(Kind::CertificateNotReplaced), Warning, 5 * MINUTE, NONE),
        alert("ButlerOwnCertificateExpires", Change, Warning, 5 * MINUTE, |limits| vec![limits.certificate_end]),
        alert("ButlerConfigNotReloaded", of(Kind::ConfigurationRejected), Warning, 10 * MINUTE, NONE),
        alert("ButlerWatcherChannelDown", Change, Warning, 15 * MINUTE, NONE),
        alert("ButlerFilesNotKept", of(Kind::FilesNotKept), Warning, 15 * MINUTE, |limits| vec![limits.recent, 0]),
        alert("ButlerTextfileStale", of(Kind::TextfileStale), Warning, 5 * MINUTE, |limits| vec![limits.textfile_age]),
        alert("ButlerCoinbaseMissing", of(Kind::CoinbaseMissing), Warning, 10 * MINUTE, YES),
        alert("ButlerCoinbaseMissing24h", of(Kind::CoinbaseMissing), Warning, DEADLINE, |limits| {
            vec![limits.coinbase_reminder]
        }),
        alert("ButlerCoinbaseMissing6h", of(Kind::CoinbaseMissing), Critical, DEADLINE, |limits| {
            vec![0, limits.coinbase_critical]
        }),
        alert("ButlerCoinbaseMissing1h", of(Kind::CoinbaseMissing), Critical, DEADLINE, |limits| {
            vec![limits.coinbase_last_reminder, 0, limits.coinbase_critical]
        }),
        alert("ButlerCoinbaseOverdue", of(Kind::CoinbaseMissing), Critical, DEADLINE, NONE),
        alert("ButlerCoinbaseWrong", of(Kind::CoinbaseWrong), Critical, 5 * MINUTE, YES),
        // What went astray cannot be taken back, so it waits for nothing.
        alert("ButlerCoinbaseUsedWrong", of(Kind::CoinbaseUsedWrong), Critical, 0, NONE),
        alert("ButlerCoinbaseUnverifiable", of(Kind::CoinbaseUnverifiable), Warning, 10 * MINUTE, YES),
        alert("ButlerProviderQueueShort", of(Kind::ProviderQueueShort), Warning, 10 * MINUTE, |limits| {
            vec![limits.short_queue]
        }),
        alert("ButlerProviderQueueEmpty", of(Kind::ProviderQueueEmpty), Warning, 5 * MINUTE, NONE),
        alert("ButlerProviderAdminChangePending", of(Kind::ProviderAdminChange), Critical, 0, YES),
        alert("ButlerTakeRateChanged", Change, Warning, 5 * MINUTE, |_| vec![DAY, DAY, 0]),
        alert("ButlerDuplicateKeys", Duplicates, Warning, 5 * MINUTE, NONE),
        alert("ButlerKeyOnSeveralServers", SEVERAL, Critical, 5 * MINUTE, NONE),
        alert("ButlerEntryQueueArrivalSoon", of(Kind::ArrivalSoon), Info, 5 * MINUTE, |limits| {
            vec![limits.arrival_soon]
        }),
        alert("ButlerActiveAttestersDropped", Change, Warning, 0, |_| vec![HOUR, 0]),
        alert("ButlerAttesterSlashedOut", Tells::More(Kind::SlashedOut), Warning, 0, |_| vec![DAY, 0]),
        alert("ButlerAttesterOwnExit", Tells::More(Kind::OwnExit), Warning, 0, |_| vec![DAY, 0]),
        alert("ButlerStateContradiction", Change, Warning, 0, |_| vec![HOUR, 0]),
        alert("ButlerAttesterUnserved", of(Kind::Unserved), Critical, 10 * MINUTE, NONE),
        alert("ButlerDepositFailed", of(Kind::DepositFailed), Warning, 5 * MINUTE, |limits| vec![limits.news, 0, 0]),
        alert("ButlerStrangerDeposit", of(Kind::StrangerDeposit), Critical, 5 * MINUTE, NONE),
        alert("ButlerStakeRefunded", of(Kind::StakeRefunded), Warning, 5 * MINUTE, |limits| vec![limits.news, 0, 0]),
        alert("ButlerQueueBlocked", of(Kind::QueueBlocked), Critical, 5 * MINUTE, NONE),
        alert("ButlerFormerRecipient", of(Kind::FormerRecipient), Warning, HOUR, |limits| vec![limits.news, 0, 0]),
        alert("ButlerFindingCritical", Rest, Critical, 10 * MINUTE, NONE),
        alert("ButlerFindingWarning", Rest, Warning, 10 * MINUTE, NONE),
        alert("ButlerPublisherLow", of(Kind::PublisherLow), Warning, 10 * MINUTE, |_| vec![]),
        alert("ButlerPublisherDry", of(Kind::PublisherDry), Critical, 5 * MINUTE, |limits| {
            vec![limits.publisher_dry_part]
        }),
        alert("ButlerNodeDown", of(Kind::NodeDown), Critical, 5 * MINUTE, |_| vec![0, 0]),
        alert("ButlerNodeDownIdle", Change, Warning, 5 * MINUTE, |_| vec![0, 0]),
        alert("ButlerNodeNotReady", of(Kind::NodeNotReady), Warning, 10 * MINUTE, |_| vec![0, 1]),
        alert("ButlerNodeStuck", Change, Critical, 0, |_| vec![15 * MINUTE, 0, 15 * MINUTE, 1, 15 * MINUTE, 0]),
        alert("ButlerNodeBehind", of(Kind::NodeBehind), Warning, 10 * MINUTE, |limits| vec![limits.node_behind_blocks]),
        alert("ButlerNodeL1Unreachable", of(Kind::NodeL1Unreachable), Critical, 5 * MINUTE, NONE),
        alert("ButlerNodeLagging", of(Kind::NodeLagging), Warning, 10 * MINUTE, |limits| {
            vec![limits.node_lag_checkpoints]
        }),
        alert("ButlerNodeOnOtherRollup", of(Kind::NodeOtherRollup), Critical, 10 * MINUTE, NONE),
        alert("ButlerNodePeersNone", of(Kind::NodePeersNone), Critical, 10 * MINUTE, |_| vec![0, 0]),
        alert("ButlerNodePeersFew", of(Kind::NodePeersFew), Warning, 30 * MINUTE, |limits| vec![limits.node_peers]),
        alert("ButlerNodeWorldStateSplit", of(Kind::NodeWorldSplit), Warning, 10 * MINUTE, NONE),
        // For hours, which the page does not wait for: while nodes are updated one after the other they differ.
        alert("ButlerNodeVersionsDiffer", Change, Warning, 6 * HOUR, YES),
        alert("ButlerNodeAdminDown", of(Kind::NodeAdminDown), Warning, 10 * MINUTE, NONE),
        alert("ButlerSentinelStale", of(Kind::SentinelStale), Warning, 10 * MINUTE, |limits| {
            vec![limits.sentinel_stale_slots]
        }),
        alert("ButlerSentinelOff", of(Kind::SentinelOff), Info, 30 * MINUTE, NONE),
        alert(
            "ButlerAttesterMissingAttestations",
            of(Kind::AttesterMissedAttestations),
            Warning,
            5 * MINUTE,
            |limits| vec![limits.attestation_streak],
        ),
        // Its limit is a metric: nodes tell it.
        alert("ButlerAttesterInactive", of(Kind::AttesterInactive), Critical, 5 * MINUTE, |_| vec![]),
        alert("ButlerAttesterMissedProposals", of(Kind::AttesterMissedProposals), Warning, 5 * MINUTE, |limits| {
            vec![limits.proposal_streak]
        }),
        alert("ButlerAttestationRateLow", Change, Warning, 30 * MINUTE, |limits| {
            vec![100, limits.attestation_rate, limits.attestation_duties]
        }),
        alert("ButlerOffenceRecorded", of(Kind::AttesterOffence), Critical, 0, NONE),
        alert("ButlerHostUnreachable", of(Kind::HostUnreachable), Warning, 10 * MINUTE, NONE),
        alert("ButlerHostDnsWrong", of(Kind::HostDnsWrong), Warning, 10 * MINUTE, NONE),
        alert("ButlerHostCertificateExpires", of(Kind::HostCertificate), Warning, 5 * MINUTE, |limits| {
            vec![limits.certificate_end]
        }),
        alert("ButlerHostCertificateExpired", of(Kind::HostCertificate), Critical, 5 * MINUTE, |limits| {
            vec![limits.certificate_end_critical]
        }),
        alert("ButlerSlashingVotes", of(Kind::SlashingVotes), Warning, 0, |limits| vec![limits.vote_part]),
        alert("ButlerSlashingDecided", of(Kind::SlashingDecided), Critical, DEADLINE, |_| vec![]),
        alert("ButlerSlashingDecided24h", of(Kind::SlashingDecided), Critical, DEADLINE, |limits| {
            vec![limits.slash_reminder]
        }),
        alert("ButlerSlashingExecutable", of(Kind::SlashingExecutable), Critical, DEADLINE, NONE),
        alert("ButlerSlashingEjects", of(Kind::SlashingEjects), Critical, DEADLINE, |_| vec![]),
        alert("ButlerEjectionNear", of(Kind::EjectionNear), Warning, 0, |limits| vec![limits.ejection_slashes]),
        alert("ButlerAttesterSlashed", Change, Warning, 0, |_| vec![DAY, 0, 0]),
        alert("ButlerSlashingPaused", of(Kind::SlashingPaused), Info, 0, NONE),
        alert("ButlerSlasherPending", of(Kind::SlasherPending), Info, 0, NONE),
        alert("ButlerSlasherLegacy", of(Kind::SlasherLegacy), Info, 0, NONE),
        alert("ButlerCapabilityMissing", of(Kind::CapabilityMissing), Warning, 15 * MINUTE, NONE),
        alert("ButlerSlashingUnreadable", of(Kind::SlashingUnreadable), Warning, 15 * MINUTE, YES),
        alert("ButlerGovernancePayloadSignalled", of(Kind::GovernanceSignalled), Info, 0, |limits| {
            vec![limits.signal_part]
        }),
        alert("ButlerGovernancePayloadSubmittable", of(Kind::GovernanceSubmittable), Warning, 0, NONE),
        alert("ButlerGovernanceVoting", of(Kind::GovernanceVoting), Info, 0, NONE),
        alert("ButlerGovernanceExecutionNear", of(Kind::GovernanceExecution), Warning, 5 * MINUTE, |limits| {
            vec![limits.governance_execution, 0]
        }),
        alert("ButlerProviderQueueRunsDry", of(Kind::ProviderRunsDry), Warning, 30 * MINUTE, |limits| {
            vec![limits.provider_runway, 0]
        }),
        alert("ButlerPublisherRunsDry", of(Kind::PublisherRunsDry), Warning, 30 * MINUTE, |limits| {
            vec![limits.publisher_runway]
        }),
        alert("ButlerPublisherRunsDry1d", of(Kind::PublisherRunsDry), Critical, 30 * MINUTE, |limits| {
            vec![limits.publisher_runway_critical]
        }),
        alert("ButlerWatcherDown", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherUnread", Change, Warning, 15 * MINUTE, YES),
        alert("ButlerWatcherLagging", Change, Warning, 15 * MINUTE, |_| vec![100]),
        alert("ButlerWatcherJournalStopped", Change, Warning, 5 * MINUTE, YES),
        alert("ButlerWatcherActionParked", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherCoinbaseParked", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherReloadRefused", Change, Warning, 0, |_| vec![3600, 0]),
        alert("ButlerWatcherProposalStale", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherProposalRejected", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherProposalFailed", Change, Warning, 5 * MINUTE, NONE),
        alert("ButlerWatcherKeystoreDown", Change, Warning, 15 * MINUTE, NONE),
        alert("ButlerWatcherApprovalWaits", Change, Warning, 5 * MINUTE, |_| vec![7200]),
        alert("ButlerWatcherHeartbeatFails", Change, Warning, 10 * MINUTE, |limits| vec![limits.recent, 0]),
        alert("ButlerWatcherMemoryUnsaved", Change, Warning, 15 * MINUTE, YES),
    ]
};

/// The kinds that have no alert of this severity and can have this severity, for the alerts that tell the rest.
pub fn rest(severity: Severity) -> impl Iterator<Item = Kind> {
    let has_own = move |kind: Kind| {
        let tells = |alert: &Alert| match alert.tells {
            Tells::Kind(told) => alert.severity == severity && told == kind,
            Tells::Duplicates => alert.severity == severity && matches!(kind, Kind::Duplicate(_)),
            Tells::More(told) => told == kind,
            Tells::Rest | Tells::Change => false,
        };
        ALERTS.iter().any(tells)
    };
    let can_be = Kind::all().filter(move |kind| severity != Severity::Info && kind.severities().contains(&severity));
    can_be.filter(move |kind| !has_own(*kind))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_alert_is_as_urgent_as_its_kind_can_be() {
        for alert in ALERTS {
            if let Tells::Kind(kind) = alert.tells {
                assert!(kind.severities().contains(&alert.severity), "{} and {kind}", alert.name);
            }
        }
        let names: BTreeSet<_> = ALERTS.iter().map(|alert| alert.name).collect();
        assert_eq!(names.len(), ALERTS.len());
    }

    #[test]
    fn every_kind_that_needs_somebody_has_an_alert_and_its_runbook_is_that_of_one() {
        for kind in Kind::all() {
            assert!(ALERTS.iter().any(|alert| alert.name == kind.runbook()), "{kind}: {}", kind.runbook());
        }
        assert!(rest(Severity::Critical).any(|kind| kind == Kind::SplitShared));
        assert!(!rest(Severity::Warning).any(|kind| kind == Kind::NodeNotReady));
    }
}
