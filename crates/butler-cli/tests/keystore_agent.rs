//! `keystore agent` over a pipe: whatever ends it, the file is the old one or the new one, the same question ends the work, and
//! nothing of a key is left anywhere.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use butler_core::key_files::edit::{
    Answer, Ask, BoundEdit, Edit, Failure, FileName, Later, Request, Said, Setting, Wish, backup_id,
};
use butler_core::store::file::save_atomic;
use ethers_core::types::{Address, H256};

/// The private key 1, its address, and a coinbase.
const KEY: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const ATTESTER: &str = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf";
const COINBASE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// An ordinary mode of a keystore that a group may read.
const MODE: u32 = 0o640;

struct Bench(tempfile::TempDir);

impl Bench {
    fn new() -> Self {
        let bench = Self(tempfile::tempdir().unwrap());
        fs::create_dir(bench.keys()).unwrap();
        bench.put();
        bench
    }

    fn put(&self) {
        save_atomic(&self.file(), old().as_bytes(), MODE).unwrap();
    }

    fn keys(&self) -> PathBuf {
        self.0.path().join("keys")
    }

    fn file(&self) -> PathBuf {
        self.keys().join("keys.json")
    }

    fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    /// The agent, below something that starts it.
    fn below(&self, starter: &[&str]) -> Command {
        let mut words: Vec<&str> = starter.to_vec();
        words.extend([env!("CARGO_BIN_EXE_butler-cli"), "keystore", "agent"]);
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg("--folder").arg(self.keys()).arg("--state").arg(self.state());
        command.current_dir(self.0.path()).env_clear().env("PATH", "/usr/bin:/bin");
        command
    }

    fn run(&self, starter: &[&str], ask: &Ask) -> Output {
        let question = serde_json::to_vec(&Request::new(ask.clone())).unwrap();
        let ran = finish(&mut self.below(starter), &question);
        let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert!(!told.contains(KEY), "{told}");
        ran
    }

    fn ask(&self, ask: &Ask) -> Said {
        said(&self.run(&[], ask))
    }

    fn backups(&self) -> Vec<H256> {
        let said = self.ask(&Ask::Look);
        let Said::Looked { backups, beside, folder } = said else { panic!("{said:?}") };
        assert!(beside.is_empty() && folder.obstacles.is_empty(), "{beside:?} {folder:?}");
        backups
    }

    /// The change that all tests make, with what it makes of the file.
    fn change(&self) -> (Ask, String, BoundEdit) {
        let Said::Looked { folder, .. } = self.ask(&Ask::Look) else { panic!("no look") };
        let change = Wish {
            attester: ATTESTER.parse().unwrap(),
            before: Setting::Absent,
            after: COINBASE.parse::<Address>().unwrap().try_into().unwrap(),
        };
        let edit = Edit { file: name(), digest_before: folder.files[0].digest, changes: vec![change] };
        let said = self.ask(&Ask::Preview { edits: vec![edit.clone()] });
        let Said::Previewed { files, .. } = said else { panic!("{said:?}") };
        let bound = BoundEdit { edit, digest_after: files[0].digest_after };
        let new = old().replace(&format!("0x{KEY}\""), &format!("0x{KEY}\", \"coinbase\": \"{COINBASE}\""));
        (Ask::Apply { edits: vec![bound.clone()] }, new, bound)
    }

    /// What lies in a folder, with names that end so.
    fn left(&self, folder: &Path, ending: &str) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.ends_with(ending)).collect()
    }
}

fn old() -> String {
    let recipient = format!("0x{}5", "0".repeat(63));
    format!(r#"{{ "schemaVersion": 1, "validators": [ {{ "attester": "0x{KEY}", "feeRecipient": "{recipient}" }} ] }}"#)
}

fn name() -> FileName {
    FileName::try_from("keys.json".to_owned()).unwrap()
}

fn finish(command: &mut Command, question: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(question);
    child.wait_with_output().unwrap()
}

fn said(ran: &Output) -> Said {
    assert_eq!((ran.status.code(), String::from_utf8_lossy(&ran.stderr).as_ref()), (Some(0), ""));
    serde_json::from_slice::<Answer>(&ran.stdout).unwrap().said
}

/// Whether there is a strace that may trace.
fn has_strace() -> bool {
    Command::new("strace").args(["-o", "/dev/null", "true"]).output().is_ok_and(|ran| ran.status.success())
}

/// Starts the agent so that the `when`th call of that name is met by `what`.
fn injected(call: &str, what: &str, when: usize) -> [String; 7] {
    let inject = format!("inject={call}:{what}:when={when}");
    ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject].map(str::to_owned)
}

#[test]
fn a_question_is_answered_over_a_pipe_and_nothing_else_is_believed() {
    let bench = Bench::new();
    let (apply, new, bound) = bench.change();
    let question = serde_json::to_vec(&Request::new(apply)).unwrap();
    let mut agent = bench.below(&[]);
    agent.env("SSH_ORIGINAL_COMMAND", "rm -rf /").env("BUTLER_CONFIG", "/nowhere.toml").env("BUTLER_NETWORK", "x");
    assert!(matches!(said(&finish(&mut agent, &question)), Said::Applied { .. }));
    assert_eq!(fs::read_to_string(bench.file()).unwrap(), new);
    assert_eq!(bench.backups(), [backup_id(&name(), bound.edit.digest_before)]);
    assert!(matches!(said(&finish(&mut bench.below(&[]), b"hello")), Said::Failed { .. }));
    assert!(matches!(said(&finish(&mut bench.below(&[]), &vec![b'{'; 3 << 20])), Said::Failed { .. }));
}

#[test]
fn without_a_question_it_ends_with_a_code_and_touches_nothing() {
    let bench = Bench::new();
    let mut agent = bench.below(&[]);
    let mut child = agent.args(["--deadline", "1ms"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Held open for as long as the agent lives.
    let stdin = child.stdin.take().unwrap();
    let ran = child.wait_with_output().unwrap();
    drop(stdin);
    assert_eq!(ran.status.code(), Some(2), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(!bench.state().exists());
}

#[test]
fn killed_at_any_call_it_leaves_the_old_file_or_the_new_one_and_the_same_question_ends_the_work() {
    if !has_strace() {
        return;
    }
    let bench = Bench::new();
    let (apply, new, bound) = bench.change();
    let (before, written) = (bound.edit.digest_before, bound.digest_after);
    let (restore, id) =
        (Ask::Restore { file: name(), digest_written: written, digest_before: before }, backup_id(&name(), before));
    let mut kills = 0;
    for (ask, from, to) in [(&apply, old(), new.clone()), (&restore, new.clone(), old())] {
        for call in [
            "openat2",
            "pread64",
            "write",
            "fsync",
            "fchmod",
            "fchown",
            "fsetxattr",
            "fremovexattr",
            "flock",
            "renameat2",
            "unlinkat",
        ] {
            for when in 1.. {
                bench.put();
                assert!(matches!(bench.ask(&Ask::Finish { backups: vec![id] }), Said::Finished { .. }));
                if from == new {
                    assert!(matches!(bench.ask(&apply), Said::Applied { .. }));
                }
                let starter = injected(call, "signal=KILL", when);
                let ran = bench.run(&starter.each_ref().map(String::as_str), ask);
                if ran.status.success() {
                    break;
                }
                kills += 1;
                let at = format!("{call} {when}");
                let found = fs::read_to_string(bench.file()).unwrap();
                assert!(found == from || found == to, "{at}: {found}");
                assert_eq!(bench.file().metadata().unwrap().mode() & 0o7777, MODE, "{at}");
                let backups = bench.backups();
                assert!(backups.is_empty() || backups == [id], "{at}");
                assert!(!backups.is_empty() || found == old(), "{at}: what was replaced is kept");
                let left = (bench.left(&bench.keys(), ".tmp"), bench.left(&bench.state(), ".tmp"));
                assert_eq!(left, (vec![], vec![]), "{at}");
                let again = bench.ask(ask);
                assert!(matches!(again, Said::Applied { .. } | Said::Restored { .. }), "{at}: {again:?}");
                assert_eq!(fs::read_to_string(bench.file()).unwrap(), to, "{at}");
                assert_eq!(bench.backups().is_empty(), to == old(), "{at}");
            }
        }
    }
    assert!(kills > 30, "{kills}");
}

#[test]
fn a_full_disk_leaves_everything_as_it_was() {
    if !has_strace() {
        return;
    }
    let bench = Bench::new();
    let (apply, new, bound) = bench.change();
    let mut full = 0;
    for (call, error) in [("write", "ENOSPC"), ("fsync", "EIO"), ("renameat2", "EDQUOT")] {
        for when in 1..20 {
            bench.put();
            bench.ask(&Ask::Finish { backups: vec![backup_id(&name(), bound.edit.digest_before)] });
            let starter = injected(call, &format!("error={error}"), when);
            let ran = bench.run(&starter.each_ref().map(String::as_str), &apply);
            // Its answer may be what could not be written.
            let Ok(answer) = serde_json::from_slice::<Answer>(&ran.stdout) else { continue };
            let found = fs::read_to_string(bench.file()).unwrap();
            let at = format!("{call} {when}: {answer:?}");
            let is_full = |failure: &Failure| matches!(failure, Failure::Later { why: Later::Full | Later::Io, .. });
            if matches!(&answer.said, Said::Failed { failure, .. } if is_full(failure)) {
                full += 1;
                assert_eq!(found, old(), "{at}");
            } else {
                let is_there = matches!(
                    answer.said,
                    Said::Applied { .. } | Said::Failed { failure: Failure::Unsettled { .. }, .. }
                );
                assert!(is_there && found == new, "{at}");
            }
            bench.backups();
            assert!(
                bench.left(&bench.keys(), ".tmp").is_empty() && bench.left(&bench.state(), ".tmp").is_empty(),
                "{at}"
            );
            assert!(matches!(bench.ask(&apply), Said::Applied { .. }), "{at}");
        }
    }
    assert!(full > 4, "{full}");
}

#[test]
fn a_crash_dumps_no_key() {
    if !has_strace() {
        return;
    }
    let bench = Bench::new();
    let (apply, ..) = bench.change();
    let crash = injected("renameat2", "signal=ABRT", 1).join(" ");
    let starter = ["sh", "-c", &format!("ulimit -c unlimited; exec {crash} \"$@\""), "sh"];
    let ran = bench.run(&starter, &apply);
    assert!(!ran.status.success(), "{ran:?}");
    let files: Vec<String> = bench.left(bench.0.path(), "");
    assert!(files.iter().all(|name| ["keys", "state"].contains(&name.as_str())), "{files:?}");
}
