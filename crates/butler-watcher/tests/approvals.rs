//! What a person decides, through the real programs: each policy, each decision, each refusal, and kills in between.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and writes files of its own")]

use std::path::Path;
use std::process::Command;

use butler_testkit::devnet::Move;
use serde_json::Value;

use crate::support::Bench;
use crate::support::person::{begun, cli_as, is_root, listed, own, stake, text, wait_for};

/// Users that nobody is.
const ALICE: u32 = 61_001;
const BOB: u32 = 61_002;
const EVE: u32 = 61_003;

#[tokio::test(flavor = "multi_thread")]
async fn an_action_waits_is_told_once_and_is_approved_rejected_or_left_through_kills() {
    let keys = format!("approvers = [\"{}\"]\n", own());
    let bench = begun(&keys, "").await;
    let watcher = bench.watch();
    stake(&bench, 3).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 3).await;
    watcher
        .until("three notices", async || (watcher.log().matches("waits for an approval").count() == 3).then_some(()))
        .await;
    assert!(
        watcher.log().contains(&format!("butler-cli actions approve {}`", text(&rows[0], "short"))),
        "{}",
        watcher.log()
    );
    let since = "butler_watcher_waiting_since_timestamp_seconds{phase=\"awaiting_approval\"}";
    watcher.until("the metric", async || watcher.metric(since).await).await;
    let page = watcher.get("/").await;
    assert!(page.contains("Content-Security-Policy") || page.contains("content-security-policy"), "{page}");
    assert!(page.contains(&format!("butler-cli actions approve {}</code>", text(&rows[0], "short"))), "{page}");
    watcher.kill();

    // Approved: told with who approved it, and looked at until the key files name it.
    let watcher = bench.watch();
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 3).await;
    let approve = ["--json", "actions", "approve", text(&rows[0], "key"), "--shown", text(&rows[0], "shown")];
    let (code, report, said) = cli_as(&bench, own(), &approve).await;
    assert_eq!((code, &report["decided"][0]["phase"]), (0, &Value::from("due")), "{said}");
    watcher.kill();
    let watcher = bench.watch();
    wait_for(&bench, &watcher, "verifying", 1).await;
    assert!(watcher.log().contains(&format!("approved by uid {}: ", own())), "{}", watcher.log());
    // A replay, and one for what changed since.
    let (code, _, said) = cli_as(&bench, own(), &approve).await;
    assert!(code == 6 && said.contains("does not wait for an approval"), "{said}");

    let reject =
        |shown| ["--json", "actions", "reject", text(&rows[1], "key"), "--shown", shown, "--reason", "not ours"];
    let (code, _, said) = cli_as(&bench, own(), &reject(text(&rows[0], "shown"))).await;
    assert!(code == 6 && said.contains("not what was shown"), "{said}");
    let (code, report, said) = cli_as(&bench, own(), &reject(text(&rows[1], "shown"))).await;
    assert_eq!((code, &report["decided"][0]["phase"]), (0, &Value::from("dropped")), "{said}");
    watcher.kill();
    let watcher = bench.watch();
    wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    let (code, export, said) = cli_as(&bench, own(), &["--json", "actions", "export"]).await;
    assert_eq!(code, 0, "{said}");
    let (code, log) = watcher.stop();
    assert_eq!(code, 0, "{log}");
    let kept = bench.journal();
    assert!(kept.planned.values().all(|count| *count == 1), "{:?}", kept.planned);
    verify(&bench, &export);
}

/// Whoever is no part of butler verifies an export, and notices any change of it.
fn verify(bench: &Bench, export: &Value) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/verify-history.mjs");
    let verified = |export: &Value, more: &[&str]| {
        let file = bench.folder.path().join("export.json");
        std::fs::write(&file, serde_json::to_vec(export).unwrap()).unwrap();
        let output = Command::new("node").arg(&script).arg(file).args(more).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = verified(export, &[]);
    let actor = format!("approved by uid {}", own());
    let denied = format!("denied by uid {}: not ours", own());
    assert!(code == 0 && said.contains(&actor) && said.contains(&denied), "{said}");
    let lines = export["lines"].as_array().unwrap();
    let last = lines.last().unwrap().as_str().unwrap()[..64].to_owned();
    assert_eq!((verified(export, &[&last]).0, verified(export, &["00"]).0), (0, 1));
    // What was cut off at the end is noticed by whoever kept the last seal.
    let mut shorter = export.clone();
    shorter["lines"].as_array_mut().unwrap().pop();
    assert_eq!((verified(&shorter, &[]).0, verified(&shorter, &[&last]).0), (0, 1));
    let at = lines.iter().position(|line| line.as_str().unwrap().contains("denied by")).unwrap();
    for change in 0..4 {
        let mut other = export.clone();
        let lines = other["lines"].as_array_mut().unwrap();
        match change {
            0 => lines[at] = Value::from(lines[at].as_str().unwrap().replace("not ours", "not  ours")),
            1 => drop(lines.remove(at - 1)),
            2 => lines.swap(at - 1, at),
            _ => lines.insert(at, lines[at].clone()),
        }
        assert_eq!(verified(&other, &[]).0, 1, "change {change} was not noticed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_persons_approve_a_group_and_strangers_and_readers_do_not() {
    if !is_root() {
        eprintln!("not run: only root can become other users");
        return;
    }
    let keys = format!("approvers = [\"{ALICE}\", \"{BOB}\"]\nreaders = [\"{EVE}\"]\napprovals_needed = 2\n");
    let bench = begun(&keys, "").await;
    open_up(bench.folder.path());
    let watcher = bench.watch();
    stake(&bench, 2).await;
    wait_for(&bench, &watcher, "awaiting_approval", 2).await;
    let (_, shown) = listed(&bench, "awaiting_approval").await;
    let group = |shown| ["--json", "actions", "approve", "--kind", "configure_coinbase", "--shown", shown];

    // Root is not named, Eve may only look, and a stranger not even that.
    for (user, code, why) in [(0, 6, "does not name you"), (EVE, 6, "does not name you"), (4, 4, "you may not ask")] {
        let (ended, _, said) = cli_as(&bench, user, &group(&shown)).await;
        assert!(ended == code && said.contains(why), "{user}: {ended} {said}");
    }
    assert_eq!(cli_as(&bench, EVE, &["--json", "watcher", "status"]).await.0, 0);
    let (code, report, said) = cli_as(&bench, ALICE, &group(&shown)).await;
    assert_eq!((code, report["decided"].as_array().unwrap().len()), (0, 2), "{said}");
    watcher.kill();
    let watcher = bench.watch();
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 2).await;
    assert_eq!(rows[0]["approved_by"], serde_json::json!([format!("uid {ALICE}")]));
    // What Bob saw before Alice approved it is not what is there now; and Alice is one person.
    let (code, _, said) = cli_as(&bench, BOB, &group(&shown)).await;
    assert!(code == 6 && said.contains("are not the actions that were shown"), "{said}");
    let (_, shown) = listed(&bench, "awaiting_approval").await;
    let (code, report, _) = cli_as(&bench, ALICE, &group(&shown)).await;
    assert_eq!((code, report["refused"].as_array().unwrap().len()), (6, 2));
    let (code, _, said) = cli_as(&bench, BOB, &group(&shown)).await;
    assert_eq!(code, 0, "{said}");
    wait_for(&bench, &watcher, "verifying", 2).await;
    let (code, history, _) = cli_as(&bench, EVE, &["--json", "actions", "history", "--limit", "1000"]).await;
    let told = history.to_string();
    for text in [
        "may not decide",
        "may not ask",
        "uid 61003",
        "uid 4",
        "approved (1 of 2) by uid 61001",
        "approved by uid 61002",
    ] {
        assert!(code == 0 && told.contains(text), "{text}: {told}");
    }
    // A person who is not named any more decides nothing from the next moment on.
    stake(&bench, 1).await;
    wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    bench.configure(&bench.config().replace(&format!("[\"{ALICE}\", \"{BOB}\"]"), &format!("[\"{BOB}\"]")));
    watcher.reload();
    watcher.until("the new rights", async || watcher.log().contains("policies").then_some(())).await;
    let (_, shown) = listed(&bench, "awaiting_approval").await;
    let (code, _, said) = cli_as(&bench, ALICE, &group(&shown)).await;
    assert!(code == 4 && said.contains("you may not ask"), "{code} {said}");
}

/// Lets other users pass the folders above the socket.
fn open_up(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    mode(folder, 0o711);
    std::fs::create_dir_all(folder.join("state")).unwrap();
    mode(&folder.join("state"), 0o711);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_policy_does_what_it_says_and_dry_run_and_windows_hold_what_acts() {
    for (keys, policy, phase) in [
        ("", "off", "dropped"),
        ("", "notify", "done"),
        // One endpoint's word is not enough for `auto`.
        ("", "auto", "awaiting_approval"),
        ("dry_run = true\n", "approve", "awaiting_approval"),
    ] {
        let bench = begun(keys, &format!("[watcher.policies]\nconfigure_coinbase = \"{policy}\"\n")).await;
        let watcher = bench.watch();
        stake(&bench, 1).await;
        wait_for(&bench, &watcher, phase, 1).await;
    }
    // A window that holds: approved, and due for as long as it lasts.
    let keys =
        format!("approvers = [\"{}\"]\nmaintenance_windows = [\"2020-01-01T00:00:00Z/2099-01-01T00:00:00Z\"]\n", own());
    let bench = begun(&keys, "").await;
    let watcher = bench.watch();
    stake(&bench, 1).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    let approve = ["actions", "approve", text(&rows[0], "key"), "--shown", text(&rows[0], "shown")];
    assert_eq!(cli_as(&bench, own(), &approve).await.0, 0);
    watcher.kill();
    let watcher = bench.watch();
    // What is told goes on while it is held.
    bench.chain.play(Move::SetTakeRate { provider: 1, rate: 778 }).await.unwrap();
    bench.settle().await;
    watcher.until("another thing told", async || watcher.log().contains("\"take_rate_changed\"").then_some(())).await;
    wait_for(&bench, &watcher, "due", 1).await;
    bench.configure(&bench.config().replace("2099-01-01", "2020-01-02"));
    watcher.reload();
    wait_for(&bench, &watcher, "verifying", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_named_means_that_nobody_decides_and_a_told_kind_takes_no_approval() {
    let bench = begun("", "").await;
    let watcher = bench.watch();
    stake(&bench, 1).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    let (code, _, said) =
        cli_as(&bench, own(), &["actions", "approve", text(&rows[0], "key"), "--shown", text(&rows[0], "shown")]).await;
    assert!(code == 6 && said.contains("`watcher.approvers` does not name you"), "{code} {said}");
    drop(watcher);
    bench.configure(&bench.config().replace("[watcher]\n", "[watcher]\napprovers = [\"nobody-has-this-name\"]\n"));
    let (code, log) = bench.watch().ended().await;
    assert!(code == 3 && log.contains("no user `nobody-has-this-name`"), "{code} {log}");
    let text = bench.config().replace("approvers = [\"nobody-has-this-name\"]\n", "");
    bench.configure(&format!("{text}[watcher.policies]\nslashed = \"approve\"\n"));
    let (code, log) = bench.watch().ended().await;
    assert!(code == 3 && log.contains("this kind is only told"), "{code} {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_approves_in_time_is_parked_and_an_approval_is_of_no_use_in_a_restored_journal() {
    let keys = format!("approvers = [\"{}\"]\napproval_expiry = \"8s\"\n", own());
    let bench = begun(&keys, "").await;
    let watcher = bench.watch();
    stake(&bench, 1).await;
    let rows = wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    watcher.stop();
    // Another journal of the same chain, which plans the same: its hashes are others.
    std::fs::rename(bench.folder.path().join("state"), bench.folder.path().join("first")).unwrap();
    let watcher = bench.watch();
    let again = wait_for(&bench, &watcher, "awaiting_approval", 1).await;
    assert_eq!(text(&again[0], "key"), text(&rows[0], "key"));
    let approve = ["actions", "approve", text(&rows[0], "key"), "--shown", text(&rows[0], "shown")];
    let (code, _, said) = cli_as(&bench, own(), &approve).await;
    assert!(code == 6 && said.contains("not what was shown"), "{code} {said}");
    wait_for(&bench, &watcher, "parked", 1).await;
    let rows = listed(&bench, "parked").await.0;
    assert_eq!(text(&rows[0], "reason"), "nobody approved it in time");
    let retry = ["--json", "actions", "retry", "--because", "in time", "--older-than", "0s", "--shown"];
    let (_, report, _) =
        cli_as(&bench, own(), &["--json", "actions", "list", "--phase", "parked", "--because", "in time"]).await;
    let shown = report["shown"].as_str().unwrap();
    let (code, report, said) = cli_as(&bench, own(), &[&retry[..], &[shown]].concat()).await;
    assert_eq!((code, &report["decided"][0]["phase"]), (0, &Value::from("awaiting_approval")), "{said}");
}
