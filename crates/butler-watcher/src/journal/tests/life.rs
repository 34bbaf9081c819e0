//! What the calls do, and what they refuse.

use butler_core::domain::action::Phase;
use serde_json::json;

use super::*;

fn phase(keeper: &Keeper, number: u64) -> Option<Phase> {
    match keeper.look_up(&action(number).key).unwrap()? {
        Known::Live(entry) => Some(entry.standing.phase),
        Known::Finished(finished) => Some(finished.phase),
    }
}

fn version(keeper: &Keeper, number: u64) -> u64 {
    match keeper.look_up(&action(number).key).unwrap().unwrap() {
        Known::Live(entry) => entry.standing.version,
        Known::Finished(finished) => finished.version,
    }
}

#[test]
fn the_cursor_and_its_actions_are_one_commit_and_a_second_time_is_a_conflict() {
    let (_folder, _, keeper) = fresh();
    let done = keeper.commit(&range(None, 10, &[1, 2])).unwrap();
    assert_eq!((done.sequence, done.planned.len()), (1, 2));
    let again = keeper.commit(&range(None, 10, &[1, 2, 3])).unwrap_err();
    assert!(matches!(again, JournalError::CursorConflict { current: Some(current), .. } if current == at(10)));
    assert_eq!(phase(&keeper, 3), None);
    assert_eq!(keeper.status().unwrap().sequence, 1);
    let back = keeper.commit(&range(Some(10), 9, &[])).unwrap_err();
    assert!(matches!(back, JournalError::Invalid(_)), "{back}");
    keeper.commit(&range(Some(10), 20, &[2, 3])).unwrap();
    assert_eq!(keeper.cursor("l1").unwrap(), Some(at(20)));
    assert_eq!(keeper.status().unwrap().counts.values().flat_map(|phases| phases.values()).sum::<u64>(), 3);
    assert_sound(&keeper);
}

#[test]
fn an_action_that_is_planned_again_is_not_touched_and_one_that_is_done_is_not_done_again() {
    let (_folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1)])).unwrap();
    assert_eq!(keeper.commit(&plans([action(1)])).unwrap(), Committed { sequence: 1, ..Committed::default() });
    let leased = claim_one(&keeper);
    assert_eq!(settle(&keeper, &leased, Outcome::Acted { look_after: Duration::from_secs(1) }), {
        let Some(Known::Live(entry)) = keeper.look_up(&action(1).key).unwrap() else { panic!("it is live") };
        Settled::Live(entry)
    });
    assert!(keeper.claim(&ask(1)).unwrap().is_empty());
    hand.pass(1000);
    let look = claim_one(&keeper);
    assert_eq!(look.entry.standing.phase, Phase::Verifying);
    assert_eq!(settle(&keeper, &look, Outcome::Proven { proof: None }), Settled::Done(action(1).key));
    assert!(keeper.commit(&plans([action(1)])).unwrap().planned.is_empty());
    assert_eq!(phase(&keeper, 1), Some(Phase::Done));
    assert_sound(&keeper);
}

#[test]
fn what_the_chain_took_back_may_be_planned_again_and_what_a_person_denied_may_not() {
    let (_folder, _, keeper) = fresh();
    keeper.commit(&plans([action(1), action(2)])).unwrap();
    let back = Retraction { key: action(1).key, reason: "a reorg".to_owned() };
    let done = keeper.commit(&Batch { retractions: vec![back.clone()], ..Batch::default() }).unwrap();
    assert_eq!(done.dropped, [action(1).key]);
    let verdict = |number, version| Verdict {
        key: action(number).key,
        version,
        decision: Decision::Deny,
        actor: "uid 0".to_owned(),
        reason: None,
    };
    let stale = keeper.decide(&verdict(2, 0)).unwrap_err();
    assert!(matches!(stale, JournalError::VersionConflict { current: 1, .. }), "{stale}");
    keeper.decide(&verdict(2, version(&keeper, 2))).unwrap();
    let done = keeper.commit(&plans([action(1), action(2)])).unwrap();
    assert_eq!(done.planned, [action(1).key]);
    assert_eq!((phase(&keeper, 1), phase(&keeper, 2)), (Some(Phase::Due), Some(Phase::Dropped)));
    let held = claim_one(&keeper);
    let done = keeper.commit(&Batch { retractions: vec![back], ..Batch::default() }).unwrap();
    assert_eq!((done.kept, held.entry.action.key), (vec![action(1).key], action(1).key));
    assert_sound(&keeper);
}

#[test]
fn an_approval_is_bound_to_what_was_shown() {
    let (_folder, _, keeper) = fresh();
    let wanted = Plan { action: action(1), policy: Policy::Approve };
    keeper.commit(&Batch { plans: vec![wanted.clone()], ..Batch::default() }).unwrap();
    let shown = version(&keeper, 1);
    let changed = Plan { action: Action { why: "something else".to_owned(), ..action(1) }, ..wanted };
    assert_eq!(keeper.commit(&Batch { plans: vec![changed], ..Batch::default() }).unwrap().replaced, [action(1).key]);
    let verdict = |version| Verdict {
        key: action(1).key,
        version,
        decision: Decision::Approve { persons: 1, lasts: HOUR },
        actor: "uid 1000".to_owned(),
        reason: None,
    };
    assert!(matches!(keeper.decide(&verdict(shown)), Err(JournalError::VersionConflict { .. })));
    assert!(keeper.claim(&ask(1)).unwrap().is_empty());
    let entry = keeper.decide(&verdict(version(&keeper, 1))).unwrap();
    assert_eq!((entry.standing.phase, entry.standing.approved_by), (Phase::Due, vec!["uid 1000".to_owned()]));
    assert!(keeper.decide(&verdict(version(&keeper, 1))).is_err());
    assert_sound(&keeper);
}

#[test]
fn a_lease_that_ran_out_is_fenced_and_its_action_is_looked_at_and_not_repeated() {
    let (_folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1)])).unwrap();
    let first = claim_one(&keeper);
    let renewal = Renewal { lease: Duration::from_secs(60), intent: Some("nonce 7".into()), ..Renewal::default() };
    let lease = keeper.renew(&first.lease, &renewal).unwrap();
    hand.pass(60_000);
    assert!(matches!(keeper.renew(&lease, &renewal), Err(JournalError::LostLease { .. })));
    let look = claim_one(&keeper);
    assert_eq!(look.entry.standing.phase, Phase::Verifying);
    assert_eq!(look.entry.standing.intent, Some("nonce 7".into()));
    assert_eq!(
        settle(&keeper, &Leased { lease, ..first }, Outcome::Proven { proof: None }),
        Settled::LostLease(action(1).key)
    );
    settle(&keeper, &look, Outcome::Retry { after: None, reason: "not there".to_owned() });
    hand.pass(10);
    assert_eq!(claim_one(&keeper).entry.standing.phase, Phase::Running);
    assert_sound(&keeper);
}

#[test]
fn tries_and_looks_have_budgets_of_their_own_and_then_it_is_parked_with_its_reason() {
    let (_folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1), action(2)])).unwrap();
    for _ in 0..2 {
        let leased = claim_one(&keeper);
        settle(&keeper, &leased, Outcome::Retry { after: None, reason: "refused by the node".to_owned() });
        hand.pass(1_000_000);
        // The other one is not held up by it, and comes later.
        let other = claim_one(&keeper);
        settle(&keeper, &other, Outcome::Unknown { reason: "no answer".to_owned() });
        hand.pass(1_000_000);
    }
    while let Some(leased) = keeper.claim(&ask(1)).unwrap().pop() {
        let outcome = if leased.entry.standing.phase == Phase::Verifying {
            Outcome::Unknown { reason: "no answer".to_owned() }
        } else {
            Outcome::Retry { after: None, reason: "refused by the node".to_owned() }
        };
        settle(&keeper, &leased, outcome);
        hand.pass(1_000_000);
    }
    let parked = keeper.read(&Query { phase: Some(Phase::Parked), after: None, limit: 10 }).unwrap().live;
    let reasons: Vec<&str> = parked.iter().filter_map(|entry| entry.standing.reason.as_deref()).collect();
    assert_eq!(reasons.len(), 2);
    assert!(reasons.iter().any(|reason| reason.contains("looked at 2 times: no answer")), "{reasons:?}");
    let key = parked[0].action.key.clone();
    let decision = Decision::Revive { policy: Policy::Auto, approval: HOUR };
    let verdict = Verdict { key, version: parked[0].standing.version, decision, actor: "me".to_owned(), reason: None };
    assert_eq!(keeper.decide(&verdict).unwrap().standing.phase, Phase::Due);
    assert_sound(&keeper);
}

#[test]
fn what_was_begun_is_known_when_something_else_is_asked_for_and_after_a_person_has_it_tried_again() {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1)])).unwrap();
    let mut first = claim_one(&keeper);
    let intent = Some(json!({ "keystores": { "paris": "begun" } }));
    let renewal = Renewal { lease: HOUR, intent: intent.clone(), number: None };
    first.lease = keeper.renew(&first.lease, &renewal).unwrap();
    settle(&keeper, &first, Outcome::Retry { after: None, reason: "not there".to_owned() });
    let other = Action { why: "another one".to_owned(), ..action(1) };
    let done = keeper.commit(&plans([other.clone()])).unwrap();
    assert_eq!(done.replaced, std::slice::from_ref(&other.key));
    hand.pass(1_000_000);
    let second = claim_one(&keeper);
    assert_eq!((&second.entry.action.why, &second.entry.standing.intent), (&other.why, &intent));

    settle(&keeper, &second, Outcome::Refused { reason: "no".to_owned() });
    drop(keeper);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    let parked = keeper.read(&Query { phase: Some(Phase::Parked), after: None, limit: 10 }).unwrap().live.remove(0);
    let decision = Decision::Revive { policy: Policy::Auto, approval: HOUR };
    let (key, version) = (parked.action.key, parked.standing.version);
    keeper.decide(&Verdict { key, version, decision, actor: "me".to_owned(), reason: None }).unwrap();
    assert_eq!(claim_one(&keeper).entry.standing.intent, intent);
    assert_sound(&keeper);
}

#[test]
fn the_most_urgent_is_taken_first_and_an_hours_budget_holds() {
    let folder = tempfile::tempdir().unwrap();
    let hand = Hand::default();
    let rules = Rules { hourly: |_| Some(3), ..rules() };
    let keeper = Keeper::open(&folder.path().join("j"), Settings { rules, ..settings(&hand) }).unwrap();
    let urgent = Action { priority: Priority::Urgent, ..action(9) };
    keeper.commit(&plans((1..=4).map(action).chain([urgent]))).unwrap();
    let taken = keeper.claim(&ask(10)).unwrap();
    assert_eq!((taken.len(), keys(&taken)[0].as_ref()), (3, "test 9"));
    settle(&keeper, &taken[0], Outcome::Acted { look_after: Duration::ZERO });
    // A look costs nothing.
    assert_eq!(keys(&keeper.claim(&ask(10)).unwrap()), ["test 9"]);
    hand.pass(3_600_000);
    assert!(
        keeper.claim(&ask(10)).unwrap().iter().filter(|leased| leased.entry.standing.phase == Phase::Running).count()
            == 2
    );
    assert_sound(&keeper);
}

#[test]
fn what_is_too_late_is_parked_by_the_chains_time_whatever_the_machines_clock_says() {
    let (_folder, hand, keeper) = fresh();
    let late = |number| Action { until: Some(1000), ..action(number) };
    let waits = Plan { action: late(2), policy: Policy::Approve };
    keeper.commit(&Batch { plans: vec![plan(late(1)), waits], ..Batch::default() }).unwrap();
    hand.pass(1);
    keeper.commit(&plans([action(3)])).unwrap();
    hand.step_wall(u64::MAX / 2);
    assert_eq!(keys(&keeper.claim(&Claim { chain_time: 1000, ..ask(1) }).unwrap()), ["test 1"]);
    let running = keeper.claim(&Claim { chain_time: 1001, ..ask(5) }).unwrap();
    assert_eq!(keys(&running), ["test 3"]);
    assert_eq!(phase(&keeper, 1), Some(Phase::Running));
    assert!(matches!(phase(&keeper, 2), Some(Phase::Parked | Phase::Dropped)));
    assert_sound(&keeper);
}

#[test]
fn wide_content_is_kept_whole_and_goes_whole() {
    let (folder, hand, keeper) = fresh();
    keeper.commit(&plans([action(1)])).unwrap();
    let leased = claim_one(&keeper);
    for size in [60_000, 4_000, 9_000, 1] {
        let intent = Some("x".repeat(size).into());
        keeper.renew(&leased.lease, &Renewal { lease: Duration::from_secs(9), intent, ..Renewal::default() }).unwrap();
    }
    let too_much = Some("x".repeat(BODY_LIMIT).into());
    let refused =
        keeper.renew(&leased.lease, &Renewal { lease: Duration::from_secs(9), intent: too_much, ..Renewal::default() });
    assert!(matches!(refused, Err(JournalError::Invalid(_))));
    keeper
        .renew(
            &leased.lease,
            &Renewal { lease: Duration::from_secs(9), intent: Some("y".repeat(30_000).into()), ..Renewal::default() },
        )
        .unwrap();
    let before = exported(&keeper);
    assert_sound(&keeper);
    drop(keeper);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    assert_eq!(exported(&keeper), before);
    assert_sound(&keeper);
    settle(&keeper, &leased, Outcome::Proven { proof: None });
    assert_sound(&keeper);
}

#[test]
fn what_was_done_in_many_steps_leaves_nothing_live_behind() {
    let (_folder, _hand, keeper) = fresh();
    for round in 0..3_u64 {
        let numbers: Vec<u64> = (round * 700..(round + 1) * 700).collect();
        keeper.commit(&range(round.checked_sub(1), round, &numbers)).unwrap();
        let mut done = 0;
        loop {
            let leased = keeper.claim(&ask(100)).unwrap();
            if leased.is_empty() {
                break;
            }
            done += leased.len();
            let outcome = || Outcome::Proven { proof: None };
            let settlements = leased.into_iter().map(|leased| Settlement { lease: leased.lease, outcome: outcome() });
            keeper.settle(&settlements.collect::<Vec<_>>()).unwrap();
        }
        assert_eq!(done, 700);
        assert_sound(&keeper);
    }
    keeper.compact().unwrap();
    let checked = keeper.verify().unwrap();
    assert_eq!((checked.live, checked.finished, checked.faults), (0, 2_100, Vec::new()));
}

#[test]
fn whoever_begins_takes_back_every_lease_and_what_was_begun_is_looked_at() {
    let (_folder, _, keeper) = fresh();
    keeper.commit(&range(None, 10, &[1, 2])).unwrap();
    let leased = keeper.claim(&ask(9)).unwrap();
    assert_eq!((leased.len(), keeper.take_back().unwrap(), keeper.take_back().unwrap()), (2, 2, 0));
    assert_eq!((phase(&keeper, 1), phase(&keeper, 2)), (Some(Phase::Verifying), Some(Phase::Verifying)));
    assert!(matches!(settle(&keeper, &leased[0], Outcome::Proven { proof: None }), Settled::LostLease(_)));
    assert_sound(&keeper);
}

#[test]
fn what_is_carried_out_is_for_another_one_than_what_is_told_and_a_postponed_try_does_not_count() {
    let (_folder, _, keeper) = fresh();
    let edit = KeystoreEdit {
        server: "paris".to_owned(),
        file: "keys.json".to_owned(),
        validator: 0,
        before: CoinbaseBefore::NotSet,
        frame: H256::repeat_byte(7),
    };
    let changed = Action { edits: vec![edit], assurance: Assurance::TwoEndpoints, ..action(1) };
    let plans = vec![
        Plan { action: changed.clone(), policy: Policy::Auto },
        Plan { action: action(2), policy: Policy::Auto },
        Plan { action: Action { key: action(3).key, ..changed }, policy: Policy::Notify },
    ];
    keeper.commit(&Batch { plans, ..Batch::default() }).unwrap();
    assert_eq!(keys(&keeper.claim(&ask(9)).unwrap()).len(), 2, "one changes nothing, one is only told");
    let carry_out = Claim { work: Work::CarryOut, ..ask(9) };
    let postponed = Outcome::Postponed { after: Duration::ZERO, reason: "a proposal is near".to_owned() };
    for _ in 0..20 {
        let leased = keeper.claim(&carry_out).unwrap();
        assert_eq!(keys(&leased), ["test 1"]);
        let Settled::Live(entry) = settle(&keeper, &leased[0], postponed.clone()) else { panic!("it is not live") };
        assert_eq!((entry.standing.phase, entry.standing.tries), (Phase::Due, 0));
    }
    assert_sound(&keeper);
}
