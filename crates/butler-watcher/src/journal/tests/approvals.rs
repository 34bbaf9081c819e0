//! What waits for persons, what they may decide, and for how long it counts.

use butler_core::domain::action::Phase;

use super::*;

/// Plans an action that a person must approve within an hour.
fn wait_for_approval(keeper: &Keeper, numbers: &[u64]) {
    let plans = numbers.iter().map(|number| Plan { action: action(*number), policy: Policy::Approve }).collect();
    keeper.commit(&Batch { plans, approval: Some(HOUR), ..Batch::default() }).unwrap();
}

fn entry(keeper: &Keeper, number: u64) -> Entry {
    match keeper.look_up(&action(number).key).unwrap().unwrap() {
        Known::Live(entry) => *entry,
        Known::Finished(finished) => panic!("it is over: {finished:?}"),
    }
}

fn verdict(keeper: &Keeper, number: u64, decision: Decision, actor: &str) -> Verdict {
    let version = entry(keeper, number).standing.version;
    Verdict { key: action(number).key, version, decision, actor: actor.to_owned(), reason: None }
}

fn approve(keeper: &Keeper, number: u64, persons: usize, actor: &str) -> Result<Entry, JournalError> {
    keeper.decide(&verdict(keeper, number, Decision::Approve { persons, lasts: HOUR }, actor))
}

#[test]
fn so_many_persons_approve_it_each_once() {
    let (folder, hand, keeper) = fresh();
    wait_for_approval(&keeper, &[1]);
    let first = approve(&keeper, 1, 2, "uid 1000").unwrap();
    assert_eq!(first.standing.phase, Phase::AwaitingApproval);
    assert_eq!(first.standing.reason.as_deref(), Some("approved (1 of 2) by uid 1000"));
    assert!(matches!(approve(&keeper, 1, 2, "uid 1000"), Err(JournalError::Invalid(_))));
    assert!(keeper.claim(&ask(1)).unwrap().is_empty());
    drop(keeper);
    let keeper = open(&folder.path().join("journal"), &hand).unwrap();
    let second = approve(&keeper, 1, 2, "uid 1001").unwrap();
    assert_eq!(second.standing.phase, Phase::Due);
    assert_eq!(second.standing.approved_by, ["uid 1000", "uid 1001"]);
    assert_eq!(claim_one(&keeper).entry.standing.phase, Phase::Running);
    assert_sound(&keeper);
}

#[test]
fn what_nobody_approves_in_time_is_parked_and_so_is_what_was_approved_too_long_ago() {
    let (_folder, hand, keeper) = fresh();
    wait_for_approval(&keeper, &[1, 2, 3]);
    hand.pass(3_599_999);
    let approved = approve(&keeper, 2, 1, "uid 7").unwrap();
    assert_eq!(approved.standing.expires, Some(BEGIN + 3_599_999 + 3_600_000));
    let holds = Claim { holds: true, ..ask(9) };
    assert!(keeper.claim(&holds).unwrap().is_empty());
    assert_eq!(entry(&keeper, 1).standing.phase, Phase::AwaitingApproval);
    hand.pass(1);
    // Also before anybody has looked.
    assert!(matches!(approve(&keeper, 3, 1, "uid 7"), Err(JournalError::Invalid("nobody approved it in time"))));
    assert!(keeper.claim(&holds).unwrap().is_empty());
    for number in [1, 3] {
        let standing = entry(&keeper, number).standing;
        assert_eq!((standing.phase, standing.reason.as_deref()), (Phase::Parked, Some("nobody approved it in time")));
    }
    assert!(approve(&keeper, 1, 1, "uid 7").is_err());
    hand.pass(3_600_000);
    assert!(keeper.claim(&ask(9)).unwrap().is_empty());
    let standing = entry(&keeper, 2).standing;
    assert_eq!(standing.reason.as_deref(), Some("its approval expired before it was done"));
    // Tried again, it waits for a person again, and what was approved before counts no more.
    let again = Decision::Revive { policy: Policy::Approve, approval: HOUR };
    let revived = keeper.decide(&verdict(&keeper, 2, again, "uid 7")).unwrap();
    assert_eq!((revived.standing.phase, revived.standing.approved_by.len()), (Phase::AwaitingApproval, 0));
    assert!(revived.standing.expires.is_some());
    approve(&keeper, 2, 1, "uid 7").unwrap();
    assert_eq!(claim_one(&keeper).entry.action.key, action(2).key);
    assert_sound(&keeper);
}

#[test]
fn while_it_is_held_only_what_is_told_is_handed_out() {
    let (_folder, _, keeper) = fresh();
    let told = Plan { action: action(2), policy: Policy::Notify };
    keeper.commit(&Batch { plans: vec![plan(action(1)), told, plan(action(3))], ..Batch::default() }).unwrap();
    let leased = keeper.claim(&Claim { holds: true, ..ask(9) }).unwrap();
    assert_eq!(keys(&leased), ["test 2"]);
    assert_eq!(keeper.claim(&ask(9)).unwrap().len(), 2);
    assert_sound(&keeper);
}

#[test]
fn what_was_done_by_hand_is_done_unless_somebody_is_doing_it() {
    let (_folder, _, keeper) = fresh();
    wait_for_approval(&keeper, &[1, 2]);
    keeper.commit(&plans([action(3)])).unwrap();
    let _running = claim_one(&keeper);
    let by_hand = |number| Fulfilment { key: action(number).key, proof: "the key files name it".to_owned() };
    let batch = Batch { fulfilled: [1, 3, 9].map(by_hand).to_vec(), ..Batch::default() };
    assert_eq!(keeper.commit(&batch).unwrap().fulfilled, [action(1).key]);
    let Some(Known::Finished(finished)) = keeper.look_up(&action(1).key).unwrap() else { panic!("it is done") };
    assert_eq!((finished.phase, finished.reason.as_deref()), (Phase::Done, Some("the key files name it")));
    assert_eq!(entry(&keeper, 3).standing.phase, Phase::Running);
    // Planned again, it is not wanted again.
    assert!(keeper.commit(&plans([action(1)])).unwrap().planned.is_empty());
    assert_sound(&keeper);
}

#[test]
fn the_lines_of_the_history_come_as_they_are_kept_from_wherever_they_are_asked() {
    let (_folder, _, keeper) = fresh();
    for number in 0..20 {
        keeper.commit(&plans([action(number)])).unwrap();
    }
    let whole = keeper.sealed(0, 100).unwrap();
    assert_eq!((whole.lines.len(), whole.before), (20, Mark::default()));
    for after in 1..20_usize {
        let line = u64::try_from(after).unwrap();
        let part = keeper.sealed(line, 3).unwrap();
        assert_eq!(part.before.lines, line);
        assert_eq!(format!("{:x}", part.before.seal), whole.lines[after - 1][..64]);
        assert_eq!(part.lines, whole.lines[after..20.min(after + 3)]);
    }
    let end = keeper.sealed(20, 100).unwrap();
    assert!(end.lines.is_empty() && end.before.lines == 20 && keeper.sealed(99, 1).unwrap().lines.is_empty());
}
