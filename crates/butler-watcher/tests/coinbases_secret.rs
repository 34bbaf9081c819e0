//! Nothing of a key leaves: no log, journal, answer, notice, file or core dump has it, after it was done and after it was refused.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its server ends with it")]

use std::sync::{Arc, Mutex};

use butler_testkit::keystore_node::{Answer, Effect, KeystoreNode};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::support::chore::{add, approve, delegated, ended, secrets, wanted, with_servers, without_servers};
use crate::support::person::{cli_as, own};
use crate::support::servers::{Server, nothing_kept};
use crate::support::traces::nowhere;

/// A receiver of notices that keeps whatever it is sent.
async fn receiver() -> (Arc<Mutex<Vec<u8>>>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let kept = Arc::clone(&got);
    tokio::task::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::task::spawn(async move {
                let mut buffer = [0; 65_536];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    kept.lock().unwrap().extend_from_slice(&buffer[..read]);
                    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
                }
            });
        }
    });
    (got, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_and_the_admin_key_are_nowhere_after_it_was_done_and_after_it_was_refused() {
    let (bench, attesters) = without_servers("", "").await;
    let server = Server::start(&bench, "paris", &attesters).await;
    let (got, url) = receiver().await;
    add(&bench, &server.configured());
    bench.configure(&bench.config().replace(
        "[log]\n",
        &format!("[[watcher.webhooks]]\nname = \"ops\"\nurl = \"{url}\"\n[log]\nlevel = \"debug\"\n"),
    ));
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    approve(&bench, &row).await;
    let done = ended(&bench, &watcher, &row, "done").await;
    server.node.script(Effect::Nothing, Answer::EchoKey);
    let row = delegated(&bench, &watcher).await;
    approve(&bench, &row).await;
    let parked = ended(&bench, &watcher, &row, "parked").await;
    nothing_kept(&bench, &watcher).await;
    let told = || got.lock().unwrap().windows(6).any(|part| part == b"parked");
    watcher.until("a notice of it", async || told().then_some(())).await;

    let words = secrets(&attesters);
    let words: Vec<&str> = words.iter().map(String::as_str).chain([KeystoreNode::ADMIN_KEY]).collect();
    let mut answers = vec![done.to_string(), parked.to_string(), watcher.get("/").await, watcher.get("/metrics").await];
    let asks: [&[&str]; 3] = [&["history", "--limit", "1000"], &["export"], &["list"]];
    for ask in asks {
        let (code, report, said) = cli_as(&bench, own(), &[&["--json", "actions"], ask].concat()).await;
        assert_eq!(code, 0, "{said}");
        answers.push(report.to_string());
    }
    answers.push(String::from_utf8_lossy(&got.lock().unwrap()).into_owned());
    assert!(answers.iter().all(|answer| answer.len() > 10), "{answers:?}");
    nowhere(&bench, &watcher.log(), &answers, &words);
    watcher.stop();
    nowhere(&bench, "", &[], &words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_is_aborted_while_it_edits_leaves_no_core_dump_and_what_it_kept_goes() {
    let (bench, servers) = with_servers(&["paris"], "").await;
    // What this process may the watcher inherits.
    let limit = getrlimit(Resource::Core);
    setrlimit(Resource::Core, Rlimit { current: limit.maximum, ..limit }).unwrap();
    let watcher = bench.watch();
    let row = delegated(&bench, &watcher).await;
    let (attester, coinbase) = wanted(&row);
    servers[0].node.script(Effect::Nothing, Answer::Hang);
    approve(&bench, &row).await;
    watcher.until("a reload", async || servers[0].node.is_reloading().then_some(())).await;
    watcher.signal("ABRT");
    let (code, log) = watcher.ended().await;
    assert_eq!(code, -1, "{log}");
    let cores: Vec<_> = std::fs::read_dir(bench.folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("core"))
        .collect();
    assert_eq!(cores, Vec::<String>::new());
    let watcher = bench.watch();
    ended(&bench, &watcher, &row, "done").await;
    assert_eq!(servers[0].used(attester), coinbase);
    nothing_kept(&bench, &watcher).await;
    watcher.stop();
}
