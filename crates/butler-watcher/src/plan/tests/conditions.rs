//! What is told of findings: each rise once, each end once, whatever is cut or could not be asked.

use butler_core::domain::block::BlockRef;
use butler_core::domain::findings::{Finding, FindingKind, Severity, Source, Subject};

use super::*;
use crate::plan::conditions::{self, Episode};

fn at(number: u64) -> BlockRef {
    BlockRef { number, hash: H256::from_low_u64_be(number), timestamp: number * 12 }
}

fn finding(severity: Severity, what: &str) -> Finding {
    Finding::new(FindingKind::CoinbaseMissing, severity, Subject::Attester(address(5)), what.to_owned())
}

fn planned(memory: &[Episode]) -> Vec<butler_core::domain::action::Action> {
    conditions::plan(memory, &setting().at(address(REGISTRY)), Assurance::OneEndpoint)
}

/// A watcher that looks, plans and forgets what ended; the journal knows every key once.
#[derive(Default)]
struct Looker {
    memory: Vec<Episode>,
    journal: BTreeSet<EffectKey>,
}

impl Looker {
    /// Looks, and answers what is new: its kind, its urgency and why.
    fn look(&mut self, number: u64, findings: &[Finding]) -> Vec<(ActionKind, Priority, String)> {
        conditions::look(&mut self.memory, findings, &[], &at(number));
        let new = planned(&self.memory).into_iter().filter(|action| self.journal.insert(action.key.clone()));
        let told = new.map(|action| (action.kind, action.priority, action.why)).collect();
        self.memory.retain(|episode| episode.ended.is_none());
        told
    }

    fn kinds(&mut self, number: u64, findings: &[Finding]) -> Vec<ActionKind> {
        self.look(number, findings).into_iter().map(|(kind, _, _)| kind).collect()
    }
}

#[test]
fn a_condition_is_told_once_when_it_begins_and_once_when_it_ends_also_after_a_crash() {
    let mut looker = Looker::default();
    let missing = finding(Severity::Warning, "has none");
    assert_eq!(looker.kinds(1, std::slice::from_ref(&missing)), [ActionKind::ConditionBegan]);
    assert!(looker.look(2, &[finding(Severity::Warning, "has none, and little time")]).is_empty());
    // The end is planned also when the first try was cut before it was durable.
    conditions::look(&mut looker.memory, &[], &[], &at(3));
    assert_eq!(looker.kinds(4, &[]), [ActionKind::ConditionEnded]);
    assert_eq!(looker.kinds(5, &[missing]), [ActionKind::ConditionBegan]);
}

#[test]
fn what_gets_worse_is_told_once_more_and_what_gets_better_is_not() {
    let mut looker = Looker::default();
    let (info, bad) = (finding(Severity::Info, "a vote"), finding(Severity::Critical, "it is decided"));
    assert_eq!(looker.look(1, std::slice::from_ref(&info))[0].1, Priority::Normal);
    let worse = looker.look(2, std::slice::from_ref(&bad));
    let [(ActionKind::ConditionBegan, Priority::Urgent, why)] = worse.as_slice() else { panic!("{worse:?}") };
    assert!(why.starts_with("worse than before: ") && why.contains("it is decided"), "{why}");
    for (number, again) in [(3, &info), (4, &bad), (5, &finding(Severity::Warning, "some votes"))] {
        assert!(looker.look(number, std::slice::from_ref(again)).is_empty());
    }
    assert_eq!(looker.kinds(6, &[]), [ActionKind::ConditionEnded]);
}

#[test]
fn what_becomes_critical_by_time_alone_is_told_also_while_its_finder_is_not_asked() {
    let votes = Finding::new(FindingKind::SlashingVotes, Severity::Warning, Subject::Network, "votes");
    let votes = votes.until(1_200).critical_within(600);
    let mut memory = Vec::new();
    conditions::look(&mut memory, &[votes], &[], &at(1));
    let first = planned(&memory);
    conditions::look(&mut memory, &[], &[Source::Slashing], &at(49));
    assert_eq!(planned(&memory), first);
    conditions::look(&mut memory, &[], &[Source::Slashing], &at(50));
    let worse = planned(&memory);
    assert_ne!(worse[0].key, first[0].key);
    assert_eq!((worse[0].priority, worse[0].until), (Priority::Urgent, Some(1_200)));
}

#[test]
fn findings_of_one_kind_about_one_subject_do_not_hide_each_other() {
    let missing = |mark: &str| {
        let finding = Finding::new(FindingKind::CapabilityMissing, Severity::Warning, Subject::Network, mark);
        finding.marked(mark)
    };
    let mut looker = Looker::default();
    assert_eq!(looker.look(1, &[missing("one"), missing("two")]).len(), 2);
    let ended = looker.look(2, &[missing("two")]);
    assert!(matches!(ended.as_slice(), [(ActionKind::ConditionEnded, _, why)] if why.contains("one")), "{ended:?}");
    assert_eq!(looker.kinds(3, &[missing("two"), missing("three")]), [ActionKind::ConditionBegan]);
    // Where nothing tells them apart, a further one is a rise.
    let plain = |what: &str| finding(Severity::Warning, what);
    let mut looker = Looker::default();
    looker.look(1, &[plain("one")]);
    let more = looker.look(2, &[plain("one"), plain("two")]);
    assert!(matches!(more.as_slice(), [(_, _, why)] if why.ends_with("and 1 more like it")), "{more:?}");
}

#[test]
fn a_condition_whose_finder_could_not_be_asked_neither_ends_nor_is_told_again() {
    let finding = |kind| Finding::new(kind, Severity::Warning, Subject::Network, "something");
    let (votes, missing) = (finding(FindingKind::SlashingVotes), finding(FindingKind::CoinbaseMissing));
    let mut memory = Vec::new();
    conditions::look(&mut memory, &[votes, missing], &[], &at(1));
    let of_votes = |memory: &[Episode]| {
        let is_of = |episode: &&Episode| episode.code == FindingKind::SlashingVotes.code();
        planned(&memory.iter().filter(is_of).cloned().collect::<Vec<_>>())
    };
    let began = of_votes(&memory);
    conditions::look(&mut memory, &[], &[Source::Slashing], &at(2));
    let ended: Vec<_> = memory.iter().filter(|episode| episode.ended.is_some()).map(|one| one.code.as_str()).collect();
    assert_eq!(ended, [FindingKind::CoinbaseMissing.code()]);
    // The same one in the same words, whether or not somebody found it again.
    assert_eq!(began, of_votes(&memory));
    conditions::look(&mut memory, &[], &[], &at(3));
    assert!(memory.iter().all(|episode| episode.ended.is_some()));
}

proptest! {
    #[test]
    fn every_episode_is_told_at_its_beginning_at_each_rise_and_at_its_end_once_each_through_crashes(
        // For each look: how bad each of three marks is, if it is there, and whether the plan is cut before it is durable.
        looks in proptest::collection::vec(([0..4_u8, 0..4_u8, 0..4_u8], any::<bool>()), 1..25),
    ) {
        let severities = [Severity::Critical, Severity::Warning, Severity::Info];
        let mut looker = Looker::default();
        let mut told: Vec<(ActionKind, String)> = Vec::new();
        let mut expected = Vec::new();
        // What a reader without crashes knows of each mark: the worst so far.
        let mut open: [Option<usize>; 3] = [None; 3];
        let mut pending: Vec<(ActionKind, String)> = Vec::new();
        for (number, (marks, is_cut)) in (1..).zip(&looks) {
            let mut findings = Vec::new();
            for (mark, level) in marks.iter().enumerate() {
                let level = usize::from(*level);
                let name = format!("mark {mark}");
                match (severities.get(level), open[mark]) {
                    (Some(severity), before) => {
                        findings.push(finding(*severity, &name).marked(name.clone()));
                        if before.is_none_or(|worst| level < worst) {
                            pending.push((ActionKind::ConditionBegan, name));
                            open[mark] = Some(level);
                        }
                    }
                    (None, Some(_)) => {
                        pending.push((ActionKind::ConditionEnded, name));
                        open[mark] = None;
                    }
                    (None, None) => {}
                }
            }
            if *is_cut {
                conditions::look(&mut looker.memory, &findings, &[], &at(number));
                continue;
            }
            for (kind, _, why) in looker.look(number, &findings) {
                let name = (0..3).map(|mark| format!("mark {mark}")).find(|name| why.contains(name.as_str()));
                told.push((kind, name.unwrap()));
            }
            expected.append(&mut pending);
        }
        // Whatever was cut is told later: of several rises of one episode the last, of one that ended meanwhile the end.
        let count = |list: &[(ActionKind, String)], kind, name: &str| {
            list.iter().filter(|(one, of)| *one == kind && of == name).count()
        };
        for mark in 0..3 {
            let name = format!("mark {mark}");
            let ends = (count(&told, ActionKind::ConditionEnded, &name), count(&expected, ActionKind::ConditionEnded, &name));
            prop_assert_eq!(ends.0, ends.1);
            let begins = (count(&told, ActionKind::ConditionBegan, &name), count(&expected, ActionKind::ConditionBegan, &name));
            prop_assert!(begins.0 <= begins.1, "{}: {begins:?}", name);
            if looks.iter().all(|(_, is_cut)| !is_cut) {
                prop_assert_eq!(begins.0, begins.1);
            }
            // Nothing that is open now is untold at its worst.
            let worst = looker.memory.iter().filter(|episode| episode.mark == name && episode.ended.is_none());
            let is_last_cut = looks.last().is_some_and(|(_, is_cut)| *is_cut);
            for episode in worst {
                let keys = planned(std::slice::from_ref(episode));
                prop_assert!(is_last_cut || looker.journal.contains(&keys[0].key));
            }
        }
    }
}
