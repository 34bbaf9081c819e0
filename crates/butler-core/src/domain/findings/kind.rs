//! The closed list of what can be wrong: code, who finds it, how bad it can be, runbook, metric, meaning.
//!
//! A code is what JSON, labels and the documentation say; it never changes. `docs/findings.md` is made from this list and
//! from `about.rs`. Kinds of duplicates have their own list in `duplicates` and are kinds of findings as they are.

use std::fmt;

use strum::{EnumCount as _, VariantArray as _};

use super::Severity;
use crate::domain::attester::duplicates::DuplicateKind;
use crate::text::closed::every;

/// Who finds it: what is read at one time and is as old as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[derive(strum::VariantArray, strum::EnumCount)]
pub enum Source {
    /// A snapshot of the chain, with the key files.
    Chain,
    /// What waits for the coinbases of that snapshot.
    Rewards,
    /// The slasher's rounds.
    Slashing,
    /// Signals and proposals.
    Governance,
    /// The operator's Aztec nodes.
    Nodes,
    /// What these nodes saw of own attesters.
    Sentinel,
    /// What own attesters proposed and attested, by L1 alone.
    Duties,
    /// The operator's machines.
    Hosts,
    /// The exporter itself.
    Program,
}

impl Source {
    /// Every source.
    pub const ALL: [Self; Self::COUNT] = every(Self::VARIANTS);

    /// The heading of its findings in the documentation.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Chain => "Attesters, keys, providers and publishers",
            Self::Rewards => "Rewards",
            Self::Slashing => "Slashing",
            Self::Governance => "Governance",
            Self::Nodes => "Nodes",
            Self::Sentinel => "What nodes saw of duties",
            Self::Duties => "Proposals and duties on L1",
            Self::Hosts => "Hosts",
            Self::Program => "The exporter itself",
        }
    }
}

macro_rules! finding_kinds {
    ($($variant:ident $code:literal $source:ident [$($severity:ident),+] $runbook:literal $family:literal $meaning:literal;)*) => {
        /// What is wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum FindingKind {
            /// A key that is in two places at once.
            Duplicate(DuplicateKind),
            $(
                #[doc = $meaning]
                $variant,
            )*
        }

        impl FindingKind {
            /// The kinds that are no duplicates.
            pub const BESIDE_DUPLICATES: &[Self] = &[$(Self::$variant),*];

            /// The name that JSON, labels and the documentation use.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    Self::Duplicate(kind) => kind.name(),
                    $(Self::$variant => $code,)*
                }
            }

            /// Who finds it.
            #[must_use]
            pub fn source(self) -> Source {
                match self {
                    Self::Duplicate(_) => Source::Chain,
                    $(Self::$variant => Source::$source,)*
                }
            }

            /// How bad it can be, the worst first.
            #[must_use]
            pub fn severities(self) -> &'static [Severity] {
                match self {
                    Self::Duplicate(DuplicateKind::SeveralKeyFiles) => &[Severity::Critical],
                    Self::Duplicate(_) => &[Severity::Warning, Severity::Info],
                    $(Self::$variant => &[$(Severity::$severity),+],)*
                }
            }

            /// The page of `docs/runbooks` that says what to do.
            #[must_use]
            pub fn runbook(self) -> &'static str {
                match self {
                    Self::Duplicate(DuplicateKind::SeveralKeyFiles) => "ButlerKeyOnSeveralServers",
                    Self::Duplicate(_) => "ButlerDuplicateKeys",
                    $(Self::$variant => $runbook,)*
                }
            }

            /// The family of metrics that tells most of it, beside `butler_findings`.
            #[must_use]
            pub fn family(self) -> &'static str {
                match self {
                    Self::Duplicate(_) => "butler_duplicates",
                    $(Self::$variant => $family,)*
                }
            }

            /// What it means, in a sentence.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self {
                    Self::Duplicate(kind) => super::duplicate::meaning_of_duplicate(kind),
                    $(Self::$variant => $meaning,)*
                }
            }
        }
    };
}

finding_kinds! {
    CoinbaseMissing "coinbase_missing" Chain [Critical, Warning] "ButlerCoinbaseMissing" "butler_coinbase_missing" "A staked attester has no coinbase in any key file.";
    CoinbaseWrong "coinbase_wrong" Chain [Critical, Warning] "ButlerCoinbaseWrong" "butler_coinbase_wrong" "The coinbase of an attester is not the one that it must have: its rewards go astray.";
    CoinbaseZero "coinbase_zero" Chain [Critical, Warning] "ButlerCoinbaseWrong" "butler_findings" "A key file gives an attester the zero address as coinbase: its rewards are burnt.";
    CoinbaseUnverifiable "coinbase_unverifiable" Chain [Warning] "ButlerCoinbaseUnverifiable" "butler_coinbase_unverifiable" "An attester has a coinbase, or needs one, and the chain confirms none to be right: it is still in the provider queue, so its split does not exist yet, or what the logs say of its delegation does not fit the chain.";
    CoinbaseUnknown "coinbase_unknown" Chain [Warning] "ButlerKeyFileUnreadable" "butler_findings" "The file that says the coinbase of an attester cannot be read now: nothing is said of the coinbase.";
    Unserved "unserved" Chain [Critical, Warning] "ButlerAttesterUnserved" "butler_findings" "An attester was delegated to us, validates or waits in the entry queue, and no key file has it.";
    DepositFailed "deposit_failed" Chain [Warning] "ButlerDepositFailed" "butler_findings" "The deposit of an attester was refunded: the key is burnt, and the delegator has no validator.";
    StrangerDeposit "stranger_deposit" Chain [Critical, Warning] "ButlerStrangerDeposit" "butler_findings" "Somebody else deposited a key that was staked with an own provider, or stands in its queue or did: a delegation of it is refunded, or will be, and earns nothing.";
    StakeRefunded "stake_refunded" Chain [Warning] "ButlerStakeRefunded" "butler_findings" "One of several stakes of a key was refunded, or the only one after somebody else's deposit: its delegator has no validator, and its split receives nothing.";
    SplitShared "split_shared" Chain [Critical] "ButlerFindingCritical" "butler_findings" "One split is the coinbase of several attesters: one delegator is paid what another's attester earns.";
    RewardsAtAttester "rewards_at_attester" Chain [Warning] "ButlerFindingWarning" "butler_findings" "Rewards wait at an attester's own address: its node proposed without a coinbase.";
    SlashedOut "slashed_out" Chain [Warning] "ButlerAttesterSlashedOut" "butler_zombies" "An own attester was slashed out or ejected: it is a zombie whose stake waits to be withdrawn.";
    OwnExit "own_exit" Chain [Info] "ButlerAttesterOwnExit" "butler_zombies" "An own attester began its exit itself: it is a zombie until its withdrawer names a recipient, and can be slashed until the exit's delay is over.";
    LeftBehind "left_behind" Chain [Warning] "ButlerFindingWarning" "butler_former_rollup_attesters" "An own attester did not move along with the canonical rollup: it validates at a former one.";
    RewardsLeft "rewards_left" Chain [Info] "ButlerFindingWarning" "butler_former_rollup_rewards" "Rewards wait at a rollup that is not canonical any more.";
    FormerRollupUnread "former_rollup_unread" Chain [Warning] "ButlerFindingWarning" "butler_findings" "A former rollup lacks a function without which it is not known what of ours it holds.";
    SlasherPending "slasher_pending" Chain [Info] "ButlerSlasherPending" "butler_slasher_pending_timestamp_seconds" "Governance queued another slasher for a rollup that has own attesters: from its date on anybody may install it.";
    SlasherLegacy "slasher_legacy" Chain [Info] "ButlerSlasherLegacy" "butler_slasher_legacy_until_timestamp_seconds" "The slasher of a rollup was replaced, and the one before may still slash own attesters until its date.";
    CapabilityMissing "capability_missing" Chain [Warning] "ButlerCapabilityMissing" "butler_capability_missing" "A rollup, or a contract that all rollups share, lacks something that is expected of one that does what it does: what that would tell is not seen.";
    QueueBlocked "queue_blocked" Chain [Critical, Warning] "ButlerQueueBlocked" "butler_findings" "A key in an own provider's queue cannot be staked, or will fail at its flush.";
    QueueForeignKey "queue_foreign_key" Chain [Warning] "ButlerFindingWarning" "butler_findings" "A key in an own provider's queue is in no key file: nobody will run it when it is staked.";
    BlsUnproven "bls_unproven" Chain [Info] "ButlerFindingWarning" "butler_findings" "A key file has a BLS value of a key that is not on chain yet: it cannot be told from a private key, and is never printed.";
    BlsDiffers "bls_differs" Chain [Critical] "ButlerFindingCritical" "butler_findings" "A key file has another BLS key for an attester than the chain has registered.";
    PublisherNotSet "publisher_not_set" Chain [Info] "ButlerFindingWarning" "butler_findings" "No publisher is set for an attester: its own account pays for its transactions.";
    FundingAccountDropped "funding_account_dropped" Chain [Warning] "ButlerFindingWarning" "butler_findings" "Several files of a folder have a funding account: the node drops it, and nobody refills the publishers.";
    KeyFile "key_file" Chain [Warning] "ButlerKeyFileFaults" "butler_key_file_faults" "A key file, or an entry of it, cannot be used, and never could; attesters that no other file names are unknown.";
    KeyFileUnreadable "key_file_unreadable" Chain [Warning] "ButlerKeyFileUnreadable" "butler_key_file_kept" "A key file that was good cannot be read or used now: what it said last is kept.";
    KeyFilesGone "key_files_gone" Chain [Critical] "ButlerKeyFilesGone" "butler_findings" "No key file of the network can be read any more: everything that is said of coinbases and servers is of the past.";
    KeyFileSchemasMixed "key_file_schemas_mixed" Chain [Warning] "ButlerFindingWarning" "butler_findings" "Key files of one folder have different schema versions: the node refuses the folder.";
    KeyFileDefaultsLeak "key_file_defaults_leak" Chain [Info] "ButlerFindingWarning" "butler_findings" "What one key file says at its top holds for validators of another file of its server, which have no coinbase or publisher of their own.";
    ServerWithoutKeys "server_without_keys" Chain [Info] "ButlerFindingWarning" "butler_findings" "A file of publishers names a server of which there is no key file: who pays for servers without publishers is not known.";
    NotWatched "not_watched" Chain [Warning, Info] "ButlerNotWatched" "butler_findings" "Key files, providers, nodes or publishers are not configured, or other providers' queues cannot be read: what they would tell is not looked at.";
    ProviderQueueEmpty "provider_queue_empty" Chain [Warning] "ButlerProviderQueueEmpty" "butler_provider_queue_length" "The queue of an own provider is empty: it takes no delegations.";
    ProviderQueueShort "provider_queue_short" Chain [Warning] "ButlerProviderQueueShort" "butler_provider_queue_length" "The queue of an own provider has few keys left.";
    ProviderRunsDry "provider_runs_dry" Chain [Warning] "ButlerProviderQueueRunsDry" "butler_provider_runway_seconds" "At the observed pace of delegations the queue of an own provider is soon empty.";
    ProviderAdminChange "provider_admin_change" Chain [Critical] "ButlerProviderAdminChangePending" "butler_provider_admin_change_pending" "The admin's role of an own provider was offered to somebody, who can accept it at any time.";
    AdminGone "admin_gone" Chain [Critical] "ButlerFindingCritical" "butler_findings" "No provider has an admin that `provider_admins` names: somebody took its place, or it is mistyped.";
    PublisherDry "publisher_dry" Chain [Critical] "ButlerPublisherDry" "butler_publisher_balance_ether" "A publisher is nearly dry: its attesters can soon send nothing.";
    PublisherLow "publisher_low" Chain [Warning] "ButlerPublisherLow" "butler_publisher_balance_ether" "A publisher has less than it should for its attesters.";
    PublisherRunsDry "publisher_runs_dry" Chain [Critical, Warning] "ButlerPublisherRunsDry" "butler_publisher_runway_seconds" "At the pace of the last day a publisher is soon dry.";
    ArrivalSoon "arrival_soon" Chain [Info] "ButlerEntryQueueArrivalSoon" "butler_entry_queue_own_next_arrival_timestamp_seconds" "The next own deposit can be let in soon.";
    ClockBehind "clock_behind" Chain [Warning] "ButlerClockBehind" "butler_clock_behind_seconds" "The clock of this machine is behind the newest block on which the L1 endpoints agree.";
    BlockOld "block_old" Chain [Warning] "ButlerSnapshotBlockOld" "butler_snapshot_block_timestamp_seconds" "The newest block that the L1 endpoints have is old.";
    SnapshotUnconfirmed "snapshot_unconfirmed" Chain [Warning] "ButlerSnapshotUnconfirmed" "butler_snapshot_unconfirmed" "One of several L1 endpoints told some of what is shown alone: no other confirmed it in time. Coinbases that two confirmed before stay what they are, new ones are unverifiable.";
    FormerRecipient "former_recipient" Rewards [Warning] "ButlerFormerRecipient" "butler_provider_former_recipient_coinbases" "Splits of an own provider's delegations pay its part to somebody who is not its rewards recipient now; a split cannot be changed.";
    SlashingVotes "slashing_votes" Slashing [Warning, Info] "ButlerSlashingVotes" "butler_slashing_attester_votes" "Validators vote to slash an own attester in the current round.";
    SlashingDecided "slashing_decided" Slashing [Critical] "ButlerSlashingDecided" "butler_slashing_attester_votes" "The quorum decided to slash an own attester; it can be vetoed until the execution delay is over.";
    SlashingExecutable "slashing_executable" Slashing [Critical] "ButlerSlashingExecutable" "butler_slashing_attester_votes" "Anybody may execute the slash of an own attester now.";
    SlashingEjects "slashing_ejects" Slashing [Critical] "ButlerSlashingEjects" "butler_slashing_amount_tokens" "Decided slashes take more from an own attester than it can lose: it will be ejected for good.";
    EjectionNear "ejection_near" Slashing [Warning] "ButlerEjectionNear" "butler_attester_ejection_margin_slashes" "A few small slashes eject an own attester.";
    SlashingPaused "slashing_paused" Slashing [Info] "ButlerSlashingPaused" "butler_slashing_enabled" "The vetoer has paused all slashing.";
    SlashingUnreadable "slashing_unreadable" Slashing [Warning] "ButlerSlashingUnreadable" "butler_slashing_unreadable" "The rollup has a slasher whose votes cannot be seen: every finding on slashing is blind; or that does not say whether it is paused.";
    GovernanceSignalled "governance_signalled" Governance [Info] "ButlerGovernancePayloadSignalled" "butler_governance_signals" "Proposers signal for a payload.";
    GovernanceSubmittable "governance_submittable" Governance [Warning] "ButlerGovernancePayloadSubmittable" "butler_governance_submittable_payloads" "A payload has the signals to become a proposal.";
    GovernanceVoting "governance_voting" Governance [Info] "ButlerGovernanceVoting" "butler_governance_proposals" "A proposal is voted on.";
    GovernanceExecution "governance_execution" Governance [Warning] "ButlerGovernanceExecutionNear" "butler_governance_proposal_state_until_timestamp_seconds" "An accepted proposal can be executed soon, or already: nodes must follow what it changes.";
    NodeDown "node_down" Nodes [Critical] "ButlerNodeDown" "butler_node_up" "A node does not answer, or follows another network.";
    NodeNotReady "node_not_ready" Nodes [Warning] "ButlerNodeNotReady" "butler_node_ready" "A node answers and calls itself not ready.";
    NodeL1Unreachable "node_l1_unreachable" Nodes [Critical] "ButlerNodeL1Unreachable" "butler_node_l1_reachable" "A node gets no usable answer from its own L1, whatever it says of itself.";
    NodeOtherRollup "node_other_rollup" Nodes [Critical, Info] "ButlerNodeOnOtherRollup" "butler_node_rollup_agrees" "A node does not follow the canonical rollup.";
    NodePeersNone "node_peers_none" Nodes [Critical] "ButlerNodePeersNone" "butler_node_peers" "A node has no connected peer, or its peer-to-peer side is switched off.";
    NodePeersFew "node_peers_few" Nodes [Warning] "ButlerNodePeersFew" "butler_node_peers" "A node has few connected peers.";
    NodeLagging "node_lagging" Nodes [Warning] "ButlerNodeLagging" "butler_node_lag_checkpoints" "A node is checkpoints behind the rollup on L1.";
    NodeBehind "node_behind" Nodes [Warning] "ButlerNodeBehind" "butler_node_proposed_block" "A node is blocks behind the best of the network's own nodes.";
    NodeWorldSplit "node_world_split" Nodes [Warning] "ButlerNodeWorldStateSplit" "butler_node_world_state_synced" "The trees of a node's world state do not belong to one block.";
    NodeUnread "node_unread" Nodes [Warning] "ButlerFindingWarning" "butler_findings" "A node answers, and not to everything that it is asked: what it does not tell is not known.";
    NodeUnwell "node_unwell" Nodes [Warning] "ButlerFindingWarning" "butler_findings" "A node says at `/status` that it is not well, or that a component of it is not.";
    NodeVersionsDiffer "node_versions_differ" Nodes [Info] "ButlerNodeVersionsDiffer" "butler_node_info" "Own nodes of the network run different versions.";
    NodeAdminDown "node_admin_down" Sentinel [Warning] "ButlerNodeAdminDown" "butler_node_admin_up" "The admin port of a node does not answer, refuses the key, or is none.";
    SentinelStale "sentinel_stale" Sentinel [Warning] "ButlerSentinelStale" "butler_sentinel_lag_slots" "The sentinel of a node is an epoch behind: it is not believed.";
    SentinelUnread "sentinel_unread" Sentinel [Warning] "ButlerFindingWarning" "butler_findings" "The sentinel of a node does not answer, or tells of slots that are yet to come: what it saw last stands until it is too old, and what it sees now is not known.";
    InactivityUntold "node_inactivity_untold" Sentinel [Warning] "ButlerFindingWarning" "butler_findings" "The admin port of a node with a slasher does not tell when the node takes an attester for inactive: the rule that it told before counts for a day, then the usual one.";
    SentinelOff "sentinel_off" Sentinel [Info] "ButlerSentinelOff" "butler_sentinel_enabled" "No node has a sentinel at work: missed duties are not seen.";
    AttesterOffence "attester_offence" Sentinel [Critical] "ButlerOffenceRecorded" "butler_attester_offences" "Own nodes noted offences of an own attester in this round: those of others vote to slash it.";
    AttesterInactive "attester_inactive" Sentinel [Critical] "ButlerAttesterInactive" "butler_attester_missed_attestations_streak" "An own attester misses one attestation after the other: it is about to be slashed for inactivity.";
    AttesterMissedAttestations "attester_missed_attestations" Sentinel [Warning] "ButlerAttesterMissingAttestations" "butler_attester_missed_attestations_streak" "An own attester missed its last attestations.";
    AttesterMissedProposals "attester_missed_proposals" Sentinel [Warning] "ButlerAttesterMissedProposals" "butler_attester_missed_proposals_streak" "An own attester missed its last proposals.";
    SentinelContradicted "sentinel_contradicts_l1" Sentinel [Warning] "ButlerFindingWarning" "butler_findings" "The sentinel of a node says of an own attester's duties what L1 contradicts: what it says of others cannot be relied on either.";
    CoinbaseUsedWrong "coinbase_used_wrong" Duties [Critical, Warning] "ButlerCoinbaseUsedWrong" "butler_coinbase_proofs" "An own attester proposed on L1 with another coinbase than the one that it must have, whatever its key file says: the rewards went astray.";
    CoinbaseUnproven "coinbase_unproven" Duties [Info] "ButlerFindingWarning" "butler_coinbase_proofs" "Own attesters validate and have made no proposal that is known since their coinbase counts: nobody can know what their nodes use.";
    DutiesMissedProposals "duties_missed_proposals" Duties [Warning] "ButlerAttesterMissedProposals" "butler_findings" "By L1, an own attester did not propose in its last turns, while most others did in theirs.";
    DutiesMissedAttestations "duties_missed_attestations" Duties [Warning] "ButlerAttesterMissingAttestations" "butler_findings" "By L1, the last checkpoints that an own attester was to attest came without it, while most others attested.";
    DutiesNetwork "duties_network" Duties [Info] "ButlerFindingWarning" "butler_findings" "Own attesters missed duties together with most others: that is the network's trouble more than theirs.";
    DutiesBelowNetwork "duties_below_network" Duties [Warning] "ButlerAttesterMissingAttestations" "butler_findings" "Own attesters together miss clearly more of their duties than the others do.";
    DutiesUnread "duties_unread" Duties [Warning] "ButlerFindingWarning" "butler_findings" "What own attesters did could not all be read from L1: a log or a transaction is missing, or not readable. Nothing of it counts as missed, and no coinbase is proven by it.";
    HostUnreachable "host_unreachable" Hosts [Warning] "ButlerHostUnreachable" "butler_host_check_success" "A port or RPC of a host does not answer as it should.";
    HostDnsWrong "host_dns_wrong" Hosts [Warning] "ButlerHostDnsWrong" "butler_host_check_success" "The name of a host does not lead to its addresses and only to these.";
    HostCertificate "host_certificate" Hosts [Critical, Warning] "ButlerHostCertificateExpires" "butler_host_tls_certificate_expiry_timestamp_seconds" "The certificate of a host ends soon, or has ended.";
    ScrapeFailing "scrape_failing" Program [Warning] "ButlerScrapeFailing" "butler_scrape_success" "The last scrape of something failed; its readings are those from before.";
    ScrapeStale "scrape_stale" Program [Critical, Warning] "ButlerSnapshotStale" "butler_scrape_last_success_timestamp_seconds" "Nothing was read for so long that nothing is known, or nothing was read yet.";
    ScraperRestarted "scraper_restarted" Program [Warning] "ButlerScraperRestarting" "butler_scraper_restarts_total" "A scraper panicked and was started again. That is a bug.";
    FilesNotKept "files_not_kept" Program [Warning] "ButlerFilesNotKept" "butler_scrape_errors_total" "The ledger or the attesters' states cannot be written: after a restart a change of state can be missed.";
    EndpointUnhealthy "endpoint_unhealthy" Program [Warning] "ButlerEndpointUnhealthy" "butler_endpoint_healthy" "The last exchange with an L1 endpoint was bad; another one stands in, if there is one.";
    CertificateNotReplaced "certificate_not_replaced" Program [Warning] "ButlerCertificateNotReplaced" "butler_certificate_current" "The exporter's new certificate cannot be used; the old one is served.";
    ConfigurationRejected "configuration_rejected" Program [Warning] "ButlerConfigNotReloaded" "butler_config_last_reload_successful" "The configuration has faults: the one from before stays in effect.";
    TextfileStale "textfile_stale" Program [Warning] "ButlerTextfileStale" "butler_textfile_last_write_timestamp_seconds" "The file for node_exporter is old: everything that is served from it may be wrong.";
}

impl FindingKind {
    /// The code of every kind.
    #[must_use]
    pub fn codes() -> Vec<&'static str> {
        Self::all().map(Self::code).collect()
    }

    /// Every kind, duplicates first.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        DuplicateKind::ALL.into_iter().map(Self::Duplicate).chain(Self::BESIDE_DUPLICATES.iter().copied())
    }

    /// Whether `audit` reports it: what is wrong with keys, files and what the chain has of them. The rest is for `doctor`,
    /// the page and metrics.
    #[must_use]
    pub fn is_audited(self) -> bool {
        match self {
            Self::Duplicate(_)
            | Self::CoinbaseMissing
            | Self::CoinbaseWrong
            | Self::CoinbaseZero
            | Self::CoinbaseUnverifiable
            | Self::CoinbaseUnknown
            | Self::Unserved
            | Self::DepositFailed
            | Self::StrangerDeposit
            | Self::StakeRefunded
            | Self::SplitShared
            | Self::RewardsAtAttester
            | Self::LeftBehind
            | Self::RewardsLeft
            | Self::FormerRollupUnread
            | Self::CapabilityMissing
            | Self::QueueBlocked
            | Self::QueueForeignKey
            | Self::BlsUnproven
            | Self::BlsDiffers
            | Self::PublisherNotSet
            | Self::FundingAccountDropped
            | Self::KeyFile
            | Self::KeyFileUnreadable
            | Self::KeyFilesGone
            | Self::KeyFileSchemasMixed
            | Self::KeyFileDefaultsLeak
            | Self::ServerWithoutKeys
            | Self::NotWatched
            | Self::ProviderAdminChange
            | Self::CoinbaseUsedWrong
            | Self::CoinbaseUnproven
            | Self::DutiesMissedProposals
            | Self::DutiesMissedAttestations
            | Self::DutiesNetwork
            | Self::DutiesBelowNetwork
            | Self::DutiesUnread => true,
            Self::SlashedOut
            | Self::AdminGone
            | Self::OwnExit
            | Self::SlasherPending
            | Self::SlasherLegacy
            | Self::ProviderQueueEmpty
            | Self::ProviderQueueShort
            | Self::ProviderRunsDry
            | Self::PublisherDry
            | Self::PublisherLow
            | Self::PublisherRunsDry
            | Self::ArrivalSoon
            | Self::ClockBehind
            | Self::BlockOld
            | Self::SnapshotUnconfirmed
            | Self::FormerRecipient
            | Self::SlashingVotes
            | Self::SlashingDecided
            | Self::SlashingExecutable
            | Self::SlashingEjects
            | Self::EjectionNear
            | Self::SlashingPaused
            | Self::SlashingUnreadable
            | Self::GovernanceSignalled
            | Self::GovernanceSubmittable
            | Self::GovernanceVoting
            | Self::GovernanceExecution
            | Self::NodeDown
            | Self::NodeNotReady
            | Self::NodeL1Unreachable
            | Self::NodeOtherRollup
            | Self::NodePeersNone
            | Self::NodePeersFew
            | Self::NodeLagging
            | Self::NodeBehind
            | Self::NodeWorldSplit
            | Self::NodeUnread
            | Self::NodeUnwell
            | Self::NodeVersionsDiffer
            | Self::NodeAdminDown
            | Self::SentinelStale
            | Self::SentinelUnread
            | Self::InactivityUntold
            | Self::SentinelOff
            | Self::AttesterOffence
            | Self::AttesterInactive
            | Self::AttesterMissedAttestations
            | Self::AttesterMissedProposals
            | Self::SentinelContradicted
            | Self::HostUnreachable
            | Self::HostDnsWrong
            | Self::HostCertificate
            | Self::ScrapeFailing
            | Self::ScrapeStale
            | Self::ScraperRestarted
            | Self::FilesNotKept
            | Self::EndpointUnhealthy
            | Self::CertificateNotReplaced
            | Self::ConfigurationRejected
            | Self::TextfileStale => false,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}
