//! The runbooks that the page links to, as the program carries them with it.

macro_rules! runbooks {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../../../docs/runbooks/", $name, ".md")))),*]
    };
}

/// Name and text of every page of `docs/runbooks`.
static RUNBOOKS: &[(&str, &str)] = runbooks![
    "ButlerActiveAttestersDropped",
    "ButlerAttesterInactive",
    "ButlerAttesterMissedProposals",
    "ButlerAttesterMissingAttestations",
    "ButlerAttesterSlashed",
    "ButlerAttesterSlashedOut",
    "ButlerAttesterUnserved",
    "ButlerCertificateNotReplaced",
    "ButlerClockBehind",
    "ButlerCoinbaseMissing",
    "ButlerCoinbaseMissing1h",
    "ButlerCoinbaseMissing24h",
    "ButlerCoinbaseMissing6h",
    "ButlerCoinbaseOverdue",
    "ButlerCoinbaseUnverifiable",
    "ButlerCoinbaseWrong",
    "ButlerConfigNotReloaded",
    "ButlerDepositFailed",
    "ButlerDuplicateKeys",
    "ButlerEjectionNear",
    "ButlerEndpointUnhealthy",
    "ButlerEntryQueueArrivalSoon",
    "ButlerExporterDown",
    "ButlerFilesNotKept",
    "ButlerFindingCritical",
    "ButlerFindingWarning",
    "ButlerFormerRecipient",
    "ButlerGovernanceExecutionNear",
    "ButlerGovernancePayloadSignalled",
    "ButlerGovernancePayloadSubmittable",
    "ButlerGovernanceVoting",
    "ButlerHostCertificateExpired",
    "ButlerHostCertificateExpires",
    "ButlerHostDnsWrong",
    "ButlerHostUnreachable",
    "ButlerKeyFileFaults",
    "ButlerKeyFileUnreadable",
    "ButlerKeyFilesGone",
    "ButlerKeyOnSeveralServers",
    "ButlerNodeAdminDown",
    "ButlerNodeBehind",
    "ButlerNodeDown",
    "ButlerNodeL1Unreachable",
    "ButlerNodeLagging",
    "ButlerNodeNotReady",
    "ButlerNodeOnOtherRollup",
    "ButlerNodePeersFew",
    "ButlerNodePeersNone",
    "ButlerNodeStuck",
    "ButlerNodeVersionsDiffer",
    "ButlerNodeWorldStateSplit",
    "ButlerNotWatched",
    "ButlerOffenceRecorded",
    "ButlerProviderAdminChangePending",
    "ButlerProviderQueueEmpty",
    "ButlerProviderQueueRunsDry",
    "ButlerProviderQueueShort",
    "ButlerPublisherDry",
    "ButlerPublisherLow",
    "ButlerPublisherRunsDry",
    "ButlerPublisherRunsDry1d",
    "ButlerQueueBlocked",
    "ButlerScrapeFailing",
    "ButlerScraperRestarting",
    "ButlerSentinelOff",
    "ButlerSentinelStale",
    "ButlerSlashingDecided",
    "ButlerSlashingDecided24h",
    "ButlerSlashingEjects",
    "ButlerSlashingExecutable",
    "ButlerSlashingPaused",
    "ButlerSlashingUnreadable",
    "ButlerSlashingVotes",
    "ButlerSnapshotBlockOld",
    "ButlerSnapshotStale",
    "ButlerSnapshotUnconfirmed",
    "ButlerStakeRefunded",
    "ButlerStateContradiction",
    "ButlerStrangerDeposit",
    "ButlerTextfileStale",
];

/// The text of a runbook, by its name.
pub(crate) fn runbook(name: &str) -> Option<&'static str> {
    RUNBOOKS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use butler_core::domain::findings::FindingKind;

    use super::*;

    #[test]
    fn every_page_of_the_folder_is_carried_and_every_kind_has_one() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbooks");
        let pages = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let pages: BTreeSet<String> = pages.filter_map(|page| Some(page.strip_suffix(".md")?.to_owned())).collect();
        let carried: BTreeSet<String> = RUNBOOKS.iter().map(|(name, _)| (*name).to_owned()).collect();
        assert_eq!(pages.difference(&carried).collect::<Vec<_>>(), ["README"]);
        for kind in FindingKind::all() {
            let text = runbook(kind.runbook()).unwrap_or_default();
            assert!(text.starts_with(&format!("# {}", kind.runbook())), "{kind}");
        }
        assert_eq!(runbook("README"), None);
    }
}
