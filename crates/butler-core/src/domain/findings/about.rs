//! What to say about each kind beside its meaning: how its severity is decided, and what to do.

use super::FindingKind as Kind;
use crate::domain::attester::duplicates::DuplicateKind as Twice;

/// How the severity of a kind is decided, in words.
#[must_use]
pub fn severity_rule(kind: Kind) -> &'static str {
    match kind {
        Kind::Duplicate(Twice::SeveralKeyFiles) => "critical: two servers may attest with one key",
        Kind::Duplicate(_) => "warning; info where it concerns strangers only",
        Kind::CoinbaseMissing => {
            "critical when the attester validates, or can be active within `coinbase_critical`; before that a warning"
        }
        Kind::CoinbaseWrong | Kind::CoinbaseZero => {
            "critical when the attester validates or waits in the entry queue, else a warning"
        }
        Kind::CoinbaseUnverifiable => "warning where somebody can do something about it, else it is not told",
        Kind::Unserved => "critical when the attester validates, a warning while it waits",
        Kind::QueueBlocked => {
            "critical when the key is next, a warning further back, where it only stands in two own queues, and where somebody else has it with a proof that may be wrong"
        }
        Kind::StrangerDeposit => {
            "critical while that deposit waits before the delegation's, and while the attester validates, else a warning; so for a key that was taken out of the queue and never staked from it"
        }
        Kind::NotWatched => "warning without key files or providers, info without nodes or publishers",
        Kind::PublisherRunsDry => "warning below `publisher_runway`, critical below `publisher_runway_critical`",
        Kind::SlashingVotes => "warning from a tenth of the quorum, info below",
        Kind::HostCertificate => "warning within `certificate_end`, critical within `certificate_end_critical`",
        Kind::NodeOtherRollup => {
            "critical; info while own attesters validate at that rollup, and for three hours after a cut-over from it"
        }
        Kind::ScrapeStale => "warning before the first success, then critical",
        Kind::CoinbaseUsedWrong => {
            "critical while its last proposal at a rollup where it has duties did; a warning where a later one had the right coinbase, as long as the wrong ones are in the span that is read"
        }
        Kind::DutiesMissedProposals => "warning from two in a row, apart from those that most others missed, too",
        Kind::DutiesMissedAttestations => "warning from three in a row, apart from those that most others missed, too",
        Kind::DutiesBelowNetwork => {
            "warning from 50 duties of one kind on, where five in a hundred more are missed than by the others and chance does not explain it"
        }
        Kind::CoinbaseUnknown
        | Kind::DepositFailed
        | Kind::StakeRefunded
        | Kind::SplitShared
        | Kind::RewardsAtAttester
        | Kind::SlashedOut
        | Kind::OwnExit
        | Kind::LeftBehind
        | Kind::RewardsLeft
        | Kind::FormerRollupUnread
        | Kind::SlasherPending
        | Kind::SlasherLegacy
        | Kind::CapabilityMissing
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
        | Kind::ProviderQueueEmpty
        | Kind::ProviderQueueShort
        | Kind::ProviderRunsDry
        | Kind::ProviderAdminChange
        | Kind::AdminGone
        | Kind::PublisherDry
        | Kind::PublisherLow
        | Kind::ArrivalSoon
        | Kind::ClockBehind
        | Kind::BlockOld
        | Kind::SnapshotUnconfirmed
        | Kind::FormerRecipient
        | Kind::SlashingDecided
        | Kind::SlashingExecutable
        | Kind::SlashingEjects
        | Kind::EjectionNear
        | Kind::SlashingPaused
        | Kind::SlashingUnreadable
        | Kind::GovernanceSignalled
        | Kind::GovernanceSubmittable
        | Kind::GovernanceVoting
        | Kind::GovernanceExecution
        | Kind::NodeDown
        | Kind::NodeNotReady
        | Kind::NodeL1Unreachable
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
        | Kind::AttesterOffence
        | Kind::AttesterInactive
        | Kind::AttesterMissedAttestations
        | Kind::AttesterMissedProposals
        | Kind::SentinelContradicted
        | Kind::CoinbaseUnproven
        | Kind::DutiesNetwork
        | Kind::DutiesUnread
        | Kind::HostUnreachable
        | Kind::HostDnsWrong
        | Kind::ScrapeFailing
        | Kind::ScraperRestarted
        | Kind::FilesNotKept
        | Kind::EndpointUnhealthy
        | Kind::CertificateNotReplaced
        | Kind::ConfigurationRejected
        | Kind::TextfileStale => match kind.severities() {
            [super::Severity::Critical] => "critical",
            [super::Severity::Info] => "info",
            _ => "warning",
        },
    }
}

/// What to do about a finding of a kind.
#[must_use]
pub fn remedy(kind: Kind) -> &'static str {
    match kind {
        Kind::Duplicate(twice) => remedy_of_duplicate(twice),
        Kind::CoinbaseMissing => {
            "write the right coinbase into the node's keystore, reload the node, update the copy: the finding names it where the chain confirms one"
        }
        Kind::CoinbaseWrong | Kind::CoinbaseZero => {
            "correct the coinbase in the node's keystore and reload the node; rewards that went astray have to be repaid by hand"
        }
        Kind::CoinbaseUnverifiable => {
            "in the queue: remove the coinbase, the delegation will create the right one; else change nothing and read the runbook"
        }
        Kind::CoinbaseUnknown | Kind::KeyFileUnreadable => {
            "make the file readable again, or remove it from `key_files`"
        }
        Kind::KeyFilesGone => "bring the files back: a folder that is not mounted, or an owner or mode that changed",
        Kind::Unserved => {
            "find the server that runs it and add its key file, or start it: an absent validator is slashed for inactivity"
        }
        Kind::DepositFailed => "look for a bad proof of possession or a key that was used before; tell the delegator",
        Kind::StrangerDeposit => {
            "configure no coinbase for that delegation, tell its delegator to stake again for another key, and do not run the key for whoever took it"
        }
        Kind::StakeRefunded => {
            "tell the delegator that the stake came back and earns nothing; its split must be in no key file"
        }
        Kind::SplitShared => "leave the split to the attester whose delegation made it, and give the others their own",
        Kind::RewardsAtAttester => {
            "set the attester's coinbase where none is; what waits there belongs to the delegation that counted then and is repaid by hand, or to the operator where the policy is `own`"
        }
        Kind::SlashedOut => {
            "find out why; its withdrawer calls `initiateWithdraw`, and anybody `finalizeWithdraw` once both delays are over, the rollup's and the governance's"
        }
        Kind::OwnExit => {
            "keep its node for two more epochs; its withdrawer calls `initiateWithdraw`, which restarts no delay; anybody calls `finalizeWithdraw` once both delays are over, the rollup's and the governance's"
        }
        Kind::LeftBehind => "keep its node for that rollup, and ask its withdrawer to take the stake out there",
        Kind::RewardsLeft => "claim them at that rollup: anybody may, and it pays the coinbase",
        Kind::FormerRollupUnread | Kind::CapabilityMissing => {
            "another L1 endpoint, or a newer release of Butler, may be able to"
        }
        Kind::SlasherPending => "read the proposal that queued it: its votes count from when it is installed",
        Kind::SlasherLegacy => "nothing: its votes are read until then",
        Kind::QueueBlocked => "drip the queue past it (`dripProviderQueue`) before a delegation takes it",
        Kind::QueueForeignKey => "add the key file of the server that will run it, or drip the queue past it",
        Kind::BlsUnproven => "nothing if the value is the public key; a private key has no place in this file",
        Kind::BlsDiffers => {
            "find out which of both the server really signs with; take the right one over into the file"
        }
        Kind::PublisherNotSet => "set a publisher, or keep the attester's own account funded",
        Kind::FundingAccountDropped => "leave the funding account in one file only",
        Kind::KeyFile => "correct the place that the message names",
        Kind::KeyFileSchemasMixed => "bring all files of the folder to one schema version",
        Kind::ServerWithoutKeys => {
            "name servers there as their key files do: after the file, or its folder; or add the server's key files"
        }
        Kind::KeyFileDefaultsLeak => {
            "give the validators of the other file a coinbase and publishers of their own, unless it is meant so"
        }
        Kind::NotWatched => "configure it, if there is any",
        Kind::ProviderQueueEmpty | Kind::ProviderQueueShort | Kind::ProviderRunsDry => {
            "register more keys: nobody can delegate to an empty queue"
        }
        Kind::AdminGone => {
            "look with `butler-cli events` who took its place; correct `provider_admins` when that was you"
        }
        Kind::ProviderAdminChange => "make sure that the new admin is yours; propose your own again if it is not",
        Kind::PublisherDry | Kind::PublisherLow | Kind::PublisherRunsDry => "send it ether",
        Kind::ArrivalSoon => "make sure that its server runs and has its coinbase",
        Kind::ClockBehind => "start the machine's time service, or doubt an endpoint that is alone",
        Kind::BlockOld => "ask another L1 endpoint, and look at the clocks",
        Kind::SnapshotUnconfirmed => {
            "bring the other endpoints back, give them a longer deadline, or take out one that is gone for good"
        }
        Kind::FormerRecipient => "nothing changes the splits: collect through the former recipient",
        Kind::SlashingVotes | Kind::AttesterOffence => {
            "look at the node that runs it: what it is accused of ends there"
        }
        Kind::SlashingDecided | Kind::SlashingExecutable | Kind::SlashingEjects => {
            "ask the vetoer, if the slash is unjust; find and end the cause in any case"
        }
        Kind::EjectionNear => "find and end what it is slashed for",
        Kind::SlashingPaused => "nothing",
        Kind::SlashingUnreadable => "another L1 endpoint, or a newer release of Butler, may be able to",
        Kind::GovernanceSignalled | Kind::GovernanceSubmittable | Kind::GovernanceVoting => {
            "read the payload, and vote"
        }
        Kind::GovernanceExecution => "make nodes ready for what it changes",
        Kind::NodeDown => "look at the node and the way to it, and at what it is configured to follow",
        Kind::NodeNotReady => "look at the node's log",
        Kind::NodeL1Unreachable => "look at the L1 endpoint that the node is configured with: quota, key, reachability",
        Kind::NodeOtherRollup => "update the node, or the registry that it is configured with",
        Kind::NodePeersNone | Kind::NodePeersFew => "look at the node's peer-to-peer port and its bootstrap nodes",
        Kind::NodeLagging | Kind::NodeBehind | Kind::NodeWorldSplit => "look at the node's log, disk and load",
        Kind::NodeUnread => "look at the node's log, and ask it again with `butler-cli doctor`",
        Kind::NodeUnwell => "ask its `/status`, and look at the node's log",
        Kind::NodeVersionsDiffer => "bring all nodes to one version",
        Kind::NodeAdminDown => "check `admin_url`, its key and the way there",
        Kind::SentinelStale => "look at the node: it does not follow its chain",
        Kind::SentinelUnread => "look at the node's log: what it answers to getValidatorsStats",
        Kind::InactivityUntold => "look at what the node's admin port answers to getConfig",
        Kind::SentinelOff => "switch the sentinel of a node on",
        Kind::AttesterInactive | Kind::AttesterMissedAttestations | Kind::AttesterMissedProposals => {
            "look at the node that runs it, its peers and its publishers"
        }
        Kind::SentinelContradicted => {
            "look at the node: its L1 endpoint, its peers, its clock; believe L1 until both say the same"
        }
        Kind::CoinbaseUsedWrong => {
            "correct the coinbase in the keystore of the node that runs it, which is not what its file says, and reload it; rewards that went astray have to be repaid by hand"
        }
        Kind::CoinbaseUnproven => "nothing: the next proposal of each proves it or is told",
        Kind::DutiesMissedProposals | Kind::DutiesMissedAttestations => {
            "look at the node that runs it, its peers, its publishers and its clock; `butler-cli duties` lists the slots"
        }
        Kind::DutiesNetwork => "nothing, unless own nodes were part of the trouble",
        Kind::DutiesBelowNetwork => {
            "compare by label with `butler-cli duties --label`, and look at the servers that stand out"
        }
        Kind::DutiesUnread => {
            "another L1 endpoint, or one more, may have what is missing; what goes through a forwarder of your own is not readable"
        }
        Kind::HostUnreachable => "look at the machine, its firewall and the service behind the port",
        Kind::HostDnsWrong => "correct the name's records",
        Kind::HostCertificate => "renew the certificate",
        Kind::ScrapeFailing | Kind::ScrapeStale => "read the exporter's log: it says why",
        Kind::ScraperRestarted => "report the panic that the log has",
        Kind::FilesNotKept => {
            "make room, or set `cache_directory` and `state_directory` to folders that can be written"
        }
        Kind::EndpointUnhealthy => "look at the endpoint: the log says what it did",
        Kind::CertificateNotReplaced => "correct the certificate's files: the log says what is wrong",
        Kind::ConfigurationRejected => "correct what the log names by file and line",
        Kind::TextfileStale => "make room in the folder of `exporter.textfile`, or let the exporter write there",
    }
}

fn remedy_of_duplicate(kind: Twice) -> &'static str {
    match kind {
        Twice::OwnQueueTwice => "drip the queue past the second one (`dripProviderQueue`), and register other keys",
        Twice::OwnQueueAndOtherQueue => "find out who has the key's proof of possession; do not use the key",
        Twice::OwnQueueAndEntryQueue
        | Twice::OwnQueueAndActiveSet
        | Twice::OwnQueueAndExiting
        | Twice::OwnQueueAndZombie
        | Twice::OwnQueueAndHistory => "drip the queue past it before a delegation takes it",
        Twice::OtherQueueTwice
        | Twice::OtherQueueAndEntryQueue
        | Twice::OtherQueueAndActiveSet
        | Twice::OtherQueueAndExiting
        | Twice::OtherQueueAndZombie
        | Twice::OtherQueueAndHistory => {
            "if it is yours: somebody registered your key; the delegation there fails, not yours"
        }
        Twice::EntryQueueTwice
        | Twice::EntryQueueAndActiveSet
        | Twice::EntryQueueAndExiting
        | Twice::EntryQueueAndZombie
        | Twice::EntryQueueAndHistory => {
            "nothing can stop it: tell the delegator, and find out how the key came to be used twice"
        }
        Twice::ActiveSetTwice | Twice::ActiveSetAndExiting | Twice::ActiveSetAndZombie | Twice::ActiveSetAndHistory => {
            "ask another endpoint"
        }
        Twice::KeyFileTwice => "remove one",
        Twice::SeveralKeyFiles => "stop one of the servers, or say that it is on purpose (`replicated_keys`)",
        Twice::ConflictingCoinbase => "keep the split of its delegation",
        Twice::PartialCoinbase => "write it into the other file",
        Twice::SharedPublisher => "give each server accounts of its own",
        Twice::SharedBlsKey => "make new keys for the others",
    }
}
