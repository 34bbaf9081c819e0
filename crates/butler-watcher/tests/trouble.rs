//! What is wrong with the machine under a watcher: it stops or waits, says why and what to do, and changes nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use butler_core::domain::action::{ActionKind, ActionSubject, Evidence};
use butler_core::store::private::save_private;

use crate::support;
use crate::support::Bench;

/// Runs a watcher that must end by itself; its code and last words.
async fn refusal(bench: &Bench) -> (i32, String) {
    bench.watch().ended().await
}

fn copied(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    assert!(Command::new("cp").arg("-a").args([from, to]).status().unwrap().success());
}

/// The largest file of a folder and those below it.
fn largest(folder: &Path) -> PathBuf {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.map(|path| if path.is_dir() { largest(&path) } else { path });
    files.max_by_key(|path| path.metadata().unwrap().len()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_is_not_what_it_was_is_refused_with_what_to_do_and_left_as_it_is() {
    let bench = Bench::start().await;
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    // A second one beside it.
    let (code, log) = refusal(&bench).await;
    assert!(code == 6 && log.contains("in use by another process") && log.contains("hint"), "{code}: {log}");
    assert!(watcher.get("/livez").await.starts_with("HTTP/1.1 200"));
    watcher.stop();
    let kept = bench.journal();
    let journal = support::path_in(&bench, "state/journal");
    let older = support::path_in(&bench, "older");
    copied(&journal, &older);
    bench.chain.mine().await.unwrap();
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    watcher.stop();

    // An older copy in its place.
    let present = support::path_in(&bench, "present");
    fs::rename(&journal, &present).unwrap();
    copied(&older, &journal);
    let (code, log) = refusal(&bench).await;
    assert!(code == 6 && log.contains("copied or restored") && log.contains("--adopt"), "{code}: {log}");
    fs::remove_dir_all(&journal).unwrap();
    fs::rename(&present, &journal).unwrap();

    // A newer program's.
    let file = journal.join("journal.json");
    let text = fs::read_to_string(&file).unwrap();
    save_private(&file, text.replace("\"schema\":1", "\"schema\":2").as_bytes()).unwrap();
    let (code, log) = refusal(&bench).await;
    assert!(code == 6 && log.contains("has schema 2, this program knows 1"), "{code}: {log}");
    save_private(&file, text.as_bytes()).unwrap();

    // A bit of the history's end.
    let history = largest(&journal.join("history"));
    let whole = fs::read(&history).unwrap();
    let mut flipped = whole.clone();
    let place = flipped.len() - 40;
    flipped[place] ^= 1;
    save_private(&history, &flipped).unwrap();
    let (code, log) = refusal(&bench).await;
    assert!(code == 7 && log.contains("is damaged") && log.contains("state check"), "{code}: {log}");
    // The whole file.
    fs::remove_file(&history).unwrap();
    let (code, log) = refusal(&bench).await;
    assert!(code == 7 && log.contains("hint"), "{code}: {log}");
    save_private(&history, &whole).unwrap();

    // All is as it was, and it goes on.
    bench.chain.mine().await.unwrap();
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    watcher.stop();
    let after = bench.journal();
    assert!(kept.actions.iter().all(|action| after.actions.contains(action)));
    assert!(after.planned.values().all(|count| *count == 1), "{:?}", after.planned);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_cannot_be_written_is_code_7_with_its_name() {
    let bench = Bench::start().await;
    // Nobody may make anything there, root neither.
    let text = bench.config().replace("state_directory = \"state\"", "state_directory = \"/proc/self/fdinfo/state\"");
    bench.configure(&text);
    let (code, log) = refusal(&bench).await;
    assert!(code == 7 && log.contains("/proc/self/fdinfo/state"), "{code}: {log}");
}

/// A small disk in the watcher's folder; gone with it.
struct Disk(PathBuf);

impl Disk {
    /// None where this user may not mount one.
    fn mount(path: PathBuf) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=64m,mode=0700", "tmpfs"]).arg(&path);
        let is_mounted = mount.stderr(std::process::Stdio::null()).status().is_ok_and(|status| status.success());
        is_mounted.then_some(Self(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_it_watches_on_plans_nothing_and_goes_on_by_itself_when_there_is_room() {
    let bench = Bench::start().await;
    bench.settle().await;
    let Some(disk) = Disk::mount(support::path_in(&bench, "state")) else { return };
    let watcher = bench.watch();
    let first = bench.last_block().await;
    watcher.reached(first).await;
    let ballast = disk.0.join("ballast");
    assert!(Command::new("fallocate").args(["-l", "50M"]).arg(&ballast).status().unwrap().success());
    bench.chain.mine().await.unwrap();
    let last = bench.last_block().await;
    watcher
        .until("a line about the disk", async || {
            let is_there = watcher.log().lines().any(|line| line.contains("bytes left, the journal needs"));
            is_there.then_some(())
        })
        .await;
    // It sees what is final, and does not say that it planned that.
    watcher
        .until("the final block", async || {
            let seen = watcher.metric("butler_watcher_final_block{network=\"devnet\"}").await?;
            (seen >= f64::from(u32::try_from(last).unwrap())).then_some(())
        })
        .await;
    let planned = watcher.metric("butler_watcher_checkpoint_block{network=\"devnet\"}").await.unwrap();
    assert!(planned <= f64::from(u32::try_from(first).unwrap()), "{planned}");
    let unread =
        async || watcher.metric("butler_watcher_unread{network=\"devnet\"}").await.filter(|unread| *unread == 1.0);
    watcher.until("the range that waits", unread).await;
    fs::remove_file(ballast).unwrap();
    watcher.reached(last).await;
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    assert!(bench.journal().planned.values().all(|count| *count == 1));
}

/// Which conditions were told, each as whether it began, and its code and subject.
fn conditions(kept: &support::Kept) -> BTreeSet<(bool, String, String)> {
    let told = kept.actions.iter().filter_map(|action| {
        let (began, ActionSubject::Named(subject)) = (action.kind == ActionKind::ConditionBegan, &action.subject)
        else {
            return None;
        };
        let [Evidence::Finding { code, .. }] = action.evidence.as_slice() else { return None };
        Some((began, code.clone(), subject.clone()))
    });
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_a_key_file_cannot_be_read_ends_and_begins_nothing_but_what_is_said_of_the_file() {
    let bench = Bench::start().await;
    bench.settle().await;
    let run = async || {
        let watcher = bench.watch();
        watcher.reached(bench.last_block().await).await;
        watcher.stop();
        conditions(&bench.journal())
    };
    let before = run().await;
    let codes = |told: &BTreeSet<(bool, String, String)>| -> BTreeSet<String> {
        told.iter().map(|(_, code, _)| code.clone()).collect()
    };
    assert!(
        codes(&before).is_superset(&["coinbase_missing", "coinbase_wrong"].map(str::to_owned).into()),
        "{before:?}"
    );
    let files = ["server-1", "server-2"].map(|name| support::path_in(&bench, &format!("keys/{name}.json")));
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        save_private(file, &text.as_bytes()[..60]).unwrap();
    }
    bench.chain.mine().await.unwrap();
    let cut = run().await;
    let new: BTreeSet<_> = cut.difference(&before).cloned().collect();
    assert!(new.iter().all(|(began, code, _)| *began && code.starts_with("key_file")), "{new:?}");
    assert!(codes(&new).contains("key_file_unreadable"), "{new:?}");
    for file in &files {
        fs::remove_file(file).unwrap();
    }
    bench.chain.mine().await.unwrap();
    let gone = run().await;
    let new: BTreeSet<_> = gone.difference(&cut).cloned().collect();
    assert!(new.iter().all(|(_, code, _)| code.starts_with("key_file")), "{new:?}");
}
