//! Every finding with its severity by table, and what none of them may say by property.

use std::collections::BTreeMap;

use ethers_core::types::H256;
use proptest::prelude::*;

use super::rates::{Share, is_clearly_worse};
use super::*;
use crate::domain::duties::{Done, Duty, DutyKind, Fate, Gap, NetworkRates, SeenProposal};
use crate::domain::findings::{FindingKind as Kind, Severity, Subject};
use crate::domain::rollup::RollupClock;
use crate::domain::samples::{address, coinbase};

const CLOCK: RollupClock = RollupClock { genesis_time: 0, slot_seconds: 72, epoch_slots: 32 };
const RIGHT: u64 = 101;
const WRONG: u64 = 66;
const OTHER: u64 = 67;

/// What was seen in slots 100 to 200.
pub(in crate::domain::findings) fn seen(proposals: Vec<SeenProposal>, duties: Vec<Duty>) -> DutiesSeen {
    DutiesSeen {
        rollup: address(9_000),
        clock: CLOCK,
        blocks: (600, 1_206),
        slots: (100, 200),
        proposals,
        duties,
        network: NetworkRates::default(),
        hatches: BTreeSet::new(),
        gap: None,
        unread: BTreeMap::new(),
    }
}

/// A proposal of attester 1.
pub(in crate::domain::findings) fn proposal(slot: u64, paid: u64) -> SeenProposal {
    let (transaction, fate) = (H256::from_low_u64_be(slot), Fate::Stands);
    SeenProposal {
        number: slot,
        slot,
        proposer: address(1),
        coinbase: address(paid),
        transaction,
        block: slot * 6,
        fate,
        rollup: None,
    }
}

pub(in crate::domain::findings) fn duty(kind: DutyKind, slot: u64, done: Done) -> Duty {
    Duty { slot, attester: address(1), kind, done }
}

fn must_have(since: u64) -> Expected {
    Expected::from([(address(1), (coinbase(RIGHT), since))])
}

fn found(seen: &DutiesSeen, since: u64) -> Vec<Finding> {
    of_seen(seen, &must_have(since), &BTreeSet::from([address(1)]), &Thresholds::default())
}

fn of_proposals(paid: &[(u64, u64)], since: u64) -> Vec<Finding> {
    found(&seen(paid.iter().map(|(slot, paid)| proposal(*slot, *paid)).collect(), Vec::new()), since)
}

fn kinds(found: &[Finding]) -> Vec<(Kind, Severity)> {
    found.iter().map(|finding| (finding.kind, finding.severity)).collect()
}

#[test]
fn the_last_proposal_decides_how_bad_a_wrong_coinbase_is() {
    use Severity::{Critical, Info, Warning};
    let (wrong, unproven) = (Kind::CoinbaseUsedWrong, (Kind::CoinbaseUnproven, Info));
    for (paid, since, expected) in [
        (&[][..], 0, vec![unproven]),
        (&[(120, RIGHT)], 0, vec![]),
        (&[(120, WRONG)], 0, vec![(wrong, Critical)]),
        (&[(120, 1)], 0, vec![(wrong, Critical)]),
        (&[(120, WRONG), (130, RIGHT)], 0, vec![(wrong, Warning)]),
        (&[(120, RIGHT), (130, WRONG)], 0, vec![(wrong, Critical)]),
        // It is over, and lies before the span.
        (&[(20, WRONG), (130, RIGHT)], 0, vec![]),
        // It is not over, however old it is.
        (&[(20, WRONG)], 0, vec![(wrong, Critical)]),
        // Before the coinbase counted nothing is wrong, and nothing proven.
        (&[(120, WRONG)], 721, vec![unproven]),
    ] {
        assert_eq!(kinds(&of_proposals(paid, since)), expected, "{paid:?} since {since}");
    }
    // Whoever does not validate any more proves nothing more, and what it paid stays wrong.
    let told = |paid: &[(u64, u64)]| {
        let all = seen(paid.iter().map(|(slot, paid)| proposal(*slot, *paid)).collect(), Vec::new());
        kinds(&of_seen(&all, &must_have(0), &BTreeSet::new(), &Thresholds::default()))
    };
    assert_eq!((told(&[]), told(&[(120, WRONG)])), (vec![], vec![(wrong, Critical)]));
}

#[test]
fn a_wrong_coinbase_is_told_with_what_is_at_stake() {
    let told = |paid: &[(u64, u64)]| of_proposals(paid, 0).remove(0);
    let one = told(&[(110, WRONG), (115, RIGHT), (120, OTHER), (130, WRONG), (140, WRONG)]);
    let text = one.message(0);
    for part in [
        "0x0000000000000000000000000000000000000042 (and 1 other wrong before)",
        "instead of 0x0000000000000000000000000000000000000065",
        "for 3 proposals (and 1 before a time when it paid the right one) since slot 120",
        "the last in slot 140 by transaction 0x000000000000000000000000000000000000000000000000000000000000008c",
        "the rewards of all of them and of each one to come go there, and cannot be taken back",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(one.remedy().contains("write 0x0000000000000000000000000000000000000065"), "{}", one.remedy());
    assert_eq!((&one.subject, one.mark()), (&Subject::Attester(address(1)), ""));
    assert!(told(&[(120, 1)]).message(0).contains("(its own address: its node has no coinbase set for it)"));
    let text = told(&[(110, WRONG), (120, WRONG), (130, RIGHT), (140, RIGHT)]).message(0);
    assert!(text.contains("for 2 proposals, in slots 110 to 120, and pays the right one since slot 130"), "{text}");
    let pruned = SeenProposal { fate: Fate::Pruned(800), ..proposal(120, WRONG) };
    let text = found(&seen(vec![pruned, proposal(130, WRONG)], Vec::new()), 0).remove(0).message(0);
    assert!(text.contains("all of them (but for 1 that were pruned or invalid)"), "{text}");
}

#[test]
fn what_is_missed_alone_is_about_the_attester_and_what_is_missed_with_many_about_the_network() {
    use Done::{Done as Did, Excused, MissedAlone as Alone, MissedWithMany as Many, Unread};
    use Severity::{Info, Warning};
    let network = (Kind::DutiesNetwork, Info);
    for (kind, finding, done, expected) in [
        (DutyKind::Attest, Kind::DutiesMissedAttestations, &[Alone, Alone][..], vec![]),
        (DutyKind::Attest, Kind::DutiesMissedAttestations, &[Alone, Alone, Alone], vec![Warning]),
        (DutyKind::Attest, Kind::DutiesMissedAttestations, &[Alone, Alone, Alone, Did], vec![]),
        (DutyKind::Attest, Kind::DutiesMissedAttestations, &[Alone, Excused, Alone, Did, Alone], vec![]),
        (DutyKind::Attest, Kind::DutiesMissedAttestations, &[Alone, Excused, Alone, Alone], vec![Warning]),
        (DutyKind::Propose, Kind::DutiesMissedProposals, &[Alone], vec![]),
        (DutyKind::Propose, Kind::DutiesMissedProposals, &[Did, Alone, Alone], vec![Warning]),
    ] {
        let duties = (100..).zip(done).map(|(slot, done)| duty(kind, slot, *done)).collect();
        let told = found(&seen(vec![proposal(99, RIGHT)], duties), 0);
        let of_kind: Vec<Severity> =
            told.iter().filter(|one| one.kind == finding).map(|finding| finding.severity).collect();
        assert_eq!(of_kind, expected, "{done:?}");
    }
    let many = (100..103).map(|slot| duty(DutyKind::Attest, slot, Many)).collect();
    assert_eq!(kinds(&found(&seen(vec![proposal(99, RIGHT)], many), 0)), [network]);
    let unread = (100..103).map(|slot| duty(DutyKind::Attest, slot, Unread)).collect();
    let told = found(&seen(vec![proposal(99, RIGHT)], unread), 0);
    assert_eq!(kinds(&told), [(Kind::DutiesUnread, Warning)], "what was not read is not missed");
}

#[test]
fn what_was_not_read_is_told_once_for_each_way_and_what_others_send_is_not() {
    let proposed = |done| vec![duty(DutyKind::Propose, 120, done)];
    let told = |seen: &DutiesSeen| {
        let told = found(seen, 0).into_iter().filter(|finding| finding.kind == Kind::DutiesUnread);
        told.map(|finding| (finding.mark().to_owned(), finding.message(0))).collect::<BTreeMap<_, _>>()
    };
    let clean = seen(vec![proposal(120, RIGHT)], proposed(Done::Done));
    assert_eq!(told(&clean), BTreeMap::new());
    let gap = Some(Gap { last: 4, found: 6, block: 700 });
    let with_gap = DutiesSeen { gap, ..seen(Vec::new(), proposed(Done::Unread)) };
    let words = told(&with_gap);
    assert_eq!(words.keys().collect::<Vec<_>>(), ["gap"]);
    assert!(words["gap"].contains("checkpoint 6 follows 4"), "{words:?}");
    // A checkpoint is there, and what it carried is not.
    let why = |count: u64| (0..count).map(|hash| (H256::from_low_u64_be(hash), "nobody has it".to_owned())).collect();
    for done in [Done::Done, Done::Unread] {
        let words = told(&DutiesSeen { unread: why(1), ..seen(Vec::new(), proposed(done)) });
        assert!(words["proposals"].contains("proposed in one turn could not be read (nobody has it)"), "{words:?}");
    }
    let attested = |unread: u64, read: u64| {
        let all = (0..unread + read)
            .map(|slot| duty(DutyKind::Attest, 100 + slot, if slot < unread { Done::Unread } else { Done::Done }));
        told(&DutiesSeen { unread: why(unread), ..seen(Vec::new(), all.collect()) })
    };
    assert_eq!((attested(3, 3).len(), attested(4, 3).len()), (0, 1));
    assert_eq!(of_failure("timeout").severity, Severity::Warning);
}

#[test]
fn chance_does_not_make_own_attesters_worse_than_the_others_and_what_is_clear_does() {
    let share = |all, missed| Share { all, missed };
    for (own, others, expected) in [
        (share(49, 49), share(10_000, 0), false),
        (share(50, 50), share(49, 0), false),
        (share(50, 2), share(10_000, 0), false),
        (share(50, 3), share(10_000, 0), true),
        // One in a hundred of the others: half a miss is expected, and four deviations are 2.8.
        (share(50, 3), share(10_000, 100), false),
        (share(50, 4), share(10_000, 100), true),
        // Far beyond chance, and not worth anybody's time.
        (share(100_000, 1_500), share(1_000_000, 10_000), false),
        (share(1_000, 99), share(100_000, 5_000), false),
        (share(1_000, 101), share(100_000, 5_000), true),
        (share(1_000, 50), share(100_000, 5_000), false),
        (share(1_000, 0), share(100_000, 5_000), false),
        (share(1_000, 900), share(1_000, 1_000), false),
    ] {
        assert_eq!(is_clearly_worse(own, others), expected, "{own:?} against {others:?}");
    }
    let done = |slot| if slot % 4 == 0 { Done::MissedAlone } else { Done::Done };
    let duties: Vec<Duty> = (100..200).map(|slot| duty(DutyKind::Attest, slot, done(slot))).collect();
    let network = NetworkRates { members: 4_100, attested: 3_995, ..NetworkRates::default() };
    let told = found(&DutiesSeen { network, ..seen(vec![proposal(99, RIGHT)], duties) }, 0);
    assert_eq!(kinds(&told), [(Kind::DutiesBelowNetwork, Severity::Warning)]);
    assert_eq!(told[0].mark(), "attestations");
    let text = told[0].message(0);
    assert!(text.contains("missed 25.0 % of 100 attestations, all others 2.0 % of 4000"), "{text}");
}

fn any_done() -> impl Strategy<Value = Done> {
    prop::sample::select(vec![Done::Done, Done::MissedAlone, Done::MissedWithMany, Done::Excused, Done::Unread])
}

proptest! {
    #[test]
    fn no_coinbase_is_called_wrong_without_a_proposal_behind_it(
        paid in prop::collection::btree_map(50_u64..201, (1_u64..4, prop::sample::select(vec![1, 2, RIGHT, WRONG])), 0..12),
        since in 0_u64..1_300,
    ) {
        let proposals: Vec<SeenProposal> = paid
            .iter()
            .map(|(slot, (by, paid))| SeenProposal { proposer: address(*by), ..proposal(*slot, *paid) })
            .collect();
        let expected: Expected = [1, 2].map(|by| (address(by), (coinbase(RIGHT), since))).into();
        let validating = BTreeSet::from([address(1), address(2)]);
        let told = of_seen(&seen(proposals.clone(), Vec::new()), &expected, &validating, &Thresholds::default());
        for finding in told.iter().filter(|finding| finding.kind == Kind::CoinbaseUsedWrong) {
            let judged: Vec<&SeenProposal> = proposals
                .iter()
                .filter(|one| Subject::Attester(one.proposer) == finding.subject && one.block >= since)
                .collect();
            let is_wrong = |one: &&SeenProposal| one.coinbase != address(RIGHT);
            prop_assert!(judged.iter().any(is_wrong));
            let last = judged.last().unwrap();
            prop_assert_eq!(finding.severity == Severity::Critical, is_wrong(last), "{}", finding.message(0));
        }
        let proven = proposals.iter().filter(|one| one.block >= since).map(|one| one.proposer).collect::<BTreeSet<_>>();
        let has_unproven = told.iter().any(|finding| finding.kind == Kind::CoinbaseUnproven);
        prop_assert_eq!(has_unproven, !validating.is_subset(&proven));
    }

    #[test]
    fn no_duty_that_was_not_read_is_told_as_missed(
        duties in prop::collection::vec((1_u64..3, any::<bool>(), any_done()), 0..60),
    ) {
        let all: Vec<Duty> = (100..)
            .zip(&duties)
            .map(|(slot, (by, proposes, done))| {
                let kind = if *proposes { DutyKind::Propose } else { DutyKind::Attest };
                Duty { attester: address(*by), ..duty(kind, slot, *done) }
            })
            .collect();
        let limits = Thresholds::default();
        let told = |duties: Vec<Duty>| {
            let found = of_seen(&seen(Vec::new(), duties), &Expected::new(), &BTreeSet::new(), &limits);
            let missed = found.into_iter().filter(|finding| finding.kind != Kind::DutiesUnread);
            missed.map(|finding| (finding.kind, finding.subject.clone(), finding.message(0))).collect::<Vec<_>>()
        };
        // Without the duties that were not read, or are excused, the same is said.
        let read = all.iter().filter(|duty| !matches!(duty.done, Done::Unread | Done::Excused)).copied().collect();
        prop_assert_eq!(told(all.clone()), told(read));
        for (kind, subject, text) in told(all.clone()) {
            if let Subject::Attester(attester) = subject {
                let of = if kind == Kind::DutiesMissedProposals { DutyKind::Propose } else { DutyKind::Attest };
                let alone = |duty: &&Duty| duty.attester == attester && duty.kind == of && duty.done == Done::MissedAlone;
                let last = all.iter().rfind(alone).unwrap();
                let tail = format!(" to {})", last.slot);
                prop_assert!(text.contains(&tail), "{}", text);
            }
        }
    }
}
