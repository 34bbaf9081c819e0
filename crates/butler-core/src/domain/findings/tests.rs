use std::collections::BTreeSet;

use super::*;

#[test]
fn no_two_kinds_share_a_code_and_no_code_is_changed() {
    let codes: BTreeSet<_> = FindingKind::all().map(FindingKind::code).collect();
    assert_eq!(codes.len(), FindingKind::all().count());
    // Those of 0.1.0.
    for code in
        ["coinbase_missing", "coinbase_wrong", "coinbase_unverifiable", "deposit_failed", "unserved", "key_file"]
    {
        assert!(codes.contains(code), "{code}");
    }
}

#[test]
fn every_kind_says_what_it_means_and_what_to_do() {
    for kind in FindingKind::all() {
        assert!(kind.meaning().ends_with('.') && kind.meaning().len() > 15, "{kind}");
        assert!(!remedy(kind).is_empty() && !remedy(kind).ends_with('.'), "{kind}");
        assert!(!severity_rule(kind).is_empty() && !kind.severities().is_empty(), "{kind}");
        assert!(kind.runbook().starts_with("Butler") && kind.family().starts_with("butler_"), "{kind}");
        assert!(kind.severities().is_sorted(), "{kind}: the worst severity stands first");
    }
}

#[test]
fn a_warning_becomes_critical_as_time_passes() {
    let finding = Finding::new(FindingKind::CoinbaseMissing, Severity::Warning, Subject::Network, "it is missing")
        .until(10_000)
        .critical_within(3_600);
    for (now, expected) in [(6_399, Severity::Warning), (6_400, Severity::Critical), (20_000, Severity::Critical)] {
        assert_eq!(finding.severity_at(now), expected, "{now}");
    }
    let without_end = Finding::new(FindingKind::CoinbaseMissing, Severity::Warning, Subject::Network, "it is missing");
    assert_eq!(without_end.critical_within(3_600).severity_at(u64::MAX), Severity::Warning);
}

#[test]
fn counts_have_every_kind_of_their_source_and_every_severity_that_it_can_have() {
    let finding = Finding::new(FindingKind::Unserved, Severity::Critical, Subject::Network, "x").until(7);
    let counts = counts(Source::Chain, std::slice::from_ref(&finding), 0);
    assert_eq!(counts[&(FindingKind::Unserved, Severity::Critical)], 1);
    assert_eq!(counts[&(FindingKind::Unserved, Severity::Warning)], 0);
    assert!(!counts.keys().any(|(kind, _)| kind.source() != Source::Chain));
    assert_eq!(deadlines(Source::Chain, &[finding]), BTreeMap::from([(FindingKind::Unserved, 7)]));
}
