//! Programs that hang, leave others behind, write too much, or are about it twice.

use std::time::Duration;

use butler_watcher::jobs::run::Ended;

use super::room::{Recorder, Room, lives, reason, runner_of, until};

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

#[tokio::test]
async fn an_exit_code_is_told_with_the_last_lines_of_the_errors() {
    let room = Room::new();
    let ended = room.run("echo out; for n in 1 2 3 4; do echo \"line $n\" >&2; done; exit 3").await;
    assert_eq!(reason(&ended), "it ended with code 3: line 2 | line 3 | line 4");
    assert!(matches!(ended, Ended::Retry { after: None, .. }), "{ended:?}");
    let ended = room.run("kill -9 $$").await;
    assert_eq!(reason(&ended), "it was ended by signal 9");
}

#[tokio::test]
async fn a_program_that_hangs_is_told_to_end_and_killed_when_it_does_not() {
    let room = Room::new();
    let polite =
        room.program("polite", "trap 'echo told > told; exit 0' TERM; echo $$ > pid; while :; do sleep 0.1; done");
    let mut setup = room.setup(&[&polite]);
    setup.programs.timeout = Duration::from_secs(1);
    let ended = room.process(setup).await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.starts_with("it did not end within")), "{ended:?}");
    assert_eq!(room.read("told"), "told\n");

    let deaf = room.program(
        "deaf",
        "trap '' TERM; (trap '' TERM; echo $$ >> pids; exec sleep 600) & echo $! >> pids; while :; do sleep 0.1; done",
    );
    let mut setup = room.setup(&[&deaf]);
    setup.programs.timeout = Duration::from_secs(1);
    setup.programs.kill_grace = Duration::from_millis(200);
    let ended = room.process(setup).await;
    assert!(matches!(&ended, Ended::Retry { reason, .. } if reason.starts_with("it did not end within")), "{ended:?}");
    let pids = room.read("pids");
    assert_eq!(pids.lines().count(), 2);
    for pid in pids.lines() {
        until("the group is gone", || !lives(pid)).await;
    }
}

#[tokio::test]
async fn what_a_program_leaves_behind_is_killed_and_pipes_that_others_hold_are_not_waited_for() {
    let room = Room::new();
    let ended = room.run("sleep 600 & echo $! > left; echo made > \"$1\"").await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    let left = room.read("left");
    until("what it left is gone", || !lives(&left)).await;

    // One that leaves the group, with the outputs, but not with the lock.
    let room = Room::new();
    let ended = room
        .run("setsid sleep 600 < /dev/null & echo $! > left; until [ -s left ]; do :; done; echo made > \"$1\"")
        .await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    let left = room.read("left");
    if lives(&left) {
        rustix::process::kill_process(pid(&left), rustix::process::Signal::KILL).unwrap();
    }
}

fn pid(text: &str) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(text.trim().parse().unwrap()).unwrap()
}

#[tokio::test]
async fn what_left_the_group_with_the_lock_is_noticed_before_it_is_started_twice() {
    let room = Room::new();
    // `setsid` in the background of a shell has /dev/null as its input: the lock is handed over by another number.
    let text = "exec 3<&0; setsid sh -c 'echo $$ > left; exec sleep 600' <&3 & until [ -s left ]; do :; done; exit 1";
    let program = room.program("job", text);
    let runner = runner_of(room.setup(&[&program, "{artifact}"]));
    let task = room.task(7);
    let ended = runner.process(&task, None, &Recorder::default()).await;
    assert!(matches!(ended, Ended::Retry { .. }), "{ended:?}");
    let left = room.read("left");
    let recorder = Recorder::default();
    assert!(matches!(runner.process(&task, None, &recorder).await, Ended::Busy { .. }));
    assert!(matches!(runner.verify(&task, None).await, Ended::Busy { .. }));
    assert_eq!(recorder.count(), 0);
    rustix::process::kill_process(pid(&left), rustix::process::Signal::KILL).unwrap();
    until("it is gone", || !lives(&left)).await;
    assert!(matches!(runner.verify(&task, None).await, Ended::Retry { .. }));
}

#[tokio::test]
async fn a_program_that_writes_a_gigabyte_is_ended_and_costs_no_memory() {
    let room = Room::new();
    for flood in ["exec head -c 1073741824 /dev/zero", "exec head -c 1073741824 /dev/zero >&2"] {
        let before = resident_kib();
        let ended = room.run(flood).await;
        assert!(reason(&ended).starts_with("it wrote more to its output than it may"), "{ended:?}");
        assert!(resident_kib() < before + 8 * 1024, "{before} KiB before, {} KiB now", resident_kib());
    }
    let ended = room.run("exec head -c 1073741824 /dev/zero > \"$1\"").await;
    let reason = reason(&ended);
    let is_told = reason.starts_with("its artifact grew longer") || reason.contains("it is longer than it may be");
    assert!(is_told && matches!(ended, Ended::Retry { .. }), "{ended:?}");
    assert_eq!((room.artifact(), room.beside().len()), (None, 1));
    let private = super::room::names(&room.path("out/7").join(&room.beside()[0]));
    assert!(private.is_empty(), "{private:?}");
}

#[tokio::test]
async fn what_fits_into_the_allowance_is_read_to_its_end() {
    let room = Room::new();
    let ended = room.run("head -c 1000000 /dev/zero; echo made > \"$1\"").await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_one_item_one_runs_and_others_do_not_wait_for_it() {
    let room = Room::new();
    let program = room.program("job", "echo x >> runs-$2; until [ -e go ]; do sleep 0.01; done; echo made > \"$1\"");
    let setup = room.setup(&[&program, "{artifact}", "{item}"]);
    let (runner, recorder) = (runner_of(setup), Recorder::default());
    let (seven, eight) = (room.task(7), room.task(8));
    let others = async {
        until("both run", || !room.read("runs-7").is_empty() && !room.read("runs-8").is_empty()).await;
        let busy = runner.process(&seven, None, &recorder).await;
        butler_core::store::file::save_atomic(&room.path("go"), b"", 0o600).unwrap();
        busy
    };
    let first = runner.process(&seven, None, &recorder);
    let (first, other, busy) = tokio::join!(first, runner.process(&eight, None, &recorder), others);
    assert!(
        matches!((&first, &other, &busy), (Ended::Done { .. }, Ended::Done { .. }, Ended::Busy { .. })),
        "{first:?} {other:?} {busy:?}"
    );
    assert_eq!((room.read("runs-7").as_str(), recorder.count()), ("x\n", 2));
    assert!(super::room::names(&room.path("locks")).is_empty());
}
