//! What the watcher answers over its socket is shown, and what is no answer is an error.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may fail, and its files are its own")]

#[expect(dead_code, reason = "other tests need more of it")]
mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

use butler_core::control::socket_in;
use serde_json::{Value, json};
use support::run_in;
use tempfile::TempDir;

const CONFIG: &str = "default_network = \"mainnet\"\n[watcher]\nruntime_directory = \"run\"\n";

/// A folder with a watcher that answers this, and keeps what it is asked.
fn watcher(answer: &str) -> (TempDir, std::sync::mpsc::Receiver<Value>) {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("butler.toml"), CONFIG).unwrap();
    let socket = socket_in(&folder.path().join("run"));
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    let (sender, asked) = std::sync::mpsc::channel();
    let answer = format!("{answer}\n");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut line = String::new();
            BufReader::new(&stream).read_line(&mut line).unwrap();
            let _ = sender.send(serde_json::from_str(&line).unwrap());
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
    assert!(ran.stdout.contains("slashed/1/0x00/x") && ran.stdout.contains("told"), "{}", ran.stdout);
    assert_eq!(asked.recv().unwrap()["ask"]["actions"]["phase"], "done");
    let (folder, _asked) = watcher(&json!({ "action": null }).to_string());
    assert_eq!(run(folder.path(), &["actions", "show", "slashed/1/0x00/x"]).await.code, 5);
    assert_eq!(run(folder.path(), &["actions", "list", "--phase", "sleeping"]).await.code, 2);
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
