//! A kill, or a refusal, at every system call of a job and of its textfile: what is there is the old or the new one, whole, and
//! it goes on from there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use butler_core::domain::job::Item;
use butler_core::store::file::save_atomic;
use butler_watcher::jobs::run::{Ended, Runner, TextfileSetup};

use super::room::{Recorder, Room, arguments, runner_of, setup, task};

const FOLDER: &str = "BUTLER_JOBS_SWEPT";
/// Longer than a program that is not heard of again has.
const LONGEST: Duration = Duration::from_secs(75);
const TELLS: &str = "outcome: ";
/// Every call that touches a file or starts a program, and how it may fail.
const CALLS: [(&str, &[&str]); 17] = [
    ("renameat", &["EIO", "ENOSPC"]),
    ("rename", &["EIO", "ENOSPC"]),
    ("fsync", &["EIO", "ENOSPC"]),
    ("mkdir", &["EIO", "ENOSPC"]),
    ("openat", &["EIO", "ENOSPC"]),
    ("write", &["EIO", "ENOSPC"]),
    ("fchmod", &["EIO"]),
    ("flock", &["EIO"]),
    ("unlink", &["EIO"]),
    ("unlinkat", &["EIO"]),
    ("rmdir", &["EIO"]),
    ("read", &["EIO"]),
    ("getdents64", &["EIO"]),
    ("statx", &["EIO"]),
    ("fstat", &["EIO"]),
    ("execve", &["EIO"]),
    ("waitid", &["ECHILD"]),
];
const QUICK: [&str; 4] = ["renameat", "rename", "fsync", "fchmod"];

fn has_strace() -> bool {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "true"]).stdout(Stdio::null()).stderr(Stdio::null());
    let is_there = command.status().is_ok_and(|status| status.success());
    let is_ci = std::env::var_os("CI").is_some_and(|value| !value.is_empty());
    assert!(is_there || !is_ci, "`CI` is set, and strace is missing");
    is_there
}

fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

fn tell(what: &str) {
    use std::io::Write as _;
    let told = writeln!(std::io::stdout().lock(), "\n{TELLS}{what}");
    assert!(told.is_ok(), "{told:?}");
}

/// A job whose artifact is there, and is not good any more.
fn job(folder: &Path) -> Runner {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut setup = setup(folder, &[&path("job"), "{artifact}"]);
    setup.verify = Some(arguments(&[&path("check"), "{artifact}"]));
    setup.textfile = Some(TextfileSetup { path: folder.join("job.prom"), chain: None, clock: || 200 });
    runner_of(setup)
}

fn prepare() -> Room {
    let room = Room::new();
    room.program("job", "echo new > \"$1\"");
    room.program("check", "read line < \"$1\" || exit 9; [ \"$line\" != old ]");
    std::fs::create_dir_all(room.path("out/7")).unwrap();
    save_atomic(&room.path("out/7/pie.bin"), b"old\n", 0o644).unwrap();
    room
}

#[tokio::test]
#[ignore = "a child of other tests"]
async fn promotes() {
    let Some(folder) = folder() else { return };
    let ended = job(&folder).process(&task(&folder, 7), None, &Recorder::default()).await;
    tell(if matches!(ended, Ended::Done { .. }) { "Done" } else { "Not" });
}

#[tokio::test]
#[ignore = "a child of other tests"]
async fn writes_figures() {
    let Some(folder) = folder() else { return };
    job(&folder).checked(Ok(Some(Item::one(8)))).await;
    tell("Done");
}

/// Runs a child to which this happens; `None` when it did not come to pass. Not with `--seccomp-bpf`: with it strace 6.1 sends no
/// signal at a later call than the first.
fn struck(room: &Room, child: &str, call: &str, what: &str, number: usize) -> Option<Output> {
    let log = room.path("calls");
    let (inject, trace) = (format!("inject={call}:{what}:when={number}"), format!("trace={call}"));
    let log_path = log.display().to_string();
    let begun = Instant::now();
    let output = Command::new("timeout")
        .args(["--signal=KILL", "40", "strace", "-f", "-qq", "-o", &log_path, "-e", &trace, "-e", &inject])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1", &format!("sweep::{child}")])
        .env_clear()
        .envs(["PATH", "TMPDIR"].into_iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .env(FOLDER, room.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(begun.elapsed() < LONGEST, "{call} {what} {number} hangs: {output:?}");
    let text = std::fs::read_to_string(&log).unwrap();
    (text.contains("(INJECTED)") || text.contains("killed by SIGKILL")).then_some(output)
}

/// Strikes at each call of a child until there is none, and has each looked at; how often.
fn sweep(child: &str, is_quick: bool, judge: impl Fn(&Room, bool, &str) + Sync) -> usize {
    let strikes: Vec<(&str, String)> = CALLS
        .iter()
        .filter(|(call, _)| !is_quick || QUICK.contains(call))
        .flat_map(|(call, errors)| {
            let errors = errors.iter().map(|error| format!("error={error}"));
            errors.chain(["signal=KILL".to_owned()]).map(move |what| (*call, what))
        })
        .collect();
    let (next, count) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
    let order = std::sync::atomic::Ordering::Relaxed;
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((call, what)) = strikes.get(next.fetch_add(1, order)) {
                    let begun = Instant::now();
                    for number in 1.. {
                        let room = prepare();
                        let shown = format!("{child}: {what} at {call} {number}");
                        let Some(output) = struck(&room, child, call, what, number) else {
                            eprintln!("{child}: {what} at {call}: {} strikes in {:.1?}", number - 1, begun.elapsed());
                            break;
                        };
                        let is_done = String::from_utf8_lossy(&output.stdout).contains(&format!("{TELLS}Done"));
                        judge(&room, is_done, &shown);
                        count.fetch_add(1, order);
                    }
                }
            });
        }
    });
    count.into_inner()
}

fn judge_artifact(room: &Room, is_done: bool, shown: &str) {
    let content = room.artifact();
    let content = content.as_deref();
    assert!(content == Some(b"new\n") || (content == Some(b"old\n") && !is_done), "{shown}: {content:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(job(&room.path("")).process(&room.task(7), None, &Recorder::default()));
    assert!(matches!(ended, Ended::Done { .. }), "{shown}: {ended:?}");
    assert_eq!((room.artifact().as_deref(), room.beside()), (Some(b"new\n".as_slice()), Vec::new()), "{shown}");
}

fn judge_figures(room: &Room, _: bool, shown: &str) {
    let text = room.read("job.prom");
    let is_whole =
        text.lines().count() == 9 && text.ends_with("butler_job_current_item{pipeline=\"blocks\",job=\"snos\"} 8\n");
    assert!(text.is_empty() || is_whole, "{shown}: {text}");
}

#[test]
fn a_kill_or_a_full_disk_at_the_promotion_leaves_the_old_or_the_new_artifact_whole() {
    if !has_strace() {
        eprintln!("left out: strace is missing");
        return;
    }
    let count = sweep("promotes", true, judge_artifact) + sweep("writes_figures", true, judge_figures);
    eprintln!("{count} strikes");
    assert!(count > 20, "{count}");
}

#[test]
#[ignore = "it takes longer: `cargo xtask chaos --only jobs`"]
fn any_error_at_any_call_of_a_job_leaves_the_old_or_the_new_artifact_and_textfile_whole() {
    if !has_strace() {
        eprintln!("left out: strace is missing");
        return;
    }
    let (artifact, figures) = (sweep("promotes", false, judge_artifact), sweep("writes_figures", false, judge_figures));
    eprintln!("{artifact} strikes at a job, {figures} at its textfile");
    assert!(artifact > 120 && figures > 60, "{artifact} {figures}");
}
