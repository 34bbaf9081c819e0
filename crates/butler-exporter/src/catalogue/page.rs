//! The page `docs/metrics.md`.

use std::fmt::Write as _;

/// The page `docs/metrics.md`.
#[must_use]
pub fn render_page() -> String {
    let mut page = String::from(
        "# Metrics

What `butler-exporter` serves at `/metrics`. This page is written from `crates/butler-exporter/src/catalogue`; a test keeps
both the same.

* Names are those that Prometheus stores. Units are base units; a ratio is 0 to 1; a truth is 0 or 1.
* A scrape of the chain reads everything at one block or nothing: its readings change together, and a failed scrape changes
  none. Nodes are asked one by one; one that does not answer has `butler_node_up` 0, which is no failed scrape, and its failure
  is counted under `scraper=\"nodes\"`.
* Slashing and governance are read at blocks of their own, each all at one block or nothing, about the attesters of the last
  snapshot; without a recent one they fail with kind `no_snapshot`. The stages of slashing, least urgent first: `spared` (votes
  in a round that ended below the quorum), `vetoed`, `voted` (the current round, below the quorum), `decided` (it can still be
  vetoed), `executable` (anybody may execute it). An attester counts in the most urgent one.
* A series vanishes with what it describes.
* A reading that is older than three scrape intervals, and at least five minutes (or `exporter.staleness`), counted from the
  beginning of its scrape, is no longer served. `butler_scrape_success`,
  `butler_scrape_last_success_timestamp_seconds` and all counters stay: alert on them.
* Counters begin at 0 when the program starts. The previous states behind `butler_transitions_total` are kept in a file, so
  that a change during a restart is counted.
* The first families are about the process as a whole; all others have the label `network`.
* A sentinel tells what its node saw. The series of an attester are those of one node: of the sentinels that are less than 32
  slots behind, the one that saw the most of the attester's duties, then the one that saw the fewest missed.
* An offence that several nodes noted counts once.
* The labels `attester`, `publisher` and `coinbase` are addresses with their checksum. `attester` occurs only where somebody has
  to act.

| metric | type | labels | unit | meaning |
| --- | --- | --- | --- | --- |
",
    );
    for family in super::all() {
        let labels: Vec<String> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        // Writing to a string can not fail.
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            family.name,
            family.kind.name(),
            labels.join(", "),
            family.unit,
            family.help
        );
    }
    page.push_str(&render_values());
    page
}

fn render_values() -> String {
    use butler_core::client::aztec_node::{OffenceRange, PeerCounts};
    use butler_core::domain::coinbase::Unverified;
    use butler_core::domain::duplicates::DuplicateKind;
    use butler_core::domain::findings::{FindingKind, Severity};
    use butler_core::domain::governance::ProposalState;
    use butler_core::domain::host::HostCheck;
    use butler_core::domain::offence::OffenceKind;
    use butler_core::domain::position::Position;
    use butler_core::domain::slashing::{Blindness, Stage};
    use butler_core::domain::state::State;

    let list = |names: &mut dyn Iterator<Item = &'static str>| {
        names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let mut text = String::from("\n## Values of labels\n\n| label | values |\n| --- | --- |\n");
    let mut row = |label: &str, values: String| {
        let _ = writeln!(text, "| {label} | {values} |");
    };
    row("`scraper`", list(&mut super::values::ScraperKind::ALL.into_iter().map(super::values::ScraperKind::name)));
    row(
        "`kind` of `butler_rpc_errors_total`",
        list(
            &mut butler_core::client::error::ErrorKind::ALL
                .into_iter()
                .map(butler_core::client::error::ErrorKind::name),
        ),
    );
    row(
        "`kind` of `butler_scrape_errors_total`",
        list(&mut super::values::FailureKind::all().map(super::values::FailureKind::name)),
    );
    row("`result`", "`success`, `failure`".to_owned());
    row("`tip`", list(&mut ["pending", "proven"].into_iter()));
    row("`status`", list(&mut PeerCounts::default().by_status().map(|(name, _)| name).into_iter()));
    row("`state`", list(&mut State::ALL.into_iter().map(State::name)));
    row("`position`", list(&mut Position::ALL.into_iter().map(Position::name)));
    row("`judgement`", list(&mut super::values::JUDGEMENTS.into_iter()));
    let offences = list(&mut OffenceKind::ALL.into_iter().map(OffenceKind::name));
    for family in [&super::OFFENCES, &super::ATTESTER_OFFENCES, &super::ATTESTER_OFFENCE_AMOUNT] {
        row(&format!("`kind` of `{}`", family.name), offences.clone());
    }
    row("`check`", list(&mut HostCheck::ALL.into_iter().map(HostCheck::name)));
    row("`round`", list(&mut OffenceRange::BOTH.into_iter().map(OffenceRange::name)));
    let kinds = FindingKind::all().map(FindingKind::code);
    for family in [&super::FINDINGS, &super::FINDING_UNTIL] {
        row(&format!("`kind` of `{}`", family.name), list(&mut kinds.clone()));
    }
    row("`severity`", list(&mut Severity::ALL.into_iter().map(Severity::name)));
    row("`kind` of `butler_duplicates`", list(&mut DuplicateKind::ALL.into_iter().map(DuplicateKind::name)));
    row("`stage`", list(&mut Stage::ALL.into_iter().map(Stage::name)));
    let reasons = list(&mut Unverified::ALL.into_iter().filter(|why| why.is_suspect()).map(Unverified::name));
    row(&format!("`reason` of `{}`", super::COINBASE_UNVERIFIABLE.name), reasons);
    let reasons = list(&mut Blindness::ALL.into_iter().map(Blindness::name));
    row(&format!("`reason` of `{}`", super::SLASHING_UNREADABLE.name), reasons);
    let states = || list(&mut ProposalState::ALL.into_iter().map(ProposalState::name));
    for family in [&super::GOVERNANCE_PROPOSALS, &super::GOVERNANCE_UNTIL] {
        row(&format!("`state` of `{}`", family.name), states());
    }
    text
}
