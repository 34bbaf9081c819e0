//! Kills between any two steps lose nothing and do nothing twice.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_any_moment_lose_no_job_and_do_none_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(12, |_| None);
    let text = blocks(
        "backlog = 4",
        &[
            job("snos", "concurrency = 2"),
            job("prove", "after = [\"snos\"]"),
            job("update", "after = [\"prove\"]\nordered = true"),
        ],
    );
    let mut kills = 0_u64;
    while world.done().len() < 36 {
        assert!(kills < 500, "{:?}", world.text());
        let running = start(&path, &text, &world);
        let before = world.done().len();
        let limit = std::time::Instant::now();
        // Another moment each time, and always some progress within a while.
        while world.done().len() < before + 1 + usize::try_from(kills % 4).unwrap()
            && limit.elapsed() < Duration::from_secs(3)
        {
            tokio::time::sleep(Duration::from_millis(kills % 7)).await;
            if world.done().len() == 36 {
                break;
            }
        }
        running.kill().await;
        kills += 1;
    }
    let running = start(&path, &text, &world);
    until("the end", || running.live() == 0).await;
    let mut once = world.text();
    once.sort_unstable();
    once.dedup();
    assert_eq!((once.len(), world.done().len()), (36, 36));
    let updates: Vec<u64> =
        world.done().into_iter().filter(|(job, _)| job == "update").map(|(_, item)| item.first()).collect();
    assert_eq!(updates, (1..=12).collect::<Vec<_>>());
    assert_eq!(running.journal.verify().unwrap().faults, Vec::<String>::new());
    println!("{kills} kills");
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_under_way_is_looked_at_first_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(1, |_| None);
    let text = blocks("", &[job("snos", "")]);
    let running = start(&path, &text, &world);
    until("done", || running.phase("snos", 1) == Some(Phase::Done)).await;
    running.kill().await;
    // The journal does not know that it was done.
    let path = folder.path().join("other");
    let running = start(&path, &text, &world);
    until("done", || running.phase("snos", 1) == Some(Phase::Done)).await;
    assert_eq!(world.tries.lock().unwrap().len(), 1);
    running.kill().await;
}
