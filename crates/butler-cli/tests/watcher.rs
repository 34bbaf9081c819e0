//! What the watcher answers over its socket is shown, and what is no answer is an error.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

use butler_core::control::{
    ActionRow, Answer, HistoryExport, HistoryRow, JobRow, NetworkStatus, NotDecided, WatcherStatus, socket_in,
};
use butler_core::domain::action::{
    Action, ActionKind, ActionSubject, Assurance, EffectKey, Evidence, Goal, Phase, Place, Priority, Schema,
};
use ethers_core::types::{Address, H256};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support;
use crate::support::run_in;
use crate::support::shapes::{Checker, page};

const CONFIG: &str = "default_network = \"mainnet\"\n[watcher]\nruntime_directory = \"run\"\n";

/// A folder with a watcher that answers this, and keeps what it is asked.
fn watcher(answer: &str) -> (TempDir, std::sync::mpsc::Receiver<Value>) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("butler.toml"), CONFIG).unwrap();
    let socket = socket_in(&folder.path().join("run"));
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    let (sender, asked) = std::sync::mpsc::channel();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    let answer = format!("{head}{answer}");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                let line = line.trim().to_ascii_lowercase();
                length = line.strip_prefix("content-length: ").map_or(length, |text| text.parse().unwrap());
                if line.is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let _ = sender.send(serde_json::from_slice(&body).unwrap());
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (folder, asked)
}

async fn run(folder: &Path, arguments: &[&str]) -> support::Ran {
    run_in(folder, arguments).await
}

#[tokio::test]
async fn status_says_how_far_each_network_is_and_fails_when_one_is_not_followed() {
    let network = |problem: Value| json!({ "checkpoint": 80, "last": 85, "problem": problem });
    let answer = |problem: Value| {
        let status = json!({ "version": "0.1.0", "networks": { "mainnet": network(problem) }, "actions": { "slashed": { "done": 2 } } });
        json!({ "status": status }).to_string()
    };
    let (folder, asked) = watcher(&answer(Value::Null));
    let ran = run(folder.path(), &["watcher", "status"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("80") && ran.stdout.contains("followed") && ran.stdout.contains("slashed"),
        "{}",
        ran.stdout
    );
    assert_eq!(asked.recv().unwrap(), json!({ "version": 1, "ask": "status" }));
    let (folder, _asked) = watcher(&answer(json!("the L1 endpoints tell different logs")));
    let ran = run(folder.path(), &["watcher", "status", "--json"]).await;
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert_eq!(ran.json()["networks"]["mainnet"]["problem"], "the L1 endpoints tell different logs");
}

#[tokio::test]
async fn actions_are_listed_by_phase_and_one_that_is_unknown_is_code_5() {
    let row = json!({ "key": "slashed/1/0x00/x", "kind": "slashed", "phase": "done", "version": 3, "tries": null, "reason": "told", "action": null });
    let (folder, asked) = watcher(&json!({ "actions": { "actions": [row], "next": null } }).to_string());
    let ran = run(folder.path(), &["actions", "list", "--phase", "done"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let short = "slashed/1/0x00/x".parse::<EffectKey>().unwrap().short();
    assert!(ran.stdout.starts_with("KEY") && ran.stdout.contains("told"), "{}", ran.stdout);
    assert!(ran.stdout.contains(&format!("\n{short}  slashed")), "{}", ran.stdout);
    assert_eq!(asked.recv().unwrap()["ask"]["actions"]["phase"], "done");
    let (folder, _asked) = watcher(&json!({ "action": null }).to_string());
    assert_eq!(run(folder.path(), &["actions", "show", "slashed/1/0x00/x"]).await.code, 5);
    assert_eq!(run(folder.path(), &["actions", "list", "--phase", "sleeping"]).await.code, 2);
}

#[tokio::test]
async fn a_short_key_is_asked_for_as_it_is_and_one_that_several_actions_have_is_code_2_with_all_of_them() {
    let (live, other) = (rows().remove(0), ActionRow { key: "slashed/1/0x00/y".parse().unwrap(), ..rows().remove(1) });
    let answer = Answer::Several(vec![live.clone(), other.clone()]);
    let (folder, asked) = watcher(&serde_json::to_string(&answer).unwrap());
    let ran = run(folder.path(), &["actions", "show", "AB"]).await;
    assert_eq!(asked.recv().unwrap()["ask"]["action"]["key"], "ab");
    assert!(ran.code == 2 && ran.stderr.contains("`ab` may be 2 actions"), "{}: {}", ran.code, ran.stderr);
    for (row, phase) in [(live, "due"), (other, "done")] {
        let candidate = format!("{} (slashed, {phase})", row.key.short());
        assert!(ran.stderr.contains(&candidate), "{candidate}: {}", ran.stderr);
    }
}

#[tokio::test]
async fn a_decision_names_what_was_shown_and_a_refusal_is_code_6() {
    let row = json!({ "key": "slashed/1/0x00/x", "kind": "slashed", "phase": "due", "version": 5, "tries": 0, "reason": "revived by uid 0", "action": null });
    let (folder, asked) = watcher(&json!({ "decided": { "decided": [row], "refused": [] } }).to_string());
    let arguments = ["actions", "retry", "slashed/1/0x00/x", "--shown", "abcd", "--reason", "it is up again", "--json"];
    let ran = run(folder.path(), &arguments).await;
    assert_eq!((ran.code, &ran.json()["decided"][0]["phase"]), (0, &json!("due")), "{}", ran.stderr);
    assert_eq!(
        asked.recv().unwrap()["ask"]["decide"],
        json!({ "actions": [{ "key": "slashed/1/0x00/x", "shown": "abcd" }], "choice": "retry", "reason": "it is up again" })
    );
    let (folder, _asked) = watcher(
        r#"{"decided":{"decided":[],"refused":[{"key":"slashed/1/0x00/x","why":"it is not what was shown: look at it again"}]}}"#,
    );
    let ran = run(folder.path(), &["actions", "drop", "slashed/1/0x00/x", "--shown", "abcd"]).await;
    assert!(ran.code == 6 && ran.stderr.contains("is not what was shown"), "{}: {}", ran.code, ran.stderr);
    // Nobody is there to be asked.
    let ran = run(folder.path(), &["actions", "drop", "slashed/1/0x00/x"]).await;
    assert!(ran.code == 2 && ran.stderr.contains("--shown HASH"), "{}: {}", ran.code, ran.stderr);
}

#[tokio::test]
async fn no_watcher_a_refusal_and_nonsense_are_code_4_with_a_reason() {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("butler.toml"), CONFIG).unwrap();
    let ran = run(folder.path(), &["watcher", "status"]).await;
    assert_eq!(ran.code, 4);
    assert!(ran.stderr.contains("failed to ask the watcher at"), "{}", ran.stderr);
    for (answer, why) in [(r#"{"refused":"not you"}"#, "not you"), ("{}", "another version"), ("", "another version")] {
        let (folder, _asked) = watcher(answer);
        let ran = run(folder.path(), &["watcher", "status"]).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (4, ""));
        assert!(ran.stderr.contains(why), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn several_are_decided_on_by_what_was_listed_of_them_and_by_nothing_else() {
    let live = rows().remove(0);
    let other = ActionRow { key: "slashed/1/0x00/y".parse().unwrap(), shown: Some("cd".repeat(32)), ..live.clone() };
    let listed = |actions: &[ActionRow]| {
        serde_json::to_string(&Answer::Actions { actions: actions.to_vec(), next: None }).unwrap()
    };
    let list = ["actions", "list", "--kind", "slashed", "--json"];
    let (folder, _asked) = watcher(&listed(&[other.clone(), live.clone()]));
    let both = run(folder.path(), &list).await.json()["shown"].as_str().unwrap().to_owned();
    fn approve(shown: &str) -> [&str; 6] {
        ["actions", "approve", "--kind", "slashed", "--shown", shown]
    }
    // One of them changed, one is gone, none is left: nothing is asked of the watcher.
    let changed = ActionRow { shown: Some("ef".repeat(32)), ..other.clone() };
    for (now, why) in [
        (vec![live.clone(), changed], "not the actions"),
        (vec![live.clone()], "not the actions"),
        (vec![], "no action is"),
    ] {
        let (folder, asked) = watcher(&listed(&now));
        let ran = run(folder.path(), &approve(&both)).await;
        assert!(ran.code == 6 && ran.stderr.contains(why), "{}: {}", ran.code, ran.stderr);
        assert!(asked.try_iter().all(|question| question["ask"].get("decide").is_none()));
    }
    let (folder, _asked) = watcher(&listed(std::slice::from_ref(&live)));
    for (arguments, why) in [
        (vec!["actions", "approve"], "decide on either one KEY"),
        (vec!["actions", "approve", "slashed/1/0x00/x", "--kind", "slashed"], "decide on either one KEY"),
        (vec!["actions", "approve", "--kind", "flashed"], "flashed"),
        (vec!["actions", "approve", "--kind", "slashed"], "--shown HASH"),
    ] {
        let ran = run(folder.path(), &arguments).await;
        assert!(ran.code == 2 && ran.stderr.contains(why), "{arguments:?} {}: {}", ran.code, ran.stderr);
    }
    // Narrowed by what they say and how long they wait.
    for (more, count) in [
        (["--because", "pager"], 1),
        (["--because", "nothing"], 0),
        (["--older-than", "1s"], 1),
        (["--older-than", "90000d"], 0),
    ] {
        let ran = run(folder.path(), &[&list[..], &more].concat()).await;
        assert_eq!(ran.json()["actions"].as_array().unwrap().len(), count, "{more:?}");
    }
}

#[tokio::test]
async fn an_export_is_the_lines_as_they_are_kept() {
    let lines = vec!["ab {\"line\":8}".to_owned(), "cd {\"line\":9}".to_owned()];
    let export = HistoryExport { journal: "j".to_owned(), after: 9, seal: "00".to_owned(), lines: Vec::new() };
    let (folder, asked) = watcher(&serde_json::to_string(&Answer::Export(export.clone())).unwrap());
    let ran = run(folder.path(), &["actions", "export", "--after", "7", "--json"]).await;
    assert_eq!((ran.code, &ran.json()["seal"]), (0, &json!("00")), "{}", ran.stderr);
    assert_eq!(asked.recv().unwrap()["ask"]["export"], json!({ "after": 7, "limit": 1000 }));
    let page = page();
    let mut checker = Checker::new(&page, page.tables["butler-cli actions export"].clone());
    checker.object("", &serde_json::to_value(HistoryExport { lines, ..export }).unwrap());
    assert!(checker.problems.is_empty(), "{:#?}", checker.problems);
}

/// Actions that are live and over, with and without what may be absent.
fn rows() -> Vec<ActionRow> {
    let place = Place { chain_id: 1, contract: Address::repeat_byte(0xab) };
    let key = EffectKey::new(ActionKind::Slashed, &place, &[]);
    let action = Action {
        schema: Schema,
        key: key.clone(),
        kind: ActionKind::Slashed,
        place,
        subject: ActionSubject::Attester(Address::repeat_byte(1)),
        goal: Goal::Told,
        priority: Priority::Urgent,
        until: Some(1_760_000_000),
        why: "it was slashed".to_owned(),
        evidence: vec![Evidence::State { block_number: 7, block_hash: H256::repeat_byte(7) }],
        assurance: Assurance::TwoEndpoints,
        edits: Vec::new(),
    };
    let live = ActionRow {
        key,
        kind: ActionKind::Slashed,
        phase: Phase::Due,
        version: 2,
        tries: Some(1),
        reason: Some("the webhook pager answers 500".to_owned()),
        approved_by: vec!["uid 1000".to_owned()],
        expires: Some(1_760_000_000_000),
        due: Some(1_750_000_000_000),
        action: Some(action),
        shown: Some("ab".repeat(32)),
    };
    let over = ActionRow {
        phase: Phase::Done,
        tries: None,
        reason: None,
        approved_by: Vec::new(),
        expires: None,
        due: None,
        action: None,
        shown: None,
        ..live.clone()
    };
    vec![live, over]
}

#[tokio::test]
async fn the_json_is_what_is_documented_and_nothing_else() {
    let network = NetworkStatus { checkpoint: Some(80), last: Some(85), problem: Some("it is not read".to_owned()) };
    let networks = [("mainnet".to_owned(), network), ("sepolia".to_owned(), NetworkStatus::default())];
    let status = WatcherStatus {
        version: "0.1.0".to_owned(),
        networks: networks.into(),
        actions: [(ActionKind::Slashed, [(Phase::Done, 2)].into())].into(),
    };
    let history = HistoryRow { line: 1, at: 1_760_000_000_000, change: json!({ "note": {} }) };
    let refused = NotDecided { key: rows().remove(0).key.into(), why: "it is done".to_owned() };
    let answers = [
        ("butler-cli watcher status", 5, Answer::Status(status)),
        ("butler-cli actions list", 0, Answer::Actions { actions: rows(), next: None }),
        ("butler-cli actions show", 0, Answer::Action(rows().into_iter().next().map(Box::new))),
        ("butler-cli actions show", 5, Answer::Action(None)),
        ("butler-cli actions history", 0, Answer::History(vec![history])),
        ("butler-cli actions approve", 6, Answer::Decided { decided: rows(), refused: vec![refused.clone(), refused] }),
    ];
    let page = page();
    let mut checkers = std::collections::BTreeMap::new();
    for (command, code, answer) in answers {
        let (folder, _asked) = watcher(&serde_json::to_string(&answer).unwrap());
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let more: &[&str] = match words.as_slice() {
            ["actions", "show"] => &["slashed/1/0x00/x", "--json"],
            ["actions", "history"] => &["--limit", "1", "--json"],
            ["actions", "approve"] => &["slashed/1/0x00/x", "--shown", "abcd", "--json"],
            _ => &["--json"],
        };
        let ran = run(folder.path(), &[&words, more].concat()).await;
        assert_eq!(ran.code, code, "{command}: {}", ran.stderr);
        let checker = checkers.entry(command).or_insert_with(|| Checker::new(&page, page.tables[command].clone()));
        checker.object("", &ran.json());
    }
    for (command, checker) in checkers {
        assert!(checker.problems.is_empty(), "{command}: {:#?}", checker.problems);
        let never: Vec<_> = checker.table.keys().filter(|path| !checker.seen.contains(*path)).collect();
        assert!(never.is_empty(), "{command}: documented, and never occurs: {never:?}");
    }
}

const PIPELINE: &str = r#"
[pipelines.nightly]
trigger = "cron"
schedule = "0 3 * * *"
[pipelines.nightly.jobs.clean]
policy = "auto"
command = ["/bin/clean"]
[pipelines.nightly.jobs.report]
after = ["clean"]
command = ["/bin/report"]
"#;

/// A folder with a watcher and the pipeline `nightly`.
fn watcher_with_jobs(answer: &Answer) -> (TempDir, std::sync::mpsc::Receiver<Value>) {
    let (folder, asked) = watcher(&serde_json::to_string(answer).unwrap());
    std::fs::write(folder.path().join("butler.toml"), format!("{CONFIG}{PIPELINE}")).unwrap();
    (folder, asked)
}

fn queue(job: &str, paused: bool, parked: u64) -> JobRow {
    let phases = [(Phase::Due, 3), (Phase::Parked, parked)].into();
    JobRow { job: job.parse().unwrap(), paused, phases, since: [(Phase::Due, 1_750_000_000_000)].into() }
}

#[tokio::test]
async fn jobs_are_shown_as_configured_with_their_queues_and_parked_ones_are_code_5() {
    let rows = |parked| Answer::Jobs(vec![queue("nightly/clean", true, 0), queue("nightly/report", false, parked)]);
    let (folder, asked) = watcher_with_jobs(&rows(0));
    let ran = run(folder.path(), &["jobs", "show"]).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for said in ["nightly: cron 0 3 * * * UTC", "paused", "approve", "/bin/report"] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    assert_eq!(asked.recv().unwrap()["ask"]["jobs"]["jobs"], json!(["nightly/clean", "nightly/report"]));
    let (folder, _asked) = watcher_with_jobs(&rows(2));
    let ran = run(folder.path(), &["jobs", "show", "--json"]).await;
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    let report = &ran.json()["pipelines"][0]["jobs"][1];
    assert_eq!((&report["queue"]["phases"]["parked"], &report["after"]), (&json!(2), &json!(["clean"])));
    // The picture needs no watcher.
    let ran = run(folder.path(), &["jobs", "show", "--mermaid"]).await;
    assert!(ran.code == 0 && ran.stdout.starts_with("flowchart TD"), "{}: {}", ran.code, ran.stdout);
    assert_eq!(run(folder.path(), &["jobs", "show", "--pipeline", "daily"]).await.code, 2);
}

#[tokio::test]
async fn a_job_is_paused_by_its_name_and_an_unknown_one_is_not_asked_for() {
    let (folder, asked) = watcher_with_jobs(&Answer::Jobs(vec![queue("nightly/clean", true, 0)]));
    let ran = run(folder.path(), &["jobs", "pause", "nightly/clean", "--reason", "the disk is full"]).await;
    assert!(ran.code == 0 && ran.stdout == "nightly/clean is paused\n", "{}: {}", ran.code, ran.stdout);
    let wanted = json!({ "job": "nightly/clean", "paused": true, "reason": "the disk is full" });
    assert_eq!(asked.recv().unwrap()["ask"]["pause"], wanted);
    for wrong in ["nightly/other", "nightly", "-o/clean"] {
        assert_eq!(run(folder.path(), &["jobs", "resume", wrong]).await.code, 2, "{wrong}");
    }
    assert!(asked.try_recv().is_err());
}

#[tokio::test]
async fn actions_are_narrowed_to_a_pipeline_and_a_job() {
    let row = |job: &str| {
        let key = EffectKey::of_job(&job.parse().unwrap(), butler_core::domain::job::Item::one(7));
        ActionRow { key, kind: ActionKind::RunJob, ..rows().remove(0) }
    };
    let actions = vec![row("nightly/clean"), row("nightly/report"), row("other/clean"), rows().remove(0)];
    let (folder, _asked) = watcher(&serde_json::to_string(&Answer::Actions { actions, next: None }).unwrap());
    for (more, count) in [
        (&["--pipeline", "nightly"][..], 2),
        (&["--job", "clean"], 2),
        (&["--pipeline", "nightly", "--job", "clean"], 1),
        (&["--pipeline", "daily"], 0),
    ] {
        let ran = run(folder.path(), &[&["actions", "list", "--json"], more].concat()).await;
        assert_eq!(ran.json()["actions"].as_array().unwrap().len(), count, "{more:?}");
    }
}
