//! What a watcher that is killed leaves: the program that it started is noticed, and not started twice.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use butler_watcher::jobs::run::Ended;
use rustix::process::{Pid, Signal, kill_process};

use super::room::{Recorder, Room, lives, runner_of, setup, task, until};

/// Where the killed one works.
const FOLDER: &str = "BUTLER_JOBS_FOLDER";

/// Does one job, as another process.
#[tokio::test]
#[ignore = "a child of other tests"]
async fn does_a_job() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let program = folder.join("job").display().to_string();
    let runner = runner_of(setup(&folder, &[&program, "{artifact}"]));
    let ended = runner.process(&task(&folder, 7), None, &Recorder::default()).await;
    panic!("it was to be killed: {ended:?}");
}

#[tokio::test]
async fn a_program_that_outlives_a_killed_watcher_is_busy_and_is_not_started_twice() {
    let room = Room::new();
    let text =
        "echo $$ >> pids; [ -e again ] || { : > running; until [ -e go ]; do sleep 0.02; done; }; echo made > \"$1\"";
    room.program("job", text);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "kills::does_a_job"])
        .env(FOLDER, room.path(""))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    until("it runs", || room.path("running").exists()).await;
    child.kill().unwrap();
    child.wait().unwrap();

    let program = room.path("job").display().to_string();
    let runner = runner_of(room.setup(&[&program, "{artifact}"]));
    let (task, recorder) = (room.task(7), Recorder::default());
    for _ in 0..3 {
        assert!(matches!(runner.process(&task, None, &recorder).await, Ended::Busy { .. }));
        assert!(matches!(runner.verify(&task, None).await, Ended::Busy { .. }));
    }
    let pid = room.read("pids");
    assert_eq!((pid.lines().count(), recorder.count(), lives(&pid)), (1, 0, true));

    // When it is gone, what it left is not believed: nobody saw how it ended.
    kill_process(Pid::from_raw(pid.trim().parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    until("it is gone", || !lives(&pid)).await;
    until("its lock is free", || !matches_busy(&room)).await;
    butler_core::store::file::save_atomic(&room.path("again"), b"", 0o600).unwrap();
    let ended = runner.process(&task, None, &recorder).await;
    assert!(matches!(ended, Ended::Done { .. }), "{ended:?}");
    assert_eq!((room.artifact().unwrap(), room.read("pids").lines().count()), (b"made\n".to_vec(), 2));
    assert!(room.beside().is_empty(), "{:?}", room.beside());
}

/// Whether a shell's `sleep` still has the lock that the killed shell had.
fn matches_busy(room: &Room) -> bool {
    let locks = super::room::names(&room.path("locks"));
    locks.iter().any(|name| {
        let file = std::fs::File::open(room.path("locks").join(name)).unwrap();
        rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err()
    })
}
