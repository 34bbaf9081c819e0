//! The file of figures of a job: after each check and each run, across restarts, and with the prover daemon's names.

use std::collections::BTreeMap;

use butler_core::domain::job::Item;
use butler_core::store::file::save_atomic;
use butler_watcher::jobs::run::{Ended, Runner, Setup, TextfileSetup};

use super::room::{Recorder, Room, runner_of};

fn with_textfile(room: &Room, mut setup: Setup, clock: fn() -> u64) -> Setup {
    let chain = Some("main\"net".to_owned());
    setup.textfile = Some(TextfileSetup { path: room.path("job.prom"), chain, clock });
    setup
}

/// The samples by name; each has its help and type right before it, and a label set of its own.
fn samples(room: &Room) -> BTreeMap<String, String> {
    let text = room.read("job.prom");
    let lines: Vec<&str> = text.lines().collect();
    assert!(text.ends_with('\n') && lines.len().is_multiple_of(3), "{text}");
    let sample = |family: &[&str]| {
        let (name, rest) = family[2].split_once('{').unwrap();
        assert!(
            family[0].starts_with(&format!("# HELP {name} ")) && family[1] == format!("# TYPE {name} gauge"),
            "{text}"
        );
        let (labels, value) = rest.split_once("} ").unwrap();
        let own = ["pipeline=\"blocks\",job=\"snos\"", "chain=\"main\\\"net\""];
        assert_eq!(labels, own[usize::from(name.starts_with("prover_"))]);
        (name.to_owned(), value.to_owned())
    };
    lines.chunks(3).map(sample).collect()
}

fn runner(room: &Room, text: &str, clock: fn() -> u64) -> Runner {
    let program = room.program("job", text);
    runner_of(with_textfile(room, room.setup(&[&program, "{artifact}"]), clock))
}

#[tokio::test]
async fn each_check_and_each_try_is_told_and_a_restart_forgets_nothing() {
    let room = Room::new();
    runner(&room, "", || 100).checked(Err(())).await;
    let told = samples(&room);
    assert_eq!(
        (told["butler_job_last_check_timestamp_seconds"].as_str(), told["butler_job_last_check_success"].as_str()),
        ("100", "0")
    );
    // What never was is not told as 0.
    assert_eq!(told.keys().filter(|name| name.contains("run") || name.contains("success_")).count(), 0, "{told:?}");

    for failures in ["1", "2"] {
        let failing = runner(&room, "exit 5", || 200);
        failing.checked(Ok(Some(Item::one(7)))).await;
        assert!(matches!(failing.process(&room.task(7), None, &Recorder::default()).await, Ended::Retry { .. }));
        let told = samples(&room);
        assert_eq!(told["butler_job_consecutive_failures"], failures);
        assert_eq!(
            (told["butler_job_last_run_exit_code"].as_str(), told["butler_job_last_run_status"].as_str()),
            ("5", "1")
        );
        assert_eq!(
            (told["butler_job_current_item"].as_str(), told.contains_key("butler_job_last_success_timestamp_seconds")),
            ("7", false)
        );
    }
    let killed = runner(&room, "kill -9 $$", || 250);
    killed.process(&room.task(7), None, &Recorder::default()).await;
    assert_eq!(samples(&room)["butler_job_last_run_exit_code"], "-1");

    let good = runner(&room, "echo made > \"$1\"", || 300);
    assert!(matches!(good.process(&room.task(7), None, &Recorder::default()).await, Ended::Done { .. }));
    let told = samples(&room);
    assert_eq!(
        (told["butler_job_consecutive_failures"].as_str(), told["butler_job_last_run_status"].as_str()),
        ("0", "0")
    );
    assert_eq!(told["butler_job_last_success_timestamp_seconds"], "300");
    assert_eq!(told["butler_job_last_check_success"], "1");
    // What is done already is no try, and a failed check says nothing of the last one.
    let before = room.read("job.prom");
    let later = runner(&room, "exit 1", || 400);
    later.process(&room.task(7), None, &Recorder::default()).await;
    assert_eq!(room.read("job.prom"), before);
    later.checked(Err(())).await;
    let told = samples(&room);
    assert_eq!(
        (told["butler_job_last_run_status"].as_str(), told["butler_job_last_check_timestamp_seconds"].as_str()),
        ("0", "400")
    );
}

#[tokio::test]
async fn the_prover_daemons_names_say_what_its_page_says() {
    let room = Room::new();
    let runner = runner(&room, "exit 1", || 500);
    runner.checked(Ok(Some(Item::one(0)))).await;
    assert!(!samples(&room).contains_key("prover_daemon_current_period"), "none before one is known");
    runner.checked(Ok(Some(Item::one(1_556)))).await;
    runner.process(&room.task(1_556), None, &Recorder::default()).await;
    let told: BTreeMap<String, String> =
        samples(&room).into_iter().filter(|(name, _)| name.starts_with("prover_daemon_")).collect();
    let mut names: Vec<&str> = told.keys().map(String::as_str).collect();
    names.sort_unstable();
    let expected = [
        "prover_daemon_current_period",
        "prover_daemon_last_check_timestamp_seconds",
        "prover_daemon_last_run_duration_seconds",
        "prover_daemon_last_run_status",
        "prover_daemon_last_run_timestamp_seconds",
    ];
    assert_eq!(names, expected);
    // A failed try is an attempt, too.
    assert_eq!((told[expected[0]].as_str(), told[expected[3]].as_str()), ("1556", "1"));
    let begun: u64 = told[expected[4]].parse().unwrap();
    assert!((440..=500).contains(&begun));
}

#[tokio::test]
async fn a_file_of_another_job_or_of_nonsense_is_not_gone_on_from_and_one_that_cannot_be_written_disturbs_nothing() {
    let room = Room::new();
    let foreign = "butler_job_consecutive_failures{pipeline=\"other\",job=\"snos\"} 7\n\
        butler_job_consecutive_failures{pipeline=\"blocks\",job=\"snos\"} NaN\nnonsense\n\u{fffd} 1\n";
    save_atomic(&room.path("job.prom"), foreign.as_bytes(), 0o644).unwrap();
    runner(&room, "", || 1).checked(Ok(None)).await;
    assert!(!samples(&room).contains_key("butler_job_consecutive_failures"));

    let program = room.program("job", "echo made > \"$1\"");
    let mut setup = with_textfile(&room, room.setup(&[&program, "{artifact}"]), || 1);
    setup.textfile.as_mut().unwrap().path = room.path("nowhere/job.prom");
    let runner = runner_of(setup);
    runner.checked(Ok(None)).await;
    assert!(matches!(runner.process(&room.task(7), None, &Recorder::default()).await, Ended::Done { .. }));
}
