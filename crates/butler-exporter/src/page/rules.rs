//! What needs attention, as a table: one line for each family whose value a person must act on.
//!
//! Of several rules with the same subject the first that holds counts, so the more urgent one stands first. Braces stand for
//! the labels of the sample, and for its value.

use super::attention::Urgency::{self, Critical, Info, Warning};
use crate::catalogue::{self, Family};

/// A page of `docs/runbooks`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Runbook {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
}

macro_rules! runbook {
    ($name:literal) => {
        Runbook { name: $name, text: include_str!(concat!("../../../../docs/runbooks/", $name, ".md")) }
    };
}

/// When a value needs attention.
#[derive(Debug, Clone, Copy)]
pub(super) enum Test {
    Above(f64),
    Below(f64),
    /// A moment that is so many seconds ago.
    OlderThan(u64),
    /// A moment that comes within so many seconds.
    Within(u64),
    /// Less than so much of another family's value under the same labels.
    Lacks(&'static Family, f64),
}

/// One line of the table.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) family: &'static Family,
    /// Only samples with this value of their last label.
    pub(super) only: Option<&'static str>,
    pub(super) test: Test,
    pub(super) urgency: Urgency,
    /// When it is too late, under the same first labels.
    pub(super) until: Option<&'static Family>,
    pub(super) text: &'static str,
    pub(super) runbook: Runbook,
}

const fn rule(family: &'static Family, test: Test, urgency: Urgency, text: &'static str, runbook: Runbook) -> Rule {
    Rule { family, only: None, test, urgency, until: None, text, runbook }
}

impl Rule {
    const fn only(self, value: &'static str) -> Self {
        Self { only: Some(value), ..self }
    }

    const fn until(self, family: &'static Family) -> Self {
        Self { until: Some(family), ..self }
    }
}

/// Present, or true.
const YES: Test = Test::Above(0.0);
/// False, or none.
const NO: Test = Test::Below(0.5);

/// The table.
pub(super) static RULES: &[Rule] = &[
    rule(
        &catalogue::COINBASE_WRONG,
        YES,
        Critical,
        "{attester} earns for a wrong coinbase: its rewards go astray",
        runbook!("ButlerCoinbaseWrong"),
    ),
    rule(
        &catalogue::COINBASE_MISSING,
        YES,
        Warning,
        "{attester} has no coinbase in any key file",
        runbook!("ButlerCoinbaseMissing"),
    )
    .until(&catalogue::COINBASE_DEADLINE),
    rule(
        &catalogue::COINBASE_UNVERIFIABLE,
        YES,
        Warning,
        "nothing confirms the coinbase of {attester} ({reason}): believe none",
        runbook!("ButlerCoinbaseUnverifiable"),
    ),
    rule(
        &catalogue::SLASHING_UNREADABLE,
        YES,
        Warning,
        "votes to slash cannot be seen ({reason})",
        runbook!("ButlerSlashingUnreadable"),
    ),
    rule(
        &catalogue::SLASHING_VOTES,
        YES,
        Critical,
        "anybody may slash {attester}: {value} votes decided it",
        runbook!("ButlerSlashingExecutable"),
    )
    .only("executable"),
    rule(
        &catalogue::SLASHING_VOTES,
        YES,
        Critical,
        "{attester} is to be slashed: {value} votes decided it, and a veto must come in time",
        runbook!("ButlerSlashingDecided"),
    )
    .only("decided")
    .until(&catalogue::SLASHING_EXECUTABLE),
    rule(
        &catalogue::SLASHING_VOTES,
        YES,
        Warning,
        "{value} votes to slash {attester} in this round",
        runbook!("ButlerSlashingVotes"),
    )
    .only("voted"),
    rule(
        &catalogue::EJECTION_SLASHES,
        Test::Below(2.5),
        Warning,
        "{value} small slashes eject {attester}",
        runbook!("ButlerEjectionNear"),
    ),
    rule(
        &catalogue::DUPLICATES,
        YES,
        Critical,
        "{value} keys are in several key files: two servers may attest with one key",
        runbook!("ButlerKeyOnSeveralServers"),
    )
    .only("several_key_files"),
    rule(
        &catalogue::DUPLICATES,
        YES,
        Warning,
        "{value} own keys are in two places ({kind})",
        runbook!("ButlerDuplicateKeys"),
    ),
    rule(
        &catalogue::PROVIDER_ADMIN_CHANGE,
        YES,
        Critical,
        "the admin's role of provider {provider} was offered to somebody",
        runbook!("ButlerProviderAdminChangePending"),
    ),
    rule(
        &catalogue::PROVIDER_QUEUE_LENGTH,
        NO,
        Critical,
        "the queue of provider {provider} is empty: it takes no delegations",
        runbook!("ButlerProviderQueueEmpty"),
    ),
    rule(
        &catalogue::PROVIDER_QUEUE_LENGTH,
        Test::Below(5.0),
        Warning,
        "the queue of provider {provider} has only {value} keys left",
        runbook!("ButlerProviderQueueShort"),
    ),
    rule(
        &catalogue::NODE_UP,
        NO,
        Critical,
        "node {node} does not answer, or follows another network",
        runbook!("ButlerNodeDown"),
    ),
    rule(&catalogue::NODE_READY, NO, Warning, "node {node} answers and is not ready", runbook!("ButlerNodeNotReady")),
    rule(
        &catalogue::NODE_L1_REACHABLE,
        NO,
        Critical,
        "node {node} has lost its L1, whatever it says of itself",
        runbook!("ButlerNodeL1Unreachable"),
    ),
    rule(
        &catalogue::NODE_ROLLUP_AGREES,
        NO,
        Critical,
        "node {node} does not follow the canonical rollup",
        runbook!("ButlerNodeOnOtherRollup"),
    ),
    rule(&catalogue::NODE_PEERS, NO, Critical, "node {node} has no peers", runbook!("ButlerNodePeersNone"))
        .only("connected"),
    rule(
        &catalogue::NODE_PEERS,
        Test::Below(5.0),
        Warning,
        "node {node} has only {value} peers",
        runbook!("ButlerNodePeersFew"),
    )
    .only("connected"),
    rule(
        &catalogue::NODE_LAG,
        Test::Above(5.0),
        Warning,
        "node {node} is {value} checkpoints behind L1",
        runbook!("ButlerNodeLagging"),
    )
    .only("pending"),
    rule(
        &catalogue::NODE_WORLD_SYNCED,
        NO,
        Warning,
        "the world state of node {node} is not in step",
        runbook!("ButlerNodeWorldStateSplit"),
    ),
    rule(
        &catalogue::NODE_ADMIN_UP,
        NO,
        Warning,
        "the admin port of node {node} does not answer, or refuses the key",
        runbook!("ButlerNodeAdminDown"),
    ),
    rule(
        &catalogue::SENTINEL_LAG,
        Test::Above(31.0),
        Warning,
        "the sentinel of node {node} is {value} slots behind: it is not believed",
        runbook!("ButlerSentinelStale"),
    ),
    rule(
        &catalogue::ATTESTER_OFFENCES,
        YES,
        Critical,
        "own nodes would vote to slash {attester}: {value} times {kind}",
        runbook!("ButlerOffenceRecorded"),
    )
    .only("current"),
    rule(
        &catalogue::ATTESTER_ATTESTATION_STREAK,
        Test::Above(15.0),
        Critical,
        "{attester} missed its last {value} attestations: it is about to be slashed",
        runbook!("ButlerAttesterInactive"),
    ),
    rule(
        &catalogue::ATTESTER_ATTESTATION_STREAK,
        Test::Above(2.0),
        Warning,
        "{attester} missed its last {value} attestations",
        runbook!("ButlerAttesterMissingAttestations"),
    ),
    rule(
        &catalogue::ATTESTER_PROPOSAL_STREAK,
        Test::Above(1.0),
        Warning,
        "{attester} missed its last {value} proposals",
        runbook!("ButlerAttesterMissedProposals"),
    ),
    rule(
        &catalogue::HOST_CHECK_SUCCESS,
        NO,
        Warning,
        "the name of host {host} leads elsewhere",
        runbook!("ButlerHostDnsWrong"),
    )
    .only("dns"),
    rule(
        &catalogue::HOST_CHECK_SUCCESS,
        NO,
        Critical,
        "the check {check} of host {host} fails",
        runbook!("ButlerHostUnreachable"),
    ),
    rule(
        &catalogue::HOST_CERTIFICATE_EXPIRY,
        Test::Within(86_400),
        Critical,
        "the certificate of host {host} ends",
        runbook!("ButlerHostCertificateExpired"),
    )
    .until(&catalogue::HOST_CERTIFICATE_EXPIRY),
    rule(
        &catalogue::HOST_CERTIFICATE_EXPIRY,
        Test::Within(1_209_600),
        Warning,
        "the certificate of host {host} ends",
        runbook!("ButlerHostCertificateExpires"),
    )
    .until(&catalogue::HOST_CERTIFICATE_EXPIRY),
    rule(
        &catalogue::PUBLISHER_BALANCE,
        Test::Lacks(&catalogue::PUBLISHER_REQUIRED, 0.25),
        Critical,
        "publisher {publisher} is nearly dry: it has {value} ether",
        runbook!("ButlerPublisherDry"),
    ),
    rule(
        &catalogue::PUBLISHER_BALANCE,
        Test::Lacks(&catalogue::PUBLISHER_REQUIRED, 1.0),
        Warning,
        "publisher {publisher} has less than it should: {value} ether",
        runbook!("ButlerPublisherLow"),
    ),
    rule(
        &catalogue::ATTESTERS_AT_POSITION,
        YES,
        Warning,
        "{value} own attesters were slashed out or ejected",
        runbook!("ButlerAttesterSlashedOut"),
    )
    .only("zombie"),
    rule(
        &catalogue::PROVIDER_RUNWAY,
        Test::Below(172_800.0),
        Critical,
        "the keys of provider {provider} last for less than two days",
        runbook!("ButlerProviderQueueRunsDry"),
    ),
    rule(
        &catalogue::PUBLISHER_RUNWAY,
        Test::Below(86_400.0),
        Critical,
        "the ether of publisher {publisher} lasts for less than a day",
        runbook!("ButlerPublisherRunsDry1d"),
    ),
    rule(
        &catalogue::PUBLISHER_RUNWAY,
        Test::Below(259_200.0),
        Warning,
        "the ether of publisher {publisher} lasts for less than three days",
        runbook!("ButlerPublisherRunsDry"),
    ),
    rule(
        &catalogue::GOVERNANCE_UNTIL,
        Test::Within(259_200),
        Warning,
        "an accepted proposal can be executed soon",
        runbook!("ButlerGovernanceExecutionNear"),
    )
    .only("queued")
    .until(&catalogue::GOVERNANCE_UNTIL),
    rule(
        &catalogue::KEY_FILE_FAULTS,
        YES,
        Warning,
        "{value} faults in key files: their attesters are judged as if no file had them",
        runbook!("ButlerKeyFileFaults"),
    ),
    rule(
        &catalogue::ENDPOINT_HEALTHY,
        NO,
        Warning,
        "L1 endpoint {endpoint} is bad",
        runbook!("ButlerEndpointUnhealthy"),
    ),
    rule(
        &catalogue::SCRAPE_SUCCESS,
        NO,
        Warning,
        "the last scrape of {scraper} failed",
        runbook!("ButlerScrapeFailing"),
    ),
    rule(
        &catalogue::SCRAPE_LAST_SUCCESS,
        Test::OlderThan(600),
        Critical,
        "no scrape of {scraper} has succeeded for ten minutes",
        runbook!("ButlerSnapshotStale"),
    ),
    rule(
        &catalogue::SNAPSHOT_BLOCK_TIMESTAMP,
        Test::OlderThan(300),
        Warning,
        "the newest block that the L1 endpoints have is old",
        runbook!("ButlerSnapshotBlockOld"),
    ),
    rule(
        &catalogue::CERTIFICATE_CURRENT,
        NO,
        Warning,
        "the new certificate cannot be used; the old one is served",
        runbook!("ButlerCertificateNotReplaced"),
    ),
    rule(
        &catalogue::ENTRY_QUEUE_NEXT,
        Test::Within(86_400),
        Info,
        "the next own deposit can be let in",
        runbook!("ButlerEntryQueueArrivalSoon"),
    )
    .until(&catalogue::ENTRY_QUEUE_NEXT),
];
