//! In which order jobs are done, and what one that fails keeps from being done.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn every_job_is_done_once_for_every_item_and_after_what_it_waits_for() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(5, |_| None);
    let text =
        blocks("backlog = 3", &[job("snos", "concurrency = 4"), job("prove", "after = [\"snos\"]\nordered = true")]);
    let running = start(&folder.path().join("j"), &text, &world);
    until("the last job", || world.done().len() == 10).await;
    until("the end", || running.live() == 0).await;
    let order: Vec<Item> = world.done().into_iter().filter(|(job, _)| job == "prove").map(|(_, item)| item).collect();
    assert_eq!(order, [1, 2, 3, 4, 5].map(Item::one));
    for item in 1..=5 {
        let place = |job: &str| world.text().iter().position(|done| *done == format!("{job} {item}")).unwrap();
        assert!(place("snos") < place("prove"));
    }
    // What comes later is begun where the items before end.
    world.newest.store(6, Ordering::Relaxed);
    until("the next item", || world.done().len() == 12).await;
    assert_eq!(running.journal.verify().unwrap().faults, Vec::<String>::new());
    assert!(running.journal.kept("job-item:").unwrap().len() <= 1);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_blocks_who_waits_for_it_and_nobody_else() {
    let folder = tempfile::tempdir().unwrap();
    let world =
        World::new(4, |task| if task.job == "snos" && task.item == Item::one(2) { refused_of(task) } else { None });
    let jobs = [
        job("snos", ""),
        job("prove", "after = [\"snos\"]"),
        job("update", "after = [\"prove\"]\nordered = true"),
        job("other", ""),
    ];
    let running = start(&folder.path().join("j"), &blocks("", &jobs), &world);
    let expected = [
        "snos 1", "snos 3", "snos 4", "prove 1", "prove 3", "prove 4", "update 1", "other 1", "other 2", "other 3",
        "other 4",
    ];
    until("everything else", || world.done().len() == expected.len()).await;
    let mut done = world.text();
    done.sort_unstable();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(done, expected);
    assert_eq!(running.phase("snos", 2), Some(Phase::Parked));
    assert_eq!((running.phase("prove", 2), running.phase("update", 3)), (None, None));
    running.kill().await;
}

fn refused_of(_: &Task) -> Option<Ended> {
    Some(Ended::Refused { reason: "it cannot be".to_owned() })
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_items_are_begun_than_the_backlog_allows() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(1_000, refused_of);
    let running = start(&folder.path().join("j"), &blocks("backlog = 3", &[job("snos", "")]), &world);
    until("three that are parked", || {
        [1, 2, 3].into_iter().all(|item| running.phase("snos", item) == Some(Phase::Parked))
    })
    .await;
    assert_eq!(running.phase("snos", 4), None);
    assert_eq!(running.live(), 3);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_tried_as_often_as_it_says_and_then_parked() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(1, |_| Some(Ended::Retry { after: None, reason: "busy".to_owned() }));
    let running = start(&folder.path().join("j"), &blocks("", &[job("snos", "tries = 2")]), &world);
    until("parked", || running.phase("snos", 1) == Some(Phase::Parked)).await;
    assert_eq!(world.tries.lock().unwrap().len(), 2);
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_follows_what_anothers_job_has_done() {
    let folder = tempfile::tempdir().unwrap();
    let world =
        World::new(3, |task| if task.job == "snos" && task.item == Item::one(3) { refused_of(task) } else { None });
    let text = blocks("", &[job("snos", "")])
        + "[pipelines.archive]\ntrigger = \"after\"\npipeline = \"blocks\"\njob = \"snos\"\n[pipelines.archive.jobs.store]\ncommand = [\"/bin/true\"]\n";
    let running = start(&folder.path().join("j"), &text, &world);
    until("both that are done", || world.text().iter().filter(|done| done.starts_with("store")).count() == 2).await;
    assert!(!world.text().contains(&"store 3".to_owned()));
    running.kill().await;
}
