//! What is told is posted, once by its key, through failures, kills and secrets.

#![expect(clippy::disallowed_methods, reason = "a test may fail, and its server ends with it")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use butler_core::domain::action::Phase;
use tokio::net::TcpListener;

use crate::support;
use crate::support::Bench;
use crate::support::receiver::{Receiver, SECRET};

#[tokio::test(flavor = "multi_thread")]
async fn every_action_is_posted_once_through_refusals_and_a_restart_and_no_secret_is_told() {
    let bench = Bench::start().await;
    bench.settle().await;
    let (receiver, url) = Receiver::start(&[500, 429]).await;
    bench.configure(&format!("{}[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{url}\"\n", bench.config()));
    let watcher = bench.watch();
    let last = bench.last_block().await;
    watcher.reached(last).await;
    let told = async |watcher: &support::Watcher| {
        let done = r#"butler_watcher_told_total{channel="pager",result="success"}"#;
        watcher.metric(done).await.unwrap_or_default()
    };
    watcher.until("a first post", async || (told(&watcher).await >= 3.0).then_some(())).await;
    let log = watcher.kill();
    assert!(!log.contains(SECRET), "{log}");
    let watcher = bench.watch();
    watcher
        .until("an end", async || {
            let metrics = watcher.get("/metrics").await;
            let is_open = |line: &&str| {
                line.starts_with("butler_watcher_actions{")
                    && ["due", "running", "verifying"].iter().any(|phase| line.contains(&format!("phase=\"{phase}\"")))
            };
            let open: f64 =
                metrics.lines().filter(is_open).filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum();
            // Before its first round it counts none. What was claimed when it was killed waits for its lease.
            (open <= 1.0 && receiver.keys().len() > 11).then_some(())
        })
        .await;
    let (_, log) = watcher.stop();
    assert!(!log.contains(SECRET), "{log}");
    let kept = bench.journal();
    let keys = receiver.keys();
    // A kill repeats one post at most.
    assert!(keys.values().filter(|count| **count > 1).count() <= 1, "{keys:?}");
    let done = kept.finished.iter().filter(|(_, phase)| **phase == Phase::Done);
    let posted = done.filter(|(key, _)| keys.contains_key(key.as_str())).count();
    assert!(posted > 10, "{} of {} were posted\n{log}", posted, kept.finished.len());
    // None is left out, and only what was cut in the middle comes twice, under its own number.
    let mut numbers = BTreeMap::new();
    for (_, body) in receiver.got.lock().unwrap().iter() {
        let id = body["id"].as_str().unwrap().to_owned();
        let before = numbers.insert(body["sequence"].as_u64().unwrap(), id.clone());
        assert!(before.is_none_or(|before| before == id));
    }
    let last = u64::try_from(numbers.len()).unwrap();
    let missing: Vec<u64> = (1..=last).filter(|number| !numbers.contains_key(number)).collect();
    assert!(missing.len() <= 2, "{missing:?} of {numbers:?}");
    let body = receiver.got.lock().unwrap()[0].1.clone();
    for part in [
        "version",
        "id",
        "sequence",
        "key",
        "kind",
        "priority",
        "why",
        "evidence",
        "assurance",
        "chain_id",
        "contract",
        "subject",
    ] {
        assert!(!body[part].is_null(), "{part} of {body:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_coinbase_that_the_key_files_name_is_not_asked_for() {
    let bench = Bench::start().await;
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    // A0 has its coinbase, A6 has none.
    let (has, lacks) = (bench.attester("A0"), bench.attester("A6"));
    let shown = |address| ethers_core::utils::to_checksum(&address, None);
    let asked = |name: &str, log: &str| {
        log.lines().any(|line| line.contains("\"kind\":\"configure_coinbase\"") && line.contains(name))
    };
    watcher.until("the coinbase of A6", async || asked(&shown(lacks), &watcher.log()).then_some(())).await;
    let (_, log) = watcher.stop();
    assert!(!asked(&shown(has), &log), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_plans_and_logs_and_posts_nothing() {
    let bench = Bench::start().await;
    bench.settle().await;
    let (receiver, url) = Receiver::start(&[]).await;
    let text = bench.config().replace("[watcher]\n", "[watcher]\ndry_run = true\n");
    bench.configure(&format!("{text}[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{url}\"\n"));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    watcher.until("a line", async || watcher.log().contains("\"kind\":\"deposit_accepted\"").then_some(())).await;
    watcher.stop();
    assert!(receiver.keys().is_empty() && !bench.journal().finished.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_is_down_keeps_nothing_from_another_which_is_asked_once() {
    let bench = Bench::start().await;
    bench.settle().await;
    let (down, broken) = Receiver::start(&[500; 1_000]).await;
    let (receiver, url) = Receiver::start(&[]).await;
    let webhooks = [("down", broken), ("pager", url)]
        .map(|(name, url)| format!("[[watcher.webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\n"));
    bench.configure(&format!("{}{}", bench.config(), webhooks.concat()));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    // The first ones are tried again meanwhile.
    watcher.until("tries", async || (down.answers.lock().unwrap().len() < 980).then_some(())).await;
    watcher.stop();
    let keys = receiver.keys();
    assert!(keys.len() >= 3 && keys.values().all(|count| *count == 1), "{keys:?}");
    assert!(down.keys().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_hangs_is_left_alone_and_holds_up_neither_the_log_nor_another_one() {
    let bench = Bench::start().await;
    bench.settle().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hanging = format!("http://{}/", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let held = Arc::clone(&asked);
    tokio::task::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            held.lock().unwrap().push(stream);
        }
    });
    let (receiver, url) = Receiver::start(&[]).await;
    let webhooks = [("hanging", hanging), ("pager", url)]
        .map(|(name, url)| format!("[[watcher.webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\ntimeout = \"1s\"\n"));
    bench.configure(&format!("{}{}", bench.config(), webhooks.concat()));
    let watcher = bench.watch();
    watcher.until("posts", async || (receiver.keys().len() >= 12).then_some(())).await;
    watcher.stop();
    assert_eq!(asked.lock().unwrap().len(), 1, "it is left alone for longer than the others take");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_refused_for_good_is_not_asked_again_while_another_one_is_retried() {
    let bench = Bench::start().await;
    bench.settle().await;
    // One action is told many times: the second channel is down for a while, the first one refuses it at once.
    let (refusing, refused) = Receiver::start(&[404; 1_000]).await;
    let (down, broken) = Receiver::start(&[500; 1_000]).await;
    let webhooks = [("refusing", refused), ("down", broken)]
        .map(|(name, url)| format!("[[watcher.webhooks]]\nname = \"{name}\"\nurl = \"{url}\"\n"));
    bench.configure(&format!("{}{}", bench.config(), webhooks.concat()));
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let asked = |receiver: &Receiver| 1_000 - receiver.answers.lock().unwrap().len();
    let planned = async || {
        let metrics = watcher.get("/metrics").await;
        let lines = metrics.lines().filter(|line| line.starts_with("butler_watcher_planned_total{"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let all = planned().await;
    // Everything was tried twice at the channel that is down.
    watcher
        .until("second tries", async || (f64::from(u32::try_from(asked(&down)).unwrap()) >= 1.5 * all).then_some(()))
        .await;
    let (_, log) = watcher.stop();
    assert!(f64::from(u32::try_from(asked(&refusing)).unwrap()) <= all, "{} of {all}\n{log}", asked(&refusing));
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_follow_a_new_configuration_and_what_waits_for_a_restart_is_told() {
    let bench = Bench::start().await;
    bench.settle().await;
    let watcher = bench.watch();
    watcher.reached(bench.last_block().await).await;
    let (receiver, url) = Receiver::start(&[]).await;
    let text = bench.config().replace("poll_interval = \"1s\"", "poll_interval = \"2s\"");
    bench.configure(&format!("{text}[[watcher.webhooks]]\nname = \"pager\"\nurl = \"{url}\"\n"));
    watcher
        .until("a reload", async || {
            let log = watcher.log();
            (log.contains("channels follow it") && log.contains("nothing changes of `watcher.poll_interval`"))
                .then_some(())
        })
        .await;
    bench.chain.play(butler_testkit::devnet::Move::SetTakeRate { provider: 1, rate: 777 }).await.unwrap();
    bench.settle().await;
    watcher.until("a post", async || (!receiver.keys().is_empty()).then_some(())).await;
    watcher.stop();
    assert!(receiver.keys().keys().all(|key| key.starts_with("take_rate_changed/") || key.starts_with("condition_")));
}
