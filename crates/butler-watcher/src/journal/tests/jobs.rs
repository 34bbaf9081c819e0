//! Jobs in the journal: queues with places, budgets of their own, deadlines, what is kept, and how fast the next one is found.

use std::time::Instant;

use butler_core::domain::action::{Budget, Phase, lane_of};
use butler_core::domain::job::{Item, JobId};

use super::*;

const BUDGET: Budget = Budget { tries: 1, retry_pause: 5_000, looks: 2, look_pause: 30_000 };

fn id(job: &str) -> JobId {
    format!("blocks/{job}").parse().unwrap()
}

fn job(name: &str, number: u64, until: Option<u64>) -> Plan {
    let (job, item) = (id(name), Item::one(number));
    let key = EffectKey::of_job(&job, item);
    let subject = ActionSubject::Job { job, item };
    let goal = Goal::JobDone { definition: H256::zero(), budget: BUDGET };
    let why = format!("{name} {number}");
    plan(Action { key, kind: ActionKind::RunJob, place: Place::NO_CHAIN, subject, goal, until, why, ..action(0) })
}

fn jobs(plans: impl IntoIterator<Item = Plan>) -> Batch {
    Batch { plans: plans.into_iter().collect(), ..Batch::default() }
}

fn of(lanes: &[(&str, u64)], limit: usize) -> JobClaim {
    let lanes = lanes.iter().map(|(job, most)| (lane_of(&id(job)), *most)).collect();
    JobClaim { limit, lease: Duration::from_secs(60), lanes, holds: false }
}

#[test]
fn each_queue_hands_out_as_many_as_it_has_places_and_nobody_else_takes_them() {
    let (_folder, hand, keeper) = fresh();
    let plans = (1..=3).flat_map(|number| [job("a", number, None), job("b", number, None)]);
    keeper.commit(&jobs(plans)).unwrap();
    assert!(keeper.claim(&ask(10)).unwrap().is_empty(), "whoever tells takes no job");
    let wanted = of(&[("a", 2), ("b", 0)], 10);
    let leased = keeper.claim_jobs(&wanted).unwrap();
    assert_eq!(keys(&leased).len(), 2);
    assert!(keys(&leased).iter().all(|why| why.starts_with("a ")));
    assert!(keeper.claim_jobs(&wanted).unwrap().is_empty());
    // What goes on elsewhere keeps its place, and is looked at in a fixed while.
    settle(&keeper, &leased[0], Outcome::Pending { reason: "it goes on".to_owned() });
    assert!(keeper.claim_jobs(&wanted).unwrap().is_empty());
    hand.pass(30_000);
    let looked = keeper.claim_jobs(&wanted).unwrap();
    assert_eq!(looked.len(), 1);
    assert_eq!(looked[0].entry.standing.phase, Phase::Verifying);
    settle(&keeper, &looked[0], Outcome::Made { proof: "there".to_owned(), digest: H256::repeat_byte(9) });
    let Some(Known::Finished(done)) = keeper.look_up(&looked[0].lease.key).unwrap() else { panic!() };
    assert_eq!(done.made, Some(H256::repeat_byte(9)));
    assert_eq!(keeper.claim_jobs(&wanted).unwrap().len(), 1);
    let holds = JobClaim { holds: true, ..of(&[("b", 9)], 9) };
    assert!(keeper.claim_jobs(&holds).unwrap().is_empty());
    assert_eq!(keeper.lanes().unwrap()[&lane_of(&id("b"))].counts[&Phase::Due], 3);
    assert_sound(&keeper);
}

#[test]
fn a_job_has_tries_looks_and_pauses_of_its_own_and_a_deadline_by_the_stores_clock() {
    let (_folder, hand, keeper) = fresh();
    let wanted = of(&[("a", 9)], 9);
    keeper.commit(&jobs([job("a", 1, None), job("a", 2, Some(BEGIN / 1000 + 10))])).unwrap();
    let claim = |place: usize| keeper.claim_jobs(&wanted).unwrap().into_iter().nth(place).unwrap();
    let first = claim(0);
    let retried = settle(&keeper, &first, Outcome::Retry { after: None, reason: "no".to_owned() });
    assert!(matches!(retried, Settled::Live(entry) if entry.standing.phase == Phase::Parked), "one try is all");
    hand.pass(11_000);
    // The lease of the other one is not over, and it is being done: its deadline is of no matter.
    assert!(keeper.claim_jobs(&wanted).unwrap().is_empty());
    keeper.commit(&jobs([job("a", 3, Some(BEGIN / 1000 + 12))])).unwrap();
    hand.pass(2_000);
    assert!(keeper.claim_jobs(&wanted).unwrap().is_empty());
    let key = EffectKey::of_job(&id("a"), Item::one(3));
    let Some(Known::Live(late)) = keeper.look_up(&key).unwrap() else { panic!() };
    assert_eq!(
        (late.standing.phase, late.standing.reason.as_deref()),
        (Phase::Parked, Some("its deadline has passed"))
    );
    assert_sound(&keeper);
}

#[test]
fn what_is_kept_comes_and_goes_with_its_commit_and_is_exported() {
    let (folder, hand, keeper) = fresh();
    let keep = |name: &str, value| Batch { keeps: vec![Keep { name: name.to_owned(), value }], ..Batch::default() };
    keeper.commit(&keep("job-item:a:1", Some(serde_json::json!({ "item": [1, 1] })))).unwrap();
    keeper.commit(&keep("job-item:b:1", Some(serde_json::json!(2)))).unwrap();
    keeper.commit(&keep("job-item:b:1", None)).unwrap();
    keeper.commit(&jobs([job("a", 1, None)])).unwrap();
    assert_eq!(keeper.kept("job-item:").unwrap().into_keys().collect::<Vec<_>>(), ["job-item:a:1"]);
    keeper.compact().unwrap();
    assert_sound(&keeper);
    let text = exported(&keeper);
    drop(keeper);
    let other = folder.path().join("other");
    Keeper::import(&other, &mut text.as_bytes()).unwrap();
    let keeper = open(&other, &hand).unwrap();
    assert_eq!(keeper.kept("job-item:a:").unwrap().len(), 1);
    assert_eq!(keeper.claim_jobs(&of(&[("a", 1)], 1)).unwrap().len(), 1);
    assert_sound(&keeper);
}

#[test]
#[ignore = "measures: run it alone, with --no-capture"]
fn figures_of_jobs() {
    let (_folder, _hand, keeper) = fresh();
    keeper.commit(&jobs((0..10_000).map(|number| job("a", number, None)))).unwrap();
    // Nothing has a place: what is found is not taken, and nothing is written.
    let none = of(&[("a", 0), ("b", 1)], 10);
    let begun = Instant::now();
    for _ in 0..100 {
        assert!(keeper.claim_jobs(&none).unwrap().is_empty());
    }
    println!("claim_none_of_10k_us {}", begun.elapsed().as_micros() / 100);
    let begun = Instant::now();
    let leased = keeper.claim_jobs(&of(&[("a", 1)], 1)).unwrap();
    println!("claim_one_of_10k_us {} (with its commit)", begun.elapsed().as_micros());
    assert_eq!(leased.len(), 1);
}
