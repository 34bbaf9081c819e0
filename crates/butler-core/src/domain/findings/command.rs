//! The command that shows more of a finding. With the remedy it is the next step.

use super::finding::Finding;
use super::kind::FindingKind as Kind;
use super::subject::Subject;
use crate::domain::attester::duplicates::DuplicateKind;
use crate::text::shell::is_plain_word;

impl Finding {
    /// The command that shows more of it, for a network of that name; `None` where no command does.
    #[must_use]
    pub fn command(&self, network: &str) -> Option<String> {
        let read = reading(self.kind)?;
        let of_network =
            |command: &str| is_plain_word(network).then(|| format!("butler-cli {command} --network {network}"));
        let of_attester = |command: &str| match &self.subject {
            Subject::Attester(_) => of_network(&format!("{command} --attester {}", self.subject)),
            Subject::Publisher(_)
            | Subject::BlsKey(_)
            | Subject::Provider(_)
            | Subject::Node(_)
            | Subject::Host(_)
            | Subject::File(_)
            | Subject::Endpoint(_)
            | Subject::Scraper(_)
            | Subject::Network
            | Subject::Program => of_network(command),
        };
        match read {
            Read::Attester => of_attester("status"),
            Read::Duties => of_attester("duties"),
            Read::Proposals => of_attester("proposals"),
            Read::Network(command) => of_network(command),
            Read::Program(command) => Some(command.to_owned()),
        }
    }
}

/// What shows more.
enum Read {
    /// The attester's row.
    Attester,
    /// Its duties.
    Duties,
    /// Its proposals.
    Proposals,
    /// A command of butler-cli about a network.
    Network(&'static str),
    /// A command about the exporter.
    Program(&'static str),
}

fn reading(kind: Kind) -> Option<Read> {
    let read = match kind {
        Kind::Duplicate(DuplicateKind::ConflictingCoinbase | DuplicateKind::PartialCoinbase)
        | Kind::CoinbaseMissing
        | Kind::CoinbaseWrong
        | Kind::CoinbaseZero
        | Kind::CoinbaseUnverifiable
        | Kind::CoinbaseUnknown
        | Kind::Unserved
        | Kind::DepositFailed
        | Kind::StrangerDeposit
        | Kind::StakeRefunded
        | Kind::SplitShared
        | Kind::RewardsAtAttester
        | Kind::SlashedOut
        | Kind::OwnExit
        | Kind::LeftBehind
        | Kind::ArrivalSoon => Read::Attester,
        Kind::Duplicate(_)
        | Kind::QueueForeignKey
        | Kind::BlsUnproven
        | Kind::BlsDiffers
        | Kind::PublisherNotSet
        | Kind::FundingAccountDropped
        | Kind::KeyFile
        | Kind::KeyFileUnreadable
        | Kind::KeyFilesGone
        | Kind::KeyFileSchemasMixed
        | Kind::KeyFileDefaultsLeak
        | Kind::ServerWithoutKeys
        | Kind::NotWatched => Read::Network("audit"),
        Kind::RewardsLeft | Kind::FormerRollupUnread => Read::Network("upgrade"),
        Kind::QueueBlocked | Kind::ProviderQueueEmpty | Kind::ProviderQueueShort | Kind::ProviderRunsDry => {
            Read::Network("queue")
        }
        Kind::ProviderAdminChange | Kind::FormerRecipient => Read::Network("provider show"),
        Kind::AdminGone => Read::Network("events"),
        Kind::PublisherDry | Kind::PublisherLow | Kind::PublisherRunsDry => Read::Network("publishers"),
        Kind::CapabilityMissing | Kind::ClockBehind | Kind::BlockOld | Kind::SnapshotUnconfirmed => {
            Read::Network("chain")
        }
        Kind::SlasherPending
        | Kind::SlasherLegacy
        | Kind::SlashingVotes
        | Kind::SlashingDecided
        | Kind::SlashingExecutable
        | Kind::SlashingEjects
        | Kind::EjectionNear
        | Kind::SlashingPaused
        | Kind::SlashingUnreadable
        | Kind::AttesterOffence => Read::Network("slashing"),
        Kind::NodeDown
        | Kind::NodeNotReady
        | Kind::NodeL1Unreachable
        | Kind::NodeOtherRollup
        | Kind::NodePeersNone
        | Kind::NodePeersFew
        | Kind::NodeLagging
        | Kind::NodeBehind
        | Kind::NodeWorldSplit
        | Kind::NodeUnread
        | Kind::NodeUnwell
        | Kind::NodeVersionsDiffer
        | Kind::NodeAdminDown
        | Kind::SentinelStale
        | Kind::SentinelUnread
        | Kind::InactivityUntold
        | Kind::SentinelOff
        | Kind::EndpointUnhealthy => Read::Network("doctor"),
        Kind::AttesterInactive
        | Kind::AttesterMissedAttestations
        | Kind::AttesterMissedProposals
        | Kind::SentinelContradicted
        | Kind::DutiesMissedProposals
        | Kind::DutiesMissedAttestations
        | Kind::DutiesBelowNetwork
        | Kind::DutiesNetwork
        | Kind::DutiesUnread => Read::Duties,
        Kind::CoinbaseUsedWrong | Kind::CoinbaseUnproven => Read::Proposals,
        Kind::HostUnreachable
        | Kind::HostDnsWrong
        | Kind::ScrapeFailing
        | Kind::ScrapeStale
        | Kind::ScraperRestarted
        | Kind::FilesNotKept
        | Kind::CertificateNotReplaced
        | Kind::TextfileStale => Read::Program("journalctl --unit butler-exporter -n 50"),
        Kind::ConfigurationRejected => Read::Program("butler-cli config check"),
        Kind::HostCertificate
        | Kind::GovernanceSignalled
        | Kind::GovernanceSubmittable
        | Kind::GovernanceVoting
        | Kind::GovernanceExecution => return None,
    };
    Some(read)
}

#[cfg(test)]
mod tests {
    use ethers_core::types::Address;

    use super::*;
    use crate::domain::findings::Severity;

    #[test]
    fn a_command_names_network_and_attester_and_nothing_that_a_shell_would_read() {
        let attester = Subject::Attester(Address::from_low_u64_be(1));
        let missing = Finding::new(Kind::CoinbaseMissing, Severity::Warning, attester, "it has none");
        let command = "butler-cli status --attester 0x0000000000000000000000000000000000000001 --network main-net";
        assert_eq!(missing.command("main-net").as_deref(), Some(command));
        assert_eq!(missing.command("$(id)"), None);
        let node = Subject::Node("; rm -rf /".to_owned());
        let down = Finding::new(Kind::NodeDown, Severity::Critical, node, "it is down");
        assert_eq!(down.command("x").as_deref(), Some("butler-cli doctor --network x"));
        let proven = Finding::new(Kind::CoinbaseUnproven, Severity::Info, Subject::Network, "some");
        assert_eq!(proven.command("x").as_deref(), Some("butler-cli proposals --network x"));
    }
}
