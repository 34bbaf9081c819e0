//! How long a start, a flood and a replay take, and how much room is taken. Prints its figures.

use std::time::Instant;

use super::*;

#[test]
fn a_flood_of_a_thousand_is_one_commit_and_is_taken_within_the_hours_budget() {
    let folder = tempfile::tempdir().unwrap();
    let hand = Hand::default();
    let rules = Rules { hourly: |_| Some(20), ..rules() };
    let keeper = Keeper::open(&folder.path().join("j"), Settings { rules, ..settings(&hand) }).unwrap();
    let done = keeper.commit(&range(None, 1, &(0..1000).collect::<Vec<_>>())).unwrap();
    assert_eq!((done.sequence, done.planned.len()), (1, 1000));
    let mut taken = 0;
    for _ in 0..3 {
        taken += keeper.claim(&ask(100)).unwrap().len();
    }
    assert_eq!(taken, 20);
    hand.pass(3_600_000);
    assert_eq!(keeper.claim(&ask(1000)).unwrap().len(), 40, "twenty that ran out are looked at, twenty are new");
    assert_sound(&keeper);
}

#[test]
#[ignore = "measures: run it alone, with --no-capture"]
fn figures() {
    let (folder, hand, keeper) = fresh();
    let path = folder.path().join("journal");
    let begun = Instant::now();
    keeper.commit(&range(None, 1, &(0..10_000).collect::<Vec<_>>())).unwrap();
    println!("plan_10k_ms {}", begun.elapsed().as_millis());
    drop(keeper);
    let begun = Instant::now();
    let keeper = open(&path, &hand).unwrap();
    let mut leased = Vec::new();
    while leased.len() < 10_000 {
        leased.extend(keeper.claim(&ask(1000)).unwrap());
    }
    println!("replay_10k_pending_ms {}", begun.elapsed().as_millis());
    keeper.compact().unwrap();
    let status = keeper.status().unwrap();
    let content = exported(&keeper).len();
    println!("live store_bytes {} content_bytes {content}", status.store_bytes);
    let begun = Instant::now();
    let settlements = |leased: Vec<Leased>| -> Vec<Settlement> {
        let outcome = || Outcome::Proven { proof: None };
        leased.into_iter().map(|leased| Settlement { lease: leased.lease, outcome: outcome() }).collect()
    };
    keeper.settle(&settlements(leased)).unwrap();
    println!("settle_10k_ms {}", begun.elapsed().as_millis());
    for round in 1..10_u64 {
        let numbers: Vec<u64> = (round * 10_000..(round + 1) * 10_000).collect();
        keeper.commit(&range(Some(round), round + 1, &numbers)).unwrap();
        let leased = keeper.claim(&ask(10_000)).unwrap();
        keeper.settle(&settlements(leased)).unwrap();
    }
    let before = keeper.status().unwrap().store_bytes;
    keeper.compact().unwrap();
    let status = keeper.status().unwrap();
    println!(
        "finished_100k store_bytes {} (before {before}) content_bytes {} history_bytes {}",
        status.store_bytes,
        exported(&keeper).len(),
        status.history_bytes
    );
    drop(keeper);
    let begun = Instant::now();
    let keeper = open(&path, &hand).unwrap();
    println!("start_with_100k_finished_ms {}", begun.elapsed().as_millis());
    let begun = Instant::now();
    assert_sound(&keeper);
    println!("check_ms {}", begun.elapsed().as_millis());
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", memory.lines().find(|line| line.starts_with("VmHWM")).unwrap());
}
