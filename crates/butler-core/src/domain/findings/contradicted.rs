//! Sentinels that say of own attesters what L1 contradicts: a finding about the node that is asked, not about the attester.

use std::collections::{BTreeMap, BTreeSet};

use ethers_core::types::Address;

use super::{Finding, FindingKind, Severity, Subject, Thresholds};
use crate::domain::duties::{Done, DutiesSeen, DutyKind, Fate};
use crate::domain::slashing::ToldInSlot;
use crate::domain::slashing::sentinel::HeldReport;

/// What the sentinels of nodes, by name, say of slots of that rollup that L1 contradicts. Where a log is missing nothing is held
/// against anybody.
///
/// A single attestation that L1 has and a sentinel did not see may be one whose signature is wrong, which the rollup does not check
/// until somebody objects. So these count from `attestation_streak` on.
#[must_use]
pub fn of_contradicted(
    seen: &DutiesSeen,
    reports: &BTreeMap<String, HeldReport>,
    thresholds: &Thresholds,
) -> Vec<Finding> {
    if seen.gap.is_some() {
        return Vec::new();
    }
    let facts = Facts::of(seen);
    let of_rollup = reports.iter().filter(|(_, held)| held.rollup.address == seen.rollup && held.report.is_enabled());
    of_rollup.filter_map(|(node, held)| facts.held_against(node, held, thresholds)).collect()
}

type Place = (u64, Address);

/// What L1 has of each slot and own attester.
struct Facts {
    /// Proposals that stand.
    standing: BTreeSet<Place>,
    /// Turns without a checkpoint.
    empty: BTreeSet<Place>,
    /// Attestations that came with their checkpoints.
    attested: BTreeSet<Place>,
}

impl Facts {
    fn of(seen: &DutiesSeen) -> Self {
        let of_duties = |kind: DutyKind, is: fn(Done) -> bool| {
            let duties = seen.duties.iter().filter(move |duty| duty.kind == kind && is(duty.done));
            duties.map(|duty| (duty.slot, duty.attester)).collect()
        };
        let standing = seen.proposals.iter().filter(|one| one.fate == Fate::Stands);
        Self {
            standing: standing.map(|one| (one.slot, one.proposer)).collect(),
            empty: of_duties(DutyKind::Propose, |done| done.is_missed() || done == Done::Excused),
            attested: of_duties(DutyKind::Attest, |done| done == Done::Done),
        }
    }

    fn held_against(&self, node: &str, held: &HeldReport, thresholds: &Thresholds) -> Option<Finding> {
        let mut contradicted = BTreeMap::<ToldInSlot, Vec<Place>>::new();
        for (attester, told) in &held.report.told {
            for (slot, word) in told {
                let place = (*slot, *attester);
                let is_contradicted = match word {
                    ToldInSlot::Mined => self.empty.contains(&place),
                    ToldInSlot::ProposalMissed => self.standing.contains(&place),
                    ToldInSlot::AttestationMissed => self.attested.contains(&place),
                };
                if is_contradicted {
                    contradicted.entry(*word).or_default().push(place);
                }
            }
        }
        let few =
            |places: &Vec<Place>| u64::try_from(places.len()).is_ok_and(|count| count < thresholds.attestation_streak);
        contradicted.retain(|word, places| *word != ToldInSlot::AttestationMissed || !few(places));
        if contradicted.is_empty() {
            return None;
        }
        let words: Vec<String> = contradicted.iter().map(|(word, places)| words(*word, places)).collect();
        let what = format!("its sentinel says what L1 contradicts: {}", words.join("; "));
        Some(Finding::new(FindingKind::SentinelContradicted, Severity::Warning, Subject::Node(node.to_owned()), what))
    }
}

fn words(word: ToldInSlot, places: &[Place]) -> String {
    let count = places.len();
    let last = places.iter().map(|(slot, _)| *slot).max().unwrap_or_default();
    let what = match word {
        ToldInSlot::Mined => "proposals mined that L1 does not have",
        ToldInSlot::ProposalMissed => "proposals missed that stand on L1",
        ToldInSlot::AttestationMissed => "attestations missed that L1 has",
    };
    format!("{count} {what}, the last in slot {last}")
}

#[cfg(test)]
mod tests {
    use super::super::duties::tests::{duty, proposal, seen};
    use super::super::reach::held_report;
    use super::*;
    use crate::domain::duties::{Duty, Gap, SeenProposal};
    use crate::domain::samples::address;
    use ToldInSlot::{AttestationMissed, Mined, ProposalMissed};

    /// What is said of a node that tells this, where attester 1 proposed in slots 110 and 115, the latter pruned, did not in 120 and
    /// was not read in 130, and attested 140 to 142 but not 150.
    fn told(words: &[(u64, ToldInSlot)]) -> Vec<String> {
        let pruned = SeenProposal { fate: Fate::Pruned(800), ..proposal(115, 101) };
        let propose = [(110, Done::Done), (115, Done::Done), (120, Done::MissedAlone), (130, Done::Unread)];
        let attest = [140, 141, 142].map(|slot| (slot, Done::Done)).into_iter().chain([(150, Done::MissedAlone)]);
        let duties: Vec<Duty> = propose
            .into_iter()
            .map(|(slot, done)| duty(DutyKind::Propose, slot, done))
            .chain(attest.map(|(slot, done)| duty(DutyKind::Attest, slot, done)))
            .collect();
        let facts = seen(vec![proposal(110, 101), pruned], duties);
        let mut held = held_report(40, 0);
        held.report.told = BTreeMap::from([(address(1), words.to_vec())]);
        let reports = BTreeMap::from([("alpha".to_owned(), held.clone())]);
        let limits = Thresholds::default();
        let with_gap = DutiesSeen { gap: Some(Gap { last: 1, found: 3, block: 1 }), ..facts.clone() };
        assert_eq!(of_contradicted(&with_gap, &reports, &limits), []);
        held.rollup.address = address(9_100);
        assert_eq!(of_contradicted(&facts, &BTreeMap::from([("beta".to_owned(), held)]), &limits), []);
        let found = of_contradicted(&facts, &reports, &limits);
        assert!(found.iter().all(|one| one.subject == Subject::Node("alpha".to_owned())));
        found.iter().map(|finding| finding.message(0)).collect()
    }

    #[test]
    fn a_sentinel_is_contradicted_only_by_what_l1_really_has() {
        for (words, expected) in [
            (&[(110, Mined), (120, ProposalMissed), (150, AttestationMissed)][..], None),
            (&[(110, ProposalMissed)], Some("1 proposals missed that stand on L1, the last in slot 110")),
            // What was pruned a node may have forgotten, and of what was not read nobody knows.
            (&[(115, ProposalMissed), (130, Mined), (130, ProposalMissed)], None),
            (&[(120, Mined)], Some("1 proposals mined that L1 does not have, the last in slot 120")),
            (&[(140, AttestationMissed), (141, AttestationMissed)], None),
            (
                &[(140, AttestationMissed), (141, AttestationMissed), (142, AttestationMissed)],
                Some("3 attestations missed that L1 has, the last in slot 142"),
            ),
            (&[(999, Mined), (999, ProposalMissed)], None),
        ] {
            let told = told(words);
            let expected: Vec<String> =
                expected.iter().map(|words| format!("its sentinel says what L1 contradicts: {words}")).collect();
            assert_eq!(told, expected, "{words:?}");
        }
    }
}
