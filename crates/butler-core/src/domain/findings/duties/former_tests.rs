//! What is told of former rollups, beside the canonical one.

use std::collections::BTreeMap;

use ethers_core::types::H256;

use super::tests::{duty, proposal, seen};
use super::*;
use crate::domain::duties::{Done, Duty, DutyKind, Gap, SeenProposal};
use crate::domain::findings::{FindingKind as Kind, Severity, Subject};
use crate::domain::rollups::RollupId;
use crate::domain::samples::{address, coinbase};

const RIGHT: u64 = 101;
const WRONG: u64 = 66;

fn id() -> RollupId {
    RollupId { address: address(8_000), version: 7.into() }
}

/// A proposal of attester 1 at the former rollup, whose slots have higher numbers than those of the canonical one.
fn before(slot: u64, block: u64, paid: u64) -> SeenProposal {
    SeenProposal { block, ..proposal(slot, paid).at(id().address) }
}

fn former(proposals: Vec<SeenProposal>, duties: Vec<Duty>) -> FormerDuties {
    let all = DutiesSeen { rollup: id().address, slots: (9_000, 9_900), ..seen(proposals.clone(), duties) };
    FormerDuties {
        id: id(),
        proposals,
        seen: Some(all),
        validating: BTreeSet::new(),
        may_draw_besides: BTreeSet::new(),
        failed: None,
    }
}

fn found(canonical: &DutiesSeen, former: FormerDuties) -> Vec<Finding> {
    let expected = Expected::from([(address(1), (coinbase(RIGHT), 0))]);
    of_rollups((canonical, &[former]), &expected, &BTreeSet::from([address(1)]), &Thresholds::default())
}

#[test]
fn once_it_moved_along_the_last_proposal_at_any_rollup_counts_and_the_words_say_which_rollup() {
    use Severity::{Critical, Info, Warning};
    let wrong = Kind::CoinbaseUsedWrong;
    for (at_former, at_canonical, expected) in [
        (vec![], vec![], vec![(Kind::CoinbaseUnproven, Info)]),
        (vec![before(9_100, 500, RIGHT)], vec![], vec![]),
        (vec![before(9_100, 500, WRONG)], vec![], vec![(wrong, Critical)]),
        // It moved along: its last proposal counts, whatever the numbers of slots are.
        (vec![before(9_100, 500, WRONG)], vec![proposal(150, RIGHT)], vec![(wrong, Warning)]),
        (vec![before(9_100, 500, RIGHT)], vec![proposal(150, WRONG)], vec![(wrong, Critical)]),
        (vec![before(8_900, 500, WRONG)], vec![proposal(150, RIGHT)], vec![]),
    ] {
        let told = found(&seen(at_canonical.clone(), Vec::new()), former(at_former.clone(), Vec::new()));
        let kinds: Vec<_> = told.iter().map(|finding| (finding.kind, finding.severity)).collect();
        assert_eq!(kinds, expected, "{at_former:?} {at_canonical:?}");
    }
    let words = |at_former: Vec<SeenProposal>, at_canonical: Vec<SeenProposal>| {
        found(&seen(at_canonical, Vec::new()), former(at_former, Vec::new())).remove(0).message(0)
    };
    let text = words(vec![before(9_100, 500, WRONG), before(9_200, 510, WRONG)], Vec::new());
    for part in [
        "since slot 9100 of the former rollup (version 7)",
        "the last in slot 9200 of the former rollup (version 7) by transaction",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = words(vec![before(9_100, 500, WRONG)], vec![proposal(150, WRONG)]);
    assert!(text.contains("since slot 9100 of the former rollup (version 7), the last in slot 150 by"), "{text}");
    let text = words(vec![before(9_100, 500, WRONG), before(9_101, 501, WRONG)], vec![proposal(150, RIGHT)]);
    let part = "in slots 9100 to 9101 of the former rollup (version 7), and pays the right one since slot 150:";
    assert!(text.contains(part), "{text}");
}

#[test]
fn a_node_at_each_rollup_is_judged_by_its_own_last_proposal_while_its_attester_has_duties_there() {
    use Severity::{Critical, Warning};
    let right_then = |at| vec![proposal(150, RIGHT), before(9_100, at, WRONG)];
    for (mut all, expected) in [
        // The node of the canonical rollup is right, whichever of the two proposed last.
        (right_then(500), Critical),
        (right_then(5_000), Critical),
        (vec![proposal(150, WRONG), before(9_100, 500, RIGHT)], Critical),
        (vec![proposal(150, WRONG), before(9_100, 5_000, RIGHT)], Critical),
        (vec![proposal(150, RIGHT), before(9_100, 500, WRONG), before(9_101, 5_000, RIGHT)], Warning),
    ] {
        for (stays, draws, expected) in
            [(true, false, expected), (false, true, expected), (false, false, if_left(&all))]
        {
            all.sort_by_key(SeenProposal::place);
            let (at_former, at_canonical) = all.iter().copied().partition(|one| one.rollup.is_some());
            let validating = if stays { BTreeSet::from([address(1)]) } else { BTreeSet::from([address(2)]) };
            let may_draw_besides = if draws { BTreeSet::from([address(1)]) } else { BTreeSet::from([address(3)]) };
            let one = FormerDuties { validating, may_draw_besides, ..former(at_former, Vec::new()) };
            let told = found(&seen(at_canonical, Vec::new()), one);
            let severities: Vec<_> = told.iter().map(|finding| finding.severity).collect();
            assert_eq!(severities, [expected], "{all:?} {stays} {draws}");
        }
    }
    let both = vec![before(9_100, 500, WRONG), before(9_101, 5_000, WRONG)];
    let one = FormerDuties { may_draw_besides: BTreeSet::from([address(1)]), ..former(both, Vec::new()) };
    let text = found(&seen(vec![proposal(150, WRONG)], Vec::new()), one).remove(0).message(0);
    assert!(text.contains("for 3 proposals since slot 9100 of the former rollup (version 7), the last in"), "{text}");
}

/// How bad it is once it has no duties at the former rollup any more.
fn if_left(all: &[SeenProposal]) -> Severity {
    let canonical = all.iter().filter(|one| one.rollup.is_none());
    if canonical.clone().any(|one| one.coinbase == address(WRONG)) { Severity::Critical } else { Severity::Warning }
}

#[test]
fn a_book_that_is_not_followed_any_more_still_tells_what_a_node_paid_last() {
    let gone = |paid, block| FormerDuties { seen: None, ..former(vec![before(9_100, block, paid)], Vec::new()) };
    let told = |former, at_canonical| {
        let told = found(&seen(at_canonical, Vec::new()), former).into_iter();
        told.map(|finding| finding.severity).collect::<Vec<_>>()
    };
    assert_eq!(told(gone(WRONG, 500), vec![]), [Severity::Critical]);
    assert_eq!(told(gone(WRONG, 700), vec![proposal(150, RIGHT)]), [Severity::Warning]);
    assert_eq!(told(gone(WRONG, 500), vec![proposal(150, RIGHT)]), []);
}

#[test]
fn a_gap_what_is_unread_and_silence_are_told_of_each_rollup_apart() {
    let gap = Some(Gap { last: 4, found: 6, block: 700 });
    let canonical = DutiesSeen { gap, ..seen(vec![proposal(120, RIGHT)], Vec::new()) };
    let mut one = former(Vec::new(), vec![duty(DutyKind::Propose, 9_120, Done::Unread)]);
    let told = |canonical: &DutiesSeen, one: FormerDuties| {
        let told = found(canonical, one).into_iter().filter(|finding| finding.kind == Kind::DutiesUnread);
        told.map(|finding| (finding.mark().to_owned(), finding.message(0))).collect::<BTreeMap<_, _>>()
    };
    let marks = |told: &BTreeMap<String, String>| told.keys().cloned().collect::<Vec<_>>();
    let words = told(&canonical, one.clone());
    assert_eq!(marks(&words), ["gap", "proposals at 7"]);
    assert!(words["proposals at 7"].contains("in one turn at the former rollup (version 7) could not"), "{words:?}");
    one.seen = one.seen.map(|seen| DutiesSeen { gap, unread: BTreeMap::from([(H256::zero(), String::new())]), ..seen });
    let words = told(&canonical, one.clone());
    assert_eq!(marks(&words), ["gap", "gap at 7"]);
    assert!(words["gap at 7"].contains("a log of the former rollup (version 7): checkpoint 6 follows 4"), "{words:?}");
    // It does not answer: that is told, and nothing of the canonical one is hidden.
    let silent = FormerDuties { seen: None, failed: Some("timeout".to_owned()), ..one };
    let words = told(&canonical, silent);
    assert_eq!(marks(&words), ["all at 7", "gap"]);
    assert!(words["all at 7"].contains("at the former rollup (version 7) could not be read from L1 (timeout)"));
}

#[test]
fn what_is_missed_at_a_former_rollup_is_told_of_those_that_validate_there_and_is_no_rate_of_the_network() {
    let missed = |attester: u64, kind| {
        (9_100..9_103).map(move |slot| Duty { attester: address(attester), ..duty(kind, slot, Done::MissedAlone) })
    };
    let many = (9_110..9_200).map(|slot| duty(DutyKind::Attest, slot, Done::MissedWithMany));
    let duties = missed(1, DutyKind::Propose).chain(missed(2, DutyKind::Propose)).chain(many).collect();
    let told = found(
        &seen(vec![proposal(120, RIGHT)], Vec::new()),
        FormerDuties { validating: BTreeSet::from([address(1)]), ..former(Vec::new(), duties) },
    );
    let [only] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((only.kind, &only.subject), (Kind::DutiesMissedProposals, &Subject::Attester(address(1))));
    assert!(only.message(0).contains("(slots 9100 to 9102 of the former rollup (version 7))"), "{}", only.message(0));
}
