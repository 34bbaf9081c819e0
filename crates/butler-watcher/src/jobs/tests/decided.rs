//! What persons decide, and what another configuration changes.

use super::*;
use crate::journal::{Batch, Decision, NextNumber, Verdict};

fn entry(running: &Running, job: &str, item: u64) -> crate::journal::Entry {
    let key = EffectKey::of_job(&format!("blocks/{job}").parse().unwrap(), Item::one(item));
    match running.journal.look_up(&key).unwrap() {
        Some(Known::Live(entry)) => *entry,
        other => panic!("{other:?}"),
    }
}

fn decide(running: &Running, job: &str, item: u64, decision: Decision) {
    let entry = entry(running, job, item);
    let (key, version) = (entry.action.key, entry.standing.version);
    running.journal.decide(&Verdict { key, version, decision, actor: "alice".to_owned(), reason: None }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_person_dropped_keeps_nothing_back_but_its_dependants() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(3, |task| {
        (task.job == "snos" && task.item == Item::one(1)).then(|| Ended::Refused { reason: "no".to_owned() })
    });
    let jobs = [job("snos", ""), job("update", "after = [\"snos\"]\nordered = true")];
    let running = start(&folder.path().join("j"), &blocks("", &jobs), &world);
    until("parked", || running.phase("snos", 1) == Some(Phase::Parked)).await;
    assert!(!world.text().contains(&"update 2".to_owned()));
    decide(&running, "snos", 1, Decision::Deny);
    until("the later ones", || world.text().contains(&"update 3".to_owned())).await;
    assert!(!world.text().contains(&"update 1".to_owned()));
    until("the end", || running.live() == 0).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_definition_replaces_what_waits_and_voids_its_approval() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(1, |_| None);
    let before = blocks("", &[job("snos", "policy = \"approve\"")]);
    let running = start(&path, &before, &world);
    until("it asks", || running.phase("snos", 1) == Some(Phase::AwaitingApproval)).await;
    let old = entry(&running, "snos", 1);
    running.kill().await;
    let after = before.replace("/bin/true", "/bin/false");
    let running = start(&path, &after, &world);
    let new = entry(&running, "snos", 1);
    assert!(new.action.goal != old.action.goal && new.standing.version > old.standing.version);
    let approve = Decision::Approve { persons: 1, lasts: Duration::from_secs(60) };
    let stale = Verdict {
        key: old.action.key.clone(),
        version: old.standing.version,
        decision: approve,
        actor: "alice".to_owned(),
        reason: None,
    };
    assert!(running.journal.decide(&stale).is_err());
    assert!(world.done().is_empty());
    decide(&running, "snos", 1, approve);
    until("done", || running.phase("snos", 1) == Some(Phase::Done)).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_gone_with_work_of_its_own_left_refuses_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(1, |_| Some(Ended::Refused { reason: "no".to_owned() }));
    let running = start(&path, &blocks("", &[job("snos", "")]), &world);
    until("parked", || running.phase("snos", 1) == Some(Phase::Parked)).await;
    running.kill().await;
    let error = try_start(&path, &blocks("", &[job("other", "")]), &world).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the configuration does not have `blocks/snos`, and the journal has unfinished work of theirs"
    );
    assert!(error.hint().unwrap().contains("actions drop"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_job_begins_nothing_and_goes_on_when_it_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(2, |_| None);
    let name = paused_of(&"blocks/snos".parse().unwrap());
    keeper(&path).count(&[NextNumber { name: name.clone(), to: 1 }]).unwrap();
    let running = start(&path, &blocks("", &[job("snos", ""), job("other", "")]), &world);
    until("the other one", || world.done().len() == 2).await;
    assert_eq!(running.phase("snos", 1), Some(Phase::Due));
    running.journal.count(&[NextNumber { name, to: 2 }]).unwrap();
    until("both", || world.done().len() == 4).await;
    running.kill().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_waits_for_its_next_run_and_makes_up_for_one_that_was_missed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j");
    let world = World::new(0, |_| None);
    let text = "[pipelines.nightly]\ntrigger = \"cron\"\nschedule = \"* * * * *\"\n[pipelines.nightly.jobs.clean]\ncommand = [\"/bin/true\"]\n";
    let hour_ago = butler_core::runtime::clock::unix_now() - 3600;
    {
        // The journal of a watcher that was down for an hour.
        let keeper = keeper(&path);
        let to = crate::journal::Cursor {
            block: hour_ago,
            hash: ethers_core::types::H256::from_low_u64_be(hour_ago),
            time: hour_ago,
        };
        let cursor = Some(crate::journal::CursorMove { name: "jobs:nightly".to_owned(), expected: None, to });
        keeper.commit(&Batch { cursor, ..Batch::default() }).unwrap();
    }
    let running = start(&path, text, &world);
    until("one run", || !world.done().is_empty()).await;
    let runs: Vec<u64> = world.done().into_iter().map(|(_, item)| item.first()).collect();
    assert!(runs.len() <= 2 && runs.iter().all(|run| run % 60 == 0 && *run > hour_ago + 3400), "{runs:?}");
    running.kill().await;
}
