//! Pipelines in the real watcher: shell scripts over the periods of a beacon chain, killed in between.

use std::fs::File;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use butler_core::domain::action::{EffectKey, Phase};
use butler_core::domain::job::Item;
use butler_core::store::file::save_atomic;
use butler_testkit::beacon::FakeBeacon;
use butler_watcher::journal::{Journal as _, Keeper, Known, Settings};
use butler_watcher::program::journal_directory;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(90);

/// A folder with a configuration, two programs, and what they wrote down.
struct Room {
    folder: tempfile::TempDir,
    beacon: FakeBeacon,
}

impl Room {
    async fn new(epoch: u64, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let beacon = FakeBeacon::start(epoch).await.unwrap();
        let room = Self { folder, beacon };
        for folder in ["state", "out"] {
            std::fs::create_dir(room.path(folder)).unwrap();
            std::fs::set_permissions(room.path(folder), std::fs::Permissions::from_mode(0o700)).unwrap();
        }
        // Each begin and end is written down before and after the work, which takes a moment.
        room.program(
            "snos",
            "echo \"begin snos $1\" >> ../log; sleep 0.2; echo \"pie of $1\" > \"$2\"; echo \"end snos $1\" >> ../log",
        );
        room.program(
            "prove",
            "echo \"begin prove $1\" >> ../log; sleep 0.2; cat \"$2\" > \"$3\"; echo \"end prove $1\" >> ../log",
        );
        room.configure(more);
        room
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn program(&self, name: &str, text: &str) {
        let script = format!("#!/bin/sh\nset -e\nPATH=/usr/bin:/bin\n{text}\n");
        save_atomic(&self.path(name), script.as_bytes(), 0o700).unwrap();
    }

    fn configure(&self, more: &str) {
        let root = self.folder.path().display();
        let text = format!(
            r#"[watcher]
listen = "127.0.0.1:0"
state_directory = "{root}/state"
runtime_directory = "{root}/state"
[pipelines.periods]
trigger = "beacon_period"
epochs_per_period = 1
ahead = 0
from = 1
poll_interval = "1s"
folder = "{root}/out"
[[pipelines.periods.beacons]]
url = "{url}"
[pipelines.periods.jobs.snos]
policy = "auto"
ordered = true
retry_interval = "1s"
look_interval = "1s"
command = ["{root}/snos", "{{item}}", "{{artifact}}"]
artifact = "{{item}}/pie.txt"
[pipelines.periods.jobs.prove]
policy = "auto"
after = ["snos"]
ordered = true
retry_interval = "1s"
look_interval = "1s"
command = ["{root}/prove", "{{item}}", "{{input.snos}}", "{{artifact}}"]
artifact = "{{item}}/proof.txt"
{more}
"#,
            url = self.beacon.url()
        );
        save_atomic(&self.path("butler.toml"), text.as_bytes(), 0o600).unwrap();
    }

    fn watch(&self) -> Child {
        let log = File::options().create(true).append(true).open(self.path("watcher.log")).unwrap();
        command(self.folder.path()).stderr(log).stdout(Stdio::null()).spawn().unwrap()
    }

    fn log(&self) -> Vec<String> {
        let log = std::fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Waits until something is so while that watcher runs.
    fn until(&self, watcher: &mut Child, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            let said = || std::fs::read_to_string(self.path("watcher.log")).unwrap_or_default();
            assert!(watcher.try_wait().unwrap().is_none(), "it ended: {}", said());
            assert!(begun.elapsed() < LONG, "{what} never came: {:?}\n{}", self.log(), said());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn proof(&self, item: u64) -> Option<String> {
        std::fs::read_to_string(self.path(&format!("out/{item}/proof.txt"))).ok()
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_butler-watcher"));
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
    command.arg("--config").arg(folder.join("butler.toml"));
    command
}

fn kill(mut watcher: Child) {
    watcher.kill().unwrap();
    watcher.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn five_items_of_two_jobs_are_done_in_order_and_once_though_the_watcher_is_killed_in_between() {
    let room = Room::new(5, "").await;
    let points = ["end snos 1", "begin prove 2", "end prove 3", "begin snos 5"];
    for point in points {
        let mut watcher = room.watch();
        room.until(&mut watcher, point, || room.log().iter().any(|line| line == point));
        kill(watcher);
    }
    let mut watcher = room.watch();
    room.until(&mut watcher, "the last proof", || (1..=5).all(|item| room.proof(item).is_some()));
    room.until(&mut watcher, "its end", || room.log().iter().any(|line| line == "end prove 5"));
    // What it was told it keeps; what is new comes later.
    room.beacon.finalize(6, 1);
    room.until(&mut watcher, "the next one", || room.proof(6).is_some());
    kill(watcher);
    for item in 1..=6 {
        assert_eq!(room.proof(item).unwrap(), format!("pie of {item}\n"));
    }
    let log = room.log();
    let ends = |job: &str| -> Vec<String> {
        let ends = log.iter().filter(|line| line.starts_with(&format!("end {job} ")));
        ends.map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
    };
    for job in ["snos", "prove"] {
        let mut ends = ends(job);
        ends.dedup();
        assert_eq!(ends, ["1", "2", "3", "4", "5", "6"], "{job}: {log:?}");
    }
    for item in 1..=6 {
        let place = |line: &str| log.iter().position(|other| *other == format!("{line} {item}")).unwrap();
        assert!(place("end snos") < place("begin prove"), "{log:?}");
    }
    let keeper = Keeper::open(&journal_directory(&room.path("state")), Settings::default()).unwrap();
    assert_eq!(keeper.verify().unwrap().faults, Vec::<String>::new());
    let key = EffectKey::of_job(&"periods/snos".parse().unwrap(), Item::one(3));
    assert!(
        matches!(keeper.look_up(&key).unwrap(), Some(Known::Finished(done)) if done.phase == Phase::Done && done.made.is_some())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_gone_with_its_work_unfinished_refuses_the_start_and_is_named() {
    let room = Room::new(
        1,
        "[pipelines.periods.jobs.other]\npolicy = \"approve\"\ncommand = [\"/bin/true\"]\nverify = [\"/bin/false\"]\n",
    )
    .await;
    let mut watcher = room.watch();
    room.until(&mut watcher, "the proof", || room.proof(1).is_some());
    kill(watcher);
    room.configure("");
    let output = command(room.folder.path()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(said.contains("`periods/other`") && said.contains("hint: put it back"), "{said}");
}
